//! A reading: a grid's cells as one question found them.

mod cells;

use std::sync::Arc;

use self::cells::{GridCells, lent};
use crate::cache::entry::{PackedCell, VariantCells};
use crate::cache::{Changes, KnownProducts, PurgeCount, PurgesSince};
use crate::clock::Moment;
use crate::coop::Pieces;
use crate::domain::cell::{Cell, CellId, LentCell, MissingReason};
use crate::domain::id::{LocationId, RowId, VariantId};
use crate::domain::row::Row;
use crate::query::Grid;
use crate::view::grid::{Cells, CellsByVariant};

/// Cells looked through at a stretch. Source: ours; some 200 µs of work.
const PIECE: usize = 32_768;

/// Cells shown to a view at a stretch: more than a thread that serves callers ever shows, so that it never yields.
/// Source: ours; some 300 µs of work.
const PIECE_OF_A_VIEW: usize = 1_024;

/// Where a question's cells came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReadTally {
    /// Served fresh from the cache.
    pub hit: usize,
    /// Served stale from the cache.
    pub stale: usize,
    /// Asked of Haravan for this question.
    pub fetched: usize,
    /// Waited for, since another question had asked Haravan for it.
    pub joined: usize,
    /// Calls made for the cells that were fetched or joined, and those that the refresh of stale ones will take.
    pub calls: usize,
    /// Seconds until the first cell goes stale.
    pub ttl_seconds: Option<u64>,
}

/// Every cell of a grid, known or not.
#[derive(Debug, Clone)]
pub struct Reading {
    cells: GridCells,
    tally: ReadTally,
    all_fresh: Option<AllFresh>,
    oldest: Option<Moment>,
    seen: PurgeCount,
}

/// What is known of a reading whose every cell was fresh in the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AllFresh {
    /// The cache's changes before it was looked into.
    pub(super) changes: Changes,
    /// When the oldest cell was confirmed.
    pub(super) oldest: Moment,
}

impl Reading {
    /// A reading of `grid`, with an entry for each of its variants in order. A cell that is neither in its entry nor in
    /// `unknown` counts as failed.
    #[must_use]
    pub fn new(
        grid: Grid,
        entries: Vec<Option<Arc<VariantCells>>>,
        mut unknown: Vec<(CellId, MissingReason)>,
        tally: ReadTally,
    ) -> Self {
        unknown.sort_unstable_by_key(|(cell, _)| *cell);
        unknown.dedup_by_key(|(cell, _)| *cell);
        let seen = PurgeCount::default();
        let cells = GridCells { grid, entries, unknown };
        let mut reading = Self { cells, tally, all_fresh: None, oldest: None, seen };
        let mut pieces = Pieces::of(PIECE);
        let known = reading.cells.packed().inspect(|_| pieces.done(1)).filter_map(|(_, found)| found.ok());
        reading.oldest = known.map(|(_, packed)| packed.observed_at()).min();
        reading
    }

    /// A reading of cells that were all fresh in the cache.
    pub(super) fn of_fresh(
        grid: Grid,
        entries: Vec<Option<Arc<VariantCells>>>,
        tally: ReadTally,
        all_fresh: AllFresh,
    ) -> Self {
        let (unknown, seen) = (Vec::new(), PurgeCount::default());
        let cells = GridCells { grid, entries, unknown };
        Self { cells, tally, all_fresh: Some(all_fresh), oldest: Some(all_fresh.oldest), seen }
    }

    /// The same, with every stale cell counted as stale in the tally. A cell may be in doubt, or come from a call that
    /// began long ago.
    pub(super) fn with_stale_counted(mut self, stale_before: Moment) -> Self {
        let mut pieces = Pieces::of(PIECE);
        let is_stale = |cell: &PackedCell| cell.is_doubted() || cell.observed_at() < stale_before;
        let known = self.cells.packed().inspect(|_| pieces.done(1)).filter_map(|(_, found)| found.ok());
        let stale = known.filter(|(_, cell)| !cell.is_purged() && is_stale(cell)).count();
        let more = stale.saturating_sub(self.tally.stale);
        self.tally.stale += more;
        let joined = more.saturating_sub(self.tally.fetched);
        self.tally.fetched = self.tally.fetched.saturating_sub(more);
        self.tally.joined = self.tally.joined.saturating_sub(joined);
        self
    }

    /// The same, after a check that no purge up to this count concerns it.
    pub(super) fn after(self, seen: PurgeCount) -> Self {
        Self { seen, ..self }
    }

    /// The count of purges up to which none concerns this reading. Later ones may.
    #[must_use]
    pub fn seen(&self) -> PurgeCount {
        self.seen
    }

    /// Whether one of these purges concerns a cell that was read before it.
    pub(super) fn is_outdated(&self, since: &PurgesSince) -> bool {
        !since.is_empty() && self.cells.outdated(since).next().is_some()
    }

    /// The same without the cells that were read before one of these purges. They are missing for this reason.
    pub(super) fn without(self, since: &PurgesSince, reason: MissingReason) -> Self {
        let outdated: Vec<CellId> = self.cells.outdated(since).collect();
        let GridCells { grid, entries, mut unknown } = self.cells;
        unknown.retain(|(cell, _)| outdated.binary_search(cell).is_err());
        unknown.extend(outdated.into_iter().map(|cell| (cell, reason)));
        Self::new(grid, entries, unknown, self.tally)
    }

    /// What is known of it, if every cell was fresh in the cache.
    pub(super) fn all_fresh(&self) -> Option<AllFresh> {
        self.all_fresh
    }

    /// The entries, one for each variant of the grid.
    pub(super) fn entries(&self) -> impl Iterator<Item = (VariantId, Option<&VariantCells>)> {
        self.cells.entries()
    }

    /// The grid.
    #[must_use]
    pub fn grid(&self) -> &Grid {
        &self.cells.grid
    }

    /// Where the cells came from.
    #[must_use]
    pub fn tally(&self) -> ReadTally {
        self.tally
    }

    /// The unknown cells, ascending.
    #[must_use]
    pub fn unknown(&self) -> &[(CellId, MissingReason)] {
        &self.cells.unknown
    }

    /// Every cell once, by variant and location.
    pub fn cells(&self) -> impl Iterator<Item = (CellId, Cell)> + '_ {
        self.cells.packed().map(|(id, found)| (id, lent(found).to_cell()))
    }

    /// Calls `show` with every row and its id, by variant and location, without unpacking the row.
    pub fn for_each_row<'a>(&'a self, show: impl FnMut(RowId, &'a VariantCells, &'a PackedCell)) {
        self.cells.for_each_row(show);
    }

    /// The rows, by variant and location.
    #[must_use]
    pub fn rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        self.for_each_row(|_, entry, packed| rows.extend(entry.lent(packed).to_cell().into_row()));
        rows
    }

    /// When the oldest known cell was confirmed. `None` if no cell is known.
    #[must_use]
    pub fn oldest(&self) -> Option<Moment> {
        self.oldest
    }
}

impl From<&Reading> for KnownProducts {
    /// What is known of the products of a reading's variants.
    fn from(reading: &Reading) -> Self {
        Self::of(reading.cells.entries.iter().map(Option::as_deref))
    }
}

impl Cells for &Reading {
    fn each(self, mut show: impl FnMut(CellId, &Cell)) {
        let mut pieces = Pieces::of(PIECE_OF_A_VIEW);
        for (id, found) in self.cells.packed() {
            show(id, &lent(found).to_cell());
            pieces.done(1);
        }
    }
}

impl CellsByVariant for Reading {
    fn variant_ids(&self) -> &[VariantId] {
        &self.cells.grid.variants
    }

    fn location_ids(&self) -> &[LocationId] {
        &self.cells.grid.locations
    }

    fn each_of(&self, place: usize, mut show: impl FnMut(CellId, LentCell<'_>)) {
        let (Some(variant_id), Some(entry)) =
            (self.cells.grid.variants.get(place), self.cells.entries.get(place))
        else {
            return;
        };
        self.cells.each_of(*variant_id, entry.as_deref(), |id, found| show(id, lent(found)));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{ReadTally, Reading};
    use crate::cache::entry::{Finding, Observation, VariantCells};
    use crate::cache::order::CallTimes;
    use crate::clock::Clock;
    use crate::domain::cell::{Cell, CellId, MissingReason};
    use crate::domain::id::{LocationId, VariantId};
    use crate::query::{Grid, IdList};
    use crate::view::grid::{Cells, CellsByVariant};

    fn id(variant: u64, location: u64) -> CellId {
        CellId { variant_id: VariantId::new(variant).unwrap(), loc_id: LocationId::new(location).unwrap() }
    }

    #[test]
    fn every_cell_of_the_grid_is_told_once_whatever_is_known_of_it() {
        let call = CallTimes::at(Clock::start().now());
        // Locations 1, 3 and 4 are known of each variant but the third, of which nothing is.
        let entry = |variant| {
            let no_row = |loc_id| Observation {
                loc_id: LocationId::new(loc_id).unwrap(),
                finding: Finding::NoRow,
                call,
            };
            let known = VariantCells::empty(VariantId::new(variant).unwrap());
            (variant != 3).then(|| Arc::new(known.merged([1, 3, 4].map(no_row).into())))
        };
        let variants = IdList::parse("variant_ids", "1,2,3,4").unwrap();
        let grid = Grid::new(variants, IdList::parse("location_ids", "2,3,4,5").unwrap(), 100).unwrap();
        let mut unknown = vec![
            (id(4, 3), MissingReason::Timeout),
            (id(2, 4), MissingReason::Refused),
            (id(2, 2), MissingReason::Unauthorized),
        ];
        let reading = Reading::new(grid, (1..=4).map(entry).collect(), unknown.clone(), ReadTally::default());
        let mut expected = Vec::new();
        for variant in 1..=4 {
            for location in 2..=5 {
                let cell = id(variant, location);
                let named = unknown.extract_if(.., |(other, _)| *other == cell).next();
                let is_held = variant != 3 && (location == 3 || location == 4);
                expected.push((
                    cell,
                    match named {
                        Some((_, reason)) => Cell::Unknown(reason),
                        None if is_held => Cell::NoRow,
                        None => Cell::Unknown(MissingReason::Failed),
                    },
                ));
            }
        }
        assert_eq!(reading.cells().collect::<Vec<_>>(), expected);
        let mut shown = Vec::new();
        Cells::each(&reading, |id, cell| shown.push((id, cell.clone())));
        assert_eq!(shown, expected);
        let mut by_variant = Vec::new();
        for place in 0..reading.variant_ids().len() {
            reading.each_of(place, |id, cell| by_variant.push((id, cell.to_cell())));
        }
        assert_eq!(by_variant, expected);
    }
}
