//! Haravan over HTTP: the only user of the HTTP client, and the only place that knows Haravan's wire forms.
//!
//! What comes from outside is bounded in size and time, read as text first, and never trusted: a row that
//! cannot be read is reported and the rest kept.

mod client;
mod error;
mod locations;
mod oddities;
mod page;
mod pool;
mod retry;
mod row;
mod upstream;
mod wire;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;

use crate::domain::cell::CellId;
use crate::domain::id::RowId;
use crate::domain::row::Row;
use crate::domain::timestamp::Timestamp;
use crate::metrics::UnreadableKind;
use crate::plan::{MAX_PAGE, Tile};
use crate::query::{Direction, Order};

pub use client::{Haravan, HaravanError, HaravanPolicy, ProxyPolicy, ShopClient};
pub use error::{CallError, ConnectionCause};
pub use locations::{LocationPage, SentLocation};
pub use oddities::Oddities;
pub use row::{RowError, parse_row};
pub use upstream::{Ask, CallCause, NoAnswer, Upstream, UpstreamParts};

/// The path of the inventory, as traces name it.
pub const INVENTORY: &str = "/com/inventory_locations.json";
/// The path of the locations, as traces name it.
pub const LOCATIONS: &str = "/com/locations.json";
/// Any other path, as traces name it.
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
    /// The way that rows are ordered.
    pub direction: Direction,
    /// The most rows, up to [`MAX_PAGE`].
    pub limit: usize,
}

impl InventoryCall {
    /// As many of a tile's rows after an id as a page holds, in the order of their ids.
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

/// What connection a call goes out on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Connection {
    /// Any that is open, or a new one.
    #[default]
    Pooled,
    /// A new one: one that was open may have died without a word.
    New,
}

/// A page of rows as it came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InventoryPage {
    /// The readable rows, in the order they came.
    pub rows: Vec<Row>,
    /// The others.
    pub unreadable: Vec<UnreadableRow>,
    /// Rows in the page, readable or not.
    pub length: usize,
}

/// A row that is not as documented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableRow {
    /// Its cell, if that much can be told.
    pub cell: Option<CellId>,
    /// Its id, if that much can be told.
    pub id: Option<RowId>,
    /// What is wrong with it.
    pub problem: RowError,
}

impl UnreadableRow {
    /// What kind of oddity it is: where its cell cannot be told, it may be any cell's row.
    #[must_use]
    pub fn kind(&self) -> UnreadableKind {
        if self.cell.is_none() { UnreadableKind::RowIds } else { UnreadableKind::RowFields }
    }
}

/// What a call brought, with what its header said of the bucket.
#[derive(Debug, Clone)]
pub struct Reply<T> {
    /// `X-Haravan-Api-Call-Limit`, as (level, size).
    pub call_limit: Option<(u32, u32)>,
    /// The answer.
    pub result: Result<T, CallError>,
}

/// What every answer tells of itself.
pub trait Answer {
    /// Its status.
    fn status(&self) -> u16;

    /// Its rows, if it has such.
    fn rows(&self) -> Option<usize>;
}

impl Answer for InventoryPage {
    fn status(&self) -> u16 {
        200
    }

    fn rows(&self) -> Option<usize> {
        Some(self.length)
    }
}

impl Answer for LocationPage {
    fn status(&self) -> u16 {
        200
    }

    fn rows(&self) -> Option<usize> {
        Some(self.length)
    }
}

impl Answer for Forwarded {
    fn status(&self) -> u16 {
        self.status
    }

    fn rows(&self) -> Option<usize> {
        None
    }
}

/// What is passed through as it came.
#[derive(Debug, Clone)]
pub struct Forwarded {
    /// The status.
    pub status: u16,
    /// The content type, if one was sent.
    pub content_type: Option<String>,
    /// The body.
    pub body: Bytes,
}

/// A future that a trait object can return.
pub type CallFuture<T> = Pin<Box<dyn Future<Output = Reply<T>> + Send>>;

/// Where a shop's rows come from. The loader knows no more of Haravan than this, and its tests play it.
pub trait InventorySource: Send + Sync + std::fmt::Debug + 'static {
    /// Makes one call, on such a connection.
    fn inventory(&self, call: InventoryCall, on: Connection) -> CallFuture<InventoryPage>;
}
