//! The connections to Haravan: those that stay open for the next call, and new ones.

mod connector;
mod forwarding;
pub(super) mod policy;
mod tls;

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::RwLock;
use reqwest::{Client, ClientBuilder, Proxy, redirect};
use rustls::ClientConfig;
use secrecy::ExposeSecret;
use tokio::time::Instant;

use self::forwarding::ForwardingClient;
use self::policy::{HaravanPolicy, ProxyPolicy};
use self::tls::{HTTP_1, HTTP_2};
use super::call::Connection;
use super::error::{CallError, ConnectionCause};

/// How calls name their sender.
pub(super) const USER_AGENT: &str = concat!("tonkho/", env!("CARGO_PKG_VERSION"));

/// How long a connection stays open unused. Source: ours; what lies between forgets idle connections
/// after a minute or more.
const IDLE: Duration = Duration::from_secs(45);

/// How often a shared (HTTP/2) connection is asked whether it lives, and how long it may take to say so.
const KEEP_ALIVE: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(4));

/// The open connections are given up no more often than this.
const RENEW_EVERY: Duration = Duration::from_secs(5);

/// Where connections come from.
#[derive(Debug)]
pub(super) struct Pool {
    policy: HaravanPolicy,
    pooled: RwLock<Pooled>,
    /// They open a connection for each call.
    unpooled: Clients,
    renewing: AtomicBool,
}

/// The connections that are open.
#[derive(Debug)]
struct Pooled {
    clients: Clients,
    /// How often open connections were given up before.
    number: u64,
    /// When they were last.
    renewed: Option<Instant>,
}

/// What calls are made with.
#[derive(Debug, Clone)]
struct Clients {
    client: Client,
    /// For what is passed through: the time of a whole call has no bound.
    forwarding: ForwardingClient,
}

/// A client for one call, and which open connections there were.
#[derive(Debug)]
pub(super) struct Lent<C> {
    pub(super) client: C,
    number: u64,
}

/// The clients could not be made.
#[derive(Debug, thiserror::Error)]
pub enum PoolError {
    /// The client could not be built.
    #[error(transparent)]
    Client(#[from] reqwest::Error),
    /// What this machine trusts could not be loaded.
    #[error(transparent)]
    Trust(#[from] rustls::Error),
    /// An address cannot be read.
    #[error("the address of the proxy cannot be read")]
    Address,
}

impl Pool {
    /// Connects when it is first used.
    pub(super) fn new(policy: HaravanPolicy) -> Result<Self, PoolError> {
        let trust = tls::load()?;
        let pooled = Pooled { clients: Clients::new(&policy, &trust, Some(IDLE))?, number: 0, renewed: None };
        let unpooled = Clients::new(&policy, &trust, None)?;
        Ok(Self { policy, pooled: RwLock::new(pooled), unpooled, renewing: AtomicBool::new(false) })
    }

    /// How Haravan is reached.
    pub(super) fn policy(&self) -> &HaravanPolicy {
        &self.policy
    }

    /// What a call is made with.
    pub(super) fn lend(&self, on: Connection) -> Lent<Client> {
        self.lend_one(on, |clients| clients.client.clone())
    }

    /// What a call is made with that is passed through.
    pub(super) fn lend_forwarding(&self, on: Connection) -> Lent<ForwardingClient> {
        self.lend_one(on, |clients| clients.forwarding.clone())
    }

    fn lend_one<C>(&self, on: Connection, one: impl FnOnce(&Clients) -> C) -> Lent<C> {
        let pooled = self.pooled.read();
        let client = match on {
            Connection::Pooled => one(&pooled.clients),
            Connection::New => one(&self.unpooled),
        };
        Lent { client, number: pooled.number }
    }

    /// A new connection does where an open one did not: the open ones are given up, unless they were meanwhile.
    /// What is on its way on them is left to end.
    pub(super) fn new_connection_does<C>(self: &Arc<Self>, lent: &Lent<C>) {
        let is_due = |pool: &Self| {
            let pooled = pool.pooled.read();
            let lately = pooled.renewed.is_some_and(|renewed| renewed.elapsed() < RENEW_EVERY);
            pooled.number == lent.number && !lately
        };
        if !is_due(self) || self.renewing.swap(true, Ordering::AcqRel) {
            return;
        }
        let pool = Arc::clone(self);
        // The machine's certificates are read from disk.
        tokio::task::spawn_blocking(move || {
            let number = pool.pooled.read().number.wrapping_add(1);
            match Pooled::renewed(&pool.policy, number) {
                Ok(pooled) => *pool.pooled.write() = pooled,
                Err(error) => tracing::warn!(%error, "open connections to Haravan cannot be given up"),
            }
            pool.renewing.store(false, Ordering::Release);
        });
    }
}

impl Pooled {
    fn renewed(policy: &HaravanPolicy, number: u64) -> Result<Self, PoolError> {
        let clients = Clients::new(policy, &tls::load()?, Some(IDLE))?;
        Ok(Self { clients, number, renewed: Some(Instant::now()) })
    }
}

impl Clients {
    /// They keep connections open for this long; `None` for not at all.
    fn new(policy: &HaravanPolicy, trust: &ClientConfig, idle: Option<Duration>) -> Result<Self, PoolError> {
        let forwarding = ForwardingClient::new(policy, trust, idle)?;
        let builder = builder(policy)?.tls_backend_preconfigured(tls::speaking(trust, &[HTTP_2, HTTP_1]));
        let client = match idle {
            Some(idle) => builder.pool_idle_timeout(idle),
            None => builder.pool_max_idle_per_host(0),
        };
        Ok(Self { client: client.build()?, forwarding })
    }
}

fn builder(policy: &HaravanPolicy) -> Result<ClientBuilder, reqwest::Error> {
    let builder = Client::builder()
        .user_agent(USER_AGENT)
        .timeout(policy.request_timeout)
        .connect_timeout(policy.connect_timeout)
        .redirect(redirect::Policy::none())
        .http2_keep_alive_interval(KEEP_ALIVE.0)
        .http2_keep_alive_timeout(KEEP_ALIVE.1)
        .tcp_nodelay(true);
    Ok(match &policy.proxy {
        ProxyPolicy::Never => builder.no_proxy(),
        // The client's own way: it reads them when it is built.
        ProxyPolicy::FromEnvironment => builder,
        ProxyPolicy::At(url) => builder.no_proxy().proxy(Proxy::https(url.expose_secret())?),
    })
}

/// What went wrong with a call that brought no answer, or broke off.
pub(super) fn call_error(error: &reqwest::Error) -> CallError {
    if error.is_timeout() {
        if error.is_connect() {
            CallError::Connection { cause: ConnectionCause::Timeout }
        } else {
            CallError::Timeout
        }
    } else if error.is_decode() {
        CallError::Unreadable { problem: "its encoding is broken" }
    } else {
        CallError::Connection { cause: cause_of(error) }
    }
}

/// The first cause in the chain with a text of its own.
pub(super) fn cause_of(error: &(dyn Error + 'static)) -> ConnectionCause {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(cause) = told_by(error) {
            return cause;
        }
        next = error.source();
    }
    ConnectionCause::Other
}

fn told_by(error: &(dyn Error + 'static)) -> Option<ConnectionCause> {
    if let Some(error) = error.downcast_ref::<rustls::Error>() {
        return Some(match error {
            rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer) => {
                ConnectionCause::UntrustedIssuer
            }
            _ => ConnectionCause::Tls,
        });
    }
    if let Some(error) = error.downcast_ref::<io::Error>() {
        let inner = error.get_ref().map(|inner| -> &(dyn Error + 'static) { inner });
        if let Some(cause) = inner.and_then(told_by) {
            return Some(cause);
        }
        return match error.kind() {
            io::ErrorKind::ConnectionRefused => Some(ConnectionCause::Refused),
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::NotConnected
            | io::ErrorKind::UnexpectedEof => Some(ConnectionCause::Reset),
            io::ErrorKind::TimedOut => Some(ConnectionCause::Timeout),
            _ => None,
        };
    }
    // The types of these cannot be named: their texts can.
    let text = error.to_string();
    if text.starts_with("dns error") {
        Some(ConnectionCause::Dns)
    } else if text.contains("connection closed") || text.contains("before message completed") {
        Some(ConnectionCause::Reset)
    } else {
        None
    }
}
