//! What a route lets its handler do. The scope comes from the table of routes, never from a handler.

use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::error::{Error, ErrorInternalServerError};
use actix_web::web::{self, Data};
use actix_web::{FromRequest, HttpMessage, HttpRequest};

use super::HttpState;
use crate::domain::access::Scope;
use crate::http::access::keys::Caller;
use crate::http::problem::Problem;
use crate::http::request::ask::Ask;
use crate::http::response::call_limit::AskedShop;
use crate::stock::shop::Shop;
use crate::trace;

/// A route that needs a key: its pattern, and the scope that the key must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GuardedRoute {
    /// The pattern of its path.
    pub(crate) pattern: &'static str,
    /// What a key must be allowed to do.
    pub(crate) scope: Scope,
}

/// What the path of a request says of its shop.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ShopPath<'a> {
    /// The id of the shop that it names; `None` if it is about the one that its caller is bound to.
    pub(crate) org_id: Option<&'a str>,
    /// What follows the id.
    below: &'a str,
}

/// What the pattern of a route about any shop begins with.
const OF_ANY_SHOP: &str = "/shops/{org_id}";

/// A request on a guarded route, for the handler: the only way to a shop and to the caller.
#[derive(Debug)]
pub(crate) struct Access {
    state: Data<HttpState>,
    request: HttpRequest,
    scope: Scope,
}

/// The arguments that a handler of a guarded route may have: its [`Access`], and a body if it reads one.
pub(crate) trait GuardedArguments: FromRequest {}

impl GuardedArguments for (Access,) {}
impl GuardedArguments for (Access, web::Payload) {}

impl GuardedRoute {
    /// The route of a pattern, for keys with this scope.
    pub(crate) const fn new(scope: Scope, pattern: &'static str) -> Self {
        Self { pattern, scope }
    }

    /// Whether a path is this route's, whose pattern holds no other place than that for a shop's id.
    pub(crate) fn serves(&self, path: ShopPath<'_>) -> bool {
        match self.pattern.strip_prefix(OF_ANY_SHOP) {
            Some(below) => path.org_id.is_some() && path.below == below,
            None => path.org_id.is_none() && path.below == self.pattern,
        }
    }
}

impl<'a> ShopPath<'a> {
    /// Takes a path apart.
    pub(crate) fn of(path: &'a str) -> Self {
        let named = path.strip_prefix("/shops/").and_then(|rest| rest.split_at_checked(rest.find('/')?));
        match named {
            Some((org_id, below)) => Self { org_id: Some(org_id), below },
            None => Self { org_id: None, below: path },
        }
    }
}

impl<'a> ShopPath<'a> {
    /// What follows the root of Haravan's paths, just as it was sent.
    pub(crate) fn below_root(self) -> Option<&'a str> {
        self.below.strip_prefix("/com/").or_else(|| self.below.strip_prefix("/admin/"))
    }
}

impl Access {
    /// What all handlers share.
    pub(crate) fn state(&self) -> &HttpState {
        &self.state
    }

    /// The request.
    pub(crate) fn request(&self) -> &HttpRequest {
        &self.request
    }

    /// The scope that the route asks for.
    pub(crate) fn scope(&self) -> Scope {
        self.scope
    }

    /// Who makes the request, if their key has the route's scope.
    ///
    /// # Errors
    /// There is no valid key, it lacks the scope, or it is used too often.
    pub(crate) fn caller(&self) -> Result<Arc<Caller>, Problem> {
        let caller = self.admit()?;
        caller.require(self.scope)?;
        Ok(caller)
    }

    /// Who makes the request, whatever their key's scopes.
    ///
    /// # Errors
    /// There is no valid key, or it is used too often.
    pub(crate) fn admit(&self) -> Result<Arc<Caller>, Problem> {
        let keys = &self.state.keys;
        match Ask::caller(&self.request) {
            Some(caller) => keys.admit_caller(&self.request, &caller).map(|()| caller),
            None => keys.admit(&self.request),
        }
    }

    /// The shop that the request is about. Unknown, malformed and forbidden shop ids all give the same answer.
    ///
    /// # Errors
    /// As [`Access::caller`], or the shop cannot be read with this key.
    pub(crate) fn shop(&self) -> Result<Arc<Shop>, Problem> {
        self.shop_and_caller().map(|(shop, _)| shop)
    }

    /// As [`Access::shop`], and who makes the request.
    ///
    /// # Errors
    /// As [`Access::shop`].
    pub(crate) fn shop_and_caller(&self) -> Result<(Arc<Shop>, Arc<Caller>), Problem> {
        let caller = self.caller()?;
        let served =
            self.state.served(self.request.match_info().get("org_id"), self.request.head(), &caller)?;
        let shop = Arc::clone(served.shop());
        trace::shop(shop.org_id());
        self.request.extensions_mut().insert(AskedShop(Arc::clone(&shop)));
        Ok((shop, caller))
    }
}

impl FromRequest for Access {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let state = request.app_data::<Data<HttpState>>().cloned();
        let route = request.app_data::<GuardedRoute>().copied();
        let access = state.zip(route).map(|(state, route)| {
            let request = request.clone();
            Self { state, request, scope: route.scope }
        });
        ready(access.ok_or_else(|| ErrorInternalServerError("a guarded handler on a route without a scope")))
    }
}
