//! A cell: what is known of one (variant, location) pair of a shop.

use serde::Serialize;
use utoipa::ToSchema;

use super::id::{LocationId, VariantId};
use super::row::{PlainRow, Row, Shortage};

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

impl Cell {
    /// The row, if there is one.
    #[must_use]
    pub fn into_row(self) -> Option<Row> {
        match self {
            Self::Row(row) => Some(row),
            Self::NoRow | Self::Unknown(_) => None,
        }
    }
}

/// A cell to be looked at where it lies: sums over hundreds of thousands of cells make no [`Row`] of each.
#[derive(Debug, Clone, Copy)]
pub enum LentCell<'a> {
    /// Haravan has this row, of small whole numbers.
    Plain(PlainRow),
    /// Haravan has this row.
    Row(&'a Row),
    /// Haravan answered, and has no row.
    NoRow,
    /// Haravan did not answer.
    Unknown(MissingReason),
}

impl LentCell<'_> {
    /// How far below zero it is, if there is a row and it is.
    #[must_use]
    #[inline]
    pub fn shortage(self) -> Option<Shortage> {
        match self {
            Self::Plain(row) => row.shortage(),
            Self::Row(row) => row.shortage(),
            Self::NoRow | Self::Unknown(_) => None,
        }
    }

    /// The cell itself.
    #[must_use]
    #[inline]
    pub fn to_cell(self) -> Cell {
        match self {
            Self::Plain(row) => Cell::Row(row.into()),
            Self::Row(row) => Cell::Row(row.clone()),
            Self::NoRow => Cell::NoRow,
            Self::Unknown(reason) => Cell::Unknown(reason),
        }
    }
}

impl<'a> From<&'a Cell> for LentCell<'a> {
    #[inline]
    fn from(cell: &'a Cell) -> Self {
        match cell {
            Cell::Row(row) => Self::Row(row),
            Cell::NoRow => Self::NoRow,
            Cell::Unknown(reason) => Self::Unknown(*reason),
        }
    }
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
