//! One variant's cells, packed: 64 bytes a cell, whether it has a row or not.
//!
//! What observations do to an entry is decided by `order.rs` and done by `merging.rs` below this.

mod cells;
mod merging;
mod observation;
mod odd_rows;
mod packed_cell;

use super::order::Standing;
use crate::domain::cell::LentCell;
use crate::domain::id::{LocationId, VariantId};
use crate::domain::line::Line;
use crate::domain::row::{PlainRow, Row, RowIds, Shortage};
use crate::domain::timestamp::Timestamp;

use cells::Cells;
pub use merging::Turns;
pub use observation::{Finding, Observation, Unchanged};
use odd_rows::OddRows;
pub use packed_cell::PackedCell;
use packed_cell::odd_place;

/// What an entry costs beside what its cells allocate: itself, the reference counts, and its place in a bundle. Source:
/// measured, see `benches/engine.rs`.
const ENTRY_OVERHEAD: usize = 136;

/// What an entry with a row below zero costs besides: its places in the index of those. Source: the sizes of a hash
/// table's slot and of a B-tree's, each half full.
const OVERSOLD_OVERHEAD: usize = 96;

/// All that is known of one variant, ascending by location.
#[derive(Debug, Clone)]
pub struct VariantCells {
    variant_id: VariantId,
    /// Tells this entry from every other that the cache has held; zero if the cache never held it.
    version: u64,
    cells: Cells,
    odd: OddRows,
}

impl VariantCells {
    /// An entry that knows nothing yet.
    #[must_use]
    pub fn empty(variant_id: VariantId) -> Self {
        Self { variant_id, version: 0, cells: Cells::default(), odd: OddRows::default() }
    }

    /// This entry under a version.
    #[must_use]
    pub(super) fn with_version(self, version: u64) -> Self {
        Self { version, ..self }
    }

    /// Tells this entry from every other that the same cache has held; zero if it was never held.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The variant.
    #[must_use]
    pub fn variant_id(&self) -> VariantId {
        self.variant_id
    }

    /// The cells, ascending by location.
    #[must_use]
    pub fn cells(&self) -> &[PackedCell] {
        self.cells.as_slice()
    }

    /// The cell at a location, if anything is known of it.
    #[must_use]
    pub fn cell(&self, loc_id: LocationId) -> Option<&PackedCell> {
        let at = self.cells().binary_search_by_key(&loc_id, |cell| cell.loc_id).ok()?;
        self.cells().get(at)
    }

    /// One of this entry's cells, to be looked at. Sums over many cells spend most of their time here, so it is part of
    /// their loops.
    #[must_use]
    #[inline]
    pub fn lent(&self, cell: &PackedCell) -> LentCell<'_> {
        let (Some(id), Some(product_id)) = (cell.row_id, cell.product_id) else { return LentCell::NoRow };
        if cell.is_odd() {
            return self.odd_row(cell).map_or(LentCell::NoRow, LentCell::Row);
        }
        LentCell::Plain(PlainRow {
            ids: RowIds { id, loc_id: cell.loc_id, product_id, variant_id: self.variant_id },
            quantities: cell.quantities,
            updated_at: Timestamp::from_parts(cell.updated_at, cell.digits),
        })
    }

    /// Appends the JSON of the row of one of this entry's cells, as Haravan sent it; nothing if there is no row. The
    /// line is space to work in: what was in it is gone.
    #[inline]
    pub fn write_row(&self, cell: &PackedCell, line: &mut Line, out: &mut Vec<u8>) {
        let (Some(id), Some(product_id)) = (cell.row_id, cell.product_id) else { return };
        if cell.is_odd() {
            if let Some(row) = self.odd_row(cell) {
                row.write_json(out);
            }
            return;
        }
        let ids = RowIds { id, loc_id: cell.loc_id, product_id, variant_id: self.variant_id };
        let updated_at = Timestamp::from_parts(cell.updated_at, cell.digits);
        let write_quantity = |line: &mut Line, quantity: i32| line.signed(i64::from(quantity));
        line.clear();
        ids.write_canonical(line, cell.quantities, write_quantity, updated_at);
        out.extend_from_slice(line.as_bytes());
    }

    /// The bytes this entry costs the cache, honestly: cells, odd rows with their texts, and the node itself.
    #[must_use]
    pub fn weight(&self) -> usize {
        let oversold = if self.worst_shortage().is_some() { OVERSOLD_OVERHEAD } else { 0 };
        ENTRY_OVERHEAD + self.cells.allocated() + self.odd.weight() + oversold
    }

    /// The part of this entry at these locations, ascending.
    #[must_use]
    pub fn only_at(&self, locations: &[LocationId]) -> Self {
        let (mut cells, mut odd) = (Vec::with_capacity(locations.len()), Vec::new());
        for cell in self.cells().iter().filter(|cell| locations.binary_search(&cell.loc_id).is_ok()) {
            self.keep(cell, &mut cells, &mut odd);
        }
        Self { variant_id: self.variant_id, version: 0, cells: cells.into(), odd: odd.into() }
    }

    /// The locations, ascending, where something else is known than in an earlier entry of the variant: another row, or
    /// another standing.
    #[must_use]
    pub fn differences(&self, earlier: Option<&Self>) -> Vec<LocationId> {
        let is_known = |cell: &PackedCell| {
            let known = earlier.and_then(|earlier| Some((earlier, earlier.cell(cell.loc_id)?)));
            known.is_some_and(|(earlier, known)| {
                known.standing == cell.standing && earlier.lent(known).to_cell() == self.lent(cell).to_cell()
            })
        };
        self.cells().iter().filter(|cell| !is_known(cell)).map(PackedCell::loc_id).collect()
    }

    /// How many of the cells have fewer than no pieces available.
    #[must_use]
    pub fn negative_rows(&self) -> usize {
        let negative = |cell: &&PackedCell| self.lent(cell).shortage().is_some();
        self.cells().iter().filter(negative).count()
    }

    /// How far below zero the worst of the rows is that may be served; `None` if no row is.
    #[must_use]
    pub fn worst_shortage(&self) -> Option<Shortage> {
        let served = self.cells().iter().filter(|cell| !cell.is_purged());
        served.filter_map(|cell| self.lent(cell).shortage()).max()
    }

    /// This entry with the cells at these locations (all, if none are named) marked as purged.
    #[must_use]
    pub fn purged(&self, locations: Option<&[LocationId]>) -> Self {
        let mut purged = self.clone();
        for cell in purged.cells.as_mut_slice() {
            if locations.is_none_or(|locations| locations.binary_search(&cell.loc_id).is_ok()) {
                cell.standing = Standing::Purged;
            }
        }
        purged
    }

    fn odd_row(&self, cell: &PackedCell) -> Option<&Row> {
        let [place, ..] = cell.quantities;
        self.odd.get(usize::try_from(place).ok()?)
    }

    /// Copies a cell of this entry into another's making.
    fn keep(&self, cell: &PackedCell, cells: &mut Vec<PackedCell>, odd: &mut Vec<Row>) {
        let mut cell = *cell;
        if cell.is_odd()
            && let Some(row) = self.odd_row(&cell)
        {
            cell.quantities = odd_place(odd);
            odd.push(row.clone());
        }
        cells.push(cell);
    }
}

#[cfg(test)]
mod tests;
