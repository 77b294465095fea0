//! The shops that are served, by org id.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use parking_lot::RwLock;
use rustc_hash::FxBuildHasher;

use crate::domain::id::OrgId;
use crate::domain::id::host::HostName;
use crate::http::response::cache::ResponseCache;
use crate::stock::shop::Shop;

/// The shops that are served. They can be exchanged while requests are under way.
#[derive(Debug, Default)]
pub struct ShopRegistry {
    served: RwLock<Served>,
}

/// The shops, with and without their answers that stand ready, and by their hosts: exchanged together.
#[derive(Debug, Default)]
struct Served {
    shops: Arc<BTreeMap<OrgId, Arc<Shop>>>,
    with_ready: BTreeMap<OrgId, Arc<ServedShop>>,
    by_host: HashMap<HostName, Arc<ServedShop>, FxBuildHasher>,
}

/// A shop that is to be served.
#[derive(Debug)]
pub struct ShopToServe {
    /// The shop.
    pub shop: Arc<Shop>,
    /// Room for its answers that stand ready, in bytes.
    pub ready_bytes: u64,
    /// The hosts that mean it. No other shop has them.
    pub hosts: Vec<HostName>,
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
    /// A directory of these shops.
    #[must_use]
    pub fn new(shops: impl IntoIterator<Item = ShopToServe>) -> Self {
        let directory = Self::default();
        directory.replace(shops);
        directory
    }

    /// Serves these shops from now on, and no others. Requests under way go on with the shop they have.
    pub fn replace(&self, shops: impl IntoIterator<Item = ShopToServe>) {
        let mut served = Served::default();
        let mut by_id = BTreeMap::new();
        for ShopToServe { shop, ready_bytes, hosts } in shops {
            let with_ready =
                Arc::new(ServedShop { shop: Arc::clone(&shop), ready: ResponseCache::new(ready_bytes) });
            served.by_host.extend(hosts.into_iter().map(|host| (host, Arc::clone(&with_ready))));
            served.with_ready.insert(shop.org_id(), with_ready);
            by_id.insert(shop.org_id(), shop);
        }
        served.shops = Arc::new(by_id);
        *self.served.write() = served;
    }

    /// The shop of this id, with its answers that stand ready.
    #[must_use]
    pub fn served(&self, org_id: OrgId) -> Option<Arc<ServedShop>> {
        self.served.read().with_ready.get(&org_id).cloned()
    }

    /// The shop that a request is about whose path names none: that of the host it was sent to, or else this one. No
    /// host is looked at if no shop has one.
    pub(crate) fn served_at<'a>(
        &self,
        host: impl FnOnce() -> Option<Cow<'a, str>>,
        otherwise: Option<OrgId>,
    ) -> Option<Arc<ServedShop>> {
        let served = self.served.read();
        let by_host = Some(&served.by_host).filter(|hosts| !hosts.is_empty());
        let of_host = by_host.and_then(|hosts| hosts.get(&*host()?));
        of_host.or_else(|| served.with_ready.get(&otherwise?)).cloned()
    }

    /// All shops, by org id.
    #[must_use]
    pub fn all(&self) -> Arc<BTreeMap<OrgId, Arc<Shop>>> {
        Arc::clone(&self.served.read().shops)
    }
}
