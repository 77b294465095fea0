//! The listeners: actix's server as `HttpServer` sets it up, with a `HeadGuard` (`http::head_guard`) around each connection.
//!
//! `HttpServer` puts nothing between a connection and its HTTP/1 service, so that service is built here by hand.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_http::{HttpService, KeepAlive, Request, Response};
use actix_server::{Server, ServerBuilder};
use actix_service::{ServiceFactory, fn_factory};
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::Service;
use tokio::net::TcpSocket;

use super::capacity::IN_HAND;
use super::connections::{BEYOND, Connections};
use super::gate::{Gate, Guarded};
use crate::http::connection::head_guard::HEAD_TIMEOUT;

/// How many connections may wait to be accepted. Source: `HttpServer`'s default.
const BACKLOG: u32 = 1024;
/// How long a connection may idle: longer than the 60 s after which common load balancers close theirs, so
/// that none is closed under a request.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long a caller may take to close once it is asked to. Source: `HttpServer`'s default.
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// An address to listen on.
#[derive(Debug, Clone)]
pub(super) struct Listener {
    /// Its name in the server.
    pub(super) name: &'static str,
    /// The address.
    pub(super) addr: SocketAddr,
    /// Where its connections are counted.
    pub(super) connections: Arc<Connections>,
}

/// A server in the making: its listeners, each with the routes that it serves.
pub(super) struct Serving {
    server: ServerBuilder,
    /// Threads that serve.
    workers: usize,
    /// The most connections to all listeners.
    most: usize,
}

/// What serves the requests of a worker, with answers that have such a body.
pub(super) trait Application<B>:
    ServiceFactory<
        Request,
        Config = (),
        Response: Into<Response<B>> + 'static,
        Error: Into<Response<BoxBody>> + 'static,
        InitError: fmt::Debug,
    > + 'static
{
}

impl<B, S> Application<B> for S where
    S: ServiceFactory<
            Request,
            Config = (),
            Response: Into<Response<B>> + 'static,
            Error: Into<Response<BoxBody>> + 'static,
            InitError: fmt::Debug,
        > + 'static
{
}

impl Serving {
    /// A server without a listener. A stop may take this number of seconds.
    pub(super) fn new(workers: usize, shutdown_seconds: u64) -> Self {
        let server =
            ServerBuilder::new().workers(workers).disable_signals().shutdown_timeout(shutdown_seconds);
        Self { server, workers, most: 0 }
    }

    /// Binds one more address, and returns it with the real port. Connections to it are accepted once the server is
    /// polled. Connections beyond the most that are served are answered by `probes` alone.
    pub(super) fn listen<F, S, B, G, P, C>(
        mut self,
        listener: Listener,
        routes: F,
        probes: G,
    ) -> io::Result<(Self, SocketAddr)>
    where
        F: Fn() -> S + Send + Clone + 'static,
        S: Application<B>,
        <S::Service as Service<Request>>::Future: 'static,
        B: MessageBody + 'static,
        G: Fn() -> P + Send + Clone + 'static,
        P: Application<C>,
        <P::Service as Service<Request>>::Future: 'static,
        C: MessageBody + 'static,
    {
        let Listener { name, addr, connections } = listener;
        let bound = bind(addr)?;
        let addr = bound.local_addr()?;
        self.most =
            self.most.saturating_add(connections.most()).saturating_add(BEYOND).saturating_add(IN_HAND);
        let stopping = self.server.graceful_shutdown_signal();
        self.server = self.server.listen(name, bound, move || {
            let (stopping, connections) = (stopping.clone(), Arc::clone(&connections));
            // Ends idle connections when the server stops, as `HttpServer` has it.
            let stopped = move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            };
            let served = HttpService::build()
                .keep_alive(KEEP_ALIVE)
                .client_request_timeout(HEAD_TIMEOUT)
                .client_disconnect_timeout(DISCONNECT_TIMEOUT)
                .local_addr(addr)
                .graceful_shutdown_signal(stopped.clone())
                .on_connect_ext(|connection: &Guarded, along| {
                    along.insert(connection.window());
                })
                .h1(routes());
            let probed = HttpService::build()
                .keep_alive(KeepAlive::Disabled)
                .client_request_timeout(HEAD_TIMEOUT)
                .client_disconnect_timeout(DISCONNECT_TIMEOUT)
                .local_addr(addr)
                .graceful_shutdown_signal(stopped)
                .h1(probes());
            fn_factory(move || {
                let (application, probes) = (served.new_service(()), probed.new_service(()));
                let connections = Arc::clone(&connections);
                async move { Ok::<_, ()>(Gate::new(connections, application.await?, probes.await?)) }
            })
        })?;
        Ok((self, addr))
    }

    /// The server, to be polled.
    pub(super) fn run(self) -> Server {
        // Over all workers more than are ever counted, so that one of them always takes the next.
        let of_a_worker = self.most.div_ceil(self.workers.max(1));
        self.server.max_concurrent_connections(of_a_worker).run()
    }
}

fn bind(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = if addr.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A gateway that starts anew takes the address over from connections of the last one that linger.
    #[cfg(not(windows))]
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    socket.listen(BACKLOG)?.into_std()
}
