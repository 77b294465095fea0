//! How much work something is expected to be, before it is begun: what is long is not done by a thread that serves
//! callers.
//!
//! Cells alone do not say it. The cost of a question is told by looking through its cells, an order's locations are
//! chosen among all sets of them, and a coding takes longer than the rows it is for. So each kind of work is estimated
//! here, by what it grows with, and all routes ask the same question: is it long?
//!
//! The figures are rounded; an estimate that is wrong by half moves some work to the other side, no more.

use crate::http::response::coding::Coding;
use crate::query::Grid;
use crate::view::fulfilment;

/// What a thread that serves callers does at a stretch, at most. Source: ours; a hit takes some microseconds, and all
/// that wait behind such a piece of work wait this long.
const SHORT: Work = Work::nanoseconds(250_000);

/// To look one cell up. Source: measured.
const CELL_LOOKED_UP: u64 = 200;
/// To write one row, or to put one cell into a view. Source: measured.
const CELL_WRITTEN: u64 = 500;
/// To read one byte of a body that lists ids, and to put the ids in order. Source: measured.
const BYTE_READ: u64 = 10;
/// The bytes that one cell adds to an answer, at most. Source: ours; most rows have fewer.
const BYTES_OF_A_CELL: usize = 240;
/// To purge one cell. Source: ours; an entry is copied.
const CELL_PURGED: u64 = 100;
/// The cells that are held of a variant, as a rule at most. Source: ours; shops with more locations are rare.
const CELLS_OF_A_VARIANT: usize = 50;
/// To look at one quantity when locations are chosen. Source: measured.
const QUANTITY_CHOSEN: u64 = 40;

/// Work that is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Work {
    nanoseconds: u64,
}

impl Work {
    /// Nothing to do.
    pub(crate) const NONE: Self = Self::nanoseconds(0);

    const fn nanoseconds(nanoseconds: u64) -> Self {
        Self { nanoseconds }
    }

    /// A number of pieces of work that take equally long.
    fn times(count: usize, nanoseconds: u64) -> Self {
        Self { nanoseconds: u64::try_from(count).unwrap_or(u64::MAX).saturating_mul(nanoseconds) }
    }

    /// To read parameters of this many bytes.
    pub(crate) fn to_read(bytes: usize) -> Self {
        Self::times(bytes, BYTE_READ)
    }

    /// To look up the cells of a grid.
    pub(crate) fn to_look_up(grid: &Grid) -> Self {
        Self::times(grid.cells(), CELL_LOOKED_UP)
    }

    /// To say what a grid would cost: its cells are looked up, and those that lack are planned.
    pub(crate) fn to_explain(grid: &Grid) -> Self {
        Self::to_look_up(grid).and(Self::to_look_up(grid))
    }

    /// To make an answer of a grid's cells, in this coding.
    pub(crate) fn to_answer(grid: &Grid, coding: Coding) -> Self {
        Self::times(grid.cells(), CELL_WRITTEN).and(Self::to_code_rows(grid, coding))
    }

    /// To code the rows of a grid.
    pub(crate) fn to_code_rows(grid: &Grid, coding: Coding) -> Self {
        Self::to_code(grid.cells().saturating_mul(BYTES_OF_A_CELL), coding)
    }

    /// To code this many bytes. Source of the figures: measured, for rows.
    pub(crate) fn to_code(bytes: usize, coding: Coding) -> Self {
        let byte = match coding.worth_it(bytes) {
            Coding::Identity => 0,
            Coding::Zstd => 5,
            Coding::Gzip => 12,
            Coding::Brotli => 15,
        };
        Self::times(bytes, byte)
    }

    /// To purge a number of variants, or all, of a shop, by the number of cells that are held.
    pub(crate) fn to_purge(variants: Option<usize>, held: usize) -> Self {
        let concerned =
            variants.map_or(held, |variants| variants.saturating_mul(CELLS_OF_A_VARIANT).min(held));
        Self::times(concerned, CELL_PURGED)
    }

    /// To choose the locations that an order is sent from.
    pub(crate) fn to_choose(grid: &Grid) -> Self {
        let quantities = fulfilment::most_looked_at(grid.variants.len(), grid.locations.len());
        Self { nanoseconds: quantities.saturating_mul(QUANTITY_CHOSEN) }
    }

    /// Both, one after the other.
    pub(crate) fn and(self, other: Self) -> Self {
        Self { nanoseconds: self.nanoseconds.saturating_add(other.nanoseconds) }
    }

    /// Whether it is more than a thread that serves callers does at a stretch.
    pub(crate) fn is_long(self) -> bool {
        SHORT < self
    }
}

#[cfg(test)]
mod tests {
    use super::Work;
    use crate::http::response::coding::Coding;
    use crate::query::{Grid, IdList};

    fn grid(variants: u64, locations: u64) -> Grid {
        let list = |ids: u64| (1..=ids).map(|id| id.to_string()).collect::<Vec<_>>().join(",");
        let variants = IdList::parse("variant_ids", &list(variants)).unwrap();
        Grid::new(variants, IdList::parse("location_ids", &list(locations)).unwrap(), usize::MAX).unwrap()
    }

    #[test]
    fn a_product_page_is_short_whatever_is_asked_of_it() {
        let page = grid(4, 10);
        let of_all = [Coding::Identity, Coding::Zstd, Coding::Gzip, Coding::Brotli];
        for coding in of_all {
            assert!(!Work::to_look_up(&page).and(Work::to_answer(&page, coding)).is_long(), "{coding:?}");
        }
        assert!(!Work::to_explain(&page).is_long());
        assert!(!Work::to_choose(&page).is_long());
        assert!(!Work::to_read(1_000).is_long());
    }

    #[test]
    fn many_cells_are_long_to_look_up_to_explain_and_to_answer() {
        let (fifty_by_ten, shop) = (grid(50, 10), grid(10_000, 25));
        assert!(!Work::to_look_up(&fifty_by_ten).is_long());
        assert!(!Work::to_answer(&fifty_by_ten, Coding::Identity).is_long());
        assert!(Work::to_look_up(&shop).is_long());
        assert!(Work::to_explain(&shop).is_long());
        assert!(Work::to_answer(&shop, Coding::Identity).is_long());
    }

    #[test]
    fn the_same_cells_are_longer_in_a_coding_and_to_choose_among() {
        let order = grid(40, 10);
        assert!(!Work::to_answer(&order, Coding::Identity).is_long());
        assert!(Work::to_answer(&order, Coding::Brotli).is_long());
        assert!(Work::to_choose(&order).is_long());
        // Few locations have few sets.
        assert!(!Work::to_choose(&grid(100, 4)).is_long());
    }

    #[test]
    fn a_purge_is_as_long_as_what_it_concerns() {
        assert!(Work::to_purge(None, 1_000_000).is_long());
        assert!(!Work::to_purge(Some(10), 1_000_000).is_long());
        assert!(!Work::to_purge(None, 100).is_long());
    }

    #[test]
    fn a_long_list_of_ids_is_long_to_read() {
        assert!(Work::to_read(2_700_000).is_long());
    }
}
