//! Why a question has no answer.

use std::time::Duration;

use crate::domain::cell::MissingReason;
use crate::governor::{NotAdmitted, Stop};
use crate::haravan::{CallError, ConnectionCause, NoAnswer};

/// Why a question has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The shop's bucket has no room for the calls it takes.
    #[error("the shop's call limit at Haravan is used up; what was asked takes longer than the wait allowed")]
    RateLimited {
        /// When to ask again.
        retry_after: Duration,
    },
    /// Too many cells wait for calls already.
    #[error("too many cells of this shop wait for calls to Haravan already")]
    Overloaded {
        /// When to ask again.
        retry_after: Duration,
    },
    /// Haravan did not answer in the time allowed.
    #[error("Haravan did not answer in the time allowed")]
    Timeout,
    /// Haravan failed.
    #[error("Haravan failed, or answered what cannot be read")]
    Failed,
    /// Haravan refuses the shop's token, or the token lacks the scope.
    #[error("Haravan refuses the shop's token, or the token lacks the scope")]
    Unauthorized,
    /// The caller wants no upstream call, and not everything is cached.
    #[error("not every cell is cached, and only-if-cached forbids a call to Haravan")]
    NotCached,
    /// Haravan refuses the question as such; asking again brings the same.
    #[error("Haravan refuses the question ({status})")]
    Rejected {
        /// Haravan's status.
        status: u16,
    },
}

impl ReadError {
    /// The error that an answer with cells missing for this reason becomes; none where it is no error.
    ///
    /// `retry_after` is what the bucket and the queue would take.
    #[must_use]
    pub fn of_missing(reason: MissingReason, retry_after: Duration) -> Option<Self> {
        match reason {
            MissingReason::Timeout => Some(Self::Timeout),
            MissingReason::RateLimited => Some(Self::RateLimited { retry_after }),
            MissingReason::Failed => Some(Self::Failed),
            MissingReason::Unauthorized => Some(Self::Unauthorized),
            MissingReason::Refused => None,
        }
    }

    /// The error that a call without an answer becomes; `rate_limited` is what it is if the bucket is to blame.
    #[must_use]
    pub fn of_no_answer(no_answer: &NoAnswer, rate_limited: impl FnOnce() -> Self) -> Self {
        match no_answer {
            NoAnswer::NotAdmitted(NotAdmitted::Stopped(Stop::Failing)) => Self::Failed,
            NoAnswer::NotAdmitted(NotAdmitted::Stopped(Stop::Unauthorized))
            | NoAnswer::Error(CallError::Unauthorized { .. }) => Self::Unauthorized,
            NoAnswer::Late
            | NoAnswer::NotAdmitted(NotAdmitted::Crowded)
            | NoAnswer::Error(CallError::Throttled { .. }) => rate_limited(),
            NoAnswer::Error(
                CallError::Timeout | CallError::Connection { cause: ConnectionCause::Timeout },
            ) => Self::Timeout,
            NoAnswer::Error(CallError::Rejected { status }) => Self::Rejected { status: *status },
            NoAnswer::Error(
                CallError::IdsRefused
                | CallError::ServerError { .. }
                | CallError::Blocked { .. }
                | CallError::UnexpectedStatus { .. }
                | CallError::Connection { .. }
                | CallError::Unreadable { .. },
            ) => Self::Failed,
        }
    }
}
