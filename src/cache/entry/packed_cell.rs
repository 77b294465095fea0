//! One cell, packed: 64 bytes, whether it has a row or not.

use std::time::Duration;

use super::observation::Unchanged;
use crate::cache::order::{CallTimes, Reading, RowVersion, Standing};
use crate::clock::Moment;
use crate::domain::id::{LocationId, ProductId, RowId};
use crate::domain::row::{PlainRow, Row};

/// A cell in packed form.
#[derive(Debug, Clone, Copy)]
pub struct PackedCell {
    pub(super) loc_id: LocationId,
    /// None: Haravan has no row.
    pub(super) row_id: Option<RowId>,
    pub(super) product_id: Option<ProductId>,
    /// The row's `updated_at`.
    pub(super) updated_at: i64,
    /// When the call that confirmed the cell last was sent.
    pub(super) observed_at: Moment,
    /// How many milliseconds later its answer was read.
    pub(super) took: u32,
    /// On hand, commited, incoming, available; in an odd cell, the first is its place among the odd rows.
    pub(super) quantities: [i32; 4],
    /// Fraction digits of `updated_at`, or [`ODD`].
    pub(super) digits: u8,
    /// Whether `updated_at` orders anything: it does not if it was far ahead when it was read.
    pub(super) orders: bool,
    pub(super) standing: Standing,
}

/// Marks a cell whose row does not fit the packed form (decimals, large numbers, unknown fields).
pub(super) const ODD: u8 = u8::MAX;

impl PackedCell {
    /// The cell's location.
    #[must_use]
    pub fn loc_id(&self) -> LocationId {
        self.loc_id
    }

    /// When the call that confirmed the cell last was sent: what its age counts from.
    #[must_use]
    pub fn observed_at(&self) -> Moment {
        self.observed_at
    }

    /// Whether cells are at these very locations, in their order. It reads them all at once, so that the memory
    /// fetches many of them at a time: who goes through them next finds them there.
    #[must_use]
    #[inline]
    pub fn are_at(cells: &[Self], locations: &[LocationId]) -> bool {
        cells.len() == locations.len()
            && cells.iter().zip(locations).all(|(cell, loc_id)| cell.loc_id == *loc_id)
    }

    /// The row's id, if there is a row.
    #[must_use]
    pub fn row_id(&self) -> Option<RowId> {
        self.row_id
    }

    /// The product of the row, if there is a row.
    #[must_use]
    pub fn product_id(&self) -> Option<ProductId> {
        self.product_id
    }

    /// Whether the cell was purged: it may not be served.
    #[must_use]
    pub fn is_purged(&self) -> bool {
        self.standing == Standing::Purged
    }

    /// Whether the cell may be served as fresh, if its age allows it.
    #[must_use]
    #[inline]
    pub fn is_sound(&self) -> bool {
        self.standing == Standing::Sound
    }

    /// Whether a later call said something older: the cell is not fresh, whatever its age.
    #[must_use]
    pub fn is_doubted(&self) -> bool {
        self.standing == Standing::Doubted
    }

    /// Whether a call that begins now would settle the doubt about the cell.
    #[must_use]
    pub fn can_be_settled(&self, now: Moment) -> bool {
        self.reading().is_beyond_lag(now)
    }

    /// What the cell says, as far as its order goes.
    pub(super) fn reading(&self) -> Reading {
        let updated_at = self.orders.then_some(self.updated_at);
        let ended = self.observed_at.plus(Duration::from_millis(self.took.into()));
        Reading { began: self.observed_at, ended, row: self.row_id.map(|id| RowVersion { id, updated_at }) }
    }

    /// Dates the cell anew if a call that brought nothing of it confirms it.
    pub(super) fn confirm(&mut self, unchanged: &Unchanged, call: &CallTimes) {
        let should_have_come =
            self.row_id.is_some() && unchanged.updated_at_min.nanoseconds() <= self.updated_at;
        let is_covered = unchanged.observed_from <= self.observed_at && self.observed_at < call.began;
        if self.is_sound() && is_covered && !should_have_come {
            self.observed_at = call.began;
            self.took = took(call);
        }
    }

    /// Whether the row does not fit the packed form.
    pub(super) fn is_odd(&self) -> bool {
        self.row_id.is_some() && self.digits == ODD
    }
}

/// The quantities field of the next odd cell.
pub(super) fn odd_place(odd: &[Row]) -> [i32; 4] {
    // An entry holds at most one cell a location; `limits.max_cells` keeps that far below 2^31.
    [i32::try_from(odd.len()).unwrap_or(i32::MAX), 0, 0, 0]
}

/// How many milliseconds a call took.
fn took(call: &CallTimes) -> u32 {
    u32::try_from(call.ended.since(call.began).as_millis()).unwrap_or(u32::MAX)
}

/// Packs the finding of a location: a row or an absence. A row that does not fit goes among the odd ones.
pub(super) fn pack(
    loc_id: LocationId,
    row: Option<Box<Row>>,
    call: &CallTimes,
    odd: &mut Vec<Row>,
) -> PackedCell {
    let blank = PackedCell {
        loc_id,
        row_id: None,
        product_id: None,
        updated_at: i64::MIN,
        observed_at: call.began,
        took: took(call),
        quantities: [0; 4],
        digits: 0,
        orders: true,
        standing: Standing::Sound,
    };
    let Some(row) = row else { return blank };
    let blank = PackedCell {
        row_id: Some(row.id),
        product_id: Some(row.product_id),
        updated_at: row.updated_at.nanoseconds(),
        orders: call.orders(row.updated_at).is_some(),
        ..blank
    };
    match row.plain() {
        Some(PlainRow { quantities, .. }) => {
            PackedCell { quantities, digits: row.updated_at.digits(), ..blank }
        }
        None => {
            let quantities = odd_place(odd);
            odd.push(*row);
            PackedCell { quantities, digits: ODD, ..blank }
        }
    }
}
