//! What the texts of parameters look like, as schemas: what a client can check before it asks.

use serde::Serialize;
use utoipa::openapi::schema::{AnyOfBuilder, ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// Comma-separated ids, with blanks and empty items anywhere.
pub(super) const ID_LIST: &str = r"^[\s,]*[1-9][0-9]{0,18}(\s*,[\s,]*[1-9][0-9]{0,18})*[\s,]*$";

/// Comma-separated ids.
#[derive(Debug)]
pub struct IdText;

impl PartialSchema for IdText {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::String).pattern(Some(ID_LIST)).into()
    }
}

impl ToSchema for IdText {}

/// The most that an amount may be as a number. Source: `domain::number`, which reads 38 significant digits.
const MAX_AMOUNT: f64 = 1e38;

/// A decimal number of at least 0 as text, of at most 38 digits.
const DECIMAL_TEXT: &str = r"^(0|[1-9][0-9]{0,19})(\.[0-9]{1,18})?$";

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

/// What rows are ordered by.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Order)]
#[serde(rename_all = "snake_case")]
pub enum OrderName {
    /// Their ids.
    Id,
    /// When they changed last.
    UpdatedAt,
}

/// Which way rows are ordered.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Direction)]
#[serde(rename_all = "snake_case")]
pub enum DirectionName {
    /// The smallest first.
    Asc,
    /// The largest first.
    Desc,
}

/// The forms of a view.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Format)]
#[serde(rename_all = "kebab-case")]
pub enum FormatName {
    /// One JSON object.
    Json,
    /// A header line, then a line for each item.
    Csv,
    /// The same after a byte order mark, which Excel needs.
    CsvExcel,
    /// A line of JSON for each item.
    Ndjson,
}
