//! Alerts: what one says, whatever raised it.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::grid::VariantCells;
use super::lines::{Fields, Record};
use super::sent_quantity::{SentFields, SentQuantity};
use super::tally::StockSums;
use super::updated_at::UpdatedAt;
use crate::domain::id::{LocationId, ProductId, RowId, VariantId};
use crate::domain::location::LocationBook;
use crate::domain::quantity::Quantity;
use crate::domain::row::Row;

/// What alerts are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum AlertLevel {
    /// Single rows: a variant at a location.
    #[default]
    Location,
    /// Variants, summed over the locations asked for.
    Variant,
}

/// A row, or a variant's sum, that needs attention.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, ToSchema)]
pub struct Alert {
    /// The row's own id; null for a variant's sum.
    #[schema(required, value_type = Option<u64>, minimum = 1, example = 1007549786)]
    pub id: Option<RowId>,
    /// The location; null for a variant's sum.
    #[schema(required, value_type = Option<u64>, minimum = 1, example = 963414)]
    pub loc_id: Option<LocationId>,
    /// The product; null only for a variant without any row, since only rows name it.
    #[schema(required, value_type = Option<u64>, minimum = 1, example = 1028183686)]
    pub product_id: Option<ProductId>,
    /// The variant.
    #[schema(value_type = u64, minimum = 1, example = 1061514767)]
    pub variant_id: VariantId,
    /// Pieces on hand.
    #[schema(value_type = f64, format = "decimal", example = -3)]
    pub qty_onhand: SentQuantity,
    /// Pieces promised to orders. Haravan's spelling.
    #[schema(value_type = f64, format = "decimal", example = 12)]
    pub qty_commited: SentQuantity,
    /// Pieces on their way.
    #[schema(value_type = f64, format = "decimal", example = 0)]
    pub qty_incoming: SentQuantity,
    /// Pieces available.
    #[schema(value_type = f64, format = "decimal", example = -15)]
    pub qty_available: SentQuantity,
    /// When the row, or the variant's newest row, last changed, as Haravan wrote it; null only for a variant without
    /// any row.
    #[schema(required, value_type = Option<String>, format = DateTime, example = "2021-07-08T01:47:17.6Z")]
    pub updated_at: Option<UpdatedAt>,
    /// The location's name; null when it is not known, and for a variant's sum.
    #[schema(required, example = "Kho Quận 1")]
    pub location_name: Option<String>,
    /// The kind of the alert.
    #[schema(example = "physical")]
    pub kind: AlertKind,
    /// Pieces short. Of negative stock: `qty_available` as a positive number; of low stock: what lacks to the
    /// threshold, which may be nothing.
    #[schema(value_type = f64, format = "decimal", minimum = 0, example = 15)]
    pub shortage: SentQuantity,
    /// Whether `qty_incoming` is at least the shortage.
    #[schema(example = false)]
    pub covered_by_incoming: bool,
    /// Pieces available at the variant's other sellable locations among those asked for, before anything is
    /// promised to any alert; null if an unknown cell could add to it. 0 for a variant's sum, in which every
    /// surplus is already counted.
    #[schema(required, value_type = Option<f64>, format = "decimal", minimum = 0, example = 15)]
    pub surplus_elsewhere: Option<Quantity>,
    /// What other locations could send, the one with the largest surplus left first, then by location id. Planned
    /// from the cells that are known. No unit is promised twice, and no sender is left below zero; for low stock none
    /// is left below the threshold, and what oversold rows of the variant need is not promised. Empty if `qty_available`
    /// is not a number that is computed with: one of more than 38 digits, or too far from the decimal point.
    pub transfer_from: Vec<Transfer>,
    /// Pieces that `transfer_from` adds up to.
    #[schema(value_type = f64, format = "decimal", minimum = 0, example = 15)]
    pub coverable: Quantity,
    /// Pieces still short after that: `shortage - coverable`.
    #[schema(value_type = f64, format = "decimal", minimum = 0, example = 0)]
    pub uncovered: SentQuantity,
    /// Whether all the variant's cells that were asked for are known, and can be computed with.
    #[schema(example = true)]
    pub complete: bool,
}

/// The kind of an alert: `physical` (`qty_onhand` is below zero), `overcommitted` (more is promised than there is) or
/// `low_stock` (neither, but there is not much).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlertKind {
    /// On hand is below zero.
    Physical,
    /// More is promised than there is.
    Overcommitted,
    /// There is not much.
    LowStock,
}

/// Pieces that a location could send.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, ToSchema)]
pub struct Transfer {
    /// The sending location.
    #[schema(value_type = u64, minimum = 1, example = 1007284)]
    pub loc_id: LocationId,
    /// How many pieces it would send.
    #[schema(value_type = f64, format = "decimal", exclusive_minimum = 0, example = 15)]
    pub quantity: Quantity,
}

/// How much a row is short of, and where it could come from.
#[derive(Debug)]
pub(super) struct Shortfall {
    /// By how much; a number that is not computed with gets no transfers.
    pub(super) shortage: SentQuantity,
    pub(super) surplus_elsewhere: Option<Quantity>,
    pub(super) transfer_from: Vec<Transfer>,
    /// Whether all the variant's cells are known.
    pub(super) complete: bool,
}

impl Alert {
    /// The alert that a row raises.
    pub(super) fn of_row(row: &Row, book: &LocationBook, shortfall: Shortfall) -> Self {
        let Shortfall { shortage, surplus_elsewhere, transfer_from, complete } = shortfall;
        let sent = SentFields::of(row);
        let coverable =
            transfer_from.iter().map(|transfer| &transfer.quantity).sum::<Quantity>().normalized();
        let uncovered = match shortage.exact() {
            Some(exact) => SentQuantity::from((exact - coverable.clone()).normalized()),
            None => shortage.clone(),
        };
        let covered_by_incoming =
            !sent.qty_incoming.is_negative() && shortage.cmp_magnitude(&sent.qty_incoming).is_le();
        let kind = AlertKind::of(sent.qty_onhand.is_negative(), sent.qty_available.is_negative());
        Self {
            id: Some(row.id),
            loc_id: Some(row.loc_id),
            product_id: Some(row.product_id),
            variant_id: row.variant_id,
            qty_onhand: sent.qty_onhand,
            qty_commited: sent.qty_commited,
            qty_incoming: sent.qty_incoming,
            qty_available: sent.qty_available,
            updated_at: Some(sent.updated_at),
            location_name: book.name(row.loc_id).map(str::to_owned),
            kind,
            shortage,
            covered_by_incoming,
            surplus_elsewhere,
            transfer_from,
            coverable,
            uncovered,
            complete,
        }
    }

    /// The alert that a variant's sums raise; `None` if they are not known. No transfer can help: what there is
    /// anywhere is already in the sums.
    pub(super) fn of_sums(variant: &VariantCells, sums: StockSums, shortage: Quantity) -> Option<Self> {
        let (qty_available, qty_onhand) = (sums.qty_available?, sums.qty_onhand?);
        let qty_incoming = sums.qty_incoming?;
        let shortage_shown = SentQuantity::from(shortage.clone());
        Some(Self {
            id: None,
            loc_id: None,
            product_id: variant.product_id(),
            variant_id: variant.variant_id,
            kind: AlertKind::of(qty_onhand.is_negative(), qty_available.is_negative()),
            covered_by_incoming: shortage <= qty_incoming,
            qty_onhand: qty_onhand.into(),
            qty_commited: sums.qty_commited?.into(),
            qty_incoming: qty_incoming.into(),
            qty_available: qty_available.into(),
            updated_at: sums.updated_at,
            location_name: None,
            shortage: shortage_shown.clone(),
            surplus_elsewhere: Some(Quantity::ZERO),
            transfer_from: Vec::new(),
            coverable: Quantity::ZERO,
            uncovered: shortage_shown,
            complete: true,
        })
    }

    /// Which of two comes first: the larger shortage, then the lower variant and location id.
    pub(super) fn worse_first(&self, other: &Self) -> Ordering {
        other
            .shortage
            .cmp_magnitude(&self.shortage)
            .then_with(|| (self.variant_id, self.loc_id).cmp(&(other.variant_id, other.loc_id)))
    }
}

impl AlertKind {
    /// The kind's name in answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Physical => "physical",
            Self::Overcommitted => "overcommitted",
            Self::LowStock => "low_stock",
        }
    }

    fn of(is_onhand_negative: bool, is_available_negative: bool) -> Self {
        match (is_onhand_negative, is_available_negative) {
            (true, _) => Self::Physical,
            (false, true) => Self::Overcommitted,
            (false, false) => Self::LowStock,
        }
    }
}

impl Record for Alert {
    /// `transfer_from` is one field: `loc_id:quantity` pairs joined by `;`.
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
        "kind",
        "shortage",
        "covered_by_incoming",
        "surplus_elsewhere",
        "transfer_from",
        "coverable",
        "uncovered",
        "complete",
    ];

    fn write(&self, fields: &mut Fields) {
        fields
            .optional(self.id)
            .optional(self.loc_id)
            .optional(self.product_id)
            .value(self.variant_id)
            .value(&self.qty_onhand)
            .value(&self.qty_commited)
            .value(&self.qty_incoming)
            .value(&self.qty_available)
            .optional_text(self.updated_at.as_ref())
            .text(self.location_name.as_deref())
            .value(self.kind.as_str())
            .value(&self.shortage)
            .value(self.covered_by_incoming)
            .optional(self.surplus_elsewhere.as_ref())
            .pairs(self.transfer_from.iter().map(|transfer| (transfer.loc_id, &transfer.quantity)))
            .value(&self.coverable)
            .value(&self.uncovered)
            .value(self.complete);
    }
}
