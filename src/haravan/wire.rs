//! The members of an object as they were sent: nothing passes through a float, and what is odd stays apart.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The most digits read of a number that is written as a decimal. Source: ours; ids have 20 at most.
const MOST_DIGITS: usize = 64;

/// A member of an object.
#[derive(Debug, Clone, Copy, Default)]
pub(super) enum Member<'a> {
    /// It is not there.
    #[default]
    Missing,
    /// Its value.
    Once(&'a RawValue),
    /// It is there more than once: which one counts is unknown.
    Repeated,
}

impl<'a> Member<'a> {
    /// Its value as text, if there is exactly one.
    pub(super) fn once(self) -> Option<&'a RawValue> {
        match self {
            Self::Once(raw) => Some(raw),
            Self::Missing | Self::Repeated => None,
        }
    }

    /// Whether it is left out, or null.
    pub(super) fn is_absent(self) -> bool {
        match self {
            Self::Missing => true,
            Self::Once(raw) => raw.get() == "null",
            Self::Repeated => false,
        }
    }

    /// Its value as a number of an id: digits, digits in quotes, or a decimal that is whole (`101.0`, `1.01e2`).
    pub(super) fn number(self) -> Option<u64> {
        let text = self.once()?.get();
        match text.parse() {
            Ok(number) => Some(number),
            Err(_) if text.starts_with('"') => {
                let quoted = self.text()?;
                quoted.bytes().all(|byte| byte.is_ascii_digit()).then(|| quoted.parse().ok())?
            }
            Err(_) => whole(text),
        }
    }

    /// Its value as a string.
    pub(super) fn text(self) -> Option<Cow<'a, str>> {
        /// Borrows where nothing is escaped, which `Cow` alone does not.
        #[derive(serde::Deserialize)]
        struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
        let text: Text<'a> = serde_json::from_str(self.once()?.get()).ok()?;
        Some(text.0)
    }

    fn see(&mut self, value: &'a RawValue) {
        *self = match self {
            Self::Missing => Self::Once(value),
            Self::Once(_) | Self::Repeated => Self::Repeated,
        };
    }
}

/// The members of these names of an object; `None` if the text is not an object.
pub(super) fn members<'a, const N: usize>(text: &'a str, names: &[&str; N]) -> Option<[Member<'a>; N]> {
    let mut json = serde_json::Deserializer::from_str(text);
    let found = Object { names }.deserialize(&mut json).ok()?;
    json.end().ok()?;
    Some(found)
}

/// A JSON number that is a whole decimal, to the digit.
fn whole(text: &str) -> Option<u64> {
    let (decimal, exponent) = match text.split_once(['e', 'E']) {
        Some((decimal, exponent)) => (decimal, exponent.parse::<i64>().ok()?),
        None => (text, 0),
    };
    let (integer, fraction) = decimal.split_once('.').unwrap_or((decimal, ""));
    let mut digits = [integer, fraction].concat();
    if MOST_DIGITS < digits.len() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let point = i64::try_from(integer.len()).ok()?.checked_add(exponent)?;
    let point = usize::try_from(point).ok().filter(|point| *point <= MOST_DIGITS)?;
    if digits.len() < point {
        digits.extend(std::iter::repeat_n('0', point - digits.len()));
    }
    let (whole, rest) = digits.split_at_checked(point)?;
    rest.bytes().all(|byte| byte == b'0').then(|| whole.parse().ok())?
}

/// Reads the members of these names.
struct Object<'n, const N: usize> {
    names: &'n [&'n str; N],
}

/// Reads a member's name as its place among these.
struct Name<'n>(&'n [&'n str]);

impl<'de, const N: usize> DeserializeSeed<'de> for Object<'_, N> {
    type Value = [Member<'de>; N];

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, const N: usize> Visitor<'de> for Object<'_, N> {
    type Value = [Member<'de>; N];

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = [Member::Missing; N];
        while let Some(place) = map.next_key_seed(Name(self.names))? {
            match place.and_then(|place| found.get_mut(place)) {
                Some(member) => member.see(map.next_value()?),
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(found)
    }
}

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = Option<usize>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a member's name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().position(|known| *known == name))
    }
}

#[cfg(test)]
mod tests {
    use super::{Member, members};

    #[track_caller]
    fn check(value: &str, number: Option<u64>) {
        let text = format!("{{\"id\":{value}}}");
        let [id] = members(&text, &["id"]).unwrap();
        assert_eq!(id.number(), number, "{value}");
    }

    #[test]
    fn an_id_is_a_whole_number_however_it_is_written() {
        for value in ["101", "\"101\"", "101.0", "101.00", "1.01e2", "1.01E+2", "10100e-2", "0.0101e4"] {
            check(value, Some(101));
        }
        check("18446744073709551615.0", Some(u64::MAX));
        check("0.0", Some(0));
    }

    #[test]
    fn nothing_else_is_an_id() {
        for value in [
            "null",
            "true",
            "false",
            "[]",
            "[101]",
            "{}",
            "\"\"",
            "\"abc\"",
            "\"101.5\"",
            "\" 101\"",
            "\"-101\"",
            "\"\\ud83d\"",
            "101.5",
            "-101",
            "-101.0",
            "1.015e2",
            "1e99",
            "1e-2",
            "101e-1",
            "18446744073709551616",
            "1e9223372036854775807",
            "1e99999999999999999999",
        ] {
            check(value, None);
        }
        let long = format!("101.{}", "0".repeat(100));
        check(&long, None);
    }

    #[test]
    fn a_member_that_is_there_twice_is_told_from_one_that_is_there_once() {
        let text = r#"{"a":1,"x":{"a":2},"b":"\ud83d","a":1,"n":null}"#;
        let [a, b, c, n] = members(text, &["a", "b", "c", "n"]).unwrap();
        assert!(matches!(a, Member::Repeated) && matches!(c, Member::Missing));
        assert_eq!((b.once().unwrap().get(), b.text()), (r#""\ud83d""#, None));
        assert!(n.is_absent() && c.is_absent() && !a.is_absent() && !b.is_absent());
        for text in ["null", "[]", "5", "\"a\"", "true"] {
            assert!(members(text, &["a"]).is_none(), "{text}");
        }
    }
}
