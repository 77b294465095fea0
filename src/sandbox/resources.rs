//! The resources around the inventory, as they are read: locations, products and variants, the shop itself, and lists of
//! what the sandbox's shops have none of.

use super::answer::Answer;
use super::catalog::{Catalog, Product};
use super::faults::Faults;
use super::raw::RawObject;
use super::request::{Asked, Given, Resource};
use super::stock::Stock;

/// The most locations, or products, on a page, whatever `limit` says. Source: live.
const PAGE_ITEMS: usize = 50;

/// Answers a reading request for anything but inventory.
pub(super) fn answer(org_id: u64, stock: &Stock, asked: &Asked, faults: &Faults) -> Answer {
    let catalog = &stock.catalog;
    match asked.resource {
        Resource::Locations => locations(catalog, asked, faults),
        Resource::Location => location(catalog, asked),
        Resource::Products => products(stock, asked),
        Resource::Product => product(stock, asked),
        Resource::Variant => variant(stock, asked.id),
        Resource::ProductCount => product_count(catalog, asked),
        Resource::Shop => shop(org_id, catalog),
        Resource::Empty => empty(&asked.path),
        Resource::Inventory | Resource::StockChange | Resource::VariantChange | Resource::Unknown => {
            not_found()
        }
    }
}

fn not_found() -> Answer {
    Answer::refusal(404, "Not Found")
}

/// A list under the name in its path.
fn empty(path: &str) -> Answer {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    Answer::list(name.strip_suffix(".json").unwrap_or(name), &[""; 0])
}

fn location(catalog: &Catalog, asked: &Asked) -> Answer {
    let location = catalog.locations().iter().find(|location| location.id == asked.id);
    location.map_or_else(not_found, |location| {
        Answer::object(&RawObject::default().raw("location", location.json()))
    })
}

fn product(stock: &Stock, asked: &Asked) -> Answer {
    stock.catalog.product(asked.id).map_or_else(not_found, |product| {
        let json = product.json(fields(asked).as_deref(), |variant_id| stock.sums(variant_id));
        Answer::object(&RawObject::default().raw("product", json))
    })
}

/// Answers one variant.
pub(super) fn variant(stock: &Stock, id: u64) -> Answer {
    let product = stock.catalog.product_of(id).and_then(|id| stock.catalog.product(id));
    let variant = product.and_then(|product| {
        let variant = product.variants.iter().find(|variant| variant.id == id)?;
        Some(variant.json(product.id, stock.sums(id)))
    });
    variant.map_or_else(not_found, |json| Answer::object(&RawObject::default().raw("variant", json)))
}

/// The fields asked for; `None` is all of them. An empty list of fields counts as none given (guess).
fn fields(asked: &Asked) -> Option<Vec<&str>> {
    let fields: Vec<&str> = asked.param("fields")?.split(',').map(str::trim).collect();
    fields.iter().any(|field| !field.is_empty()).then_some(fields)
}

fn locations(catalog: &Catalog, asked: &Asked, faults: &Faults) -> Answer {
    if let Some(texts) = &faults.raw_locations {
        return Answer::list("locations", page(asked, texts));
    }
    let page: Vec<String> = page(asked, catalog.locations()).iter().map(|location| location.json()).collect();
    Answer::list("locations", &page)
}

fn products(stock: &Stock, asked: &Asked) -> Answer {
    let fields = fields(asked);
    match matching(&stock.catalog, asked) {
        Ok(products) => {
            let products = page(asked, &products).iter();
            let sums = |variant_id| stock.sums(variant_id);
            let page: Vec<String> = products.map(|product| product.json(fields.as_deref(), sums)).collect();
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
