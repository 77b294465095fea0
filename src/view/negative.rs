//! Negative stock: what is oversold, and which locations could make up for it.
//!
//! Transfers are planned a variant at a time, the worst shortage first (then by location id). Each takes from the
//! sellable location with the largest surplus left, until it is covered or nothing is left, so the number of
//! shipments stays small, no unit is promised twice and no sender goes below zero. A variant's work is
//! `O(n log n)` in its rows.
//!
//! At variant level no transfer can help: a variant's sum is over all the locations asked for, so every surplus is
//! already in it, and moving it from one to another changes nothing.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use serde::Serialize;
use utoipa::ToSchema;

use super::alert::{Alert, AlertKind, AlertLevel, Transfer};
use super::envelope::{Context, Envelope, EnvelopeBuilder};
use super::grid::{VariantCells, each_variant};
use super::lines::{Chunks, Tabular, csv_chunks, ndjson_chunks};
use super::tally::{Membership, Tally};
use crate::domain::cell::{Cell, CellId};
use crate::domain::id::LocationId;
use crate::domain::location::LocationBook;
use crate::domain::quantity::Quantity;
use crate::domain::row::Row;

/// Which negatives are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NegativeParameters {
    /// Rows or variants.
    pub level: AlertLevel,
    /// Only shortages of at least this much are listed and counted. It only hides: what the listed ones are promised
    /// is the same with it and without.
    pub min_shortage: Option<Quantity>,
}

/// What is oversold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct NegativeAnswer {
    /// What the answer says of itself.
    #[serde(flatten)]
    pub envelope: Envelope,
    /// The alerts: worst shortage first, then by variant and location id.
    pub alerts: Vec<Alert>,
    /// How many alerts there are.
    #[schema(example = 1)]
    pub count: usize,
}

/// Finds every row whose `qty_available` is below zero, or every variant whose sum is. A variant with an unknown
/// cell has no known sum, so at variant level it raises no alert but a warning.
#[must_use]
pub fn negative(
    cells: impl Iterator<Item = (CellId, Cell)>,
    context: Context<'_>,
    parameters: NegativeParameters,
) -> NegativeAnswer {
    let mut envelope = EnvelopeBuilder::new();
    let mut alerts = Vec::new();
    let mut undecided = 0_u64;
    each_variant(cells, |variant| {
        for (id, cell) in variant.cells() {
            envelope.see(id, cell);
        }
        match parameters.level {
            AlertLevel::Location => push_rows(&mut alerts, variant, context.book),
            AlertLevel::Variant if !variant.is_complete() => undecided += 1,
            AlertLevel::Variant => alerts.extend(summed(variant, context.book)),
        }
    });
    if let Some(least) = parameters.min_shortage {
        alerts.retain(|alert| alert.shortage >= least);
    }
    alerts.sort_unstable_by_key(|alert| (Reverse(alert.shortage), alert.variant_id, alert.loc_id));
    if undecided > 0 {
        envelope.warn(format!(
            "variants with unknown cells, whose sums may or may not be below zero: {undecided}"
        ));
    }
    NegativeAnswer { envelope: envelope.finish(context), count: alerts.len(), alerts }
}

/// Raises an alert for each negative row of a variant, and shares the variant's surplus out among them.
fn push_rows(alerts: &mut Vec<Alert>, variant: &VariantCells, book: &LocationBook) {
    let mut short: Vec<&Row> = variant.rows().filter(|row| row.qty_available.is_negative()).collect();
    if short.is_empty() {
        return;
    }
    short.sort_unstable_by_key(|row| (row.qty_available, row.loc_id));
    let mut surplus = Surplus::of(variant, book);
    let complete = variant.is_complete();
    let surplus_is_known = !variant.unknown().any(|(loc_id, _)| book.is_sellable(loc_id));
    // A negative row has no surplus of its own: what the variant has is what it has elsewhere.
    let surplus_elsewhere = surplus_is_known.then(|| surplus.total());
    for row in short {
        let shortage = (-row.qty_available).normalized();
        let transfer_from = surplus.take(shortage);
        let coverable = transfer_from.iter().map(|transfer| transfer.quantity).sum::<Quantity>().normalized();
        alerts.push(Alert {
            id: Some(row.id),
            loc_id: Some(row.loc_id),
            product_id: row.product_id,
            variant_id: row.variant_id,
            qty_onhand: row.qty_onhand,
            qty_commited: row.qty_commited,
            qty_incoming: row.qty_incoming,
            qty_available: row.qty_available,
            updated_at: row.updated_at,
            location_name: book.name(row.loc_id).map(str::to_owned),
            kind: AlertKind::of(row.qty_onhand),
            shortage,
            covered_by_incoming: row.qty_incoming >= shortage,
            surplus_elsewhere,
            transfer_from,
            coverable,
            uncovered: (shortage - coverable).normalized(),
            complete,
        });
    }
}

/// The alert of a variant whose cells are all known, if they add up to less than nothing.
fn summed(variant: &VariantCells, book: &LocationBook) -> Option<Alert> {
    let mut tally = Tally::default();
    for (loc_id, cell) in &variant.cells {
        tally.add(cell, book.class(*loc_id));
    }
    let sums = tally.finish(Membership::Certain);
    let (qty_available, qty_onhand) = (sums.qty_available?, sums.qty_onhand?);
    let (qty_commited, qty_incoming) = (sums.qty_commited?, sums.qty_incoming?);
    if !qty_available.is_negative() {
        return None;
    }
    let shortage = -qty_available;
    Some(Alert {
        id: None,
        loc_id: None,
        product_id: variant.product_id()?,
        variant_id: variant.variant_id,
        qty_onhand,
        qty_commited,
        qty_incoming,
        qty_available,
        updated_at: sums.updated_at?,
        location_name: None,
        kind: AlertKind::of(qty_onhand),
        shortage,
        covered_by_incoming: qty_incoming >= shortage,
        surplus_elsewhere: Some(Quantity::ZERO),
        transfer_from: Vec::new(),
        coverable: Quantity::ZERO,
        uncovered: shortage,
        complete: true,
    })
}

/// What a variant's sellable locations can spare; the most first, then by location id.
#[derive(Debug)]
struct Surplus {
    left: BinaryHeap<(Quantity, Reverse<LocationId>)>,
}

impl Surplus {
    fn of(variant: &VariantCells, book: &LocationBook) -> Self {
        let left = variant
            .rows()
            .filter(|row| row.qty_available > Quantity::ZERO && book.is_sellable(row.loc_id))
            .map(|row| (row.qty_available, Reverse(row.loc_id)))
            .collect();
        Self { left }
    }

    fn total(&self) -> Quantity {
        self.left.iter().map(|(quantity, _)| *quantity).sum::<Quantity>().normalized()
    }

    /// Promises up to `wanted`. Each sender but the last is emptied, so all promises of a variant together are no
    /// more than its rows.
    fn take(&mut self, mut wanted: Quantity) -> Vec<Transfer> {
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

impl Tabular for NegativeAnswer {
    fn into_csv(self) -> Chunks {
        csv_chunks(self.alerts)
    }

    fn into_ndjson(self) -> Chunks {
        ndjson_chunks(self.alerts, self.envelope)
    }
}

#[cfg(test)]
mod tests;
