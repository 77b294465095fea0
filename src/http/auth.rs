//! PLACEHOLDER: keys.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::domain::id::OrgId;

/// Something that a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Reads stock.
    Read,
    /// Has paths forwarded.
    Haravan,
    /// Operates.
    Admin,
}

/// The shops that a key may read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShopAccess {
    /// Every shop.
    All,
    /// These.
    Only(BTreeSet<OrgId>),
}

/// A key that is admitted.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// Its name.
    pub name: String,
    /// Its digest.
    pub digest: [u8; 32],
    /// Its shops.
    pub shops: ShopAccess,
    /// Its scopes.
    pub scopes: BTreeSet<Scope>,
    /// Its rate.
    pub requests_per_second: Option<f64>,
}

/// The name of a request's key, in the request's extensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyName(pub Arc<str>);

/// The keys that are admitted.
#[derive(Debug)]
pub struct KeyRing;

impl KeyRing {
    /// A ring of these keys.
    #[must_use]
    pub fn new<K: Into<Key>>(keys: impl IntoIterator<Item = K>) -> Self {
        let _keys: Vec<Key> = keys.into_iter().map(Into::into).collect();
        Self
    }

    /// A ring that admits everyone.
    #[must_use]
    pub fn open() -> Self {
        Self
    }
}
