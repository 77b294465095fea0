//! A Haravan in memory for benchmarks: rows follow from a hash, so any number of them costs nothing to keep.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tonkho::domain::id::{LocationId, ProductId, RowId, VariantId};

use tonkho::domain::row::Row;
use tonkho::domain::row_quantity::RowQuantity;
use tonkho::domain::timestamp::Timestamp;
use tonkho::haravan::{CallFuture, Connection, InventoryCall, InventoryPage, InventorySource, Reply};
use tonkho::plan::MAX_PAGE;

/// A shop whose cells have rows with a given probability.
#[derive(Debug)]
pub(crate) struct Memory {
    /// The share of cells with rows, in millionths.
    density: u64,
    latency: Duration,
    calls: AtomicUsize,
}

impl Memory {
    /// A shop with this share of rows (1.0 is all), that answers after `latency`.
    pub(crate) fn new(density: f64, latency: Duration) -> Arc<Self> {
        let density = (density * 1e6).round() as u64;
        Arc::new(Self { density, latency, calls: AtomicUsize::new(0) })
    }

    /// Calls made so far.
    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    /// Whether a cell has a row.
    pub(crate) fn has_row(&self, variant: u64, location: u64) -> bool {
        mix(variant << 20 ^ location) % 1_000_000 < self.density
    }

    fn page(&self, call: &InventoryCall) -> InventoryPage {
        let mut ids = Vec::new();
        for variant in &call.tile.variants {
            for location in call.tile.locations.iter() {
                if self.has_row(variant.get(), location.get()) {
                    let id = mix(location.get() << 40 ^ variant.get()) >> 1 | 1;
                    if call.since_id < id {
                        ids.push((id, *variant, *location));
                    }
                }
            }
        }
        ids.sort_unstable();
        ids.truncate(MAX_PAGE);
        let rows: Vec<Row> =
            ids.into_iter().map(|(id, variant, location)| row(id, variant, location)).collect();
        InventoryPage { length: rows.len(), rows, unreadable: Vec::new() }
    }
}

/// What a loader owns of it.
#[derive(Debug)]
pub(crate) struct Source(pub(crate) Arc<Memory>);

impl InventorySource for Source {
    fn inventory(&self, call: InventoryCall, _: Connection) -> CallFuture<InventoryPage> {
        let memory = Arc::clone(&self.0);
        Box::pin(async move {
            memory.calls.fetch_add(1, Ordering::Relaxed);
            let page = memory.page(&call);
            tokio::time::sleep(memory.latency).await;
            Reply { call_limit: None, result: Ok(page) }
        })
    }
}

fn row(id: u64, variant_id: VariantId, loc_id: LocationId) -> Row {
    let available = (id % 40) as i64;
    Row {
        id: RowId::new(id).expect("odd"),
        loc_id,
        product_id: ProductId::new(variant_id.get() / 3 + 1).expect("positive"),
        variant_id,
        qty_onhand: RowQuantity::from(available),
        qty_commited: RowQuantity::ZERO,
        qty_incoming: RowQuantity::ZERO,
        qty_available: RowQuantity::from(available),
        updated_at: Timestamp::from_parts(1_600_000_000_000_000_000 + (id % 1_000_000_000) as i64, 7),
        as_sent: None,
    }
}

/// The finalizer of `SplitMix64`: a hash that is the same on every run.
fn mix(number: u64) -> u64 {
    let number = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ (number >> 31)
}
