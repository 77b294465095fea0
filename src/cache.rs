//! What a shop's cells are known to be: packed entries, one a variant, bounded in bytes.

mod bundle;
mod changes;
mod directory;
pub mod entry;
pub mod feed;
pub mod freshness;
mod local;
pub mod order;
mod oversold;
mod purges;
mod residents;
pub mod row_text;

pub use changes::Changes;
pub use local::{Cache, EntryReader, TextReader};
pub use purges::{KnownProducts, Purge, PurgeCount, PurgedVariants, PurgesSince, product_of};
pub use residents::Residents;
pub use row_text::LocationListId;
