//! The cells of a grid, a variant at a time.

use crate::domain::cell::{Cell, CellId, LentCell, MissingReason};
use crate::domain::id::{LocationId, ProductId, VariantId};
use crate::domain::location::{LocationBook, LocationClass};
use crate::domain::row::Row;

/// The cells of a grid: each exactly once, ordered by variant and then location.
///
/// They are shown, not handed over: a sum over hundreds of thousands of cells should not move them about.
pub trait Cells {
    /// Shows each cell in turn.
    fn each(self, show: impl FnMut(CellId, &Cell));
}

impl<I: Iterator<Item = (CellId, Cell)>> Cells for I {
    fn each(self, mut show: impl FnMut(CellId, &Cell)) {
        self.for_each(|(id, cell)| show(id, &cell));
    }
}

/// The cells of a grid, kept, to be shown a variant at a time: for an answer that is made while it is sent.
pub trait CellsByVariant: Send + 'static {
    /// The grid's variants, ascending.
    fn variant_ids(&self) -> &[VariantId];

    /// The grid's locations, ascending.
    fn location_ids(&self) -> &[LocationId];

    /// Shows the cells of the variant in this place of the list: one at each location, in their order; `None` if there
    /// is no such place.
    fn each_of(&self, place: usize, show: impl FnMut(CellId, LentCell<'_>));
}

/// All the cells of one variant that were asked for.
#[derive(Debug)]
pub(crate) struct VariantCells {
    pub(crate) variant_id: VariantId,
    /// By location id.
    pub(crate) cells: Vec<(LocationId, Cell)>,
    /// How many cells belong to it besides, whose location is not known.
    pub(crate) untold: u64,
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

    /// Whether every cell of the variant is known, and every row can be computed with.
    pub(crate) fn is_complete(&self) -> bool {
        self.untold == 0 && self.unknown().next().is_none() && self.rows().all(Row::is_exact)
    }

    /// Whether more may be sold of it than the locations hold that are known to sell: a cell that is not known may
    /// hold something, a number that is not computed with may be any, or what is known to be there may be for sale.
    pub(crate) fn more_may_sell(&self, book: &LocationBook) -> bool {
        0 < self.untold
            || self.cells.iter().any(|(loc_id, cell)| match cell {
                Cell::Unknown(_) => book.may_be_sellable(*loc_id),
                Cell::Row(row) => match row.available() {
                    Some(available) => {
                        available.is_positive() && book.class(*loc_id) == LocationClass::Unknown
                    }
                    None => !row.qty_available.is_negative() && book.may_be_sellable(*loc_id),
                },
                Cell::NoRow => false,
            })
    }

    /// The variant's product, known once any row is: only rows name it. Rows of a variant agree on it; if they
    /// ever do not, the row at the lowest location id counts.
    pub(crate) fn product_id(&self) -> Option<ProductId> {
        self.rows().map(|row| row.product_id).next()
    }
}

/// Gathers the cells of each variant and hands them on. One variant's cells stand in memory at a time, in the same
/// place.
///
/// To each belong `untold` further cells.
pub(crate) fn each_variant(cells: impl Cells, untold: u64, mut each: impl FnMut(&VariantCells)) {
    let mut gathered: Option<VariantCells> = None;
    cells.each(|CellId { variant_id, loc_id }, cell| {
        let variant = gathered.get_or_insert_with(|| VariantCells { variant_id, cells: Vec::new(), untold });
        if variant.variant_id != variant_id {
            each(variant);
            variant.variant_id = variant_id;
            variant.cells.clear();
        }
        variant.cells.push((loc_id, cell.clone()));
    });
    if let Some(variant) = &gathered {
        each(variant);
    }
}
