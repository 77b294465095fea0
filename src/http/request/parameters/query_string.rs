//! The encoding of query strings: `application/x-www-form-urlencoded`.

use std::borrow::Cow;

/// A name or a value, decoded; `None` if a `%` is not followed by two hex digits, or the bytes are not UTF-8.
pub(super) fn decode(text: &str) -> Option<Cow<'_, str>> {
    if memchr::memchr2(b'%', b'+', text.as_bytes()).is_none() {
        return Some(Cow::Borrowed(text));
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => nibble(bytes.next()?)? << 4 | nibble(bytes.next()?)?,
            byte => byte,
        });
    }
    String::from_utf8(decoded).ok().map(Cow::Owned)
}

fn nibble(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(decode(text).as_deref(), expected, "{text:?}");
    }

    #[test]
    fn plus_is_a_blank_and_percent_a_byte() {
        check("1,2", Some("1,2"));
        check("1%2c+2%2C", Some("1, 2,"));
        check("%E1%BB%9D", Some("ờ"));
        check("", Some(""));
    }

    #[test]
    fn broken_encodings_are_refused() {
        for text in ["%", "%1", "%zz", "%%41", "1%", "%ff", "%E1%BB", "%c0%80"] {
            check(text, None);
        }
    }
}
