//! The HTTP client: requests out, bounded answers in.

use std::fmt::Write;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode, redirect};
use secrecy::{ExposeSecret, SecretString};

use super::locations::parse_locations;
use super::page::parse_page;
use super::{
    CallError, CallFuture, Forwarded, InventoryCall, InventoryPage, InventorySource, LocationPage, Reply,
};
use crate::governor::bucket::{parse_call_limit, parse_retry_after};
use crate::plan::MAX_PAGE;

/// The most bytes read of one answer. Source: ours; 250 rows are 60 KB.
const MAX_BODY: usize = 8 * 1024 * 1024;

/// Locations asked for in one page. Source: live (clamped to 50 whatever is asked).
const LOCATIONS_PAGE: usize = 50;

/// The header that tells the bucket's level. Source: doc.
const CALL_LIMIT: &str = "x-haravan-api-call-limit";

/// How Haravan is reached.
#[derive(Debug, Clone)]
pub struct HaravanPolicy {
    /// Where it is, without a trailing slash.
    pub base_url: String,
    /// The longest it may take to connect.
    pub connect_timeout: Duration,
    /// The longest a whole call may take.
    pub request_timeout: Duration,
}

/// The client could not be made.
#[derive(Debug, thiserror::Error)]
pub enum HaravanError {
    /// The HTTP client could not be built.
    #[error("the HTTP client cannot be built: {0}")]
    Client(#[from] reqwest::Error),
    /// A token holds bytes that no header may.
    #[error("the shop's token holds characters that no header may")]
    Token,
}

/// One connection pool for all shops.
#[derive(Debug, Clone)]
pub struct Haravan {
    http: Client,
    base_url: String,
}

/// Haravan as one shop sees it.
#[derive(Clone)]
pub struct ShopClient {
    haravan: Haravan,
    /// Marked sensitive: never printed.
    authorization: HeaderValue,
}

impl std::fmt::Debug for ShopClient {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("ShopClient").field("base_url", &self.haravan.base_url).finish_non_exhaustive()
    }
}

impl Haravan {
    /// A client that connects when it is first used.
    ///
    /// # Errors
    /// The machine's TLS roots cannot be loaded, or the like.
    pub fn new(policy: &HaravanPolicy) -> Result<Self, HaravanError> {
        // Fails if one is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = Client::builder()
            .user_agent(concat!("tonkho/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(policy.connect_timeout)
            .timeout(policy.request_timeout)
            .redirect(redirect::Policy::none())
            .tcp_nodelay(true)
            .build()?;
        Ok(Self { http, base_url: policy.base_url.clone() })
    }

    /// Haravan as the shop with this token sees it.
    ///
    /// # Errors
    /// The token holds characters that no header may.
    pub fn shop(&self, token: &SecretString) -> Result<ShopClient, HaravanError> {
        let mut authorization = HeaderValue::try_from(format!("Bearer {}", token.expose_secret()))
            .map_err(|_| HaravanError::Token)?;
        authorization.set_sensitive(true);
        Ok(ShopClient { haravan: self.clone(), authorization })
    }
}

impl ShopClient {
    /// One page of `locations.json`; the first is 1.
    pub async fn locations(&self, page: usize) -> Reply<LocationPage> {
        let query = format!("page={page}&limit={LOCATIONS_PAGE}");
        self.call("locations.json", &query).await.and_then(|answer| parse_locations(&answer.body))
    }

    /// Any other resource under `/com/`, as it is.
    pub async fn forward(&self, path: &str, query: &str) -> Reply<Forwarded> {
        let answer = self.send(path, query).await;
        let Ok(answer) = answer else { return Reply::failed(answer.err().unwrap_or(CallError::Connection)) };
        let call_limit = call_limit(answer.headers());
        let status = answer.status();
        let result = match status {
            StatusCode::TOO_MANY_REQUESTS => Err(error_of(status, answer.headers())),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(error_of(status, answer.headers())),
            _ if status.is_server_error() || status.is_redirection() => {
                Err(error_of(status, answer.headers()))
            }
            _ => read(answer).await,
        };
        Reply { call_limit, result }
    }

    async fn call(&self, path: &str, query: &str) -> Reply<Forwarded> {
        let reply = self.forward(path, query).await;
        reply.and_then(|answer| match answer.status {
            200 => match &answer.content_type {
                Some(content_type) if !content_type.contains("json") => {
                    Err(CallError::Unreadable { problem: "not declared as JSON" })
                }
                _ => Ok(answer),
            },
            422 => Err(CallError::IdsRefused),
            status if (400..500).contains(&status) => Err(CallError::Rejected { status }),
            status => Err(CallError::UnexpectedStatus { status }),
        })
    }

    async fn send(&self, path: &str, query: &str) -> Result<Response, CallError> {
        let mut url = format!("{}/com/{path}", self.haravan.base_url);
        if !query.is_empty() {
            url.push('?');
            url.push_str(query);
        }
        let request = self
            .haravan
            .http
            .get(url)
            .header(AUTHORIZATION, self.authorization.clone())
            .header(ACCEPT, HeaderValue::from_static("application/json"));
        request.send().await.map_err(|error| call_error(&error))
    }
}

impl InventorySource for ShopClient {
    fn inventory(&self, call: InventoryCall) -> CallFuture<InventoryPage> {
        let shop = self.clone();
        Box::pin(async move {
            let query = inventory_query(&call);
            shop.call("inventory_locations.json", &query).await.and_then(|answer| parse_page(&answer.body))
        })
    }
}

impl<T> Reply<T> {
    fn failed(error: CallError) -> Self {
        Self { call_limit: None, result: Err(error) }
    }

    fn and_then<U>(self, read: impl FnOnce(T) -> Result<U, CallError>) -> Reply<U> {
        Reply { call_limit: self.call_limit, result: self.result.and_then(read) }
    }
}

/// Both id lists always, never an empty filter (live); ordered by id, because the order is otherwise
/// unspecified and pages follow each other by id (doc).
fn inventory_query(call: &InventoryCall) -> String {
    let mut query = String::with_capacity(1_200);
    query.push_str("location_ids=");
    push_list(&mut query, call.tile.locations.iter());
    query.push_str("&variant_ids=");
    push_list(&mut query, call.tile.variants.iter());
    // Writing to a String cannot fail.
    let _ = write!(query, "&limit={MAX_PAGE}&order=id&direction=asc");
    if 0 < call.since_id {
        let _ = write!(query, "&since_id={}", call.since_id);
    }
    query
}

fn push_list<I: std::fmt::Display>(query: &mut String, ids: impl Iterator<Item = I>) {
    for (at, id) in ids.enumerate() {
        let separator = if at == 0 { "" } else { "," };
        let _ = write!(query, "{separator}{id}");
    }
}

/// Reads a body, at most [`MAX_BODY`] bytes of it. The client's own timeout bounds the time.
async fn read(mut answer: Response) -> Result<Forwarded, CallError> {
    let too_large = CallError::Unreadable { problem: "larger than 8 MiB" };
    if answer
        .content_length()
        .is_some_and(|length| usize::try_from(length).is_ok_and(|length| MAX_BODY < length))
    {
        return Err(too_large);
    }
    let status = answer.status().as_u16();
    let content_type =
        answer.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let mut body = BytesMut::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| call_error(&error))? {
        if MAX_BODY < body.len() + chunk.len() {
            return Err(too_large);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Forwarded { status, content_type, body: Bytes::from(body) })
}

fn call_error(error: &reqwest::Error) -> CallError {
    if error.is_timeout() {
        CallError::Timeout
    } else if error.is_decode() {
        CallError::Unreadable { problem: "its encoding is broken" }
    } else {
        CallError::Connection
    }
}

fn error_of(status: StatusCode, headers: &HeaderMap) -> CallError {
    let code = status.as_u16();
    match status {
        StatusCode::TOO_MANY_REQUESTS => {
            let retry_after =
                headers.get(RETRY_AFTER).and_then(|value| parse_retry_after(value.to_str().ok()?));
            CallError::Throttled { retry_after }
        }
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => CallError::Unauthorized { status: code },
        _ if status.is_server_error() => CallError::ServerError { status: code },
        _ => CallError::UnexpectedStatus { status: code },
    }
}

fn call_limit(headers: &HeaderMap) -> Option<(u32, u32)> {
    headers.get(CALL_LIMIT).and_then(|value| parse_call_limit(value.to_str().ok()?))
}
