//! What the settings keep of an API key: its SHA-256, from which the key cannot be computed.

use super::kind::{Kind, Refusal};
use crate::domain::access::KeyDigest;

/// What every API key begins with.
pub const KEY_PREFIX: &str = "tk_";

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
