//! The table of routes, each with the scope that a key must have. The routes of the page for people are in `ui`.
//!
//! A route is open, or it is guarded: then its handler takes an `Access`, or it does not compile.

use actix_web::http::Method;
use actix_web::http::header::ALLOW;
use actix_web::web::{self, Data, Payload, ServiceConfig};
use actix_web::{FromRequest, Handler, HttpRequest, HttpResponse, Resource, Responder, guard};

use super::docs::{Documents, Writers};
use super::{alerts, availability, compatible, docs, fulfilment, health, passthrough, shops, stock};
use crate::domain::access::Scope::{self, Admin, Haravan, HaravanWrite, Read};
use crate::http::openapi::document;
use crate::http::problem::Problem;
use crate::http::state::access::{Access, GuardedArguments, GuardedRoute};

const WRITERS: Writers =
    Writers { json: || document::to_json_pretty().ok(), yaml: || document::to_yaml().ok() };

/// The routes of rows, which the fast path serves too.
pub(crate) const ROUTES_OF_ROWS: [GuardedRoute; 2] =
    [compatible::INVENTORY_ROUTE, compatible::OWN_INVENTORY_ROUTE];

/// Every route of the API. The application has the `HttpState` to share, as [`Data`], and wraps `middleware::tag` around.
#[rustfmt::skip]
pub fn routes(config: &mut ServiceConfig) {
    config
        .app_data(Data::new(Documents::new(WRITERS)))
        .service(asked(compatible::INVENTORY_ROUTE, compatible::get_inventory_locations, compatible::post_inventory_locations))
        .service(read(at(Read, "/shops/{org_id}/com/locations.json"), compatible::get_locations))
        .service(passed_reads(OF_A_SHOP, passthrough::get_forwarded))
        .service(passed_writes(OF_A_SHOP, (passthrough::post_forwarded, passthrough::put_forwarded, passthrough::delete_forwarded)))
        .service(asked(compatible::OWN_INVENTORY_ROUTE, compatible::get_own_inventory_locations, compatible::post_own_inventory_locations))
        .service(read(at(Read, "/com/locations.json"), compatible::get_own_locations))
        .service(passed_reads(OF_OWN_SHOP, passthrough::get_own_forwarded))
        .service(passed_writes(OF_OWN_SHOP, (passthrough::post_own_forwarded, passthrough::put_own_forwarded, passthrough::delete_own_forwarded)))
        .service(asked(at(Read, "/shops/{org_id}/stock"), stock::get_stock, stock::post_stock))
        .service(asked(at(Read, "/shops/{org_id}/stock/{variant_id}"), stock::get_variant_stock, stock::post_variant_stock))
        .service(asked(at(Read, "/shops/{org_id}/availability"), availability::get_availability, availability::post_availability))
        .service(asked(at(Read, "/shops/{org_id}/alerts/negative"), alerts::get_negative_alerts, alerts::post_negative_alerts))
        .service(asked(at(Read, "/shops/{org_id}/alerts/low-stock"), alerts::get_low_stock_alerts, alerts::post_low_stock_alerts))
        .service(asked(at(Read, "/shops/{org_id}/alerts/mismatch"), alerts::get_mismatch_alerts, alerts::post_mismatch_alerts))
        .service(posted(at(Read, "/shops/{org_id}/fulfilment"), fulfilment::post_fulfilment))
        .service(read(at(Admin, "/shops"), shops::list_shops))
        .service(deleted(at(Admin, "/shops/{org_id}/cache"), shops::delete_cache))
        .service(open("/health/live", health::get_liveness))
        .service(open("/health/ready", health::get_readiness))
        .service(open("/metrics", health::get_metrics))
        .service(open("/openapi.json", docs::get_openapi_json))
        .service(open("/openapi.yaml", docs::get_openapi_yaml))
        .service(open("/docs", docs::redirect_docs))
        .service(open("/docs/{file:.*}", docs::get_docs))
        .default_service(web::to(not_found));
}

/// The routes for connections beyond the most that are served: the probes, and for anything else when to come again.
pub fn probes(config: &mut ServiceConfig) {
    operators_routes(config);
    config.default_service(web::to(too_many_connections));
}

/// The routes of the operators' listener: the probes, and nothing else.
pub fn operators(config: &mut ServiceConfig) {
    operators_routes(config);
    config.default_service(web::to(not_found));
}

fn operators_routes(config: &mut ServiceConfig) {
    config
        .service(open("/health/live", health::get_liveness))
        .service(open("/health/ready", health::get_readiness))
        .service(open("/metrics", health::get_metrics));
}

/// The paths of a named shop that are passed through.
const OF_A_SHOP: &str = "/shops/{org_id}/com/{path:.*}";
/// The paths that are passed through for the shop that the host or the key means.
const OF_OWN_SHOP: &str = "/com/{path:.*}";

/// The paths that are passed through, read.
fn passed_reads<F>(pattern: &'static str, get: F) -> Resource
where
    F: Handler<(Access,)>,
    F::Output: Responder + 'static,
{
    web::resource(pattern)
        .guard(guard::Any(guard::Get()).or(guard::Head()))
        .app_data(at(Haravan, pattern))
        .route(web::get().to(get))
        .route(web::head().to(passthrough::head_forwarded))
}

/// The paths that are passed through, written to.
fn passed_writes<F, G, H>(pattern: &'static str, (post, put, delete): (F, G, H)) -> Resource
where
    F: Handler<(Access, Payload)>,
    F::Output: Responder + 'static,
    G: Handler<(Access, Payload)>,
    G::Output: Responder + 'static,
    H: Handler<(Access, Payload)>,
    H::Output: Responder + 'static,
{
    let resource = web::resource(pattern)
        .app_data(at(HaravanWrite, pattern))
        .route(web::post().to(post))
        .route(web::put().to(put))
        .route(web::delete().to(delete));
    only(resource, "GET, HEAD, POST, PUT, DELETE, OPTIONS")
}

/// A route for keys with this scope.
const fn at(scope: Scope, pattern: &'static str) -> GuardedRoute {
    GuardedRoute::new(scope, pattern)
}

/// A path that is read without a key.
pub(crate) fn open<F, Args>(path: &str, get: F) -> Resource
where
    F: Handler<Args>,
    F::Output: Responder + 'static,
    Args: FromRequest + 'static,
{
    only(readable(path, get), "GET, HEAD, OPTIONS")
}

/// A path that is read, and to which a form is sent, without a key.
pub(crate) fn open_form<F, Args, G, MoreArgs>(path: &str, get: F, post: G) -> Resource
where
    F: Handler<Args>,
    F::Output: Responder + 'static,
    Args: FromRequest + 'static,
    G: Handler<MoreArgs>,
    G::Output: Responder + 'static,
    MoreArgs: FromRequest + 'static,
{
    only(readable(path, get).route(web::post().to(post)), "GET, HEAD, POST, OPTIONS")
}

/// A route that is read.
fn read<F, Args>(route: GuardedRoute, get: F) -> Resource
where
    F: Handler<Args>,
    F::Output: Responder + 'static,
    Args: GuardedArguments + 'static,
{
    open(route.pattern, get).app_data(route)
}

/// A route that is read, with a question in the URL or in a body.
fn asked<F, Args, G, MoreArgs>(route: GuardedRoute, get: F, post: G) -> Resource
where
    F: Handler<Args>,
    F::Output: Responder + 'static,
    Args: GuardedArguments + 'static,
    G: Handler<MoreArgs>,
    G::Output: Responder + 'static,
    MoreArgs: GuardedArguments + 'static,
{
    open_form(route.pattern, get, post).app_data(route)
}

/// A route that is only asked with a question in a body.
fn posted<F, Args>(route: GuardedRoute, post: F) -> Resource
where
    F: Handler<Args>,
    F::Output: Responder + 'static,
    Args: GuardedArguments + 'static,
{
    only(web::resource(route.pattern).route(web::post().to(post)), "POST, OPTIONS").app_data(route)
}

/// A route that is deleted.
fn deleted<F, Args>(route: GuardedRoute, delete: F) -> Resource
where
    F: Handler<Args>,
    F::Output: Responder + 'static,
    Args: GuardedArguments + 'static,
{
    only(web::resource(route.pattern).route(web::delete().to(delete)), "DELETE, OPTIONS").app_data(route)
}

/// `HEAD` is `GET` without its body, which the server keeps back.
fn readable<F, Args>(path: &str, get: F) -> Resource
where
    F: Handler<Args>,
    F::Output: Responder + 'static,
    Args: FromRequest + 'static,
{
    web::resource(path).route(web::get().to(get.clone())).route(web::head().to(get))
}

/// Answers `OPTIONS`, and any other method, with the methods that there are.
fn only(resource: Resource, allow: &'static str) -> Resource {
    resource.default_service(web::to(move |request: HttpRequest| async move {
        if request.method() == Method::OPTIONS {
            return HttpResponse::NoContent().insert_header((ALLOW, allow)).finish();
        }
        Problem::Method { allow }.respond(&request)
    }))
}

async fn too_many_connections(request: HttpRequest) -> HttpResponse {
    Problem::TooManyConnections.respond(&request)
}

async fn not_found(request: HttpRequest) -> HttpResponse {
    Problem::NotFound.respond(&request)
}

#[cfg(test)]
mod tests;
