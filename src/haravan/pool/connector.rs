//! How a connection is made for what is passed through: straight or through a proxy, and within a time.

use std::error::Error;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Uri;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tower_service::Service;

type BoxError = Box<dyn Error + Send + Sync>;
type Connecting<T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send>>;
/// A connection to Haravan, or through a proxy; with TLS if the proxy has it.
type Hop = MaybeHttpsStream<TokioIo<TcpStream>>;

/// After how long a quiet connection is tested, and how long bytes may stay unconfirmed. Source: reqwest.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
const UNCONFIRMED: Duration = Duration::from_secs(30);

/// Makes connections.
#[derive(Clone)]
pub(super) struct Connector {
    to_haravan: HttpsConnector<Way>,
    /// The longest that a connection may take to be made.
    longest: Duration,
}

/// The way to Haravan, before TLS with Haravan begins.
#[derive(Clone)]
struct Way {
    tcp: HttpConnector,
    tls: Arc<ClientConfig>,
    /// Which proxy an address has.
    proxies: Option<Arc<Matcher>>,
}

impl Connector {
    pub(super) fn new(tls: ClientConfig, proxies: Option<Matcher>, longest: Duration) -> Self {
        let tls = Arc::new(tls);
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(longest));
        tcp.set_keepalive(Some(KEEP_ALIVE));
        tcp.set_keepalive_interval(Some(KEEP_ALIVE));
        tcp.set_keepalive_retries(Some(3));
        #[cfg(target_os = "linux")]
        tcp.set_tcp_user_timeout(Some(UNCONFIRMED));
        let way = Way { tcp, tls: Arc::clone(&tls), proxies: proxies.map(Arc::new) };
        Self { to_haravan: HttpsConnector::from((way, tls)), longest }
    }
}

impl Service<Uri> for Connector {
    type Response = MaybeHttpsStream<Hop>;
    type Error = BoxError;
    type Future = Connecting<Self::Response>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.to_haravan.poll_ready(context)
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let connecting = timeout(self.longest, self.to_haravan.call(to));
        Box::pin(async { connecting.await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))? })
    }
}

impl Service<Uri> for Way {
    type Response = Hop;
    type Error = BoxError;
    type Future = Connecting<Hop>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let tcp = self.tcp.clone();
        let Some(proxy) = self.proxies.as_ref().and_then(|proxies| proxies.intercept(&to)) else {
            return Box::pin(async { Ok(MaybeHttpsStream::Http(connect(tcp, to).await?)) });
        };
        let to_proxy = HttpsConnector::from((tcp, Arc::clone(&self.tls)));
        let mut tunnel = Tunnel::new(proxy.uri().clone(), to_proxy);
        if let Some(password) = proxy.basic_auth() {
            tunnel = tunnel.with_auth(password.clone());
        }
        Box::pin(async { connect(tunnel, to).await })
    }
}

async fn connect<S>(mut service: S, to: Uri) -> Result<S::Response, BoxError>
where
    S: Service<Uri>,
    S::Error: Into<BoxError>,
{
    poll_fn(|context| service.poll_ready(context)).await.map_err(Into::into)?;
    service.call(to).await.map_err(Into::into)
}
