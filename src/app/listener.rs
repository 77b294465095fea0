//! The listener: actix's server as `HttpServer` sets it up, with a `HeadGuard` (`http::head_guard`) around each connection.
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
use super::gate::Gate;
use crate::http::connection::head_guard::HEAD_TIMEOUT;

/// How many connections may wait to be accepted. Source: `HttpServer`'s default.
const BACKLOG: u32 = 1024;
/// How long a connection may idle: longer than the 60 s after which common load balancers close theirs, so
/// that none is closed under a request.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long a caller may take to close once it is asked to. Source: `HttpServer`'s default.
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// How connections are served.
#[derive(Debug, Clone)]
pub(super) struct Serving {
    /// The address to listen on.
    pub(super) listen: SocketAddr,
    /// Threads that serve.
    pub(super) workers: usize,
    /// Seconds that a stop may take.
    pub(super) shutdown_seconds: u64,
    /// Where connections are counted.
    pub(super) connections: Arc<Connections>,
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
    /// Listens, and gives back the address with the real port; connections are accepted once the server is polled.
    /// Connections beyond the most that are served are answered by `probes` alone.
    pub(super) fn start<F, S, B, G, P, C>(self, routes: F, probes: G) -> io::Result<(Server, SocketAddr)>
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
        let listener = bind(self.listen)?;
        let addr = listener.local_addr()?;
        let server = ServerBuilder::new()
            .workers(self.workers)
            .disable_signals()
            .max_concurrent_connections(self.connections_of_a_worker())
            .shutdown_timeout(self.shutdown_seconds);
        let stopping = server.graceful_shutdown_signal();
        let connections = self.connections;
        let server = server.listen("http", listener, move || {
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
        Ok((server.run(), addr))
    }

    /// How many connections a worker may have before no more are accepted: over all workers more than are ever counted,
    /// so that one of them always takes the next.
    fn connections_of_a_worker(&self) -> usize {
        let all = self.connections.most().saturating_add(BEYOND).saturating_add(IN_HAND);
        all.div_ceil(self.workers.max(1))
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
