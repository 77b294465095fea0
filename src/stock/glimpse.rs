//! A look at a grid all of whose cells are fresh in the cache: the read path of a hit, and nothing else.

use std::sync::Arc;

use super::Basis;
use super::shop::Shop;
use crate::cache::Changes;
use crate::cache::freshness::FreshnessWish;
use crate::cache::row_texts::{CellText, RowTexts};
use crate::clock::Moment;
use crate::domain::id::{LocationId, RowId};
use crate::domain::location::LocationBook;
use crate::query::Grid;

/// A grid all of whose cells were fresh in the cache, with its rows as text.
#[derive(Debug)]
pub struct Glimpse {
    /// One for each variant.
    texts: Vec<Arc<RowTexts>>,
    rows: Vec<GlimpsedRow>,
    cells: usize,
    changes: Changes,
    oldest: Moment,
    fresh_until: Moment,
}

/// A row of a glimpse.
#[derive(Debug, Clone, Copy)]
pub struct GlimpsedRow {
    /// The row.
    pub id: RowId,
    variant: u32,
    cell: u32,
}

impl Shop {
    /// Reads a grid if all of it is fresh in the cache: nothing is asked of Haravan, nobody waits, and nothing is
    /// counted until [`Shop::count_hits`].
    #[must_use]
    pub fn glimpse(&self, grid: &Grid) -> Option<Glimpse> {
        let (purges, changes) = (self.purges(), self.cache().changes());
        let fresh_from = self.freshness().fresh_from(self.clock().now(), &FreshnessWish::default())?;
        let mut look = Look::new(grid, fresh_from);
        let mut texts = Vec::with_capacity(grid.variants.len());
        for (variant, variant_id) in (0..).zip(grid.variants.iter()) {
            let rows = self.cache().texts(*variant_id, changes)?;
            look.look_into(variant, rows.cells())?;
            texts.push(rows);
        }
        // What was looked at before a purge must not be served after it.
        if purges != self.purges() {
            return None;
        }
        let oldest = look.oldest?;
        let fresh_until = oldest.plus(self.freshness().fresh);
        Some(Glimpse { texts, rows: look.rows, cells: grid.cells(), changes, oldest, fresh_until })
    }
}

impl Glimpse {
    /// The rows, by variant and location, to be ordered as the answer wants them.
    pub fn rows_mut(&mut self) -> &mut Vec<GlimpsedRow> {
        &mut self.rows
    }

    /// The JSON of the rows as Haravan sent them, in the order that they were brought into.
    pub fn row_texts(&self) -> impl Iterator<Item = &[u8]> {
        self.rows.iter().filter_map(|row| {
            let texts = self.texts.get(usize::try_from(row.variant).ok()?)?;
            Some(texts.text(texts.cells().get(usize::try_from(row.cell).ok()?)?))
        })
    }

    /// What an answer made of this rests on, if it took its locations from this book.
    #[must_use]
    pub fn basis(&self, book: Option<Arc<LocationBook>>) -> Basis {
        let entries = self.texts.iter().map(|texts| (texts.variant_id(), texts.version())).collect();
        Basis::new(entries, self.changes, (self.oldest, self.fresh_until), book, self.cells)
    }
}

/// What was seen of a grid so far.
struct Look<'a> {
    locations: &'a [LocationId],
    /// Where each location's cell was in the entry before: most variants are known at the same locations, so it is
    /// there in this one too.
    usual: Vec<usize>,
    fresh_from: Moment,
    oldest: Option<Moment>,
    rows: Vec<GlimpsedRow>,
}

impl<'a> Look<'a> {
    fn new(grid: &'a Grid, fresh_from: Moment) -> Self {
        let locations = &*grid.locations;
        let usual = (0..locations.len()).collect();
        Self { locations, usual, fresh_from, oldest: None, rows: Vec::with_capacity(grid.cells()) }
    }

    /// Looks at the cells of a variant; none if one is not there, or not fresh.
    fn look_into(&mut self, variant: u32, cells: &[CellText]) -> Option<()> {
        for (loc_id, usual) in self.locations.iter().zip(&mut self.usual) {
            let cell = match cells.get(*usual).filter(|cell| cell.loc_id == *loc_id) {
                Some(cell) => cell,
                None => {
                    *usual = cells.binary_search_by_key(loc_id, |cell| cell.loc_id).ok()?;
                    cells.get(*usual)?
                }
            };
            if cell.observed_at < self.fresh_from {
                return None;
            }
            self.oldest = Some(self.oldest.map_or(cell.observed_at, |oldest| oldest.min(cell.observed_at)));
            if let Some(id) = cell.row_id {
                self.rows.push(GlimpsedRow { id, variant, cell: u32::try_from(*usual).ok()? });
            }
        }
        Some(())
    }
}
