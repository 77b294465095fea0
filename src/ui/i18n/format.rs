//! Numbers, shares and ages as people read them, in either language. Exact: quantities keep every digit.

use std::time::Duration;

use super::language::Language;
use crate::domain::quantity::Quantity;
use crate::domain::timestamp::Timestamp;
use crate::view::sent_quantity::SentQuantity;

/// A true minus sign: it is as wide as a digit.
const MINUS: char = '\u{2212}';
/// Between a number and its unit: no line breaks here.
const NARROW_BLANK: char = '\u{202f}';
/// Haravan's shops are in Vietnam, which has one offset and no summer time.
const HOURS_EAST: i64 = 7;
/// The most characters that are shown of a number that is not computed with. Source: ours.
const MAX_SENT: usize = 24;
/// Bytes in a kibibyte.
const KIBIBYTE: u64 = 1024;
/// Bytes in a mebibyte.
const MEBIBYTE: u64 = 1024 * KIBIBYTE;

impl Language {
    /// What parts thousands, and what starts the decimals.
    fn marks(self) -> (char, char) {
        match self {
            Self::Vietnamese => ('.', ','),
            Self::English => (',', '.'),
        }
    }

    /// `1,234` or `1.234`.
    pub(in crate::ui) fn count(self, number: u64) -> String {
        self.grouped(&number.to_string())
    }

    /// A quantity with every digit that counts: `−1,234.5` or `−1.234,5`.
    pub(in crate::ui) fn quantity(self, quantity: &Quantity) -> String {
        let text = quantity.clone().normalized().to_string();
        let (sign, digits) = match text.strip_prefix('-') {
            Some(digits) => (Some(MINUS), digits),
            None => (None, text.as_str()),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let mut told: String = sign.into_iter().collect();
        told.push_str(&self.grouped(whole));
        if !fraction.is_empty() {
            told.push(self.marks().1);
            told.push_str(fraction);
        }
        told
    }

    /// A quantity of a row. One that is not computed with is shown as it was sent, as far as there is room.
    pub(in crate::ui) fn sent(self, quantity: &SentQuantity) -> String {
        if let Some(exact) = quantity.exact() {
            return self.quantity(&exact);
        }
        let text = quantity.to_string();
        let mut told: String = text.chars().take(MAX_SENT).collect();
        if told.len() < text.len() {
            told.push('…');
        }
        told
    }

    /// A part of a whole: `93%`. A share between none and all is never rounded to either.
    pub(in crate::ui) fn share(self, part: usize, whole: usize) -> String {
        let hundredths = part.saturating_mul(100).checked_div(whole).unwrap_or(0);
        match hundredths {
            0 if 0 < part => "<1%".to_owned(),
            hundredths => format!("{hundredths}%"),
        }
    }

    /// A ratio from 0 to 1 as a share.
    #[expect(clippy::float_arithmetic, reason = "a ratio for people")]
    pub(in crate::ui) fn ratio(self, ratio: f64) -> String {
        format!("{:.0}%", (ratio * 100.0).floor())
    }

    /// A duration in its largest unit, rounded down: `12 s`, `3 min`, `2 h`, `4 days`.
    pub(in crate::ui) fn age(self, age: Duration) -> String {
        let words = self.words();
        let seconds = age.as_secs();
        let (number, unit) = match seconds {
            0..60 => (seconds, words.seconds),
            60..3_600 => (seconds / 60, words.minutes),
            3_600..172_800 => (seconds / 3_600, words.hours),
            _ => (seconds / 86_400, words.days),
        };
        format!("{}{NARROW_BLANK}{unit}", self.count(number))
    }

    /// Bytes in kibibytes, or to a tenth in mebibytes.
    pub(in crate::ui) fn bytes(self, bytes: u64) -> String {
        if bytes < MEBIBYTE {
            return format!("{}{NARROW_BLANK}KiB", bytes.div_ceil(KIBIBYTE));
        }
        let tenths = bytes.saturating_mul(10) / MEBIBYTE;
        let point = self.marks().1;
        format!("{}{point}{}{NARROW_BLANK}MiB", self.count(tenths / 10), tenths % 10)
    }

    fn grouped(self, digits: &str) -> String {
        let mut told = String::with_capacity(digits.len() + digits.len() / 3);
        for (place, digit) in digits.chars().enumerate() {
            if place != 0 && (digits.len() - place).is_multiple_of(3) {
                told.push(self.marks().0);
            }
            told.push(digit);
        }
        told
    }
}

/// An instant as a clock in Vietnam shows it, to the minute: `2021-07-08 08:47`. What is before or after all of time
/// is shown as it was sent.
pub(in crate::ui) fn local_minute(instant: Timestamp, sent: &str) -> String {
    if instant.is_clamped() {
        return sent.to_owned();
    }
    let eastern = instant.nanoseconds().saturating_add(HOURS_EAST * 3_600 * 1_000_000_000);
    let text = Timestamp::from_parts(eastern, 0).to_string();
    text.chars().take(16).map(|letter| if letter == 'T' { ' ' } else { letter }).collect()
}

/// How much of a whole, in thousandths, as text: for drawings.
#[expect(clippy::float_arithmetic, reason = "the length of a bar")]
pub(in crate::ui) fn permille(part: f64, whole: f64) -> String {
    let share = if 0.0 < whole && part.is_finite() { (part / whole).clamp(0.0, 1.0) } else { 0.0 };
    format!("{:.0}", share * 1000.0)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Language, local_minute, permille};
    use crate::domain::quantity::Quantity;
    use crate::domain::timestamp::Timestamp;

    #[track_caller]
    fn check(text: &str, english: &str, vietnamese: &str) {
        let quantity = Quantity::parse(text).unwrap();
        assert_eq!(Language::English.quantity(&quantity), english);
        assert_eq!(Language::Vietnamese.quantity(&quantity), vietnamese);
    }

    #[test]
    fn quantities_are_told_to_the_last_digit_in_the_marks_of_the_language() {
        check("0", "0", "0");
        check("-15", "−15", "−15");
        check("999", "999", "999");
        check("-1000", "−1,000", "−1.000");
        check("1234567.50", "1,234,567.5", "1.234.567,5");
        check("-0.25", "−0.25", "−0,25");
        check("999999999999999", "999,999,999,999,999", "999.999.999.999.999");
    }

    #[test]
    fn little_is_not_nothing_and_almost_is_not_all() {
        let share = |part, whole| Language::English.share(part, whole);
        assert_eq!(
            [share(0, 9), share(1, 1000), share(999, 1000), share(9, 9)],
            ["0%", "<1%", "99%", "100%"]
        );
        assert_eq!(share(0, 0), "0%");
        assert_eq!(Language::English.ratio(0.9999), "99%");
        assert_eq!(Language::English.ratio(1.0), "100%");
    }

    #[test]
    fn ages_are_told_in_their_largest_unit() {
        let age = |seconds| Language::English.age(Duration::from_secs(seconds));
        assert_eq!(age(0), "0\u{202f}s");
        assert_eq!(age(59), "59\u{202f}s");
        assert_eq!(age(60), "1\u{202f}min");
        assert_eq!(age(3_599), "59\u{202f}min");
        assert_eq!(age(7_200), "2\u{202f}h");
        assert_eq!(age(172_800), "2\u{202f}days");
        assert_eq!(Language::Vietnamese.age(Duration::from_secs(90)), "1\u{202f}phút");
    }

    #[test]
    fn bytes_are_told_in_the_unit_that_fits() {
        assert_eq!(Language::English.bytes(0), "0\u{202f}KiB");
        assert_eq!(Language::English.bytes(896), "1\u{202f}KiB");
        assert_eq!(Language::English.bytes(1_048_575), "1024\u{202f}KiB");
        assert_eq!(Language::English.bytes(1_310_720), "1.2\u{202f}MiB");
        assert_eq!(Language::Vietnamese.bytes(2_000_000_000), "1.907,3\u{202f}MiB");
    }

    #[test]
    fn instants_are_told_as_clocks_in_vietnam_show_them() {
        let shown = |text| local_minute(Timestamp::parse(text).unwrap(), text);
        assert_eq!(shown("2021-07-08T18:47:17.6Z"), "2021-07-09 01:47");
        assert_eq!(shown("0001-01-01T00:00:00"), "0001-01-01T00:00:00");
    }

    #[test]
    fn a_drawing_never_leaves_its_frame() {
        for (part, whole, expected) in [
            (20.0, 80.0, "250"),
            (90.0, 80.0, "1000"),
            (-1.0, 80.0, "0"),
            (1.0, 0.0, "0"),
            (f64::NAN, 80.0, "0"),
            (1.0, f64::NAN, "0"),
        ] {
            assert_eq!(permille(part, whole), expected, "{part} of {whole}");
        }
    }
}
