//! The shops that are served, by org id.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::RwLock;

use super::ready::ReadyAnswers;
use crate::domain::id::OrgId;
use crate::stock::shop::Shop;

/// The shops that are served. They can be exchanged while requests are under way.
#[derive(Debug, Default)]
pub struct ShopDirectory {
    served: RwLock<Served>,
}

/// The shops, and their answers that stand ready: exchanged together.
#[derive(Debug, Clone, Default)]
struct Served {
    shops: Arc<BTreeMap<OrgId, Arc<Shop>>>,
    ready: Arc<BTreeMap<OrgId, Arc<ReadyAnswers>>>,
}

impl ShopDirectory {
    /// A directory of these shops, each with room for so many bytes of answers that stand ready.
    #[must_use]
    pub fn new(shops: impl IntoIterator<Item = (Arc<Shop>, u64)>) -> Self {
        let directory = Self::default();
        directory.replace(shops);
        directory
    }

    /// Serves these shops from now on, and no others. Requests under way go on with the shop they have.
    pub fn replace(&self, shops: impl IntoIterator<Item = (Arc<Shop>, u64)>) {
        let (mut served, mut ready) = (BTreeMap::new(), BTreeMap::new());
        for (shop, ready_bytes) in shops {
            ready.insert(shop.org_id(), Arc::new(ReadyAnswers::new(ready_bytes)));
            served.insert(shop.org_id(), shop);
        }
        *self.served.write() = Served { shops: Arc::new(served), ready: Arc::new(ready) };
    }

    /// The shop of this id.
    #[must_use]
    pub fn get(&self, org_id: OrgId) -> Option<Arc<Shop>> {
        self.served.read().shops.get(&org_id).cloned()
    }

    /// The shop of this id, and its answers that stand ready.
    #[must_use]
    pub fn with_ready(&self, org_id: OrgId) -> Option<(Arc<Shop>, Arc<ReadyAnswers>)> {
        let served = self.served.read();
        Some((Arc::clone(served.shops.get(&org_id)?), Arc::clone(served.ready.get(&org_id)?)))
    }

    /// All shops, by org id.
    #[must_use]
    pub fn all(&self) -> Arc<BTreeMap<OrgId, Arc<Shop>>> {
        Arc::clone(&self.served.read().shops)
    }
}
