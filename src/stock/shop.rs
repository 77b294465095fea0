//! One shop: its devices, its locations, and what it answers.

mod counts;
mod devices;
mod forward;
mod parts;
mod status;
mod windows_seen;

use std::sync::Arc;

use tokio::time::Instant;

use self::counts::CellCounter;
pub(super) use self::devices::Devices;
pub use self::forward::{BodyCopy, ForwardError};
pub use self::parts::ShopParts;
pub use self::status::ShopStatus;
use super::locations::{LocationParts, ShopLocations};
use super::reading::ReadTally;
use super::reports::Reports;
use crate::cache::{Purge, PurgeCount, PurgesSince};
use crate::clock::Moment;
use crate::domain::id::OrgId;
use crate::domain::quantity::Quantity;
use crate::governor::{CallLimit, Stop};
use crate::plan::pending::Priority;

/// One shop.
#[derive(Debug)]
pub struct Shop {
    org_id: OrgId,
    name: Option<String>,
    low_stock_threshold: Quantity,
    pub(super) devices: Devices,
    pub(super) counter: CellCounter,
    locations: ShopLocations,
}

impl Shop {
    /// A shop with an empty cache.
    #[must_use]
    pub fn start(parts: ShopParts) -> Arc<Self> {
        let devices = Devices::new(&parts);
        let locations = ShopLocations::new(LocationParts {
            client: parts.client,
            upstream: devices.upstream.clone(),
            clock: parts.clock,
            tasks: parts.tasks,
            oddities: Arc::clone(&devices.oddities),
            cache: Arc::clone(&devices.cache),
            excluded: parts.exclude_locations,
        });
        Arc::new(Self {
            org_id: parts.org_id,
            name: parts.name,
            low_stock_threshold: parts.low_stock_threshold,
            devices,
            counter: CellCounter::new(parts.metrics),
            locations,
        })
    }

    /// The org id.
    #[must_use]
    pub fn org_id(&self) -> OrgId {
        self.org_id
    }

    /// The shop's name in the configuration.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The shop's default threshold for low stock.
    #[must_use]
    pub fn low_stock_threshold(&self) -> &Quantity {
        &self.low_stock_threshold
    }

    /// The shop's locations.
    #[must_use]
    pub fn locations(&self) -> &ShopLocations {
        &self.locations
    }

    /// Reports on the cells held. They ask Haravan for nothing.
    #[must_use]
    pub fn reports(&self) -> Reports<'_> {
        let Devices { cache, oddities, freshness, clock, .. } = &self.devices;
        Reports { cache, oddities, policy: *freshness, now: clock.now() }
    }

    /// Invalidates what was read from Haravan before now. This is the one door for every cause.
    pub fn invalidate(&self, purge: &Purge) {
        if purge.reaches_locations() {
            self.locations.purge();
        }
        self.devices.loader.invalidate(purge);
    }

    /// The number of purges so far.
    #[must_use]
    pub fn purges(&self) -> PurgeCount {
        self.devices.cache.purges()
    }

    /// The purges that came after a count.
    #[must_use]
    pub fn purges_since(&self, count: PurgeCount) -> PurgesSince {
        self.devices.cache.purges_since(count)
    }

    /// How full the shop's bucket is now, in whole calls. Takes no lock.
    #[must_use]
    pub fn call_limit(&self, now: Instant) -> CallLimit {
        self.devices.upstream.governor().call_limit(now)
    }

    /// The shop's state, for operators.
    #[must_use]
    pub fn status(&self) -> ShopStatus {
        let Devices { cache, loader, upstream, .. } = &self.devices;
        let governor = upstream.governor().status();
        let queued = |priority: Priority| (priority.as_str(), loader.pending_cells(priority));
        ShopStatus {
            org_id: self.org_id,
            name: self.name.clone(),
            bucket_level: governor.bucket_level,
            bucket_size: governor.bucket_size,
            bucket_usable: governor.bucket_usable,
            in_flight: governor.in_flight,
            queue: Priority::ALL.into_iter().map(queued).collect(),
            resident_cells: cache.residents().cells(),
            negative_rows: cache.residents().negative_rows(),
            cache_bytes: cache.residents().bytes(),
            hit_ratio: self.counter.hit_ratio(),
            last_error: last_error(&self.devices),
            stopped: governor.stopped.map(Stop::as_str),
            paused_for: governor.paused_for,
            resources: governor.resources,
        }
    }

    /// Counts cells that were served fresh from the cache.
    pub fn count_hits(&self, cells: usize) {
        self.counter.count(ReadTally { hit: cells, ..ReadTally::default() });
    }
}

/// The last call that failed, or the last thing in an answer that could not be read.
fn last_error(devices: &Devices) -> Option<(String, Moment)> {
    let call = devices.upstream.last_error().map(|(error, at)| (error.to_string(), at));
    call.into_iter().chain(devices.oddities.last()).max_by_key(|(_, at)| *at)
}

#[cfg(test)]
mod tests;
