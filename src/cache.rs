//! What a shop's cells are known to be: packed entries, one a variant, bounded in bytes.

pub mod entry;
pub mod freshness;
pub mod order;
mod oversold;
mod purges;
pub mod row_texts;
mod texts;
mod tier;

pub use purges::{Purge, PurgeCount, PurgesSince};
pub use texts::LocationListId;
pub use tier::{Cache, Changes, HeldTexts};
