//! What a call to Haravan asks for, and what comes of it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::error::CallError;
use super::row::UnreadableRow;
use crate::domain::row::Row;
use crate::domain::timestamp::Timestamp;
use crate::plan::{MAX_PAGE, Tile};
use crate::query::{Direction, Order};

/// The path of the inventory, as traces show it.
pub const INVENTORY: &str = "/com/inventory_locations.json";
/// The path of the locations, as traces show it.
pub const LOCATIONS: &str = "/com/locations.json";
/// Any other path, as traces show it.
pub const OTHER: &str = "/com/{path}";

/// One inventory call: some of a tile's rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InventoryCall {
    /// The cells asked for.
    pub tile: Arc<Tile>,
    /// Only rows with a greater id; zero for all.
    pub since_id: u64,
    /// Only rows that changed at this instant or later.
    pub updated_at_min: Option<Timestamp>,
    /// The column that rows are ordered by.
    pub order: Order,
    /// Ascending or descending.
    pub direction: Direction,
    /// The most rows, up to [`MAX_PAGE`].
    pub limit: usize,
}

impl InventoryCall {
    /// The call for a tile's rows after an id: a whole page, in the order of their ids.
    #[must_use]
    pub fn after(tile: Arc<Tile>, since_id: u64) -> Self {
        Self {
            tile,
            since_id,
            updated_at_min: None,
            order: Order::Id,
            direction: Direction::Ascending,
            limit: MAX_PAGE,
        }
    }

    /// Whether its rows come in the order in which pages follow each other.
    #[must_use]
    pub fn is_by_id(&self) -> bool {
        self.order == Order::Id && self.direction == Direction::Ascending
    }
}

/// The connection that a call is sent on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Connection {
    /// Any that is open, or a new one.
    #[default]
    Pooled,
    /// A new one: an open one may be dead.
    New,
}

/// A page of rows as it came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InventoryPage {
    /// The readable rows, in the order they came.
    pub rows: Vec<Row>,
    /// The rows that cannot be read.
    pub unreadable: Vec<UnreadableRow>,
    /// Rows in the page, readable or not.
    pub length: usize,
}

/// What came of a call, with the bucket's level from its header.
#[derive(Debug, Clone)]
pub struct Reply<T> {
    /// `X-Haravan-Api-Call-Limit`, as (level, size).
    pub call_limit: Option<(u32, u32)>,
    /// The answer.
    pub result: Result<T, CallError>,
}

/// What every answer has, for traces.
pub trait CallAnswer {
    /// Its status.
    fn status(&self) -> u16;

    /// The number of its rows, if it has rows.
    fn rows(&self) -> Option<usize>;
}

impl CallAnswer for InventoryPage {
    fn status(&self) -> u16 {
        200
    }

    fn rows(&self) -> Option<usize> {
        Some(self.length)
    }
}

/// A future that a trait object can return.
pub type CallFuture<T> = Pin<Box<dyn Future<Output = Reply<T>> + Send>>;

/// Where a shop's rows come from. The loader knows Haravan by this trait alone; its tests implement it.
pub trait InventorySource: Send + Sync + std::fmt::Debug + 'static {
    /// Makes one call.
    fn inventory(&self, call: InventoryCall, on: Connection) -> CallFuture<InventoryPage>;
}
