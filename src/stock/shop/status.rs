//! A shop's state, for operators.

use std::time::Duration;

use crate::clock::Moment;
use crate::domain::id::OrgId;
use crate::governor::resource::ResourceStatus;

/// A shop's state, for operators.
#[derive(Debug, Clone)]
pub struct ShopStatus {
    /// The org id.
    pub org_id: OrgId,
    /// Its name in the configuration.
    pub name: Option<String>,
    /// Places taken in the bucket.
    pub bucket_level: f64,
    /// Places in the bucket.
    pub bucket_size: f64,
    /// Places in the bucket that our calls may take.
    pub bucket_usable: f64,
    /// Calls in flight.
    pub in_flight: usize,
    /// Cells waiting for a call, by the priority's name.
    pub queue: Vec<(&'static str, usize)>,
    /// Cells held.
    pub resident_cells: u64,
    /// Rows held whose available quantity is negative.
    pub negative_rows: u64,
    /// The bytes the cells weigh.
    pub cache_bytes: u64,
    /// The share of cells served from the cache. `None` before the first.
    pub hit_ratio: Option<f64>,
    /// The last upstream error, and when it was.
    pub last_error: Option<(String, Moment)>,
    /// Why no call for inventory is made: `failing` or `unauthorized`. `None` if calls are made.
    pub stopped: Option<&'static str>,
    /// How long a 429 forbids every call. Zero if no 429 does.
    pub paused_for: Duration,
    /// The state of each resource that was asked for.
    pub resources: Vec<ResourceStatus>,
}
