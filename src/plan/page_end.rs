//! Where a tile's pages end: whether a short page is the last one, and what proves it.

pub mod probe;
pub mod rule;
pub mod sentinel;
