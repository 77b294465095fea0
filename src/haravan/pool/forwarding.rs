//! The client for what is passed through. It changes nothing, and holds little of a large body.
//!
//! It speaks HTTP/1.1. On HTTP/2, calls share a connection: a body that is read slowly would delay the other calls, or fill
//! a window of 2 MiB here.

use std::time::Duration;

use hyper::body::Incoming;
use hyper::{Request, Response, Uri};
use hyper_util::client::legacy::{Client, Error};
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use reqwest::Body;
use rustls::ClientConfig;
use secrecy::ExposeSecret;

use super::connector::Connector;
use super::policy::{HaravanPolicy, ProxyPolicy};
use super::tls::{HTTP_1, speaking};
use super::{PoolError, cause_of};
use crate::haravan::error::{CallError, ConnectionCause};

/// The most bytes that are read, or kept to be written, at once; also the longest head of an answer. Source: ours.
const BUFFER: usize = 64 << 10;

/// Sends requests as they are.
#[derive(Debug, Clone)]
pub(in crate::haravan) struct ForwardingClient(Client<Connector, Body>);

impl ForwardingClient {
    /// Connects when it is first used, and keeps connections open if `idle` says so.
    pub(super) fn new(
        policy: &HaravanPolicy,
        trust: &ClientConfig,
        idle: Option<Duration>,
    ) -> Result<Self, PoolError> {
        let connector = Connector::new(speaking(trust, &[HTTP_1]), proxies(policy)?, policy.connect_timeout);
        let mut builder = Client::builder(TokioExecutor::new());
        builder.http1_max_buf_size(BUFFER).timer(TokioTimer::new()).pool_timer(TokioTimer::new());
        match idle {
            Some(idle) => builder.pool_idle_timeout(idle),
            None => builder.pool_max_idle_per_host(0),
        };
        Ok(Self(builder.build(connector)))
    }

    /// Sends a request; ends with the head of the answer.
    pub(in crate::haravan) async fn send(
        &self,
        request: Request<Body>,
    ) -> Result<Response<Incoming>, CallError> {
        self.0.request(request).await.map_err(|error| call_error(&error))
    }
}

/// Which proxy an address has: the same rule as [`builder`](super::builder) gives to the other client.
fn proxies(policy: &HaravanPolicy) -> Result<Option<Matcher>, PoolError> {
    match &policy.proxy {
        ProxyPolicy::Never => Ok(None),
        ProxyPolicy::FromEnvironment => Ok(Some(Matcher::from_system())),
        ProxyPolicy::At(url) => {
            let proxies = Matcher::builder().https(url.expose_secret()).build();
            // The matcher leaves out an address that it cannot read.
            let haravan: Uri = policy.base_url.parse().map_err(|_| PoolError::Address)?;
            let is_read = proxies.intercept(&haravan).is_some();
            if is_read { Ok(Some(proxies)) } else { Err(PoolError::Address) }
        }
    }
}

fn call_error(error: &Error) -> CallError {
    match cause_of(error) {
        ConnectionCause::Timeout if !error.is_connect() => CallError::Timeout,
        cause => CallError::Connection { cause },
    }
}
