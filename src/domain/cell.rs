//! A cell: what is known of one (variant, location) pair of a shop.

use serde::Serialize;
use utoipa::ToSchema;

use super::id::{LocationId, VariantId};
use super::row::Row;

/// The place of a cell in a shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CellId {
    /// The variant.
    pub variant_id: VariantId,
    /// The location.
    pub loc_id: LocationId,
}

/// What an answer says of a cell.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Cell {
    /// Haravan has this row.
    Row(Row),
    /// Haravan answered, and has no row: nothing was ever stocked there (guess).
    NoRow,
    /// Haravan did not answer. Never counts as zero.
    Unknown(MissingReason),
}

/// Why a cell is not known.
///
/// `timeout`: the wait ended while Haravan was being asked; `rate-limited`: the wait ended before the shop's bucket
/// had room; `failed`: Haravan failed; `unauthorized`: Haravan refuses the shop's token; `refused`: Haravan refuses
/// this id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MissingReason {
    /// The caller's wait ended while Haravan was still being asked.
    Timeout,
    /// The caller's wait ended before the shop's bucket had room for the call.
    RateLimited,
    /// Haravan failed, or answered what cannot be read.
    Failed,
    /// Haravan refuses the shop's token.
    Unauthorized,
    /// Haravan refuses this id (422 for it alone).
    Refused,
}

impl MissingReason {
    /// The reason's name in answers, metrics and logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::RateLimited => "rate-limited",
            Self::Failed => "failed",
            Self::Unauthorized => "unauthorized",
            Self::Refused => "refused",
        }
    }
}
