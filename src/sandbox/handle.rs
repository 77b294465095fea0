//! A shop's controls for tests in the same process; `switches.rs` offers the same over HTTP.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::time::Instant;

use super::catalog::Location;
use super::faults::Faults;
use super::gate::Hold;
use super::journal::{Counters, RequestRecord};
use super::raw::RawObject;
use super::request::Resource;
use super::settings::{BucketSettings, Scope};
use super::shop::{Progress, Shop};
use super::store::{Row, RowError, RowSnapshot};

/// A handle on one shop of a running sandbox; clones are of the same shop.
#[derive(Debug, Clone)]
pub struct ShopHandle {
    shop: Arc<Shop>,
}

impl ShopHandle {
    pub(super) fn new(shop: Arc<Shop>) -> Self {
        Self { shop }
    }

    /// The shop's org id.
    pub fn org_id(&self) -> u64 {
        self.shop.org_id
    }

    /// The shop in one line of JSON, for the list of shops.
    pub(super) fn summary(&self) -> String {
        let access = self.shop.access.read();
        let stock = self.shop.stock.read();
        let scopes = serde_json::json!(access.scopes);
        RawObject::default()
            .raw("org_id", self.shop.org_id)
            .text("name", &stock.catalog.shop_name)
            .text("token", &access.token)
            .raw("scopes", scopes)
            .raw("locations", stock.catalog.locations().len())
            .raw("products", stock.catalog.products().len())
            .raw("variants", stock.catalog.variant_count())
            .raw("rows", stock.store.len())
            .to_string()
    }

    // What goes wrong.

    /// Replaces all faults.
    pub fn set_faults(&self, faults: Faults) {
        *self.shop.faults.lock() = faults;
    }

    /// Changes some faults.
    pub fn update_faults(&self, change: impl FnOnce(&mut Faults)) {
        change(&mut self.shop.faults.lock());
    }

    /// The faults as they are now, counted down as far as they have been.
    pub fn faults(&self) -> Faults {
        self.shop.faults.lock().clone()
    }

    // What was asked.

    /// What happened since the start, or since the log was cleared.
    pub fn counters(&self) -> Counters {
        self.shop.journal.lock().counters()
    }

    /// The most inventory requests there were at the same time.
    pub fn max_in_flight(&self) -> u64 {
        self.counters().max_in_flight
    }

    /// The log of requests of every kind, oldest first.
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.shop.journal.lock().records()
    }

    /// The log of requests for inventory only, oldest first.
    pub fn inventory_requests(&self) -> Vec<RequestRecord> {
        let mut records = self.requests();
        records.retain(|record| record.resource == Resource::Inventory);
        records
    }

    /// Empties the log and counts afresh, [`Self::wait_for_requests`] and [`Self::wait_for_answers`] included.
    pub fn clear_log(&self) {
        self.shop.journal.lock().clear();
        self.shop.progress.send_modify(|progress| *progress = Progress::default());
    }

    // The order of events.

    /// Makes inventory requests wait, once they are logged and counted, until the hold is dropped.
    ///
    /// Nothing is read, and no room in the bucket taken, for a request that waits here.
    pub fn hold(&self) -> Hold {
        self.shop.requests.hold()
    }

    /// Makes inventory answers wait, once they are made, until the hold is dropped.
    ///
    /// What the shop does meanwhile is not in them any more: they arrive out of date.
    pub fn hold_answers(&self) -> Hold {
        self.shop.answers.hold()
    }

    /// Makes answers to requests for locations wait, once they are made, until the hold is dropped.
    pub fn hold_location_answers(&self) -> Hold {
        self.shop.location_answers.hold()
    }

    /// Waits until this number of answers to requests for locations has been made, sent or held.
    pub async fn wait_for_location_answers(&self, count: u64) {
        self.wait_for(|progress| count <= progress.locations_answered).await;
    }

    /// Waits until this number of inventory requests has come since the start, or since the log was cleared.
    pub async fn wait_for_requests(&self, count: u64) {
        self.wait_for(|progress| count <= progress.arrived).await;
    }

    /// Waits until this number of inventory answers has been made, sent or held.
    pub async fn wait_for_answers(&self, count: u64) {
        self.wait_for(|progress| count <= progress.answered).await;
    }

    async fn wait_for(&self, reached: impl FnMut(&Progress) -> bool) {
        let mut progress = self.shop.progress.subscribe();
        // Fails only when the sender is gone, which the shop held by this handle owns.
        drop(progress.wait_for(reached).await);
    }

    // What is in stock.

    /// Every row, by row id.
    pub fn rows(&self) -> Vec<RowSnapshot> {
        self.shop.stock.read().store.snapshots()
    }

    /// The row of a cell.
    pub fn row(&self, variant_id: u64, loc_id: u64) -> Option<RowSnapshot> {
        self.shop.stock.read().store.snapshot(variant_id, loc_id)
    }

    /// Inserts a row, or replaces the one in its cell; the text is answered exactly as given.
    ///
    /// # Errors
    /// When the text is no JSON object, or lacks `id`, `loc_id` or `variant_id` as whole numbers.
    pub fn put_row(&self, json: &str) -> Result<RowSnapshot, RowError> {
        let row = Row::parse(json)?;
        let snapshot = RowSnapshot::of(&row);
        self.shop.stock.write().put(row);
        Ok(snapshot)
    }

    /// Makes `available` the cell's `qty_available`, `qty_onhand` in step, and changes `updated_at`.
    ///
    /// A cell without a row gets one. Nothing happens when the shop has no such variant or location.
    pub fn set_quantity(&self, variant_id: u64, loc_id: u64, available: i64) -> Option<RowSnapshot> {
        let mut stock = self.shop.stock.write();
        stock.set_available(variant_id, loc_id, available.into())?;
        stock.store.snapshot(variant_id, loc_id)
    }

    /// Takes the row of a cell away.
    pub fn delete_row(&self, variant_id: u64, loc_id: u64) -> Option<RowSnapshot> {
        let mut stock = self.shop.stock.write();
        let snapshot = stock.store.snapshot(variant_id, loc_id);
        stock.store.delete(variant_id, loc_id);
        snapshot
    }

    /// Adds a location, or replaces the one of this id.
    pub fn put_location(&self, location: Location) {
        self.shop.stock.write().catalog.put_location(location);
    }

    /// The shop's locations, in the order of `locations.json`.
    pub fn location_ids(&self) -> Vec<u64> {
        self.shop.stock.read().catalog.locations().iter().map(|location| location.id).collect()
    }

    /// The shop's variants, in the order of `products.json`.
    pub fn variant_ids(&self) -> Vec<u64> {
        let stock = self.shop.stock.read();
        let variants = stock.catalog.products().iter().flat_map(|product| &product.variants);
        variants.map(|variant| variant.id).collect()
    }

    // Access and rate.

    /// Changes the size and leak of the bucket; the level stays, a running wait ends.
    pub fn set_bucket(&self, size: u32, leak_per_second: f64) {
        let mut bucket = self.shop.bucket.lock();
        let settings = BucketSettings { size, leak_per_second, ..bucket.settings() };
        bucket.reshape(settings, Instant::now());
    }

    /// Changes the bucket, the wait it asks for included; the level stays, a running wait ends.
    pub fn reshape_bucket(&self, settings: BucketSettings) {
        self.shop.bucket.lock().reshape(settings, Instant::now());
    }

    /// Empties the bucket and ends a running wait.
    pub fn reset_bucket(&self) {
        self.shop.bucket.lock().reset(Instant::now());
    }

    /// How full the bucket is.
    pub fn bucket_level(&self) -> f64 {
        self.shop.bucket.lock().level(Instant::now())
    }

    /// Changes the token; the old one is unknown from now on.
    pub fn set_token(&self, token: String) {
        self.shop.access.write().token = token;
    }

    /// Changes what the token may read.
    pub fn set_scopes(&self, scopes: BTreeSet<Scope>) {
        self.shop.access.write().scopes = scopes;
    }
}
