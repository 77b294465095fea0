//! The bodies of answers as the OpenAPI document describes them, where no type that is written does.

use serde::Serialize;
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::view::envelope::Missing;

/// Rows, as Haravan answers them.
#[derive(Debug, Serialize, ToSchema)]
pub struct InventoryLocations {
    /// The rows, in the order asked for.
    pub inventory_locations: Vec<InventoryLocation>,
    /// Only if cells are missing: the first 100 of them, by variant and then location.
    #[schema(nullable = false, max_items = 100)]
    pub missing: Option<Vec<Missing>>,
    /// Only if cells are missing: how many.
    #[schema(nullable = false, example = 1)]
    pub missing_total: Option<u64>,
}

/// A row: the balance of one variant at one location, as Haravan sent it; with further members, if Haravan sends any.
#[derive(Debug, Serialize, ToSchema)]
pub struct InventoryLocation {
    /// The row's own id.
    #[schema(example = 1007549786)]
    pub id: u64,
    /// The location.
    #[schema(example = 963414)]
    pub loc_id: u64,
    /// The product.
    #[schema(example = 1028183686)]
    pub product_id: u64,
    /// The variant.
    #[schema(example = 1061514767)]
    pub variant_id: u64,
    /// Pieces on hand.
    #[schema(example = -3)]
    pub qty_onhand: f64,
    /// Pieces promised to orders. Haravan's spelling.
    #[schema(example = 12)]
    pub qty_commited: f64,
    /// Pieces on their way.
    #[schema(example = 0)]
    pub qty_incoming: f64,
    /// Pieces available.
    #[schema(example = -15)]
    pub qty_available: f64,
    /// When the row last changed.
    #[schema(format = DateTime, example = "2021-07-08T01:47:17.6Z")]
    pub updated_at: String,
}

/// Locations, as Haravan lists them.
#[derive(Debug, Serialize, ToSchema)]
pub struct Locations {
    /// The locations, in Haravan's order.
    pub locations: Vec<HaravanLocation>,
}

/// A location as Haravan sent it, with all the members it sent.
#[derive(Debug, Serialize, ToSchema)]
pub struct HaravanLocation {
    /// The location's id; rows call it `loc_id`.
    #[schema(example = 963414)]
    pub id: u64,
    /// Its name.
    #[schema(example = "Địa điểm mặc định")]
    pub name: Option<String>,
    /// `default`, or `ontheroad` for goods on their way between locations.
    #[schema(example = "default")]
    pub location_type: Option<String>,
    /// Whether its goods are not for sale.
    #[schema(example = false)]
    pub is_unavailable_quantity: Option<bool>,
}

/// What Haravan answered, as it came: an object, with one member that is named after what was asked for.
#[derive(Debug, Serialize)]
pub struct Forwarded;

impl PartialSchema for Forwarded {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .additional_properties(Some(AdditionalProperties::FreeForm(true)))
            .description(Some(
                "What Haravan answered, as it came: an object with one member, named after what was asked for.",
            ))
            .examples([serde_json::json!({"count": 1})])
            .into()
    }
}

impl ToSchema for Forwarded {}

/// What a write says to Haravan: any body, of any content type.
#[derive(Debug, Serialize)]
pub struct ForwardedBody;

impl PartialSchema for ForwardedBody {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .additional_properties(Some(AdditionalProperties::FreeForm(true)))
            .description(Some("The body of the write, as it goes to Haravan."))
            .examples([serde_json::json!({"variant": {"id": 1061514767, "sku": "HS-01"}})])
            .into()
    }
}

impl ToSchema for ForwardedBody {}
