//! The bundles that moka holds, ascending by the ids of their variants: which bundle a variant belongs to, and a look
//! at it in a tenth of the time that moka takes.
//!
//! A look into moka costs 200 to 400 ns, for it takes note of each use. Moka owns the bundles, bounds them and
//! evicts them; what it evicts leaves this directory through its eviction listener. So that it knows what is in use,
//! the cache lets some of the looks reach it once it is half full.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::RwLock;

use super::bundle::{Bundle, BundleId};
use super::entry::VariantCells;
use crate::domain::id::VariantId;

/// How many bundles are read at once where all are: writers wait meanwhile. At least two, for the first may be known.
const AT_ONCE: usize = 64;

/// The bundles held, each with an entry at least. A variant belongs to the last one that begins at its id or before it.
#[derive(Debug, Default)]
pub(super) struct Directory {
    bundles: RwLock<BTreeMap<BundleId, Arc<Bundle>>>,
}

impl Directory {
    /// The bundle that a variant belongs to, if it is held.
    #[inline]
    pub(super) fn find(&self, variant_id: VariantId) -> Option<Arc<Bundle>> {
        let bundles = self.bundles.read();
        bundles.range(..=BundleId::from(variant_id)).next_back().map(|(_, bundle)| Arc::clone(bundle))
    }

    /// The id of the bundle that a variant belongs to, held or to be made.
    pub(super) fn id_of(&self, variant_id: VariantId) -> BundleId {
        let bundles = self.bundles.read();
        let found = bundles.range(..=BundleId::from(variant_id)).next_back();
        found.map_or_else(BundleId::default, |(id, _)| *id)
    }

    /// The bundle of an id, if it is held.
    pub(super) fn get(&self, id: BundleId) -> Option<Arc<Bundle>> {
        self.bundles.read().get(&id).cloned()
    }

    /// Takes in bundles that moka is about to hold, in place of what was known of their ids. All at once: no reader
    /// finds a part of a bundle that was split.
    pub(super) fn came(&self, came: &[Arc<Bundle>]) {
        let mut bundles = self.bundles.write();
        for bundle in came {
            bundles.insert(bundle.id(), Arc::clone(bundle));
        }
    }

    /// Lets go of a bundle that moka holds no longer, unless a later one has taken its place. Returns whether it did.
    pub(super) fn left(&self, bundle: &Bundle) -> bool {
        let mut bundles = self.bundles.write();
        let is_last = bundles.get(&bundle.id()).is_some_and(|known| known.number() == bundle.number());
        is_last && bundles.remove(&bundle.id()).is_some()
    }

    /// The ids of the bundles, ascending.
    pub(super) fn ids(&self) -> Vec<BundleId> {
        self.bundles.read().keys().copied().collect()
    }

    /// The ids of the bundles that have such an entry, ascending.
    pub(super) fn ids_with(&self, is_such: impl Fn(&VariantCells) -> bool) -> Vec<BundleId> {
        let bundles = self.bundles.read();
        let has_one = |bundle: &Bundle| bundle.entries().any(|entry| is_such(entry));
        bundles.iter().filter(|(_, bundle)| has_one(bundle)).map(|(id, _)| *id).collect()
    }

    /// Every entry, ascending by variant: each that is held all the while, once, though bundles are split or evicted
    /// meanwhile.
    pub(super) fn entries(&self) -> impl Iterator<Item = Arc<VariantCells>> + '_ {
        let mut last = None;
        let next_ones = move || {
            let bundles = self.some_from(last);
            let entries = bundles.iter().flat_map(|bundle| bundle.entries());
            let later: Vec<_> = entries.filter(|entry| last < Some(entry.variant_id())).cloned().collect();
            last = Some(later.last()?.variant_id());
            Some(later)
        };
        std::iter::from_fn(next_ones).flatten()
    }

    /// The bundle that a variant belongs to and some of those after it; the first ones, if no variant is given.
    fn some_from(&self, variant_id: Option<VariantId>) -> Vec<Arc<Bundle>> {
        let bundles = self.bundles.read();
        let from = variant_id.map_or_else(BundleId::default, BundleId::from);
        let first = bundles.range(..=from).next_back().map_or(from, |(id, _)| *id);
        bundles.range(first..).take(AT_ONCE).map(|(_, bundle)| Arc::clone(bundle)).collect()
    }

    /// The number of bundles.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.bundles.read().len()
    }
}
