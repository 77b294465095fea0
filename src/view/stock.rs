//! Stock: the rows of a grid summed by variant, product or location.

pub mod item;
pub mod stream;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use self::item::{LocationStock, Place, ProductStock, StockItem, StockRow, VariantStock};
use super::envelope::{Context, Envelope, EnvelopeBuilder, answer};
use super::grid::Cells;
use super::lines::{Chunks, Tabular, csv_chunks, ndjson_chunks};
use super::recurring::Recurring;
use super::tally::{Membership, StockSums, Tally};
use crate::domain::cell::{Cell, MissingReason};
use crate::domain::id::{LocationId, ProductId, VariantId};
use crate::domain::location::LocationBook;
use crate::domain::row::Row;

/// Said when a variant's product is not known because its cells are not.
const PRODUCTS_OPEN: &str = "some variants have no known row, so their product is not known, and unknown cells: \
                             they may belong to any product, so sums by product are null";

/// What a stock answer has an item for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum GroupBy {
    /// Each variant asked for, rows or not.
    #[default]
    Variant,
    /// Each product that a row names.
    Product,
    /// Each location asked for, rows or not.
    Location,
}

/// How stock is to be summed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StockParameters {
    /// What an item stands for.
    pub group_by: GroupBy,
    /// Whether items list their rows. CSV, which is flat, never does.
    pub breakdown: bool,
}

/// Stock by variant, product or location.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, ToSchema)]
pub struct StockAnswer {
    /// The members that all views share.
    #[serde(flatten)]
    pub envelope: Envelope,
    /// The groups, by id.
    pub stock: Vec<StockItem>,
    /// The same sums over all cells asked for.
    pub totals: StockSums,
}

/// Stock of one variant.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, ToSchema)]
pub struct VariantStockAnswer {
    /// The members that all views share.
    #[serde(flatten)]
    pub envelope: Envelope,
    /// The variant, with its rows.
    pub stock: VariantStock,
}

/// A group's place in the answer: by id, the variants whose product is not known last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Key {
    Variant(VariantId),
    Product(ProductId),
    NoProduct,
    Location(LocationId),
}

/// A group in the making.
#[derive(Debug, Default)]
struct Group {
    /// Of a variant: its product, which only rows name. Rows agree on it; if they ever do not, the first counts.
    product_id: Option<ProductId>,
    /// Whether an unknown cell may turn out to be a row. A refused id is not the shop's (live, seemingly), so a
    /// cell refused has none.
    may_have_more_rows: bool,
    tally: Tally,
    rows: Vec<StockRow>,
}

/// Sums the cells into one item per group. Every variant (by variant) or location (by location) of the grid has an
/// item, rows or not.
#[must_use]
pub fn stock(cells: impl Cells, context: Context<'_>, parameters: StockParameters) -> StockAnswer {
    let mut envelope = EnvelopeBuilder::new();
    let mut groups = Recurring::new();
    let mut places = Recurring::new();
    cells.each(|id, cell| {
        envelope.see(id, cell);
        let key = match parameters.group_by {
            // What a variant's product is, is known once all its cells were seen.
            GroupBy::Variant | GroupBy::Product => Key::Variant(id.variant_id),
            GroupBy::Location => Key::Location(id.loc_id),
        };
        let place = places.entry(id.loc_id, || Place::new(id.loc_id, context.book));
        let group = groups.entry(key, Group::default);
        if let (Some(place), Some(group)) = (place, group) {
            group.add(cell, place);
            if parameters.breakdown {
                group.list(cell, place);
            }
        }
    });
    let mut groups = groups.into_list();
    let untold = context.book.untold_cells();
    let mut totals = Tally::default();
    if parameters.group_by == GroupBy::Location {
        // They belong to no location's item.
        totals.add_untold(untold * envelope.variants());
    } else {
        groups.iter_mut().for_each(|(_, variant)| variant.add_untold(untold));
    }
    let mut products = Membership::Certain;
    if parameters.group_by == GroupBy::Product {
        if groups.iter().any(|(_, variant)| variant.product_id.is_none() && variant.may_have_more_rows) {
            products = Membership::Open;
            envelope.warn(PRODUCTS_OPEN.to_owned());
        }
        groups = by_product(groups);
    }
    groups.sort_by_key(|(key, _)| *key);
    for (_, group) in &groups {
        totals.merge(&group.tally);
    }
    let stock =
        groups.into_iter().map(|(key, group)| item(key, group, parameters, products, context.book)).collect();
    StockAnswer { envelope: envelope.finish(context), stock, totals: totals.finish(Membership::Certain) }
}

/// The groups of variants as groups of products.
fn by_product(variants: Vec<(Key, Group)>) -> Vec<(Key, Group)> {
    let mut products = Recurring::new();
    for (_, variant) in variants {
        let key = variant.product_id.map_or(Key::NoProduct, Key::Product);
        if let Some(product) = products.entry(key, Group::default) {
            product.tally.merge(&variant.tally);
            product.rows.extend(variant.rows);
        }
    }
    products.into_list()
}

impl Group {
    fn add(&mut self, cell: &Cell, place: &Place) {
        match cell {
            Cell::Row(row) => return self.add_row(row, place),
            Cell::NoRow | Cell::Unknown(MissingReason::Refused) => {}
            Cell::Unknown(_) => self.may_have_more_rows = true,
        }
        self.tally.add(cell, place.class);
    }

    fn add_row(&mut self, row: &Row, place: &Place) {
        self.tally.add_row(row, place.class);
        self.product_id = self.product_id.or(Some(row.product_id));
    }

    /// Counts cells of a variant whose location is not known.
    fn add_untold(&mut self, cells: u64) {
        self.tally.add_untold(cells);
        self.may_have_more_rows |= 0 < cells;
    }

    fn list(&mut self, cell: &Cell, place: &Place) {
        if let Cell::Row(row) = cell {
            self.rows.push(StockRow::new(row, place));
        }
    }

    /// The group as the item of a variant.
    fn of_variant(self, variant_id: VariantId, breakdown: bool) -> VariantStock {
        VariantStock {
            variant_id,
            product_id: self.product_id,
            sums: self.tally.finish(Membership::Certain),
            locations: breakdown.then_some(self.rows),
        }
    }
}

/// The stock of one variant with its rows, from that variant's cells.
#[must_use]
pub fn variant_stock(variant_id: VariantId, cells: impl Cells, context: Context<'_>) -> VariantStockAnswer {
    let mut envelope = EnvelopeBuilder::new();
    let mut group = Group::default();
    cells.each(|id, cell| {
        envelope.see(id, cell);
        let place = Place::new(id.loc_id, context.book);
        group.add(cell, &place);
        group.list(cell, &place);
    });
    group.add_untold(context.book.untold_cells());
    VariantStockAnswer { envelope: envelope.finish(context), stock: group.of_variant(variant_id, true) }
}

fn item(
    key: Key,
    group: Group,
    parameters: StockParameters,
    products: Membership,
    book: &LocationBook,
) -> StockItem {
    let breakdown = parameters.breakdown;
    let product = |group: Group, product_id: Option<ProductId>, membership: Membership| {
        let variants = breakdown.then_some(group.rows);
        StockItem::Product(ProductStock { product_id, sums: group.tally.finish(membership), variants })
    };
    match key {
        Key::Variant(variant_id) => StockItem::Variant(group.of_variant(variant_id, breakdown)),
        Key::Product(product_id) => product(group, Some(product_id), products),
        Key::NoProduct => product(group, None, Membership::Certain),
        Key::Location(loc_id) => StockItem::Location(LocationStock {
            loc_id,
            location_name: book.name(loc_id).map(str::to_owned),
            sums: group.tally.finish(Membership::Certain),
            variants: breakdown.then_some(group.rows),
        }),
    }
}

answer!(StockAnswer: stock);
answer!(VariantStockAnswer);

impl Tabular for StockAnswer {
    fn into_csv(self) -> Chunks {
        csv_chunks(self.stock, &self.envelope)
    }

    fn into_ndjson(self) -> Chunks {
        ndjson_chunks(self.stock, self.envelope)
    }
}

impl Tabular for VariantStockAnswer {
    fn into_csv(self) -> Chunks {
        csv_chunks(vec![StockItem::Variant(self.stock)], &self.envelope)
    }

    fn into_ndjson(self) -> Chunks {
        ndjson_chunks(vec![self.stock], self.envelope)
    }
}

#[cfg(test)]
mod tests;
