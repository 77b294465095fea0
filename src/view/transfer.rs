//! Transfers: what a variant's locations could send one another.
//!
//! Whoever is short takes from the sellable location with the largest surplus left (then the lowest id), until
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
        let spare = variant.rows().filter(|row| is_spare(row, book));
        Self { left: spare.map(|row| (row.qty_available, Reverse(row.loc_id))).collect() }
    }

    /// What is left of it if every location keeps so much.
    pub(super) fn above(self, kept: Quantity) -> Self {
        let spare = self.left.into_iter().filter(|(left, _)| kept < *left);
        Self { left: spare.map(|(left, loc_id)| (left - kept, loc_id)).collect() }
    }

    /// All of it.
    pub(super) fn total(&self) -> Quantity {
        self.left.iter().map(|(quantity, _)| *quantity).sum::<Quantity>().normalized()
    }

    /// Promises up to `wanted`. Each sender but the last is emptied, so all promises of a variant together are no
    /// more than its rows and those who are short.
    pub(super) fn take(&mut self, mut wanted: Quantity) -> Vec<Transfer> {
        let mut transfers = Vec::new();
        while !wanted.is_zero()
            && let Some((left, Reverse(loc_id))) = self.left.pop()
        {
            let quantity = left.min(wanted);
            wanted = wanted - quantity;
            if left > quantity {
                self.left.push((left - quantity, Reverse(loc_id)));
            }
            transfers.push(Transfer { loc_id, quantity: quantity.normalized() });
        }
        transfers
    }
}

/// Whether a row has what could be sold.
pub(super) fn is_spare(row: &Row, book: &LocationBook) -> bool {
    Quantity::ZERO < row.qty_available && book.is_sellable(row.loc_id)
}

/// A variant's oversold rows, the worst first, then by location id.
pub(super) fn oversold(variant: &VariantCells) -> Vec<&Row> {
    let mut short: Vec<&Row> = variant.rows().filter(|row| row.qty_available.is_negative()).collect();
    short.sort_unstable_by_key(|row| (row.qty_available, row.loc_id));
    short
}
