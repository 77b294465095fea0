//! A shop's locations: read as a whole, cached, one reading at a time.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::Instant;
use tracing::Instrument;

use super::ReadError;
use crate::cache::freshness::{Freshness, FreshnessPolicy, FreshnessWish};
use crate::clock::{Clock, Moment};
use crate::domain::id::LocationId;
use crate::domain::location::LocationBook;
use crate::governor::{CallOutcome, Governor, Stop, Urgency};
use crate::haravan::{CallError, LOCATIONS, LocationPage, Reply, SentLocation, ShopClient};
use crate::metrics::ShopMetrics;
use crate::trace::{self, Call};

/// How long locations serve. Source: ours; a shop opens a store now and then, and webhooks will tell.
const POLICY: FreshnessPolicy = FreshnessPolicy {
    fresh: Duration::from_secs(300),
    stale_while_revalidate: Duration::from_secs(3_600),
    stale_if_error: Duration::from_secs(86_400),
};

/// How long a failure is remembered before Haravan is asked again.
const FAILURE_REMEMBERED: Duration = Duration::from_secs(10);

/// Most pages read. Source: ours, against a listing without end; 200 pages are 10,000 locations.
const MOST_PAGES: usize = 200;

/// Attempts at one page.
const MOST_ATTEMPTS: u32 = 3;

/// How long to wait after a 429 that does not say.
const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(2);

/// A shop's locations as Haravan listed them, all pages joined.
#[derive(Debug, Clone)]
pub struct LocationList {
    /// In Haravan's order, each with its JSON as sent.
    pub locations: Vec<SentLocation>,
    /// When they were read.
    pub observed_at: Moment,
    book: Arc<LocationBook>,
}

impl LocationList {
    /// Names and classes.
    #[must_use]
    pub fn book(&self) -> Arc<LocationBook> {
        Arc::clone(&self.book)
    }
}

/// Reads and holds a shop's locations.
#[derive(Debug)]
pub(super) struct Locations {
    shared: Arc<Shared>,
    unreadable: Arc<LocationBook>,
}

#[derive(Debug)]
struct Shared {
    client: ShopClient,
    governor: Arc<Governor>,
    clock: Clock,
    runtime: Handle,
    metrics: ShopMetrics,
    excluded: BTreeSet<LocationId>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    list: Option<Arc<LocationList>>,
    /// Purged: the list may not be served, only replaced.
    purged_at: Option<Moment>,
    failed: Option<(Moment, ReadError)>,
    reading: Option<watch::Receiver<Option<Outcome>>>,
}

type Outcome = Result<Arc<LocationList>, ReadError>;

impl Locations {
    /// Locations nobody has read yet.
    pub(super) fn new(
        client: ShopClient,
        governor: Arc<Governor>,
        clock: Clock,
        runtime: Handle,
        metrics: ShopMetrics,
        excluded: BTreeSet<LocationId>,
    ) -> Self {
        let unreadable = Arc::new(LocationBook::unreadable(excluded.iter().copied()));
        let state = Mutex::default();
        let shared = Shared { client, governor, clock, runtime, metrics, excluded, state };
        Self { shared: Arc::new(shared), unreadable }
    }

    /// The list, from the cache or from Haravan.
    ///
    /// # Errors
    /// It cannot be read, and none is cached that may be served.
    pub(super) async fn list(&self, wish: &FreshnessWish, deadline: Instant) -> Outcome {
        let (fallback, reading) = match self.shared.look(wish) {
            Look::Serve(list) => return Ok(list),
            Look::Fail(error) => return Err(error),
            Look::Read { fallback, reading } => (fallback, reading),
        };
        if wish.only_if_cached {
            return Err(ReadError::NotCached);
        }
        let mut reading = reading;
        let outcome = match tokio::time::timeout_at(deadline, reading.wait_for(Option::is_some)).await {
            Ok(Ok(outcome)) => outcome.clone().unwrap_or(Err(ReadError::Failed)),
            Ok(Err(_)) => Err(ReadError::Failed),
            Err(_) if self.shared.governor.is_rate_limited() => {
                Err(ReadError::RateLimited { retry_after: self.shared.governor.wait_for(1) })
            }
            Err(_) => Err(ReadError::Timeout),
        };
        outcome.or_else(|error| fallback.ok_or(error))
    }

    /// Names and classes; where they cannot be read, a book without names in which everything sells.
    pub(super) async fn book(&self, deadline: Instant) -> Arc<LocationBook> {
        match self.list(&FreshnessWish::default(), deadline).await {
            Ok(list) => list.book(),
            Err(_) => Arc::clone(&self.unreadable),
        }
    }

    /// The book of the list that is held, if the list is fresh.
    pub(super) fn current_book(&self, now: Moment) -> Option<Arc<LocationBook>> {
        let state = self.shared.state.lock();
        let fresh = state.list.as_ref().filter(|list| now.since(list.observed_at) <= POLICY.fresh);
        fresh.map(|list| list.book())
    }

    /// Names and classes as far as they are held, without asking anybody.
    pub(super) fn held_book(&self) -> Arc<LocationBook> {
        // Names change seldom: an old list is better than none.
        let wish = FreshnessWish {
            only_if_cached: true,
            max_stale: Some(POLICY.stale_if_error),
            ..FreshnessWish::default()
        };
        match self.shared.look(&wish) {
            Look::Serve(list) => list.book(),
            Look::Fail(_) | Look::Read { .. } => Arc::clone(&self.unreadable),
        }
    }

    /// Lets nothing read before now be served.
    pub(super) fn purge(&self) {
        let mut state = self.shared.state.lock();
        state.purged_at = Some(self.shared.clock.now());
        state.list = None;
        state.failed = None;
        // Whoever waits for the reading under way gets it; whoever comes now starts another.
        state.reading = None;
    }
}

enum Look {
    Serve(Arc<LocationList>),
    Fail(ReadError),
    Read { fallback: Option<Arc<LocationList>>, reading: watch::Receiver<Option<Outcome>> },
}

impl Shared {
    /// Decides from what is held, and starts a reading where one is due.
    fn look(self: &Arc<Self>, wish: &FreshnessWish) -> Look {
        let now = self.clock.now();
        let mut state = self.state.lock();
        let judged = state
            .list
            .as_ref()
            .map(|list| (Arc::clone(list), POLICY.judge(now.since(list.observed_at), wish)));
        let fallback = match judged {
            Some((list, Freshness::Fresh)) => return Look::Serve(list),
            Some((list, Freshness::Stale)) => {
                if !wish.only_if_cached && state.may_read(now) {
                    self.start_reading(&mut state);
                }
                return Look::Serve(list);
            }
            Some((list, Freshness::Expired)) => Some(list),
            Some((_, Freshness::Unusable)) | None => None,
        };
        if wish.only_if_cached {
            return Look::Fail(ReadError::NotCached);
        }
        if !state.may_read(now)
            && let Some((_, error)) = &state.failed
        {
            return fallback.map_or(Look::Fail(*error), Look::Serve);
        }
        Look::Read { fallback, reading: self.start_reading(&mut state) }
    }

    /// Joins the reading under way, or starts one.
    fn start_reading(self: &Arc<Self>, state: &mut State) -> watch::Receiver<Option<Outcome>> {
        if let Some(reading) = state.reading.as_ref().filter(|reading| reading.has_changed().is_ok()) {
            return reading.clone();
        }
        let (sender, receiver) = watch::channel(None);
        state.reading = Some(receiver.clone());
        let shared = Arc::clone(self);
        let reading = async move {
            let started = shared.clock.now();
            let outcome = shared.read(started).await;
            shared.keep(started, &outcome);
            // Nobody may be waiting any more.
            let _ = sender.send(Some(outcome));
        };
        self.runtime.spawn(reading.instrument(trace::locations()));
        receiver
    }

    fn keep(&self, started: Moment, outcome: &Outcome) {
        let mut state = self.state.lock();
        if state.purged_at.is_some_and(|purged_at| started <= purged_at) {
            return;
        }
        match outcome {
            Ok(list) => {
                state.list = Some(Arc::clone(list));
                state.failed = None;
            }
            Err(error) => state.failed = Some((self.clock.now(), *error)),
        }
        state.reading = None;
    }

    /// Reads page after page until one brings nothing new: a short page may have been cut, as it may for rows.
    async fn read(&self, started: Moment) -> Outcome {
        let mut locations: Vec<SentLocation> = Vec::new();
        let mut known = BTreeSet::new();
        for number in 1..=MOST_PAGES {
            let page = self.page(number).await?;
            let before = known.len();
            for sent in page.locations {
                if known.insert(sent.location.id) {
                    locations.push(sent);
                }
            }
            if known.len() == before {
                break;
            }
        }
        let described = locations.iter().map(|sent| sent.location.clone());
        let book = Arc::new(LocationBook::new(described, self.excluded.iter().copied()));
        Ok(Arc::new(LocationList { locations, observed_at: started, book }))
    }

    async fn page(&self, number: usize) -> Result<LocationPage, ReadError> {
        let mut attempts = 0;
        loop {
            let permit = self.governor.admit(Urgency::Continuation).await.map_err(|stop| match stop {
                Stop::Failing => ReadError::Failed,
                Stop::Unauthorized => ReadError::Unauthorized,
            })?;
            let sent = Instant::now();
            let span = trace::call(Call { template: LOCATIONS, page: Some(number), resends: attempts });
            let reply = self.client.locations(number).instrument(span.clone()).await;
            trace::called(&span, reply.end(|page| (200, Some(page.length))));
            let Reply { call_limit, result } = reply;
            if let Some((level, size)) = call_limit {
                self.governor.hear_call_limit(level, size);
            }
            let outcome = outcome_of(result.as_ref().err());
            self.metrics.upstream_request(outcome.as_str(), sent.elapsed());
            permit.settle(outcome);
            attempts += 1;
            match result {
                Ok(page) => return Ok(page),
                Err(CallError::Unauthorized { .. }) => return Err(ReadError::Unauthorized),
                Err(CallError::Throttled { .. }) if attempts < MOST_ATTEMPTS => {}
                Err(error) if error.is_transient() && attempts < MOST_ATTEMPTS => {}
                Err(_) => return Err(ReadError::Failed),
            }
        }
    }
}

impl State {
    /// Whether Haravan may be asked: not right after it failed.
    fn may_read(&self, now: Moment) -> bool {
        self.failed.as_ref().is_none_or(|(failed_at, _)| FAILURE_REMEMBERED <= now.since(*failed_at))
    }
}

/// How a call that is not about inventory went: a 403 is about the scope of this resource, not about the shop.
pub(super) fn outcome_of(error: Option<&CallError>) -> CallOutcome {
    match error {
        None => CallOutcome::Answered,
        Some(CallError::Throttled { retry_after }) => {
            CallOutcome::Throttled { retry_after: retry_after.unwrap_or(DEFAULT_RETRY_AFTER) }
        }
        Some(CallError::Unauthorized { status: 401 }) => CallOutcome::Unauthorized,
        Some(CallError::Unauthorized { .. } | CallError::IdsRefused | CallError::Rejected { .. }) => {
            CallOutcome::Refused
        }
        Some(
            CallError::ServerError { .. }
            | CallError::UnexpectedStatus { .. }
            | CallError::Timeout
            | CallError::Connection
            | CallError::Unreadable { .. },
        ) => CallOutcome::Failed,
    }
}
