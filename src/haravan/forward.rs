//! Any other resource of Haravan's, asked and answered as it is: bodies are streamed both ways.
//!
//! Nothing is followed, decoded or rewritten. A few headers go along in each direction; no other does, the caller's key
//! and the shop's token least of all.

mod answer;
pub(super) mod changed_stock;
mod upload;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::header::{AUTHORIZATION, HeaderName, HeaderValue, USER_AGENT};
use hyper::{Method, Request};
use reqwest::Body;
use tokio::time::{Instant, timeout_at};

use super::call::{Connection, Reply};
use super::client::ShopClient;
use super::error::{CallError, ConnectionCause};
use super::headers::{call_limit, retry_after};
use super::pool;

pub use self::answer::{AnswerBody, BrokenOff, ForwardedAnswer};
pub use self::upload::{Progress, Upload, Uploader, upload};

/// The headers that go to Haravan with a request, in lower case.
pub const REQUEST_HEADERS: [&str; 5] =
    ["accept", "accept-encoding", "accept-language", "content-type", "content-encoding"];

/// A header and its value, as they go on.
pub type PassedHeader = (&'static str, Vec<u8>);

/// How a resource is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForwardMethod {
    /// `GET`
    Get,
    /// `HEAD`
    Head,
    /// `POST`
    Post,
    /// `PUT`
    Put,
    /// `DELETE`
    Delete,
}

/// What is asked.
#[derive(Debug, Clone)]
pub struct ForwardRequest {
    /// How.
    pub method: ForwardMethod,
    /// The path below `/com/`, as it was sent.
    pub path: Arc<str>,
    /// The query string as it was sent; `None` if there is no question mark.
    pub query: Option<Arc<str>>,
    /// Some of [`REQUEST_HEADERS`].
    pub headers: Arc<[PassedHeader]>,
    /// The most bytes that an answer's body may have.
    pub max_body: u64,
}

/// The body of a request.
#[derive(Debug)]
pub enum ForwardBody {
    /// The request has no body.
    None,
    /// It is here.
    Whole(Bytes),
    /// It comes.
    Coming(Upload),
}

/// A call that was sent: the head of its answer, or why it has none.
pub type Sending = Pin<Box<dyn Future<Output = Reply<ForwardedAnswer>> + Send>>;

/// The wait for an answer's head, as long as it lasted.
#[derive(Debug)]
pub enum Waited<T> {
    /// The call ended.
    Ended(T),
    /// Neither did the body move on, nor did an answer come, for the time that Haravan has. The call goes on.
    Silent,
}

impl ForwardMethod {
    /// Whether it changes nothing at Haravan.
    #[must_use]
    pub fn is_read(self) -> bool {
        matches!(self, Self::Get | Self::Head)
    }

    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }

    fn to_http(self) -> Method {
        match self {
            Self::Get => Method::GET,
            Self::Head => Method::HEAD,
            Self::Post => Method::POST,
            Self::Put => Method::PUT,
            Self::Delete => Method::DELETE,
        }
    }
}

impl ForwardBody {
    /// When a part of it was sent last; `None` unless it is sent in parts.
    #[must_use]
    pub fn progress(&self) -> Option<Progress> {
        match self {
            Self::None | Self::Whole(_) => None,
            Self::Coming(upload) => Some(upload.progress()),
        }
    }
}

impl ShopClient {
    /// How long Haravan may be silent before and within an answer that is passed through.
    #[must_use]
    pub fn patience(&self) -> Duration {
        self.pool().policy().request_timeout
    }

    /// Asks, and ends with the head of the answer. A 429 is an error, with the answer put into `throttled`.
    pub fn forward(
        &self,
        request: &ForwardRequest,
        body: ForwardBody,
        on: Connection,
        throttled: Arc<parking_lot::Mutex<Option<ForwardedAnswer>>>,
    ) -> Sending {
        let lent = self.pool().lend_forwarding(on);
        let asked = self.http_request(request, body);
        let (max_body, patience) = (request.max_body, self.patience());
        let pool = Arc::clone(self.pool());
        Box::pin(async move {
            let sent = match asked {
                Ok(asked) => lent.client.send(asked).await,
                Err(error) => Err(error),
            };
            let response = match sent {
                Ok(response) => response,
                Err(error) => return Reply { call_limit: None, result: Err(error) },
            };
            if on == Connection::New {
                pool.new_connection_does(&lent);
            }
            let call_limit = call_limit(response.headers());
            let wait = retry_after(response.headers());
            let answer = ForwardedAnswer::of(response, max_body, patience);
            if answer.status != 429 {
                return Reply { call_limit, result: Ok(answer) };
            }
            // Read to its end, so that its connection serves the next call.
            let answer = answer.read().await;
            *throttled.lock() = Some(answer);
            Reply { call_limit, result: Err(CallError::Throttled { retry_after: wait }) }
        })
    }

    /// The request as it is sent. Path and query go as they came: the longest that the edge takes fits.
    fn http_request(&self, request: &ForwardRequest, body: ForwardBody) -> Result<Request<Body>, CallError> {
        let url = self.url(&request.path, request.query.as_deref());
        let headers = request.headers.iter().filter_map(|(name, value)| {
            Some((HeaderName::from_static(name), HeaderValue::from_bytes(value).ok()?))
        });
        let own =
            [(USER_AGENT, HeaderValue::from_static(pool::USER_AGENT)), (AUTHORIZATION, self.authorization())];
        let body = match body {
            ForwardBody::None => Body::default(),
            ForwardBody::Whole(bytes) => Body::from(bytes),
            ForwardBody::Coming(upload) => Body::wrap(upload),
        };
        let mut asked = Request::builder().method(request.method.to_http()).uri(url);
        for (name, value) in headers.chain(own) {
            asked = asked.header(name, value);
        }
        asked.body(body).map_err(|_| CallError::Connection { cause: ConnectionCause::Other })
    }
}

/// Waits for a call that was sent, as long as it moves on: each silence lasts at most `patience`.
pub async fn head_of<T>(
    sending: &mut Pin<Box<dyn Future<Output = T> + Send>>,
    progress: Option<&Progress>,
    patience: Duration,
) -> Waited<T> {
    let mut since = Instant::now();
    loop {
        if let Ok(ended) = timeout_at(since + patience, &mut *sending).await {
            return Waited::Ended(ended);
        }
        match progress.map(Progress::last) {
            Some(last) if since < last => since = last,
            _ => return Waited::Silent,
        }
    }
}
