//! Which of a grid's rows are wanted, and in what order: `since_id`, `updated_at_min`, `order`, `limit`, `page`.

use std::cmp::Reverse;
use std::num::NonZeroU64;

use utoipa::ToSchema;

use crate::domain::row::Row;
use crate::domain::timestamp::Timestamp;

/// Rows a page when `page` is given without `limit`. Source: doc (Haravan's default `limit`).
const DEFAULT_LIMIT: u64 = 250;

/// What rows are ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum Order {
    /// The row's id.
    #[default]
    Id,
    /// When the row changed; ties by id.
    UpdatedAt,
}

/// Which way rows are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, ToSchema)]
pub enum Direction {
    /// Smallest first.
    #[default]
    #[schema(rename = "asc")]
    Ascending,
    /// Largest first.
    #[schema(rename = "desc")]
    Descending,
}

/// Which rows, counted in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slice {
    /// How many to leave out first.
    pub skip: u64,
    /// How many to give at most.
    pub take: u64,
}

/// A choice among the rows of a grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Selection {
    /// Only rows with a greater id, whatever the order. Zero leaves nothing out.
    pub since_id: u64,
    /// Only rows updated at or after this instant.
    pub updated_at_min: Option<Timestamp>,
    /// The column to order by.
    pub order: Order,
    /// The way to order.
    pub direction: Direction,
    /// Which of the ordered rows; all if none.
    pub slice: Option<Slice>,
}

impl Selection {
    /// Whether a row is wanted at all, before ordering and slicing.
    #[must_use]
    pub fn admits(&self, row: &Row) -> bool {
        row.id.get() > self.since_id && self.updated_at_min.is_none_or(|min| min <= row.updated_at)
    }

    /// Leaves the wanted rows, ordered and sliced. Ties under `updated_at` go by ascending id either way.
    pub fn apply(&self, rows: &mut Vec<Row>) {
        rows.retain(|row| self.admits(row));
        match (self.order, self.direction) {
            (Order::Id, Direction::Ascending) => rows.sort_unstable_by_key(|row| row.id),
            (Order::Id, Direction::Descending) => rows.sort_unstable_by_key(|row| Reverse(row.id)),
            (Order::UpdatedAt, Direction::Ascending) => {
                rows.sort_unstable_by_key(|row| (row.updated_at, row.id));
            }
            (Order::UpdatedAt, Direction::Descending) => {
                rows.sort_unstable_by_key(|row| (Reverse(row.updated_at), row.id));
            }
        }
        if let Some(slice) = self.slice {
            let skip = usize::try_from(slice.skip).unwrap_or(usize::MAX).min(rows.len());
            rows.drain(..skip);
            rows.truncate(usize::try_from(slice.take).unwrap_or(usize::MAX));
        }
    }
}

impl Slice {
    /// With neither: all rows; with a limit: the first n; with a page: the p-th block of n.
    #[must_use]
    pub fn of(limit: Option<NonZeroU64>, page: Option<NonZeroU64>) -> Option<Self> {
        if limit.is_none() && page.is_none() {
            return None;
        }
        let take = limit.map_or(DEFAULT_LIMIT, NonZeroU64::get);
        let before = page.map_or(0, |page| page.get() - 1);
        Some(Self { skip: before.saturating_mul(take), take })
    }
}
