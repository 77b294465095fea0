//! The ids that Haravan refused lately: not asked again for a while.

use std::hash::Hash;
use std::time::Duration;

use rustc_hash::FxHashMap;

use crate::cache::{Purge, PurgedVariants};
use crate::clock::Moment;
use crate::domain::cell::CellId;
use crate::domain::id::{LocationId, VariantId};
use crate::plan::Tile;
use crate::plan::refusal::Refusals;

/// How long a refusal is remembered. Source: ours; a refused id may become the shop's later.
const REMEMBERED: Duration = Duration::from_secs(600);

/// Most refusals remembered of a kind: callers can invent ids without end.
const MOST: usize = 10_000;

/// Purges remembered beside the ids. After more, all ids are forgotten. Source: ours.
const MOST_PURGES: usize = 64;

/// Ids refused lately.
#[derive(Debug, Clone, Default)]
pub(in crate::loader) struct RefusedIds {
    variants: Memory<VariantId>,
    locations: Memory<LocationId>,
    cells: Memory<CellId>,
    /// What was learnt before a purge does not count for the cells that the purge concerns.
    purges: Vec<(Moment, Purge)>,
}

impl RefusedIds {
    /// Remembers what a flight has found that started at this moment.
    pub(in crate::loader) fn remember(&mut self, refusals: &Refusals, started: Moment) {
        for variant_id in &refusals.variants {
            self.variants.remember(*variant_id, started);
        }
        for loc_id in &refusals.locations {
            self.locations.remember(*loc_id, started);
        }
        for cell in &refusals.cells {
            self.cells.remember(*cell, started);
        }
    }

    /// Forgets what a purge concerns, and what flights under way will find about it. A purge of a product concerns no
    /// refused id: Haravan has answered nothing of it.
    pub(in crate::loader) fn forget(&mut self, purge: &Purge, now: Moment) {
        if matches!(purge.variants, PurgedVariants::OfProduct(_)) {
            return;
        }
        self.purges.retain(|(at, _)| now < at.plus(REMEMBERED));
        if *purge == Purge::default() {
            *self = Self { purges: vec![(now, Purge::default())], ..Self::default() };
            return;
        }
        if MOST_PURGES <= self.purges.len() {
            self.purges = joined(&self.purges, now).into_iter().collect();
            if self.purges.is_empty() {
                return self.forget(&Purge::default(), now);
            }
        }
        self.purges.push((now, purge.clone()));
    }

    /// Forgets what was learnt of a variant's cells before a moment. They are asked for again.
    pub(in crate::loader) fn forget_older(
        &mut self,
        variant_id: VariantId,
        locations: &[LocationId],
        from: Moment,
    ) {
        self.variants.forget_older(&variant_id, from);
        for loc_id in locations {
            self.locations.forget_older(loc_id, from);
            self.cells.forget_older(&CellId { variant_id, loc_id: *loc_id }, from);
        }
    }

    /// Whether nothing is remembered, which is the usual case.
    pub(in crate::loader) fn is_empty(&self) -> bool {
        self.variants.learnt.is_empty() && self.locations.learnt.is_empty() && self.cells.learnt.is_empty()
    }

    /// The ids of a tile of which no cell needs to be asked for.
    pub(in crate::loader) fn among(&self, tile: &Tile, now: Moment) -> Refusals {
        let mut refusals = Refusals::default();
        if self.is_empty() {
            return refusals;
        }
        let counts = |at: Option<Moment>, concerns: &dyn Fn(&Purge) -> bool| {
            at.is_some_and(|at| {
                let is_purged = |(purged_at, purge): &(Moment, Purge)| at <= *purged_at && concerns(purge);
                now < at.plus(REMEMBERED) && !self.purges.iter().any(is_purged)
            })
        };
        refusals.variants.extend(tile.variants.iter().filter(|id| {
            counts(self.variants.learnt(id), &|purge| {
                tile.locations.iter().any(|loc_id| purge.concerns(**id, None, *loc_id))
            })
        }));
        refusals.locations.extend(tile.locations.iter().filter(|id| {
            counts(self.locations.learnt(id), &|purge| {
                tile.variants.iter().any(|variant_id| purge.concerns(*variant_id, None, **id))
            })
        }));
        refusals
    }

    /// Whether a cell need not be asked for. What was learnt before `learnt_from` does not count.
    pub(in crate::loader) fn holds(&self, cell: CellId, now: Moment, learnt_from: Option<Moment>) -> bool {
        let learnt = [
            self.variants.learnt(&cell.variant_id),
            self.locations.learnt(&cell.loc_id),
            self.cells.learnt(&cell),
        ];
        learnt.into_iter().flatten().any(|at| {
            let is_purged = |(purged_at, purge): &(Moment, Purge)| {
                at <= *purged_at && purge.concerns(cell.variant_id, None, cell.loc_id)
            };
            now < at.plus(REMEMBERED)
                && learnt_from.is_none_or(|from| from <= at)
                && !self.purges.iter().any(is_purged)
        })
    }
}

/// One purge of all the variants of these, at all locations; `None` if one of them names none, or if there are too many.
fn joined(purges: &[(Moment, Purge)], now: Moment) -> Option<(Moment, Purge)> {
    let mut variants = Vec::new();
    for (_, purge) in purges {
        let PurgedVariants::These(named) = &purge.variants else { return None };
        variants.extend_from_slice(named);
    }
    variants.sort_unstable();
    variants.dedup();
    let is_small = variants.len() <= MOST;
    is_small.then(|| (now, Purge { variants: PurgedVariants::These(variants.into()), locations: None }))
}

#[derive(Debug, Clone)]
struct Memory<I> {
    learnt: FxHashMap<I, Moment>,
}

impl<I> Default for Memory<I> {
    fn default() -> Self {
        Self { learnt: FxHashMap::default() }
    }
}

impl<I: Eq + Hash> Memory<I> {
    fn remember(&mut self, id: I, at: Moment) {
        if MOST <= self.learnt.len() {
            self.learnt.retain(|_, learnt| at < learnt.plus(REMEMBERED));
        }
        if MOST <= self.learnt.len() {
            self.learnt.clear();
        }
        // A flight that started earlier may land later.
        let learnt = self.learnt.entry(id).or_insert(at);
        *learnt = at.max(*learnt);
    }

    fn forget_older(&mut self, id: &I, from: Moment) {
        if self.learnt(id).is_some_and(|at| at < from) {
            self.learnt.remove(id);
        }
    }

    fn learnt(&self, id: &I) -> Option<Moment> {
        self.learnt.get(id).copied()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{MOST, MOST_PURGES, RefusedIds};
    use crate::cache::{Purge, PurgedVariants};
    use crate::clock::Moment;
    use crate::domain::cell::CellId;
    use crate::domain::id::{LocationId, VariantId};
    use crate::plan::refusal::Refusals;

    fn cell(variant: u64, location: u64) -> CellId {
        CellId { variant_id: VariantId::new(variant).unwrap(), loc_id: LocationId::new(location).unwrap() }
    }

    fn refusals(variants: std::ops::RangeInclusive<u64>) -> Refusals {
        Refusals { variants: variants.map(|id| VariantId::new(id).unwrap()).collect(), ..Refusals::default() }
    }

    fn of_variant(id: u64) -> Purge {
        Purge { variants: PurgedVariants::These([cell(id, 1).variant_id].into()), locations: None }
    }

    #[test]
    fn a_refusal_is_remembered_for_ten_minutes() {
        let mut refused = RefusedIds::default();
        refused.remember(&refusals(7..=7), Moment::default());
        let after = |seconds| Moment::default().plus(Duration::from_secs(seconds));
        assert!(refused.holds(cell(7, 1), after(599), None));
        assert!(!refused.holds(cell(8, 1), after(599), None));
        assert!(!refused.holds(cell(7, 1), after(600), None));
    }

    #[test]
    fn invented_ids_cannot_fill_the_memory() {
        let mut refused = RefusedIds::default();
        refused.remember(&refusals(1..=u64::try_from(MOST).unwrap() * 3), Moment::default());
        assert!(refused.variants.learnt.len() <= MOST);
    }

    #[test]
    fn a_purge_forgets_what_it_concerns_and_what_a_flight_brings_that_started_before_it() {
        let at = Moment::from_millis;
        let mut refused = RefusedIds::default();
        refused.remember(&refusals(7..=8), at(10));
        refused.forget(&Purge { locations: Some([cell(7, 1).loc_id].into()), ..Purge::default() }, at(20));
        assert!(!refused.holds(cell(7, 1), at(30), None));
        assert!(refused.holds(cell(7, 2), at(30), None), "of another location nothing was purged");
        refused.remember(&refusals(7..=7), at(15));
        assert!(!refused.holds(cell(7, 1), at(30), None), "the flight started before the purge");
        refused.remember(&refusals(7..=7), at(21));
        assert!(refused.holds(cell(7, 1), at(30), None));
        refused.forget(&Purge::default(), at(40));
        assert!(!refused.holds(cell(7, 2), at(50), None) && !refused.holds(cell(8, 2), at(50), None));
    }

    #[test]
    fn who_wants_nothing_from_before_the_question_gets_no_refusal_from_before_it() {
        let at = Moment::from_millis;
        let mut refused = RefusedIds::default();
        refused.remember(&refusals(7..=7), at(10));
        assert!(refused.holds(cell(7, 1), at(30), Some(at(10))));
        assert!(!refused.holds(cell(7, 1), at(30), Some(at(11))));
    }

    #[test]
    fn many_small_purges_take_no_more_room_than_one_of_everything() {
        let at = Moment::from_millis;
        let mut refused = RefusedIds::default();
        refused.remember(&refusals(7..=7), at(0));
        let other = of_variant(8);
        for _ in 0..=MOST_PURGES {
            refused.forget(&other, at(1));
        }
        assert!(refused.purges.len() <= MOST_PURGES);
        assert!(refused.holds(cell(7, 1), at(2), None), "no purge was about it");
        refused.forget(&of_variant(7), at(3));
        assert!(!refused.holds(cell(7, 1), at(4), None));
        let location = Purge { locations: Some([cell(7, 9).loc_id].into()), ..Purge::default() };
        refused.remember(&refusals(9..=9), at(5));
        for _ in 0..=MOST_PURGES {
            refused.forget(&location, at(6));
        }
        assert!(refused.purges.len() <= MOST_PURGES && refused.is_empty(), "such purges cannot be joined");
    }
}
