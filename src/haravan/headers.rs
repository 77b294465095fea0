//! What the headers of Haravan's answers say of the bucket and of waits.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{DATE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};

use crate::governor::bucket::MAX_RETRY_AFTER;

/// The header with the bucket's level. Source: doc.
const CALL_LIMIT: &str = "x-haravan-api-call-limit";

/// The wait that a 429 asks for: in seconds, or until a date by the clock that dated the answer.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: HeaderName| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let answered_at = text(DATE).and_then(parse_http_date).unwrap_or_else(Timestamp::now);
    parse_retry_after(text(RETRY_AFTER)?, answered_at)
}

/// The bucket's level and size, as the answer has them.
pub(super) fn call_limit(headers: &HeaderMap) -> Option<(u32, u32)> {
    headers.get(CALL_LIMIT).and_then(|value| parse_call_limit(value.to_str().ok()?))
}

/// Reads a `Retry-After` of decimal seconds, e.g. `2.0` (doc), or an HTTP date, no longer than
/// [`MAX_RETRY_AFTER`] after the answer. A date that has passed asks for no wait.
///
/// `None` unless it is a non-negative decimal number or a date.
fn parse_retry_after(text: &str, answered_at: Timestamp) -> Option<Duration> {
    let text = text.trim();
    if let Some(date) = parse_http_date(text) {
        let wait = Duration::try_from(date.duration_since(answered_at)).unwrap_or_default();
        return Some(wait.min(MAX_RETRY_AFTER));
    }
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let seconds: f64 = text.parse().ok().filter(|_| plain)?;
    Duration::try_from_secs_f64(seconds).ok().or(Some(MAX_RETRY_AFTER)).map(|wait| wait.min(MAX_RETRY_AFTER))
}

/// Reads an HTTP date such as `Wed, 21 Oct 2015 07:28:00 GMT`.
///
/// `None` if it is not an HTTP date.
fn parse_http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(text).ok().map(|date| date.timestamp())
}

/// Reads a `X-Haravan-Api-Call-Limit: 32/80` (doc).
///
/// `None` unless it is two whole numbers.
fn parse_call_limit(text: &str) -> Option<(u32, u32)> {
    let (level, size) = text.trim().split_once('/')?;
    Some((level.trim().parse().ok()?, size.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{MAX_RETRY_AFTER, parse_call_limit, parse_http_date, parse_retry_after};

    /// The date of the answer that asks for a wait.
    const ANSWERED: &str = "Wed, 21 Oct 2015 07:28:00 GMT";

    #[test]
    fn retry_after_is_read_as_decimal_seconds_and_capped() {
        let read = |text| parse_retry_after(text, parse_http_date(ANSWERED).unwrap());
        assert_eq!(read("2.0"), Some(Duration::from_secs(2)));
        assert_eq!(read(" 0.35 "), Some(Duration::from_millis(350)));
        assert_eq!(read("7"), Some(Duration::from_secs(7)));
        assert_eq!(read("600"), Some(Duration::from_secs(600)));
        assert_eq!(read("99999999999999999999999"), Some(MAX_RETRY_AFTER));
        for text in ["", "abc", "-1", "1e9", "inf", "NaN", "Wed, 32 Oct 2015 07:28:00 GMT", "1.2.3"] {
            assert_eq!(read(text), None, "{text:?}");
        }
    }

    #[test]
    fn retry_after_is_read_as_a_date_of_the_clock_that_dated_the_answer() {
        let read = |text| parse_retry_after(text, parse_http_date(ANSWERED).unwrap());
        assert_eq!(read("Wed, 21 Oct 2015 07:28:08 GMT"), Some(Duration::from_secs(8)));
        assert_eq!(read("Wed, 21 Oct 2015 07:27:00 GMT"), Some(Duration::ZERO));
        assert_eq!(read("Thu, 22 Oct 2015 07:28:00 GMT"), Some(MAX_RETRY_AFTER));
    }

    #[test]
    fn the_call_limit_header_is_two_numbers() {
        assert_eq!(parse_call_limit("32/80"), Some((32, 80)));
        for text in ["", "32", "a/b", "-1/80", "32/80/1", "99999999999/80"] {
            assert_eq!(parse_call_limit(text), None, "{text:?}");
        }
    }
}
