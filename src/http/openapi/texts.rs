//! What the texts of parameters look like, as schemas: what a client can check before it asks.

use serde::Serialize;
use utoipa::openapi::schema::{ObjectBuilder, Type};
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

/// What rows are ordered by.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderName {
    /// Their ids.
    Id,
    /// When they changed last.
    UpdatedAt,
}

/// Which way rows are ordered.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DirectionName {
    /// The smallest first.
    Asc,
    /// The largest first.
    Desc,
}
