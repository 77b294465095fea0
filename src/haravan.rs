//! Haravan over HTTP: the only user of the HTTP client, and the only place that knows Haravan's wire forms.
//!
//! What comes from outside is bounded in size and time, read as text first, and never trusted. A row that cannot be
//! read is reported, and the rest is kept.

mod call;
mod client;
mod error;
mod forward;
mod headers;
mod locations;
mod oddities;
mod page;

mod pool;
mod row;
mod upstream;
mod wire;

pub use call::{
    CallAnswer, CallFuture, Connection, INVENTORY, InventoryCall, InventoryPage, InventorySource, LOCATIONS,
    OTHER, Reply,
};
pub use client::{Haravan, HaravanError, ShopClient};
pub use error::{CallError, ConnectionCause};
pub use forward::changed_stock::ChangedStock;
pub use forward::{
    AnswerBody, BrokenOff, ForwardBody, ForwardMethod, ForwardRequest, ForwardedAnswer, PassedHeader,
    Progress, REQUEST_HEADERS, Sending, Upload, Uploader, Waited, head_of, upload,
};
pub use locations::{LocationPage, SentLocation};
pub use oddities::Oddities;
pub use pool::PoolError;
pub use pool::policy::{HaravanPolicy, ProxyPolicy};
pub use row::{RowError, UnreadableRow, parse_row};
pub use upstream::{CallCause, NoAnswer, Resend, Upstream, UpstreamParts, UpstreamRequest};
