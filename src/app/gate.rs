//! The gate that a connection comes through: to the application, or, beyond the most that are served, to the probes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_http::error::DispatchError;
use actix_web::dev::Service;
use futures_util::FutureExt;
use futures_util::future::{Either, LocalBoxFuture};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::connections::{Admission, Connections, Place, Placed};
use crate::http::connection::head_guard::HeadGuard;

/// How long a connection may take that is there for the probes alone.
const PROBE: Duration = Duration::from_secs(5);

/// A connection as it is served.
pub(super) type Guarded = HeadGuard<Placed<TcpStream>>;

/// A connection as it is served, and who is at its other end.
pub(super) type Accepted = (Guarded, Option<SocketAddr>);

/// Accepts a worker's connections.
#[derive(Debug)]
pub(super) struct Gate<A, P> {
    connections: Arc<Connections>,
    application: A,
    probes: P,
}

impl<A, P> Gate<A, P> {
    pub(super) fn new(connections: Arc<Connections>, application: A, probes: P) -> Self {
        Self { connections, application, probes }
    }
}

impl<A, P> Service<TcpStream> for Gate<A, P>
where
    A: Service<Accepted, Response = (), Error = DispatchError>,
    P: Service<Accepted, Response = (), Error = DispatchError>,
    P::Future: 'static,
{
    type Response = ();
    type Error = DispatchError;
    type Future = Either<A::Future, LocalBoxFuture<'static, Result<(), DispatchError>>>;

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), DispatchError>> {
        ready!(self.application.poll_ready(context))?;
        self.probes.poll_ready(context)
    }

    fn call(&self, connection: TcpStream) -> Self::Future {
        match self.connections.admit() {
            Admission::Served(place) => Either::Left(self.application.call(accepted(connection, place))),
            Admission::Probes(place, needed) => {
                let probed = timeout(PROBE, self.probes.call(accepted(connection, place)));
                let ended = async {
                    tokio::select! {
                        probed = probed => probed.unwrap_or(Ok(())),
                        () = needed.by_another() => Ok(()),
                    }
                };
                Either::Right(ended.boxed_local())
            }
        }
    }
}

fn accepted(connection: TcpStream, place: Place) -> Accepted {
    // An answer is written at once: there is nothing to wait for. It works without, too.
    let _unset = connection.set_nodelay(true);
    let peer = connection.peer_addr().ok();
    (HeadGuard::new(Placed::new(connection, place)), peer)
}
