//! The oversold cells among those that a shop holds.

use std::sync::Arc;

use crate::cache::Cache;
use crate::cache::entry::{PackedCell, VariantCells};
use crate::cache::freshness::{Freshness, FreshnessPolicy, FreshnessWish};
use crate::clock::Moment;
use crate::domain::cell::{Cell, CellId};

/// The most variants in a report. Source: ours; if more are oversold, the worst are reported.
const MAX_VARIANTS: usize = 500;
/// The most cells in a report, give or take one variant's. Source: ours; about 10 ms of work.
const MAX_CELLS: usize = 20_000;

/// The variants with the worst rows below zero, with all their cells that are held and still usable.
///
/// The cells are no older than those that are served when Haravan fails. Show them with their age.
#[derive(Debug, Clone)]
pub struct Oversold {
    /// By variant.
    entries: Vec<Arc<VariantCells>>,
    cut: bool,
    policy: FreshnessPolicy,
    now: Moment,
}

impl Oversold {
    pub(super) fn of(cache: &Cache, policy: FreshnessPolicy, now: Moment) -> Self {
        let mut entries = cache.residents().oversold(MAX_VARIANTS);
        let mut cells = 0_usize;
        let room = entries.iter().take_while(|entry| {
            let has_room = cells < MAX_CELLS;
            cells = cells.saturating_add(entry.cells().len());
            has_room
        });
        let kept = room.count();
        entries.truncate(kept);
        let cut = kept < cache.residents().oversold_variants();
        entries.sort_unstable_by_key(|entry| entry.variant_id());
        Self { entries, cut, policy, now }
    }

    /// Whether there are more variants with rows below zero, none of them worse than these.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.cut
    }

    /// The cells, by variant and location.
    pub fn cells(&self) -> impl Iterator<Item = (CellId, Cell)> + '_ {
        self.entries.iter().flat_map(|entry| {
            let usable = entry.cells().iter().filter(|cell| self.is_usable(cell));
            usable.map(|cell| {
                let id = CellId { variant_id: entry.variant_id(), loc_id: cell.loc_id() };
                (id, entry.lent(cell).to_cell())
            })
        })
    }

    /// When one of the cells was read from Haravan.
    #[must_use]
    pub fn observed_at(&self, id: CellId) -> Option<Moment> {
        let at = self.entries.binary_search_by_key(&id.variant_id, |entry| entry.variant_id()).ok()?;
        Some(self.entries.get(at)?.cell(id.loc_id)?.observed_at())
    }

    /// The freshness of a cell that was read from Haravan at this moment.
    #[must_use]
    pub fn freshness(&self, observed_at: Moment) -> Freshness {
        self.policy.judge(self.now.since(observed_at), &FreshnessWish::default())
    }

    fn is_usable(&self, cell: &PackedCell) -> bool {
        !cell.is_purged() && self.freshness(cell.observed_at()) != Freshness::Unusable
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{MAX_VARIANTS, Oversold};
    use crate::cache::entry::{Finding, Observation};
    use crate::cache::freshness::{Freshness, FreshnessPolicy};
    use crate::cache::order::CallTimes;
    use crate::cache::{Cache, Purge};
    use crate::clock::Moment;
    use crate::domain::cell::{Cell, CellId};
    use crate::domain::id::{LocationId, ProductId, RowId, VariantId};
    use crate::domain::row::Row;
    use crate::domain::row_quantity::RowQuantity;
    use crate::domain::timestamp::Timestamp;

    const POLICY: FreshnessPolicy = FreshnessPolicy {
        fresh: Duration::from_secs(15),
        stale_while_revalidate: Duration::from_secs(60),
        stale_if_error: Duration::from_secs(600),
    };

    fn id(variant_id: u64, loc_id: u64) -> CellId {
        CellId { variant_id: VariantId::new(variant_id).unwrap(), loc_id: LocationId::new(loc_id).unwrap() }
    }

    fn hold(cache: &Cache, variant_id: u64, loc_id: u64, available: i64, seconds: u64) {
        let CellId { variant_id, loc_id } = id(variant_id, loc_id);
        let row = Row {
            id: RowId::new(1).unwrap(),
            loc_id,
            product_id: ProductId::new(1).unwrap(),
            variant_id,
            qty_onhand: RowQuantity::ZERO,
            qty_commited: RowQuantity::ZERO,
            qty_incoming: RowQuantity::ZERO,
            qty_available: available.into(),
            updated_at: Timestamp::from_parts(0, 0),
            as_sent: None,
        };
        let call = CallTimes::at(Moment::from_millis(seconds * 1000));
        let finding = Finding::Row(Box::new(row));
        cache.merge(variant_id, vec![Observation { loc_id, finding, call }]);
    }

    fn told(cache: &Cache, seconds: u64) -> Vec<(CellId, i64)> {
        let oversold = Oversold::of(cache, POLICY, Moment::from_millis(seconds * 1000));
        let rows = oversold.cells().filter_map(|(id, cell)| match cell {
            Cell::Row(row) => Some((id, row.qty_available.as_integer()?)),
            Cell::NoRow | Cell::Unknown(_) => None,
        });
        rows.collect()
    }

    #[test]
    fn a_variant_that_is_short_somewhere_is_told_with_what_it_has_elsewhere() {
        let cache = Cache::new(1 << 20, 0);
        hold(&cache, 2, 7, -5, 100);
        hold(&cache, 2, 8, 9, 100);
        hold(&cache, 1, 7, 3, 100);
        hold(&cache, 3, 7, -50, 100);
        assert_eq!(told(&cache, 101), [(id(2, 7), -5), (id(2, 8), 9), (id(3, 7), -50)]);
    }

    #[test]
    fn what_was_purged_or_is_too_old_is_not_told() {
        let cache = Cache::new(1 << 20, 0);
        hold(&cache, 1, 7, -5, 100);
        hold(&cache, 1, 8, -6, 200);
        assert_eq!(told(&cache, 715), [(id(1, 7), -5), (id(1, 8), -6)]);
        assert_eq!(told(&cache, 716), [(id(1, 8), -6)]);
        let purge = Purge { locations: Some([id(1, 8).loc_id].into()), ..Purge::default() };
        cache.purge(&purge, Moment::default());
        assert_eq!(told(&cache, 716), []);
    }

    #[test]
    fn a_cell_is_dated_and_judged_by_when_it_was_read() {
        let cache = Cache::new(1 << 20, 0);
        hold(&cache, 1, 7, -5, 100);
        hold(&cache, 1, 8, -5, 130);
        let oversold = Oversold::of(&cache, POLICY, Moment::from_millis(140_000));
        let judged = |loc_id| oversold.observed_at(id(1, loc_id)).map(|moment| oversold.freshness(moment));
        assert_eq!((judged(7), judged(8)), (Some(Freshness::Stale), Some(Freshness::Fresh)));
        assert_eq!((judged(9), oversold.observed_at(id(2, 7))), (None, None));
    }

    #[test]
    fn of_too_many_the_worst_are_told() {
        let cache = Cache::new(1 << 30, 0);
        let many = u64::try_from(MAX_VARIANTS).unwrap() + 10;
        for variant_id in 1..=many {
            hold(&cache, variant_id, 7, -i64::try_from(variant_id).unwrap(), 0);
        }
        let oversold = Oversold::of(&cache, POLICY, Moment::from_millis(1));
        assert!(oversold.is_cut());
        let variants: Vec<u64> = oversold.cells().map(|(id, _)| id.variant_id.get()).collect();
        assert_eq!((variants.len(), variants[0]), (MAX_VARIANTS, 11));
    }

    #[test]
    fn a_variant_at_very_many_locations_leaves_less_room_for_others() {
        let cache = Cache::new(1 << 30, 0);
        for variant_id in 1..=3 {
            let CellId { variant_id, .. } = id(variant_id, 1);
            let cells = (2..=15_000).map(|loc_id| Observation {
                loc_id: LocationId::new(loc_id).unwrap(),
                finding: Finding::NoRow,
                call: CallTimes::at(Moment::default()),
            });
            cache.merge(variant_id, cells.collect());
            hold(&cache, variant_id.get(), 1, -1, 0);
        }
        let oversold = Oversold::of(&cache, POLICY, Moment::from_millis(1));
        assert!(oversold.is_cut());
        assert_eq!(oversold.cells().filter(|(_, cell)| matches!(cell, Cell::Row(_))).count(), 2);
    }
}
