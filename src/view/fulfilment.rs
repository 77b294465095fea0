//! Fulfilment: which locations could send an order, from as few of them as will do.
//!
//! Only locations that sell count, and each sends no more than its own `qty_available`: what another has oversold
//! takes nothing from it. An order can be fulfilled if what the known cells hold covers every line, whatever the
//! unknown ones hold; it cannot if they leave a line short that no unknown cell could help; else nothing is proven.
//! A cell that Haravan refuses is as unknown as any other, and so is a number that is not computed with; one at a
//! location that does not sell changes nothing. Nothing is promised from a location of which it is not known whether it
//! sells, but it may help.
//!
//! Of the smallest sets of locations that cover the order the first is taken: locations are compared in the order
//! of preference, those preferred as they were named and then the others by id. How it is found, and what happens
//! when that takes too long, is `choice`'s to say. Nothing is reserved: the plan is of what was there.

mod choice;
mod supply;

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use self::choice::{WORK, choose};
use self::supply::{Source, Supply};
use super::envelope::{Context, Envelope, EnvelopeBuilder, answer};
use super::grid::{Cells, VariantCells, each_variant};
use super::lines::{Chunks, Fields, Record, Tabular, csv_chunks, ndjson_chunks};
use super::transfer::spare;
use crate::domain::id::{LocationId, VariantId};
use crate::domain::location::LocationBook;
use crate::domain::quantity::Quantity;

/// Said when the search for fewer locations was given up.
const NOT_PROVEN_FEWEST: &str = "the plan covers every line, but whether fewer locations would do was not found out: \
                                 the order could be split in too many ways";

/// An order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FulfilmentParameters {
    /// What is ordered of each variant; above zero.
    pub demand: BTreeMap<VariantId, Quantity>,
    /// The locations to use first, the most wanted first.
    pub prefer: Vec<LocationId>,
}

/// Which locations could send an order.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, ToSchema)]
pub struct FulfilmentAnswer {
    /// The members that all views share.
    #[serde(flatten)]
    pub envelope: Envelope,
    /// Whether every line can be covered; null if the cells that are known prove neither. A yes stays a yes, and a
    /// no a no, when missing cells arrive.
    #[schema(required, example = true)]
    pub fulfillable: Option<bool>,
    /// From how many locations the order would be sent.
    #[schema(example = "single")]
    pub mode: FulfilmentMode,
    /// What each location would send: preferred locations first, as they were named, then by id. As few locations as
    /// will do, of what the known cells hold; empty unless `fulfillable`.
    pub plan: Vec<Shipment>,
    /// The lines that the known cells do not cover, by variant id; empty if `fulfillable`.
    pub shortages: Vec<LineShortage>,
    /// Always false: nothing is reserved, and what is planned here may be sold elsewhere the next moment.
    #[schema(example = false)]
    pub reservation: bool,
}

/// From how many locations an order would be sent.
///
/// `single`: from one; `split`: from several; `none`: there is no plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum FulfilmentMode {
    /// One location has it all.
    Single,
    /// Several locations together have it.
    Split,
    /// There is no plan.
    None,
}

/// What one location would send.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, ToSchema)]
pub struct Shipment {
    /// The location.
    #[schema(value_type = u64, minimum = 1, example = 1007284)]
    pub loc_id: LocationId,
    /// Its name; null when it is not known.
    #[schema(required, example = "Kho Tân Bình")]
    pub location_name: Option<String>,
    /// What it would send, by variant id; never empty.
    #[schema(min_items = 1)]
    pub lines: Vec<ShipmentLine>,
}

/// What one location would send of one variant.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, ToSchema)]
pub struct ShipmentLine {
    /// The variant.
    #[schema(value_type = u64, minimum = 1, example = 1061514767)]
    pub variant_id: VariantId,
    /// Pieces to send; no more than the location has available.
    #[schema(value_type = f64, format = "decimal", exclusive_minimum = 0, example = 2)]
    pub quantity: Quantity,
}

/// A variant of which the known cells hold less than was ordered.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, ToSchema)]
pub struct LineShortage {
    /// The variant.
    #[schema(value_type = u64, minimum = 1, example = 1061514767)]
    pub variant_id: VariantId,
    /// Pieces ordered, over all the lines that name the variant.
    #[schema(value_type = f64, format = "decimal", exclusive_minimum = 0, example = 20)]
    pub quantity: Quantity,
    /// Pieces that can be sold: the sum of the positive availables at sellable locations. A lower bound if a cell
    /// is unknown.
    #[schema(value_type = f64, format = "decimal", minimum = 0, example = 15)]
    pub sellable: Quantity,
    /// `quantity - sellable`, above 0; null if an unknown cell could make it less.
    #[schema(required, value_type = Option<f64>, format = "decimal", exclusive_minimum = 0, example = 5)]
    pub shortage: Option<Quantity>,
    /// Whether all the variant's cells that were asked for are known, and can be computed with.
    #[schema(example = true)]
    pub complete: bool,
}

/// A line of a plan, as CSV and NDJSON have it.
#[derive(Debug, Serialize)]
struct PlanLine {
    loc_id: LocationId,
    location_name: Option<String>,
    #[serde(flatten)]
    line: ShipmentLine,
}

/// Plans how to send an order. The cells are those of the variants ordered.
#[must_use]
pub fn fulfilment(
    cells: impl Cells,
    context: Context<'_>,
    parameters: &FulfilmentParameters,
) -> FulfilmentAnswer {
    let mut envelope = EnvelopeBuilder::new();
    let mut supply = Supply::preferring(&parameters.prefer);
    let mut shortages = Vec::new();
    each_variant(cells, context.book.untold_cells(), |variant| {
        for (id, cell) in variant.cells() {
            envelope.see(id, cell);
        }
        if let Some(ordered) = parameters.demand.get(&variant.variant_id) {
            supply.add(variant, context.book, ordered);
            shortages.extend(shortage(variant, context.book, ordered));
        }
    });
    let fulfillable = if shortages.is_empty() {
        Some(true)
    } else {
        shortages.iter().any(|short: &LineShortage| short.shortage.is_some()).then_some(false)
    };
    let mut plan = Vec::new();
    if fulfillable == Some(true) {
        let supply = supply.finish();
        let choice = choose(&supply, WORK);
        if !choice.proven_fewest {
            envelope.warn(NOT_PROVEN_FEWEST.to_owned());
        }
        plan = shipments(&supply, &choice.places, context.book);
    }
    let mode = match plan.len() {
        0 => FulfilmentMode::None,
        1 => FulfilmentMode::Single,
        _ => FulfilmentMode::Split,
    };
    let envelope = envelope.finish(context);
    FulfilmentAnswer { envelope, fulfillable, mode, plan, shortages, reservation: false }
}

/// The most quantities that are looked at to plan an order of these variants among these locations: each variant in
/// each set of locations, until the search is given up.
#[must_use]
pub fn most_looked_at(variants: usize, locations: usize) -> u64 {
    let variants = u64::try_from(variants).unwrap_or(u64::MAX);
    let locations = u32::try_from(locations).unwrap_or(u32::MAX);
    let sets = 1_u64.checked_shl(locations).unwrap_or(u64::MAX);
    let greedily = variants.saturating_mul(u64::from(locations));
    sets.saturating_mul(variants).min(WORK).saturating_add(greedily)
}

/// What lacks of a variant, if anything does.
fn shortage(variant: &VariantCells, book: &LocationBook, ordered: &Quantity) -> Option<LineShortage> {
    let sellable = variant.rows().filter_map(|row| spare(row, book)).sum::<Quantity>().normalized();
    if *ordered <= sellable {
        return None;
    }
    let helpless = !variant.more_may_sell(book);
    Some(LineShortage {
        variant_id: variant.variant_id,
        quantity: ordered.clone().normalized(),
        shortage: helpless.then(|| (ordered - &sellable).normalized()),
        sellable,
        complete: variant.is_complete(),
    })
}

/// Lets each of the locations in turn send all that it can of what is left.
fn shipments(supply: &Supply, places: &[usize], book: &LocationBook) -> Vec<Shipment> {
    let mut left = supply.demand();
    let chosen = places.iter().filter_map(|place| supply.sources.get(*place));
    chosen
        .map(|source: &Source| Shipment {
            loc_id: source.loc_id,
            location_name: book.name(source.loc_id).map(str::to_owned),
            lines: supply
                .take(source, &mut left)
                .into_iter()
                .filter_map(|(index, quantity)| {
                    let variant_id = supply.variants.get(index)?.variant_id;
                    Some(ShipmentLine { variant_id, quantity: quantity.normalized() })
                })
                .collect(),
        })
        .collect()
}

impl FulfilmentAnswer {
    fn into_lines(self) -> (Vec<PlanLine>, Envelope) {
        let lines = self.plan.into_iter().flat_map(|shipment| {
            let Shipment { loc_id, location_name, lines } = shipment;
            let line = move |line| PlanLine { loc_id, location_name: location_name.clone(), line };
            lines.into_iter().map(line)
        });
        (lines.collect(), self.envelope)
    }
}

impl Record for PlanLine {
    const COLUMNS: &'static [&'static str] = &["loc_id", "location_name", "variant_id", "quantity"];

    fn write(&self, fields: &mut Fields) {
        fields
            .value(self.loc_id)
            .text(self.location_name.as_deref())
            .value(self.line.variant_id)
            .value(&self.line.quantity);
    }
}

answer!(FulfilmentAnswer, CHOOSES_LOCATIONS);

impl Tabular for FulfilmentAnswer {
    fn into_csv(self) -> Chunks {
        let (lines, envelope) = self.into_lines();
        csv_chunks(lines, &envelope)
    }

    fn into_ndjson(self) -> Chunks {
        let (lines, envelope) = self.into_lines();
        ndjson_chunks(lines, envelope)
    }
}

#[cfg(test)]
mod tests;
