//! STUB for parallel work: replaced by the real one. Signatures are final.

use std::sync::Arc;
use std::time::Duration;

use super::{ReadError, ReadTerms, Snapshot};
use crate::cache::Purge;
use crate::clock::Moment;
use crate::domain::id::{LocationId, OrgId};
use crate::domain::location::LocationBook;
use crate::domain::quantity::Quantity;
use crate::haravan::{Forwarded, SentLocation};
use crate::query::Grid;

/// One shop.
#[derive(Debug)]
pub struct Shop;

/// The shop's locations as Haravan listed them (all pages joined).
#[derive(Debug, Clone)]
pub struct LocationList {
    /// In Haravan's order, each with its JSON as sent.
    pub locations: Vec<SentLocation>,
    /// When they were read.
    pub observed_at: Moment,
    /// Whether they came from the cache.
    pub cached: bool,
}

/// What `explain=true` answers: what a question would take, without asking it.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// Cells asked for.
    pub asked: usize,
    /// Cells that would be served fresh.
    pub fresh: usize,
    /// Cells that would be served stale.
    pub stale: usize,
    /// Cells that are not cached, or too old.
    pub absent: usize,
    /// The tiles that would be asked: (variants, locations).
    pub tiles: Vec<(usize, usize)>,
    /// Calls expected.
    pub calls: usize,
    /// What the bucket and the queue would cost now.
    pub wait: Duration,
}

/// What an operator sees of a shop.
#[derive(Debug, Clone)]
pub struct ShopStatus {
    /// The org id.
    pub org_id: OrgId,
    /// Its name in the configuration.
    pub name: Option<String>,
    /// Places taken in the bucket, places in the bucket.
    pub bucket_level: f64,
    /// Places in the bucket.
    pub bucket_size: f64,
    /// Calls in flight.
    pub in_flight: usize,
    /// Cells waiting for a call, by priority name.
    pub queue: Vec<(&'static str, usize)>,
    /// Cells held.
    pub resident_cells: u64,
    /// Their bytes.
    pub cache_bytes: u64,
    /// Cells served from the cache, of all cells served; none before the first.
    pub hit_ratio: Option<f64>,
    /// The last upstream error, and when.
    pub last_error: Option<(String, Moment)>,
    /// `failing`, `unauthorized`, or none.
    pub stopped: Option<&'static str>,
}

impl Shop {
    /// The org id.
    #[must_use]
    pub fn org_id(&self) -> OrgId {
        unimplemented!()
    }

    /// Reads a grid: cached cells, stale ones refreshed behind, the rest from Haravan. Cancel-safe.
    ///
    /// # Errors
    /// Not every cell could be had and the terms refuse an incomplete answer (cells that Haravan refuses do not count).
    pub async fn read(&self, grid: Grid, terms: &ReadTerms) -> Result<Snapshot, ReadError> {
        let _ = (grid, terms);
        unimplemented!()
    }

    /// What reading a grid would take.
    #[must_use]
    pub fn explain(&self, grid: &Grid, terms: &ReadTerms) -> Explanation {
        let _ = (grid, terms);
        unimplemented!()
    }

    /// All locations, cached.
    ///
    /// # Errors
    /// They cannot be read (`Unauthorized`: the token lacks the scope `com.read_shop`).
    pub async fn locations(&self, terms: &ReadTerms) -> Result<Arc<LocationList>, ReadError> {
        let _ = terms;
        unimplemented!()
    }

    /// Names and classes of the locations; the unreadable book if they cannot be read.
    pub async fn location_book(&self, terms: &ReadTerms) -> Arc<LocationBook> {
        let _ = terms;
        unimplemented!()
    }

    /// The ids of all locations, ascending.
    ///
    /// # Errors
    /// As [`Shop::locations`].
    pub async fn all_locations(&self, terms: &ReadTerms) -> Result<Vec<LocationId>, ReadError> {
        let _ = terms;
        unimplemented!()
    }

    /// Passes a GET through, uncached but governed. `path` is below `/com/`.
    ///
    /// # Errors
    /// Haravan could not be asked, or failed; a 4xx about the question itself is an answer.
    pub async fn forward(&self, path: &str, query: &str, wait: Duration) -> Result<Forwarded, ReadError> {
        let _ = (path, query, wait);
        unimplemented!()
    }

    /// Nothing read from Haravan before now is served after it.
    pub fn purge(&self, purge: &Purge) {
        let _ = purge;
        unimplemented!()
    }

    /// The shop's state for operators.
    #[must_use]
    pub fn status(&self) -> ShopStatus {
        unimplemented!()
    }

    /// The shop's default threshold for low stock.
    #[must_use]
    pub fn low_stock_threshold(&self) -> Quantity {
        unimplemented!()
    }
}
