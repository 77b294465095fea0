//! What moka holds, found in a tenth of the time that moka takes: a table of the bundles, beside it.
//!
//! A look into moka costs 200 to 400 ns, for it takes note of each use. Moka owns the bundles, bounds them and
//! evicts them; what it evicts leaves this table through its eviction listener. So that it knows what is in use, the
//! cache lets some of the looks reach it once it is half full.

use std::sync::Arc;

use parking_lot::RwLock;
use rustc_hash::FxHashMap;

use super::bundle::{Bundle, BundleId};

/// How many tables there are, so that those who look rarely meet those who change.
const SHARDS: usize = 16;

/// The bundles that moka holds, by their ids.
#[derive(Debug, Default)]
pub(super) struct Front {
    shards: [RwLock<FxHashMap<BundleId, Arc<Bundle>>>; SHARDS],
}

impl Front {
    /// The bundle of an id, if it is held.
    #[inline]
    pub(super) fn get(&self, id: BundleId) -> Option<Arc<Bundle>> {
        self.shard(id)?.read().get(&id).cloned()
    }

    /// Takes in a bundle that moka is about to hold, in place of what was known of its id.
    pub(super) fn came(&self, id: BundleId, bundle: &Arc<Bundle>) {
        if let Some(shard) = self.shard(id) {
            shard.write().insert(id, Arc::clone(bundle));
        }
    }

    /// Lets go of a bundle that moka holds no longer, unless a later one has taken its place.
    pub(super) fn left(&self, id: BundleId, bundle: &Bundle) {
        let Some(shard) = self.shard(id) else { return };
        let mut shard = shard.write();
        if shard.get(&id).is_some_and(|known| known.number() == bundle.number()) {
            shard.remove(&id);
        }
    }

    /// The ids of the bundles that are held, in no order that means anything.
    pub(super) fn ids(&self) -> Vec<BundleId> {
        self.shards.iter().flat_map(|shard| shard.read().keys().copied().collect::<Vec<_>>()).collect()
    }

    /// The number of bundles.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.read().len()).sum()
    }

    #[inline]
    fn shard(&self, id: BundleId) -> Option<&RwLock<FxHashMap<BundleId, Arc<Bundle>>>> {
        self.shards.get(id.part_of(SHARDS))
    }
}
