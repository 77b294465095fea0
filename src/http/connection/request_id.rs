//! `X-Request-Id`: the caller's own, if it is sane, or one of ours, on every answer.
//!
//! Wrapped around everything else, this is also where an answer that actix made by itself (a body that broke off,
//! say) becomes a problem like any other, and where every answer is framed as its client can read it.

use actix_web::Error;
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpRequest};

use super::http10;
use crate::domain::hex;
use crate::http::problem::Problem;

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

    /// The id of a request; a new one if [`tag`] was not wrapped around its handler.
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

/// The middleware, for [`actix_web::middleware::from_fn`].
///
/// # Errors
/// What the services within fail with; handlers of this module never do.
pub async fn tag<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let id = RequestId::for_header(request.headers().get(X_REQUEST_ID));
    request.extensions_mut().insert(id.clone());
    let response = next.call(request).await?;
    let mut response = match response.response().error() {
        None => response.map_into_left_body(),
        Some(_) => {
            let problem = Problem::of_status(response.status());
            let problem = problem.respond(response.request());
            response.into_response(problem).map_into_right_body()
        }
    };
    response.headers_mut().insert(X_REQUEST_ID, id.0);
    http10::suit_version(&mut response);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;
    use actix_web::middleware::from_fn;
    use actix_web::test::{TestRequest, call_service, init_service, read_body};
    use actix_web::{App, web};

    use super::{RequestId, X_REQUEST_ID, tag};

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

    #[actix_web::test]
    async fn every_answer_carries_the_id() {
        let app = App::new().wrap(from_fn(tag)).route("/", web::get().to(|| async { "hello" }));
        let app = init_service(app).await;
        let request = TestRequest::get().uri("/").insert_header((X_REQUEST_ID, "mine")).to_request();
        assert_eq!(call_service(&app, request).await.headers().get(X_REQUEST_ID).unwrap(), "mine");
        let request = TestRequest::get().uri("/nowhere").to_request();
        assert!(call_service(&app, request).await.headers().contains_key(X_REQUEST_ID));
    }

    #[actix_web::test]
    async fn an_answer_that_actix_makes_of_an_error_becomes_a_problem() {
        let broken = || async { Err::<String, _>(actix_web::error::ErrorBadRequest("secret cause")) };
        let app = App::new().wrap(from_fn(tag)).route("/broken", web::get().to(broken));
        let app = init_service(app).await;
        let request = TestRequest::get().uri("/broken").insert_header((X_REQUEST_ID, "mine")).to_request();
        let response = call_service(&app, request).await;
        assert_eq!(response.status(), 400);
        assert_eq!(response.headers().get("content-type").unwrap(), "application/problem+json");
        let body = String::from_utf8(read_body(response).await.to_vec()).unwrap();
        assert!(!body.contains("secret"), "{body}");
        assert!(body.contains("\"instance\":\"/broken\",\"request_id\":\"mine\""), "{body}");
    }
}
