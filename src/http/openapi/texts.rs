//! What the values of parameters look like, as schemas: what a client can check before it asks.

use serde::Serialize;
use utoipa::openapi::schema::{AnyOfBuilder, ArrayBuilder, ObjectBuilder, Type};
use utoipa::openapi::{KnownFormat, Ref, RefOr, Schema, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};

/// Comma-separated ids, with blanks and empty items anywhere.
pub(super) const ID_LIST: &str = r"^[\s,]*[1-9][0-9]{0,18}(\s*,[\s,]*[1-9][0-9]{0,18})*[\s,]*$";

/// The most that an amount may be as a number. Source: `domain::number`, which reads 38 significant digits.
const MAX_AMOUNT: f64 = 1e38;

/// A decimal number of at least 0 as text, of at most 38 digits.
const DECIMAL_TEXT: &str = r"^(0|[1-9][0-9]{0,19})(\.[0-9]{1,18})?$";

/// A decimal number of at least 0 in a URL.
pub(super) const AMOUNT_TEXT: &str = r"^(0|[1-9][0-9]{0,14})(\.[0-9]{1,6})?$";

/// An amount of pieces in a body.
#[derive(Debug, Serialize)]
pub struct Amount;

impl PartialSchema for Amount {
    fn schema() -> RefOr<Schema> {
        let number =
            ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)).maximum(Some(MAX_AMOUNT));
        let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some(DECIMAL_TEXT));
        AnyOfBuilder::new()
            .item(number)
            .item(text)
            .description(Some(
                "Pieces, at least 0: a whole number, or a decimal as text, which nothing rounds on its way.",
            ))
            .examples([serde_json::json!(1), serde_json::json!("0.5")])
            .into()
    }
}

impl ToSchema for Amount {}

/// A list of ids: an array of numbers or strings, or one string of comma-separated ids.
#[derive(Debug, Serialize)]
pub struct Ids;

/// One id, or several in one string.
#[derive(Debug, Serialize)]
pub struct Id;

impl PartialSchema for Id {
    fn schema() -> RefOr<Schema> {
        let number = ObjectBuilder::new()
            .schema_type(Type::Integer)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
            .minimum(Some(1));
        let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some(ID_LIST));
        AnyOfBuilder::new()
            .item(number)
            .item(text)
            .description(Some(
                "An id as a number or as a string; a string may hold several, comma-separated.",
            ))
            .into()
    }
}

impl ToSchema for Id {}

impl PartialSchema for Ids {
    fn schema() -> RefOr<Schema> {
        let array = ArrayBuilder::new().items(Ref::from_schema_name(Id::name())).min_items(Some(1));
        AnyOfBuilder::new()
            .item(array)
            .item(Ref::from_schema_name(Id::name()))
            .description(Some(
                "A list of ids: an array of numbers or strings, or one comma-separated string.",
            ))
            .into()
    }
}

impl ToSchema for Ids {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((Id::name().into_owned(), Id::schema()));
    }
}

/// A line of an order.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrderLine {
    /// The variant.
    #[schema(minimum = 1, example = 1061514767)]
    pub variant_id: u64,
    /// Pieces ordered: a whole number.
    #[schema(minimum = 1, maximum = 999999999999999_u64, example = 2)]
    pub quantity: u64,
}
