//! PLACEHOLDER: shops by id.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::id::OrgId;
use crate::stock::shop::Shop;

/// The shops.
#[derive(Debug)]
pub struct ShopDirectory;

impl ShopDirectory {
    /// A directory of these shops.
    #[must_use]
    pub fn new(shops: BTreeMap<OrgId, Arc<Shop>>) -> Self {
        drop(shops);
        Self
    }
}
