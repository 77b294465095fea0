//! Mismatches: rows whose `qty_available` is not `qty_onhand - qty_commited`.
//!
//! Haravan's documentation does not promise that it is, and its own property list shows a row where it is not (doc);
//! callers that rely on it should know where it fails.

use std::cmp::Reverse;

use serde::Serialize;
use utoipa::ToSchema;

use super::envelope::{Context, Envelope, EnvelopeBuilder, answer};
use super::grid::Cells;
use super::lines::{Chunks, Fields, Record, Tabular, csv_chunks, ndjson_chunks};
use super::sent_quantity::{SentFields, SentQuantity};
use super::updated_at::UpdatedAt;
use crate::domain::cell::Cell;
use crate::domain::id::{LocationId, ProductId, RowId, VariantId};
use crate::domain::location::LocationBook;
use crate::domain::quantity::Quantity;
use crate::domain::row::Row;

/// Rows that do not add up.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, ToSchema)]
pub struct MismatchAnswer {
    /// The members that all views share.
    #[serde(flatten)]
    pub envelope: Envelope,
    /// The rows: largest difference first, whatever its sign, then by variant and location id.
    pub alerts: Vec<Mismatch>,
    /// How many rows there are.
    #[schema(example = 1)]
    pub count: usize,
}

/// A row that does not add up.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, ToSchema)]
pub struct Mismatch {
    /// The row's own id.
    #[schema(value_type = u64, minimum = 1, example = 1007549786)]
    pub id: RowId,
    /// The location.
    #[schema(value_type = u64, minimum = 1, example = 963414)]
    pub loc_id: LocationId,
    /// The product.
    #[schema(value_type = u64, minimum = 1, example = 1028183686)]
    pub product_id: ProductId,
    /// The variant.
    #[schema(value_type = u64, minimum = 1, example = 1061514767)]
    pub variant_id: VariantId,
    /// Pieces on hand.
    #[schema(value_type = f64, format = "decimal", example = 0)]
    pub qty_onhand: SentQuantity,
    /// Pieces promised to orders. Haravan's spelling.
    #[schema(value_type = f64, format = "decimal", example = 7)]
    pub qty_commited: SentQuantity,
    /// Pieces on their way.
    #[schema(value_type = f64, format = "decimal", example = 1)]
    pub qty_incoming: SentQuantity,
    /// Pieces available.
    #[schema(value_type = f64, format = "decimal", example = 5)]
    pub qty_available: SentQuantity,
    /// When the row last changed, as Haravan wrote it.
    #[schema(value_type = String, format = DateTime, example = "2021-07-08T01:47:17.6Z")]
    pub updated_at: UpdatedAt,
    /// The location's name; null when it is not known.
    #[schema(required, example = "Kho Quận 1")]
    pub location_name: Option<String>,
    /// `qty_available - (qty_onhand - qty_commited)`; never 0.
    #[schema(value_type = f64, format = "decimal", example = 12)]
    pub difference: Quantity,
}

/// Finds every row whose `qty_available` is not `qty_onhand - qty_commited`, of those whose numbers are computed with.
#[must_use]
pub fn mismatch(cells: impl Cells, context: Context<'_>) -> MismatchAnswer {
    let mut envelope = EnvelopeBuilder::new();
    let mut alerts = Vec::new();
    cells.each(|id, cell| {
        envelope.see(id, cell);
        if let Cell::Row(row) = cell {
            alerts.extend(Mismatch::of(row, context.book));
        }
    });
    alerts.sort_by_cached_key(|alert: &Mismatch| {
        (Reverse(alert.difference.clone().abs()), alert.variant_id, alert.loc_id)
    });
    MismatchAnswer { envelope: envelope.finish(context), count: alerts.len(), alerts }
}

impl Mismatch {
    /// The mismatch of a row, if it is one.
    fn of(row: &Row, book: &LocationBook) -> Option<Self> {
        let difference = row.available()? - (row.onhand()? - row.commited()?);
        if difference.is_zero() {
            return None;
        }
        let sent = SentFields::of(row);
        Some(Self {
            id: row.id,
            loc_id: row.loc_id,
            product_id: row.product_id,
            variant_id: row.variant_id,
            qty_onhand: sent.qty_onhand,
            qty_commited: sent.qty_commited,
            qty_incoming: sent.qty_incoming,
            qty_available: sent.qty_available,
            updated_at: sent.updated_at,
            location_name: book.name(row.loc_id).map(str::to_owned),
            difference: difference.normalized(),
        })
    }
}

impl Record for Mismatch {
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "loc_id",
        "product_id",
        "variant_id",
        "qty_onhand",
        "qty_commited",
        "qty_incoming",
        "qty_available",
        "updated_at",
        "location_name",
        "difference",
    ];

    fn write(&self, fields: &mut Fields) {
        fields
            .value(self.id)
            .value(self.loc_id)
            .value(self.product_id)
            .value(self.variant_id)
            .value(&self.qty_onhand)
            .value(&self.qty_commited)
            .value(&self.qty_incoming)
            .value(&self.qty_available)
            .optional_text(Some(&self.updated_at))
            .text(self.location_name.as_deref())
            .value(&self.difference);
    }
}

answer!(MismatchAnswer: alerts);

impl Tabular for MismatchAnswer {
    fn into_csv(self) -> Chunks {
        csv_chunks(self.alerts, &self.envelope)
    }

    fn into_ndjson(self) -> Chunks {
        ndjson_chunks(self.alerts, self.envelope)
    }
}

#[cfg(test)]
mod tests;
