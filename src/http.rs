//! PLACEHOLDER: as much of the edge as composition needs to be tried; the real one takes its place.

pub mod auth;
pub mod directory;
pub mod openapi;
pub mod request_id;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::{self, Data};
use prometheus::{Registry, TextEncoder};

use crate::clock::Clock;
use auth::KeyRing;
use directory::ShopDirectory;

/// What the handlers share.
pub struct Edge {
    /// The shops.
    pub shops: Arc<ShopDirectory>,
    /// The keys.
    pub keys: Arc<KeyRing>,
    /// The clock.
    pub clock: Clock,
    /// The limits.
    pub limits: EdgeLimits,
    /// The paths forwarded.
    pub passthrough: Vec<String>,
    /// Set while the gateway stops.
    pub draining: Arc<AtomicBool>,
    /// Where metrics are gathered from.
    pub registry: Registry,
    /// Brings the gauges up to date that are read, not counted.
    pub refresh_gauges: Arc<dyn Fn() + Send + Sync>,
}

/// What one request may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EdgeLimits {
    /// Cells.
    pub max_cells: usize,
    /// Bytes of body.
    pub max_body: u64,
    /// The usual wait.
    pub default_wait: Duration,
    /// The longest wait.
    pub max_wait: Duration,
}

impl fmt::Debug for Edge {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Edge").finish_non_exhaustive()
    }
}

/// All routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/health/live", web::get().to(HttpResponse::Ok))
        .route("/health/ready", web::get().to(ready))
        .route("/metrics", web::get().to(metrics));
}

async fn ready(edge: Data<Edge>) -> HttpResponse {
    if edge.draining.load(Ordering::Acquire) {
        HttpResponse::ServiceUnavailable().json("draining")
    } else {
        HttpResponse::Ok().json("ready")
    }
}

async fn metrics(edge: Data<Edge>) -> HttpResponse {
    (edge.refresh_gauges)();
    let text = TextEncoder::new().encode_to_string(&edge.registry.gather()).unwrap_or_default();
    HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(text)
}
