//! What changes stock: `inventories/adjustorset.json` and `variants/{id}.json`.
//!
//! The shapes of the requests are known from programs that send them (live); what is refused, and with which words, is
//! a guess in the manner of the resources that are known. Quantities are whole numbers here (guess).

use rust_decimal::Decimal;
use serde::Deserialize;

use super::answer::Answer;
use super::catalog::Variant;
use super::raw::RawObject;
use super::request::Asked;
use super::resources;
use super::stock::Stock;

/// The most lines of one change. Source: live.
const MAX_LINES: usize = 200;

#[derive(Deserialize)]
struct AdjustOrSet {
    inventory: Inventory,
}

#[derive(Deserialize)]
struct Inventory {
    location_id: u64,
    /// A program that is known leaves it out where it adjusts (live).
    #[serde(default)]
    r#type: Kind,
    line_items: Vec<LineItem>,
}

/// Whether the quantities of a change are new ones on hand, or differences.
#[derive(Deserialize, Clone, Copy, Default)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Set,
    #[default]
    Adjust,
}

#[derive(Deserialize)]
struct LineItem {
    product_id: u64,
    product_variant_id: u64,
    quantity: i64,
}

#[derive(Deserialize)]
struct ChangeVariant {
    variant: VariantFields,
}

#[derive(Deserialize)]
struct VariantFields {
    title: Option<String>,
    sku: Option<String>,
    /// The pieces on hand at the main location (guess).
    inventory_quantity: Option<i64>,
}

/// Sets or adjusts the quantities of a location: all of the lines, or none of them.
pub(super) fn adjust_or_set(stock: &mut Stock, asked: &Asked) -> Answer {
    let Inventory { location_id, r#type: kind, line_items } = match serde_json::from_slice(&asked.body) {
        Ok(AdjustOrSet { inventory }) => inventory,
        Err(error) => return garbled(&error),
    };
    if line_items.is_empty() || MAX_LINES < line_items.len() {
        return Answer::refusal(422, &format!("line_items phải có từ 1 đến {MAX_LINES} dòng"));
    }
    if !stock.catalog.has_location(location_id) {
        return Answer::refusal(422, "Kho không hợp lệ");
    }
    let is_known =
        |line: &LineItem| stock.catalog.product_of(line.product_variant_id) == Some(line.product_id);
    if !line_items.iter().all(is_known) {
        return Answer::refusal(422, "Biến thể không hợp lệ");
    }
    for line in &line_items {
        change_quantity(stock, (line.product_variant_id, location_id), kind, line.quantity);
    }
    let lines = RawObject::default().raw("location_id", location_id).raw("lines", line_items.len());
    Answer::object(&RawObject::default().raw("inventory", lines))
}

/// Changes some fields of a variant.
pub(super) fn change_variant(stock: &mut Stock, asked: &Asked) -> Answer {
    let fields = match serde_json::from_slice(&asked.body) {
        Ok(ChangeVariant { variant }) => variant,
        Err(error) => return garbled(&error),
    };
    let VariantFields { title, sku, inventory_quantity } = fields;
    let change = |variant: &mut Variant| {
        if let Some(title) = title {
            variant.title = title;
        }
        if let Some(sku) = sku {
            variant.sku = sku;
        }
    };
    if stock.catalog.change_variant(asked.id, change).is_none() {
        return Answer::refusal(404, "Not Found");
    }
    let locations = stock.catalog.locations();
    let main = locations.iter().find(|location| location.is_primary).or(locations.first());
    if let Some((quantity, loc_id)) = inventory_quantity.zip(main.map(|location| location.id)) {
        change_quantity(stock, (asked.id, loc_id), Kind::Set, quantity);
    }
    resources::variant(stock, asked.id)
}

/// Changes what is on hand in a cell; what is available follows.
fn change_quantity(stock: &mut Stock, (variant_id, loc_id): (u64, u64), kind: Kind, quantity: i64) {
    let row = stock.store.get(variant_id, loc_id);
    let [available, commited] =
        row.map(|row| row.quantities(["qty_available", "qty_commited"])).unwrap_or_default();
    let quantity = Decimal::from(quantity);
    let changed = match kind {
        Kind::Set => quantity.saturating_sub(commited),
        Kind::Adjust => available.saturating_add(quantity),
    };
    stock.set_available(variant_id, loc_id, changed);
}

fn garbled(error: &serde_json::Error) -> Answer {
    Answer::refusal(400, &format!("Nội dung không hợp lệ: {error}"))
}
