//! What is read before each scrape: the gauges of the shops that are served, and the panics of background tasks.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::domain::id::OrgId;
use crate::http::state::shop_registry::ShopRegistry;
use crate::metrics::{Metrics, ShopMetrics, ShopReading};
use crate::stock::shop::ShopStatus;
use crate::tasks::Tasks;

/// Shows the state of the shops that are served now, and of no others.
pub(super) struct Gauges {
    metrics: Metrics,
    shops: Arc<ShopRegistry>,
    tasks: Tasks,
    /// The shops shown at the last scrape.
    shown: Mutex<BTreeMap<OrgId, ShopMetrics>>,
}

impl Gauges {
    /// The gauges of a registry's shops, and the panics of these tasks.
    pub(super) fn new(metrics: Metrics, shops: Arc<ShopRegistry>, tasks: Tasks) -> Self {
        Self { metrics, shops, tasks, shown: Mutex::default() }
    }

    /// Brings the gauges up to date. Those of shops that are no longer served disappear.
    pub(super) fn refresh(&self) {
        let shops = self.shops.all();
        let mut shown = self.shown.lock();
        self.metrics.show_task_panics(self.tasks.panics());
        shown.retain(|org_id, _| {
            let is_served = shops.contains_key(org_id);
            if !is_served {
                self.metrics.remove_gauges(*org_id);
            }
            is_served
        });
        for (org_id, shop) in shops.iter() {
            let metrics = shown.entry(*org_id).or_insert_with(|| self.metrics.shop(*org_id));
            show(metrics, &shop.status());
        }
    }
}

fn show(metrics: &ShopMetrics, status: &ShopStatus) {
    metrics.negative_rows.set(i64::try_from(status.negative_rows).unwrap_or(i64::MAX));
    metrics.show(ShopReading {
        resident_cells: status.resident_cells,
        cache_bytes: status.cache_bytes,
        bucket_level: status.bucket_level,
        bucket_usable: status.bucket_usable,
        stopped: status.stopped,
        queue_cells: &status.queue,
    });
}
