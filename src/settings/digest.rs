//! What the settings keep of an API key: its SHA-256, from which the key cannot be computed.

use std::fmt::{self, Write};

use sha2::{Digest, Sha256};

use super::kind::{Kind, Refusal};

/// What every API key begins with.
pub const KEY_PREFIX: &str = "tk_";

/// The SHA-256 of a whole API key, prefix included. Displays as 64 lower-case hex digits; `Debug` shows the
/// first 8.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyDigest([u8; 32]);

/// How the key is read. Never quoted: it may be the API key itself, pasted into the wrong place.
pub(crate) const DIGEST: Kind<KeyDigest> = Kind::new("string", "64 lower-case hex digits", |node| {
    let text = node.text().ok_or(Refusal::Shape)?;
    if text.starts_with(KEY_PREFIX) {
        return Err(Refusal::Because(
            "is the key itself: expected its SHA-256, 64 lower-case hex digits".to_owned(),
        ));
    }
    KeyDigest::from_hex(&text).ok_or(Refusal::Shape)
})
.secret();

/// The digest that admits `key`.
pub fn digest_of(key: &str) -> KeyDigest {
    KeyDigest(Sha256::digest(key).into())
}

impl KeyDigest {
    /// The digest that `text` spells; none unless it is exactly 64 lower-case hex digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut digits = text.bytes();
        let mut digest = [0; 32];
        for byte in &mut digest {
            *byte = nibble(digits.next()?)? << 4 | nibble(digits.next()?)?;
        }
        digits.next().is_none().then_some(Self(digest))
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for KeyDigest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyDigest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("KeyDigest(")?;
        self.0.iter().take(4).try_for_each(|byte| write!(out, "{byte:02x}"))?;
        out.write_char('…')?;
        out.write_char(')')
    }
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => digit.checked_sub(b'0'),
        b'a'..=b'f' => digit.checked_sub(b'a')?.checked_add(10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{KeyDigest, digest_of};

    /// `printf %s tk_demo | sha256sum`
    const OF_DEMO: &str = "d1317fa24d20d93a58fd7ae3b1f3ffc6d57a96a2c5d33f87fe48ed712c5fc762";

    #[test]
    fn a_digest_is_the_sha256_of_the_whole_key() {
        assert_eq!(digest_of("tk_demo").to_string(), OF_DEMO);
        assert_eq!(KeyDigest::from_hex(OF_DEMO), Some(digest_of("tk_demo")));
    }

    #[test]
    fn only_64_lower_case_hex_digits_are_a_digest() {
        for wrong in ["", "00", &OF_DEMO.to_uppercase(), &format!("{OF_DEMO}0"), &OF_DEMO.replace('0', "g")] {
            assert_eq!(KeyDigest::from_hex(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn debug_shows_only_the_start() {
        assert_eq!(format!("{:?}", digest_of("tk_demo")), format!("KeyDigest({}…)", &OF_DEMO[..8]));
    }
}
