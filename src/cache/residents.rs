//! What a cache holds at the moment: found by id, and counted as it comes and goes.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use moka::notification::RemovalCause;

use super::bundle::{Bundle, BundleId, Totals};
use super::front::Front;
use super::oversold::OversoldIndex;
use crate::clock::Moment;

/// The bundles held, counts of them, and the index of what is oversold of them.
#[derive(Debug, Default)]
pub(super) struct Residents {
    front: Front,
    cells: AtomicI64,
    negative_rows: AtomicI64,
    bytes: AtomicI64,
    oversold: OversoldIndex,
    /// The newest observation so far, in milliseconds and one more; zero before the first.
    newest: AtomicU64,
}

impl Residents {
    /// Counts a bundle that is about to take the place of what was known of it. Called in the order of changes.
    pub(super) fn came(&self, id: BundleId, known: &Bundle, bundle: &Arc<Bundle>) {
        self.front.came(id, bundle);
        self.count(bundle.totals(), 1);
        self.oversold.came(known, bundle);
    }

    /// Counts a bundle out that is held no longer: moka's eviction listener.
    pub(super) fn left(&self, id: BundleId, bundle: &Bundle, cause: RemovalCause) {
        self.count(bundle.totals(), -1);
        if cause != RemovalCause::Replaced {
            self.front.left(id, bundle);
            self.oversold.left(bundle);
        }
    }

    /// Notes when an observation was made, in milliseconds.
    pub(super) fn observed(&self, milliseconds: u64) {
        self.newest.fetch_max(milliseconds.saturating_add(1), Ordering::Relaxed);
    }

    /// When the newest observation was made that ever came in. `None` before the first.
    pub(super) fn newest_observation(&self) -> Option<Moment> {
        self.newest.load(Ordering::Relaxed).checked_sub(1).map(Moment::from_millis)
    }

    /// The bundles held.
    pub(super) fn front(&self) -> &Front {
        &self.front
    }

    /// The entries with rows below zero.
    pub(super) fn oversold(&self) -> &OversoldIndex {
        &self.oversold
    }

    /// The cells held.
    pub(super) fn cells(&self) -> u64 {
        positive(&self.cells)
    }

    /// The rows below zero among them.
    pub(super) fn negative_rows(&self) -> u64 {
        positive(&self.negative_rows)
    }

    /// The bytes they weigh.
    pub(super) fn bytes(&self) -> u64 {
        positive(&self.bytes)
    }

    fn count(&self, totals: Totals, sign: i64) {
        let counts = [
            (&self.cells, totals.cells),
            (&self.negative_rows, totals.negative_rows),
            (&self.bytes, totals.weight),
        ];
        for (count, by) in counts {
            let by = i64::try_from(by).unwrap_or(i64::MAX).saturating_mul(sign);
            count.fetch_add(by, Ordering::Relaxed);
        }
    }
}

/// A count. What leaves may be counted before what came.
fn positive(count: &AtomicI64) -> u64 {
    u64::try_from(count.load(Ordering::Relaxed)).unwrap_or(0)
}
