//! The body of `GET /shops`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;

use crate::clock::Clock;
use crate::domain::id::OrgId;
use crate::domain::timestamp::Timestamp;
use crate::governor::Stop;
use crate::governor::resource::ResourceStatus;
use crate::stock::shop::ShopStatus;

/// The shops that the key may read.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct ShopList {
    /// By org id.
    pub(crate) shops: Vec<ShopState>,
}

/// What an operator sees of a shop.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct ShopState {
    /// The shop: its Haravan org id.
    #[schema(value_type = u64, minimum = 1, example = 1000)]
    org_id: OrgId,
    /// Its name in the configuration.
    #[schema(required, example = "Cửa hàng mẫu")]
    name: Option<String>,
    /// The call budget at Haravan, as far as it is known.
    bucket: BucketState,
    /// How many calls to Haravan are under way.
    #[schema(example = 0)]
    in_flight: usize,
    /// How many cells wait for a call, by priority.
    #[schema(value_type = BTreeMap<String, usize>)]
    queue: BTreeMap<&'static str, usize>,
    /// How many cells are held.
    #[schema(example = 4)]
    resident_cells: u64,
    /// The bytes they take up.
    #[schema(example = 896)]
    cache_bytes: u64,
    /// The share of cells that were served from the cache; null before the first was served.
    #[schema(required, minimum = 0, maximum = 1, example = 0.93)]
    hit_ratio: Option<f64>,
    /// The last call to Haravan that failed; null if none did.
    #[schema(required)]
    last_error: Option<UpstreamError>,
    /// Why no call is made now: `failing` (Haravan fails) or `unauthorized` (it refuses the token); null if calls
    /// are made.
    #[schema(required, example = json!(null))]
    stopped: Option<&'static str>,
    /// Until when Haravan has forbidden every call; null if it has not.
    #[schema(required, value_type = Option<String>, format = DateTime, example = json!(null))]
    paused_until: Option<Timestamp>,
    /// The resources of Haravan's that were asked for, and how each is doing.
    resources: Vec<ResourceState>,
}

/// A resource of Haravan's: trouble with one is no trouble with another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct ResourceState {
    /// The first part of its path.
    #[schema(example = "inventory_locations")]
    resource: String,
    /// Why no call for it is made now: `failing`, `unauthorized`, or null.
    #[schema(required, example = json!(null))]
    stopped: Option<&'static str>,
    /// Until when Haravan has forbidden calls for it; null if it has not.
    #[schema(required, value_type = Option<String>, format = DateTime, example = json!(null))]
    paused_until: Option<Timestamp>,
}

/// A shop's call budget at Haravan.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct BucketState {
    /// Places taken.
    #[schema(example = 1.5)]
    level: f64,
    /// Places in all.
    #[schema(example = 80.0)]
    size: f64,
}

/// A call that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct UpstreamError {
    /// What was wrong, in our words.
    #[schema(example = "Haravan failed (503)")]
    message: String,
    /// When.
    #[schema(value_type = String, format = DateTime, example = "2026-08-01T03:20:15.000Z")]
    at: Timestamp,
}

impl ShopState {
    pub(crate) fn of(status: ShopStatus, clock: &Clock) -> Self {
        let until = |pause: Duration| (!pause.is_zero()).then(|| clock.wall(clock.now().plus(pause)));
        let resource = |resource: ResourceStatus| ResourceState {
            resource: resource.resource.to_string(),
            stopped: resource.stopped.map(Stop::as_str),
            paused_until: until(resource.paused_for),
        };
        Self {
            org_id: status.org_id,
            name: status.name,
            bucket: BucketState { level: status.bucket_level, size: status.bucket_size },
            in_flight: status.in_flight,
            queue: status.queue.into_iter().collect(),
            resident_cells: status.resident_cells,
            cache_bytes: status.cache_bytes,
            hit_ratio: status.hit_ratio,
            last_error: status
                .last_error
                .map(|(message, moment)| UpstreamError { message, at: clock.wall(moment) }),
            stopped: status.stopped,
            paused_until: until(status.paused_for),
            resources: status.resources.into_iter().map(resource).collect(),
        }
    }
}
