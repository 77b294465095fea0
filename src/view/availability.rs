//! Availability: what a storefront may promise of a variant.
//!
//! Only locations that sell count. What they hold together is the pool; a buffer is kept back from it, and what is
//! left is the quantity. How the pool is made up decides what can be known of it before every cell is:
//!
//! - `positive`: the sum of what each location has, oversold ones adding nothing. A further cell can only raise it,
//!   so what the known cells hold is a lower bound, and a yes that they prove stays a yes.
//! - `net`: the sum over all, oversold locations counting against the others. A further cell may be oversold by any
//!   amount, so as long as a cell at a location that sells is unknown, nothing is proven: neither a yes nor a no.
//!   (A cell that is unknown elsewhere changes nothing.)
//!
//! A cell that Haravan refuses is as unknown as any other, and so is a number that is not computed with. A location whose
//! class is not known may add what it has, or nothing: what holds either way is proven.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::envelope::{Context, Envelope, EnvelopeBuilder, answer};
use super::grid::{Cells, VariantCells, each_variant};
use super::lines::{Chunks, Fields, Record, Tabular, csv_chunks, ndjson_chunks};
use super::transfer::spare;
use crate::domain::cell::Cell;
use crate::domain::id::{LocationId, VariantId};
use crate::domain::location::LocationBook;
use crate::domain::quantity::Quantity;

/// How the stock of several locations makes one pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Pooling {
    /// Oversold locations count against the others.
    #[default]
    Net,
    /// Oversold locations add nothing.
    Positive,
}

/// What may be promised.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AvailabilityParameters {
    /// How the locations' stock makes one pool.
    pub pooling: Pooling,
    /// Pieces of the pool that are not for sale.
    pub buffer: Quantity,
    /// The largest quantity that an answer shows.
    pub cap: Option<Quantity>,
    /// At or below this, stock is low.
    pub threshold: Quantity,
    /// Whether the locations that have stock are listed.
    pub pickup: bool,
}

/// What a storefront may promise.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, ToSchema)]
pub struct AvailabilityAnswer {
    /// The members that all views share.
    #[serde(flatten)]
    pub envelope: Envelope,
    /// Every variant asked for, by id.
    pub availability: Vec<Availability>,
}

/// What may be promised of one variant, over the locations asked for that sell.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, ToSchema)]
pub struct Availability {
    /// The variant.
    #[schema(value_type = u64, minimum = 1, example = 1061514767)]
    pub variant_id: VariantId,
    /// Whether it can be sold; null if the known cells do not prove it. A yes stays a yes when missing cells
    /// arrive.
    #[schema(required, example = true)]
    pub available: Option<bool>,
    /// The same, with low stock apart.
    #[schema(example = "in_stock")]
    pub status: AvailabilityStatus,
    /// Pieces that can be sold: the pool less the buffer, never below 0, cut at the cap. See `quantity_is`.
    #[schema(value_type = f64, format = "decimal", minimum = 0, example = 15)]
    pub quantity: Quantity,
    /// What `quantity` is.
    #[schema(example = "exact")]
    pub quantity_is: QuantityIs,
    /// Whether all the variant's cells that were asked for are known, and can be computed with.
    #[schema(example = true)]
    pub complete: bool,
    /// With `pickup`: the locations known to have stock, by id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub locations: Option<Vec<PickupLocation>>,
}

/// Whether a variant can be sold.
///
/// `in_stock`; `low_stock`: the same, but at or below the threshold (when missing cells arrive, it may turn out to be
/// `in_stock`); `out_of_stock`; `unknown`: the known cells do not prove it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AvailabilityStatus {
    /// It can be sold.
    InStock,
    /// It can be sold, but there is not much of it.
    LowStock,
    /// It cannot be sold.
    OutOfStock,
    /// The known cells do not prove it.
    Unknown,
}

/// What a quantity is.
///
/// `exact`; `at_least`: a lower bound, since cells are missing, and 0 if nothing is proven; `capped`: there is more,
/// and the cap hides how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum QuantityIs {
    /// The quantity itself.
    Exact,
    /// A lower bound: cells are missing.
    AtLeast,
    /// The cap: there is more.
    Capped,
}

/// A location where a variant can be picked up.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, ToSchema)]
pub struct PickupLocation {
    /// The location.
    #[schema(value_type = u64, minimum = 1, example = 1007284)]
    pub loc_id: LocationId,
    /// Its name; null when it is not known.
    #[schema(required, example = "Kho Tân Bình")]
    pub location_name: Option<String>,
    /// Pieces available there, cut at the cap. The buffer is the pool's and not taken off.
    #[schema(value_type = f64, format = "decimal", exclusive_minimum = 0, example = 15)]
    pub quantity: Quantity,
    /// What `quantity` is: `exact` or `capped`.
    #[schema(example = "exact")]
    pub quantity_is: QuantityIs,
}

/// What the known cells prove of the pieces that can be sold.
#[derive(Debug, Clone)]
enum Proven {
    Exactly(Quantity),
    AtLeast(Quantity),
}

/// Says of each variant asked for whether and how much of it can be sold.
#[must_use]
pub fn availability(
    cells: impl Cells,
    context: Context<'_>,
    parameters: AvailabilityParameters,
) -> AvailabilityAnswer {
    let mut envelope = EnvelopeBuilder::new();
    let mut availability = Vec::new();
    each_variant(cells, context.book.untold_cells(), |variant| {
        for (id, cell) in variant.cells() {
            envelope.see(id, cell);
        }
        availability.push(item(variant, context.book, &parameters));
    });
    AvailabilityAnswer { envelope: envelope.finish(context), availability }
}

fn item(variant: &VariantCells, book: &LocationBook, parameters: &AvailabilityParameters) -> Availability {
    let proven = proven(variant, book, parameters);
    let for_sale = proven.quantity();
    let available = match &proven {
        Proven::Exactly(_) => Some(for_sale.is_positive()),
        Proven::AtLeast(_) => for_sale.is_positive().then_some(true),
    };
    let status = match available {
        None => AvailabilityStatus::Unknown,
        Some(false) => AvailabilityStatus::OutOfStock,
        Some(true) if *for_sale <= parameters.threshold => AvailabilityStatus::LowStock,
        Some(true) => AvailabilityStatus::InStock,
    };
    let (quantity, quantity_is) = told(&proven, parameters.cap.as_ref());
    Availability {
        variant_id: variant.variant_id,
        available,
        status,
        quantity,
        quantity_is,
        complete: variant.is_complete(),
        locations: parameters.pickup.then(|| pickup(variant, book, parameters.cap.as_ref())),
    }
}

/// The pool less the buffer, as far as the known cells prove it.
fn proven(variant: &VariantCells, book: &LocationBook, parameters: &AvailabilityParameters) -> Proven {
    // What the locations that sell have, and what those of unknown class could change at most.
    let (mut pool, mut least, mut most) = (Quantity::ZERO, Quantity::ZERO, Quantity::ZERO);
    let mut unknown = 0 < variant.untold;
    for (loc_id, cell) in variant.cells.iter().filter(|(loc_id, _)| book.may_be_sellable(*loc_id)) {
        match cell {
            Cell::Row(row) => {
                let adds = match (parameters.pooling, row.available()) {
                    (Pooling::Net, Some(available)) => available,
                    (Pooling::Positive, Some(available)) => available.positive_part(),
                    (Pooling::Positive, None) if row.qty_available.is_negative() => Quantity::ZERO,
                    (_, None) => {
                        unknown = true;
                        continue;
                    }
                };
                if book.is_sellable(*loc_id) {
                    pool += &adds;
                } else if adds.is_negative() {
                    least += &adds;
                } else {
                    most += &adds;
                }
            }
            Cell::NoRow => {}
            Cell::Unknown(_) => unknown = true,
        }
    }
    let for_sale = |pool: Quantity| (&pool - &parameters.buffer).positive_part().normalized();
    let (least, most) = (for_sale(pool.clone() + least), for_sale(pool + most));
    match parameters.pooling {
        _ if !unknown && least == most => Proven::Exactly(least),
        Pooling::Net if unknown => Proven::AtLeast(Quantity::ZERO),
        Pooling::Positive | Pooling::Net => Proven::AtLeast(least),
    }
}

/// A quantity under a cap, as the answer shows it.
fn told(proven: &Proven, cap: Option<&Quantity>) -> (Quantity, QuantityIs) {
    let quantity = proven.quantity();
    match (cap, proven) {
        (Some(cap), _) if cap < quantity => (cap.clone().normalized(), QuantityIs::Capped),
        (_, Proven::Exactly(_)) => (quantity.clone(), QuantityIs::Exact),
        (_, Proven::AtLeast(_)) => (quantity.clone(), QuantityIs::AtLeast),
    }
}

/// The locations that sell and are known to have some; not those whose number is not computed with.
fn pickup(variant: &VariantCells, book: &LocationBook, cap: Option<&Quantity>) -> Vec<PickupLocation> {
    let stocked = variant.rows().filter_map(|row| Some((row, spare(row, book)?)));
    stocked
        .map(|(row, available)| {
            let (quantity, quantity_is) = told(&Proven::Exactly(available), cap);
            let location_name = book.name(row.loc_id).map(str::to_owned);
            PickupLocation { loc_id: row.loc_id, location_name, quantity, quantity_is }
        })
        .collect()
}

impl Proven {
    fn quantity(&self) -> &Quantity {
        let (Self::Exactly(quantity) | Self::AtLeast(quantity)) = self;
        quantity
    }
}

impl AvailabilityStatus {
    /// The status's name in answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InStock => "in_stock",
            Self::LowStock => "low_stock",
            Self::OutOfStock => "out_of_stock",
            Self::Unknown => "unknown",
        }
    }
}

impl QuantityIs {
    /// The name in answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::AtLeast => "at_least",
            Self::Capped => "capped",
        }
    }
}

impl Record for Availability {
    /// `locations` is one field: `loc_id:quantity` pairs joined by `;`.
    const COLUMNS: &'static [&'static str] =
        &["variant_id", "available", "status", "quantity", "quantity_is", "complete", "locations"];

    fn write(&self, fields: &mut Fields) {
        let locations = self.locations.iter().flatten();
        fields
            .value(self.variant_id)
            .optional(self.available)
            .value(self.status.as_str())
            .value(&self.quantity)
            .value(self.quantity_is.as_str())
            .value(self.complete)
            .pairs(locations.map(|location| (location.loc_id, &location.quantity)));
    }
}

answer!(AvailabilityAnswer: availability);

impl Tabular for AvailabilityAnswer {
    fn into_csv(self) -> Chunks {
        csv_chunks(self.availability, &self.envelope)
    }

    fn into_ndjson(self) -> Chunks {
        ndjson_chunks(self.availability, self.envelope)
    }
}

#[cfg(test)]
mod tests;
