//! The HTTP client that batches are exported with: its requests run on the runtime, whichever thread asks for them.

use std::time::Duration;

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response, ResponseBodyTooLarge};
use reqwest::header::RETRY_AFTER;
use reqwest::{Client, Proxy, redirect};
use secrecy::ExposeSecret;
use tokio::runtime::Handle;

use super::OtlpError;
use crate::settings::proxy::ProxyUrl;

/// The most bytes read of a collector's answer: it says how much it took, and no more.
const MAX_BODY: usize = 64 * 1024;

/// Sends what is exported.
#[derive(Debug)]
pub(super) struct CollectorClient {
    http: Client,
    runtime: Handle,
}

impl CollectorClient {
    /// A client whose requests take so long at most, and go through this proxy or none: what the environment names
    /// is not asked.
    pub(super) fn new(timeout: Duration, proxy: Option<&ProxyUrl>) -> Result<Self, OtlpError> {
        let runtime = Handle::try_current().map_err(|_| OtlpError::NoRuntime)?;
        // Fails if one is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut http = Client::builder().no_proxy();
        if let Some(proxy) = proxy {
            http = http.proxy(Proxy::all(proxy.to_secret().expose_secret())?);
        }
        let http = http
            .user_agent(concat!("tonkho/", env!("CARGO_PKG_VERSION")))
            .timeout(timeout)
            .redirect(redirect::Policy::none())
            .build()?;
        Ok(Self { http, runtime })
    }
}

#[async_trait]
impl HttpClient for CollectorClient {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        // The thread that exports is not part of the runtime, and pooled connections are.
        self.runtime.spawn(send(self.http.clone(), request)).await?
    }
}

async fn send(http: Client, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
    let mut answer = http.execute(request.try_into()?).await?;
    let mut response = Response::builder().status(answer.status());
    if let Some(retry_after) = answer.headers().get(RETRY_AFTER) {
        response = response.header(RETRY_AFTER, retry_after);
    }
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        if MAX_BODY < body.len() + chunk.len() {
            return Err(ResponseBodyTooLarge::new().into());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(response.body(Bytes::from(body))?)
}
