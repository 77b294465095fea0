//! What a cache holds at the moment: found by id, and counted as it comes and goes.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use moka::notification::RemovalCause;

use super::bundle::{Bundle, Totals};
use super::directory::Directory;
use super::entry::VariantCells;
use super::oversold::OversoldIndex;
use crate::clock::Moment;

/// The bundles held, counts of them, and the index of what is oversold of them.
#[derive(Debug, Default)]
pub struct Residents {
    directory: Directory,
    /// How many bundles there were.
    bundles: AtomicU64,
    cells: AtomicI64,
    negative_rows: AtomicI64,
    bytes: AtomicI64,
    oversold: OversoldIndex,
    /// The newest observation so far, in milliseconds and one more; zero before the first.
    newest: AtomicU64,
}

impl Residents {
    /// Numbers and counts bundles that are about to take the place of one that was known, now that these of its entries
    /// have changed. Called in the order of changes.
    pub(super) fn came(&self, changed: &[Arc<VariantCells>], bundles: Vec<Bundle>) -> Vec<Arc<Bundle>> {
        let number = || self.bundles.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        let came: Vec<_> = bundles.into_iter().map(|bundle| Arc::new(bundle.with_number(number()))).collect();
        self.directory.came(&came);
        for bundle in &came {
            self.count(bundle.totals(), 1);
        }
        self.oversold.came(changed);
        came
    }

    /// Counts a bundle out that is held no longer: moka's eviction listener.
    pub(super) fn left(&self, bundle: &Bundle, cause: RemovalCause) {
        self.count(bundle.totals(), -1);
        // What a later bundle has taken over is held still.
        if cause != RemovalCause::Replaced && self.directory.left(bundle) {
            self.oversold.left(bundle);
        }
    }

    /// Notes when an observation was made, in milliseconds.
    pub(super) fn observed(&self, milliseconds: u64) {
        self.newest.fetch_max(milliseconds.saturating_add(1), Ordering::Relaxed);
    }

    /// When the newest observation was made that ever came in. `None` before the first.
    #[must_use]
    pub fn newest_observation(&self) -> Option<Moment> {
        self.newest.load(Ordering::Relaxed).checked_sub(1).map(Moment::from_millis)
    }

    /// The bundles held.
    pub(super) fn directory(&self) -> &Directory {
        &self.directory
    }

    /// The entries with the worst rows below zero, purged rows aside: at most `max`, the worst first.
    #[must_use]
    pub fn oversold(&self, max: usize) -> Vec<Arc<VariantCells>> {
        self.oversold.worst(max)
    }

    /// How many variants are held that have a row below zero, purged rows aside.
    #[must_use]
    pub fn oversold_variants(&self) -> usize {
        self.oversold.variants()
    }

    /// How many cells are held.
    #[must_use]
    pub fn cells(&self) -> u64 {
        positive(&self.cells)
    }

    /// How many rows are held whose available quantity is negative.
    #[must_use]
    pub fn negative_rows(&self) -> u64 {
        positive(&self.negative_rows)
    }

    /// The bytes they weigh.
    #[must_use]
    pub fn bytes(&self) -> u64 {
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
