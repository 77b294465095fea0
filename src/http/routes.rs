//! The table of routes. The routes of the page for people are in `ui`.

pub(crate) mod alerts;
pub(crate) mod availability;
pub(crate) mod compatible;
pub(crate) mod docs;
pub(crate) mod fulfilment;
pub(crate) mod health;
pub(crate) mod passthrough;
pub(crate) mod shops;
pub(crate) mod stock;

use actix_web::http::Method;
use actix_web::http::header::ALLOW;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{FromRequest, Handler, HttpRequest, HttpResponse, Resource, Responder};

use self::docs::Documents;
use super::problem::Problem;

/// Every route of the API. The application has the `Edge` to share, as [`Data`], and wraps `request_id::tag` around.
#[rustfmt::skip]
pub fn routes(config: &mut ServiceConfig) {
    config
        .app_data(Data::new(Documents::new()))
        .service(asked(compatible::INVENTORY_ROUTE, compatible::get_inventory_locations, compatible::post_inventory_locations))
        .service(read("/shops/{org_id}/com/locations.json", compatible::get_locations))
        .service(read("/shops/{org_id}/com/{path:.*}", passthrough::get_forwarded))
        .service(asked(compatible::OWN_INVENTORY_ROUTE, compatible::get_own_inventory_locations, compatible::post_own_inventory_locations))
        .service(read("/com/locations.json", compatible::get_own_locations))
        .service(read("/com/{path:.*}", passthrough::get_own_forwarded))
        .service(asked("/shops/{org_id}/stock", stock::get_stock, stock::post_stock))
        .service(asked("/shops/{org_id}/stock/{variant_id}", stock::get_variant_stock, stock::post_variant_stock))
        .service(asked("/shops/{org_id}/availability", availability::get_availability, availability::post_availability))
        .service(asked("/shops/{org_id}/alerts/negative", alerts::get_negative_alerts, alerts::post_negative_alerts))
        .service(asked("/shops/{org_id}/alerts/low-stock", alerts::get_low_stock_alerts, alerts::post_low_stock_alerts))
        .service(asked("/shops/{org_id}/alerts/mismatch", alerts::get_mismatch_alerts, alerts::post_mismatch_alerts))
        .service(posted("/shops/{org_id}/fulfilment", fulfilment::post_fulfilment))
        .service(read("/shops", shops::list_shops))
        .service(deleted("/shops/{org_id}/cache", shops::delete_cache))
        .service(read("/health/live", health::get_liveness))
        .service(read("/health/ready", health::get_readiness))
        .service(read("/metrics", health::get_metrics))
        .service(read("/openapi.json", docs::get_openapi_json))
        .service(read("/openapi.yaml", docs::get_openapi_yaml))
        .service(read("/docs", docs::redirect_docs))
        .service(read("/docs/{file:.*}", docs::get_docs))
        .default_service(web::to(not_found));
}

/// The routes for connections beyond the most that are served: the probes, and for anything else when to come again.
pub fn probes(config: &mut ServiceConfig) {
    config
        .service(read("/health/live", health::get_liveness))
        .service(read("/health/ready", health::get_readiness))
        .service(read("/metrics", health::get_metrics))
        .default_service(web::to(too_many_connections));
}

/// A path that is read.
pub(crate) fn read<F, Args>(path: &str, get: F) -> Resource
where
    F: Handler<Args>,
    F::Output: Responder + 'static,
    Args: FromRequest + 'static,
{
    only(readable(path, get), "GET, HEAD, OPTIONS")
}

/// A path that is read, with a question in the URL or in a body.
pub(crate) fn asked<F, Args, G, MoreArgs>(path: &str, get: F, post: G) -> Resource
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

/// A path that is only asked with a question in a body.
fn posted<F, Args>(path: &str, post: F) -> Resource
where
    F: Handler<Args>,
    F::Output: Responder + 'static,
    Args: FromRequest + 'static,
{
    only(web::resource(path).route(web::post().to(post)), "POST, OPTIONS")
}

/// A path that is deleted.
fn deleted<F, Args>(path: &str, delete: F) -> Resource
where
    F: Handler<Args>,
    F::Output: Responder + 'static,
    Args: FromRequest + 'static,
{
    only(web::resource(path).route(web::delete().to(delete)), "DELETE, OPTIONS")
}

/// `HEAD` is `GET` whose body the server keeps to itself.
fn readable<F, Args>(path: &str, get: F) -> Resource
where
    F: Handler<Args>,
    F::Output: Responder + 'static,
    Args: FromRequest + 'static,
{
    web::resource(path).route(web::get().to(get.clone())).route(web::head().to(get))
}

/// Tells `OPTIONS`, and whoever uses another method, which ones there are.
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
