//! Entity tags and `If-None-Match` (RFC 9110, 8.8.3 and 13.1.2).

use std::fmt;
use std::hash::{Hash, Hasher};

use actix_web::http::header::{HeaderMap, HeaderValue, IF_NONE_MATCH};
use rustc_hash::FxHasher;
use twox_hash::XxHash3_64;

use super::coding::Coding;
use crate::domain::hex;
use crate::domain::row::Fingerprint;

/// The longest tag: quotes, 16 digits, a number of up to 20 digits, and what is between.
const LONGEST: usize = 48;

/// An entity tag, as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntityTag(HeaderValue);

/// What distinguishes a body from others: the fingerprints of its parts, in their order.
#[derive(Clone, Default)]
pub struct Parts(FxHasher);

impl EntityTag {
    /// The tag of these very bytes. Made to tell versions of an answer apart, not to withstand an attack: whoever
    /// could choose the bytes could only fool their own cache.
    #[must_use]
    pub fn strong(body: &[u8]) -> Self {
        Self::of("\"", XxHash3_64::oneshot(body), Some(body.len()))
    }

    /// A tag of what a value says, for answers whose bytes may differ where the content does not.
    ///
    /// `5.0` is tagged as `5`: the one is as good as the other to whoever reads it, which is all that a weak tag says
    /// (RFC 9110, 8.8.1).
    /// It is known before the first byte is written. `form` sets the representations of one value apart.
    #[must_use]
    pub fn weak(value: &impl Hash, form: &str) -> Self {
        let mut hasher = FxHasher::default();
        value.hash(&mut hasher);
        form.hash(&mut hasher);
        Self::of("W/\"", hasher.finish(), None)
    }

    /// The tag of the same bytes in this coding: what is sent differs, so a strong tag must. A weak one stays.
    #[must_use]
    pub fn coded(self, coding: Coding) -> Self {
        let open = self.as_str().strip_suffix('"').filter(|open| !open.starts_with("W/"));
        match (coding, open) {
            (Coding::Brotli | Coding::Zstd | Coding::Gzip, Some(open)) => {
                Self::sent(&format!("{open}-{}\"", coding.as_str()))
            }
            _ => self,
        }
    }

    /// Whether the caller has this version already: `If-None-Match` compares weakly.
    #[must_use]
    pub fn is_known(&self, headers: &HeaderMap) -> bool {
        let lines = headers.get_all(IF_NONE_MATCH).filter_map(|line| line.to_str().ok());
        let etag = opaque(self.as_str());
        lines.flat_map(|line| line.split(',')).any(|tag| tag.trim() == "*" || opaque(tag) == etag)
    }

    /// The tag, quotes included.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    fn of(opening: &str, hash: u64, length: Option<usize>) -> Self {
        let mut tag = String::with_capacity(LONGEST);
        tag.push_str(opening);
        tag.extend(hex::pairs(&hash.to_be_bytes()).flatten().map(char::from));
        if let Some(length) = length {
            tag.push('-');
            tag.push_str(itoa::Buffer::new().format(length));
        }
        tag.push('"');
        Self::sent(&tag)
    }

    /// Digits, letters and punctuation of ours: a header can always say them.
    fn sent(tag: &str) -> Self {
        Self(HeaderValue::from_str(tag).unwrap_or_else(|_| HeaderValue::from_static("W/\"\"")))
    }
}

impl From<EntityTag> for HeaderValue {
    fn from(etag: EntityTag) -> Self {
        etag.0
    }
}

impl Parts {
    /// Adds the next part.
    #[inline]
    pub fn add(&mut self, part: Fingerprint) {
        // Multiplies what was there and adds: another part, or another order, is another sum.
        self.0.write_u64(part.get());
    }

    /// The tag of a body of this length that consists of these parts.
    #[must_use]
    pub fn tag(&self, length: usize) -> EntityTag {
        EntityTag::of("\"", self.0.finish(), Some(length))
    }
}

impl fmt::Debug for Parts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Parts").field(&self.0.finish()).finish()
    }
}

/// The tag without the mark of weakness.
fn opaque(tag: &str) -> &str {
    let tag = tag.trim();
    tag.strip_prefix("W/").unwrap_or(tag)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderMap, HeaderValue, IF_NONE_MATCH};

    use super::{EntityTag, Parts};
    use crate::domain::row::Fingerprint;
    use crate::http::response::coding::Coding;

    #[test]
    fn a_strong_tag_changes_with_any_byte() {
        let body = vec![b'a'; 10_000];
        let tag = EntityTag::strong(&body);
        assert!(tag.as_str().starts_with('"') && tag.as_str().ends_with("-10000\""), "{tag:?}");
        assert_eq!(EntityTag::strong(&body), tag);
        for place in [0, 1, 15, 16, 17, 5_000, 9_983, 9_984, 9_998, 9_999] {
            let mut other = body.clone();
            other[place] = b'b';
            assert_ne!(EntityTag::strong(&other), tag, "byte {place}");
        }
        assert_ne!(EntityTag::strong(&body[1..]), tag);
    }

    #[test]
    fn a_strong_tag_is_another_in_each_coding_and_a_weak_one_the_same() {
        let coded = |tag, coding| EntityTag::sent(tag).coded(coding).as_str().to_owned();
        assert_eq!(coded("\"a-1\"", Coding::Identity), "\"a-1\"");
        assert_eq!(coded("\"a-1\"", Coding::Gzip), "\"a-1-gzip\"");
        assert_eq!(coded("\"a-1\"", Coding::Brotli), "\"a-1-br\"");
        assert_eq!(coded("W/\"a\"", Coding::Gzip), "W/\"a\"");
    }

    #[test]
    fn a_weak_tag_tells_values_and_forms_apart() {
        let weak = EntityTag::weak;
        let tag = weak(&[1, 2], "json");
        assert!(tag.as_str().starts_with("W/\""), "{tag:?}");
        assert_eq!(weak(&[1, 2], "json"), tag);
        assert_ne!(weak(&[1, 3], "json"), tag);
        assert_ne!(weak(&[1, 2], "csv"), tag);
    }

    #[test]
    fn a_tag_of_parts_changes_with_any_part_and_with_their_order() {
        let tag = |parts: &[&str], length| {
            let mut sum = Parts::default();
            parts.iter().for_each(|part| sum.add(Fingerprint::of(part.as_bytes())));
            sum.tag(length)
        };
        let parts = tag(&["a", "b", "c"], 3);
        assert_eq!(tag(&["a", "b", "c"], 3), parts);
        for others in [["a", "b", "d"], ["x", "b", "c"], ["b", "a", "c"], ["c", "b", "a"]] {
            assert_ne!(tag(&others, 3), parts, "{others:?}");
        }
        assert_ne!(tag(&["a", "b"], 3), parts);
        assert_ne!(tag(&["a", "b", "c"], 4), parts);
        assert_ne!(tag(&[], 0), tag(&[""], 0));
    }

    #[track_caller]
    fn check(lines: &[&str], etag: &str, known: bool) {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(IF_NONE_MATCH, HeaderValue::from_str(line).unwrap());
        }
        assert_eq!(EntityTag::sent(etag).is_known(&headers), known, "{lines:?} against {etag}");
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
