//! How fresh the cells are that a shop holds: all of them or, where there are many, a sample.

use std::time::Duration;

use crate::cache::Cache;
use crate::cache::freshness::{Freshness, FreshnessPolicy, FreshnessWish};
use crate::clock::Moment;

/// The most variants that are counted. Source: ours; below a millisecond.
const MAX_VARIANTS: usize = 2_000;
/// The most cells that are counted, give or take one variant's.
const MAX_CELLS: usize = 50_000;

/// The number of cells by freshness: of all cells held, or of a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FreshnessStats {
    /// Cells that are served as they are.
    pub fresh: usize,
    /// Cells that are served while they are read anew.
    pub stale: usize,
    /// Cells that are asked for anew before they are served.
    pub old: usize,
    /// Whether only a sample was counted. Entries come in the order of their ids' hashes, which is unrelated to age.
    pub sampled: bool,
    /// The age of the newest observation. `None` before the first.
    pub newest: Option<Duration>,
}

impl FreshnessStats {
    pub(super) fn of(cache: &Cache, policy: &FreshnessPolicy, now: Moment) -> Self {
        let newest = cache.residents().newest_observation().map(|newest| now.since(newest));
        let mut stats = Self { newest, ..Self::default() };
        for (number, entry) in cache.entries().enumerate() {
            if number == MAX_VARIANTS || MAX_CELLS <= stats.cells() {
                stats.sampled = true;
                break;
            }
            for cell in entry.cells().iter().filter(|cell| !cell.is_purged()) {
                match policy.judge(now.since(cell.observed_at()), &FreshnessWish::default()) {
                    Freshness::Fresh => stats.fresh += 1,
                    Freshness::Stale => stats.stale += 1,
                    Freshness::Expired | Freshness::Unusable => stats.old += 1,
                }
            }
        }
        stats
    }

    /// The number of cells counted.
    #[must_use]
    pub fn cells(&self) -> usize {
        self.fresh + self.stale + self.old
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{FreshnessStats, MAX_VARIANTS};
    use crate::cache::entry::{Finding, Observation};
    use crate::cache::freshness::FreshnessPolicy;
    use crate::cache::order::CallTimes;
    use crate::cache::{Cache, Purge};
    use crate::clock::Moment;
    use crate::domain::id::{LocationId, VariantId};

    const POLICY: FreshnessPolicy = FreshnessPolicy {
        fresh: Duration::from_secs(15),
        stale_while_revalidate: Duration::from_secs(60),
        stale_if_error: Duration::from_secs(600),
    };

    fn hold(cache: &Cache, variant_id: u64, seconds: u64) {
        let observation = Observation {
            loc_id: LocationId::new(1).unwrap(),
            finding: Finding::NoRow,
            call: CallTimes::at(Moment::from_millis(seconds * 1000)),
        };
        cache.merge(VariantId::new(variant_id).unwrap(), vec![observation]);
    }

    fn at(seconds: u64) -> Moment {
        Moment::from_millis(seconds * 1000)
    }

    #[test]
    fn cells_are_counted_by_freshness() {
        let cache = Cache::new(1 << 20, 0);
        assert_eq!(FreshnessStats::of(&cache, &POLICY, at(7)), FreshnessStats::default());
        for (variant_id, observed_at) in [(1, 1000), (2, 995), (3, 950), (4, 700), (5, 0)] {
            hold(&cache, variant_id, observed_at);
        }
        let newest = Some(Duration::from_secs(5));
        let expected = FreshnessStats { fresh: 2, stale: 1, old: 2, sampled: false, newest };
        assert_eq!(FreshnessStats::of(&cache, &POLICY, at(1005)), expected);
    }

    #[test]
    fn purged_cells_are_not_counted() {
        let cache = Cache::new(1 << 20, 0);
        hold(&cache, 1, 0);
        cache.purge(&Purge::default(), Moment::default());
        assert_eq!(FreshnessStats::of(&cache, &POLICY, at(1)).cells(), 0);
    }

    #[test]
    fn of_a_large_cache_a_sample_is_counted() {
        let cache = Cache::new(1 << 30, 0);
        let many = u64::try_from(MAX_VARIANTS).unwrap() + 1;
        for variant_id in 1..=many {
            hold(&cache, variant_id, 0);
        }
        let stats = FreshnessStats::of(&cache, &POLICY, at(1));
        assert_eq!((stats.cells(), stats.sampled), (MAX_VARIANTS, true));
    }
}
