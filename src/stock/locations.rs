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
use crate::governor::resource::Resource;
use crate::governor::{Errand, Urgency};
use crate::haravan::{Ask, CallCause, LOCATIONS, LocationPage, SentLocation, ShopClient, Upstream};
use crate::trace;

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
    upstream: Upstream,
    clock: Clock,
    runtime: Handle,
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
        upstream: Upstream,
        clock: Clock,
        runtime: Handle,
        excluded: BTreeSet<LocationId>,
    ) -> Self {
        let unreadable = Arc::new(LocationBook::unreadable(excluded.iter().copied()));
        let state = Mutex::default();
        let shared = Shared { client, upstream, clock, runtime, excluded, state };
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
            Err(_) if self.shared.upstream.governor().is_rate_limited(&Resource::LOCATIONS) => {
                Err(self.shared.rate_limited())
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

    /// Asks for one page. The first is something new; those after it go on with it.
    async fn page(&self, number: usize) -> Result<LocationPage, ReadError> {
        let urgency = if number == 1 { Urgency::New } else { Urgency::Continuation };
        let ask = Ask {
            errand: Errand { urgency, ..Errand::new(Resource::LOCATIONS) },
            cause: CallCause::Locations,
            template: LOCATIONS,
            page: Some(number),
            deadline: None,
            is_awaited: &|| true,
        };
        let page = self.upstream.ask(ask, None, |on| self.client.locations(number, on)).await;
        page.map_err(|no_answer| ReadError::of_no_answer(&no_answer, || self.rate_limited()))
    }

    fn rate_limited(&self) -> ReadError {
        ReadError::RateLimited { retry_after: self.upstream.governor().wait_for(&Resource::LOCATIONS, 1) }
    }
}

impl State {
    /// Whether Haravan may be asked: not right after it failed.
    fn may_read(&self, now: Moment) -> bool {
        self.failed.as_ref().is_none_or(|(failed_at, _)| FAILURE_REMEMBERED <= now.since(*failed_at))
    }
}
