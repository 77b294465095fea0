//! What every handler shares, and how a request gets at its shop.

pub mod shop_registry;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use actix_web::body::BoxBody;
use actix_web::http::Method;
use actix_web::http::uri::PathAndQuery;
use actix_web::{HttpRequest, HttpResponse, Responder};

use super::access::keys::{Caller, KeyRing, Scope};
use super::access::session::Seal;
use super::offload::Aside;
use super::problem::Problem;
use super::request::accept::Form;
use super::response::cache::{Asked, ReadyAnswer};
use super::response::coding::Coding;
use super::response::headers::Whole;
use super::state::shop_registry::ShopDirectory;
use crate::clock::Clock;
use crate::domain::id::OrgId;
use crate::stock::Validity;
use crate::stock::shop::Shop;
use crate::trace;

/// What every handler shares: made once, outside the worker closure, and handed to each as
/// [`actix_web::web::Data`].
pub struct Edge {
    /// The shops that are served.
    pub shops: Arc<ShopDirectory>,
    /// The keys that are admitted.
    pub keys: Arc<KeyRing>,
    /// Seals the sessions of those at the page.
    pub page_seal: Seal,
    /// Tells how old an answer is; the shops' own clock.
    pub clock: Clock,
    /// Where the work of big questions is done.
    pub aside: Aside,
    /// What one request may ask for.
    pub limits: EdgeLimits,
    /// The paths below `/com/` that are forwarded as they are.
    pub passthrough: Vec<String>,
    /// Whether the process is on its way out: not ready, but still serving.
    pub draining: Arc<AtomicBool>,
    /// What `/metrics` shows.
    pub registry: prometheus::Registry,
    /// Called before metrics are shown: sets the gauges that nobody counts.
    pub refresh_gauges: Arc<dyn Fn() + Send + Sync>,
}

/// What one request may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EdgeLimits {
    /// How many cells (variant x location).
    pub max_cells: usize,
    /// How many bytes of body.
    pub max_body: u64,
    /// How long it waits unless it says otherwise.
    pub default_wait: Duration,
    /// How long it may wait at most.
    pub max_wait: Duration,
}

/// How a handler ends.
#[derive(Debug)]
pub(crate) struct Outcome(pub(crate) Result<HttpResponse, Problem>);

impl Edge {
    /// Who makes a request, if they may do this.
    pub(crate) fn caller(&self, request: &HttpRequest, scope: Scope) -> Result<Arc<Caller>, Problem> {
        let caller = self.keys.admit(request)?;
        caller.require(scope)?;
        Ok(caller)
    }

    /// The shop that a request is about, if its caller may do this there. A shop that the caller may not read and
    /// one that does not exist (or cannot: its id is none) are told apart by nothing.
    pub(crate) fn shop(&self, request: &HttpRequest, scope: Scope) -> Result<Arc<Shop>, Problem> {
        let caller = self.caller(request, scope)?;
        let org_id = match request.match_info().get("org_id") {
            Some(text) => text.parse::<OrgId>().ok(),
            None => Some(caller.bound_to().or_else(|| self.only_shop()).ok_or(Problem::NotBound)?),
        };
        let shop = org_id
            .filter(|org_id| caller.may_read(*org_id))
            .and_then(|org_id| self.shops.get(org_id))
            .ok_or(Problem::ShopClosed)?;
        trace::shop(shop.org_id());
        Ok(shop)
    }

    /// Keeps an answer to a `GET`, so that it stands ready, if the question came before.
    pub(crate) fn keep_ready(
        &self,
        request: &HttpRequest,
        shop: OrgId,
        coding: Coding,
        whole: Whole,
        validity: Validity,
    ) {
        // As a hit is looked for: by what the caller accepts, and by the URL, which may name another form.
        let Ok(form) = Form::of(request.headers()) else { return };
        let target = request.uri().path_and_query().map(PathAndQuery::as_str);
        let (Some(target), true) = (target, request.method() == Method::GET) else { return };
        let Some(served) = self.shops.served(shop) else { return };
        let ready = served.ready();
        let asked = Asked { target, form, coding };
        if ready.wants(&asked)
            && let Some(route) = request.match_pattern()
        {
            ready.keep(&asked, Arc::new(ReadyAnswer { whole, route: Cow::Owned(route), validity }));
        }
    }

    /// The shop meant by who needs no key and names none, where there is only one.
    fn only_shop(&self) -> Option<OrgId> {
        let shops = self.shops.all();
        shops.keys().next().copied().filter(|_| self.keys.is_open() && shops.len() == 1)
    }
}

impl fmt::Debug for Edge {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Edge").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Responder for Outcome {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        self.0.unwrap_or_else(|problem| problem.respond(request))
    }
}
