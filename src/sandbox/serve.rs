//! The way of a request through the sandbox: token, journal, gate, bucket, faults, answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};

use super::answer::Answer;
use super::faults::Failure;
use super::mishap;
use super::request::{Asked, Resource};
use super::shop::Shop;

/// What every server thread shares.
#[derive(Debug)]
pub(super) struct State {
    pub(super) shops: Vec<Arc<Shop>>,
    /// Requests with a token that no shop has, or with none.
    pub(super) unauthorized: AtomicU64,
    /// Connections so far.
    pub(super) connections: AtomicU64,
    /// The connections up to this number are dead: nothing is answered on them any more.
    pub(super) dead_connections: AtomicU64,
    /// Set when the sandbox stops: server threads may outlive that a little, and must not answer any more.
    pub(super) stopped: AtomicBool,
}

/// Which connection a request came on, counted from 1.
#[derive(Debug, Clone, Copy)]
pub(super) struct ConnectionNumber(u64);

impl State {
    /// Counts a connection.
    pub(super) fn connected(&self) -> ConnectionNumber {
        ConnectionNumber(self.connections.fetch_add(1, Ordering::AcqRel) + 1)
    }

    /// Lets every connection that is open die without a word.
    pub(super) fn kill_connections(&self) {
        self.dead_connections.store(self.connections.load(Ordering::Acquire), Ordering::Release);
    }

    fn is_dead(&self, request: &HttpRequest) -> bool {
        let number = request.conn_data::<ConnectionNumber>();
        number.is_some_and(|number| number.0 <= self.dead_connections.load(Ordering::Acquire))
    }

    pub(super) fn shop(&self, org_id: u64) -> Option<&Arc<Shop>> {
        self.shops.iter().find(|shop| shop.org_id == org_id)
    }

    fn shop_of(&self, token: &str) -> Option<&Arc<Shop>> {
        self.shops.iter().find(|shop| shop.access.read().token == token)
    }
}

/// Answers any request outside `/_sandbox`.
pub(super) async fn serve(request: HttpRequest, state: Data<State>, body: Bytes) -> HttpResponse {
    if state.stopped.load(Ordering::Acquire) {
        return mishap::send_nothing();
    }
    if state.is_dead(&request) {
        return mishap::send_never().await;
    }
    let Some(shop) = token(&request).and_then(|token| state.shop_of(token)) else {
        state.unauthorized.fetch_add(1, Ordering::Relaxed);
        // No shop, hence no bucket to tell the level of.
        return mishap::send(Answer::refusal(401, "Invalid API key or access token"), "");
    };
    let mut asked = Asked::parse(request.method(), request.path(), request.query_string());
    asked.body = body;
    answer(shop, &asked).await
}

async fn answer(shop: &Arc<Shop>, asked: &Asked) -> HttpResponse {
    let inventory = asked.resource == Resource::Inventory;
    let visit = shop.arrive(asked);
    if inventory {
        shop.requests.pass().await;
    }
    let latency = shop.latency();
    if Duration::ZERO < latency {
        tokio::time::sleep(latency).await;
    }
    if let Err(retry_after) = shop.admit(asked) {
        visit.answered(429, 0);
        return mishap::send_throttled(&retry_after, &shop.call_limit());
    }
    let failure = shop.failure(asked);
    let answer = failure.and_then(Failure::substitute).unwrap_or_else(|| shop.answer(asked));
    if failure.is_none_or(Failure::shows_status) {
        visit.answered(answer.status, answer.rows);
    }
    match asked.resource {
        Resource::Inventory => shop.answers.pass().await,
        Resource::Locations => shop.location_answers.pass().await,
        _ => {}
    }
    let call_limit = shop.call_limit();
    match failure {
        None => mishap::send(answer, &call_limit),
        Some(failure) => mishap::send_spoilt(answer, failure, &call_limit).await,
    }
}

/// The token of a request. Where it may stand. Source: live.
fn token(request: &HttpRequest) -> Option<&str> {
    let header = |name| request.headers().get(name)?.to_str().ok();
    if let Some((scheme, token)) = header("authorization").and_then(|header| header.split_once(' ')) {
        return scheme.eq_ignore_ascii_case("bearer").then(|| token.trim());
    }
    request.path().starts_with("/admin/").then(|| header("x-haravan-access-token")).flatten()
}
