//! Low stock: what is not oversold, but has no more than a threshold, and what could fill it up.
//!
//! A shortage is what lacks to the threshold. Transfers fill it up from locations that sell, each of which keeps the
//! threshold itself. What oversold rows of the variant need is theirs first: it is planned as the negative alerts
//! plan it, and only what that leaves is promised here, so both plans together promise no unit twice.
//!
//! At variant level no transfer can help, as with negative stock: every surplus is already in the sum.

use serde::Serialize;
use utoipa::ToSchema;

use super::alert::{Alert, AlertLevel, Shortfall};
use super::envelope::{Context, Envelope, EnvelopeBuilder, answer};
use super::grid::{Cells, VariantCells, each_variant};
use super::lines::{Chunks, Tabular, csv_chunks, ndjson_chunks};
use super::tally::variant_sums;
use super::transfer::{Surplus, beyond, oversold, spare};
use crate::domain::location::LocationBook;
use crate::domain::quantity::Quantity;

/// What counts as low.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LowStockParameters {
    /// Rows or variants.
    pub level: AlertLevel,
    /// The most that is low; not below zero.
    pub threshold: Quantity,
}

/// What is low.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, ToSchema)]
pub struct LowStockAnswer {
    /// The members that all views share.
    #[serde(flatten)]
    pub envelope: Envelope,
    /// The alerts: lowest `qty_available` first, then by variant and location id.
    pub alerts: Vec<Alert>,
    /// How many alerts there are.
    #[schema(example = 1)]
    pub count: usize,
}

/// Finds every row, or every variant's sum, that is not below zero and not above the threshold.
///
/// A variant without any row adds up to zero. A variant with an unknown cell has no known sum, so at variant level
/// it raises no alert but a warning; nor does a row whose `qty_available` is not a number that is computed with.
#[must_use]
pub fn low_stock(cells: impl Cells, context: Context<'_>, parameters: LowStockParameters) -> LowStockAnswer {
    let mut envelope = EnvelopeBuilder::new();
    let mut alerts = Vec::new();
    let mut undecided = 0_u64;
    each_variant(cells, context.book.untold_cells(), |variant| {
        for (id, cell) in variant.cells() {
            envelope.see(id, cell);
        }
        match parameters.level {
            AlertLevel::Location => push_rows(&mut alerts, variant, context.book, &parameters.threshold),
            AlertLevel::Variant if !variant.is_complete() => undecided += 1,
            AlertLevel::Variant => alerts.extend(summed(variant, context.book, &parameters.threshold)),
        }
    });
    // What is lowest lacks most to the threshold.
    alerts.sort_unstable_by(Alert::worse_first);
    if undecided > 0 {
        envelope.warn(format!("variants whose sums are not known, and may or may not be low: {undecided}"));
    }
    LowStockAnswer { envelope: envelope.finish(context), count: alerts.len(), alerts }
}

/// Raises an alert for each low row of a variant, and shares out among them what others have above the threshold.
fn push_rows(alerts: &mut Vec<Alert>, variant: &VariantCells, book: &LocationBook, threshold: &Quantity) {
    let exact = variant.rows().filter_map(|row| Some((row.available()?, row)));
    let mut low: Vec<_> = exact.filter(|(available, _)| is_low(available, threshold)).collect();
    if low.is_empty() {
        return;
    }
    low.sort_unstable_by(|(one, row), (other, others_row)| {
        one.cmp(other).then_with(|| row.loc_id.cmp(&others_row.loc_id))
    });
    let mut surplus = Surplus::of(variant, book);
    let everywhere = surplus.total();
    for (available, _) in oversold(variant) {
        surplus.take(-available);
    }
    // A row that is oversold by more than is computed with may need all there is.
    let mut left = if beyond(variant).is_empty() { surplus.above(threshold) } else { Surplus::none() };
    let complete = variant.is_complete();
    let surplus_is_known = !variant.more_may_sell(book);
    for (available, row) in low {
        let shortage = (threshold - &available).normalized();
        let own = spare(row, book).unwrap_or_default();
        let shortfall = Shortfall {
            shortage: shortage.clone().into(),
            surplus_elsewhere: surplus_is_known.then(|| (&everywhere - &own).normalized()),
            transfer_from: left.take(shortage),
            complete,
        };
        alerts.push(Alert::of_row(row, book, shortfall));
    }
}

/// The alert of a variant whose cells are all known, if they add up to little.
fn summed(variant: &VariantCells, book: &LocationBook, threshold: &Quantity) -> Option<Alert> {
    let sums = variant_sums(variant, book);
    let available = sums.qty_available.as_ref().filter(|available| is_low(available, threshold))?;
    let shortage = (threshold - available).normalized();
    Alert::of_sums(variant, sums, shortage)
}

fn is_low(available: &Quantity, threshold: &Quantity) -> bool {
    !available.is_negative() && available <= threshold
}

answer!(LowStockAnswer: alerts);

impl Tabular for LowStockAnswer {
    fn into_csv(self) -> Chunks {
        csv_chunks(self.alerts, &self.envelope)
    }

    fn into_ndjson(self) -> Chunks {
        ndjson_chunks(self.alerts, self.envelope)
    }
}

#[cfg(test)]
mod tests;
