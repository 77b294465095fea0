//! A grid's cells as one question found them.

use std::sync::Arc;

use crate::cache::entry::{PackedCell, VariantCells};
use crate::cache::{Changes, PurgeCount, PurgesSince};
use crate::clock::Moment;
use crate::coop::Pieces;
use crate::domain::cell::{Cell, CellId, MissingReason};
use crate::domain::id::{LocationId, RowId, VariantId};
use crate::domain::row::Row;
use crate::query::Grid;
use crate::view::grid::{Cells, CellsByVariant};

/// Cells looked through at a stretch. Source: ours; some 200 µs of work.
const PIECE: usize = 32_768;

/// Cells shown to a view at a stretch: more than a thread that serves callers ever shows, so that it never gives way.
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
    /// Asked of Haravan already for another question, and waited for.
    pub joined: usize,
    /// Calls made for the cells that were fetched or joined, and those that the refresh of stale ones will take.
    pub calls: usize,
    /// How long the freshest promise holds: seconds until the first cell goes stale.
    pub ttl_seconds: Option<u64>,
}

/// Every cell of a grid, known or not.
#[derive(Debug, Clone)]
pub struct Reading {
    grid: Grid,
    /// One for each variant of the grid.
    entries: Vec<Option<Arc<VariantCells>>>,
    /// The cells that are unknown, ascending, whatever the entries say.
    unknown: Vec<(CellId, MissingReason)>,
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

/// A cell with its entry, or why it is unknown.
type Found<'a> = Result<(&'a VariantCells, &'a PackedCell), MissingReason>;

impl Reading {
    /// A reading of `grid`: `entries` are its variants' in order; a cell that neither its entry nor `unknown`
    /// tells of counts as failed.
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
        let mut reading = Self { grid, entries, unknown, tally, all_fresh: None, oldest: None, seen };
        let mut pieces = Pieces::of(PIECE);
        let known = reading.packed().inspect(|_| pieces.done(1)).filter_map(|(_, found)| found.ok());
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
        Self {
            grid,
            entries,
            unknown,
            tally,
            all_fresh: Some(all_fresh),
            oldest: Some(all_fresh.oldest),
            seen,
        }
    }

    /// The same, whose tally counts as stale all that is: a cell may have come of a call that began long ago, or be in
    /// doubt.
    pub(super) fn with_stale_counted(mut self, stale_before: Moment) -> Self {
        let mut pieces = Pieces::of(PIECE);
        let is_stale = |cell: &PackedCell| cell.is_doubted() || cell.observed_at() < stale_before;
        let known = self.packed().inspect(|_| pieces.done(1)).filter_map(|(_, found)| found.ok());
        let stale = known.filter(|(_, cell)| !cell.is_purged() && is_stale(cell)).count();
        let more = stale.saturating_sub(self.tally.stale);
        self.tally.stale += more;
        let joined = more.saturating_sub(self.tally.fetched);
        self.tally.fetched = self.tally.fetched.saturating_sub(more);
        self.tally.joined = self.tally.joined.saturating_sub(joined);
        self
    }

    /// The same, of which no purge up to this count concerns what was read before it.
    pub(super) fn after(self, seen: PurgeCount) -> Self {
        Self { seen, ..self }
    }

    /// No purge up to this count concerns what was read before it; later ones may.
    #[must_use]
    pub fn seen(&self) -> PurgeCount {
        self.seen
    }

    /// Whether something in it was read before one of these purges that concerns it.
    pub(super) fn is_outdated(&self, since: &PurgesSince) -> bool {
        !since.is_empty() && self.outdated(since).next().is_some()
    }

    /// The same without what was read before one of these purges: that is missing for this reason.
    pub(super) fn without(self, since: &PurgesSince, reason: MissingReason) -> Self {
        let outdated: Vec<CellId> = self.outdated(since).collect();
        let mut unknown = self.unknown;
        unknown.retain(|(cell, _)| outdated.binary_search(cell).is_err());
        unknown.extend(outdated.into_iter().map(|cell| (cell, reason)));
        Self::new(self.grid, self.entries, unknown, self.tally)
    }

    /// The cells that were read, or found to be refused, before one of these purges; ascending.
    fn outdated<'a>(&'a self, since: &'a PurgesSince) -> impl Iterator<Item = CellId> + 'a {
        let mut pieces = Pieces::of(PIECE);
        let all = self.packed().inspect(move |_| pieces.done(1));
        all.filter_map(|(cell, found)| {
            let observed_at = match found {
                Ok((_, packed)) if packed.is_purged() => return Some(cell),
                Ok((_, packed)) => packed.observed_at(),
                // When an id was refused is not known: it may have been before.
                Err(MissingReason::Refused) => Moment::default(),
                Err(_) => return None,
            };
            since.outdate(cell.variant_id, cell.loc_id, observed_at).then_some(cell)
        })
    }

    /// What is known of it, if every cell was fresh in the cache.
    pub(super) fn all_fresh(&self) -> Option<AllFresh> {
        self.all_fresh
    }

    /// The entries, one for each variant of the grid.
    pub(super) fn entries(&self) -> impl Iterator<Item = (VariantId, Option<&VariantCells>)> {
        self.grid.variants.iter().copied().zip(self.entries.iter().map(Option::as_deref))
    }

    /// The grid.
    #[must_use]
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// Where the cells came from.
    #[must_use]
    pub fn tally(&self) -> ReadTally {
        self.tally
    }

    /// The unknown cells, ascending.
    #[must_use]
    pub fn unknown(&self) -> &[(CellId, MissingReason)] {
        &self.unknown
    }

    /// Every cell once, by variant and location.
    pub fn cells(&self) -> impl Iterator<Item = (CellId, Cell)> + '_ {
        self.packed().map(|(id, found)| (id, unpacked(found)))
    }

    /// Shows every row with its id, by variant and location, without unpacking it.
    pub fn for_each_row<'a>(&'a self, mut show: impl FnMut(RowId, &'a VariantCells, &'a PackedCell)) {
        let locations = &*self.grid.locations;
        for entry in self.entries.iter().flatten() {
            let mut wanted = locations.iter().peekable();
            for cell in entry.cells() {
                while wanted.next_if(|loc_id| **loc_id < cell.loc_id()).is_some() {}
                let Some(loc_id) = wanted.peek() else { break };
                if **loc_id == cell.loc_id()
                    && let Some(row_id) = cell.row_id()
                    && !cell.is_purged()
                    && !self.is_unknown(entry.variant_id(), cell.loc_id())
                {
                    show(row_id, entry, cell);
                }
            }
        }
    }

    fn is_unknown(&self, variant_id: VariantId, loc_id: LocationId) -> bool {
        let id = CellId { variant_id, loc_id };
        !self.unknown.is_empty() && self.unknown.binary_search_by_key(&id, |(cell, _)| *cell).is_ok()
    }

    /// The rows, by variant and location.
    #[must_use]
    pub fn rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        self.for_each_row(|_, entry, packed| rows.extend(entry.row(packed)));
        rows
    }

    /// When the oldest known cell was confirmed; none if no cell is known.
    #[must_use]
    pub fn oldest(&self) -> Option<Moment> {
        self.oldest
    }

    fn packed(&self) -> impl Iterator<Item = (CellId, Found<'_>)> {
        self.entries().flat_map(|(variant_id, entry)| self.packed_of(variant_id, entry))
    }

    /// A variant's cells, by location.
    fn packed_of<'a>(
        &'a self,
        variant_id: VariantId,
        entry: Option<&'a VariantCells>,
    ) -> impl Iterator<Item = (CellId, Found<'a>)> {
        let mut cells = entry.map_or(&[][..], VariantCells::cells).iter().peekable();
        let mut unknown = self.unknown_of(variant_id).iter().peekable();
        self.grid.locations.iter().map(move |loc_id| {
            while cells.next_if(|cell| cell.loc_id() < *loc_id).is_some() {}
            let known = cells.next_if(|cell| cell.loc_id() == *loc_id);
            while unknown.next_if(|(cell, _)| cell.loc_id < *loc_id).is_some() {}
            let missing = unknown.next_if(|(cell, _)| cell.loc_id == *loc_id).map(|(_, reason)| *reason);
            let state = match (missing, entry, known) {
                (None, Some(entry), Some(packed)) => Ok((entry, packed)),
                (None, ..) => Err(MissingReason::Failed),
                (Some(reason), ..) => Err(reason),
            };
            (CellId { variant_id, loc_id: *loc_id }, state)
        })
    }

    /// The unknown cells of a variant, ascending.
    fn unknown_of(&self, variant_id: VariantId) -> &[(CellId, MissingReason)] {
        let after = self.unknown.partition_point(|(cell, _)| cell.variant_id <= variant_id);
        let (unknown, _) = self.unknown.split_at_checked(after).unwrap_or_default();
        let before = unknown.partition_point(|(cell, _)| cell.variant_id < variant_id);
        unknown.split_at_checked(before).unwrap_or_default().1
    }
}

impl Cells for &Reading {
    fn each(self, mut show: impl FnMut(CellId, &Cell)) {
        let mut pieces = Pieces::of(PIECE_OF_A_VIEW);
        for (id, found) in self.packed() {
            show(id, &unpacked(found));
            pieces.done(1);
        }
    }
}

impl CellsByVariant for Reading {
    fn variant_ids(&self) -> &[VariantId] {
        &self.grid.variants
    }

    fn location_ids(&self) -> &[LocationId] {
        &self.grid.locations
    }

    fn each_of(&self, place: usize, mut show: impl FnMut(CellId, &Cell)) {
        let (Some(variant_id), Some(entry)) = (self.grid.variants.get(place), self.entries.get(place)) else {
            return;
        };
        self.packed_of(*variant_id, entry.as_deref()).for_each(|(id, found)| show(id, &unpacked(found)));
    }
}

#[inline]
fn unpacked(found: Found<'_>) -> Cell {
    match found {
        // Whoever made the reading has left none in it; a cell that was purged is never told of.
        Ok((_, packed)) if packed.is_purged() => Cell::Unknown(MissingReason::Failed),
        Ok((entry, packed)) => entry.unpacked(packed),
        Err(reason) => Cell::Unknown(reason),
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
            reading.each_of(place, |id, cell| by_variant.push((id, cell.clone())));
        }
        assert_eq!(by_variant, expected);
    }
}
