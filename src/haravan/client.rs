//! The HTTP client: requests out, bounded answers in.

use std::fmt::Write;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};

use super::call::{CallFuture, Connection, InventoryCall, InventoryPage, InventorySource, Reply};
use super::error::CallError;
use super::headers::{call_limit, retry_after};
use super::locations::{LocationPage, parse_locations};
use super::page::parse_page;
use super::pool::policy::{HaravanPolicy, ProxyPolicy};
use super::pool::{Pool, PoolError, call_error};
use crate::query::{Direction, Order};

/// The most bytes read of one answer. Source: ours; 250 rows are 60 KB.
const MAX_BODY: usize = 8 * 1024 * 1024;

/// Locations asked for in one page. Source: live (clamped to 50 whatever is asked).
const LOCATIONS_PAGE: usize = 50;

/// The client could not be made.
#[derive(Debug, thiserror::Error)]
pub enum HaravanError {
    /// The HTTP client could not be built.
    #[error("the HTTP client cannot be built: {0}")]
    Client(#[from] PoolError),
    /// A token holds bytes that no header may.
    #[error("the shop's token holds characters that no header may")]
    Token,
}

/// An answer that was read to its end.
struct ReadAnswer {
    status: u16,
    content_type: Option<String>,
    body: Bytes,
}

/// One connection pool for all shops.
#[derive(Debug, Clone)]
pub struct Haravan {
    pool: Arc<Pool>,
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
        let mut policy = policy.clone();
        if !policy.base_url.starts_with("https://") {
            policy.proxy = ProxyPolicy::Never;
        }
        let base_url = policy.base_url.clone();
        Ok(Self { pool: Arc::new(Pool::new(policy)?), base_url })
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
    pub async fn locations(&self, page: usize, on: Connection) -> Reply<LocationPage> {
        let query = format!("page={page}&limit={LOCATIONS_PAGE}");
        self.call("locations.json", &query, on).await.and_then(|answer| parse_locations(&answer.body))
    }

    pub(super) fn pool(&self) -> &Arc<Pool> {
        &self.haravan.pool
    }

    /// The header with the shop's token; sensitive.
    pub(super) fn authorization(&self) -> HeaderValue {
        self.authorization.clone()
    }

    /// Where a path below `/com/` is.
    pub(super) fn url(&self, path: &str, query: Option<&str>) -> String {
        let mut url = format!("{}/com/{path}", self.haravan.base_url);
        if let Some(query) = query {
            url.push('?');
            url.push_str(query);
        }
        url
    }

    async fn get(&self, path: &str, query: &str, on: Connection) -> Reply<ReadAnswer> {
        let answer = match self.send(path, query, on).await {
            Ok(answer) => answer,
            Err(error) => return Reply { call_limit: None, result: Err(error) },
        };
        let call_limit = call_limit(answer.headers());
        Reply { call_limit, result: judge(answer).await }
    }

    async fn call(&self, path: &str, query: &str, on: Connection) -> Reply<ReadAnswer> {
        let reply = self.get(path, query, on).await;
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

    async fn send(&self, path: &str, query: &str, on: Connection) -> Result<Response, CallError> {
        let url = self.url(path, Some(query).filter(|query| !query.is_empty()));
        let pool = &self.haravan.pool;
        let lent = pool.lend(on);
        let request = lent
            .client
            .get(url)
            .header(AUTHORIZATION, self.authorization.clone())
            .header(ACCEPT, HeaderValue::from_static("application/json"));
        let answer = request.send().await.map_err(|error| call_error(&error))?;
        if on == Connection::New {
            pool.new_connection_does(&lent);
        }
        Ok(answer)
    }
}

impl InventorySource for ShopClient {
    fn inventory(&self, call: InventoryCall, on: Connection) -> CallFuture<InventoryPage> {
        let shop = self.clone();
        Box::pin(async move {
            let query = inventory_query(&call);
            shop.call("inventory_locations.json", &query, on)
                .await
                .and_then(|answer| parse_page(&answer.body))
        })
    }
}

impl<T> Reply<T> {
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
    let (order, direction) = (order_of(call.order), direction_of(call.direction));
    let _ = write!(query, "&limit={}&order={order}&direction={direction}", call.limit);
    if 0 < call.since_id {
        let _ = write!(query, "&since_id={}", call.since_id);
    }
    if let Some(updated_at_min) = call.updated_at_min {
        let _ = write!(query, "&updated_at_min={updated_at_min}");
    }
    query
}

fn order_of(order: Order) -> &'static str {
    match order {
        Order::Id => "id",
        Order::UpdatedAt => "updated_at",
    }
}

fn direction_of(direction: Direction) -> &'static str {
    match direction {
        Direction::Ascending => "asc",
        Direction::Descending => "desc",
    }
}

fn push_list<I: std::fmt::Display>(query: &mut String, ids: impl Iterator<Item = I>) {
    for (at, id) in ids.enumerate() {
        let separator = if at == 0 { "" } else { "," };
        let _ = write!(query, "{separator}{id}");
    }
}

/// Distinguishes an answer from a refusal and a failure; an answer is read to its end.
async fn judge(answer: Response) -> Result<ReadAnswer, CallError> {
    let status = answer.status();
    match status {
        StatusCode::FORBIDDEN => {
            let is_own = is_own_refusal(&read(answer).await?);
            let status = status.as_u16();
            Err(if is_own { CallError::Unauthorized { status } } else { CallError::Blocked { status } })
        }
        StatusCode::TOO_MANY_REQUESTS => {
            Err(CallError::Throttled { retry_after: retry_after(answer.headers()) })
        }
        StatusCode::UNAUTHORIZED => Err(CallError::Unauthorized { status: status.as_u16() }),
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY => {
            Err(CallError::ServerError { status: status.as_u16() })
        }
        _ if status.is_server_error() => Err(CallError::ServerError { status: status.as_u16() }),
        _ if status.is_redirection() => Err(CallError::UnexpectedStatus { status: status.as_u16() }),
        _ => read(answer).await,
    }
}

/// Whether a refusal is Haravan's own, a JSON object, and not the page of a firewall or a proxy in between.
fn is_own_refusal(refusal: &ReadAnswer) -> bool {
    let is_json = refusal.content_type.as_ref().is_none_or(|content_type| content_type.contains("json"));
    is_json && serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&refusal.body).is_ok()
}

/// Reads a body, at most [`MAX_BODY`] bytes of it. The client's own timeout bounds the time.
async fn read(mut answer: Response) -> Result<ReadAnswer, CallError> {
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
    Ok(ReadAnswer { status, content_type, body: Bytes::from(body) })
}
