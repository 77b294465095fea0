//! Content codings of answers whose bodies are not made yet, such as long lists in lines: coded as they are streamed.

use actix_http::encoding::Encoder;
use actix_web::Error;
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::ContentEncoding;
use actix_web::middleware::Next;

use crate::http::problem::Problem;
use crate::http::response::coding::Coding;
use crate::http::response::headers::Coded;

/// The middleware, for [`actix_web::middleware::from_fn`]. Answers whose coding is settled pass as they are.
pub(super) async fn compress<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<Encoder<B>>>, Error> {
    let coding = match Coding::of(request.headers()) {
        Ok(coding) => coding,
        Err(problem) => {
            let response = Problem::respond(&problem, request.request());
            return Ok(request.into_response(response).map_into_right_body());
        }
    };
    let response = next.call(request).await?;
    let settled = response.response().extensions().contains::<Coded>();
    let encoding = if settled { ContentEncoding::Identity } else { coding.into() };
    let response = response.map_body(|head, body| Encoder::response(encoding, head, body));
    Ok(response.map_into_left_body())
}
