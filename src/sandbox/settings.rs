//! What a sandbox is made of: its address, its shops, and what each shop holds and allows.
//!
//! Plain typed values with defaults; nothing is read from the environment here.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::faults::Faults;

/// The org id of the default shop that holds the documentation's example.
pub const EXAMPLE_SHOP: u64 = 1000;

/// The org id of the default shop that holds generated stock.
pub const GENERATED_SHOP: u64 = 2000;

/// Everything needed to start a sandbox.
#[derive(Debug, Clone)]
pub struct SandboxSettings {
    /// Where to listen; port 0 lets the system choose one.
    pub listen: SocketAddr,
    /// The shops served; their tokens distinguish them.
    pub shops: Vec<ShopSettings>,
    /// The seed of everything random at run time (jitter, ratios, row changes).
    pub seed: u64,
    /// How many server threads to run; 0 counts as 1.
    pub workers: usize,
}

/// One shop of the sandbox.
#[derive(Debug, Clone)]
pub struct ShopSettings {
    /// The shop's org id.
    pub org_id: u64,
    /// The bearer token that stands for this shop.
    pub token: String,
    /// What the token may read.
    pub scopes: BTreeSet<Scope>,
    /// What the shop has in stock.
    pub data: ShopData,
    /// The shop's leaky bucket.
    pub bucket: BucketSettings,
    /// What goes wrong from the start.
    pub faults: Faults,
}

/// An access scope of a token. Source: Haravan doc.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Scope {
    /// Allows inventory.
    #[serde(rename = "com.read_inventories")]
    ReadInventories,
    /// Allows inventory as well, and changes of it.
    #[serde(rename = "com.write_inventories")]
    WriteInventories,
    /// Allows locations and the shop itself.
    #[serde(rename = "com.read_shop")]
    ReadShop,
    /// Allows products.
    #[serde(rename = "com.read_products")]
    ReadProducts,
    /// Allows products as well, and changes of them.
    #[serde(rename = "com.write_products")]
    WriteProducts,
}

/// Where a shop's locations, products and rows come from.
#[derive(Debug, Clone)]
pub enum ShopData {
    /// The example of Haravan's documentation, in the document's order and spelling.
    Example,
    /// Generated from a seed: the same settings give the same shop.
    Generated(GeneratedSettings),
    /// Nothing at all.
    Empty,
    /// These rows, as JSON texts kept exactly; locations and products follow from them.
    Rows(Vec<String>),
}

/// The shape of a generated shop; the default is that of the default shop 2000.
#[derive(Debug, Clone, PartialEq)]
pub struct GeneratedSettings {
    /// The seed: equal settings give equal shops.
    pub seed: u64,
    /// How many locations.
    pub locations: usize,
    /// How many products; each has at least one variant.
    pub products: usize,
    /// How many variants over all products; at least one a product.
    pub variants: usize,
    /// The share of (variant, location) cells that have a row, 0 to 1.
    pub density: f64,
    /// The share of rows with a negative `qty_available`, 0 to 1.
    pub negative: f64,
    /// The share of rows where `qty_available` is not on hand less committed, 0 to 1.
    pub mismatched: f64,
    /// The share of rows with quantities spelled as decimals (`5.50`, `5.0`), 0 to 1.
    pub decimals: f64,
}

/// The leaky bucket of a shop. Source of the defaults: Haravan doc.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BucketSettings {
    /// How many requests fit.
    pub size: u32,
    /// How many requests leak out each second.
    pub leak_per_second: f64,
    /// How long a request over the limit shuts the bucket, in milliseconds.
    #[serde(default = "default_retry_after_ms")]
    pub retry_after_ms: u64,
}

impl Default for SandboxSettings {
    fn default() -> Self {
        let generated = ShopData::Generated(GeneratedSettings::default());
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            shops: vec![
                ShopSettings::new(EXAMPLE_SHOP, ShopData::Example),
                ShopSettings::new(GENERATED_SHOP, generated),
            ],
            seed: 1,
            workers: 2,
        }
    }
}

impl ShopSettings {
    /// A shop with the token `sandbox-{org_id}`, every scope, Haravan's bucket and no faults.
    pub fn new(org_id: u64, stock: ShopData) -> Self {
        Self {
            org_id,
            token: format!("sandbox-{org_id}"),
            scopes: Scope::all(),
            data: stock,
            bucket: BucketSettings::default(),
            faults: Faults::default(),
        }
    }
}

impl Scope {
    /// Every scope there is.
    pub fn all() -> BTreeSet<Self> {
        let inventories = [Self::ReadInventories, Self::WriteInventories];
        let others = [Self::ReadShop, Self::ReadProducts, Self::WriteProducts];
        inventories.into_iter().chain(others).collect()
    }
}

impl Default for GeneratedSettings {
    fn default() -> Self {
        Self {
            seed: 2000,
            locations: 24,
            products: 1_800,
            variants: 5_000,
            density: 0.4,
            negative: 0.02,
            mismatched: 0.005,
            decimals: 0.005,
        }
    }
}

impl BucketSettings {
    /// A bucket of this size and leak that asks for Haravan's usual wait when it runs over.
    pub fn new(size: u32, leak_per_second: f64) -> Self {
        Self { size, leak_per_second, retry_after_ms: default_retry_after_ms() }
    }
}

impl Default for BucketSettings {
    fn default() -> Self {
        Self::new(80, 4.0)
    }
}

/// `Retry-After: 2.0`. Source: Haravan doc.
const fn default_retry_after_ms() -> u64 {
    2_000
}
