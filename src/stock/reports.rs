//! Reports on the cells that a shop holds. They ask Haravan for nothing.

mod freshness_stats;
mod oversold;

pub use freshness_stats::FreshnessStats;
pub use oversold::Oversold;
