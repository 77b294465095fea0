//! Problems: the only place where an error becomes a status, and how it reads (RFC 9457).
//!
//! A problem describes what went wrong upstream in our words alone: no cause, no token, no piece of a body.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, CACHE_CONTROL, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;

use super::connection::head_error::HeadError;
use super::connection::request_id::RequestId;
use super::request::parameters::error::{LineError, ParameterError};
use super::request::paths;
use crate::domain::access::Scope;
use crate::query::QueryError;
use crate::stock::ReadError;
use crate::stock::shop::ForwardError;

/// The media type of a problem.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// When to come again where too many connections are open. Source: ours; most of them are short.
const AFTER_CONNECTIONS: Duration = Duration::from_secs(1);

/// Why a request is not answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A parameter, or the body that holds them, cannot be read.
    #[error("{0}")]
    Parameter(ParameterError),
    /// The head of the request cannot be read.
    #[error("{0}")]
    Head(HeadError),
    /// The body is no JSON.
    #[error("the body must be JSON, with Content-Type: application/json and no Content-Encoding")]
    MediaType,
    /// The body is longer than allowed.
    #[error("the body is longer than {max} bytes ({setting})")]
    BodyTooLarge {
        /// The most bytes allowed.
        max: u64,
        /// The setting that says so.
        setting: &'static str,
    },
    /// The path holds what could lead elsewhere.
    #[error("the path cannot be passed through: it holds {what}")]
    PathRefused {
        /// What it holds.
        what: &'static str,
    },
    /// No pattern allows the path.
    #[error("this path is not passed through: no pattern in {setting} matches it")]
    NotPassedThrough {
        /// The setting with the patterns.
        setting: &'static str,
    },
    /// What was to be passed through has no answer.
    #[error("{0}")]
    Forward(ForwardError),
    /// The answer to what was passed through is too long.
    #[error("Haravan's answer is longer than {max} bytes (passthrough.max_body)")]
    AnswerTooLong {
        /// The most bytes allowed.
        max: u64,
    },
    /// The body did not come in time.
    #[error("the body of the request did not come in time (server.body_timeout)")]
    BodyLate,
    /// No representation that the caller accepts.
    #[error("no acceptable media type; available: {offered}")]
    NotAcceptable {
        /// What there is.
        offered: &'static str,
    },
    /// No key, or one that is not admitted.
    #[error(
        "a valid API key is required: Authorization: Bearer tk_…, X-API-Key: tk_… or X-Haravan-Access-Token: tk_…; \
         if several are sent, they must carry the same key"
    )]
    Unauthenticated,
    /// The key lacks a scope.
    #[error("this key lacks the scope {}", .0.as_str())]
    LacksScope(Scope),
    /// The key may not read the shop, or there is no such shop: the answer does not show which.
    #[error("this key may not read this shop, or there is no such shop")]
    ShopClosed,
    /// The path names no shop, and neither do the host and the key.
    #[error(
        "this key is not bound to exactly one shop, and no shop has this host name: use /shops/{{org_id}}/com/…"
    )]
    NotBound,
    /// The key's own limit.
    #[error("this key exceeds its requests per second")]
    TooManyRequests {
        /// When the next request is admitted.
        retry_after: Duration,
    },
    /// More connections than are served at once.
    #[error("more connections are open than are served at once (server.max_connections)")]
    TooManyConnections,
    /// Nothing is at this path.
    #[error("no such path; see /docs/")]
    NotFound,
    /// The path knows other methods only.
    #[error("method not allowed; allowed: {allow}")]
    Method {
        /// The methods, as in `Allow`.
        allow: &'static str,
    },
    /// The variants are not named.
    #[error("variant_ids is required")]
    VariantsNeeded,
    /// The locations are neither named nor readable.
    #[error(
        "location_ids is required: the shop's token may not read locations.json, so the list of all is not known"
    )]
    LocationsNeeded,
    /// The locations are not named, and the shop has none.
    #[error("location_ids is required: locations.json lists no location")]
    NoLocations,
    /// The stock cannot be read.
    #[error("{0}")]
    Read(ReadError),
    /// A fault of ours.
    #[error("internal error; look for the request id in the log")]
    Internal,
}

/// What a kind of problem is called, and its status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// The last part of `type`.
    pub slug: &'static str,
    /// The title: one for each slug.
    pub title: &'static str,
    /// The status.
    pub status: StatusCode,
}

/// Why a request was not answered (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// The kind of problem: `urn:tonkho:problem:` and a slug.
    #[serde(rename = "type")]
    #[schema(example = "urn:tonkho:problem:invalid-parameter")]
    pub kind: String,
    /// The kind of problem for people; the same for each `type`.
    #[schema(example = "A parameter cannot be read")]
    pub title: String,
    /// The status, as in the status line.
    #[schema(example = 400)]
    pub status: u16,
    /// What is wrong with this very request.
    #[schema(example = "variant_ids: \"abc\" is not a positive integer")]
    pub detail: String,
    /// The path asked for.
    #[schema(example = "/shops/1000/stock")]
    pub instance: String,
    /// The request's id, as in the header `X-Request-Id`.
    #[schema(example = "5f0c1d7e9a4b4c3d8e2f1a0b9c8d7e6f")]
    pub request_id: String,
    /// On the Haravan-compatible routes: the detail once more, for clients that look there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "variant_ids: \"abc\" is not a positive integer")]
    pub errors: Option<String>,
    /// On the Haravan-compatible routes: the same, for clients that look here.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "variant_ids: \"abc\" is not a positive integer")]
    pub message: Option<String>,
}

const fn kind(slug: &'static str, status: StatusCode, title: &'static str) -> Kind {
    Kind { slug, title, status }
}

const INVALID_PARAMETER: Kind =
    kind("invalid-parameter", StatusCode::BAD_REQUEST, "A parameter cannot be read");
const URL_TOO_LONG: Kind = Kind { status: StatusCode::URI_TOO_LONG, ..INVALID_PARAMETER };
const HEAD_TOO_LONG: Kind = Kind { status: StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, ..INVALID_PARAMETER };
const HEAD_LATE: Kind = Kind { status: StatusCode::REQUEST_TIMEOUT, ..INVALID_PARAMETER };
const TOO_MANY_CELLS: Kind =
    kind("too-many-cells", StatusCode::BAD_REQUEST, "More cells than one question may ask for");
const UNSUPPORTED_MEDIA_TYPE: Kind =
    kind("unsupported-media-type", StatusCode::UNSUPPORTED_MEDIA_TYPE, "The body is not JSON");
const BODY_TOO_LARGE: Kind = kind("body-too-large", StatusCode::PAYLOAD_TOO_LARGE, "The body is too long");
const BODY_LATE: Kind = Kind { status: StatusCode::REQUEST_TIMEOUT, ..INVALID_PARAMETER };
const NOT_ACCEPTABLE: Kind =
    kind("not-acceptable", StatusCode::NOT_ACCEPTABLE, "No representation that the caller accepts");
const UNAUTHENTICATED: Kind = kind("unauthenticated", StatusCode::UNAUTHORIZED, "A valid key is required");
const FORBIDDEN: Kind = kind("forbidden", StatusCode::FORBIDDEN, "The key does not allow this");
const TOO_MANY_REQUESTS: Kind =
    kind("too-many-requests", StatusCode::TOO_MANY_REQUESTS, "Too many requests or connections");
const TOO_MANY_CONNECTIONS: Kind = Kind { status: StatusCode::SERVICE_UNAVAILABLE, ..TOO_MANY_REQUESTS };
const NOT_FOUND: Kind = kind("not-found", StatusCode::NOT_FOUND, "No such path");
const METHOD_NOT_ALLOWED: Kind =
    kind("method-not-allowed", StatusCode::METHOD_NOT_ALLOWED, "Method not allowed");
const IDS_REQUIRED: Kind = kind("ids-required", StatusCode::UNPROCESSABLE_ENTITY, "Ids are required");
const RATE_LIMITED: Kind =
    kind("rate-limited", StatusCode::SERVICE_UNAVAILABLE, "The shop's call limit at Haravan is used up");
/// On the compatible routes: clients of Haravan wait after a 429, and many give up at a 503.
const RATE_LIMITED_COMPATIBLY: Kind = Kind { status: StatusCode::TOO_MANY_REQUESTS, ..RATE_LIMITED };
const UPSTREAM_TIMEOUT: Kind =
    kind("upstream-timeout", StatusCode::GATEWAY_TIMEOUT, "Haravan did not answer in time");
const UPSTREAM_FAILED: Kind = kind("upstream-failed", StatusCode::BAD_GATEWAY, "Haravan failed");
const UPSTREAM_UNAUTHORIZED: Kind =
    kind("upstream-unauthorized", StatusCode::BAD_GATEWAY, "Haravan refuses the shop's token");
const NOT_CACHED: Kind = kind("not-cached", StatusCode::GATEWAY_TIMEOUT, "Not everything is cached");
const INTERNAL: Kind = kind("internal", StatusCode::INTERNAL_SERVER_ERROR, "Internal error");

impl Problem {
    /// The problem of an answer with this status that was not made by a handler of ours.
    #[must_use]
    pub fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::MediaType,
            status if status.is_client_error() => Self::Parameter(ParameterError::Request),
            _ => Self::Internal,
        }
    }

    /// What kind of problem it is at this path, and so its status.
    #[must_use]
    pub fn kind_at(&self, path: &str) -> Kind {
        match self.kind() {
            RATE_LIMITED if paths::is_haravans(path) => RATE_LIMITED_COMPATIBLY,
            kind => kind,
        }
    }

    /// What kind of problem it is, and so its status: on every route but the compatible ones, see
    /// [`Problem::kind_at`].
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Parameter(ParameterError::Query(error)) => match error {
                QueryError::NotAnId { .. }
                | QueryError::EmptyList { .. }
                | QueryError::BadValue { .. }
                | QueryError::Contradiction { .. } => INVALID_PARAMETER,
                QueryError::TooManyCells { .. } => TOO_MANY_CELLS,
            },
            Self::Parameter(
                ParameterError::Encoding { .. }
                | ParameterError::Misspelled { .. }
                | ParameterError::Unknown { .. }
                | ParameterError::TooManyUnknown
                | ParameterError::Repeated { .. }
                | ParameterError::GivenTwice { .. }
                | ParameterError::Member { .. }
                | ParameterError::Line(_)
                | ParameterError::EmptyBody
                | ParameterError::NotJson { .. }
                | ParameterError::NotAnObject
                | ParameterError::Request,
            ) => INVALID_PARAMETER,
            Self::Head(error) => match error {
                HeadError::UrlTooLong => URL_TOO_LONG,
                HeadError::TooLong => HEAD_TOO_LONG,
                HeadError::Late => HEAD_LATE,
                HeadError::Malformed => INVALID_PARAMETER,
            },
            Self::MediaType => UNSUPPORTED_MEDIA_TYPE,
            Self::BodyTooLarge { .. } => BODY_TOO_LARGE,
            Self::BodyLate => BODY_LATE,
            Self::PathRefused { .. } => INVALID_PARAMETER,
            Self::AnswerTooLong { .. } => UPSTREAM_FAILED,
            Self::Forward(ForwardError::NoAnswer(error)) => Self::Read(*error).kind(),
            Self::Forward(ForwardError::EndUnknown { is_late: true }) => UPSTREAM_TIMEOUT,
            Self::Forward(ForwardError::EndUnknown { is_late: false }) => UPSTREAM_FAILED,
            Self::NotAcceptable { .. } => NOT_ACCEPTABLE,
            Self::Unauthenticated => UNAUTHENTICATED,
            Self::LacksScope(_) | Self::ShopClosed | Self::NotBound | Self::NotPassedThrough { .. } => {
                FORBIDDEN
            }
            Self::TooManyRequests { .. } => TOO_MANY_REQUESTS,
            Self::TooManyConnections => TOO_MANY_CONNECTIONS,
            Self::NotFound => NOT_FOUND,
            Self::Method { .. } => METHOD_NOT_ALLOWED,
            Self::VariantsNeeded | Self::LocationsNeeded | Self::NoLocations => IDS_REQUIRED,
            Self::Read(error) => match error {
                ReadError::RateLimited { .. } | ReadError::Overloaded { .. } => RATE_LIMITED,
                ReadError::Timeout => UPSTREAM_TIMEOUT,
                ReadError::Failed | ReadError::Rejected { .. } => UPSTREAM_FAILED,
                ReadError::Unauthorized => UPSTREAM_UNAUTHORIZED,
                ReadError::NotCached => NOT_CACHED,
            },
            Self::Internal => INTERNAL,
        }
    }

    /// When asking again may help, where that is known.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooManyRequests { retry_after }
            | Self::Read(ReadError::RateLimited { retry_after } | ReadError::Overloaded { retry_after }) => {
                Some(*retry_after)
            }
            Self::TooManyConnections => Some(AFTER_CONNECTIONS),
            _ => None,
        }
    }

    /// The problem as an answer to a request.
    #[must_use]
    pub fn respond(&self, request: &HttpRequest) -> HttpResponse {
        let request_id = RequestId::of(request);
        let (status, body) = paths::with_asked_path(request, |path| {
            (self.kind_at(path).status, self.body(path, request_id.as_str()))
        });
        let mut response = HttpResponse::build(status);
        response.insert_header((CACHE_CONTROL, "no-store"));
        if let Some(wait) = self.retry_after() {
            response.insert_header((RETRY_AFTER, whole_seconds(wait)));
        }
        if *self == Self::Unauthenticated {
            response.insert_header((WWW_AUTHENTICATE, "Bearer"));
        }
        if let Self::Method { allow } = self {
            response.insert_header((ALLOW, *allow));
        }
        response.content_type(PROBLEM_JSON).body(serde_json::to_vec(&body).unwrap_or_default())
    }

    /// The problem as it reads at this path.
    #[must_use]
    pub fn body(&self, path: &str, request_id: &str) -> ProblemBody {
        let Kind { slug, title, status } = self.kind_at(path);
        let body = ProblemBody {
            kind: format!("urn:tonkho:problem:{slug}"),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: self.to_string(),
            instance: path.to_owned(),
            request_id: request_id.to_owned(),
            errors: None,
            message: None,
        };
        if paths::is_haravans(path) { body.compatible() } else { body }
    }

    /// The problem of a request whose path is not known, as on a compatible route: it may have been one.
    #[must_use]
    pub fn body_without_path(&self, request_id: &str) -> ProblemBody {
        self.body("/", request_id).compatible()
    }
}

impl ProblemBody {
    /// The same with the detail where clients of Haravan look for it.
    fn compatible(self) -> Self {
        let detail = Some(self.detail.clone());
        Self { errors: detail.clone(), message: detail, ..self }
    }
}

impl From<QueryError> for Problem {
    fn from(error: QueryError) -> Self {
        Self::Parameter(ParameterError::Query(error))
    }
}

impl From<ParameterError> for Problem {
    fn from(error: ParameterError) -> Self {
        Self::Parameter(error)
    }
}

impl From<LineError> for Problem {
    fn from(error: LineError) -> Self {
        Self::Parameter(ParameterError::Line(error))
    }
}

impl From<ForwardError> for Problem {
    fn from(error: ForwardError) -> Self {
        match error {
            ForwardError::NoAnswer(error) => Self::Read(error),
            ForwardError::EndUnknown { .. } => Self::Forward(error),
        }
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

/// `Retry-After` counts whole seconds: rounded up, at least 1.
fn whole_seconds(wait: Duration) -> u64 {
    let seconds = wait.as_secs();
    if wait.subsec_nanos() == 0 { seconds.max(1) } else { seconds.saturating_add(1) }
}

#[cfg(test)]
mod tests;
