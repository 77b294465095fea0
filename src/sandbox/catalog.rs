//! What a shop has besides rows: its locations, products and variants, and how they are written as JSON.

use jiff::Timestamp;
use rust_decimal::Decimal;
use rustc_hash::FxHashMap;
use serde_json::Value;

use super::raw::{self, RawObject};

/// A location of a shop. Source of the fields: Haravan doc.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The location's id.
    pub id: u64,
    /// The name the shop gave it.
    pub name: String,
    /// Whether it is the shop's main location.
    pub is_primary: bool,
    /// Whether its stock must not be sold.
    pub is_unavailable_quantity: bool,
    /// `default` for a warehouse, `ontheroad` for goods in transit, or nothing.
    pub location_type: Option<String>,
    /// Street and number.
    pub address: String,
    /// The province or city.
    pub province: String,
}

/// A product with its variants.
#[derive(Debug, Clone)]
pub(super) struct Product {
    pub(super) id: u64,
    pub(super) title: String,
    pub(super) updated_at: String,
    pub(super) variants: Vec<Variant>,
}

/// A variant of a product.
#[derive(Debug, Clone)]
pub(super) struct Variant {
    pub(super) id: u64,
    pub(super) sku: String,
    pub(super) title: String,
    /// In dong, whole; written with four decimals.
    pub(super) price: u64,
}

/// A shop's name, locations and products.
#[derive(Debug, Default)]
pub(super) struct Catalog {
    pub(super) shop_name: String,
    locations: Vec<Location>,
    products: Vec<Product>,
    product_of: FxHashMap<u64, u64>,
}

impl Location {
    /// A warehouse of this name.
    pub fn warehouse(id: u64, name: &str) -> Self {
        Self {
            id,
            name: name.to_owned(),
            is_primary: false,
            is_unavailable_quantity: false,
            location_type: Some("default".to_owned()),
            address: "182 Lê Đại Hành".to_owned(),
            province: "Hồ Chí Minh".to_owned(),
        }
    }

    pub(super) fn json(&self) -> String {
        let location_type = self.location_type.as_deref().map_or(Value::Null, Value::from);
        RawObject::default()
            .raw("id", self.id)
            .text("name", &self.name)
            .text("type", "default")
            .raw("is_primary", self.is_primary)
            .raw("is_unavailable_quantity", self.is_unavailable_quantity)
            .raw("location_type", location_type)
            .text("address1", &self.address)
            .raw("address2", Value::Null)
            .text("province", &self.province)
            .text("country", "Vietnam")
            .text("country_code", "VN")
            .raw("phone", Value::Null)
            .to_string()
    }
}

impl Product {
    /// The product's JSON, whole or with the fields asked for only. The sums are those of a variant's quantities.
    pub(super) fn json(&self, fields: Option<&[&str]>, sums: impl Fn(u64) -> [Decimal; 4]) -> String {
        let asked = |field: &&str| fields.is_none_or(|fields| fields.contains(field));
        let variants = self.variants.iter().filter(|_| asked(&"variants"));
        let variants = raw::list(variants.map(|variant| variant.json(self.id, sums(variant.id))));
        let mut object = RawObject::default()
            .raw("id", self.id)
            .text("title", &self.title)
            .text("vendor", "Khác")
            .text("product_type", "Khác")
            .text("created_at", "2020-11-16T10:36:20.691Z")
            .text("updated_at", &self.updated_at)
            .text("published_scope", "global")
            .raw("variants", variants)
            .raw("options", r#"[{"name":"Title","position":1}]"#)
            .raw("images", "[]");
        if let Some(fields) = fields {
            object.retain(|key| fields.contains(&key));
        }
        object.to_string()
    }

    /// Whether the product changed at or after this instant.
    pub(super) fn changed_since(&self, min: Timestamp) -> bool {
        let changed: Timestamp = self.updated_at.parse().unwrap_or(Timestamp::MIN);
        min <= changed
    }
}

impl Variant {
    /// A variant about which only the id is known.
    pub(super) fn bare(id: u64) -> Self {
        Self { id, sku: format!("SKU-{id}"), title: "Default Title".to_owned(), price: 99_000 }
    }

    /// The variant's JSON. The sums are on hand, commited, incoming, available. Source of the fields: Haravan doc.
    pub(super) fn json(&self, product_id: u64, sums: [Decimal; 4]) -> String {
        let [onhand, commited, incoming, available] = sums;
        let advance = RawObject::default()
            .raw("qty_available", available)
            .raw("qty_onhand", onhand)
            .raw("qty_commited", commited)
            .raw("qty_incoming", incoming);
        RawObject::default()
            .raw("id", self.id)
            .raw("product_id", product_id)
            .text("title", &self.title)
            .text("sku", &self.sku)
            .text("barcode", &format!("893{}", self.id))
            .raw("price", format_args!("{}.0000", self.price))
            .raw("grams", "250.0000")
            .text("inventory_management", "haravan")
            .text("inventory_policy", "deny")
            .raw("inventory_quantity", available)
            .raw("inventory_advance", advance)
            .to_string()
    }
}

impl Catalog {
    pub(super) fn new(shop_name: &str) -> Self {
        Self { shop_name: shop_name.to_owned(), ..Self::default() }
    }

    /// Adds a location, or replaces the one of this id.
    pub(super) fn put_location(&mut self, location: Location) {
        match self.locations.iter_mut().find(|known| known.id == location.id) {
            Some(known) => *known = location,
            None => self.locations.push(location),
        }
    }

    /// Adds a product of a new id; products stay sorted newest id first.
    pub(super) fn add_product(&mut self, product: Product) {
        for variant in &product.variants {
            self.product_of.insert(variant.id, product.id);
        }
        let place = self.products.partition_point(|known| product.id < known.id);
        self.products.insert(place, product);
    }

    /// Makes the cell of a row known, with made-up names for what was not.
    pub(super) fn ensure(&mut self, loc_id: u64, product_id: u64, variant_id: u64) {
        if !self.has_location(loc_id) {
            self.put_location(Location::warehouse(loc_id, &format!("Kho {loc_id}")));
        }
        if self.has_variant(variant_id) {
            return;
        }
        let variant = Variant::bare(variant_id);
        self.product_of.insert(variant_id, product_id);
        match self.products.iter_mut().find(|known| known.id == product_id) {
            Some(product) => product.variants.push(variant),
            None => self.add_product(Product {
                id: product_id,
                title: format!("Sản phẩm {product_id}"),
                updated_at: "2021-08-04T08:32:02.01Z".to_owned(),
                variants: vec![variant],
            }),
        }
    }

    pub(super) fn has_location(&self, id: u64) -> bool {
        self.locations.iter().any(|location| location.id == id)
    }

    pub(super) fn has_variant(&self, id: u64) -> bool {
        self.product_of.contains_key(&id)
    }

    /// The product of a variant, if the shop has it.
    pub(super) fn product_of(&self, variant_id: u64) -> Option<u64> {
        self.product_of.get(&variant_id).copied()
    }

    /// A product of the shop.
    pub(super) fn product(&self, id: u64) -> Option<&Product> {
        self.products.iter().find(|product| product.id == id)
    }

    /// Changes a variant of the shop, now; its product has changed as well (guess). `None` if the shop has no such variant.
    pub(super) fn change_variant(&mut self, id: u64, change: impl FnOnce(&mut Variant)) -> Option<()> {
        let product_id = self.product_of(id)?;
        let product = self.products.iter_mut().find(|product| product.id == product_id)?;
        product.updated_at = format!("{:.3}", Timestamp::now());
        product.variants.iter_mut().find(|variant| variant.id == id).map(change)
    }

    pub(super) fn variant_count(&self) -> usize {
        self.product_of.len()
    }

    pub(super) fn locations(&self) -> &[Location] {
        &self.locations
    }

    /// The products, newest id first.
    pub(super) fn products(&self) -> &[Product] {
        &self.products
    }
}
