//! Hits: questions that the cache can answer, answered before a route is looked for.
//!
//! A caller that asks what it asked before is given the bytes that stand ready; one that asks for another
//! combination of cells that are all fresh gets rows written from them. Either is done in the time that finding a
//! route and a handler takes. Everything else, whatever is unusual about it and every error, goes the ordinary way,
//! which gives the same answers.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::dev::RequestHead;
use actix_web::http::header::{
    ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_LENGTH, EXPECT, HeaderValue, IF_NONE_MATCH, PRAGMA,
    TRANSFER_ENCODING, UPGRADE,
};
use actix_web::http::{Method, StatusCode};
use actix_web::web::{Bytes, Data};
use tokio::time::Instant;

use super::access::keys::Caller;
use super::connection::request_id::{RequestId, X_REQUEST_ID};
use super::offload::work::Work;
use super::request::accept::Form;
use super::request::ask::Ask;
use super::request::cache_control::PREFER;
use super::request::parameters::Parameters;
use super::request::parameters::table::{EXPLAIN, INVENTORY, PARTIAL};
use super::response::cache::{Asked, CachedResponse};
use super::response::call_limit::{X_HARAVAN_API_CALL_LIMIT, call_limit};
use super::response::coding::Coding;
use super::response::headers::{CacheHeaders, EncodedBody};
use super::response::rows::fresh_body;
use super::routes::table::ROUTES_OF_ROWS;
use super::state::HttpState;
use super::state::access::{GuardedRoute, ShopPath};
use crate::cache::freshness::FreshnessWish;
use crate::clock::Moment;
use crate::query::{Grid, IdList};
use crate::stock::Validity;
use crate::stock::shop::Shop;

/// More cells than this go the ordinary way, where the work is done beside the thread that serves others.
const MOST_CELLS: usize = 4_096;

/// Answers hits.
#[derive(Debug, Clone)]
pub struct FastPath {
    state: Data<HttpState>,
}

/// A hit, answered.
#[derive(Debug)]
pub struct Hit {
    /// The answer.
    pub response: HttpResponse<Bytes>,
    /// What it was made of.
    pub source: HitSource,
    /// Who asked.
    pub caller: Arc<Caller>,
}

/// What a hit was made of.
#[derive(Debug)]
pub enum HitSource {
    /// An answer that stood ready.
    Ready(Arc<CachedResponse>),
    /// Cells, on the route with this pattern.
    Cells(&'static str),
}

impl HitSource {
    /// The pattern of the route.
    #[must_use]
    pub fn route(&self) -> &str {
        match self {
            Self::Ready(answer) => &answer.route,
            Self::Cells(route) => route,
        }
    }
}

/// An answer that was written of cells.
#[derive(Debug)]
struct Written {
    encoded: EncodedBody,
    cells: usize,
    /// How old its oldest cell is, and for how long all of them stay fresh.
    age: (Duration, Duration),
    /// What it rests on, if it is to be kept.
    validity: Option<Validity>,
}

/// What a request asks besides its target.
#[derive(Debug, Clone, Copy)]
struct Manner {
    form: Form,
    coding: Coding,
    conditional: bool,
}

impl FastPath {
    /// Answers for this edge.
    #[must_use]
    pub fn new(state: Data<HttpState>) -> Self {
        Self { state }
    }

    /// Answers a request that came just now, if it is a hit.
    ///
    /// # Errors
    /// It is not: what has been read of it goes to its handler. Nothing has been counted or charged.
    pub fn answer(&self, head: &RequestHead, came_at: Instant) -> Result<Hit, Ask> {
        let Some(manner) = Manner::of(head) else { return Err(Ask::default()) };
        let Ok(caller) = self.state.keys.identify(head.headers()) else { return Err(Ask::default()) };
        let mut parameters = None;
        match self.found(head, manner, &caller, came_at, &mut parameters) {
            Some((response, source)) => Ok(Hit { response, source, caller }),
            None => Err(Ask { caller: Some(caller), parameters }),
        }
    }

    /// The answer, if it is a hit; otherwise the parameters, if they were read.
    fn found(
        &self,
        head: &RequestHead,
        manner: Manner,
        caller: &Caller,
        came_at: Instant,
        unanswered: &mut Option<Box<Parameters<'static>>>,
    ) -> Option<(HttpResponse<Bytes>, HitSource)> {
        let target = head.uri.path_and_query()?.as_str();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let path = ShopPath::of(path);
        let route = ROUTES_OF_ROWS.into_iter().find(|route| route.serves(path));
        // Who asks too often is refused before any work is done.
        if (path.org_id.is_none() && route.is_none()) || !self.state.keys.may_ask(caller) {
            return None;
        }
        let served = self.state.served(path.org_id, head, caller).ok()?;
        let (shop, ready) = (served.shop(), served.ready());
        // The routes of rows are Haravan's own, whose answers say it.
        let call_limit = route.and_then(|_| call_limit(shop, came_at));
        let asked = Asked { target, form: manner.form, coding: manner.coding };
        let now = self.state.clock.at(came_at);
        let is_current = |answer: &Arc<CachedResponse>| {
            // The key's own bound is rare; without it only the shop's counts.
            let is_young = caller.max_age().is_none_or(|max_age| answer.validity.is_within(max_age, now));
            is_young && shop.is_current(&answer.validity, now)
        };
        let standing = ready.get(&asked).filter(is_current);
        if let Some(answer) = standing {
            caller.require(answer.scope).ok()?;
            self.state.keys.charge(caller).ok()?;
            shop.count_hits(answer.validity.cells());
            let response = given(&answer.encoded, head, manner, answer.validity.age_at(now), call_limit);
            return Some((response, HitSource::Ready(answer)));
        }
        let GuardedRoute { pattern, scope } = route?;
        caller.require(scope).ok()?;
        let parameters = Parameters::from_query(&INVENTORY, query).ok()?;
        let wish = FreshnessWish { max_age: caller.max_age(), ..FreshnessWish::default() };
        let written = self.written(shop, &parameters, (manner.coding, wish), now, || ready.wants(&asked));
        let Some(Written { encoded, cells, age, validity }) = written else {
            *unanswered = Some(Box::new(parameters.into_owned()));
            return None;
        };
        self.state.keys.charge(caller).ok()?;
        shop.count_hits(cells);
        let response = given(&encoded, head, manner, age, call_limit);
        if let Some(validity) = validity {
            let route = Cow::Borrowed(pattern);
            ready.keep(&asked, Arc::new(CachedResponse { encoded, route, scope, validity }));
        }
        Some((response, HitSource::Cells(pattern)))
    }

    /// The rows of a question on a compatible route, if all its cells are fresh in the cache.
    fn written(
        &self,
        shop: &Shop,
        parameters: &Parameters<'_>,
        (coding, wish): (Coding, FreshnessWish),
        now: Moment,
        is_wanted: impl FnOnce() -> bool,
    ) -> Option<Written> {
        // With every cell in the cache it does not matter whether a partial answer would do.
        parameters.is_on(&PARTIAL).ok()?;
        if parameters.is_on(&EXPLAIN).ok()? {
            return None;
        }
        let selection = parameters.selection().ok()?;
        let variants = parameters.variants().ok()??;
        let (locations, book) = match parameters.locations().ok()? {
            Some(locations) => (locations, None),
            // An age that is asked for holds for the list of locations too.
            None if wish.max_age.is_some() => return None,
            None => {
                let book = shop.locations().current_book(now)?;
                if 0 < book.unlisted() {
                    return None;
                }
                (IdList::from_ids(book.ids().collect())?, Some(book))
            }
        };
        let most = self.state.limits.max_cells.min(MOST_CELLS);
        let grid = Grid::new(variants, locations, most).ok()?;
        // A coding takes longer than all the rest: where there is much to code, that is done elsewhere.
        if Work::to_code_rows(&grid, coding).is_long() {
            return None;
        }
        let fresh_reader = shop.fresh_reader();
        let mut fresh_read = fresh_reader.read(&grid, &wish)?;
        let (body, etag) = fresh_body(&mut fresh_read, &selection)?.into_tagged();
        let (cells, age) = (fresh_read.cells(), fresh_read.age_at(now));
        let validity = is_wanted().then(|| fresh_read.validity(book));
        let unwritten = fresh_read.unwritten();
        drop(fresh_reader);
        unwritten.keep_in(shop);
        let encoded = EncodedBody::new(body, etag, coding, Form::Json.content_type()).ok()?;
        Some(Written { encoded, cells, age, validity })
    }
}

impl Manner {
    /// The way a request asks; `None` if the fast path does not serve it.
    fn of(head: &RequestHead) -> Option<Self> {
        if head.method != Method::GET {
            return None;
        }
        let mut manner = Self { form: Form::Json, coding: Coding::Identity, conditional: false };
        for (name, value) in head.headers() {
            match *name {
                ACCEPT if Form::is_usual(value) => {}
                ACCEPT => manner.form = Form::of(head.headers()).ok()?,
                ACCEPT_ENCODING => manner.coding = Coding::of(head.headers()).ok()?,
                IF_NONE_MATCH => manner.conditional = true,
                // Wishes, and requests with a body.
                CACHE_CONTROL | PRAGMA | CONTENT_LENGTH | TRANSFER_ENCODING | EXPECT | UPGRADE => {
                    return None;
                }
                _ if *name == PREFER => return None,
                _ => {}
            }
        }
        Some(manner)
    }
}

/// An answer as it is given now, at this age and for so long, with the level of the bucket if it says that.
fn given(
    encoded: &EncodedBody,
    head: &RequestHead,
    manner: Manner,
    (age, left): (Duration, Duration),
    call_limit: Option<HeaderValue>,
) -> HttpResponse<Bytes> {
    let known = manner.conditional && encoded.etag.is_known(head.headers());
    let mut response = if known {
        HttpResponse::with_body(StatusCode::NOT_MODIFIED, Bytes::new())
    } else {
        let mut response = HttpResponse::with_body(StatusCode::OK, encoded.body.clone());
        encoded.write(response.headers_mut());
        response
    };
    let headers = response.headers_mut();
    CacheHeaders::of_hit(age, left.as_secs()).write(headers, encoded.etag.clone());
    if let Some(call_limit) = call_limit {
        headers.insert(X_HARAVAN_API_CALL_LIMIT, call_limit);
    }
    let request_id = RequestId::for_header(head.headers().get(X_REQUEST_ID));
    headers.insert(X_REQUEST_ID, request_id.into_value());
    response
}

#[cfg(test)]
mod tests;
