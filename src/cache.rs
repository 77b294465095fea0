//! What a shop's cells are known to be: packed entries, one a variant, bounded in bytes.

pub mod entry;
pub mod freshness;
mod tier;

pub use tier::{Cache, Changes, Purge};
