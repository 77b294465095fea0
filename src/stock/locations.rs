//! A shop's locations: read as a whole, cached, one reading at a time.
//!
//! The classes in a list stay in force until another list is read, so a list that cannot be read makes nothing
//! sellable. `state` decides what is served and when the list is read. `entries` makes a list of the pages.

mod entries;
mod list;
mod state;

use std::collections::BTreeSet;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::Instant;
use tracing::Instrument;

use self::entries::Entries;
use self::list::{Failure, ListOutcome, POLICY};
use self::state::{Decision, InForce, ListState};
use super::read_error::ReadError;
use super::terms::ReadTerms;
use crate::cache::Cache;
use crate::cache::freshness::FreshnessWish;
use crate::clock::{Clock, Moment};
use crate::domain::id::LocationId;
use crate::domain::location::LocationBook;
use crate::governor::Errand;
use crate::governor::Urgency;
use crate::governor::resource::Resource;
use crate::haravan::{
    CallCause, CallError, LOCATIONS, LocationPage, NoAnswer, Oddities, Resend, ShopClient, Upstream,
    UpstreamRequest,
};
use crate::tasks::Tasks;
use crate::trace;

pub use self::list::LocationList;

/// Most pages read. Source: ours, against a listing without end; 200 pages are 10,000 locations.
const MOST_PAGES: usize = 200;

/// Haravan clamps pages to multiples of this, whatever was asked for. Source: live.
const USUAL_CLAMP: usize = 50;

/// Reads and holds a shop's locations.
#[derive(Debug)]
pub struct ShopLocations {
    shared: Arc<ListReader>,
    forbidden: Arc<LocationBook>,
    unread: Arc<LocationBook>,
}

/// What the locations are read with.
#[derive(Debug)]
pub(super) struct LocationParts {
    pub(super) client: ShopClient,
    pub(super) upstream: Upstream,
    pub(super) clock: Clock,
    pub(super) tasks: Tasks,
    pub(super) oddities: Arc<Oddities>,
    /// What counts the shop's purges.
    pub(super) cache: Arc<Cache>,
    /// Locations that never count as sellable.
    pub(super) excluded: BTreeSet<LocationId>,
}

#[derive(Debug)]
struct ListReader {
    parts: LocationParts,
    state: Mutex<ListState>,
    /// The locations of the last reading.
    known: Mutex<BTreeSet<LocationId>>,
}

impl ShopLocations {
    /// Locations that were not read yet.
    pub(super) fn new(parts: LocationParts) -> Self {
        let forbidden = Arc::new(LocationBook::unreadable(parts.excluded.iter().copied()));
        let unread = Arc::new(LocationBook::unread(parts.excluded.iter().copied()));
        Self {
            shared: Arc::new(ListReader { parts, state: Mutex::default(), known: Mutex::default() }),
            forbidden,
            unread,
        }
    }

    /// All locations, cached.
    ///
    /// # Errors
    /// They cannot be read; `Unauthorized` if the token lacks the scope `com.read_shop`.
    pub async fn list(&self, terms: &ReadTerms) -> Result<Arc<LocationList>, ReadError> {
        let deadline = Instant::now() + terms.wait;
        let cache = &self.shared.parts.cache;
        loop {
            let seen = cache.purges();
            let list = self.list_by(&terms.freshness, deadline).await;
            // A caller that waited may have been given what was read before a purge.
            if !cache.purges_since(seen).reach_locations() {
                return list;
            }
            if deadline <= Instant::now() {
                return Err(ReadError::Timeout);
            }
        }
    }

    /// The list, from the cache or from Haravan.
    async fn list_by(&self, wish: &FreshnessWish, deadline: Instant) -> Result<Arc<LocationList>, ReadError> {
        let asked = Instant::now();
        loop {
            let purges = self.shared.state.lock().purges();
            let held_up = match self.shared.decide(wish, asked) {
                Decision::Serve(list) => return Ok(list),
                Decision::Fail(error) => return Err(error),
                Decision::Join(mut reading, fallback) => {
                    let ended = tokio::time::timeout_at(deadline, reading.wait_for(Option::is_some)).await;
                    let outcome = match ended {
                        Ok(Ok(outcome)) => {
                            outcome.clone().map(|outcome| outcome.map_err(|failed| failed.error))
                        }
                        Ok(Err(_)) => None,
                        Err(_) => Some(Err(self.overdue())),
                    };
                    // What was read before a purge must not be served after it.
                    if purges == self.shared.state.lock().purges() || deadline <= Instant::now() {
                        let outcome = outcome.unwrap_or(Err(ReadError::Failed));
                        return outcome.or_else(|error| fallback.ok_or(error));
                    }
                    continue;
                }
                Decision::WaitOut(mut reading) => {
                    let ended = tokio::time::timeout_at(deadline, reading.wait_for(Option::is_some)).await;
                    ended.is_err()
                }
                Decision::Pause(until) => {
                    tokio::time::sleep_until(until.min(deadline)).await;
                    deadline < until
                }
            };
            if held_up {
                return Err(self.overdue());
            }
        }
    }

    /// The error for a list that did not come in time.
    fn overdue(&self) -> ReadError {
        if self.shared.parts.upstream.governor().is_rate_limited(&Resource::LOCATIONS) {
            self.shared.rate_limited()
        } else {
            ReadError::Timeout
        }
    }

    /// Names and classes of the locations. If the list cannot be read: those that were read last.
    pub async fn book(&self, terms: &ReadTerms) -> Arc<LocationBook> {
        match self.list_by(&FreshnessWish::default(), Instant::now() + terms.wait).await {
            Ok(list) if self.is_usable(&list) => list.book(),
            Ok(_) | Err(_) => self.book_in_force(),
        }
    }

    /// The ids of all locations, ascending. If the list cannot be read: those that were read last.
    ///
    /// # Errors
    /// It cannot be read, and never was; or the token may not read it.
    pub async fn ids(&self, terms: &ReadTerms) -> Result<Vec<LocationId>, ReadError> {
        match self.list_by(&terms.freshness, Instant::now() + terms.wait).await {
            Ok(list) => Ok(list.book().ids().collect()),
            Err(error @ (ReadError::NotCached | ReadError::Unauthorized)) => Err(error),
            Err(error) => match self.shared.state.lock().in_force() {
                InForce::List(held) => Ok(held.list.book.ids().collect()),
                InForce::Nothing | InForce::Forbidden => Err(error),
            },
        }
    }

    /// The book of the list that is held, if the list is fresh.
    #[must_use]
    pub fn current_book(&self, now: Moment) -> Option<Arc<LocationBook>> {
        let state = self.shared.state.lock();
        state.servable().filter(|held| held.is_fresh(now)).map(|held| held.list.book())
    }

    /// Names and classes as far as they are held. Asks Haravan for nothing.
    #[must_use]
    pub fn held_book(&self) -> Arc<LocationBook> {
        let now = self.shared.parts.clock.now();
        let usable = {
            let state = self.shared.state.lock();
            state.servable().filter(|held| held.is_usable(now)).map(|held| held.list.book())
        };
        usable.unwrap_or_else(|| self.book_in_force())
    }

    /// Whether Haravan said last that the token lacks the scope to read the list. If the list cannot be read because of
    /// the token and this is false, Haravan refuses the token as such.
    #[must_use]
    pub fn is_forbidden(&self) -> bool {
        matches!(self.shared.state.lock().in_force(), InForce::Forbidden)
    }

    /// Lets no list that was read before now be served. Its classes stay in force until another list is read.
    pub(super) fn purge(&self) {
        self.shared.state.lock().purge();
    }

    fn is_usable(&self, list: &Arc<LocationList>) -> bool {
        let now = self.shared.parts.clock.now();
        now.since(list.observed_at) <= POLICY.fresh + POLICY.stale_while_revalidate
    }

    /// The book that Haravan's last answer gives, however long ago.
    fn book_in_force(&self) -> Arc<LocationBook> {
        match self.shared.state.lock().in_force() {
            InForce::List(held) => Arc::clone(&held.list.outdated),
            InForce::Forbidden => Arc::clone(&self.forbidden),
            InForce::Nothing => Arc::clone(&self.unread),
        }
    }
}

impl ListReader {
    /// Decides from what is held, and starts a reading if one is due.
    fn decide(self: &Arc<Self>, wish: &FreshnessWish, asked: Instant) -> Decision {
        let (decision, begun) = self.state.lock().decide(wish, asked, self.parts.clock.now());
        if let Some(begun) = begun {
            let shared = Arc::clone(self);
            let reading = async move {
                let outcome = shared.read(&begun.sender).await;
                shared.state.lock().keep(&begun, &outcome, shared.parts.clock.now());
                // There may be no caller left.
                let _ = begun.sender.send(Some(outcome));
            };
            self.parts.tasks.spawn("locations", reading.instrument(trace::locations()));
        }
        decision
    }

    /// Reads page after page until one brings nothing new: a short page may have been cut, as with rows. If all the
    /// locations of the last reading have come again, the short page was not cut.
    async fn read(&self, awaited: &watch::Sender<Option<ListOutcome>>) -> ListOutcome {
        let observed_at = self.parts.clock.now();
        let known = self.known.lock().clone();
        let mut entries = Entries::default();
        for number in 1..=MOST_PAGES {
            let page = self.page(number, awaited).await?;
            let may_be_full = page.locations.len().is_multiple_of(USUAL_CLAMP);
            if !entries.add(page) || (!may_be_full && !known.is_empty() && entries.hold(&known)) {
                break;
            }
        }
        *self.known.lock() = entries.ids();
        entries.tell(&self.parts.oddities);
        let book = entries.book(&self.parts.excluded);
        let (book, outdated) = (Arc::new(book.clone()), Arc::new(book.outdated()));
        Ok(Arc::new(LocationList { locations: entries.into_list(), observed_at, book, outdated }))
    }

    /// Asks for one page. The first begins something new, and the others continue it.
    async fn page(
        &self,
        number: usize,
        awaited: &watch::Sender<Option<ListOutcome>>,
    ) -> Result<LocationPage, Failure> {
        let urgency = if number == 1 { Urgency::New } else { Urgency::Continuation };
        // The state holds a receiver too.
        let is_awaited = || 1 < awaited.receiver_count();
        let request = UpstreamRequest {
            errand: Errand { urgency, ..Errand::new(Resource::LOCATIONS) },
            cause: CallCause::Locations,
            template: LOCATIONS,
            page: Some(number),
            deadline: None,
            is_awaited: &is_awaited,
            resend: Resend::Usual,
            is_long: false,
        };
        let page = self.parts.upstream.ask(request, None, |on| self.parts.client.locations(number, on)).await;
        page.map_err(|no_answer| Failure {
            is_forbidden: no_answer == NoAnswer::Error(CallError::Unauthorized { status: 403 }),
            error: ReadError::of_no_answer(&no_answer, || self.rate_limited()),
        })
    }

    fn rate_limited(&self) -> ReadError {
        let governor = self.parts.upstream.governor();
        ReadError::RateLimited { retry_after: governor.wait_for(&Resource::LOCATIONS, 1) }
    }
}
