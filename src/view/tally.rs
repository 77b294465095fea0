//! Sums over cells that know what they do not know.

use serde::Serialize;
use utoipa::ToSchema;

use super::grid::VariantCells;
use super::updated_at::{Newest, UpdatedAt};
use crate::domain::cell::Cell;
use crate::domain::location::{LocationBook, LocationClass};
use crate::domain::quantity::Quantity;
use crate::domain::row::{PlainRow, Row};
use crate::domain::timestamp::Timestamp;

/// Sums over a group of cells.
///
/// An unknown cell makes every sum null that it could move; `sellable`, which more knowledge can only raise, stays
/// as a lower bound. The counts and `updated_at` are facts about the cells that are known, and stay too. A row with a
/// quantity of more than 38 significant digits, or further than 300 places from the decimal point, counts as a row,
/// and makes the sums null as an unknown cell does.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, ToSchema)]
pub struct StockSums {
    /// Pieces on hand, over all locations asked for; null if a cell is unknown.
    #[schema(required, value_type = Option<f64>, format = "decimal", example = 12)]
    pub qty_onhand: Option<Quantity>,
    /// Pieces promised to orders, over all locations asked for; null if a cell is unknown. Haravan's spelling.
    #[schema(required, value_type = Option<f64>, format = "decimal", example = 12)]
    pub qty_commited: Option<Quantity>,
    /// Pieces on their way, over all locations asked for; null if a cell is unknown.
    #[schema(required, value_type = Option<f64>, format = "decimal", example = 1)]
    pub qty_incoming: Option<Quantity>,
    /// Pieces available, over all locations asked for, negative ones counting against the others (what Haravan's
    /// product page shows); null if a cell is unknown.
    #[schema(required, value_type = Option<f64>, format = "decimal", example = 0)]
    pub qty_available: Option<Quantity>,
    /// Pieces that can be sold: the sum of the positive availables at sellable locations. A lower bound if a cell
    /// is unknown; null if it is not known whether a location sells that has some.
    #[schema(required, value_type = Option<f64>, format = "decimal", minimum = 0, example = 15)]
    pub sellable: Option<Quantity>,
    /// Pieces oversold: the sum of the negative availables, as a positive number; null if a cell is unknown.
    #[schema(required, value_type = Option<f64>, format = "decimal", minimum = 0, example = 15)]
    pub qty_oversold: Option<Quantity>,
    /// Cells for which Haravan has a row.
    #[schema(example = 2)]
    pub rows: u64,
    /// Cells for which Haravan has no row; they add nothing.
    #[schema(example = 0)]
    pub no_rows: u64,
    /// Cells that are not known.
    #[schema(example = 0)]
    pub unknown: u64,
    /// Known rows whose `qty_available` is below zero.
    #[schema(example = 1)]
    pub negative_rows: u64,
    /// When the newest known row last changed, as Haravan wrote it; null without rows.
    #[schema(required, value_type = Option<String>, format = DateTime, example = "2021-07-30T06:05:24.332Z")]
    pub updated_at: Option<UpdatedAt>,
    /// Whether every cell that could move these sums is known, and can be summed.
    #[schema(example = true)]
    pub complete: bool,
}

/// Sums in the making. Neither the order of cells nor how they are split before a [`Tally::merge`] matters.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    onhand: Quantity,
    commited: Quantity,
    incoming: Quantity,
    available: Quantity,
    sellable: Quantity,
    /// Whether there are some at a location of which it is not known whether it sells.
    may_sell_more: bool,
    /// The negative availables as they are.
    oversold: Quantity,
    rows: u64,
    no_rows: u64,
    unknown: u64,
    negative_rows: u64,
    /// Whether a row has a quantity that cannot be summed.
    has_beyond: bool,
    newest: Newest,
}

/// Sums over rows of small whole numbers in the making. Fewer rows than 2^32 cannot make them overflow.
#[derive(Debug, Default)]
pub(crate) struct PlainSums {
    /// On hand, commited, incoming, available.
    quantities: [i64; 4],
    sellable: i64,
    may_sell_more: bool,
    /// The negative availables as they are.
    oversold: i64,
    rows: u64,
    /// Cells without a row.
    pub(crate) no_rows: u64,
    negative_rows: u64,
    newest: Option<Timestamp>,
}

impl PlainSums {
    /// Counts a row at a location of this class.
    #[inline]
    pub(crate) fn add(&mut self, row: &PlainRow, class: LocationClass) {
        for (sum, quantity) in self.quantities.iter_mut().zip(row.quantities) {
            *sum += i64::from(quantity);
        }
        let [.., available] = row.quantities.map(i64::from);
        self.rows += 1;
        self.oversold += available.min(0);
        self.negative_rows += u64::from(available < 0);
        match class {
            LocationClass::Sellable => self.sellable += available.max(0),
            LocationClass::Unknown => self.may_sell_more |= 0 < available,
            LocationClass::Transit | LocationClass::Unavailable => {}
        }
        let order = |instant: Timestamp| (instant, instant.digits());
        if self.newest.is_none_or(|newest| order(newest) < order(row.updated_at)) {
            self.newest = Some(row.updated_at);
        }
    }
}

/// Whether a group has all the cells that belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Membership {
    /// All cells of the group were counted, known or not.
    Certain,
    /// Unknown cells elsewhere may belong to this group.
    Open,
}

impl Tally {
    /// Counts a cell at a location of this class; only sellable ones add to `sellable`.
    pub(crate) fn add(&mut self, cell: &Cell, class: LocationClass) {
        match cell {
            Cell::Row(row) => self.add_row(row, class),
            Cell::NoRow => self.no_rows += 1,
            Cell::Unknown(_) => self.unknown += 1,
        }
    }

    /// Counts a row at a location of this class.
    pub(crate) fn add_row(&mut self, row: &Row, class: LocationClass) {
        self.rows += 1;
        self.newest.see(row);
        self.sum(row, class);
    }

    /// Counts rows of small whole numbers, and cells without a row.
    pub(crate) fn add_plain(&mut self, plain: &PlainSums) {
        let [onhand, commited, incoming, available] = plain.quantities.map(Quantity::from);
        self.onhand += &onhand;
        self.commited += &commited;
        self.incoming += &incoming;
        self.available += &available;
        self.sellable += &Quantity::from(plain.sellable);
        self.may_sell_more |= plain.may_sell_more;
        self.oversold += &Quantity::from(plain.oversold);
        self.rows += plain.rows;
        self.no_rows += plain.no_rows;
        self.negative_rows += plain.negative_rows;
        if let Some(newest) = plain.newest {
            self.newest.see_plain(newest);
        }
    }

    #[inline]
    fn sum(&mut self, row: &Row, class: LocationClass) {
        let quantities = (row.onhand(), row.commited(), row.incoming());
        if let (Some(onhand), Some(commited), Some(incoming)) = quantities {
            self.onhand += &onhand;
            self.commited += &commited;
            self.incoming += &incoming;
        } else {
            self.has_beyond = true;
        }
        let is_negative = row.qty_available.is_negative();
        self.negative_rows += u64::from(is_negative);
        let Some(available) = row.available() else {
            self.has_beyond = true;
            self.may_sell_more |= class == LocationClass::Unknown && !is_negative;
            return;
        };
        self.available += &available;
        if is_negative {
            self.oversold += &available;
        } else if class == LocationClass::Sellable {
            self.sellable += &available;
        } else if class == LocationClass::Unknown {
            self.may_sell_more |= available.is_positive();
        }
    }

    /// Counts cells whose location is not known.
    pub(crate) fn add_untold(&mut self, cells: u64) {
        self.unknown += cells;
    }

    /// Counts what another tally counted.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.onhand += &other.onhand;
        self.commited += &other.commited;
        self.incoming += &other.incoming;
        self.available += &other.available;
        self.sellable += &other.sellable;
        self.may_sell_more |= other.may_sell_more;
        self.oversold += &other.oversold;
        self.rows += other.rows;
        self.no_rows += other.no_rows;
        self.unknown += other.unknown;
        self.negative_rows += other.negative_rows;
        self.has_beyond |= other.has_beyond;
        self.newest.merge(&other.newest);
    }

    /// The sums, as far as they can be known.
    pub(crate) fn finish(&self, membership: Membership) -> StockSums {
        let complete = self.unknown == 0 && !self.has_beyond && membership == Membership::Certain;
        let known = |sum: &Quantity| complete.then(|| sum.clone().normalized());
        StockSums {
            qty_onhand: known(&self.onhand),
            qty_commited: known(&self.commited),
            qty_incoming: known(&self.incoming),
            qty_available: known(&self.available),
            sellable: (!self.may_sell_more).then(|| self.sellable.clone().normalized()),
            qty_oversold: known(&-&self.oversold),
            rows: self.rows,
            no_rows: self.no_rows,
            unknown: self.unknown,
            negative_rows: self.negative_rows,
            updated_at: self.newest.text(),
            complete,
        }
    }
}

/// The sums of a variant's cells.
pub(crate) fn variant_sums(variant: &VariantCells, book: &LocationBook) -> StockSums {
    let mut tally = Tally::default();
    for (loc_id, cell) in &variant.cells {
        tally.add(cell, book.class(*loc_id));
    }
    tally.add_untold(variant.untold);
    tally.finish(Membership::Certain)
}
