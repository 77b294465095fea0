//! How Haravan is reached: where it is, how long calls may take, and through which proxy.

use std::time::Duration;

use secrecy::SecretString;

/// How Haravan is reached.
#[derive(Debug, Clone)]
pub struct HaravanPolicy {
    /// Where it is, without a trailing slash.
    pub base_url: String,
    /// The longest it may take to connect.
    pub connect_timeout: Duration,
    /// The longest a whole call may take.
    pub request_timeout: Duration,
    /// The proxy that calls go through.
    pub proxy: ProxyPolicy,
}

/// The proxy that calls to Haravan go through. A call that is not encrypted uses none: the proxy could read the shop's
/// token.
#[derive(Debug, Clone)]
pub enum ProxyPolicy {
    /// No proxy, whatever the environment says.
    Never,
    /// The proxy in `HTTPS_PROXY`, except for the hosts in `NO_PROXY`.
    FromEnvironment,
    /// This proxy; its address may hold a password.
    At(SecretString),
}
