//! The rows of one variant as text, ready to be joined to an answer: what a hit copies instead of writing.
//!
//! A row's text is three times as large as its packed cell, so texts are kept of what is hit alone, in a bound of
//! their own.

use std::sync::atomic::{AtomicU64, Ordering};

use super::Changes;
use super::entry::VariantCells;
use crate::clock::Moment;
use crate::domain::id::{LocationId, RowId, VariantId};
use crate::domain::line::Line;

/// The bytes a row takes up, roughly. Source: measured; documented rows have 180 to 230.
const ROW_BYTES: usize = 200;

/// What the cache's node and the reference counts cost. Source: as for entries, see `benches/`.
const OVERHEAD: usize = 160;

/// The rows of one entry as text, and what there is to know of its cells.
#[derive(Debug)]
pub struct RowTexts {
    variant_id: VariantId,
    /// The version of the entry.
    version: u64,
    /// The changes at which the entry was last seen to be held.
    seen: AtomicU64,
    /// Ascending by location; purged ones are left out.
    cells: Box<[CellText]>,
    text: Box<[u8]>,
}

/// A cell, and where its row's text is.
#[derive(Debug, Clone, Copy)]
pub struct CellText {
    /// The location.
    pub loc_id: LocationId,
    /// When the cell was last confirmed.
    pub observed_at: Moment,
    /// Its row, if it has one.
    pub row_id: Option<RowId>,
    start: u32,
    length: u32,
}

impl RowTexts {
    /// The rows of an entry that is held at this count of changes.
    #[must_use]
    pub fn of(entry: &VariantCells, changes: Changes) -> Self {
        let mut text = Vec::with_capacity(entry.cells().len() * ROW_BYTES);
        let mut line = Line::new();
        let mut cells = Vec::with_capacity(entry.cells().len());
        for cell in entry.cells().iter().filter(|cell| !cell.is_purged()) {
            let start = text.len();
            entry.write_row(cell, &mut line, &mut text);
            let (Ok(start), Ok(length)) = (u32::try_from(start), u32::try_from(text.len() - start)) else {
                // Beyond 4 GiB: not even an entry of the most cells that may be asked for is.
                break;
            };
            let (loc_id, observed_at, row_id) = (cell.loc_id(), cell.observed_at(), cell.row_id());
            cells.push(CellText { loc_id, observed_at, row_id, start, length });
        }
        Self {
            variant_id: entry.variant_id(),
            version: entry.version(),
            seen: AtomicU64::new(changes.count()),
            cells: cells.into(),
            text: text.into(),
        }
    }

    /// The variant.
    #[must_use]
    pub fn variant_id(&self) -> VariantId {
        self.variant_id
    }

    /// The version of the entry.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The cells, ascending by location.
    #[must_use]
    pub fn cells(&self) -> &[CellText] {
        &self.cells
    }

    /// The text of the row of one of these cells; empty if it has none.
    #[must_use]
    pub fn text(&self, cell: &CellText) -> &[u8] {
        let start = usize::try_from(cell.start).unwrap_or(usize::MAX);
        let end = start.saturating_add(usize::try_from(cell.length).unwrap_or(usize::MAX));
        self.text.get(start..end).unwrap_or_default()
    }

    /// Whether the entry was seen to be held at this count of changes.
    pub(super) fn stands_at(&self, changes: Changes) -> bool {
        self.seen.load(Ordering::Relaxed) == changes.count()
    }

    /// Notes that it was.
    pub(super) fn stood_at(&self, changes: Changes) {
        self.seen.store(changes.count(), Ordering::Relaxed);
    }

    /// The bytes this takes up.
    pub(super) fn weight(&self) -> usize {
        OVERHEAD + size_of::<Self>() + size_of_val(&*self.cells) + self.text.len()
    }
}
