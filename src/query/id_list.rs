//! Lists of ids as callers write them: `1,2,3`, with blanks and repeats.

use std::str::FromStr;
use std::sync::Arc;

use super::{QueryError, quoted};

/// How much of a wrong item an error quotes, in characters.
pub(super) const MAX_QUOTED: usize = 40;

/// So many bytes of a list make room for one id: rarely too little. Source: Haravan's ids have ten digits (doc).
const BYTES_OF_AN_ID: usize = 8;

/// Distinct ids, ascending, at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdList<I>(Arc<[I]>);

impl<I: Copy + Ord + FromStr + TryFrom<u64>> IdList<I> {
    /// Reads comma-separated ids. Blanks and empty items are ignored, repeats count once.
    ///
    /// # Errors
    /// An item is no positive integer, or the list holds no id at all.
    pub fn parse(parameter: &'static str, text: &str) -> Result<Self, QueryError> {
        Self::from_items(parameter, text.split(','))
    }

    /// Reads ids from separate items, each of which may itself be comma-separated.
    ///
    /// # Errors
    /// As [`IdList::parse`].
    pub fn from_items<'a>(
        parameter: &'static str,
        items: impl Iterator<Item = &'a str>,
    ) -> Result<Self, QueryError> {
        let mut ids = Vec::new();
        for text in items {
            let before = ids.len();
            ids.reserve(text.len() / BYTES_OF_AN_ID);
            if !read_plain(text, &mut ids) {
                ids.truncate(before);
                for item in text.split(',').map(str::trim).filter(|item| !item.is_empty()) {
                    let id = item
                        .parse()
                        .map_err(|_| QueryError::NotAnId { parameter, item: quoted(item, MAX_QUOTED) })?;
                    ids.push(id);
                }
            }
        }
        Self::from_ids(ids).ok_or(QueryError::EmptyList { parameter })
    }

    /// The list of these ids, in any order, repeats allowed; none if there is no id.
    #[must_use]
    pub fn from_ids(mut ids: Vec<I>) -> Option<Self> {
        if !ids.is_sorted_by(|left, right| left < right) {
            ids.sort_unstable();
            ids.dedup();
        }
        if ids.is_empty() { None } else { Some(Self(ids.into())) }
    }

    /// The ids.
    #[must_use]
    pub fn ids(&self) -> &[I] {
        &self.0
    }

    /// The ids, shared.
    #[must_use]
    pub fn into_ids(self) -> Arc<[I]> {
        self.0
    }
}

/// Reads ids with single commas between them and nothing else, as programs write them: every digit is looked at
/// once. Whatever is not as plain is left to the reader that can say what is wrong.
fn read_plain<I: TryFrom<u64>>(text: &str, ids: &mut Vec<I>) -> bool {
    /// So many digits fit into 64 bits whatever they are.
    const DIGITS: usize = 19;
    let (mut number, mut digits) = (0_u64, 0);
    for byte in text.bytes().chain([b',']) {
        if byte == b',' {
            let Ok(id) = I::try_from(number) else { return false };
            ids.push(id);
            (number, digits) = (0, 0);
        } else {
            let digit = byte.wrapping_sub(b'0');
            digits += 1;
            if 9 < digit || DIGITS < digits {
                return false;
            }
            number = number.wrapping_mul(10).wrapping_add(u64::from(digit));
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::IdList;
    use crate::domain::id::VariantId;

    #[track_caller]
    fn check(text: &str, expected: Result<&[u64], &str>) {
        let read = IdList::<VariantId>::parse("variant_ids", text);
        let read = read
            .map(|list| list.ids().iter().map(|id| id.get()).collect::<Vec<_>>())
            .map_err(|error| error.to_string());
        assert_eq!(read.as_deref().map_err(String::as_str), expected, "{text:?}");
    }

    #[test]
    fn blanks_empty_items_and_repeats_are_ignored() {
        check("3,1,2", Ok(&[1, 2, 3]));
        check(" 3 ,, 1,\t2 ,3,", Ok(&[1, 2, 3]));
    }

    #[test]
    fn an_item_that_is_no_id_is_named() {
        check("1,abc,2", Err("variant_ids: \"abc\" is not a positive integer"));
        check("0", Err("variant_ids: \"0\" is not a positive integer"));
        check("-5", Err("variant_ids: \"-5\" is not a positive integer"));
        check("1.5", Err("variant_ids: \"1.5\" is not a positive integer"));
        let long = format!("1,{}", "9".repeat(100));
        let named = format!("variant_ids: \"{}…\" is not a positive integer", "9".repeat(40));
        check(&long, Err(&named));
    }

    #[test]
    fn a_list_without_any_id_never_means_all() {
        for text in ["", " ", ",", " , ,"] {
            check(text, Err("variant_ids: the list holds no id, and an empty list never means all"));
        }
    }
}
