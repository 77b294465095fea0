//! Why a call brought no answer.

use std::time::Duration;

/// Why a call brought no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// 429. Means "wait".
    #[error("Haravan is throttling this shop")]
    Throttled {
        /// Its `Retry-After`, if it can be read.
        retry_after: Option<Duration>,
    },
    /// 401, or a 403 of Haravan's own.
    #[error("Haravan refused the shop's token ({status})")]
    Unauthorized {
        /// The status.
        status: u16,
    },
    /// A 403 that is not Haravan's own: a firewall or a proxy in between.
    #[error("something in front of Haravan refused the call ({status})")]
    Blocked {
        /// The status.
        status: u16,
    },
    /// 422: ids that Haravan refuses.
    #[error("Haravan refused the ids (422)")]
    IdsRefused,
    /// Another 4xx: asking again would bring the same.
    #[error("Haravan refused the question ({status})")]
    Rejected {
        /// The status.
        status: u16,
    },
    /// 5xx, 408 or 425: asking again may bring something else.
    #[error("Haravan failed ({status})")]
    ServerError {
        /// The status.
        status: u16,
    },
    /// A status that makes no sense here, such as a redirect.
    #[error("Haravan answered with an unexpected status ({status})")]
    UnexpectedStatus {
        /// The status.
        status: u16,
    },
    /// No whole answer within the time allowed.
    #[error("Haravan did not answer in time")]
    Timeout,
    /// The connection could not be made, or broke.
    #[error("the connection to Haravan failed: {cause}")]
    Connection {
        /// Why.
        cause: ConnectionCause,
    },
    /// The body is not what was asked for.
    #[error("Haravan's answer cannot be read: {problem}")]
    Unreadable {
        /// What is wrong with it; never a piece of the body.
        problem: &'static str,
    },
}

/// Why a connection could not be made, or broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConnectionCause {
    /// The name does not resolve.
    #[error("dns")]
    Dns,
    /// Nothing listens there.
    #[error("refused")]
    Refused,
    /// The certificate is signed by an authority that is not trusted here.
    #[error("tls: untrusted issuer")]
    UntrustedIssuer,
    /// TLS failed in another way.
    #[error("tls")]
    Tls,
    /// It was not made in time.
    #[error("timeout")]
    Timeout,
    /// The other end broke it.
    #[error("reset")]
    Reset,
    /// None of these.
    #[error("unknown cause")]
    Other,
}

impl CallError {
    /// Whether asking again may help.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::ServerError { .. }
            | Self::Blocked { .. }
            | Self::Timeout
            | Self::Connection { .. }
            | Self::Unreadable { .. } => true,
            Self::Throttled { .. }
            | Self::Unauthorized { .. }
            | Self::IdsRefused
            | Self::Rejected { .. }
            | Self::UnexpectedStatus { .. } => false,
        }
    }

    /// Whether the connection may be to blame, so that another one may do better.
    #[must_use]
    pub fn blames_the_connection(&self) -> bool {
        matches!(self, Self::Timeout | Self::Connection { .. })
    }

    /// Whether it is part of the day's work: Haravan throttles, or refuses the question.
    #[must_use]
    pub fn is_usual(&self) -> bool {
        matches!(self, Self::Throttled { .. } | Self::IdsRefused | Self::Rejected { .. })
    }

    /// The status that Haravan answered with, if it is known.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Throttled { .. } => Some(429),
            Self::IdsRefused => Some(422),
            Self::Unauthorized { status }
            | Self::Blocked { status }
            | Self::Rejected { status }
            | Self::ServerError { status }
            | Self::UnexpectedStatus { status } => Some(*status),
            Self::Timeout | Self::Connection { .. } | Self::Unreadable { .. } => None,
        }
    }

    /// The kind of error, in one word, for traces, metrics and logs: one of [`CALL_ERRORS`](crate::metrics::CALL_ERRORS).
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Throttled { .. } => "throttled",
            Self::Unauthorized { .. } => "unauthorized",
            Self::Blocked { .. } => "blocked",
            Self::IdsRefused => "ids_refused",
            Self::Rejected { .. } => "rejected",
            Self::ServerError { .. } => "server_error",
            Self::UnexpectedStatus { .. } => "unexpected_status",
            Self::Timeout => "timeout",
            Self::Connection { cause } => cause.as_str(),
            Self::Unreadable { .. } => "unreadable",
        }
    }
}

impl ConnectionCause {
    /// Whether there was no connection that anything could have been sent on.
    #[must_use]
    pub fn is_before_sending(self) -> bool {
        match self {
            Self::Dns | Self::Refused | Self::UntrustedIssuer | Self::Timeout => true,
            Self::Tls | Self::Reset | Self::Other => false,
        }
    }

    /// The cause in one word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Refused => "connection_refused",
            Self::UntrustedIssuer => "untrusted_issuer",
            Self::Tls => "tls",
            Self::Timeout => "connect_timeout",
            Self::Reset => "reset",
            Self::Other => "connection",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{CallError, ConnectionCause};
    use crate::metrics::CALL_ERRORS;

    #[test]
    fn every_kind_of_error_has_a_series_of_its_own() {
        let connection = |cause| CallError::Connection { cause };
        let kinds: BTreeSet<&str> = [
            CallError::Throttled { retry_after: None },
            CallError::Unauthorized { status: 401 },
            CallError::Blocked { status: 403 },
            CallError::IdsRefused,
            CallError::Rejected { status: 404 },
            CallError::ServerError { status: 500 },
            CallError::UnexpectedStatus { status: 302 },
            CallError::Timeout,
            connection(ConnectionCause::Dns),
            connection(ConnectionCause::Refused),
            connection(ConnectionCause::UntrustedIssuer),
            connection(ConnectionCause::Tls),
            connection(ConnectionCause::Timeout),
            connection(ConnectionCause::Reset),
            connection(ConnectionCause::Other),
            CallError::Unreadable { problem: "not JSON" },
        ]
        .iter()
        .map(CallError::as_str)
        .collect();
        assert_eq!(kinds, CALL_ERRORS.into_iter().collect());
    }
}
