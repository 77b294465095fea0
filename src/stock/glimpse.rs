//! A look at a grid all of whose cells are fresh in the cache: the read path of a hit, and nothing else.

use std::sync::Arc;

use super::Basis;
use super::shop::Shop;
use crate::cache::Changes;
use crate::cache::entry::{PackedCell, VariantCells};
use crate::cache::freshness::FreshnessWish;
use crate::cache::row_texts::{CellText, RowTexts};
use crate::clock::Moment;
use crate::domain::id::{LocationId, RowId};
use crate::domain::line::Line;
use crate::domain::location::LocationBook;
use crate::query::Grid;

/// A grid all of whose cells were fresh in the cache, with its rows as text.
#[derive(Debug)]
pub struct Glimpse {
    /// One for each variant.
    sources: Vec<Source>,
    rows: Vec<GlimpsedRow>,
    cells: usize,
    changes: Changes,
    oldest: Moment,
    fresh_until: Moment,
}

/// Where a variant's rows come from.
#[derive(Debug)]
enum Source {
    /// They are text already.
    Texts(Arc<RowTexts>),
    /// They are to be written.
    Cells(Arc<VariantCells>),
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
        let mut sources = Vec::with_capacity(grid.variants.len());
        for (variant, variant_id) in (0..).zip(grid.variants.iter()) {
            if let Some(texts) = self.cache().texts(*variant_id, changes) {
                look.look_into(variant, texts.cells())?;
                sources.push(Source::Texts(texts));
            } else {
                let entry = self.cache().get(*variant_id)?;
                look.look_into(variant, entry.cells())?;
                self.cache().keep_texts(&entry, changes);
                sources.push(Source::Cells(entry));
            }
        }
        // What was looked at before a purge must not be served after it.
        if purges != self.purges() {
            return None;
        }
        let oldest = look.oldest?;
        let fresh_until = oldest.plus(self.freshness().fresh);
        Some(Glimpse { sources, rows: look.rows, cells: grid.cells(), changes, oldest, fresh_until })
    }
}

impl Glimpse {
    /// The rows, by variant and location, to be ordered as the answer wants them.
    pub fn rows_mut(&mut self) -> &mut Vec<GlimpsedRow> {
        &mut self.rows
    }

    /// Appends the JSON of the rows as Haravan sent them, in the order that they were brought into, with commas
    /// between them.
    pub fn write_rows(&self, out: &mut Vec<u8>) {
        let mut line = Line::new();
        for (place, row) in self.rows.iter().enumerate() {
            if 0 < place {
                out.push(b',');
            }
            let (Ok(variant), Ok(cell)) = (usize::try_from(row.variant), usize::try_from(row.cell)) else {
                continue;
            };
            match self.sources.get(variant) {
                Some(Source::Texts(texts)) => {
                    out.extend_from_slice(texts.cells().get(cell).map_or(&[], |cell| texts.text(cell)));
                }
                Some(Source::Cells(entry)) => {
                    if let Some(cell) = entry.cells().get(cell) {
                        entry.write_row(cell, &mut line, out);
                    }
                }
                None => {}
            }
        }
    }

    /// What an answer made of this rests on, if it took its locations from this book.
    #[must_use]
    pub fn basis(&self, book: Option<Arc<LocationBook>>) -> Basis {
        let entry = |source: &Source| match source {
            Source::Texts(texts) => (texts.variant_id(), texts.version()),
            Source::Cells(entry) => (entry.variant_id(), entry.version()),
        };
        let entries = self.sources.iter().map(entry).collect();
        Basis::new(entries, self.changes, (self.oldest, self.fresh_until), book, self.cells)
    }
}

/// What a glimpse needs to know of a cell, packed or text.
trait Seen {
    fn loc_id(&self) -> LocationId;
    /// When it was last confirmed; none if it may not be served.
    fn confirmed_at(&self) -> Option<Moment>;
    fn row_id(&self) -> Option<RowId>;
}

impl Seen for CellText {
    fn loc_id(&self) -> LocationId {
        self.loc_id
    }

    fn confirmed_at(&self) -> Option<Moment> {
        Some(self.observed_at)
    }

    fn row_id(&self) -> Option<RowId> {
        self.row_id
    }
}

impl Seen for PackedCell {
    fn loc_id(&self) -> LocationId {
        Self::loc_id(self)
    }

    fn confirmed_at(&self) -> Option<Moment> {
        (!self.is_purged()).then(|| self.observed_at())
    }

    fn row_id(&self) -> Option<RowId> {
        Self::row_id(self)
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
    fn look_into<C: Seen>(&mut self, variant: u32, cells: &[C]) -> Option<()> {
        for (loc_id, usual) in self.locations.iter().zip(&mut self.usual) {
            let cell = match cells.get(*usual).filter(|cell| cell.loc_id() == *loc_id) {
                Some(cell) => cell,
                None => {
                    *usual = cells.binary_search_by_key(loc_id, Seen::loc_id).ok()?;
                    cells.get(*usual)?
                }
            };
            let observed_at = cell.confirmed_at().filter(|observed_at| self.fresh_from <= *observed_at)?;
            self.oldest = Some(self.oldest.map_or(observed_at, |oldest| oldest.min(observed_at)));
            if let Some(id) = cell.row_id() {
                self.rows.push(GlimpsedRow { id, variant, cell: u32::try_from(*usual).ok()? });
            }
        }
        Some(())
    }
}
