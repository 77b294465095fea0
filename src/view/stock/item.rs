//! What a stock answer says of a group: its item, its rows, its CSV line.

use std::sync::Arc;

use serde::{Serialize, Serializer};
use utoipa::openapi::schema::AnyOfBuilder;
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::domain::id::{LocationId, ProductId, RowId, VariantId};
use crate::domain::location::{LocationBook, LocationClass};
use crate::domain::row::Row;
use crate::view::lines::{Fields, Record};
use crate::view::sent_quantity::{SentFields, SentQuantity};
use crate::view::tally::StockSums;
use crate::view::updated_at::UpdatedAt;

/// The stock of one group: of a variant, a product or a location, as `group_by` asks.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(untagged)]
pub enum StockItem {
    /// With `group_by=variant`.
    Variant(VariantStock),
    /// With `group_by=product`.
    Product(ProductStock),
    /// With `group_by=location`.
    Location(LocationStock),
}

/// The stock of one variant.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, ToSchema)]
pub struct VariantStock {
    /// The variant.
    #[schema(value_type = u64, minimum = 1, example = 1061514767)]
    pub variant_id: VariantId,
    /// Its product; null when no row is known, since only rows name it.
    #[schema(required, value_type = Option<u64>, minimum = 1, example = 1028183686)]
    pub product_id: Option<ProductId>,
    /// The sums over the locations asked for.
    #[serde(flatten)]
    pub sums: StockSums,
    /// With a breakdown: the rows, by location id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub locations: Option<Vec<StockRow>>,
}

/// The stock of one product: of those of its variants that were asked for.
///
/// Only rows name a variant's product. Variants without a known row are summed in an item of their own, the last,
/// whose `product_id` is null, so that items always add up to the totals. If one of those has an unknown cell
/// (other than a refused one: the shop has no such id), any product may have more than is known, and every
/// product's item is incomplete.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, ToSchema)]
pub struct ProductStock {
    /// The product; null for the variants whose product is not known.
    #[schema(required, value_type = Option<u64>, minimum = 1, example = 1028183686)]
    pub product_id: Option<ProductId>,
    /// The sums over the product's variants at the locations asked for.
    #[serde(flatten)]
    pub sums: StockSums,
    /// With a breakdown: the rows, by variant and then location id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub variants: Option<Vec<StockRow>>,
}

/// The stock at one location.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, ToSchema)]
pub struct LocationStock {
    /// The location.
    #[schema(value_type = u64, minimum = 1, example = 963414)]
    pub loc_id: LocationId,
    /// Its name; null when it is not known.
    #[schema(required, example = "Kho Quận 1")]
    pub location_name: Option<String>,
    /// The sums over the variants asked for.
    #[serde(flatten)]
    pub sums: StockSums,
    /// With a breakdown: the rows, by variant id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub variants: Option<Vec<StockRow>>,
}

/// A row in a breakdown, each number digit for digit as Haravan wrote it. Fields that Haravan may have added to it are on the compatible route only.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, ToSchema)]
pub struct StockRow {
    /// The row's own id.
    #[schema(value_type = u64, minimum = 1, example = 1007549786)]
    pub id: RowId,
    /// The location.
    #[schema(value_type = u64, minimum = 1, example = 963414)]
    pub loc_id: LocationId,
    /// The location's name; null when it is not known.
    #[schema(required, value_type = Option<String>, example = "Kho Quận 1")]
    pub location_name: Option<LocationName>,
    /// Whether stock at the location can be sold.
    #[schema(example = "sellable")]
    pub location_class: Class,
    /// The product.
    #[schema(value_type = u64, minimum = 1, example = 1028183686)]
    pub product_id: ProductId,
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
    /// When the row last changed, as Haravan wrote it.
    #[schema(value_type = String, format = DateTime, example = "2021-07-08T01:47:17.6Z")]
    pub updated_at: UpdatedAt,
}

/// The name of a location, which the rows of a breakdown share.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LocationName(Arc<str>);

/// Whether stock at a location can be sold: `sellable`, `transit` (goods on their way between locations),
/// `unavailable` (goods that are not for sale) or `unknown` (what says so cannot be read).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = LocationClass)]
pub enum Class {
    /// An ordinary store or warehouse.
    Sellable,
    /// Goods on their way between locations.
    Transit,
    /// Goods that are not for sale.
    Unavailable,
    /// What says so cannot be read.
    Unknown,
}

/// What the rows at one location share.
#[derive(Debug, Clone, Hash)]
pub(super) struct Place {
    pub(super) class: LocationClass,
    name: Option<LocationName>,
}

impl Place {
    pub(super) fn new(loc_id: LocationId, book: &LocationBook) -> Self {
        let name = book.name(loc_id).map(|name| LocationName(name.into()));
        Self { class: book.class(loc_id), name }
    }
}

impl StockRow {
    pub(super) fn new(row: &Row, place: &Place) -> Self {
        let sent = SentFields::of(row);
        Self {
            id: row.id,
            loc_id: row.loc_id,
            location_name: place.name.clone(),
            location_class: Class::from(place.class),
            product_id: row.product_id,
            variant_id: row.variant_id,
            qty_onhand: sent.qty_onhand,
            qty_commited: sent.qty_commited,
            qty_incoming: sent.qty_incoming,
            qty_available: sent.qty_available,
            updated_at: sent.updated_at,
        }
    }
}

impl Serialize for LocationName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl From<LocationClass> for Class {
    fn from(class: LocationClass) -> Self {
        match class {
            LocationClass::Sellable => Self::Sellable,
            LocationClass::Transit => Self::Transit,
            LocationClass::Unavailable => Self::Unavailable,
            LocationClass::Unknown => Self::Unknown,
        }
    }
}

impl PartialSchema for StockItem {
    /// "Any of", not "one of": nothing in a schema says that a variant's item, which has all that a product's has, is
    /// not a product's.
    fn schema() -> RefOr<Schema> {
        AnyOfBuilder::new()
            .item(Ref::from_schema_name(VariantStock::name()))
            .item(Ref::from_schema_name(ProductStock::name()))
            .item(Ref::from_schema_name(LocationStock::name()))
            .description(Some(
                "The stock of one group: of a variant, a product or a location, as `group_by` asks.",
            ))
            .into()
    }
}

impl ToSchema for StockItem {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        for (name, schema) in [
            (VariantStock::name(), VariantStock::schema()),
            (ProductStock::name(), ProductStock::schema()),
            (LocationStock::name(), LocationStock::schema()),
        ] {
            schemas.push((name.into_owned(), schema));
        }
        VariantStock::schemas(schemas);
        ProductStock::schemas(schemas);
        LocationStock::schemas(schemas);
    }
}

impl Record for StockItem {
    /// The same columns however stock is grouped; those of other groupings' ids stay empty.
    const COLUMNS: &'static [&'static str] = &[
        "variant_id",
        "product_id",
        "loc_id",
        "location_name",
        "qty_onhand",
        "qty_commited",
        "qty_incoming",
        "qty_available",
        "sellable",
        "qty_oversold",
        "rows",
        "no_rows",
        "unknown",
        "negative_rows",
        "updated_at",
        "complete",
    ];

    fn write(&self, fields: &mut Fields) {
        let sums = match self {
            Self::Variant(item) => {
                fields.value(item.variant_id).optional(item.product_id).empty().empty();
                &item.sums
            }
            Self::Product(item) => {
                fields.empty().optional(item.product_id).empty().empty();
                &item.sums
            }
            Self::Location(item) => {
                fields.empty().empty().value(item.loc_id).text(item.location_name.as_deref());
                &item.sums
            }
        };
        fields
            .optional(sums.qty_onhand.as_ref())
            .optional(sums.qty_commited.as_ref())
            .optional(sums.qty_incoming.as_ref())
            .optional(sums.qty_available.as_ref())
            .optional(sums.sellable.as_ref())
            .optional(sums.qty_oversold.as_ref())
            .value(sums.rows)
            .value(sums.no_rows)
            .value(sums.unknown)
            .value(sums.negative_rows)
            .optional_text(sums.updated_at.as_ref())
            .value(sums.complete);
    }
}
