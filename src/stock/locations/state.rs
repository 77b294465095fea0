//! What is held of a shop's locations, and what a caller gets: decisions under one lock, briefly.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::list::{ListOutcome, LocationList, POLICY};
use crate::cache::freshness::{Freshness, FreshnessWish};
use crate::clock::Moment;
use crate::stock::read_error::ReadError;

/// How long a failure is remembered before Haravan is asked again.
const FAILURE_REMEMBERED: Duration = Duration::from_secs(10);

/// The shortest time between two readings of the list. Source: ours; callers that ask for no cached answer share one
/// reading.
const READ_EVERY: Duration = Duration::from_secs(1);

/// What is held of the locations.
#[derive(Debug, Default)]
pub(super) struct ListState {
    in_force: InForce,
    /// Purges so far. What was read before the last one is not served as a list, but its classes stay in force.
    purges: u64,
    failed: Option<(Moment, ReadError)>,
    reading: Option<ListReading>,
    /// When the last reading began.
    last_began: Option<Instant>,
}

/// What Haravan said last of the list.
#[derive(Debug, Default)]
pub(super) enum InForce {
    /// Nothing yet.
    #[default]
    Nothing,
    /// The list.
    List(HeldList),
    /// That the token may not read it.
    Forbidden,
}

/// A list that was read.
#[derive(Debug)]
pub(super) struct HeldList {
    pub(super) list: Arc<LocationList>,
    began: Instant,
    /// Purges before it was read.
    purges: u64,
}

/// A reading under way.
#[derive(Debug)]
struct ListReading {
    began: Instant,
    outcome: watch::Receiver<Option<ListOutcome>>,
}

/// A reading that is to be made.
#[derive(Debug)]
pub(super) struct Begun {
    pub(super) sender: watch::Sender<Option<ListOutcome>>,
    pub(super) began: Instant,
    pub(super) purges: u64,
}

/// What to do for a caller.
pub(super) enum Decision {
    /// Serve this list.
    Serve(Arc<LocationList>),
    /// Fail.
    Fail(ReadError),
    /// Wait for the reading's outcome. If it fails, the list may be served, if there is one.
    Join(watch::Receiver<Option<ListOutcome>>, Option<Arc<LocationList>>),
    /// Wait for the end of a reading that began too early for this question, and look again.
    WaitOut(watch::Receiver<Option<ListOutcome>>),
    /// Wait until the list may be read again, and look again.
    Pause(Instant),
}

impl ListState {
    /// Decides for a question that was asked at this instant, and begins a reading if one is due.
    pub(super) fn decide(
        &mut self,
        wish: &FreshnessWish,
        asked: Instant,
        now: Moment,
    ) -> (Decision, Option<Begun>) {
        let judged = self.servable().map(|held| {
            let freshness = if asked <= held.began {
                Freshness::Fresh
            } else {
                POLICY.judge(now.since(held.list.observed_at), wish)
            };
            (Arc::clone(&held.list), freshness)
        });
        let fallback = match judged {
            Some((list, Freshness::Fresh)) => return (Decision::Serve(list), None),
            Some((list, Freshness::Stale)) => {
                let may_read =
                    !wish.only_if_cached && self.failure(now).is_none() && self.reading().is_none();
                let begun = if may_read { self.begin().ok() } else { None };
                return (Decision::Serve(list), begun);
            }
            Some((list, Freshness::Expired)) => Some(list),
            Some((_, Freshness::Unusable)) | None => None,
        };
        if wish.only_if_cached {
            return (Decision::Fail(ReadError::NotCached), None);
        }
        if let Some(error) = self.failure(now) {
            return (fallback.map_or(Decision::Fail(error), Decision::Serve), None);
        }
        if let Some(reading) = self.reading() {
            let outcome = reading.outcome.clone();
            let is_recent = match (wish.no_cache, wish.max_age) {
                (true, _) => asked <= reading.began,
                (false, Some(max_age)) => asked <= reading.began + max_age,
                (false, None) => true,
            };
            let decision =
                if is_recent { Decision::Join(outcome, fallback) } else { Decision::WaitOut(outcome) };
            return (decision, None);
        }
        match self.begin() {
            Ok(begun) => (Decision::Join(begun.sender.subscribe(), fallback), Some(begun)),
            Err(may_read_at) => (Decision::Pause(may_read_at), None),
        }
    }

    /// Begins a reading, or returns when one may begin.
    fn begin(&mut self) -> Result<Begun, Instant> {
        let began = Instant::now();
        let may_read_at = self.last_began.map(|last| last + READ_EVERY);
        if let Some(may_read_at) = may_read_at.filter(|may_read_at| began < *may_read_at) {
            return Err(may_read_at);
        }
        let (sender, outcome) = watch::channel(None);
        self.last_began = Some(began);
        self.reading = Some(ListReading { began, outcome });
        Ok(Begun { sender, began, purges: self.purges })
    }

    /// Keeps what a reading brought, unless a purge came since it began.
    pub(super) fn keep(&mut self, begun: &Begun, outcome: &ListOutcome, now: Moment) {
        if begun.purges != self.purges {
            return;
        }
        self.reading = None;
        self.failed = None;
        match outcome {
            Ok(list) => {
                let held = HeldList { list: Arc::clone(list), began: begun.began, purges: begun.purges };
                self.in_force = InForce::List(held);
            }
            // The bucket holds up the next caller too, for as long as it takes.
            Err(failure) if matches!(failure.error, ReadError::RateLimited { .. }) => {}
            Err(failure) => {
                self.failed = Some((now, failure.error));
                if failure.is_forbidden {
                    self.in_force = InForce::Forbidden;
                }
            }
        }
    }

    /// Lets nothing that was read before now be served as a list. The classes stay in force.
    pub(super) fn purge(&mut self) {
        self.purges += 1;
        self.failed = None;
        self.reading = None;
        self.last_began = None;
        if matches!(self.in_force, InForce::Forbidden) {
            self.in_force = InForce::Nothing;
        }
    }

    /// Purges so far.
    pub(super) fn purges(&self) -> u64 {
        self.purges
    }

    /// What Haravan said last, purged or not.
    pub(super) fn in_force(&self) -> &InForce {
        &self.in_force
    }

    /// The list that may be served, by its age.
    pub(super) fn servable(&self) -> Option<&HeldList> {
        match &self.in_force {
            InForce::List(held) if held.purges == self.purges => Some(held),
            InForce::List(_) | InForce::Nothing | InForce::Forbidden => None,
        }
    }

    /// The error of a reading that failed shortly before: Haravan is not asked again at once.
    fn failure(&self, now: Moment) -> Option<ReadError> {
        let (_, error) = self.failed.filter(|(failed_at, _)| now.since(*failed_at) < FAILURE_REMEMBERED)?;
        Some(error)
    }

    /// The reading under way. One that ended without an outcome does not count.
    fn reading(&self) -> Option<&ListReading> {
        self.reading.as_ref().filter(|reading| reading.outcome.has_changed().is_ok())
    }
}

impl HeldList {
    /// Whether it is fresh.
    pub(super) fn is_fresh(&self, now: Moment) -> bool {
        now.since(self.list.observed_at) <= POLICY.fresh
    }

    /// Whether it is young enough to be served at all.
    pub(super) fn is_usable(&self, now: Moment) -> bool {
        now.since(self.list.observed_at) <= POLICY.fresh + POLICY.stale_while_revalidate
    }
}
