//! How many cells were served, and from where.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::metrics::ShopMetrics;
use crate::stock::reading::ReadTally;

/// Counts the cells that a shop serves.
#[derive(Debug)]
pub(in crate::stock) struct CellCounter {
    metrics: ShopMetrics,
    /// Cells served from the cache.
    hits: AtomicU64,
    /// Cells served in all.
    served: AtomicU64,
}

impl CellCounter {
    /// Nothing was served yet.
    pub(super) fn new(metrics: ShopMetrics) -> Self {
        Self { metrics, hits: AtomicU64::new(0), served: AtomicU64::new(0) }
    }

    /// Counts the cells of one answer.
    pub(in crate::stock) fn count(&self, tally: ReadTally) {
        let hits = tally.hit + tally.stale;
        let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        self.metrics.cells_hit.inc_by(number(tally.hit));
        self.metrics.cells_stale.inc_by(number(tally.stale));
        self.metrics.cells_fetched.inc_by(number(tally.fetched));
        self.metrics.cells_joined.inc_by(number(tally.joined));
        self.hits.fetch_add(number(hits), Ordering::Relaxed);
        self.served.fetch_add(number(hits + tally.fetched + tally.joined), Ordering::Relaxed);
    }

    /// The share of cells that were served from the cache. `None` before the first.
    pub(super) fn hit_ratio(&self) -> Option<f64> {
        ratio(self.hits.load(Ordering::Relaxed), self.served.load(Ordering::Relaxed))
    }
}

#[expect(
    clippy::float_arithmetic,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "a ratio for people"
)]
fn ratio(part: u64, whole: u64) -> Option<f64> {
    (0 < whole).then(|| part as f64 / whole as f64)
}
