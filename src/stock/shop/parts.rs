//! What a shop is made of.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::cache::freshness::FreshnessPolicy;
use crate::clock::Clock;
use crate::domain::id::{LocationId, OrgId};
use crate::domain::quantity::Quantity;
use crate::governor::GovernorPolicy;
use crate::haravan::ShopClient;
use crate::metrics::ShopMetrics;
use crate::tasks::Tasks;

/// What a shop is made of.
#[derive(Debug)]
pub struct ShopParts {
    /// The org id.
    pub org_id: OrgId,
    /// Its name in the configuration.
    pub name: Option<String>,
    /// The client for Haravan, with the shop's token.
    pub client: ShopClient,
    /// How its calls are governed.
    pub governor: GovernorPolicy,
    /// How long its cells are fresh, and how long they serve.
    pub freshness: FreshnessPolicy,
    /// The most bytes its cells may take.
    pub cache_bytes: u64,
    /// The most bytes that rows may take up as text.
    pub text_bytes: u64,
    /// The longest one call may take.
    pub request_timeout: Duration,
    /// Most cells that may wait for calls.
    pub max_pending_cells: usize,
    /// Locations that never count as sellable.
    pub exclude_locations: BTreeSet<LocationId>,
    /// At or below this, stock is low.
    pub low_stock_threshold: Quantity,
    /// The clock.
    pub clock: Clock,
    /// The gateway's background tasks.
    pub tasks: Tasks,
    /// Where things are counted.
    pub metrics: ShopMetrics,
}
