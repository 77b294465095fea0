//! The shops that are served, by org id.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::RwLock;

use crate::domain::id::OrgId;
use crate::http::response::cache::ResponseCache;
use crate::stock::shop::Shop;

/// The shops that are served. They can be exchanged while requests are under way.
#[derive(Debug, Default)]
pub struct ShopRegistry {
    served: RwLock<Served>,
}

/// The shops, with and without their answers that stand ready: exchanged together.
#[derive(Debug, Clone, Default)]
struct Served {
    shops: Arc<BTreeMap<OrgId, Arc<Shop>>>,
    with_ready: Arc<BTreeMap<OrgId, Arc<ServedShop>>>,
}

/// A shop that is served, and its answers that stand ready.
#[derive(Debug)]
pub struct ServedShop {
    shop: Arc<Shop>,
    ready: ResponseCache,
}

impl ServedShop {
    /// The shop.
    #[must_use]
    pub fn shop(&self) -> &Arc<Shop> {
        &self.shop
    }

    /// Its answers that stand ready.
    #[must_use]
    pub fn ready(&self) -> &ResponseCache {
        &self.ready
    }
}

impl ShopRegistry {
    /// A directory of these shops, each with room for this many bytes of ready answers.
    #[must_use]
    pub fn new(shops: impl IntoIterator<Item = (Arc<Shop>, u64)>) -> Self {
        let directory = Self::default();
        directory.replace(shops);
        directory
    }

    /// Serves these shops from now on, and no others. Requests under way go on with the shop they have.
    pub fn replace(&self, shops: impl IntoIterator<Item = (Arc<Shop>, u64)>) {
        let served = |(shop, ready_bytes): (Arc<Shop>, u64)| {
            (shop.org_id(), Arc::new(ServedShop { shop, ready: ResponseCache::new(ready_bytes) }))
        };
        let with_ready: BTreeMap<OrgId, Arc<ServedShop>> = shops.into_iter().map(served).collect();
        let shops = with_ready.iter().map(|(org_id, served)| (*org_id, Arc::clone(&served.shop)));
        *self.served.write() = Served { shops: Arc::new(shops.collect()), with_ready: Arc::new(with_ready) };
    }

    /// The shop of this id, with its answers that stand ready.
    #[must_use]
    pub fn served(&self, org_id: OrgId) -> Option<Arc<ServedShop>> {
        self.served.read().with_ready.get(&org_id).cloned()
    }

    /// All shops, by org id.
    #[must_use]
    pub fn all(&self) -> Arc<BTreeMap<OrgId, Arc<Shop>>> {
        Arc::clone(&self.served.read().shops)
    }
}
