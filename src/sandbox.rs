//! A local Haravan, as strict and as odd as the real one, to develop and test against.
//!
//! It answers the inventory, location, product and shop resources under `/com`, keeps a leaky bucket per shop,
//! and misbehaves in any way that a switch asks for (`faults`). It shares no code with the client it is there to try:
//! nothing of the rest of the crate is used here, so that a misspelling on either side shows.
//!
//! The way of a request: `serve` (token) → `request` (query) → `journal` → `gate` → `bucket` → `faults` →
//! `page` or `resources` (over `store` and `catalog`) → `mishap`. `settings` says what shops there are, `example`
//! and `generator` what they hold; `handle` and `switches` are the controls, in process and over HTTP.

pub mod catalog;
mod changes;
pub mod faults;
pub mod gate;
pub mod handle;
pub mod journal;
pub mod request;
pub mod settings;
pub mod stock;
mod store;

mod answer;
mod bucket;
mod example;
mod generator;
mod mishap;
mod page;
mod raw;
mod resources;
mod serve;
mod shop;
mod switches;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use actix_web::dev::ServerHandle;
use actix_web::web::{self, Data};
use actix_web::{App, HttpServer};
use thiserror::Error;
use tokio::runtime::Handle;
use tokio::time::Instant;

use self::handle::ShopHandle;
use self::serve::State;
use self::settings::{SandboxSettings, ShopSettings};
use self::shop::Shop;
use self::store::RowError;

/// How many seconds requests may go on when the server is stopped with grace.
const SHUTDOWN_SECONDS: u64 = 1;

/// A running sandbox; it stops when dropped.
#[derive(Debug)]
pub struct Sandbox {
    addr: SocketAddr,
    state: Data<State>,
    server: ServerHandle,
}

/// Why a sandbox does not start.
#[derive(Debug, Error)]
pub enum SandboxError {
    /// The address cannot be listened on.
    #[error("the sandbox cannot listen on {addr}")]
    Bind {
        /// The address asked for.
        addr: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// A row given for a shop cannot be read.
    #[error("shop {org_id} has a row that cannot be read")]
    Row {
        /// The shop.
        org_id: u64,
        /// What is wrong with the row.
        source: RowError,
    },
    /// Two shops share a token or an id.
    #[error("shop {org_id} has the org id or the token of another")]
    Ambiguous {
        /// The later of the two.
        org_id: u64,
    },
    /// There is no runtime to serve on.
    #[error("a sandbox starts inside a tokio runtime")]
    NoRuntime,
}

impl Sandbox {
    /// Listens, serves in the background, and returns at once.
    ///
    /// # Errors
    /// See [`SandboxError`].
    pub fn start(settings: SandboxSettings) -> Result<Self, SandboxError> {
        let SandboxSettings { listen, shops, seed, workers } = settings;
        let runtime = Handle::try_current().map_err(|_| SandboxError::NoRuntime)?;
        let state = Data::new(State {
            shops: open_shops(shops, seed)?,
            unauthorized: AtomicU64::new(0),
            connections: AtomicU64::new(0),
            dead_connections: AtomicU64::new(0),
            stopped: AtomicBool::new(false),
        });
        let shared = state.clone();
        let server = HttpServer::new(move || {
            let app = App::new().app_data(shared.clone()).configure(switches::configure);
            app.default_service(web::to(serve::serve))
        });
        let counted = state.clone();
        let server = server.on_connect(move |_, connection| {
            connection.insert(counted.connected());
        });
        let bind = |source| SandboxError::Bind { addr: listen, source };
        let server = server.workers(workers.max(1)).disable_signals().shutdown_timeout(SHUTDOWN_SECONDS);
        let server = server.bind(listen).map_err(bind)?;
        let addr = server.addrs().first().copied().unwrap_or(listen);
        let server = server.run();
        let handle = server.handle();
        runtime.spawn(server);
        Ok(Self { addr, state, server: handle })
    }

    /// The address served, with the real port.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The address as a URL without a path: `http://127.0.0.1:4100`.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The controls of a shop.
    pub fn shop(&self, org_id: u64) -> Option<ShopHandle> {
        self.state.shop(org_id).cloned().map(ShopHandle::new)
    }

    /// How many requests came without a shop's token; no shop counts them.
    pub fn unauthorized(&self) -> u64 {
        self.state.unauthorized.load(Ordering::Relaxed)
    }

    /// Lets every connection that is open die without a word: nothing is answered on them any more.
    pub fn kill_connections(&self) {
        self.state.kill_connections();
    }

    /// Stops serving; requests under way are cut off, and none is answered once this returns.
    pub async fn stop(self) {
        self.state.stopped.store(true, Ordering::Release);
        self.server.stop(false).await;
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.state.stopped.store(true, Ordering::Release);
        // The command is sent by the call; the future would only wait for the end.
        drop(self.server.stop(false));
    }
}

fn open_shops(settings: Vec<ShopSettings>, seed: u64) -> Result<Vec<Arc<Shop>>, SandboxError> {
    let started = Instant::now();
    let mut shops: Vec<Arc<Shop>> = Vec::with_capacity(settings.len());
    for settings in settings {
        let org_id = settings.org_id;
        let taken = |shop: &Arc<Shop>| shop.org_id == org_id || shop.access.read().token == settings.token;
        if shops.iter().any(taken) {
            return Err(SandboxError::Ambiguous { org_id });
        }
        let shop =
            Shop::new(settings, seed, started).map_err(|source| SandboxError::Row { org_id, source })?;
        shops.push(Arc::new(shop));
    }
    Ok(shops)
}

#[cfg(test)]
mod tests;
