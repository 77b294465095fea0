//! Every request as it comes and goes: counted, timed, logged.
//!
//! It is on the way of every answer, so each worker keeps its own table of routes and its own count of requests
//! in flight: nothing here waits for another thread.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::HeaderMap;
use actix_web::http::{ConnectionType, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage};
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use tokio::time::Instant;
use tracing::Instrument;

use super::request_trace::{RequestTrace, Sampling, caller_of};
use crate::http::access::keys::KeyName;
use crate::http::connection::request_id::{RequestId, X_REQUEST_ID};
use crate::http::routes::health::is_probe;
use crate::metrics::{MethodLabel, Metrics, RouteMetrics, UNMATCHED};

/// How often a gateway that stops looks whether requests are still in flight.
const SETTLING: Duration = Duration::from_millis(10);

/// The target of the lines that tell of requests: `telemetry.log = "info,access=debug"` writes one for each.
const ACCESS: &str = "access";

/// What the workers count, seen together.
#[derive(Debug)]
pub(super) struct Traffic {
    metrics: Metrics,
    sampling: Sampling,
    draining: Arc<AtomicBool>,
    /// Requests in flight, by worker.
    in_flight: Mutex<Vec<Arc<AtomicUsize>>>,
}

/// What one worker counts.
#[derive(Debug)]
pub(super) struct WorkerTraffic {
    metrics: Metrics,
    sampling: Sampling,
    draining: Arc<AtomicBool>,
    in_flight: Arc<AtomicUsize>,
    /// By pattern, as they are met: no more than there are routes.
    routes: RefCell<FxHashMap<String, RouteMetrics>>,
}

/// A request in flight; its drop ends that.
#[derive(Debug)]
pub(super) struct InFlight(Arc<AtomicUsize>);

impl Traffic {
    pub(super) fn new(metrics: Metrics, draining: Arc<AtomicBool>, sampling: Sampling) -> Self {
        Self { metrics, sampling, draining, in_flight: Mutex::default() }
    }

    /// The part of a worker that starts.
    pub(super) fn worker(&self) -> Rc<WorkerTraffic> {
        let in_flight = Arc::<AtomicUsize>::default();
        self.in_flight.lock().push(Arc::clone(&in_flight));
        Rc::new(WorkerTraffic {
            metrics: self.metrics.clone(),
            sampling: self.sampling,
            draining: Arc::clone(&self.draining),
            in_flight,
            routes: RefCell::default(),
        })
    }

    /// Requests whose answers are not made yet.
    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.lock().iter().map(|worker| worker.load(Ordering::Acquire)).sum()
    }

    /// Ends once no request is in flight.
    pub(super) async fn settled(&self) {
        while 0 < self.in_flight() {
            tokio::time::sleep(SETTLING).await;
        }
    }
}

impl WorkerTraffic {
    /// Lets a request through, and notes how it went when the head of its answer is made.
    pub(super) async fn observe<B: MessageBody>(
        self: Rc<Self>,
        request: ServiceRequest,
        next: Next<B>,
    ) -> Result<ServiceResponse<B>, Error> {
        let _in_flight = self.enter();
        let started = Instant::now();
        let method = MethodLabel::of(request.method().as_str());
        let trace = self.sampling.begin(&request);
        let mut answered = next.call(request).instrument(trace.span()).await;
        let took = started.elapsed();
        match &mut answered {
            Ok(response) => {
                if self.is_draining() {
                    response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
                }
                let pattern = response.request().match_pattern();
                let route = pattern.as_deref().unwrap_or(UNMATCHED);
                self.count(method, route, response.status(), took);
                trace.answered(response.status(), response.headers());
                log(method, route, response, took, &trace);
            }
            // A middleware gave up, and took the request with it.
            Err(error) => {
                let error = error.as_response_error();
                trace.answered(error.status_code(), &HeaderMap::new());
                self.count(method, UNMATCHED, error.status_code(), took);
            }
        }
        answered
    }

    /// Whether the gateway is on its way out: connections end with their next answer.
    pub(super) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    /// Notes a request that the shortcut answered: how and how fast, whose key it came with, and the headers of both.
    pub(super) fn count_hit(
        &self,
        route: &str,
        (status, took): (StatusCode, Duration),
        key: &str,
        (asked, told): (&HeaderMap, &HeaderMap),
    ) {
        let method = MethodLabel::of("GET");
        self.count(method, route, status, took);
        if tracing::enabled!(target: ACCESS, tracing::Level::DEBUG) {
            let trace_id = caller_of(asked).map(|caller| tracing::field::display(caller.trace_id));
            let request_id = told.get(X_REQUEST_ID).and_then(|id| id.to_str().ok());
            let (method, status, duration_ms) = (method.as_str(), status.as_u16(), milliseconds(took));
            tracing::debug!(target: ACCESS, method, route, status, duration_ms, request_id, trace_id, key, "answered");
        }
    }

    pub(super) fn enter(&self) -> InFlight {
        self.in_flight.fetch_add(1, Ordering::AcqRel);
        InFlight(Arc::clone(&self.in_flight))
    }

    fn count(&self, method: MethodLabel, route: &str, status: StatusCode, took: Duration) {
        let mut routes = self.routes.borrow_mut();
        match routes.get_mut(route) {
            Some(known) => known.answered(method, status.as_u16(), took),
            None => {
                let mut new = self.metrics.route(route);
                new.answered(method, status.as_u16(), took);
                routes.insert(route.to_owned(), new);
            }
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Never the path or the query as sent: either may hold what was meant to be a secret.
fn log<B>(
    method: MethodLabel,
    route: &str,
    response: &ServiceResponse<B>,
    took: Duration,
    trace: &RequestTrace,
) {
    let method = method.as_str();
    let status = response.status().as_u16();
    let duration_ms = milliseconds(took);
    let extensions = response.request().extensions();
    let request_id = extensions.get::<RequestId>().map(RequestId::as_str);
    let key = extensions.get::<KeyName>().map(|name| &*name.0);
    let trace_id = trace.id().map(tracing::field::display);
    // What went well is counted, and a line for each of a hundred thousand a second would cost more than the
    // answers; what did not is news.
    match response.status() {
        status_code if status_code.is_server_error() => {
            tracing::warn!(target: ACCESS, method, route, status, duration_ms, request_id, trace_id, key, "answered");
        }
        status_code if status_code.is_client_error() => {
            tracing::info!(target: ACCESS, method, route, status, duration_ms, request_id, trace_id, key, "answered");
        }
        // Probes and scrapes come by the clock.
        _ if is_probe(route) => {
            tracing::trace!(target: ACCESS, method, route, status, duration_ms, request_id, trace_id, key, "answered");
        }
        _ => {
            tracing::debug!(target: ACCESS, method, route, status, duration_ms, request_id, trace_id, key, "answered")
        }
    }
}

#[expect(clippy::float_arithmetic, reason = "a log line's unit; nothing is decided by it")]
fn milliseconds(took: Duration) -> f64 {
    took.as_secs_f64() * 1000.0
}
