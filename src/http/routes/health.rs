//! `/health/live`, `/health/ready` and `/metrics`: no key needed, so nothing here tells which shops there are.

use std::sync::atomic::Ordering;

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use prometheus::{Encoder, TextEncoder};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::problem::Problem;
use crate::http::state::{HttpState, Outcome};

/// That the process is alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Liveness {
    /// Always `live`.
    #[schema(example = "live")]
    status: &'static str,
}

/// Whether the process wants requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Readiness {
    /// `ready`, or `draining` while the process finishes what it has.
    #[schema(example = "ready")]
    status: &'static str,
    /// The number of shops by state.
    shops: ShopCounts,
}

/// The number of shops by state. Trouble of one shop does not make the process unready: the others are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, ToSchema)]
pub(crate) struct ShopCounts {
    /// Shops that are served.
    #[schema(example = 2)]
    ok: usize,
    /// Shops for which Haravan fails.
    #[schema(example = 0)]
    failing: usize,
    /// Shops whose token Haravan refuses.
    #[schema(example = 0)]
    unauthorized: usize,
}

/// Returns whether a route is asked by the clock: a probe or a scrape.
pub(crate) fn is_probe(route: &str) -> bool {
    route == "/metrics" || route.starts_with("/health/")
}

/// Whether the process is alive
///
/// For an orchestrator, which restarts the process when it gets no answer here.
#[utoipa::path(
    get,
    path = "/health/live",
    tag = "Operations",
    security(()),
    responses((status = 200, description = "The process is alive.", body = Liveness))
)]
pub(crate) async fn get_liveness() -> HttpResponse {
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(Liveness { status: "live" })
}

/// Whether the process wants requests
///
/// For a load balancer, which sends requests while the answer is 200. Only a process that is stopping is not ready.
/// Shops that have trouble with Haravan are counted, and change nothing.
#[utoipa::path(
    get,
    path = "/health/ready",
    tag = "Operations",
    security(()),
    responses(
        (status = 200, description = "The process takes requests.", body = Readiness),
        (status = 503, description = "The process is stopping: it finishes the requests that it has.", body = Readiness)
    )
)]
pub(crate) async fn get_readiness(state: Data<HttpState>) -> HttpResponse {
    let mut shops = ShopCounts::default();
    for shop in state.shops.all().values() {
        match shop.status().stopped {
            None => shops.ok += 1,
            Some("unauthorized") => shops.unauthorized += 1,
            Some(_) => shops.failing += 1,
        }
    }
    let (mut response, status) = if state.draining.load(Ordering::Acquire) {
        (HttpResponse::ServiceUnavailable(), "draining")
    } else {
        (HttpResponse::Ok(), "ready")
    };
    response.insert_header((CACHE_CONTROL, "no-store")).json(Readiness { status, shops })
}

/// Metrics
///
/// All metrics in the text format of Prometheus.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "Operations",
    security(()),
    responses((status = 200, description = "The metrics.", body = String, content_type = "text/plain; version=0.0.4"))
)]
pub(crate) async fn get_metrics(state: Data<HttpState>) -> Outcome {
    (state.refresh_gauges)();
    let mut text = Vec::new();
    let encoder = TextEncoder::new();
    let encoded = encoder.encode(&state.registry.gather(), &mut text);
    Outcome(match encoded {
        Ok(()) => Ok(HttpResponse::Ok()
            .insert_header((CACHE_CONTROL, "no-store"))
            .content_type(encoder.format_type())
            .body(text)),
        Err(_) => Err(Problem::Internal),
    })
}
