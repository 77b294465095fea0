//! The answer to a tile: the rows of its pages, as far as they came.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::cache::entry::{Finding, Unchanged};
use crate::cache::order::CallTimes;
use crate::domain::cell::{CellId, MissingReason};
use crate::domain::id::{RowId, VariantId};
use crate::domain::row::Row;
use crate::haravan::InventoryPage;
use crate::plan::Tile;
use crate::plan::page_end::sentinel::Sentinel;

/// The rows of a tile, as far as they came.
#[derive(Default)]
pub(super) struct TileAnswer {
    pub(super) rows: FxHashMap<CellId, (Row, CallTimes)>,
    /// Cells whose row cannot be read.
    pub(super) unreadable: FxHashSet<CellId>,
    /// The time from the first call to the last. A row that did not come was absent at some moment in it.
    pub(super) calls: Option<CallTimes>,
    /// Whether a row came that may be any cell's. Then no cell is known to have no row.
    pub(super) has_untold: bool,
    /// Cells for which a page had two rows.
    pub(super) repeated: FxHashSet<CellId>,
    /// Rows that came with the sentinel.
    besides: FxHashSet<CellId>,
    /// The id of the sentinel's row, if it came.
    pub(super) sentinel: Option<u64>,
}

/// What is known of the cells whose rows did not come.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rest {
    /// They have no row.
    NoRow,
    /// They are as they were.
    Unchanged(Unchanged),
    /// Nothing, for this reason.
    Unknown(MissingReason),
}

impl Rest {
    /// What it says of one of the cells, or the reason why that is unknown.
    pub(super) fn finding(self) -> Result<Finding, MissingReason> {
        match self {
            Self::NoRow => Ok(Finding::NoRow),
            Self::Unchanged(unchanged) => Ok(Finding::Unchanged(unchanged)),
            Self::Unknown(reason) => Err(reason),
        }
    }
}

impl TileAnswer {
    /// The number of the tile's cells that came, readable or not.
    pub(super) fn came(&self) -> usize {
        self.rows.len() + self.unreadable.len()
    }

    /// The same, with the cells that came beside the sentinel.
    pub(super) fn came_in_all(&self) -> usize {
        self.came() + self.besides.len()
    }

    /// The variants of the rows that came, one for each.
    pub(super) fn variants(&self) -> impl ExactSizeIterator<Item = VariantId> {
        let cells: Vec<VariantId> =
            self.rows.keys().chain(&self.unreadable).map(|cell| cell.variant_id).collect();
        cells.into_iter()
    }

    /// Takes a page's rows, and ignores those for cells that were not asked for.
    ///
    /// Of two rows for one cell, the one of the later page counts, since the balance was made anew between the two. Of
    /// two in one page, the newer counts, if both can be read. Returns the rows that repeat a cell of the page.
    pub(super) fn take(
        &mut self,
        page: InventoryPage,
        times: CallTimes,
        tile: &Tile,
        sentinel: Option<&Sentinel>,
    ) -> Vec<RowId> {
        self.calls = Some(self.calls.map_or(times, |first| first.until(times)));
        let mut repeated = Vec::new();
        let mut in_page = FxHashSet::default();
        for row in page.rows {
            let cell = row.cell_id();
            if !self.is_wanted(cell, row.id, tile, sentinel) {
                continue;
            }
            if !in_page.insert(cell) {
                repeated.push(row.id);
                self.repeated.insert(cell);
            }
            if self.unreadable.contains(&cell) {
                continue;
            }
            let older = self.rows.get(&cell).is_some_and(|(known, page)| {
                let (known, new) = (page.orders(known.updated_at), times.orders(row.updated_at));
                *page == times && known.zip(new).is_some_and(|(known, new)| new < known)
            });
            if !older {
                self.rows.insert(cell, (row, times));
            }
        }
        for row in page.unreadable {
            match row.cell {
                None => self.has_untold = true,
                // If one of two rows cannot be read, it is unknown which of them counts.
                Some(cell) if tile.contains(cell.variant_id, cell.loc_id) => {
                    self.rows.remove(&cell);
                    self.unreadable.insert(cell);
                }
                Some(cell) => {
                    if sentinel.is_some_and(|with| with.asked.contains(cell.variant_id, cell.loc_id)) {
                        self.besides.insert(cell);
                    }
                }
            }
        }
        repeated
    }

    /// Whether a row belongs to the tile. Notes it if it came beside the sentinel.
    fn is_wanted(&mut self, cell: CellId, id: RowId, tile: &Tile, sentinel: Option<&Sentinel>) -> bool {
        let Some(sentinel) = sentinel else { return tile.contains(cell.variant_id, cell.loc_id) };
        if sentinel.cell == cell {
            self.sentinel = Some(id.get());
        }
        let is_wanted = tile.contains(cell.variant_id, cell.loc_id);
        if !is_wanted && sentinel.asked.contains(cell.variant_id, cell.loc_id) {
            self.besides.insert(cell);
        }
        is_wanted
    }
}

/// Halves a tile along its longer axis. `None` if it is a single cell.
pub(super) fn split(tile: &Tile) -> Option<(Tile, Tile)> {
    let (variants, locations) = (tile.variants.len(), tile.locations.len());
    if locations <= variants {
        let (first, second) = tile.variants.split_at_checked(variants / 2)?;
        let half =
            |ids: &[VariantId]| Tile { variants: ids.to_vec(), locations: Arc::clone(&tile.locations) };
        (!first.is_empty()).then(|| (half(first), half(second)))
    } else {
        let (first, second) = tile.locations.split_at_checked(locations / 2)?;
        let half = |ids: &[_]| Tile { variants: tile.variants.clone(), locations: Arc::from(ids) };
        (!first.is_empty()).then(|| (half(first), half(second)))
    }
}
