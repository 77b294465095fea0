//! `[[keys]]`: who may call, which shops they may read and what they may do.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::digest::DIGEST;
use super::kind::{Kind, Refusal, duration, id, lasting, list, number, positive, string};
use super::reader::Reader;
use super::sections::{MAX_AGE, section};
use super::tree::Node;
use crate::domain::access::{KeyDigest, Scope, ShopAccess};

/// The longest name of a key, in characters: it goes into log lines.
pub const MAX_NAME: usize = 64;
/// The most requests per second that a key may be limited to.
const MAX_REQUESTS_PER_SECOND: f64 = 1_000_000.0;

/// A key that is admitted.
#[derive(Clone, Debug, PartialEq)]
pub struct KeySettings {
    /// What the key is called in logs; unique.
    pub name: String,
    /// The digest of the whole key; unique.
    pub sha256: KeyDigest,
    /// The shops it may read.
    pub shops: ShopAccess,
    /// What it may do; never empty.
    pub scopes: BTreeSet<Scope>,
    /// How many requests per second it may make; none: as many as it likes.
    pub requests_per_second: Option<f64>,
    /// How old the cells may be that it is given where a request has no `Cache-Control`; none: as old as the shop's
    /// cache says.
    pub max_age: Option<Duration>,
}

section! {
    /// One of `[[keys]]`, as written.
    pub(crate) struct KeyEntry at "keys[]" {
        /// What the key is called in logs; unique, at most 64 characters. Required.
        name: Option<String> = None, "", string(name);
        /// The SHA-256 of the whole key, `tk_` included, as 64 lower-case hex digits; unique. Required.
        /// `tonkho keygen` prints it.
        sha256: Option<KeyDigest> = None, "", DIGEST;
        /// The org ids of the shops it may read, or `["*"]` for every shop. Required.
        shops: Option<ShopAccess> = None, "", SHOPS;
        /// What it may do: `read`, `haravan` (reads the rest of Haravan's API), `haravan-write` (writes to it), `admin`.
        /// Required.
        scopes: Option<BTreeSet<Scope>> = None, "", SCOPES;
        /// How many requests per second it may make; unlimited if unset.
        requests_per_second: Option<f64> = None, "", number(|node| positive(node, MAX_REQUESTS_PER_SECOND));
        /// How old the cells may be that it is given, where a request has no `Cache-Control`: as if it had sent
        /// `Cache-Control: max-age=…`. If unset, what the shop's `[cache]` says.
        max_age: Option<Duration> = None, "", duration(|node| lasting(node, Duration::ZERO, MAX_AGE));
    }
}

const SHOPS: Kind<ShopAccess> = Kind::new("ids", "[\"*\"] or a list of org ids", |node| {
    let items = node.items().ok_or(Refusal::Shape)?;
    if let [only] = items.as_slice()
        && only.text().as_deref() == Some("*")
    {
        return Ok(ShopAccess::All);
    }
    let shops = list(node, "an org id: a positive whole number", id)?;
    not_empty(shops.into_iter().collect()).map(ShopAccess::Only)
});

const SCOPES: Kind<BTreeSet<Scope>> = Kind::new("strings", "a list of scopes such as [\"read\"]", |node| {
    let scope = |item: &Node| item.text().as_deref().and_then(Scope::parse).ok_or(Refusal::Shape);
    not_empty(list(node, "read, haravan, haravan-write or admin", scope)?.into_iter().collect())
});

fn not_empty<T>(set: BTreeSet<T>) -> Result<BTreeSet<T>, Refusal> {
    if set.is_empty() { Err(Refusal::Because("must not be empty".to_owned())) } else { Ok(set) }
}

fn name(node: &Node) -> Result<String, Refusal> {
    let name = node.text().ok_or(Refusal::Shape)?;
    check_name(&name).map_err(|error| Refusal::Because(error.to_string()))?;
    Ok(name)
}

/// Why a key name is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// It is blank.
    #[error("must not be empty")]
    Empty,
    /// It is longer than [`MAX_NAME`].
    #[error("must have at most {MAX_NAME} characters")]
    TooLong,
    /// It holds a line break or another control character.
    #[error("must not hold control characters")]
    Control,
}

/// Whether `name` will do as a key's name.
///
/// # Errors
/// Says why not.
pub fn check_name(name: &str) -> Result<(), NameError> {
    if name.trim().is_empty() {
        Err(NameError::Empty)
    } else if MAX_NAME < name.chars().count() {
        Err(NameError::TooLong)
    } else if name.chars().any(char::is_control) {
        Err(NameError::Control)
    } else {
        Ok(())
    }
}

/// Every key in `root`.
pub(crate) fn read(root: &mut Reader<'_>) -> Vec<KeySettings> {
    let mut names = BTreeMap::new();
    let mut digests = BTreeMap::new();
    let keys = root.each("keys", |index, reader| {
        let entry = KeyEntry::read(reader, KeyEntry::default());
        for (key, missing) in entry.missing() {
            if missing && reader.sound(&[key]) {
                reader.refuse(key, "is missing");
            }
        }
        if let Some(first) = entry.name.clone().and_then(|name| seen(&mut names, name, index)) {
            reader.refuse("name", format!("is the name of keys[{first}] already"));
        }
        if let Some(first) = entry.sha256.and_then(|digest| seen(&mut digests, digest, index)) {
            reader.refuse("sha256", format!("is the digest of keys[{first}] already"));
        }
        entry.complete()
    });
    keys.into_iter().flatten().collect()
}

/// Where `value` was first seen, if that was before `index`.
pub(crate) fn seen<T: Ord>(first: &mut BTreeMap<T, usize>, value: T, index: usize) -> Option<usize> {
    Some(*first.entry(value).or_insert(index)).filter(|first| *first != index)
}

impl KeyEntry {
    fn missing(&self) -> [(&'static str, bool); 4] {
        [
            ("name", self.name.is_none()),
            ("sha256", self.sha256.is_none()),
            ("shops", self.shops.is_none()),
            ("scopes", self.scopes.is_none()),
        ]
    }

    fn complete(self) -> Option<KeySettings> {
        Some(KeySettings {
            name: self.name?,
            sha256: self.sha256?,
            shops: self.shops?,
            scopes: self.scopes?,
            requests_per_second: self.requests_per_second,
            max_age: self.max_age,
        })
    }
}
