//! Haravan's answer on its way to the caller.

use actix_web::body::{BodyStream, SizedStream};
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream;

use crate::haravan::{AnswerBody, ForwardMethod, ForwardedAnswer};
use crate::http::connection::request_id::RequestId;
use crate::http::problem::Problem;
use crate::http::response::headers::{CACHE_STATUS, Coded};

/// Passes an answer on, its body as it comes.
///
/// # Errors
/// Its head says that its body is too long.
pub(super) fn passed_on(
    request: &HttpRequest,
    answer: ForwardedAnswer,
    method: ForwardMethod,
    max: u64,
) -> Result<HttpResponse, Problem> {
    let status = StatusCode::from_u16(answer.status).map_err(|_| Problem::Internal)?;
    let is_bare =
        method == ForwardMethod::Head || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    if !is_bare && answer.is_too_long() {
        return Err(Problem::AnswerTooLong { max });
    }
    let ForwardedAnswer { headers, length, body, .. } = answer;
    let mut response = HttpResponse::build(status);
    response.insert_header((CACHE_CONTROL, "private, no-store"));
    response.insert_header((CACHE_STATUS, "tonkho; fwd=bypass"));
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_bytes(&value) {
            response.append_header((HeaderName::from_static(name), value));
        }
    }
    // It stays coded as Haravan coded it.
    response.extensions_mut().insert(Coded);
    let request_id = RequestId::of(request);
    let rest = stream::unfold(body, move |mut body: AnswerBody| {
        let request_id = request_id.clone();
        async move {
            match body.next().await {
                Ok(Some(part)) => Some((Ok(part), body)),
                Ok(None) => None,
                Err(error) => {
                    let request_id = request_id.as_str();
                    tracing::warn!(request_id, "an answer that is passed through broke off: {error}");
                    Some((Err(error), body))
                }
            }
        }
    });
    Ok(match length {
        _ if is_bare && length.is_none() => response.finish(),
        Some(length) if is_bare => {
            response.body(SizedStream::new(length, stream::empty::<Result<_, Problem>>()))
        }
        Some(length) => response.body(SizedStream::new(length, Box::pin(rest))),
        None => response.body(BodyStream::new(Box::pin(rest))),
    })
}
