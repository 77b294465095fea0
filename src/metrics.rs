//! Placeholder until the metrics are merged.
use std::time::Duration;
/// One shop's metrics.
#[derive(Debug, Default)]
pub struct ShopMetrics;
impl ShopMetrics {
    /// Counts for nobody.
    pub fn unregistered() -> Self {
        Self
    }
}
impl ShopMetrics {
    /// A call ended.
    pub fn upstream_request(&self, _outcome: &'static str, _duration: Duration) {}
    /// A tile was asked.
    pub fn tile_asked(&self, _cells: usize) {}
    /// Cells served.
    pub fn cells_served(&self, _hit: usize, _stale: usize, _fetched: usize, _joined: usize) {}
}
