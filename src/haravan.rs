//! Haravan over HTTP: the only user of the HTTP client, and the only place that knows Haravan's wire forms.
//!
//! What comes from outside is bounded in size and time, read as text first, and never trusted: a row that
//! cannot be read is reported and the rest kept.

mod client;
mod locations;
mod oddities;
mod page;
mod row;
mod wire;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::domain::cell::CellId;
use crate::domain::id::RowId;
use crate::domain::row::Row;
use crate::metrics::UnreadableKind;
use crate::plan::Tile;
use crate::trace::CallEnd;

pub use client::{Haravan, HaravanError, HaravanPolicy, ShopClient};
pub use locations::{LocationPage, SentLocation};
pub use oddities::Oddities;
pub use row::{RowError, parse_row};

/// The path of the inventory, as traces name it.
pub const INVENTORY: &str = "/com/inventory_locations.json";
/// The path of the locations, as traces name it.
pub const LOCATIONS: &str = "/com/locations.json";
/// Any other path, as traces name it.
pub const OTHER: &str = "/com/{path}";

/// One inventory call: a tile's rows after an id.
#[derive(Debug, Clone)]
pub struct InventoryCall {
    /// The cells asked for.
    pub tile: Arc<Tile>,
    /// Only rows with a greater id; zero for all.
    pub since_id: u64,
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

/// Why a call brought no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// 429. Means "wait".
    #[error("Haravan is throttling this shop")]
    Throttled {
        /// Its `Retry-After`, if it can be read.
        retry_after: Option<Duration>,
    },
    /// 401 or 403.
    #[error("Haravan refused the shop's token ({status})")]
    Unauthorized {
        /// The status.
        status: u16,
    },
    /// 422: ids that Haravan refuses.
    #[error("Haravan refused the ids (422)")]
    IdsRefused,
    /// Another 4xx: asking again would bring the same.
    #[error("Haravan refused the question ({status})")]
    Rejected {
        /// The status.
        status: u16,
    },
    /// 5xx.
    #[error("Haravan failed ({status})")]
    ServerError {
        /// The status.
        status: u16,
    },
    /// A status that makes no sense here, such as a redirect.
    #[error("Haravan answered with an unexpected status ({status})")]
    UnexpectedStatus {
        /// The status.
        status: u16,
    },
    /// No whole answer within the time allowed.
    #[error("Haravan did not answer in time")]
    Timeout,
    /// The connection could not be made, or broke.
    #[error("the connection to Haravan failed")]
    Connection,
    /// The body is not what was asked for.
    #[error("Haravan's answer cannot be read: {problem}")]
    Unreadable {
        /// What is wrong with it; never a piece of the body.
        problem: &'static str,
    },
}

impl CallError {
    /// Whether asking again may help.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::ServerError { .. } | Self::Timeout | Self::Connection | Self::Unreadable { .. } => true,
            Self::Throttled { .. }
            | Self::Unauthorized { .. }
            | Self::IdsRefused
            | Self::Rejected { .. }
            | Self::UnexpectedStatus { .. } => false,
        }
    }

    /// The status that Haravan answered with, if it is known.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Throttled { .. } => Some(429),
            Self::IdsRefused => Some(422),
            Self::Unauthorized { status }
            | Self::Rejected { status }
            | Self::ServerError { status }
            | Self::UnexpectedStatus { status } => Some(*status),
            Self::Timeout | Self::Connection | Self::Unreadable { .. } => None,
        }
    }

    /// The kind of error, in one word, for traces.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Throttled { .. } => "throttled",
            Self::Unauthorized { .. } => "unauthorized",
            Self::IdsRefused => "ids_refused",
            Self::Rejected { .. } => "rejected",
            Self::ServerError { .. } => "server_error",
            Self::UnexpectedStatus { .. } => "unexpected_status",
            Self::Timeout => "timeout",
            Self::Connection => "connection",
            Self::Unreadable { .. } => "unreadable",
        }
    }
}

impl<T> Reply<T> {
    /// How the call ended, for its span; `answer` tells an answer's status and its rows, if it has such.
    pub fn end(&self, answer: impl FnOnce(&T) -> (u16, Option<usize>)) -> CallEnd {
        match &self.result {
            Ok(answered) => {
                let (status, rows) = answer(answered);
                CallEnd::Answered { status, rows }
            }
            Err(error) => CallEnd::Failed { status: error.status(), error: error.as_str() },
        }
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
    /// Makes one call.
    fn inventory(&self, call: InventoryCall) -> CallFuture<InventoryPage>;
}
