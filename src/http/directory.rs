//! The shops that are served, by org id.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::RwLock;

use crate::domain::id::OrgId;
use crate::stock::shop::Shop;

/// The shops that are served. They can be exchanged while requests are under way.
#[derive(Debug, Default)]
pub struct ShopDirectory {
    shops: RwLock<Arc<BTreeMap<OrgId, Arc<Shop>>>>,
}

impl ShopDirectory {
    /// A directory of these shops.
    #[must_use]
    pub fn new(shops: BTreeMap<OrgId, Arc<Shop>>) -> Self {
        Self { shops: RwLock::new(Arc::new(shops)) }
    }

    /// Serves these shops from now on, and no others. Requests under way go on with the shop they have.
    pub fn replace(&self, shops: BTreeMap<OrgId, Arc<Shop>>) {
        *self.shops.write() = Arc::new(shops);
    }

    /// The shop of this id.
    #[must_use]
    pub fn get(&self, org_id: OrgId) -> Option<Arc<Shop>> {
        self.shops.read().get(&org_id).cloned()
    }

    /// All shops, by org id.
    #[must_use]
    pub fn all(&self) -> Arc<BTreeMap<OrgId, Arc<Shop>>> {
        Arc::clone(&self.shops.read())
    }
}
