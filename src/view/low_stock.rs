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
use super::envelope::{Context, Envelope, EnvelopeBuilder};
use super::grid::{Cells, VariantCells, each_variant};
use super::lines::{Chunks, Tabular, csv_chunks, ndjson_chunks};
use super::tally::variant_sums;
use super::transfer::{Surplus, is_spare, oversold};
use crate::domain::location::LocationBook;
use crate::domain::quantity::Quantity;
use crate::domain::row::Row;

/// What counts as low.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LowStockParameters {
    /// Rows or variants.
    pub level: AlertLevel,
    /// The most that is low; not below zero.
    pub threshold: Quantity,
}

/// What is low.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, ToSchema)]
pub struct LowStockAnswer {
    /// What the answer says of itself.
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
/// it raises no alert but a warning.
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
            AlertLevel::Location => push_rows(&mut alerts, variant, context.book, parameters.threshold),
            AlertLevel::Variant if !variant.is_complete() => undecided += 1,
            AlertLevel::Variant => alerts.extend(summed(variant, context.book, parameters.threshold)),
        }
    });
    alerts.sort_unstable_by_key(|alert| (alert.qty_available, alert.variant_id, alert.loc_id));
    if undecided > 0 {
        envelope.warn(format!("variants with unknown cells, whose sums may or may not be low: {undecided}"));
    }
    LowStockAnswer { envelope: envelope.finish(context), count: alerts.len(), alerts }
}

/// Raises an alert for each low row of a variant, and shares out among them what others have above the threshold.
fn push_rows(alerts: &mut Vec<Alert>, variant: &VariantCells, book: &LocationBook, threshold: Quantity) {
    let mut low: Vec<&Row> = variant.rows().filter(|row| is_low(row.qty_available, threshold)).collect();
    if low.is_empty() {
        return;
    }
    low.sort_unstable_by_key(|row| (row.qty_available, row.loc_id));
    let mut surplus = Surplus::of(variant, book);
    let everywhere = surplus.total();
    for row in oversold(variant) {
        surplus.take(-row.qty_available);
    }
    let mut spare = surplus.above(threshold);
    let complete = variant.is_complete();
    let surplus_is_known = !variant.more_may_sell(book);
    for row in low {
        let shortage = (threshold - row.qty_available).normalized();
        let own = if is_spare(row, book) { row.qty_available } else { Quantity::ZERO };
        let shortfall = Shortfall {
            shortage,
            surplus_elsewhere: surplus_is_known.then(|| (everywhere - own).normalized()),
            transfer_from: spare.take(shortage),
            complete,
        };
        alerts.push(Alert::of_row(row, book, shortfall));
    }
}

/// The alert of a variant whose cells are all known, if they add up to little.
fn summed(variant: &VariantCells, book: &LocationBook, threshold: Quantity) -> Option<Alert> {
    let sums = variant_sums(variant, book);
    let available = sums.qty_available.filter(|available| is_low(*available, threshold))?;
    Alert::of_sums(variant, &sums, (threshold - available).normalized())
}

fn is_low(available: Quantity, threshold: Quantity) -> bool {
    !available.is_negative() && available <= threshold
}

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
