//! What a key of the gateway is known by, and what it may do.

mod path_pattern;

use std::collections::BTreeSet;
use std::fmt::{self, Write};

use sha2::{Digest, Sha256};

use super::hex;
use super::id::OrgId;

pub use path_pattern::{PathPattern, PatternError};

/// Something that a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Reads stock and its views.
    Read,
    /// Reads the rest of Haravan's API, as far as `passthrough.allow` goes.
    Haravan,
    /// Writes to Haravan's API, as far as `passthrough.write` goes.
    HaravanWrite,
    /// Sees the state of shops and purges their caches.
    Admin,
}

/// The shops that a key may read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShopAccess {
    /// Every shop, including those that are added later.
    All,
    /// The shops with these org ids; never empty.
    Only(BTreeSet<OrgId>),
}

/// The SHA-256 of a whole API key, prefix included. Displays as 64 lower-case hex digits; `Debug` shows the
/// first 8.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyDigest([u8; 32]);

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 4] = [Self::Read, Self::Haravan, Self::HaravanWrite, Self::Admin];

    /// The scope's name in settings and answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Haravan => "haravan",
            Self::HaravanWrite => "haravan-write",
            Self::Admin => "admin",
        }
    }

    /// The scope with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == name)
    }
}

impl ShopAccess {
    /// Returns whether the shop is among them.
    #[must_use]
    pub fn admits(&self, org_id: OrgId) -> bool {
        match self {
            Self::All => true,
            Self::Only(shops) => shops.contains(&org_id),
        }
    }

    /// The shop, if there is exactly one.
    #[must_use]
    pub fn single(&self) -> Option<OrgId> {
        match self {
            Self::Only(shops) if shops.len() == 1 => shops.first().copied(),
            Self::Only(_) | Self::All => None,
        }
    }
}

impl KeyDigest {
    /// The digest of a key.
    #[must_use]
    pub fn of_key(key: &str) -> Self {
        Self(Sha256::digest(key).into())
    }

    /// Reads 64 lower-case hex digits; `None` for any other text.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let is_lower_case = text.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
        if is_lower_case { hex::decode(text)?.try_into().ok().map(Self) } else { None }
    }

    /// The 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for KeyDigest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex::pairs(&self.0).flatten().try_for_each(|digit| out.write_char(char::from(digit)))
    }
}

impl fmt::Debug for KeyDigest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("KeyDigest(")?;
        hex::pairs(&self.0).take(4).flatten().try_for_each(|digit| out.write_char(char::from(digit)))?;
        out.write_str("…)")
    }
}

#[cfg(test)]
mod tests {
    use super::KeyDigest;

    /// `printf %s tk_demo | sha256sum`
    const OF_DEMO: &str = "d1317fa24d20d93a58fd7ae3b1f3ffc6d57a96a2c5d33f87fe48ed712c5fc762";

    #[test]
    fn a_digest_is_the_sha256_of_the_whole_key() {
        assert_eq!(KeyDigest::of_key("tk_demo").to_string(), OF_DEMO);
        assert_eq!(KeyDigest::from_hex(OF_DEMO), Some(KeyDigest::of_key("tk_demo")));
    }

    #[test]
    fn only_64_lower_case_hex_digits_are_a_digest() {
        for wrong in ["", "00", &OF_DEMO.to_uppercase(), &format!("{OF_DEMO}0"), &OF_DEMO.replace('0', "g")] {
            assert_eq!(KeyDigest::from_hex(wrong), None, "{wrong}");
        }
        assert_eq!(KeyDigest::from_hex(&format!("{OF_DEMO}00")), None);
    }

    #[test]
    fn debug_shows_only_the_start() {
        let digest = KeyDigest::of_key("tk_demo");
        assert_eq!(format!("{digest:?}"), format!("KeyDigest({}…)", &OF_DEMO[..8]));
    }
}
