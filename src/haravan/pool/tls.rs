//! TLS to Haravan and to proxies: a certificate is judged by what this machine trusts.

use std::sync::Arc;

use rustls::ClientConfig;
use rustls::crypto::ring::default_provider;
use rustls_platform_verifier::BuilderVerifierExt;

/// The name of HTTP/1.1 in a handshake.
pub(super) const HTTP_1: &[u8] = b"http/1.1";
/// The name of HTTP/2 in a handshake.
pub(super) const HTTP_2: &[u8] = b"h2";

/// Reads what the machine trusts, from disk.
///
/// # Errors
/// The machine's certificates cannot be loaded.
pub(super) fn load() -> Result<ClientConfig, rustls::Error> {
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()));
    let builder = builder.with_safe_default_protocol_versions()?.with_platform_verifier()?;
    Ok(builder.with_no_client_auth())
}

/// The same configuration, for these protocols, the best first.
pub(super) fn speaking(trust: &ClientConfig, protocols: &[&[u8]]) -> ClientConfig {
    let mut tls = trust.clone();
    tls.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    tls
}
