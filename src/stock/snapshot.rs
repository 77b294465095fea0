//! A grid's cells as one question found them.

use std::sync::Arc;

use crate::cache::Changes;
use crate::cache::entry::{PackedCell, VariantCells};
use crate::clock::Moment;
use crate::domain::cell::{Cell, CellId, MissingReason};
use crate::domain::id::{LocationId, RowId, VariantId};
use crate::domain::row::Row;
use crate::query::Grid;

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
    /// Calls made for the cells that were fetched or joined.
    pub calls: usize,
    /// How long the freshest promise holds: seconds until the first cell goes stale.
    pub ttl_seconds: Option<u64>,
}

/// Every cell of a grid, known or not.
#[derive(Debug, Clone)]
pub struct Snapshot {
    grid: Grid,
    /// One for each variant of the grid.
    entries: Vec<Option<Arc<VariantCells>>>,
    /// The cells that are unknown, ascending, whatever the entries say.
    unknown: Vec<(CellId, MissingReason)>,
    tally: ReadTally,
    held: Option<Held>,
}

/// What is known of a snapshot whose every cell was fresh in the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Held {
    /// The cache's changes before it was looked into.
    pub(super) changes: Changes,
    /// When the oldest cell was confirmed.
    pub(super) oldest: Moment,
}

impl Snapshot {
    /// A snapshot of `grid`: `entries` are its variants' in order; a cell that neither its entry nor `unknown`
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
        Self { grid, entries, unknown, tally, held: None }
    }

    /// A snapshot of cells that were all fresh in the cache.
    pub(super) fn of_held(
        grid: Grid,
        entries: Vec<Option<Arc<VariantCells>>>,
        tally: ReadTally,
        held: Held,
    ) -> Self {
        Self { grid, entries, unknown: Vec::new(), tally, held: Some(held) }
    }

    /// What is known of it, if every cell was fresh in the cache.
    pub(super) fn held(&self) -> Option<Held> {
        self.held
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
        self.packed().map(|(variant_id, loc_id, found)| {
            let id = CellId { variant_id, loc_id };
            let cell = match found {
                Ok((entry, packed)) => entry.row(packed).map_or(Cell::NoRow, Cell::Row),
                Err(reason) => Cell::Unknown(reason),
            };
            (id, cell)
        })
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
        if let Some(held) = self.held {
            return Some(held.oldest);
        }
        self.packed().filter_map(|(_, _, found)| found.ok()).map(|(_, packed)| packed.observed_at()).min()
    }

    fn packed(
        &self,
    ) -> impl Iterator<Item = (VariantId, LocationId, Result<(&VariantCells, &PackedCell), MissingReason>)> + '_
    {
        let mut unknown = self.unknown.iter().peekable();
        self.grid.variants.iter().zip(&self.entries).flat_map(move |(variant_id, entry)| {
            let mut found = Vec::with_capacity(self.grid.locations.len());
            let mut cells = entry.as_deref().map_or(&[][..], VariantCells::cells).iter().peekable();
            for loc_id in self.grid.locations.iter() {
                let id = CellId { variant_id: *variant_id, loc_id: *loc_id };
                while cells.next_if(|cell| cell.loc_id() < *loc_id).is_some() {}
                let known = cells.next_if(|cell| cell.loc_id() == *loc_id);
                let missing = unknown.next_if(|(cell, _)| *cell == id).map(|(_, reason)| *reason);
                let state = match (missing, entry.as_deref(), known) {
                    (None, Some(entry), Some(packed)) => Ok((entry, packed)),
                    (None, ..) => Err(MissingReason::Failed),
                    (Some(reason), ..) => Err(reason),
                };
                found.push((*variant_id, *loc_id, state));
            }
            found
        })
    }
}
