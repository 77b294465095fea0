//! When a call to Haravan may start: one governor a shop, in front of its bucket.
//!
//! It never lets more calls start than the bucket has room for, holds them back while a 429 forbids them, bounds
//! how many are in flight, and stops asking a Haravan that fails ([`breaker`]) or refuses the shop's token.

pub mod breaker;
pub mod bucket;
mod errand;
mod gauge;
mod queue;
pub mod resource;
mod turns;

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;

use breaker::Gate;
use bucket::{Bucket, BucketLevel, BucketShape, MAX_RETRY_AFTER};
use gauge::Gauge;
use queue::{Admission, Wait};
use resource::{Resource, ResourceStatus};

use crate::domain::caller::CallerId;
use crate::plan::pending::Priority;
use crate::trace;

pub use breaker::Stop;
pub use errand::{Errand, NotAdmitted, Urgency};
pub use gauge::CallLimit;
pub use turns::Turn;

/// How a shop's calls are governed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GovernorPolicy {
    /// The bucket.
    pub bucket: BucketShape,
    /// Most calls in flight at once.
    pub max_in_flight: usize,
}

/// How a call ended, as far as the governor cares. One `as_str` serves metrics and logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallOutcome {
    /// Haravan answered what was asked.
    Answered,
    /// Haravan refused the question (a 4xx that is about the question).
    Refused,
    /// Haravan says to wait (429).
    Throttled {
        /// What its `Retry-After` asked for, or a default.
        retry_after: Duration,
        /// Whether the whole shop is to wait, and not just this resource.
        whole_shop: bool,
    },
    /// Haravan refuses the shop's token (401, 403).
    Unauthorized,
    /// 5xx, a timeout, a broken connection, an unreadable body.
    Failed,
    /// As [`CallOutcome::Failed`], but perhaps for a connection that had died: it is asked again on a new one, and
    /// only what comes of that says something of Haravan.
    Lost,
}

impl CallOutcome {
    /// The outcome's name in metrics and logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Refused => "refused",
            Self::Throttled { .. } => "throttled",
            Self::Unauthorized => "unauthorized",
            Self::Failed | Self::Lost => "failed",
        }
    }
}

/// The governor's state, for operators.
#[derive(Debug, Clone, PartialEq)]
pub struct GovernorStatus {
    /// Places taken in the bucket.
    pub bucket_level: f64,
    /// Places in the bucket.
    pub bucket_size: f64,
    /// Places of the bucket that calls of ours may take.
    pub bucket_usable: f64,
    /// Calls in flight.
    pub in_flight: usize,
    /// Why no call for inventory may start, if so.
    pub stopped: Option<Stop>,
    /// How long a 429 forbids every call; zero if none does.
    pub paused_for: Duration,
    /// How each resource is doing.
    pub resources: Vec<ResourceStatus>,
}

/// Admits one shop's calls.
#[derive(Debug)]
pub struct Governor {
    state: Mutex<Admission>,
    /// What the bucket shows, for those who do not wait for the state.
    gauge: Arc<Gauge>,
    /// More can be decided, or at another time.
    changed: Notify,
    /// Calls wait, and none of them keeps the time.
    keeper_left: Notify,
}

/// Leave to make one call; its drop ends the call.
#[derive(Debug)]
pub struct Permit {
    governor: Arc<Governor>,
    resource: Resource,
    turn: Turn,
    settled: bool,
    /// Whether it counts among the calls in flight.
    has_place: bool,
}

impl Governor {
    /// A governor with an empty bucket.
    #[must_use]
    pub fn new(policy: GovernorPolicy) -> Arc<Self> {
        let bucket = Bucket::new(policy.bucket, Instant::now());
        let gauge = Arc::clone(bucket.gauge());
        let state = Mutex::new(Admission::new(bucket, policy.max_in_flight.max(1)));
        Arc::new(Self { state, gauge, changed: Notify::new(), keeper_left: Notify::new() })
    }

    /// Waits until a call may start, and its turn has come.
    ///
    /// Safe to drop at any time: nothing is taken before it returns.
    ///
    /// # Errors
    /// Calls for this resource are stopped, or too many wait; try again later.
    pub async fn admit(self: &Arc<Self>, errand: Errand) -> Result<Permit, NotAdmitted> {
        let _shown = trace::governor_wait();
        Wait::begin(self, errand)?.leave().await
    }

    /// Says who waits for tiles, and how urgently: for whom a tile's turn is.
    pub fn tiles_wanted(&self, priority: Priority, callers: Arc<[CallerId]>) {
        self.state.lock().tiles_wanted(priority, callers);
    }

    /// Admits the calls that can be admitted, and refuses those that wait in vain.
    fn decide(self: &Arc<Self>) {
        let decided = self.state.lock().decide(Instant::now());
        for decided in decided {
            decided.tell(self);
        }
    }

    /// Another call may start: one call less is in flight, if it had a place there.
    fn give_up_place(self: &Arc<Self>, has_place: bool) {
        self.state.lock().in_flight -= usize::from(has_place);
        self.decide();
        self.changed.notify_one();
    }

    /// Why calls for a resource are stopped now, if they are. A probe that is due counts as not stopped.
    #[must_use]
    pub fn stopped(&self, resource: &Resource) -> Option<Stop> {
        match self.state.lock().resources.gate(resource, Instant::now()) {
            Gate::Open | Gate::Probe | Gate::Wait(_) => None,
            Gate::Closed(stop) => Some(stop),
        }
    }

    /// How long a number of further calls for a resource would take to start, by the bucket and by 429s alone.
    #[must_use]
    pub fn wait_for(&self, resource: &Resource, calls: usize) -> Duration {
        let now = Instant::now();
        let state = self.state.lock();
        state.bucket.wait_for(now, calls.max(1)).max(state.resources.paused_for(resource, now))
    }

    /// Whether the bucket or a 429, rather than a slow Haravan, holds calls for a resource up now, behind those that
    /// wait already.
    #[must_use]
    pub fn is_rate_limited(&self, resource: &Resource) -> bool {
        let waiting = self.state.lock().waiting();
        !self.wait_for(resource, waiting).is_zero()
    }

    /// Whether as many calls are in flight as may be: a slow Haravan holds up those that wait.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.state.lock().is_full()
    }

    /// Whether no call is in flight.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.state.lock().in_flight == 0
    }

    /// The governor's state, for operators.
    #[must_use]
    pub fn status(&self) -> GovernorStatus {
        let now = Instant::now();
        let state = self.state.lock();
        GovernorStatus {
            bucket_level: state.bucket.level(now),
            bucket_size: state.bucket.size(),
            bucket_usable: state.bucket.usable(),
            in_flight: state.in_flight,
            stopped: state.resources.stopped(&Resource::INVENTORY, now),
            paused_for: state.bucket.blocked_for(now),
            resources: state.resources.status(now),
        }
    }

    /// How full the bucket is now, in whole calls. Takes no lock.
    #[must_use]
    pub fn call_limit(&self, now: Instant) -> CallLimit {
        self.gauge.call_limit(now)
    }

    /// Learns from an `X-Haravan-Api-Call-Limit` header.
    pub fn observe_call_limit(&self, level: u32, size: u32) {
        let seen = BucketLevel { level: f64::from(level), size: f64::from(size) };
        self.state.lock().bucket.observe(Instant::now(), seen);
    }

    /// How full the bucket is now, as far as is known.
    #[must_use]
    pub fn bucket_level(&self) -> BucketLevel {
        let state = self.state.lock();
        BucketLevel { level: state.bucket.level(Instant::now()), size: state.bucket.size() }
    }

    /// Takes over what another governor of the same shop knows of the bucket.
    pub fn restore_bucket(&self, known: BucketLevel) {
        self.state.lock().bucket.observe(Instant::now(), known);
    }
}

impl Permit {
    fn new(governor: &Arc<Governor>, resource: Resource, turn: Turn) -> Self {
        Self { governor: Arc::clone(governor), resource, turn, settled: false, has_place: true }
    }

    /// Whose turn it is.
    #[must_use]
    pub fn turn(&self) -> Turn {
        self.turn
    }

    /// The same without a place among the calls in flight, for a call that lasts: others may start beside it.
    #[must_use]
    pub fn without_place(mut self) -> Self {
        self.governor.give_up_place(std::mem::take(&mut self.has_place));
        self
    }

    /// Ends the call and learns from how it went.
    pub fn settle(mut self, outcome: CallOutcome) {
        let now = Instant::now();
        let mut state = self.governor.state.lock();
        let resource = state.resources.of(&self.resource);
        match outcome {
            CallOutcome::Answered | CallOutcome::Refused => resource.breaker.answered(),
            CallOutcome::Throttled { retry_after, whole_shop } => {
                // A 429 means "wait", never "Haravan is broken".
                resource.breaker.answered();
                let retry_after = retry_after.min(MAX_RETRY_AFTER);
                resource.throttled(now + retry_after);
                if whole_shop {
                    state.bucket.throttled(now, retry_after);
                }
            }
            CallOutcome::Unauthorized => resource.breaker.unauthorized(now),
            CallOutcome::Failed => resource.breaker.failed(now),
            CallOutcome::Lost => resource.breaker.probe_dropped(),
        }
        drop(state);
        self.settled = true;
    }

    /// Ends the permit without a call: the place in the bucket is given back.
    pub fn unused(mut self) {
        let mut state = self.governor.state.lock();
        state.bucket.give_back(Instant::now());
        state.resources.of(&self.resource).breaker.probe_dropped();
        drop(state);
        self.settled = true;
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if !self.settled {
            // The call was abandoned: how it would have ended is unknown.
            self.governor.state.lock().resources.of(&self.resource).breaker.probe_dropped();
        }
        self.governor.give_up_place(std::mem::take(&mut self.has_place));
    }
}

#[cfg(test)]
mod tests;
