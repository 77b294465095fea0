//! Where traces are exported to.

use super::base_url::{BaseUrlError, PlainUrl};
use super::kind::{Kind, Refusal};

/// What the standard appends to a collector's address for traces.
const TRACES: &str = "/v1/traces";

/// A collector's address, `http` or `https`: traces hold no secrets. Without a slash at its end, a query or
/// credentials.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CollectorUrl(String);

/// Why an address is not a [`CollectorUrl`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CollectorUrlError {
    /// It begins with neither `https://` nor `http://`.
    #[error("must begin with http:// or https://")]
    Scheme,
    /// It breaks another rule.
    #[error(transparent)]
    Place(BaseUrlError),
}

/// How the key is read: `None` if it is empty. Never quoted: a refused address may hold a password.
pub(crate) const COLLECTOR: Kind<Option<CollectorUrl>> =
    Kind::new("URL", "a URL such as \"http://127.0.0.1:4318\", or \"\" for none", |node| {
        let text = node.text().ok_or(Refusal::Shape)?;
        if text.is_empty() {
            return Ok(None);
        }
        let collector = CollectorUrl::parse(&text).map_err(|error| Refusal::Because(error.to_string()))?;
        Ok(Some(collector))
    })
    .secret();

impl CollectorUrl {
    /// Parses an address, with the path for traces or without.
    ///
    /// # Errors
    /// Says which rule it breaks; the message quotes nothing of it.
    pub fn parse(text: &str) -> Result<Self, CollectorUrlError> {
        let PlainUrl { url, .. } = PlainUrl::parse(text).map_err(|error| match error {
            BaseUrlError::Scheme => CollectorUrlError::Scheme,
            other => CollectorUrlError::Place(other),
        })?;
        Ok(Self(url.strip_suffix(TRACES).map_or_else(|| url.clone(), str::to_owned)))
    }

    /// Whether it is on this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        PlainUrl::parse(&self.0).is_ok_and(|plain| plain.loopback)
    }

    /// Where it takes traces.
    #[must_use]
    pub fn traces(&self) -> String {
        format!("{}{TRACES}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::base_url::BaseUrlError;
    use super::{CollectorUrl, CollectorUrlError};

    #[track_caller]
    fn check(text: &str, expect: Result<&str, CollectorUrlError>) {
        let found = CollectorUrl::parse(text).map(|collector| collector.traces());
        assert_eq!(found.as_deref().map_err(|error| *error), expect, "{text}");
    }

    #[test]
    fn the_path_for_traces_is_appended_unless_it_is_there() {
        check("http://127.0.0.1:4318", Ok("http://127.0.0.1:4318/v1/traces"));
        check("http://collector.observability:4318/", Ok("http://collector.observability:4318/v1/traces"));
        check("https://Collector.Example/otlp", Ok("https://collector.example/otlp/v1/traces"));
        check("https://collector.example/otlp/v1/traces/", Ok("https://collector.example/otlp/v1/traces"));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        check("collector:4318", Err(CollectorUrlError::Scheme));
        check("grpc://collector:4317", Err(CollectorUrlError::Scheme));
        check("http://", Err(CollectorUrlError::Place(BaseUrlError::Host)));
        check("http://u:p@collector", Err(CollectorUrlError::Place(BaseUrlError::Credentials)));
        check("http://collector?x=1", Err(CollectorUrlError::Place(BaseUrlError::Query)));
    }
}
