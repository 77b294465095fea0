//! The cells of a grid, a variant at a time.

use crate::domain::cell::{Cell, CellId, MissingReason};
use crate::domain::id::{LocationId, ProductId, VariantId};
use crate::domain::row::Row;

/// All the cells of one variant that were asked for.
#[derive(Debug)]
pub(crate) struct VariantCells {
    pub(crate) variant_id: VariantId,
    /// By location id.
    pub(crate) cells: Vec<(LocationId, Cell)>,
}

impl VariantCells {
    /// The variant's cells with their full ids.
    pub(crate) fn cells(&self) -> impl Iterator<Item = (CellId, &Cell)> {
        let variant_id = self.variant_id;
        self.cells.iter().map(move |(loc_id, cell)| (CellId { variant_id, loc_id: *loc_id }, cell))
    }

    /// The variant's rows, by location id.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &Row> {
        self.cells.iter().filter_map(|(_, cell)| match cell {
            Cell::Row(row) => Some(row),
            Cell::NoRow | Cell::Unknown(_) => None,
        })
    }

    /// The locations whose cells are unknown, and why.
    pub(crate) fn unknown(&self) -> impl Iterator<Item = (LocationId, MissingReason)> {
        self.cells.iter().filter_map(|(loc_id, cell)| match cell {
            Cell::Unknown(reason) => Some((*loc_id, *reason)),
            Cell::Row(_) | Cell::NoRow => None,
        })
    }

    /// The variant's product, known once any row is: only rows tell it. Rows of a variant agree on it; if they
    /// ever do not, the row at the lowest location id counts.
    pub(crate) fn product_id(&self) -> Option<ProductId> {
        self.rows().map(|row| row.product_id).next()
    }
}

/// Gathers the cells of each variant; cells must come ordered by variant.
pub(crate) fn by_variant(cells: impl Iterator<Item = (CellId, Cell)>) -> impl Iterator<Item = VariantCells> {
    let mut stream = cells.peekable();
    std::iter::from_fn(move || {
        let (first, cell) = stream.next()?;
        let mut cells = vec![(first.loc_id, cell)];
        while let Some((id, cell)) = stream.next_if(|(id, _)| id.variant_id == first.variant_id) {
            cells.push((id.loc_id, cell));
        }
        Some(VariantCells { variant_id: first.variant_id, cells })
    })
}
