//! Negative stock: what is oversold, and which locations could make up for it.
//!
//! Transfers are planned a variant at a time, the worst shortage first (then by location id); `transfer` says how.
//!
//! At variant level no transfer can help: a variant's sum is over all the locations asked for, so every surplus is
//! already in it, and moving it from one to another changes nothing.

use serde::Serialize;
use utoipa::ToSchema;

use super::alert::{Alert, AlertLevel, Shortfall};
use super::envelope::{Context, Envelope, EnvelopeBuilder, answer};
use super::grid::{Cells, VariantCells, each_variant};
use super::lines::{Chunks, Tabular, csv_chunks, ndjson_chunks};
use super::sent_quantity::{SentFields, SentQuantity};
use super::tally::variant_sums;
use super::transfer::{Surplus, beyond, oversold};
use crate::domain::location::LocationBook;
use crate::domain::quantity::Quantity;

/// Which negatives are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NegativeParameters {
    /// Rows or variants.
    pub level: AlertLevel,
    /// Only shortages of at least this much are listed and counted. It only hides: what the listed ones are promised
    /// is the same with it and without.
    pub min_shortage: Option<Quantity>,
}

/// What is oversold.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, ToSchema)]
pub struct NegativeAnswer {
    /// The members that all views share.
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
pub fn negative(cells: impl Cells, context: Context<'_>, parameters: NegativeParameters) -> NegativeAnswer {
    let mut envelope = EnvelopeBuilder::new();
    let mut alerts = Vec::new();
    let mut undecided = 0_u64;
    each_variant(cells, context.book.untold_cells(), |variant| {
        for (id, cell) in variant.cells() {
            envelope.see(id, cell);
        }
        match parameters.level {
            AlertLevel::Location => push_rows(&mut alerts, variant, context.book),
            AlertLevel::Variant if !variant.is_complete() => undecided += 1,
            AlertLevel::Variant => alerts.extend(summed(variant, context.book)),
        }
    });
    if let Some(least) = parameters.min_shortage.filter(Quantity::is_positive).map(SentQuantity::from) {
        alerts.retain(|alert| least.cmp_magnitude(&alert.shortage).is_le());
    }
    alerts.sort_unstable_by(Alert::worse_first);
    if undecided > 0 {
        envelope.warn(format!(
            "variants whose sums are not known, and may or may not be below zero: {undecided}"
        ));
    }
    NegativeAnswer { envelope: envelope.finish(context), count: alerts.len(), alerts }
}

/// Raises an alert for each negative row of a variant, and shares the variant's surplus out among them.
fn push_rows(alerts: &mut Vec<Alert>, variant: &VariantCells, book: &LocationBook) {
    let short = oversold(variant);
    let beyond = beyond(variant);
    if short.is_empty() && beyond.is_empty() {
        return;
    }
    let mut surplus = Surplus::of(variant, book);
    let complete = variant.is_complete();
    let surplus_is_known = !variant.more_may_sell(book);
    // A negative row has no surplus of its own: what the variant has is what it has elsewhere.
    let surplus_elsewhere = surplus_is_known.then(|| surplus.total());
    for (available, row) in short {
        let shortage = (-available).normalized();
        let transfer_from = surplus.take(shortage.clone());
        let surplus_elsewhere = surplus_elsewhere.clone();
        let shortfall = Shortfall { shortage: shortage.into(), surplus_elsewhere, transfer_from, complete };
        alerts.push(Alert::of_row(row, book, shortfall));
    }
    // How much these need is not computed with, so nothing is planned for them; but they are not kept back.
    for row in beyond {
        let shortage = SentFields::of(row).qty_available.abs();
        let surplus_elsewhere = surplus_elsewhere.clone();
        let shortfall = Shortfall { shortage, surplus_elsewhere, transfer_from: Vec::new(), complete };
        alerts.push(Alert::of_row(row, book, shortfall));
    }
}

/// The alert of a variant whose cells are all known, if they add up to less than nothing.
fn summed(variant: &VariantCells, book: &LocationBook) -> Option<Alert> {
    let sums = variant_sums(variant, book);
    let shortage = -sums.qty_available.as_ref().filter(|available| available.is_negative())?;
    Alert::of_sums(variant, sums, shortage)
}

answer!(NegativeAnswer: alerts);

impl Tabular for NegativeAnswer {
    fn into_csv(self) -> Chunks {
        csv_chunks(self.alerts, &self.envelope)
    }

    fn into_ndjson(self) -> Chunks {
        ndjson_chunks(self.alerts, self.envelope)
    }
}

#[cfg(test)]
mod tests;
