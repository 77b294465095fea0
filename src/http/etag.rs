//! Entity tags and `If-None-Match` (RFC 9110, 8.8.3 and 13.1.2).

use std::hash::{Hash, Hasher};

use actix_web::http::header::{HeaderMap, IF_NONE_MATCH};
use rustc_hash::FxHasher;
use twox_hash::XxHash3_64;

use super::coding::Coding;

/// The tag of these very bytes. Made to tell versions of an answer apart, not to withstand an attack: whoever could
/// choose the bytes could only fool their own cache.
#[must_use]
pub fn strong(body: &[u8]) -> String {
    of_parts(body, body.len())
}

/// The tag of so many bytes that are told by the fingerprints of their parts.
#[must_use]
pub fn of_parts(fingerprints: &[u8], length: usize) -> String {
    format!("\"{:016x}-{length:x}\"", XxHash3_64::oneshot(fingerprints))
}

/// The tag of the same bytes in this coding: what is sent differs, so a strong tag must. A weak one stays.
#[must_use]
pub fn coded(etag: &str, coding: Coding) -> String {
    match (coding, etag.strip_suffix('"')) {
        (Coding::Brotli | Coding::Zstd | Coding::Gzip, Some(open)) if !etag.starts_with("W/") => {
            format!("{open}-{}\"", coding.as_str())
        }
        _ => etag.to_owned(),
    }
}

/// A tag of what a value says, for answers whose bytes may differ where the content does not.
///
/// `5.0` is tagged as `5`: the one is as good as the other to whoever reads it, which is all that a weak tag says
/// (RFC 9110, 8.8.1).
/// It is at hand before the first byte is written. `form` sets the representations of one value apart.
#[must_use]
pub fn weak(value: &impl Hash, form: &str) -> String {
    let mut hasher = FxHasher::default();
    value.hash(&mut hasher);
    form.hash(&mut hasher);
    format!("W/\"{:016x}\"", hasher.finish())
}

/// Whether the caller has this version already: `If-None-Match` compares weakly.
#[must_use]
pub fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let lines = headers.get_all(IF_NONE_MATCH).filter_map(|line| line.to_str().ok());
    let etag = opaque(etag);
    lines.flat_map(|line| line.split(',')).any(|tag| tag.trim() == "*" || opaque(tag) == etag)
}

/// The tag without the mark of weakness.
fn opaque(tag: &str) -> &str {
    let tag = tag.trim();
    tag.strip_prefix("W/").unwrap_or(tag)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderMap, HeaderValue, IF_NONE_MATCH};

    use super::{coded, is_known, strong, weak};
    use crate::http::coding::Coding;

    #[test]
    fn a_strong_tag_changes_with_any_byte() {
        let body = vec![b'a'; 10_000];
        let tag = strong(&body);
        assert!(tag.starts_with('"') && tag.ends_with('"'), "{tag}");
        assert_eq!(strong(&body), tag);
        for place in [0, 1, 15, 16, 17, 5_000, 9_983, 9_984, 9_998, 9_999] {
            let mut other = body.clone();
            other[place] = b'b';
            assert_ne!(strong(&other), tag, "byte {place}");
        }
        assert_ne!(strong(&body[1..]), tag);
    }

    #[test]
    fn a_strong_tag_is_another_in_each_coding_and_a_weak_one_the_same() {
        assert_eq!(coded("\"a-1\"", Coding::Identity), "\"a-1\"");
        assert_eq!(coded("\"a-1\"", Coding::Gzip), "\"a-1-gzip\"");
        assert_eq!(coded("\"a-1\"", Coding::Brotli), "\"a-1-br\"");
        assert_eq!(coded("W/\"a\"", Coding::Gzip), "W/\"a\"");
    }

    #[test]
    fn a_weak_tag_tells_values_and_forms_apart() {
        let tag = weak(&[1, 2], "json");
        assert!(tag.starts_with("W/\""), "{tag}");
        assert_eq!(weak(&[1, 2], "json"), tag);
        assert_ne!(weak(&[1, 3], "json"), tag);
        assert_ne!(weak(&[1, 2], "csv"), tag);
    }

    #[track_caller]
    fn check(lines: &[&str], etag: &str, known: bool) {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(IF_NONE_MATCH, HeaderValue::from_str(line).unwrap());
        }
        assert_eq!(is_known(&headers, etag), known, "{lines:?} against {etag}");
    }

    #[test]
    fn if_none_match_compares_weakly_and_takes_lists() {
        check(&["\"a\""], "\"a\"", true);
        check(&["W/\"a\""], "\"a\"", true);
        check(&["\"a\""], "W/\"a\"", true);
        check(&["\"b\", W/\"a\" ,\"c\""], "\"a\"", true);
        check(&["\"b\"", "\"a\""], "\"a\"", true);
        check(&["*"], "\"a\"", true);
        check(&["\"b\""], "\"a\"", false);
        check(&["a"], "\"a\"", false);
        check(&[""], "\"a\"", false);
        check(&[], "\"a\"", false);
    }
}
