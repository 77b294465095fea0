//! A request as the sandbox reads it: the resource, and the query as lenient or strict as Haravan takes it.

use actix_web::http::Method;
use actix_web::web::{Bytes, Query};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// What a path asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resource {
    /// `/com/inventory_locations.json`
    Inventory,
    /// `/com/locations.json`
    Locations,
    /// `/com/products.json`
    Products,
    /// `/com/products/count.json`
    ProductCount,
    /// `/com/shop.json`
    Shop,
    /// `/com/products/{id}.json`
    Product,
    /// `/com/variants/{id}.json`
    Variant,
    /// `/com/locations/{id}.json`
    Location,
    /// Lists of what the sandbox's shops have none of: `/com/orders.json`, customers, collects and collections.
    Empty,
    /// `POST /com/inventories/adjustorset.json`
    StockChange,
    /// `PUT /com/variants/{id}.json`, or below its product, as the official SDK for Python has it.
    VariantChange,
    /// Anything else: a 404.
    Unknown,
}

/// A request, parsed once; what was sent and what it means.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) resource: Resource,
    pub(super) path: String,
    /// The id in the path; zero where the path has none.
    pub(super) id: u64,
    /// What was sent.
    pub(super) body: Bytes,
    pub(super) variant_ids: IdList,
    pub(super) location_ids: IdList,
    pub(super) since_id: Given<u64>,
    pub(super) updated_at_min: Given<Timestamp>,
    params: Vec<(String, String)>,
}

/// A comma-separated list of ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum IdList {
    /// The parameter is missing, or empty.
    Absent,
    /// Something in it is no id.
    Garbled,
    /// The ids as sent, repetitions included.
    Ids(Vec<u64>),
}

/// A parameter that may be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Given<T> {
    /// Left out, or empty.
    Absent,
    /// Sent, and not understood.
    Garbled,
    /// Sent.
    Value(T),
}

impl Resource {
    /// The resource that a path below the base means for a method, and the id in the path.
    pub(super) fn at(method: &Method, path: &str) -> (Self, u64) {
        let (name, id) = match path.rsplit_once('/') {
            Some((name, last)) => (name, last.strip_suffix(".json").and_then(|id| id.parse().ok())),
            None => (path, None),
        };
        // `HEAD` is `GET` without the body.
        let method = if method == Method::HEAD { &Method::GET } else { method };
        match (method, id) {
            (&Method::GET, Some(id)) => match name {
                "products" => (Self::Product, id),
                "variants" => (Self::Variant, id),
                "locations" => (Self::Location, id),
                _ => (Self::Unknown, 0),
            },
            (&Method::PUT, Some(id)) if is_variants(name) => (Self::VariantChange, id),
            (&Method::GET, None) => (Self::list_at(path), 0),
            (&Method::POST, None) if path == "inventories/adjustorset.json" => (Self::StockChange, 0),
            _ => (Self::Unknown, 0),
        }
    }

    fn list_at(path: &str) -> Self {
        match path {
            "inventory_locations.json" => Self::Inventory,
            "locations.json" => Self::Locations,
            "products.json" => Self::Products,
            "products/count.json" => Self::ProductCount,
            "shop.json" => Self::Shop,
            "orders.json"
            | "customers.json"
            | "collects.json"
            | "custom_collections.json"
            | "smart_collections.json" => Self::Empty,
            _ => Self::Unknown,
        }
    }
}

/// Whether a path is where variants are: `variants`, or `products/{id}/variants`.
fn is_variants(path: &str) -> bool {
    let product = path.strip_prefix("products/").and_then(|rest| rest.strip_suffix("/variants"));
    path == "variants" || product.is_some_and(|id| id.parse::<u64>().is_ok())
}

/// The path below the base. There are two bases for the same resources. Source: live.
pub(super) fn below_base(path: &str) -> Option<&str> {
    path.strip_prefix("/com/").or_else(|| path.strip_prefix("/admin/"))
}

impl Asked {
    /// Reads a path and a query string. Of a parameter sent twice the first counts (guess).
    pub(super) fn parse(method: &Method, path: &str, query: &str) -> Self {
        let params =
            Query::<Vec<(String, String)>>::from_query(query).map(Query::into_inner).unwrap_or_default();
        let find = |name: &str| first(&params, name);
        let (resource, id) =
            below_base(path).map_or((Resource::Unknown, 0), |path| Resource::at(method, path));
        Self {
            resource,
            path: path.to_owned(),
            id,
            body: Bytes::new(),
            variant_ids: IdList::parse(find("variant_ids")),
            location_ids: IdList::parse(find("location_ids")),
            since_id: Given::parse(find("since_id"), |text| text.parse().ok()),
            updated_at_min: Given::parse(find("updated_at_min"), instant),
            params,
        }
    }

    /// The text of a parameter, if it was sent.
    pub(super) fn param(&self, name: &str) -> Option<&str> {
        first(&self.params, name)
    }

    /// A whole number above zero, or nothing: garbage is taken as if left out (guess).
    pub(super) fn number(&self, name: &str) -> Option<usize> {
        let number = self.param(name)?.trim().parse().ok()?;
        (0 < number).then_some(number)
    }
}

impl IdList {
    fn parse(text: Option<&str>) -> Self {
        let text = text.unwrap_or_default().trim();
        if text.is_empty() {
            return Self::Absent;
        }
        let ids: Result<Vec<u64>, _> = text.split(',').map(|id| id.trim().parse()).collect();
        ids.map_or(Self::Garbled, Self::Ids)
    }

    /// The ids, or none.
    pub(super) fn as_slice(&self) -> &[u64] {
        match self {
            Self::Ids(ids) => ids,
            Self::Absent | Self::Garbled => &[],
        }
    }
}

impl<T> Given<T> {
    fn parse(text: Option<&str>, read: impl FnOnce(&str) -> Option<T>) -> Self {
        match text.map(str::trim) {
            None | Some("") => Self::Absent,
            Some(text) => read(text).map_or(Self::Garbled, Self::Value),
        }
    }

    /// The value, if one was sent and understood.
    pub(super) fn value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Garbled => None,
        }
    }
}

fn first<'a>(params: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let (_, text) = params.iter().find(|(key, _)| key == name)?;
    Some(text)
}

/// A time with or without an offset; without one it is taken as UTC (guess).
fn instant(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| {
        let local: DateTime = text.parse().ok()?;
        let zoned = local.to_zoned(TimeZone::UTC).ok()?;
        Some(zoned.timestamp())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documents_misspelling_is_not_understood() {
        let asked =
            Asked::parse(&Method::GET, "/com/inventory_locations.json", "vatiant_ids=1&location_ids=2%2C3");
        assert_eq!(asked.variant_ids, IdList::Absent);
        assert_eq!(asked.location_ids.as_slice(), [2, 3]);
    }

    #[test]
    fn an_id_that_is_no_number_garbles_the_list() {
        for text in ["1,x", "1,,2", "-1", "1.0"] {
            assert_eq!(IdList::parse(Some(text)), IdList::Garbled, "{text}");
        }
    }

    #[test]
    fn times_are_read_as_instants() {
        let utc = instant("2021-07-08T01:47:17.6Z").unwrap();
        assert_eq!(instant("2021-07-08T08:47:17.600+07:00"), Some(utc));
        assert_eq!(instant("2021-07-08T01:47:17.6"), Some(utc));
        assert_eq!(instant("yesterday"), None);
    }
}
