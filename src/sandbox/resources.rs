//! The resources around the inventory: locations, products, their count, and the shop itself.

use super::answer::Answer;
use super::catalog::{Catalog, Product};
use super::faults::Faults;
use super::raw::RawObject;
use super::request::{Asked, Given, Resource};

/// The most locations, or products, on a page, whatever `limit` says. Source: live.
const PAGE_ITEMS: usize = 50;

/// Answers a request for anything but inventory.
pub(super) fn answer(org_id: u64, catalog: &Catalog, asked: &Asked, faults: &Faults) -> Answer {
    match asked.resource {
        Resource::Locations => locations(catalog, asked, faults),
        Resource::Products => products(catalog, asked),
        Resource::ProductCount => product_count(catalog, asked),
        Resource::Shop => shop(org_id, catalog),
        Resource::Inventory | Resource::Unknown => Answer::refusal(404, "Not Found"),
    }
}

fn locations(catalog: &Catalog, asked: &Asked, faults: &Faults) -> Answer {
    if let Some(texts) = &faults.raw_locations {
        return Answer::list("locations", page(asked, texts));
    }
    let page: Vec<String> = page(asked, catalog.locations()).iter().map(|location| location.json()).collect();
    Answer::list("locations", &page)
}

fn products(catalog: &Catalog, asked: &Asked) -> Answer {
    let fields: Option<Vec<&str>> =
        asked.param("fields").map(|text| text.split(',').map(str::trim).collect());
    // An empty list of fields counts as none given (guess).
    let fields = fields.filter(|fields| fields.iter().any(|field| !field.is_empty()));
    match matching(catalog, asked) {
        Ok(products) => {
            let page: Vec<String> =
                page(asked, &products).iter().map(|product| product.json(fields.as_deref())).collect();
            Answer::list("products", &page)
        }
        Err(refusal) => refusal,
    }
}

fn product_count(catalog: &Catalog, asked: &Asked) -> Answer {
    match matching(catalog, asked) {
        Ok(products) => Answer::object(&RawObject::default().raw("count", products.len())),
        Err(refusal) => refusal,
    }
}

/// The products that pass the filters, newest id first.
fn matching<'a>(catalog: &'a Catalog, asked: &Asked) -> Result<Vec<&'a Product>, Answer> {
    let min = match asked.updated_at_min {
        Given::Garbled => return Err(Answer::refusal(400, "updated_at_min không hợp lệ")),
        Given::Absent => None,
        Given::Value(min) => Some(min),
    };
    let changed = |product: &&Product| min.is_none_or(|min| product.changed_since(min));
    let products: Vec<&Product> = match asked.param("sku") {
        // An empty filter is no error and no filter either: some products come. Source: live.
        Some("") => catalog.products().iter().rev().step_by(7).collect(),
        Some(sku) => {
            let has = |product: &&Product| product.variants.iter().any(|variant| variant.sku == sku);
            catalog.products().iter().filter(has).collect()
        }
        None => catalog.products().iter().collect(),
    };
    Ok(products.into_iter().filter(changed).collect())
}

fn shop(org_id: u64, catalog: &Catalog) -> Answer {
    let shop = RawObject::default()
        .raw("id", org_id)
        .text("name", &catalog.shop_name)
        .text("email", &format!("shop-{org_id}@example.com"))
        .text("domain", &format!("shop-{org_id}.example.com"))
        .text("myharavan_domain", &format!("sandbox-{org_id}.myharavan.com"))
        .text("country", "VN")
        .text("currency", "VND")
        .text("timezone", "(GMT+07:00) Asia/Ho_Chi_Minh");
    Answer::object(&RawObject::default().raw("shop", shop))
}

fn page<'a, T>(asked: &Asked, items: &'a [T]) -> &'a [T] {
    let limit = asked.number("limit").unwrap_or(PAGE_ITEMS).min(PAGE_ITEMS);
    let number = asked.number("page").unwrap_or(1);
    items.chunks(limit).nth(number.saturating_sub(1)).unwrap_or_default()
}
