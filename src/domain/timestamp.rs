//! Haravan's instants: compared as instants, given back as they came.

use std::fmt;
use std::hash::{Hash, Hasher};

use jiff::fmt::temporal::Pieces;
use jiff::tz::{Offset, TimeZone};

use super::line::Line;

/// Nanoseconds in a second.
const SECOND: i64 = 1_000_000_000;

/// The nanoseconds that the last fraction digit stands for, by the number of digits.
const UNITS: [u64; 10] =
    [1_000_000_000, 100_000_000, 10_000_000, 1_000_000, 100_000, 10_000, 1_000, 100, 10, 1];

/// An instant, to the nanosecond, with the number of fraction digits it was written with.
///
/// Ordered and compared by the instant alone: `01:47:17.6Z` equals `01:47:17.600Z`.
#[derive(Clone, Copy)]
pub struct Timestamp {
    /// Nanoseconds since 1970-01-01T00:00:00Z; spans the years 1677 to 2262.
    nanoseconds: i64,
    /// Fraction digits to print, 0 to 9.
    digits: u8,
}

/// A text is not a date and time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a date and time such as 2018-11-16T10:36:20.691Z")]
pub struct TimestampError;

impl Timestamp {
    /// Reads ISO 8601: `2021-07-08T01:47:17.6Z`, another offset, or none (taken as UTC, as Haravan's dates are);
    /// a date alone is its midnight. What is before 1677 or after 2262, as "since ever" is in some languages, is the
    /// first or the last instant there is.
    ///
    /// # Errors
    /// The text is none of these.
    pub fn parse(text: &str) -> Result<Self, TimestampError> {
        let instant = text
            .parse::<jiff::Timestamp>()
            .or_else(|_| {
                let civil: jiff::civil::DateTime = text.parse()?;
                TimeZone::UTC.to_timestamp(civil)
            })
            .map(|instant| i64::try_from(instant.as_nanosecond()).ok());
        let nanoseconds = match instant {
            Ok(Some(nanoseconds)) => nanoseconds,
            Ok(None) | Err(_) => end_of_time(text).ok_or(TimestampError)?,
        };
        let digits = text
            .split_once('.')
            .map_or(0, |(_, fraction)| fraction.bytes().take_while(u8::is_ascii_digit).take(9).count());
        Ok(Self { nanoseconds, digits: u8::try_from(digits).unwrap_or(9) })
    }

    /// An instant from its parts; `digits` above 9 count as 9.
    #[must_use]
    pub fn from_parts(nanoseconds: i64, digits: u8) -> Self {
        Self { nanoseconds, digits: digits.min(9) }
    }

    /// Nanoseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn nanoseconds(self) -> i64 {
        self.nanoseconds
    }

    /// Whether it stands for all that is before the first, or after the last, instant there is.
    #[must_use]
    pub fn is_clamped(self) -> bool {
        self.nanoseconds == i64::MIN || self.nanoseconds == i64::MAX
    }

    /// How many fraction digits it prints.
    #[must_use]
    pub fn digits(self) -> u8 {
        self.digits
    }

    /// Adds the text, e.g. `2021-07-08T01:47:17.6Z`. The hit path writes one a row.
    pub fn write(self, line: &mut Line) {
        let seconds = self.nanoseconds.div_euclid(SECOND);
        let civil = Offset::UTC.to_datetime(jiff::Timestamp::from_second(seconds).unwrap_or_default());
        line.digits(u64::from(civil.year().unsigned_abs()), 4);
        line.piece(b"-");
        line.pair(civil.month().unsigned_abs());
        line.piece(b"-");
        line.pair(civil.day().unsigned_abs());
        line.piece(b"T");
        line.pair(civil.hour().unsigned_abs());
        line.piece(b":");
        line.pair(civil.minute().unsigned_abs());
        line.piece(b":");
        line.pair(civil.second().unsigned_abs());
        if 0 < self.digits
            && let Some(unit) = UNITS.get(usize::from(self.digits))
        {
            let fraction = self.nanoseconds.rem_euclid(SECOND).unsigned_abs();
            line.piece(b".");
            line.digits(fraction / unit, usize::from(self.digits));
        }
        line.piece(b"Z");
    }
}

/// The first or the last instant there is, for a date before or after all of them.
fn end_of_time(text: &str) -> Option<i64> {
    match Pieces::parse(text).ok()?.date().year() {
        ..=1677 => Some(i64::MIN),
        2262.. => Some(i64::MAX),
        _ => None,
    }
}

impl PartialEq for Timestamp {
    fn eq(&self, other: &Self) -> bool {
        self.nanoseconds == other.nanoseconds
    }
}

impl Eq for Timestamp {}

impl Hash for Timestamp {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.nanoseconds.hash(state);
    }
}

impl PartialOrd for Timestamp {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Timestamp {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.nanoseconds.cmp(&other.nanoseconds)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = Line::new();
        self.write(&mut line);
        formatter.write_str(&String::from_utf8_lossy(line.as_bytes()))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Timestamp({self})")
    }
}

impl serde::Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut line = Line::new();
        self.write(&mut line);
        // Only digits and punctuation are written.
        serializer.serialize_str(std::str::from_utf8(line.as_bytes()).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::{Timestamp, TimestampError};

    #[test]
    fn a_timestamp_of_haravan_comes_back_as_it_was() {
        for text in [
            "2021-07-08T01:47:17.6Z",
            "2021-08-04T08:32:02.01Z",
            "2021-07-30T06:05:24.332Z",
            "2021-07-08T01:47:17Z",
            "2024-02-29T23:59:59.1234567Z",
            "1999-12-31T00:00:00.000Z",
            "1969-12-31T23:59:59.5Z",
        ] {
            assert_eq!(Timestamp::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn instants_are_compared_not_texts() {
        let parse = |text| Timestamp::parse(text).unwrap();
        assert_eq!(parse("2021-07-08T01:47:17.6Z"), parse("2021-07-08T01:47:17.600Z"));
        assert!(parse("2021-07-08T01:47:17.6Z") < parse("2021-07-08T01:47:17.612Z"));
        assert_eq!(parse("2021-07-08T08:47:17+07:00"), parse("2021-07-08T01:47:17Z"));
        assert_eq!(parse("2021-07-08T01:47:17"), parse("2021-07-08T01:47:17Z"));
        assert_eq!(parse("2021-07-08"), parse("2021-07-08T00:00:00Z"));
    }

    #[test]
    fn what_is_not_a_date_is_refused() {
        for text in ["", "yesterday", "2021-13-01T00:00:00Z", "2021-02-30", "1626", "10000-01-01T00:00:00Z"] {
            assert_eq!(Timestamp::parse(text), Err(TimestampError), "{text:?}");
        }
    }

    #[test]
    fn what_is_beyond_all_time_is_at_its_end() {
        let parse = |text| Timestamp::parse(text).unwrap();
        for text in ["0001-01-01T00:00:00", "1677-01-01", "0070-07-21T15:57:14.0+17:23"] {
            assert_eq!(parse(text).nanoseconds(), i64::MIN, "{text}");
            assert!(parse(text).is_clamped() && !parse("1678-01-01").is_clamped(), "{text}");
            assert!(parse(text) < parse("1678-01-01"), "{text}");
        }
        for text in ["9999-12-31T23:59:59.999Z", "2262-12-31"] {
            assert_eq!(parse(text).nanoseconds(), i64::MAX, "{text}");
            assert!(parse("2262-01-01") < parse(text), "{text}");
        }
    }
}
