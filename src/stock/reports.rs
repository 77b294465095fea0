//! Reports on the cells that a shop holds. They ask Haravan for nothing.

mod freshness_stats;
mod oversold;

use crate::cache::Cache;
use crate::cache::freshness::FreshnessPolicy;
use crate::clock::Moment;
use crate::domain::cell::CellId;
use crate::haravan::Oddities;
use crate::query::Grid;

pub use freshness_stats::FreshnessStats;
pub use oversold::Oversold;

/// Reports on the cells that a shop holds now.
#[derive(Debug)]
pub struct Reports<'a> {
    pub(super) cache: &'a Cache,
    pub(super) oddities: &'a Oddities,
    pub(super) policy: FreshnessPolicy,
    pub(super) now: Moment,
}

impl Reports<'_> {
    /// The cells that are oversold, the worst first.
    #[must_use]
    pub fn oversold(&self) -> Oversold {
        Oversold::of(self.cache, self.policy, self.now)
    }

    /// The number of cells by freshness.
    #[must_use]
    pub fn freshness_stats(&self) -> FreshnessStats {
        FreshnessStats::of(self.cache, &self.policy, self.now)
    }

    /// The cells of a grid for which Haravan sent two rows when they were read last, ascending.
    #[must_use]
    pub fn repeated_in(&self, grid: &Grid) -> Vec<CellId> {
        self.oddities.repeated(|cell| {
            grid.variants.binary_search(&cell.variant_id).is_ok()
                && grid.locations.binary_search(&cell.loc_id).is_ok()
        })
    }
}
