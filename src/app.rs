//! Composition: the one place that makes devices out of settings, and the process's life from bind to stop.
//!
//! Everything shared is made once, outside the closure that actix calls for each worker. Calls to Haravan run
//! on the runtime that [`App::build`] is called in, never on actix's single-threaded workers: pooled
//! connections belong to the runtime that opened them.

mod capacity;
mod compression;
mod connections;
mod fast_path;
mod gate;
mod gauges;
mod listener;
mod request_body;
mod request_trace;
mod traffic;
mod wiring;

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::available_parallelism;
use std::time::Duration;

use actix_service::{IntoServiceFactory, apply, map_config};
use actix_web::App as Routes;
use actix_web::dev::{AppConfig, Server};
use actix_web::middleware::from_fn;
use actix_web::web::{Data, ServiceConfig};
use tokio::runtime::Handle;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::haravan::HaravanError;
use crate::http;
use crate::http::connection::body_deadline::BodyDeadline;
use crate::http::fast_path::FastPath;
use crate::metrics::Metrics;
use crate::settings::Settings;
use crate::tasks::Tasks;
use crate::ui;

use connections::Connections;
use fast_path::Shortcut;
use listener::{Listener, Serving};
use request_trace::Sampling;
use traffic::Traffic;
use wiring::Devices;

/// How long background tasks have to end, if nothing is left of the grace. They end at once when they hear the signal.
const TASKS_END_WITHIN: Duration = Duration::from_millis(250);

/// A gateway that listens; [`App::run_until`] serves what comes.
pub struct App {
    server: Server,
    addr: SocketAddr,
    /// The address of the operators' listener, if there is one.
    admin_addr: Option<SocketAddr>,
    clock: Clock,
    draining: Arc<AtomicBool>,
    /// Ends what waits for callers.
    stopping: CancellationToken,
    traffic: Arc<Traffic>,
    connections: Arc<Connections>,
    shutdown_grace: Duration,
    tasks: Tasks,
}

/// Why a gateway does not run.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The address cannot be listened on.
    #[error("cannot listen on {addr}: {cause}")]
    Listen {
        /// The address asked for.
        addr: SocketAddr,
        /// What the system says.
        cause: io::Error,
    },
    /// Haravan cannot be reached for any request.
    #[error(transparent)]
    Haravan(#[from] HaravanError),
    /// The metrics contradict each other.
    #[error("the metrics cannot be declared: {0}")]
    Metrics(#[from] prometheus::Error),
    /// There is no shop, so the page's sessions need a random secret, and there is no randomness.
    #[error("the system has no randomness: {0}")]
    Random(#[from] getrandom::Error),
    /// There is no runtime to call Haravan from.
    #[error("a gateway is built inside a tokio runtime")]
    NoRuntime,
    /// Serving ended by itself.
    #[error("serving failed: {0}")]
    Serve(#[source] io::Error),
}

impl App {
    /// Makes every device and binds the listeners; nothing is served yet, but connections may queue.
    ///
    /// # Errors
    /// See [`AppError`].
    pub fn build(settings: Settings) -> Result<Self, AppError> {
        let tasks = Tasks::new(Handle::try_current().map_err(|_| AppError::NoRuntime)?);
        let clock = Clock::start();
        let metrics = Metrics::new()?;
        let draining = Arc::new(AtomicBool::new(false));
        let sampling = Sampling::new(&settings.telemetry);
        let traffic = Arc::new(Traffic::new(metrics.clone(), Arc::clone(&draining), sampling));
        let cores = available_parallelism().map_or(1, NonZeroUsize::get);
        let workers = settings.server.workers.unwrap_or(cores);
        let most = capacity::connections(&settings, workers);
        let connections = Arc::new(Connections::new(most, metrics.connections()));
        let devices = Devices::new(&settings, clock.clone(), metrics.clone(), tasks.clone())?;
        let shops = devices.shops(&settings.shops)?;
        let edge = Data::new(devices.edge(&settings, shops, Arc::clone(&draining)));
        let stopping = CancellationToken::new();
        let server = settings.server;
        let counted = Arc::clone(&traffic);
        let open_edge = edge.clone();
        let deadline = BodyDeadline::new(server.body_timeout, stopping.clone());
        let routes = move || {
            let worker = counted.worker();
            let shortcut =
                Shortcut::new(FastPath::new(edge.clone()), deadline.clone(), sampling, Rc::clone(&worker));
            // The last wrapped is the first to see a request.
            let app = Routes::new()
                .app_data(edge.clone())
                .configure(http::routes::table::routes)
                .configure(ui::routes)
                .wrap(from_fn(compression::compress))
                .wrap(from_fn(move |request, next| Rc::clone(&worker).observe(request, next)))
                .wrap(from_fn(http::middleware::tag));
            apply(shortcut, map_config(app.into_factory(), |()| AppConfig::default()))
        };
        // Applications of routes that need no key.
        let open = |table: fn(&mut ServiceConfig)| {
            let (traffic, edge) = (Arc::clone(&traffic), open_edge.clone());
            move || {
                let worker = traffic.worker();
                let app = Routes::new()
                    .app_data(edge.clone())
                    .configure(table)
                    .wrap(from_fn(move |request, next| Rc::clone(&worker).observe(request, next)))
                    .wrap(from_fn(http::middleware::tag));
                map_config(app.into_factory(), |()| AppConfig::default())
            }
        };
        let probes = open(http::routes::table::probes);
        // Whole seconds; `run_until` keeps to the fractions.
        let serving = Serving::new(workers, server.shutdown_grace.as_secs().saturating_add(1));
        let callers = Listener { name: "http", addr: server.listen, connections: Arc::clone(&connections) };
        let failed = |addr| move |cause| AppError::Listen { addr, cause };
        let (mut serving, addr) =
            serving.listen(callers, routes, probes.clone()).map_err(failed(server.listen))?;
        let mut admin_addr = None;
        if let Some(asked) = server.admin_listen {
            let connections = Arc::new(Connections::new(capacity::OPERATORS, metrics.connections()));
            let operators = Listener { name: "operators", addr: asked, connections };
            let (both, addr) = serving
                .listen(operators, open(http::routes::table::operators), probes)
                .map_err(failed(asked))?;
            (serving, admin_addr) = (both, Some(addr));
        }
        let shutdown_grace = server.shutdown_grace;
        Ok(Self {
            server: serving.run(),
            addr,
            admin_addr,
            clock,
            draining,
            stopping,
            traffic,
            connections,
            shutdown_grace,
            tasks,
        })
    }

    /// The address that callers use, with the real port.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The address of the operators' listener, with the real port.
    #[must_use]
    pub fn admin_addr(&self) -> Option<SocketAddr> {
        self.admin_addr
    }

    /// The clock that everything in this gateway ages by.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Serves until `shutdown` is ready, then stops within the grace period.
    ///
    /// Stopping has two halves. In the first the gateway says that it is not ready, still takes what comes, so
    /// that a load balancer has time to notice, and ends each connection after its answer; it lasts until no
    /// request is in flight, at most half of the grace. In the second it accepts nothing and finishes what is
    /// left; what has not finished when the grace is over is cut off.
    ///
    /// # Errors
    /// Serving ended before `shutdown` was ready.
    pub async fn run_until(self, shutdown: impl Future<Output = ()>) -> Result<(), AppError> {
        let Self {
            server,
            draining,
            stopping,
            traffic,
            connections,
            shutdown_grace,
            tasks,
            addr,
            admin_addr,
            ..
        } = self;
        let handle = server.handle();
        let mut server = pin!(server);
        let admin_addr = admin_addr.map(tracing::field::display);
        tracing::info!(%addr, admin_addr, max_connections = connections.most(), "listening");
        tokio::select! {
            ended = &mut server => return ended.map_err(AppError::Serve),
            () = shutdown => {}
        }
        let told = Instant::now();
        draining.store(true, Ordering::Release);
        stopping.cancel();
        tracing::info!("stopping: not ready any more, finishing what is in flight");
        tokio::select! {
            ended = &mut server => return ended.map_err(AppError::Serve),
            // Out of time is as good: the second half is next either way.
            _ = timeout_at(told + shutdown_grace / 2, traffic.settled()) => {}
        }
        // The command is sent by the call; the server's own future ends once it is carried out.
        drop(handle.stop(true));
        match timeout_at(told + shutdown_grace, &mut server).await {
            Ok(ended) => ended.map_err(AppError::Serve)?,
            Err(_) => log_cut_off(connections.open()),
        }
        let left = tasks.stop((told + shutdown_grace).max(Instant::now() + TASKS_END_WITHIN)).await;
        if 0 < left {
            tracing::warn!(tasks = left, "out of time: background tasks were cut off");
        }
        tracing::info!("stopped");
        Ok(())
    }
}

/// The connections without a request were closed when the stop began, so each one left is a request: one that is
/// still read or worked at, or whose answer is still being sent.
fn log_cut_off(requests: usize) {
    if 0 < requests {
        tracing::warn!(requests, "out of time: requests were cut off");
    }
}

impl fmt::Debug for App {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("App").field("addr", &self.addr).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
