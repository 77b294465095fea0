//! `X-Request-Id`: the caller's own, if it is sane, or one of ours, on every answer.

use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpMessage, HttpRequest};

use crate::domain::hex;

/// The header, in requests and in answers.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id taken from a caller, in bytes. Source: ours; it goes into log lines.
const MAX_LENGTH: usize = 128;

/// A request's id, as it stands in the request's extensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// The caller's id, if it sent a sane one, or a new one.
    #[must_use]
    pub fn for_header(sent: Option<&HeaderValue>) -> Self {
        match sent {
            Some(sent) if is_sane(sent.as_bytes()) => Self(sent.clone()),
            Some(_) | None => Self::generate(),
        }
    }

    /// The id of a request; a new one if the middleware was not wrapped around its handler.
    #[must_use]
    pub fn of(request: &HttpRequest) -> Self {
        request.extensions().get::<Self>().cloned().unwrap_or_else(Self::generate)
    }

    /// The id as a header's value.
    #[must_use]
    pub fn into_value(self) -> HeaderValue {
        self.0
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    fn generate() -> Self {
        let mut id = [0; 32];
        for (pair, digits) in id.chunks_exact_mut(2).zip(hex::pairs(&fastrand::u128(..).to_be_bytes())) {
            pair.copy_from_slice(&digits);
        }
        Self(HeaderValue::from_bytes(&id).unwrap_or_else(|_| HeaderValue::from_static("none")))
    }
}

/// Letters, digits and `._-:/+=`, at least one and at most [`MAX_LENGTH`].
fn is_sane(id: &[u8]) -> bool {
    let sane = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-:/+=".contains(byte);
    (1..=MAX_LENGTH).contains(&id.len()) && id.iter().all(sane)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::RequestId;

    #[track_caller]
    fn check(sent: &str, kept: bool) {
        let id = RequestId::for_header(Some(&HeaderValue::from_str(sent).unwrap()));
        assert_eq!(id.as_str() == sent, kept, "{sent:?} became {id:?}");
    }

    #[test]
    fn a_sane_id_is_kept_and_any_other_replaced() {
        check("order-7:2026/08/01+x=._", true);
        check(&"a".repeat(128), true);
        for wrong in ["", " ", "a b", "<script>", "a;b", "\"a\"", &"a".repeat(129)] {
            check(wrong, false);
        }
        assert_eq!(RequestId::for_header(None).as_str().len(), 32);
        assert_ne!(RequestId::for_header(None), RequestId::for_header(None));
    }
}
