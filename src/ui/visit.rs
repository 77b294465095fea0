//! A visit: who looks at the page, in which language, and at what.

use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::web::Query;
use serde::Deserialize;

use super::address::Address;
use super::i18n::language::Tongue;
use super::i18n::words::Words;
use crate::domain::access::Scope;
use crate::domain::id::{OrgId, VariantId};
use crate::http::access::keys::{Caller, digest_sent};
use crate::http::access::session;
use crate::http::problem::Problem;
use crate::http::state::HttpState;
use crate::stock::shop::Shop;

/// A request for one of the page's addresses.
#[derive(Debug)]
pub(super) struct Visit<'a> {
    pub(super) edge: &'a HttpState,
    pub(super) request: &'a HttpRequest,
    pub(super) tongue: Tongue,
    pub(super) asked: Asked,
    /// Who looks, or why they may not.
    pub(super) visitor: Result<Visitor, Problem>,
}

/// What a query asks for, as it was typed.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    pub(super) lang: Option<String>,
    pub(super) shop: Option<String>,
    pub(super) variant_id: Option<String>,
}

/// Somebody who may look.
#[derive(Debug)]
pub(super) struct Visitor {
    caller: Arc<Caller>,
    /// Whether there is a session to end.
    pub(super) has_session: bool,
    /// The cookie that renews the session, if it is due.
    pub(super) renewal: Option<String>,
}

impl<'a> Visit<'a> {
    /// A visit by the caller that the request's key or session names.
    pub(super) fn new(edge: &'a HttpState, request: &'a HttpRequest) -> Self {
        Self { visitor: Visitor::admit(edge, request), ..Self::of_nobody(edge, request) }
    }

    /// A visit of which only the language matters.
    pub(super) fn of_nobody(edge: &'a HttpState, request: &'a HttpRequest) -> Self {
        // A query that cannot be read asks for nothing in particular.
        let asked = Query::<Asked>::from_query(request.query_string()).map(Query::into_inner);
        let asked = asked.unwrap_or_default();
        let tongue = Tongue::of(asked.lang.as_deref(), request.headers());
        Self { edge, request, tongue, asked, visitor: Err(Problem::Unauthenticated) }
    }

    /// The page's texts.
    pub(super) fn words(&self) -> &'static Words {
        self.tongue.language.words()
    }

    /// The shops that the visitor may read, by org id.
    pub(super) fn shops(&self) -> Vec<Arc<Shop>> {
        let Ok(visitor) = &self.visitor else { return Vec::new() };
        let shops = self.edge.shops.all();
        let readable = shops.iter().filter(|(org_id, _)| visitor.caller.may_read(**org_id));
        readable.map(|(_, shop)| Arc::clone(shop)).collect()
    }

    /// The shop that is named, if one is. A shop that the visitor may not read and one that does not exist (or cannot)
    /// are told apart by nothing.
    pub(super) fn named_shop(&self) -> Option<Result<Arc<Shop>, Problem>> {
        let text = self.asked.shop.as_deref().map(str::trim).filter(|text| !text.is_empty())?;
        let named = |shop: &Arc<Shop>| text.parse().is_ok_and(|org_id: OrgId| org_id == shop.org_id());
        Some(self.shops().into_iter().find(named).ok_or(Problem::ShopClosed))
    }

    /// Where this visit is, as far as its query can be read.
    pub(super) fn address(&self) -> Address {
        let shop = self.asked.shop.as_deref().and_then(|text| text.trim().parse::<OrgId>().ok());
        let variant = self.asked.variant_id.as_deref();
        let variant = variant.and_then(|text| text.trim().parse::<VariantId>().ok());
        match (shop, variant) {
            (Some(shop), Some(variant)) => Address::variant(self.tongue, shop, variant),
            (shop, _) => Address::shop(self.tongue, shop),
        }
    }
}

impl Visitor {
    /// A caller with a key or a session, and every caller where no key is needed.
    fn admit(edge: &HttpState, request: &HttpRequest) -> Result<Self, Problem> {
        let now = edge.clock.wall(edge.clock.now());
        let sent = digest_sent(request.headers())?;
        let session = match sent {
            Some(_) => None,
            None => session::carried(request).and_then(|value| edge.page_seal.open(value, &edge.keys, now)),
        };
        let digest = sent.or(session.as_ref().map(|session| session.digest));
        let caller = edge.keys.admit_digest(request, digest)?;
        let renewal = session.as_ref().and_then(|session| edge.page_seal.renewal(session, request, now));
        Ok(Self { caller, has_session: session.is_some(), renewal })
    }

    /// How old what the visitor is shown may be, if the key says so.
    pub(super) fn max_age(&self) -> Option<Duration> {
        self.caller.max_age()
    }

    /// What the visitor's key is called.
    pub(super) fn name(&self) -> &str {
        self.caller.name()
    }

    /// Whether the visitor's key has a scope.
    pub(super) fn may(&self, scope: Scope) -> bool {
        self.caller.require(scope).is_ok()
    }
}
