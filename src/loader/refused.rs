//! The ids that Haravan refused lately: not asked again for a while.

use std::hash::Hash;
use std::time::Duration;

use rustc_hash::FxHashMap;

use crate::clock::Moment;
use crate::domain::cell::CellId;
use crate::domain::id::{LocationId, VariantId};
use crate::plan::Tile;
use crate::plan::refusal::Refusals;

/// How long a refusal is remembered. Source: ours; a refused id may become the shop's later.
const REMEMBERED: Duration = Duration::from_secs(600);

/// Most refusals remembered of a kind: callers can invent ids without end.
const MOST: usize = 10_000;

/// Ids refused lately.
#[derive(Debug, Default)]
pub(super) struct RefusedIds {
    variants: Memory<VariantId>,
    locations: Memory<LocationId>,
    cells: Memory<CellId>,
}

impl RefusedIds {
    /// Remembers what was found.
    pub(super) fn remember(&mut self, refusals: &Refusals, now: Moment) {
        for variant_id in &refusals.variants {
            self.variants.remember(*variant_id, now);
        }
        for loc_id in &refusals.locations {
            self.locations.remember(*loc_id, now);
        }
        for cell in &refusals.cells {
            self.cells.remember(*cell, now);
        }
    }

    /// Whether nothing is remembered: the usual case.
    pub(super) fn is_empty(&self) -> bool {
        self.variants.until.is_empty() && self.locations.until.is_empty() && self.cells.until.is_empty()
    }

    /// The ids and cells of a tile that need not be asked for.
    pub(super) fn among(&self, tile: &Tile, now: Moment) -> Refusals {
        let mut refusals = Refusals::default();
        if self.is_empty() {
            return refusals;
        }
        refusals.variants.extend(tile.variants.iter().filter(|id| self.variants.holds(id, now)));
        refusals.locations.extend(tile.locations.iter().filter(|id| self.locations.holds(id, now)));
        refusals
    }

    /// Whether a cell need not be asked for.
    pub(super) fn holds(&self, cell: CellId, now: Moment) -> bool {
        self.variants.holds(&cell.variant_id, now)
            || self.locations.holds(&cell.loc_id, now)
            || self.cells.holds(&cell, now)
    }
}

#[derive(Debug)]
struct Memory<I> {
    until: FxHashMap<I, Moment>,
}

impl<I> Default for Memory<I> {
    fn default() -> Self {
        Self { until: FxHashMap::default() }
    }
}

impl<I: Eq + Hash> Memory<I> {
    fn remember(&mut self, id: I, now: Moment) {
        if MOST <= self.until.len() {
            self.until.retain(|_, until| now < *until);
        }
        if MOST <= self.until.len() {
            self.until.clear();
        }
        self.until.insert(id, now.plus(REMEMBERED));
    }

    fn holds(&self, id: &I, now: Moment) -> bool {
        self.until.get(id).is_some_and(|until| now < *until)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{MOST, RefusedIds};
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

    #[test]
    fn a_refusal_is_remembered_for_ten_minutes() {
        let mut refused = RefusedIds::default();
        refused.remember(&refusals(7..=7), Moment::default());
        let after = |seconds| Moment::default().plus(Duration::from_secs(seconds));
        assert!(refused.holds(cell(7, 1), after(599)));
        assert!(!refused.holds(cell(8, 1), after(599)));
        assert!(!refused.holds(cell(7, 1), after(600)));
    }

    #[test]
    fn invented_ids_cannot_fill_the_memory() {
        let mut refused = RefusedIds::default();
        refused.remember(&refusals(1..=u64::try_from(MOST).unwrap() * 3), Moment::default());
        assert!(refused.variants.until.len() <= MOST);
    }
}
