//! Where Haravan is: an address that is safe to send tokens to.
//!
//! Parsed by hand, with lists of what is allowed: there is no credential, no query and no odd spelling of a
//! host to think about afterwards.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::kind::{Kind, Refusal};

/// Where Haravan's API is, as documented.
const HARAVAN: &str = "https://apis.haravan.com";

/// The start of every URL asked of Haravan: `https`, or `http` on loopback only; without a slash at its end,
/// a query or credentials. The default is `https://apis.haravan.com`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BaseUrl(String);

/// Why an address is not a [`BaseUrl`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BaseUrlError {
    /// It begins with neither `https://` nor `http://`.
    #[error("must begin with https://, or with http:// on loopback")]
    Scheme,
    /// It would send tokens in the clear over a network.
    #[error("must be https: http is for loopback only")]
    Clear,
    /// It holds a user name or a password.
    #[error("must not hold a user name or a password")]
    Credentials,
    /// It has a query or a fragment.
    #[error("must not have a query or a fragment")]
    Query,
    /// Its host is missing or not written as a host.
    #[error("must name a host: letters, digits, dots and hyphens, or an IP address")]
    Host,
    /// Its port is not one.
    #[error("must have a port from 1 to 65535, or none")]
    Port,
    /// Its path has empty or dotted segments, or characters that would need encoding.
    #[error("must have a plain path, or none")]
    Path,
}

/// An address without anything to think about afterwards, wherever it is.
pub(super) struct PlainUrl {
    /// The address, without a slash at its end.
    pub(super) url: String,
    /// Whether what is sent there can be read on the way.
    clear: bool,
    /// Whether it is on this machine.
    pub(super) loopback: bool,
}

/// How the key is read. Never quoted: a refused address may hold a password.
pub(crate) const BASE_URL: Kind<BaseUrl> =
    Kind::new("URL", "a URL such as \"https://apis.haravan.com\"", |node| {
        let text = node.text().ok_or(Refusal::Shape)?;
        BaseUrl::parse(&text).map_err(|error| Refusal::Because(error.to_string()))
    })
    .secret();

impl BaseUrl {
    /// Parses an address; a slash at its end is dropped.
    ///
    /// # Errors
    /// Says which rule it breaks; the message quotes nothing of it.
    pub fn parse(text: &str) -> Result<Self, BaseUrlError> {
        let PlainUrl { url, clear, loopback } = PlainUrl::parse(text)?;
        if clear && !loopback { Err(BaseUrlError::Clear) } else { Ok(Self(url)) }
    }

    /// Whether it is on this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        PlainUrl::parse(&self.0).is_ok_and(|plain| plain.loopback)
    }

    /// The address, without a slash at its end.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PlainUrl {
    pub(super) fn parse(text: &str) -> Result<Self, BaseUrlError> {
        let (scheme, rest) = text.split_once("://").ok_or(BaseUrlError::Scheme)?;
        let scheme = scheme.to_ascii_lowercase();
        if !matches!(scheme.as_str(), "https" | "http") {
            return Err(BaseUrlError::Scheme);
        }
        if rest.contains('@') {
            return Err(BaseUrlError::Credentials);
        }
        if rest.contains(['?', '#']) {
            return Err(BaseUrlError::Query);
        }
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let authority = authority.to_ascii_lowercase();
        let (clear, loopback) = (scheme == "http", is_loopback(&authority)?);
        if path.is_empty() {
            return Ok(Self { url: format!("{scheme}://{authority}"), clear, loopback });
        }
        let path = path.strip_suffix('/').unwrap_or(path);
        if path.split('/').all(is_plain_segment) {
            Ok(Self { url: format!("{scheme}://{authority}/{path}"), clear, loopback })
        } else {
            Err(BaseUrlError::Path)
        }
    }
}

impl Default for BaseUrl {
    fn default() -> Self {
        Self(HARAVAN.to_owned())
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// Checks `host`, `host:port` or `[v6]:port`, and says whether that is this machine.
fn is_loopback(authority: &str) -> Result<bool, BaseUrlError> {
    let (host, port, loopback) = match authority.strip_prefix('[') {
        Some(bracketed) => {
            let (host, after) = bracketed.split_once(']').ok_or(BaseUrlError::Host)?;
            let address: Ipv6Addr = host.parse().map_err(|_| BaseUrlError::Host)?;
            (host, after, IpAddr::from(address).is_loopback())
        }
        None => {
            let (host, after) = authority
                .split_at_checked(authority.find(':').unwrap_or(authority.len()))
                .ok_or(BaseUrlError::Host)?;
            let address: Result<Ipv4Addr, _> = host.parse();
            (host, after, host == "localhost" || address.is_ok_and(|address| address.is_loopback()))
        }
    };
    if host.is_empty() || !host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:".contains(&byte)) {
        return Err(BaseUrlError::Host);
    }
    let Some(port) = port.strip_prefix(':') else {
        return if port.is_empty() { Ok(loopback) } else { Err(BaseUrlError::Host) };
    };
    let number: Option<u16> = port.parse().ok().filter(|number| *number != 0 && !port.starts_with('+'));
    number.map(|_| loopback).ok_or(BaseUrlError::Port)
}

fn is_plain_segment(segment: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    !matches!(segment, "" | "." | "..") && segment.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::{BaseUrl, BaseUrlError};

    #[track_caller]
    fn check(text: &str, expect: Result<&str, BaseUrlError>) {
        assert_eq!(BaseUrl::parse(text).as_ref().map(BaseUrl::as_str), expect.as_ref().copied(), "{text}");
    }

    #[test]
    fn https_goes_anywhere() {
        check("https://apis.haravan.com", Ok("https://apis.haravan.com"));
        check("HTTPS://Apis.Haravan.com/", Ok("https://apis.haravan.com"));
        check("https://proxy.internal:8443/haravan/", Ok("https://proxy.internal:8443/haravan"));
        check("https://[2001:db8::1]:8443", Ok("https://[2001:db8::1]:8443"));
    }

    #[test]
    fn http_goes_to_loopback_only() {
        check("http://127.0.0.1:8081", Ok("http://127.0.0.1:8081"));
        check("http://localhost:8081/", Ok("http://localhost:8081"));
        check("http://[::1]:8081", Ok("http://[::1]:8081"));
        check("http://apis.haravan.com", Err(BaseUrlError::Clear));
        check("http://0.0.0.0", Err(BaseUrlError::Clear));
        check("http://localhost.example.com", Err(BaseUrlError::Clear));
        check("http://127.0.0.1.example.com", Err(BaseUrlError::Clear));
    }

    #[test]
    fn what_could_mislead_is_refused() {
        check("apis.haravan.com", Err(BaseUrlError::Scheme));
        check("ftp://apis.haravan.com", Err(BaseUrlError::Scheme));
        check("https://user:word@apis.haravan.com", Err(BaseUrlError::Credentials));
        check("https://apis.haravan.com?x=1", Err(BaseUrlError::Query));
        check("https://apis.haravan.com/#x", Err(BaseUrlError::Query));
        check("https://", Err(BaseUrlError::Host));
        check("https:///com", Err(BaseUrlError::Host));
        check("https://api s.haravan.com", Err(BaseUrlError::Host));
        check("https://[::1]x", Err(BaseUrlError::Host));
        check("https://apis.haravan.com:0", Err(BaseUrlError::Port));
        check("https://apis.haravan.com:99999", Err(BaseUrlError::Port));
        check("https://apis.haravan.com/a/../b", Err(BaseUrlError::Path));
        check("https://apis.haravan.com//", Err(BaseUrlError::Path));
    }
}
