//! How an answer leaves: as it is, or spoilt in the way a fault asks for.

use std::io;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use actix_web::{HttpResponse, HttpResponseBuilder};
use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt};

use super::answer::{Answer, JSON};
use super::faults::Failure;

/// How long a request that is never answered is kept.
const NEVER: Duration = Duration::from_secs(120);

/// How many bytes of a slow body come at once, and how often.
const DRIP: (usize, Duration) = (16, Duration::from_millis(50));

/// What a proxy in front of Haravan says when nothing stands behind it.
const HTML: &str = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n";

/// What a firewall in front of Haravan says to whom it does not like.
const FIREWALL: &str = "<html>\r\n<head><title>403 Forbidden</title></head>\r\n<body>\r\n<center><h1>Access denied</h1></center>\r\n</body>\r\n</html>\r\n";

impl Failure {
    /// The answer given in place of the right one, if the failure is of that kind.
    pub(super) fn substitute(self) -> Option<Answer> {
        let plain = |body: &str| Answer { status: 200, body: body.to_owned(), rows: 0 };
        match self {
            Self::Status500 => Some(Answer::refusal(500, "Internal Server Error")),
            Self::Status502 => Some(Answer::refusal(502, "Bad Gateway")),
            Self::Status503 => Some(Answer::refusal(503, "Service Unavailable")),
            Self::Status408 => Some(Answer::refusal(408, "Request Timeout")),
            Self::Status425 => Some(Answer::refusal(425, "Too Early")),
            Self::Html403 => Some(Answer { status: 403, ..plain(FIREWALL) }),
            Self::Html502 => Some(Answer { status: 502, ..plain(HTML) }),
            Self::Unauthorized => Some(Answer::refusal(401, "Invalid API key or access token")),
            Self::Forbidden => Some(Answer::refusal(403, "This action requires merchant approval")),
            Self::Redirect => Some(Answer { status: 302, ..plain("") }),
            Self::EmptyObject => Some(plain("{}")),
            Self::EmptyBody => Some(plain("")),
            Self::Timeout
            | Self::Reset
            | Self::CutBody
            | Self::CutChunked
            | Self::GarbledJson
            | Self::GarbledUtf8
            | Self::WrongContentType
            | Self::HugeBody
            | Self::SlowDrip => None,
        }
    }

    /// Whether the caller gets to see a status at all.
    pub(super) fn shows_status(self) -> bool {
        !matches!(self, Self::Timeout | Self::Reset)
    }
}

/// Answers nothing for as long as anybody would wait: the other end of the connection is gone without a word.
pub(super) async fn send_never() -> HttpResponse {
    tokio::time::sleep(NEVER).await;
    send_nothing()
}

/// Sends an answer as it is.
pub(super) fn send(answer: Answer, call_limit: &str) -> HttpResponse {
    head(answer.status, JSON, call_limit).body(answer.body)
}

/// Sends the refusal of a request over the limit; an empty wait leaves `Retry-After` out.
pub(super) fn send_throttled(retry_after: &str, call_limit: &str) -> HttpResponse {
    let answer =
        Answer::refusal(429, "Exceeded 4 calls per second for api client. Reduce request rates to resume");
    let mut head = head(answer.status, JSON, call_limit);
    if !retry_after.is_empty() {
        head.insert_header((RETRY_AFTER, retry_after));
    }
    head.body(answer.body)
}

/// Sends an answer that a failure spoils.
pub(super) async fn send_spoilt(answer: Answer, failure: Failure, call_limit: &str) -> HttpResponse {
    let status = answer.status;
    let mut json = head(status, JSON, call_limit);
    let body = Bytes::from(answer.body);
    let half = body.slice(..body.len() / 2);
    match failure {
        Failure::Timeout => {
            tokio::time::sleep(NEVER).await;
            head(504, JSON, call_limit).finish()
        }
        Failure::Reset => send_nothing(),
        Failure::CutBody => json.no_chunking(length(&body)).streaming(cut(half)),
        Failure::CutChunked => json.streaming(cut(half)),
        Failure::GarbledJson => json.body([&half, b"]]".as_slice()].concat()),
        Failure::GarbledUtf8 => {
            json.body([&half, b"\xff\xfe".as_slice(), &body.slice(half.len()..)].concat())
        }
        Failure::HugeBody => json.streaming(endless()),
        Failure::SlowDrip => json.no_chunking(length(&body)).streaming(drip(body)),
        Failure::WrongContentType | Failure::Html403 | Failure::Html502 => {
            head(status, "text/html", call_limit).body(body)
        }
        Failure::Redirect => json.insert_header((LOCATION, "/account/login")).finish(),
        Failure::Status500
        | Failure::Status502
        | Failure::Status503
        | Failure::Status408
        | Failure::Status425
        | Failure::Unauthorized
        | Failure::Forbidden
        | Failure::EmptyObject
        | Failure::EmptyBody => json.body(body),
    }
}

/// Closes the connection: a body that fails before its first byte takes the unsent head with it.
pub(super) fn send_nothing() -> HttpResponse {
    HttpResponse::Ok().streaming(stream::once(async { Err::<Bytes, _>(gone()) }))
}

fn head(status: u16, content_type: &str, call_limit: &str) -> HttpResponseBuilder {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut head = HttpResponse::build(status);
    head.insert_header((CONTENT_TYPE, content_type));
    if !call_limit.is_empty() {
        head.insert_header(("X-Haravan-Api-Call-Limit", call_limit));
    }
    head
}

fn length(body: &Bytes) -> u64 {
    u64::try_from(body.len()).unwrap_or(u64::MAX)
}

fn gone() -> io::Error {
    io::Error::from(io::ErrorKind::ConnectionReset)
}

/// The first bytes, sent out before the connection breaks.
fn cut(first: Bytes) -> impl Stream<Item = io::Result<Bytes>> {
    let broken = async {
        tokio::task::yield_now().await;
        Err(gone())
    };
    stream::once(async { Ok(first) }).chain(stream::once(broken))
}

/// JSON that begins well and never ends.
fn endless() -> impl Stream<Item = io::Result<Bytes>> {
    let start = Bytes::from_static(b"{\"inventory_locations\":[0");
    let more = Bytes::from(",0".repeat(32_768));
    stream::iter([start]).chain(stream::repeat(more)).map(Ok)
}

fn drip(body: Bytes) -> impl Stream<Item = io::Result<Bytes>> {
    let (size, pause) = DRIP;
    stream::unfold(body, move |mut rest| async move {
        if rest.is_empty() {
            return None;
        }
        tokio::time::sleep(pause).await;
        let drop = rest.split_to(size.min(rest.len()));
        Some((Ok(drop), rest))
    })
}
