//! The listener: actix's server as `HttpServer` sets it up, with a [`HeadGuard`] around each connection.
//!
//! `HttpServer` puts nothing between a connection and its HTTP/1 service, so that service is built here by hand.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_http::{HttpService, Request, Response};
use actix_server::{Server, ServerBuilder};
use actix_service::{ServiceFactory, ServiceFactoryExt, fn_service};
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::Service;
use tokio::net::{TcpSocket, TcpStream};

use super::connections::{Connections, Placed};
use crate::http::head_guard::HeadGuard;

/// How many connections may wait to be accepted. Source: `HttpServer`'s default.
const BACKLOG: u32 = 1024;
/// How long a connection may idle: longer than the 60 s after which common load balancers close theirs, so
/// that none is closed under a request.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long a caller may take to send the head of a request.
const REQUEST_HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a caller may take to go once it is told to. Source: `HttpServer`'s default.
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

impl Serving {
    /// Listens, and gives back the address with the real port; connections are accepted once the server is polled.
    pub(super) fn start<F, S, B>(self, routes: F) -> io::Result<(Server, SocketAddr)>
    where
        F: Fn() -> S + Send + Clone + 'static,
        S: ServiceFactory<Request, Config = ()> + 'static,
        S::Error: Into<Response<BoxBody>> + 'static,
        S::InitError: fmt::Debug,
        S::Response: Into<Response<B>> + 'static,
        <S::Service as Service<Request>>::Future: 'static,
        B: MessageBody + 'static,
    {
        let listener = bind(self.listen)?;
        let addr = listener.local_addr()?;
        let server = ServerBuilder::new()
            .workers(self.workers)
            .disable_signals()
            .shutdown_timeout(self.shutdown_seconds);
        let stopping = server.graceful_shutdown_signal();
        let connections = self.connections;
        let server = server.listen("http", listener, move || {
            let (stopping, connections) = (stopping.clone(), Arc::clone(&connections));
            let http = HttpService::build()
                .keep_alive(KEEP_ALIVE)
                .client_request_timeout(REQUEST_HEAD_TIMEOUT)
                .client_disconnect_timeout(DISCONNECT_TIMEOUT)
                .local_addr(addr)
                // Ends idle connections when the server stops, as `HttpServer` has it.
                .graceful_shutdown_signal(move || {
                    let stopping = stopping.clone();
                    async move { stopping.notified().await }
                })
                .h1(routes());
            fn_service(move |connection: TcpStream| {
                let place = connections.enter();
                async move {
                    // An answer is written at once: there is nothing to wait for. It works without, too.
                    let _unset = connection.set_nodelay(true);
                    let peer = connection.peer_addr().ok();
                    Ok((HeadGuard::new(Placed::new(connection, place)), peer))
                }
            })
            .and_then(http)
        })?;
        Ok((server.run(), addr))
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
