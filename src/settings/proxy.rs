//! The proxies that calls and traces go through: named, never found by accident.

use std::fmt;

use secrecy::SecretString;

use super::base_url::{BaseUrlError, PlainUrl};
use super::kind::{Kind, Refusal};

/// A proxy's address, `http` or `https`, perhaps with a user name and a password. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyUrl(String);

/// What calls to Haravan go through.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum HaravanProxy {
    /// What `HTTPS_PROXY` names, less what `NO_PROXY` excepts.
    #[default]
    FromEnvironment,
    /// Nothing, whatever the environment says.
    Never,
    /// This proxy.
    At(ProxyUrl),
}

/// How `haravan.proxy` is read. Never quoted: an address may hold a password.
pub(crate) const HARAVAN_PROXY: Kind<HaravanProxy> =
    Kind::new("proxy", "a URL such as \"http://proxy:3128\", \"none\", or \"\" for HTTPS_PROXY", |node| {
        let text = node.text().ok_or(Refusal::Shape)?;
        match text.as_ref() {
            "" => Ok(HaravanProxy::FromEnvironment),
            "none" => Ok(HaravanProxy::Never),
            url => proxy(url).map(HaravanProxy::At),
        }
    })
    .secret();

/// How `telemetry.otlp_proxy` is read: `None` if it is empty. Never quoted: an address may hold a password.
pub(crate) const OTLP_PROXY: Kind<Option<ProxyUrl>> =
    Kind::new("URL", "a URL such as \"http://proxy:3128\", or \"\" for none", |node| {
        let text = node.text().ok_or(Refusal::Shape)?;
        if text.is_empty() { Ok(None) } else { proxy(&text).map(Some) }
    })
    .secret();

fn proxy(text: &str) -> Result<ProxyUrl, Refusal> {
    ProxyUrl::parse(text).map_err(|error| {
        Refusal::Because(match error {
            BaseUrlError::Scheme => "must begin with http:// or https://".to_owned(),
            other => other.to_string(),
        })
    })
}

impl ProxyUrl {
    /// Parses an address.
    ///
    /// # Errors
    /// Says which rule it breaks; the message quotes nothing of it.
    pub fn parse(text: &str) -> Result<Self, BaseUrlError> {
        let (scheme, rest) = text.split_once("://").ok_or(BaseUrlError::Scheme)?;
        let (login, place) =
            rest.rsplit_once('@').map_or((None, rest), |(login, place)| (Some(login), place));
        let plain = PlainUrl::parse(&format!("{scheme}://{place}"))?.url;
        let (scheme, place) = plain.split_once("://").ok_or(BaseUrlError::Scheme)?;
        if place.contains('/') {
            return Err(BaseUrlError::Path);
        }
        let Some(login) = login else { return Ok(Self(plain)) };
        let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"/?#@\"<>\\^`{|}".contains(&byte);
        if login.bytes().all(is_plain) {
            Ok(Self(format!("{scheme}://{login}@{place}")))
        } else {
            Err(BaseUrlError::Credentials)
        }
    }

    /// The address, as a secret.
    #[must_use]
    pub fn to_secret(&self) -> SecretString {
        SecretString::from(self.0.clone())
    }
}

impl fmt::Debug for ProxyUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("ProxyUrl(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::super::base_url::BaseUrlError;
    use super::ProxyUrl;

    #[track_caller]
    fn check(text: &str, expect: Result<&str, BaseUrlError>) {
        let found = ProxyUrl::parse(text).map(|proxy| proxy.0);
        assert_eq!(found.as_deref().map_err(|error| *error), expect, "{text}");
    }

    #[test]
    fn a_proxy_has_a_host_and_perhaps_a_login() {
        check("http://proxy:3128", Ok("http://proxy:3128"));
        check("HTTPS://Proxy.Example/", Ok("https://proxy.example"));
        check("http://user:p%40ss@10.0.0.1:3128", Ok("http://user:p%40ss@10.0.0.1:3128"));
    }

    #[test]
    fn what_is_no_proxy_is_refused() {
        check("proxy:3128", Err(BaseUrlError::Scheme));
        check("socks5://proxy:1080", Err(BaseUrlError::Scheme));
        check("http://", Err(BaseUrlError::Host));
        check("http://proxy:3128/path", Err(BaseUrlError::Path));
        check("http://user:a b@proxy", Err(BaseUrlError::Credentials));
        check("http://proxy?x=1", Err(BaseUrlError::Query));
    }

    #[test]
    fn a_password_is_never_printed() {
        let proxy = ProxyUrl::parse("http://user:hush@proxy:3128").unwrap();
        assert_eq!(format!("{proxy:?}"), "ProxyUrl(…)");
    }
}
