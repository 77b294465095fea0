//! What is wrapped around every route: the request's id, and the last hand at its answer.
//!
//! An answer that actix made by itself (a body that broke off, say) becomes a problem like any other here, and every
//! answer is framed as its client can read it.

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage};

use super::connection::http10;
use super::connection::request_id::{RequestId, X_REQUEST_ID};
use super::problem::Problem;
use super::response::call_limit;

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
    response.headers_mut().insert(X_REQUEST_ID, id.into_value());
    call_limit::tell(&mut response);
    http10::suit_version(&mut response);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use actix_web::middleware::from_fn;
    use actix_web::test::{TestRequest, call_service, init_service, read_body};
    use actix_web::{App, web};

    use super::{X_REQUEST_ID, tag};

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
