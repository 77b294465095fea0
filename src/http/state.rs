//! What every handler shares, and how a request gets at its shop.

pub(crate) mod access;
pub mod shop_registry;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use actix_web::body::BoxBody;
use actix_web::dev::RequestHead;
use actix_web::http::Method;
use actix_web::http::uri::PathAndQuery;
use actix_web::{HttpRequest, HttpResponse, Responder};

use self::access::Access;
use self::shop_registry::{ServedShop, ShopRegistry};
use super::access::keys::{Caller, KeyRing};
use super::access::session::Seal;
use super::offload::Offload;
use super::problem::Problem;
use super::request::accept::Form;
use super::request::host;
use super::response::cache::{Asked, CachedResponse};
use super::response::coding::Coding;
use super::response::headers::EncodedBody;
use crate::clock::Clock;
use crate::domain::access::PathPattern;
use crate::domain::id::OrgId;
use crate::stock::Validity;

/// What every handler shares: made once, outside the worker closure, and handed to each as
/// [`actix_web::web::Data`].
pub struct HttpState {
    /// The shops that are served.
    pub shops: Arc<ShopRegistry>,
    /// The keys that are admitted.
    pub keys: Arc<KeyRing>,
    /// Seals the sessions of those at the page.
    pub page_seal: Seal,
    /// Dates answers; the shops' own clock.
    pub clock: Clock,
    /// Where the work of big questions is done.
    pub offload: Offload,
    /// What one request may ask for.
    pub limits: HttpLimits,
    /// What is passed through to Haravan.
    pub passthrough: Passthrough,
    /// Whether the process is on its way out: not ready, but still serving.
    pub draining: Arc<AtomicBool>,
    /// What `/metrics` shows.
    pub registry: prometheus::Registry,
    /// Called before metrics are shown: refreshes the gauges that are read from state.
    pub refresh_gauges: Arc<dyn Fn() + Send + Sync>,
}

/// What is passed through to Haravan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passthrough {
    /// The paths below `/com/` that may be read.
    pub allow: Vec<PathPattern>,
    /// The paths that may be written to.
    pub write: Vec<PathPattern>,
    /// The most bytes of a body.
    pub max_body: u64,
}

/// What one request may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpLimits {
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

impl HttpState {
    /// Keeps an answer to a `GET` for next time, if the question came before.
    pub(crate) fn keep_ready(
        &self,
        access: &Access,
        shop: OrgId,
        coding: Coding,
        encoded: EncodedBody,
        validity: Validity,
    ) {
        let (request, scope) = (access.request(), access.scope());
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
            ready.keep(
                &asked,
                Arc::new(CachedResponse { encoded, route: Cow::Owned(route), scope, validity }),
            );
        }
    }

    /// The shop of this id. Without one: that of the host which the request was sent to, or else that which the caller is
    /// bound to. Unknown, malformed and forbidden ids, and hosts of forbidden shops, all give the same answer.
    ///
    /// # Errors
    /// The caller may not read it, or is bound to none.
    pub(crate) fn served(
        &self,
        org_id: Option<&str>,
        head: &RequestHead,
        caller: &Caller,
    ) -> Result<Arc<ServedShop>, Problem> {
        let served = match org_id {
            Some(text) => text.parse().ok().and_then(|org_id| self.shops.served(org_id)),
            None => {
                let bound = caller.bound_to().or_else(|| self.only_shop());
                let served = self.shops.served_at(|| host::sent(head), bound);
                if served.is_none() && bound.is_none() {
                    return Err(Problem::NotBound);
                }
                served
            }
        };
        served.filter(|served| caller.may_read(served.shop().org_id())).ok_or(Problem::ShopClosed)
    }

    /// With authentication off and exactly one shop configured: that shop.
    fn only_shop(&self) -> Option<OrgId> {
        let shops = self.keys.is_open().then(|| self.shops.all())?;
        shops.keys().next().copied().filter(|_| shops.len() == 1)
    }
}

impl fmt::Debug for HttpState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("HttpState").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Responder for Outcome {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        self.0.unwrap_or_else(|problem| problem.respond(request))
    }
}
