//! One shop: its cache, its loader, its governor, and the read path through them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::Instant;
use tracing::{Instrument, Span};

use super::locations::{LocationList, Locations};
use super::snapshot::Held;
use super::survey::Survey;
use super::{Census, Incomplete, Oversold, ReadError, ReadTally, ReadTerms, Snapshot};
use crate::cache::entry::PackedCell;
use crate::cache::freshness::{Freshness, FreshnessPolicy};
use crate::cache::{Cache, Purge};
use crate::clock::{Clock, Moment};
use crate::domain::cell::{CellId, MissingReason};
use crate::domain::id::{LocationId, OrgId};
use crate::domain::location::LocationBook;
use crate::domain::quantity::Quantity;
use crate::governor::resource::{Resource, ResourceStatus};
use crate::governor::{Errand, Governor, GovernorPolicy, Stop};
use crate::haravan::{Ask, CallCause, Forwarded, NoAnswer, OTHER, ShopClient, Upstream, UpstreamParts};
use crate::loader::{Loaded, Loader, LoaderParts};
use crate::metrics::ShopMetrics;
use crate::plan::pending::Priority;
use crate::query::Grid;
use crate::trace::{self, CellCounts};

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
    runtime: Handle,
    freshness: FreshnessPolicy,
    low_stock_threshold: Quantity,
    clock: Clock,
    metrics: ShopMetrics,
    /// Purges so far.
    purges: AtomicU64,
    /// Cells served from the cache, and cells served in all.
    hits: AtomicU64,
    served: AtomicU64,
}

/// Whoever waits for a forwarded call; its drop says that nobody does any more.
#[derive(Debug, Default)]
struct Asker {
    call_sent: AtomicBool,
}

/// What a question would take, had it been asked.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// Places taken in the bucket.
    pub bucket_level: f64,
    /// Places in the bucket.
    pub bucket_size: f64,
    /// Places of the bucket that calls of ours may take.
    pub bucket_usable: f64,
    /// Calls in flight.
    pub in_flight: usize,
    /// Cells waiting for a call, by the priority's name.
    pub queue: Vec<(&'static str, usize)>,
    /// Cells held.
    pub resident_cells: u64,
    /// Rows held whose available quantity is negative.
    pub negative_rows: u64,
    /// The bytes the cells weigh.
    pub cache_bytes: u64,
    /// The share of cells served from the cache; none before the first.
    pub hit_ratio: Option<f64>,
    /// The last upstream error, and when it was.
    pub last_error: Option<(String, Moment)>,
    /// Why no call for inventory is made: `failing`, `unauthorized`, or none.
    pub stopped: Option<&'static str>,
    /// How long a 429 forbids every call; zero if none does.
    pub paused_for: Duration,
    /// How each resource is doing that was asked for.
    pub resources: Vec<ResourceStatus>,
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
        let loader = Loader::new(LoaderParts {
            source: Arc::new(parts.client.clone()),
            upstream: upstream.clone(),
            cache: Arc::clone(&cache),
            clock: parts.clock.clone(),
            runtime: parts.runtime.clone(),
            call_timeout,
            max_pending_cells: parts.max_pending_cells,
            metrics: parts.metrics.clone(),
        });
        let locations = Locations::new(
            parts.client.clone(),
            upstream.clone(),
            parts.clock.clone(),
            parts.runtime.clone(),
            parts.exclude_locations,
        );
        Arc::new(Self {
            org_id: parts.org_id,
            name: parts.name,
            client: parts.client,
            upstream,
            cache,
            loader,
            locations,
            runtime: parts.runtime,
            freshness: parts.freshness,
            low_stock_threshold: parts.low_stock_threshold,
            clock: parts.clock,
            metrics: parts.metrics,
            purges: AtomicU64::new(0),
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
    pub fn low_stock_threshold(&self) -> Quantity {
        self.low_stock_threshold
    }

    /// Reads a grid: what is cached and fresh, what is stale while it is refreshed, the rest from Haravan.
    ///
    /// Safe to drop at any time: what was asked of Haravan goes on for whoever else wants it.
    ///
    /// # Errors
    /// Not every cell could be had, and the terms refuse an incomplete answer. Cells that Haravan refuses make
    /// no error.
    pub async fn read(&self, grid: Grid, terms: &ReadTerms) -> Result<Snapshot, ReadError> {
        let deadline = Instant::now() + terms.wait;
        loop {
            let purges = self.purges.load(Ordering::Acquire);
            let answer = self.read_once(&grid, terms, deadline).await;
            // What was looked at before a purge must not be served after it.
            if purges == self.purges.load(Ordering::Acquire) || deadline <= Instant::now() {
                if let Ok(snapshot) = &answer {
                    trace::cells(|| counts_of(snapshot));
                }
                return answer;
            }
        }
    }

    async fn read_once(
        &self,
        grid: &Grid,
        terms: &ReadTerms,
        deadline: Instant,
    ) -> Result<Snapshot, ReadError> {
        let looked = self.loader.looks();
        let changes = self.cache.changes();
        let mut survey = Survey::of(grid, &self.cache, &self.freshness, terms, self.clock.now());
        let serves = |cell: &PackedCell| {
            let age = self.clock.now().since(cell.observed_at());
            self.freshness.judge(age, &terms.freshness) == Freshness::Fresh
        };
        if !survey.stale.is_empty() && !terms.freshness.only_if_cached {
            self.loader.bring(Priority::Refresh, looked, &survey.stale, serves);
        }
        if survey.is_fresh()
            && let Some(oldest) = survey.oldest_fresh
        {
            self.count(survey.tally);
            let held = Held { changes, oldest };
            return Ok(Snapshot::of_held(grid.clone(), survey.entries, survey.tally, held));
        }
        if survey.lacks.is_empty() {
            self.count(survey.tally);
            return Ok(Snapshot::new(grid.clone(), survey.entries, Vec::new(), survey.tally));
        }
        if terms.freshness.only_if_cached {
            return Err(ReadError::NotCached);
        }
        let lacks = std::mem::take(&mut survey.lacks);
        let lacking: usize = lacks.iter().map(|(_, locations)| locations.len()).sum();
        let load = self.loader.load_since(terms.caller, looked, lacks, serves);
        let load = load.map_err(|_| ReadError::Overloaded { retry_after: self.queue_wait() })?;
        survey.tally.joined = load.joined();
        survey.tally.fetched = lacking.saturating_sub(load.joined());
        let loaded = load.finish(deadline).await;
        survey.tally.calls = loaded.calls;
        self.settle(grid, survey, loaded, terms)
    }

    /// What reading a grid would take, without asking anybody.
    #[must_use]
    pub fn explain(&self, grid: &Grid, terms: &ReadTerms) -> Explanation {
        let survey = Survey::of(grid, &self.cache, &self.freshness, terms, self.clock.now());
        let (tiles, calls) = self.loader.forecast(&survey.lacks);
        let wait = if calls == 0 {
            Duration::ZERO
        } else {
            self.wait_for(calls.saturating_add(self.loader.queued_calls()))
        };
        Explanation {
            asked: grid.cells(),
            fresh: survey.tally.hit,
            stale: survey.tally.stale,
            absent: grid.cells() - survey.tally.hit - survey.tally.stale,
            tiles,
            calls,
            wait,
        }
    }

    /// All locations, cached.
    ///
    /// # Errors
    /// They cannot be read; `Unauthorized` if the token lacks the scope `com.read_shop`.
    pub async fn locations(&self, terms: &ReadTerms) -> Result<Arc<LocationList>, ReadError> {
        self.locations.list(&terms.freshness, Instant::now() + terms.wait).await
    }

    /// Names and classes of the locations; the unreadable book if they cannot be read.
    pub async fn location_book(&self, terms: &ReadTerms) -> Arc<LocationBook> {
        self.locations.book(Instant::now() + terms.wait).await
    }

    /// The ids of all locations, ascending.
    ///
    /// # Errors
    /// As [`Shop::locations`].
    pub async fn all_locations(&self, terms: &ReadTerms) -> Result<Vec<LocationId>, ReadError> {
        Ok(self.locations(terms).await?.book().ids().collect())
    }

    /// Names and classes of the locations as far as they are held, without asking Haravan; the unreadable book if
    /// none are.
    #[must_use]
    pub fn held_location_book(&self) -> Arc<LocationBook> {
        self.locations.held_book()
    }

    /// What is oversold among the cells held, the worst first, without asking Haravan.
    #[must_use]
    pub fn oversold(&self) -> Oversold {
        Oversold::of(&self.cache, self.freshness, self.clock.now())
    }

    /// How fresh the cells held are, without asking Haravan.
    #[must_use]
    pub fn census(&self) -> Census {
        Census::of(&self.cache, &self.freshness, self.clock.now())
    }

    /// Passes a GET through, uncached but governed. `path` is below `/com/`.
    ///
    /// Whoever asks waits no longer than the terms say; a call that was sent by then is heard to its end.
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
        // On the runtime that the pooled connections belong to, whoever asks.
        let call = async move {
            let is_awaited = || 0 < asking.strong_count();
            let ask = Ask {
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
            upstream.ask(ask, None, send).await
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

    /// Nothing read from Haravan before now is served after it.
    pub fn purge(&self, purge: &Purge) {
        self.loader.purge(purge);
        self.purges.fetch_add(1, Ordering::AcqRel);
        if purge.variants.is_none() {
            self.locations.purge();
        }
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
            last_error: self.upstream.last_error().map(|(error, at)| (error.to_string(), at)),
            stopped: governor.stopped.map(Stop::as_str),
            paused_for: governor.paused_for,
            resources: governor.resources,
        }
    }

    /// Makes a snapshot of what was cached and what was loaded, or the error that the terms ask for.
    fn settle(
        &self,
        grid: &Grid,
        mut survey: Survey,
        loaded: Loaded,
        terms: &ReadTerms,
    ) -> Result<Snapshot, ReadError> {
        let mut unknown = loaded.missing;
        survey.tally.fetched = survey.tally.fetched.saturating_sub(unknown.len());
        unknown.retain(|(cell, reason)| {
            let served = *reason != MissingReason::Refused && survey.usable.binary_search(cell).is_ok();
            survey.tally.stale += usize::from(served);
            !served
        });
        if terms.incomplete == Incomplete::Refuse
            && let Some(error) =
                worst(&unknown).and_then(|reason| ReadError::of_missing(reason, self.queue_wait()))
        {
            return Err(error);
        }
        survey.merge(grid, loaded.entries);
        self.count(survey.tally);
        Ok(Snapshot::new(grid.clone(), survey.entries, unknown, survey.tally))
    }

    /// What the bucket and all that waits would cost a new question.
    fn queue_wait(&self) -> Duration {
        self.wait_for(self.loader.queued_calls())
    }

    /// What the bucket would make so many calls for inventory wait.
    fn wait_for(&self, calls: usize) -> Duration {
        self.upstream.governor().wait_for(&Resource::INVENTORY, calls)
    }

    pub(super) fn cache(&self) -> &Cache {
        &self.cache
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// How many purges there were so far.
    pub(super) fn purges(&self) -> u64 {
        self.purges.load(Ordering::Acquire)
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

    fn count(&self, tally: ReadTally) {
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

/// What a trace tells of a snapshot.
fn counts_of(snapshot: &Snapshot) -> CellCounts {
    let ReadTally { hit, stale, fetched, joined, calls, .. } = snapshot.tally();
    let (asked, missing) = (snapshot.grid().cells(), snapshot.unknown().len());
    CellCounts { asked, hit, stale, fetched, joined, missing, calls }
}

/// The reason to give for missing cells, the most telling first.
fn worst(missing: &[(CellId, MissingReason)]) -> Option<MissingReason> {
    const MOST_TELLING_FIRST: [MissingReason; 4] = [
        MissingReason::Unauthorized,
        MissingReason::RateLimited,
        MissingReason::Timeout,
        MissingReason::Failed,
    ];
    MOST_TELLING_FIRST.into_iter().find(|wanted| missing.iter().any(|(_, reason)| reason == wanted))
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
