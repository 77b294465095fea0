//! Lists of ids as callers write them: `1,2,3`, with blanks and repeats.

use std::str::FromStr;
use std::sync::Arc;

use super::error::{MAX_QUOTED, QueryError, quoted};

/// Bytes of a list for which room for one id is made: rarely too little. Source: Haravan's ids have ten digits (doc).
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

    /// The list of these ids, in any order, repeats allowed; `None` without an id.
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
/// once, most of them eight at a time. Whatever is not as plain is left to the reader that can say what is wrong.
fn read_plain<I: TryFrom<u64>>(text: &str, ids: &mut Vec<I>) -> bool {
    let mut rest = text.as_bytes();
    loop {
        let Some((number, after)) = plain_number(rest) else { return false };
        let Ok(id) = I::try_from(number) else { return false };
        ids.push(id);
        match after.split_first() {
            Some((b',', next)) => rest = next,
            Some(_) => return false,
            None => return true,
        }
    }
}

/// The number that a text begins with, and what follows its digits; `None` if it has too many. Without a digit it is
/// zero, which is no id.
#[inline]
fn plain_number(text: &[u8]) -> Option<(u64, &[u8])> {
    /// The number of digits that always fit into 64 bits.
    const MOST_DIGITS: usize = 19;
    let (mut number, mut rest) = match text.split_first_chunk() {
        Some((first, after)) if let Some(number) = eight_digits(*first) => (number, after),
        Some(_) | None => (0, text),
    };
    while let Some((byte, after)) = rest.split_first()
        && byte.is_ascii_digit()
    {
        number = number.wrapping_mul(10).wrapping_add(u64::from(byte & 15));
        rest = after;
    }
    (text.len() - rest.len() <= MOST_DIGITS).then_some((number, rest))
}

/// The number that eight digits make, all of them at once; `None` if one of them is another letter.
///
/// Each byte of the word is a digit, the first the lowest. Neighbours are joined to numbers of two digits, these to
/// numbers of four, and these to the one of eight.
#[inline]
fn eight_digits(digits: [u8; 8]) -> Option<u64> {
    const EACH_BYTE: u64 = 0x0101_0101_0101_0101;
    let word = u64::from_le_bytes(digits).wrapping_sub(u64::from(b'0') * EACH_BYTE);
    // A byte above 9 has its highest bit set, or comes to have it when 118 is added.
    if (word | word.wrapping_add(118 * EACH_BYTE)) & (128 * EACH_BYTE) != 0 {
        return None;
    }
    let twos = word.wrapping_mul(10).wrapping_add(word >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = twos.wrapping_mul(100).wrapping_add(twos >> 16) & 0x0000_ffff_0000_ffff;
    Some(fours.wrapping_mul(10_000).wrapping_add(fours >> 32) & 0xffff_ffff)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::{IdList, eight_digits};
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

    #[test]
    fn a_number_has_as_many_digits_as_fit() {
        check("18446744073709551615,1", Ok(&[1, u64::MAX]));
        check("00000000000000000000007", Ok(&[7]));
        check("12345678,123456789,1234567", Ok(&[1_234_567, 12_345_678, 123_456_789]));
        let named = "variant_ids: \"18446744073709551616\" is not a positive integer";
        check("18446744073709551616", Err(named));
        check("99999999999999999999", Err("variant_ids: \"99999999999999999999\" is not a positive integer"));
    }

    proptest! {
        #[test]
        fn eight_digits_are_read_as_the_number_that_they_write(digits in "[0-9]{8}", bytes in any::<[u8; 8]>()) {
            let digits: [u8; 8] = digits.into_bytes().try_into().unwrap();
            for digits in [digits, bytes] {
                let text = std::str::from_utf8(&digits).ok();
                let number = text.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
                prop_assert_eq!(eight_digits(digits), number.map(|number| number.parse().unwrap()));
            }
        }

        #[test]
        fn one_byte_that_is_no_digit_is_noticed(digits in "[0-9]{8}", place in 0_usize..8, byte in any::<u8>()) {
            let mut digits: [u8; 8] = digits.into_bytes().try_into().unwrap();
            digits[place] = byte;
            prop_assert_eq!(eight_digits(digits).is_some(), byte.is_ascii_digit());
        }

        #[test]
        fn a_list_is_read_as_its_items(ids in proptest::collection::vec(1_u64.., 1..20)) {
            let text = ids.iter().map(u64::to_string).collect::<Vec<_>>().join(",");
            let read = IdList::<VariantId>::parse("variant_ids", &text).unwrap();
            let mut sorted = ids;
            sorted.sort_unstable();
            sorted.dedup();
            prop_assert_eq!(read.ids().iter().map(|id| id.get()).collect::<Vec<_>>(), sorted);
        }
    }
}
