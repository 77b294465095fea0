//! One shop: its cache, its loader, its governor, and the read path through them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::Instant;
use tracing::{Instrument, Span};

use super::locations::{LocationList, LocationParts, Locations};
use super::pages::WindowsSeen;
use super::read_error::ReadError;
use super::reading::ReadTally;
use super::reports::{FreshnessStats, Oversold};
pub use super::status::ShopStatus;
use super::terms::ReadTerms;
use crate::cache::freshness::FreshnessPolicy;
use crate::cache::{Cache, Purge, PurgeCount, PurgesSince};
use crate::clock::{Clock, Moment};
use crate::domain::cell::CellId;
use crate::domain::id::{LocationId, OrgId};
use crate::domain::location::LocationBook;
use crate::domain::quantity::Quantity;
use crate::governor::resource::Resource;
use crate::governor::{Errand, Governor, GovernorPolicy, Stop};
use crate::haravan::{
    CallCause, Forwarded, NoAnswer, OTHER, Oddities, ShopClient, Upstream, UpstreamParts, UpstreamRequest,
};
use crate::loader::{Loader, LoaderParts};
use crate::metrics::ShopMetrics;
use crate::plan::pending::Priority;
use crate::query::Grid;

/// What is added to the client's own timeout before a call counts as lost.
const CALL_TIMEOUT_SLACK: Duration = Duration::from_secs(1);

/// What a shop is made of.
#[derive(Debug)]
pub struct ShopParts {
    /// The org id.
    pub org_id: OrgId,
    /// Its name in the configuration.
    pub name: Option<String>,
    /// Haravan as the shop sees it.
    pub client: ShopClient,
    /// How its calls are governed.
    pub governor: GovernorPolicy,
    /// How long its cells serve.
    pub freshness: FreshnessPolicy,
    /// The most bytes its cells may take.
    pub cache_bytes: u64,
    /// The most bytes that rows may take up as text, ready to be joined to answers.
    pub text_bytes: u64,
    /// The longest one call may take.
    pub request_timeout: Duration,
    /// Most cells that may wait for calls.
    pub max_pending_cells: usize,
    /// Locations that never count as sellable.
    pub exclude_locations: BTreeSet<LocationId>,
    /// At or below this, stock is low.
    pub low_stock_threshold: Quantity,
    /// The clock.
    pub clock: Clock,
    /// Where upstream calls run.
    pub runtime: Handle,
    /// Where things are counted.
    pub metrics: ShopMetrics,
}

/// One shop.
#[derive(Debug)]
pub struct Shop {
    org_id: OrgId,
    name: Option<String>,
    client: ShopClient,
    upstream: Upstream,
    cache: Arc<Cache>,
    loader: Loader,
    locations: Locations,
    oddities: Arc<Oddities>,
    windows: WindowsSeen,
    runtime: Handle,
    freshness: FreshnessPolicy,
    low_stock_threshold: Quantity,
    clock: Clock,
    metrics: ShopMetrics,
    /// Cells served from the cache, and cells served in all.
    hits: AtomicU64,
    served: AtomicU64,
}

/// The caller that waits for a forwarded call; its drop says that it has left.
#[derive(Debug, Default)]
struct Asker {
    call_sent: AtomicBool,
}

impl Shop {
    /// A shop with an empty cache.
    #[must_use]
    pub fn start(parts: ShopParts) -> Arc<Self> {
        let call_timeout = parts.request_timeout + CALL_TIMEOUT_SLACK;
        let upstream = Upstream::new(UpstreamParts {
            governor: Governor::new(parts.governor),
            clock: parts.clock.clone(),
            call_timeout,
            metrics: parts.metrics.clone(),
        });
        let cache = Arc::new(Cache::new(parts.cache_bytes, parts.text_bytes));
        let oddities = Arc::new(Oddities::new(parts.org_id, parts.clock.clone(), parts.metrics.clone()));
        let loader = Loader::new(LoaderParts {
            source: Arc::new(parts.client.clone()),
            upstream: upstream.clone(),
            cache: Arc::clone(&cache),
            clock: parts.clock.clone(),
            runtime: parts.runtime.clone(),
            call_timeout,
            max_pending_cells: parts.max_pending_cells,
            metrics: parts.metrics.clone(),
            oddities: Arc::clone(&oddities),
        });
        let locations = Locations::new(LocationParts {
            client: parts.client.clone(),
            upstream: upstream.clone(),
            clock: parts.clock.clone(),
            runtime: parts.runtime.clone(),
            oddities: Arc::clone(&oddities),
            excluded: parts.exclude_locations,
        });
        Arc::new(Self {
            org_id: parts.org_id,
            name: parts.name,
            client: parts.client,
            upstream,
            cache,
            loader,
            locations,
            oddities,
            windows: WindowsSeen::default(),
            runtime: parts.runtime,
            freshness: parts.freshness,
            low_stock_threshold: parts.low_stock_threshold,
            clock: parts.clock,
            metrics: parts.metrics,
            hits: AtomicU64::new(0),
            served: AtomicU64::new(0),
        })
    }

    /// The org id.
    #[must_use]
    pub fn org_id(&self) -> OrgId {
        self.org_id
    }

    /// The shop's name in the configuration.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The shop's default threshold for low stock.
    #[must_use]
    pub fn low_stock_threshold(&self) -> &Quantity {
        &self.low_stock_threshold
    }

    /// All locations, cached.
    ///
    /// # Errors
    /// They cannot be read; `Unauthorized` if the token lacks the scope `com.read_shop`.
    pub async fn locations(&self, terms: &ReadTerms) -> Result<Arc<LocationList>, ReadError> {
        let deadline = Instant::now() + terms.wait;
        loop {
            let seen = self.purges();
            let list = self.locations.list(&terms.freshness, deadline).await;
            // Who waited may have been given what was read before a purge.
            if !self.purges_since(seen).reach_locations() {
                return list;
            }
            if deadline <= Instant::now() {
                return Err(ReadError::Timeout);
            }
        }
    }

    /// Names and classes of the locations; where the list cannot be read, those that were read last.
    pub async fn location_book(&self, terms: &ReadTerms) -> Arc<LocationBook> {
        self.locations.book(Instant::now() + terms.wait).await
    }

    /// The ids of all locations, ascending; where the list cannot be read, those that were read last.
    ///
    /// # Errors
    /// As [`Shop::locations`].
    pub async fn all_locations(&self, terms: &ReadTerms) -> Result<Vec<LocationId>, ReadError> {
        self.locations.ids(&terms.freshness, Instant::now() + terms.wait).await
    }

    /// Whether the token lacks the scope to read the locations; otherwise, if they cannot be read for the token's
    /// sake, the token is refused as such.
    #[must_use]
    pub fn locations_are_forbidden(&self) -> bool {
        self.locations.is_forbidden()
    }

    /// Names and classes of the locations as far as they are held, without asking Haravan.
    #[must_use]
    pub fn held_location_book(&self) -> Arc<LocationBook> {
        self.locations.held_book()
    }

    /// The cells of a grid for which Haravan sent two rows when they were read last, ascending.
    #[must_use]
    pub fn repeated_in(&self, grid: &Grid) -> Vec<CellId> {
        self.oddities.repeated(|cell| {
            grid.variants.binary_search(&cell.variant_id).is_ok()
                && grid.locations.binary_search(&cell.loc_id).is_ok()
        })
    }

    /// What is oversold among the cells held, the worst first, without asking Haravan.
    #[must_use]
    pub fn oversold(&self) -> Oversold {
        Oversold::of(&self.cache, self.freshness, self.clock.now())
    }

    /// How fresh the cells held are, without asking Haravan.
    #[must_use]
    pub fn freshness_stats(&self) -> FreshnessStats {
        FreshnessStats::of(&self.cache, &self.freshness, self.clock.now())
    }

    /// Passes a GET through, uncached but governed. `path` is below `/com/`.
    ///
    /// The caller waits no longer than the terms say; a call that was sent by then is heard to its end.
    ///
    /// # Errors
    /// Haravan could not be asked, or failed; a 4xx about the question itself is an answer.
    pub async fn forward(&self, path: &str, query: &str, terms: &ReadTerms) -> Result<Forwarded, ReadError> {
        let deadline = Instant::now() + terms.wait;
        let resource = Resource::of_path(path);
        let (upstream, client) = (self.upstream.clone(), self.client.clone());
        let (path, query): (Arc<str>, Arc<str>) = (path.into(), query.into());
        let callers = [terms.caller].into_iter().collect();
        let errand = Errand { callers, ..Errand::new(resource.clone()) };
        let asker = Arc::new(Asker::default());
        let asking = Arc::downgrade(&asker);
        // On the runtime that the pooled connections belong to.
        let call = async move {
            let is_awaited = || 0 < asking.strong_count();
            let request = UpstreamRequest {
                errand,
                cause: CallCause::Passthrough,
                template: OTHER,
                page: None,
                deadline: Some(deadline),
                is_awaited: &is_awaited,
            };
            let send = |on| {
                if let Some(asker) = asking.upgrade() {
                    asker.call_sent.store(true, Ordering::Release);
                }
                client.clone().forward(Arc::clone(&path), Arc::clone(&query), on)
            };
            upstream.ask(request, None, send).await
        };
        let call = self.runtime.spawn(call.instrument(Span::current()));
        let late = || {
            let (governor, sent) = (self.upstream.governor(), asker.call_sent.load(Ordering::Acquire));
            if sent || !governor.is_rate_limited(&resource) {
                ReadError::Timeout
            } else {
                ReadError::RateLimited { retry_after: governor.wait_for(&resource, 1) }
            }
        };
        let rate_limited =
            || ReadError::RateLimited { retry_after: self.upstream.governor().wait_for(&resource, 1) };
        match tokio::time::timeout_at(deadline, call).await {
            Err(_) | Ok(Ok(Err(NoAnswer::Late))) => Err(late()),
            Ok(Err(_)) => Err(ReadError::Failed),
            Ok(Ok(answer)) => answer.map_err(|no_answer| ReadError::of_no_answer(&no_answer, rate_limited)),
        }
    }

    /// Nothing read from Haravan before now is served after it. Whoever has a reason to invalidate comes here.
    pub fn invalidate(&self, purge: &Purge) {
        if purge.reaches_locations() {
            self.locations.purge();
        }
        self.loader.invalidate(purge);
    }

    /// How many purges there were so far.
    #[must_use]
    pub fn purges(&self) -> PurgeCount {
        self.cache.purges()
    }

    /// The purges that came after a count.
    #[must_use]
    pub fn purges_since(&self, count: PurgeCount) -> PurgesSince {
        self.cache.purges_since(count)
    }

    /// The shop's state, for operators.
    #[must_use]
    pub fn status(&self) -> ShopStatus {
        let governor = self.upstream.governor().status();
        let queued = |priority: Priority| (priority.as_str(), self.loader.pending_cells(priority));
        ShopStatus {
            org_id: self.org_id,
            name: self.name.clone(),
            bucket_level: governor.bucket_level,
            bucket_size: governor.bucket_size,
            bucket_usable: governor.bucket_usable,
            in_flight: governor.in_flight,
            queue: Priority::ALL.into_iter().map(queued).collect(),
            resident_cells: self.cache.resident_cells(),
            negative_rows: self.cache.negative_rows(),
            cache_bytes: self.cache.bytes(),
            hit_ratio: ratio(self.hits.load(Ordering::Relaxed), self.served.load(Ordering::Relaxed)),
            last_error: self.last_error(),
            stopped: governor.stopped.map(Stop::as_str),
            paused_for: governor.paused_for,
            resources: governor.resources,
        }
    }

    /// The last call that failed, or the last thing in an answer that could not be read.
    fn last_error(&self) -> Option<(String, Moment)> {
        let call = self.upstream.last_error().map(|(error, at)| (error.to_string(), at));
        call.into_iter().chain(self.oddities.last()).max_by_key(|(_, at)| *at)
    }

    /// What the bucket and all that waits would cost a new question.
    pub(super) fn queue_wait(&self) -> Duration {
        self.wait_for(self.loader.queued_calls())
    }

    /// What the bucket would make so many calls for inventory wait.
    pub(super) fn wait_for(&self, calls: usize) -> Duration {
        self.upstream.governor().wait_for(&Resource::INVENTORY, calls)
    }

    pub(super) fn cache(&self) -> &Cache {
        &self.cache
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(super) fn windows(&self) -> &WindowsSeen {
        &self.windows
    }

    pub(super) fn loader(&self) -> &Loader {
        &self.loader
    }

    pub(super) fn freshness(&self) -> &FreshnessPolicy {
        &self.freshness
    }

    /// The book of the list of locations that is held, if the list is fresh.
    #[must_use]
    pub fn current_book(&self, now: Moment) -> Option<Arc<LocationBook>> {
        self.locations.current_book(now)
    }

    /// Counts cells that were served fresh from the cache.
    pub fn count_hits(&self, cells: usize) {
        self.count(ReadTally { hit: cells, ..ReadTally::default() });
    }

    pub(super) fn count(&self, tally: ReadTally) {
        let hits = tally.hit + tally.stale;
        let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        self.metrics.cells_hit.inc_by(number(tally.hit));
        self.metrics.cells_stale.inc_by(number(tally.stale));
        self.metrics.cells_fetched.inc_by(number(tally.fetched));
        self.metrics.cells_joined.inc_by(number(tally.joined));
        self.hits.fetch_add(number(hits), Ordering::Relaxed);
        self.served.fetch_add(number(hits + tally.fetched + tally.joined), Ordering::Relaxed);
    }
}

#[expect(
    clippy::float_arithmetic,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "a ratio for people"
)]
fn ratio(part: u64, whole: u64) -> Option<f64> {
    (0 < whole).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests;
