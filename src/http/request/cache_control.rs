//! What a caller asks of an answer in headers: `Cache-Control` (RFC 9111, 5.2.1) and `Prefer: wait` (RFC 7240).
//!
//! These are wishes: one that cannot be read is as good as none.

use std::time::Duration;

use actix_web::http::header::{CACHE_CONTROL, HeaderMap, HeaderName};

use crate::cache::freshness::FreshnessWish;

/// The header that asks.
pub const PREFER: HeaderName = HeaderName::from_static("prefer");
/// The header that lists the wishes that were granted.
pub const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// The longest age; longer ones are the same: `max-stale` without a value, and whatever is beyond (RFC 9111, 1.2.2).
const LONG: Duration = Duration::from_secs(1 << 31);

/// How fresh an answer should be. A request without `Cache-Control` asks for `unsaid` as `max-age`.
///
/// `Pragma` says nothing here: it was never defined for more than `no-cache`, and is deprecated (RFC 9111, 5.4).
#[must_use]
pub fn freshness(headers: &HeaderMap, unsaid: Option<Duration>) -> FreshnessWish {
    let mut wish = FreshnessWish::default();
    if !headers.contains_key(CACHE_CONTROL) {
        wish.max_age = unsaid;
    }
    for (name, value) in directives(headers, CACHE_CONTROL) {
        let seconds = value.map(seconds);
        match (name.to_ascii_lowercase().as_str(), seconds) {
            // Of several the strictest counts.
            ("max-age", Some(Some(age))) => wish.max_age = Some(wish.max_age.unwrap_or(LONG).min(age)),
            ("max-stale", Some(Some(age))) => wish.max_stale = Some(wish.max_stale.unwrap_or(LONG).min(age)),
            ("max-stale", None) => wish.max_stale = wish.max_stale.or(Some(LONG)),
            ("no-cache", None) => wish.no_cache = true,
            ("only-if-cached", None) => wish.only_if_cached = true,
            _ => {}
        }
    }
    wish
}

/// The seconds of `Prefer: wait=N`, of the first one if there are several.
#[must_use]
pub fn wait(headers: &HeaderMap) -> Option<Duration> {
    let mut preferences = directives(headers, PREFER);
    let (_, value) = preferences.find(|(name, _)| name.eq_ignore_ascii_case("wait"))?;
    // Parameters of a preference follow a semicolon; `wait` has none.
    value.and_then(|value| seconds(value.split(';').next().unwrap_or(value).trim()))
}

/// `name` and `name=value` items of all header lines of a name.
fn directives(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = (&str, Option<&str>)> {
    let lines = headers.get_all(name).filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(|item| match item.split_once('=') {
        Some((name, value)) => (name.trim(), Some(value.trim())),
        None => (item.trim(), None),
    })
}

/// Seconds as digits, in quotes or not; what is too large counts as [`LONG`].
fn seconds(text: &str) -> Option<Duration> {
    let digits = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(digits.parse().map_or(LONG, Duration::from_secs).min(LONG))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use actix_web::http::header::{CACHE_CONTROL, HeaderMap, HeaderName, HeaderValue, PRAGMA};

    use super::{LONG, PREFER, freshness, wait};
    use crate::cache::freshness::FreshnessWish;

    fn headers(name: HeaderName, lines: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(name.clone(), HeaderValue::from_str(line).unwrap());
        }
        headers
    }

    #[track_caller]
    fn check(lines: &[&str], expected: FreshnessWish) {
        assert_eq!(freshness(&headers(CACHE_CONTROL, lines), None), expected, "{lines:?}");
    }

    fn seconds(seconds: u64) -> Option<Duration> {
        Some(Duration::from_secs(seconds))
    }

    #[test]
    fn cache_control_says_how_fresh_an_answer_should_be() {
        let none = FreshnessWish::default();
        check(&[], none);
        check(&["max-age=5"], FreshnessWish { max_age: seconds(5), ..none });
        check(&["MAX-AGE=\"5\""], FreshnessWish { max_age: seconds(5), ..none });
        check(&["no-cache, only-if-cached"], FreshnessWish { no_cache: true, only_if_cached: true, ..none });
        check(&["no-store", "max-stale=30"], FreshnessWish { max_stale: seconds(30), ..none });
        check(&["max-stale"], FreshnessWish { max_stale: Some(LONG), ..none });
        check(&["max-age=9", "max-age=5,max-age=7"], FreshnessWish { max_age: seconds(5), ..none });
        check(&["max-stale, max-stale=7"], FreshnessWish { max_stale: seconds(7), ..none });
        check(&["max-age=99999999999999999999"], FreshnessWish { max_age: Some(LONG), ..none });
    }

    #[test]
    fn directives_that_cannot_be_read_are_no_wish() {
        for line in
            ["max-age", "max-age=", "max-age=-1", "max-age=1.5", "max-age=x", "max-stale=x", "", ",,="]
        {
            check(&[line], FreshnessWish::default());
        }
        check(&["min-fresh=5, stale-if-error=60, x"], FreshnessWish::default());
    }

    #[test]
    fn what_a_key_has_counts_only_where_a_request_says_nothing() {
        let wish = |name, lines: &[&str]| freshness(&headers(name, lines), seconds(2)).max_age;
        assert_eq!(wish(CACHE_CONTROL, &[]), seconds(2));
        assert_eq!(wish(PRAGMA, &["no-cache"]), seconds(2));
        assert_eq!(wish(CACHE_CONTROL, &["max-age=9"]), seconds(9));
        assert_eq!(wish(CACHE_CONTROL, &["only-if-cached"]), None);
        assert_eq!(wish(CACHE_CONTROL, &[""]), None);
    }

    #[test]
    fn prefer_wait_says_how_long() {
        let wait = |lines: &[&str]| wait(&headers(PREFER, lines));
        assert_eq!(wait(&["wait=10"]), seconds(10));
        assert_eq!(wait(&["respond-async, Wait = 10; x=1"]), seconds(10));
        assert_eq!(wait(&["wait=\"3\""]), seconds(3));
        assert_eq!(wait(&["wait=3", "wait=7"]), seconds(3));
        assert_eq!(wait(&["wait=0"]), seconds(0));
        for line in ["", "wait", "wait=", "wait=-1", "wait=soon", "waiting=3"] {
            assert_eq!(wait(&[line]), None, "{line:?}");
        }
    }
}
