//! Transfers: what a variant's locations could send one another.
//!
//! A location that is short takes from the sellable location with the largest surplus left (then the lowest id), until
//! nothing is short or left: so the number of shipments stays small, no unit is promised twice and no sender goes
//! below what it keeps. A variant's work is `O(n log n)` in its rows.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::alert::Transfer;
use super::grid::VariantCells;
use crate::domain::id::LocationId;
use crate::domain::location::LocationBook;
use crate::domain::quantity::Quantity;
use crate::domain::row::Row;

/// What a variant's sellable locations can spare; the most first, then by location id.
#[derive(Debug)]
pub(super) struct Surplus {
    left: BinaryHeap<(Quantity, Reverse<LocationId>)>,
}

impl Surplus {
    /// All that the variant's sellable locations are known to have.
    pub(super) fn of(variant: &VariantCells, book: &LocationBook) -> Self {
        let spare = variant.rows().filter_map(|row| Some((spare(row, book)?, Reverse(row.loc_id))));
        Self { left: spare.collect() }
    }

    /// Nothing to spare.
    pub(super) fn none() -> Self {
        Self { left: BinaryHeap::new() }
    }

    /// What is left of it if every location keeps this much.
    pub(super) fn above(self, kept: &Quantity) -> Self {
        let spare = self.left.into_iter().filter(|(left, _)| kept < left);
        Self { left: spare.map(|(left, loc_id)| (&left - kept, loc_id)).collect() }
    }

    /// All of it.
    pub(super) fn total(&self) -> Quantity {
        self.left.iter().map(|(quantity, _)| quantity).sum::<Quantity>().normalized()
    }

    /// Promises up to `wanted`. Each sender but the last is emptied, so all promises of a variant together are no
    /// more than its rows and those who are short.
    pub(super) fn take(&mut self, mut wanted: Quantity) -> Vec<Transfer> {
        let mut transfers = Vec::new();
        while !wanted.is_zero()
            && let Some((left, Reverse(loc_id))) = self.left.pop()
        {
            let quantity = left.clone().min(wanted.clone());
            wanted -= &quantity;
            if quantity < left {
                self.left.push((&left - &quantity, Reverse(loc_id)));
            }
            transfers.push(Transfer { loc_id, quantity: quantity.normalized() });
        }
        transfers
    }
}

/// What a row has that could be sold, if it is known exactly.
pub(super) fn spare(row: &Row, book: &LocationBook) -> Option<Quantity> {
    if !book.is_sellable(row.loc_id) {
        return None;
    }
    row.available().filter(Quantity::is_positive)
}

/// A variant's oversold rows with what is available of each, the worst first, then by location id.
pub(super) fn oversold(variant: &VariantCells) -> Vec<(Quantity, &Row)> {
    let negative = variant.rows().filter(|row| row.qty_available.is_negative());
    let mut short: Vec<_> = negative.filter_map(|row| Some((row.available()?, row))).collect();
    short.sort_unstable_by(|(one, row), (other, others_row)| {
        one.cmp(other).then_with(|| row.loc_id.cmp(&others_row.loc_id))
    });
    short
}

/// A variant's oversold rows of which too much is short to be computed with, by location id.
pub(super) fn beyond(variant: &VariantCells) -> Vec<&Row> {
    variant.rows().filter(|row| row.qty_available.is_negative() && !row.qty_available.is_exact()).collect()
}
