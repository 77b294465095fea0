//! The one way to Haravan: every call of a shop's is made here, whatever it is for.
//!
//! A call waits for leave, is shown in the trace, sent, bounded in time, counted and judged for the governor. What
//! may pass is asked again: after a 429 when its wait is over, after a failure within the shop's budget of retries,
//! and on a new connection where the connection may be to blame.

mod retry;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;
use tracing::Instrument;

use self::retry::{RetryBudget, jittered};
use super::call::{CallAnswer, Connection, Reply};
use super::error::CallError;
use crate::clock::{Clock, Moment};
use crate::governor::{CallOutcome, Errand, Governor, NotAdmitted, Permit, Urgency};
use crate::metrics::ShopMetrics;
use crate::trace::{self, Call, CallEnd};

/// How long to wait after a 429 whose `Retry-After` cannot be read. Source: doc's own example, `2.0`.
const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(2);

/// How long a 429 of something that is passed through pauses it at least: it is asked again as long as its caller
/// waits. Source: ours; one place leaks in this time.
const LEAST_PAUSE: Duration = Duration::from_millis(250);

/// The longest that a call may take which may last: its sender sees to it that it moves on. Source: ours.
const LONGEST: Duration = Duration::from_secs(3_600);

/// Throttled answers to one question after which it is given up: something else drains the bucket.
const MOST_THROTTLES: u32 = 8;

/// How long the log is silent about the error that it logged last.
const LOG_AGAIN: Duration = Duration::from_secs(60);

/// What a call is made for. One `as_str` serves metrics and logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallCause {
    /// Cells that a caller waits for.
    Question,
    /// The next page of what was asked.
    Page,
    /// To know whether a page was whole.
    Proof,
    /// What was asked before, and failed or was throttled.
    Retry,
    /// A part of what was refused as a whole.
    Bisect,
    /// Cells that are to become fresh.
    Refresh,
    /// The list of locations.
    Locations,
    /// A path that is passed through.
    Passthrough,
}

/// What the calls of a shop are made with.
#[derive(Debug)]
pub struct UpstreamParts {
    /// When calls may start.
    pub governor: Arc<Governor>,
    /// What errors are dated with.
    pub clock: Clock,
    /// The longest one call may take.
    pub call_timeout: Duration,
    /// Where calls are counted.
    pub metrics: ShopMetrics,
}

/// Makes one shop's calls; clones make them together.
#[derive(Debug, Clone)]
pub struct Upstream {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    parts: UpstreamParts,
    retries: Mutex<RetryBudget>,
    errors: Mutex<Errors>,
}

/// The errors of late.
#[derive(Debug, Default)]
struct Errors {
    last: Option<(CallError, Moment)>,
    logged: Option<(CallError, Moment)>,
}

/// One thing to ask of Haravan, however many calls it takes.
#[derive(Clone)]
pub struct UpstreamRequest<'a> {
    /// What leave is asked for.
    pub errand: Errand,
    /// What the first call is made for.
    pub cause: CallCause,
    /// The path's pattern, as traces name it.
    pub template: &'static str,
    /// Which page is asked for, from 1; `None` if the resource has no pages.
    pub page: Option<usize>,
    /// When the asker stops waiting: no call starts after it.
    pub deadline: Option<Instant>,
    /// Whether anybody still waits for the answer: otherwise nothing is asked again.
    pub is_awaited: &'a (dyn Fn() -> bool + Sync),
    /// What is sent again.
    pub resend: Resend,
    /// Whether the call may last: then it holds no place among those in flight, and the sender bounds its time.
    pub is_long: bool,
}

/// What is sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Resend {
    /// What failed or was throttled, as long as that is of use.
    #[default]
    Usual,
    /// The same; what is throttled as long as the asker waits.
    Patient,
    /// Nothing: it may have been carried out.
    Never,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoAnswer {
    /// The governor gives no leave.
    NotAdmitted(NotAdmitted),
    /// It gave none in time, or the caller has left.
    Late,
    /// The last call ended so.
    Error(CallError),
}

impl CallCause {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Question,
        Self::Page,
        Self::Proof,
        Self::Retry,
        Self::Bisect,
        Self::Refresh,
        Self::Locations,
        Self::Passthrough,
    ];

    /// The cause's name in metrics and logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Question => "question",
            Self::Page => "page",
            Self::Proof => "proof",
            Self::Retry => "retry",
            Self::Bisect => "bisect",
            Self::Refresh => "refresh",
            Self::Locations => "locations",
            Self::Passthrough => "passthrough",
        }
    }
}

impl Upstream {
    /// Makes calls from now on.
    #[must_use]
    pub fn new(parts: UpstreamParts) -> Self {
        let (retries, errors) = (Mutex::default(), Mutex::default());
        Self { shared: Arc::new(Shared { parts, retries, errors }) }
    }

    /// What gives leave.
    #[must_use]
    pub fn governor(&self) -> &Arc<Governor> {
        &self.shared.parts.governor
    }

    /// The last call's error, and when it was.
    #[must_use]
    pub fn last_error(&self) -> Option<(CallError, Moment)> {
        self.shared.errors.lock().last.clone()
    }

    /// Asks until there is an answer, or none is to be had; `send` makes one call, on such a connection. Leave that
    /// was given already is used for the first.
    ///
    /// # Errors
    /// There is no answer: see [`NoAnswer`].
    pub async fn ask<T, F>(
        &self,
        request: UpstreamRequest<'_>,
        permit: Option<Permit>,
        mut send: impl FnMut(Connection) -> F,
    ) -> Result<T, NoAnswer>
    where
        T: CallAnswer,
        F: Future<Output = Reply<T>>,
    {
        let (mut errand, mut cause) = (request.errand.clone(), request.cause);
        let mut permit = permit;
        let (mut failures, mut throttles) = (0, 0);
        let mut on = Connection::Pooled;
        loop {
            let leave = match permit.take() {
                Some(permit) => permit,
                None => self.leave(&errand, request.deadline).await?,
            };
            if request.deadline.is_some() && !(request.is_awaited)() {
                leave.unused();
                return Err(NoAnswer::Late);
            }
            let leave = if request.is_long { leave.without_place() } else { leave };
            let call = Call { template: request.template, page: request.page, resends: failures + throttles };
            let sent = Instant::now();
            let most = if request.is_long { LONGEST } else { self.shared.parts.call_timeout };
            let Reply { call_limit, result } = self.call(call, (cause, most), send(on)).await;
            if let Some((level, size)) = call_limit {
                self.governor().observe_call_limit(level, size);
            }
            let error = result.as_ref().err();
            let pause = error.and_then(|error| {
                failures += u32::from(error.is_transient());
                self.pause_before_retry(error, failures, &request)
            });
            let outcome = match error {
                // Whether Haravan fails is for the next call to say.
                Some(error)
                    if pause.is_some() && error.blames_the_connection() && on == Connection::Pooled =>
                {
                    CallOutcome::Lost
                }
                _ => outcome_of(error, call_limit, request.cause),
            };
            self.shared.parts.metrics.upstream_request(outcome.as_str(), sent.elapsed());
            leave.settle(outcome);
            let error = match result {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            self.note(&error, &errand);
            if error.blames_the_connection() {
                on = Connection::New;
            }
            throttles += u32::from(matches!(error, CallError::Throttled { .. }));
            let is_patient = request.resend == Resend::Patient;
            let Some(pause) = pause.filter(|_| is_patient || throttles < MOST_THROTTLES) else {
                return Err(NoAnswer::Error(error));
            };
            if !pause.is_zero() {
                tokio::time::sleep(jittered(pause)).await;
            }
            (cause, errand.urgency) = (CallCause::Retry, Urgency::Continuation);
        }
    }

    async fn leave(&self, errand: &Errand, deadline: Option<Instant>) -> Result<Permit, NoAnswer> {
        let admitted = self.governor().admit(errand.clone());
        let admitted = match deadline {
            Some(deadline) => {
                tokio::time::timeout_at(deadline, admitted).await.map_err(|_| NoAnswer::Late)?
            }
            None => admitted.await,
        };
        admitted.map_err(NoAnswer::NotAdmitted)
    }

    /// Makes one call, once.
    async fn call<T: CallAnswer>(
        &self,
        call: Call,
        (cause, most): (CallCause, Duration),
        answer: impl Future<Output = Reply<T>>,
    ) -> Reply<T> {
        let parts = &self.shared.parts;
        parts.metrics.upstream_call(cause.as_str());
        if cause != CallCause::Retry {
            self.shared.retries.lock().earn();
        }
        let span = trace::call(call);
        let reply = tokio::time::timeout(most, answer.instrument(span.clone())).await;
        let reply = reply.unwrap_or(Reply { call_limit: None, result: Err(CallError::Timeout) });
        let end = match &reply.result {
            Ok(answer) => CallEnd::Answered { status: answer.status(), rows: answer.rows() },
            Err(error) => CallEnd::Failed { status: error.status(), error: error.as_str() },
        };
        trace::called(&span, end);
        reply
    }

    /// Whether to ask again after an error, and after what pause at most.
    fn pause_before_retry(
        &self,
        error: &CallError,
        failures: u32,
        request: &UpstreamRequest<'_>,
    ) -> Option<Duration> {
        let in_time = request.deadline.is_none_or(|deadline| Instant::now() < deadline);
        if !in_time || request.resend == Resend::Never || !(request.is_awaited)() {
            return None;
        }
        match error {
            // To wait until it is too late would be in vain.
            CallError::Throttled { retry_after }
                if request.resend == Resend::Patient
                    && request.deadline.is_some_and(|deadline| {
                        deadline < Instant::now() + retry_after.unwrap_or(DEFAULT_RETRY_AFTER)
                    }) =>
            {
                None
            }
            // The governor keeps the wait.
            CallError::Throttled { .. } => Some(Duration::ZERO),
            error if error.is_transient() => self.shared.retries.lock().spend(failures),
            _ => None,
        }
    }

    /// Logs an error for operators.
    fn note(&self, error: &CallError, errand: &Errand) {
        let parts = &self.shared.parts;
        parts.metrics.upstream_error(error.as_str());
        let now = parts.clock.now();
        let mut errors = self.shared.errors.lock();
        errors.last = Some((error.clone(), now));
        let told = |(logged, at): &(CallError, Moment)| logged == error && now.since(*at) < LOG_AGAIN;
        if error.is_usual() || errors.logged.as_ref().is_some_and(told) {
            return;
        }
        errors.logged = Some((error.clone(), now));
        let (shop, resource) = (parts.metrics.shop(), errand.resource.as_str());
        tracing::warn!(shop, resource, error = error.as_str(), "{error}");
    }
}

impl fmt::Debug for UpstreamRequest<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("UpstreamRequest")
            .field("errand", &self.errand)
            .field("cause", &self.cause)
            .finish_non_exhaustive()
    }
}

/// How a call went, as far as the governor cares.
fn outcome_of(error: Option<&CallError>, call_limit: Option<(u32, u32)>, cause: CallCause) -> CallOutcome {
    match error {
        None => CallOutcome::Answered,
        Some(CallError::Throttled { retry_after }) => {
            let least = if cause == CallCause::Passthrough { LEAST_PAUSE } else { Duration::ZERO };
            // One place may have leaked since.
            let is_full = |(level, size): (u32, u32)| size <= level.saturating_add(1);
            CallOutcome::Throttled {
                retry_after: retry_after.unwrap_or(DEFAULT_RETRY_AFTER).max(least),
                // Without a header, nothing says that there is room. What is passed through is about other resources.
                whole_shop: call_limit.map_or(cause != CallCause::Passthrough, is_full),
            }
        }
        Some(CallError::Unauthorized { .. }) => CallOutcome::Unauthorized,
        Some(CallError::IdsRefused | CallError::Rejected { .. }) => CallOutcome::Refused,
        Some(
            CallError::ServerError { .. }
            | CallError::Blocked { .. }
            | CallError::UnexpectedStatus { .. }
            | CallError::Timeout
            | CallError::Connection { .. }
            | CallError::Unreadable { .. },
        ) => CallOutcome::Failed,
    }
}
