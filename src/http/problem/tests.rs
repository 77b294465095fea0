//! Problems as callers see them.

use std::time::Duration;

use actix_web::body::to_bytes;
use actix_web::test::TestRequest;

use super::{Problem, whole_seconds};
use crate::domain::access::Scope;
use crate::http::connection::head_error::HeadError;
use crate::http::request::parameters::error::ParameterError;
use crate::query::QueryError;
use crate::stock::ReadError;

#[track_caller]
fn check(problem: impl Into<Problem>, status: u16, slug: &str) {
    let kind = problem.into().kind();
    assert_eq!((kind.status.as_u16(), kind.slug), (status, slug));
}

#[test]
fn every_error_has_its_status_and_its_slug() {
    let soon = Duration::from_secs(1);
    check(QueryError::EmptyList { parameter: "variant_ids" }, 400, "invalid-parameter");
    check(ParameterError::NotJson { line: 1, column: 2 }, 400, "invalid-parameter");
    let many = QueryError::TooManyCells { variants: 1000, locations: 1000, cells: 1_000_000, max: 250_000 };
    check(many, 400, "too-many-cells");
    check(Problem::Unauthenticated, 401, "unauthenticated");
    check(Problem::LacksScope(Scope::Admin), 403, "forbidden");
    check(Problem::ShopClosed, 403, "forbidden");
    check(Problem::NotFound, 404, "not-found");
    check(Problem::Method { allow: "GET" }, 405, "method-not-allowed");
    check(Problem::NotAcceptable { offered: "" }, 406, "not-acceptable");
    check(Problem::BodyTooLarge { max: 1, setting: "limits.max_body" }, 413, "body-too-large");
    check(Problem::BodyLate, 408, "invalid-parameter");
    check(Problem::Head(HeadError::Malformed), 400, "invalid-parameter");
    check(Problem::Head(HeadError::Late), 408, "invalid-parameter");
    check(Problem::Head(HeadError::UrlTooLong), 414, "invalid-parameter");
    check(Problem::Head(HeadError::TooLong), 431, "invalid-parameter");
    check(Problem::MediaType, 415, "unsupported-media-type");
    check(Problem::VariantsNeeded, 422, "ids-required");
    check(Problem::LocationsNeeded, 422, "ids-required");
    check(Problem::TooManyRequests { retry_after: soon }, 429, "too-many-requests");
    check(Problem::TooManyConnections, 503, "too-many-requests");
    check(Problem::Internal, 500, "internal");
    check(ReadError::Failed, 502, "upstream-failed");
    check(ReadError::Rejected { status: 400 }, 502, "upstream-failed");
    check(ReadError::Unauthorized, 502, "upstream-unauthorized");
    check(ReadError::RateLimited { retry_after: soon }, 503, "rate-limited");
    check(ReadError::Overloaded { retry_after: soon }, 503, "rate-limited");
    check(ReadError::Timeout, 504, "upstream-timeout");
    check(ReadError::NotCached, 504, "not-cached");
}

#[test]
fn a_full_bucket_is_told_as_haravan_tells_it_on_compatible_routes_alone() {
    let soon = Duration::from_secs(1);
    for error in [ReadError::RateLimited { retry_after: soon }, ReadError::Overloaded { retry_after: soon }] {
        let status = |path| {
            let kind = Problem::from(error).kind_at(path);
            assert_eq!(kind.slug, "rate-limited");
            kind.status.as_u16()
        };
        assert_eq!((status("/com/x.json"), status("/shops/1000/admin/x.json")), (429, 429));
        assert_eq!((status("/shops/1000/stock"), status("/")), (503, 503));
    }
    assert_eq!(Problem::from(ReadError::Timeout).kind_at("/com/x.json").status, 504);
    assert_eq!(Problem::TooManyConnections.kind_at("/com/x.json").status, 503);
}

#[test]
fn retry_after_is_rounded_up_and_never_zero() {
    for (milliseconds, seconds) in [(0, 1), (1, 1), (1000, 1), (1001, 2), (62_500, 63)] {
        assert_eq!(whole_seconds(Duration::from_millis(milliseconds)), seconds, "{milliseconds} ms");
    }
}

#[test]
fn only_compatible_routes_repeat_the_detail_as_errors_and_message() {
    let errors = |path| {
        let body = Problem::NotFound.body(path, "id");
        assert_eq!(body.errors, body.message);
        body.errors.is_some_and(|errors| errors == body.detail)
    };
    assert!(errors("/com/inventory_locations.json"));
    assert!(errors("/shops/1000/com/locations.json"));
    assert!(errors("/shops/1000/admin/locations.json"));
    assert!(!errors("/shops/1000/stock"));
    assert!(!errors("/shops/com/stock"));
    assert!(!errors("/comet"));
}

#[actix_web::test]
async fn a_problem_names_its_kind_its_path_and_its_request() {
    let request = TestRequest::with_uri("/com/x.json?variant_ids=abc").to_http_request();
    let error = QueryError::NotAnId { parameter: "variant_ids", item: "a\"</script>\u{1}".to_owned() };
    let response = Problem::from(error).respond(&request);
    assert_eq!(response.headers().get("content-type").unwrap(), "application/problem+json");
    let body = to_bytes(response.into_body()).await.unwrap();
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["type"], "urn:tonkho:problem:invalid-parameter");
    assert_eq!(body["title"], "A parameter cannot be read");
    assert_eq!(body["status"], 400);
    assert_eq!(body["instance"], "/com/x.json");
    assert_eq!(body["errors"], body["detail"]);
    assert_eq!(body["request_id"].as_str().unwrap().len(), 32);
}

#[actix_web::test]
async fn problems_carry_the_headers_that_tell_what_to_do() {
    let request = TestRequest::default().to_http_request();
    let header = |problem: Problem, name: &str| {
        let response = problem.respond(&request);
        response.headers().get(name).map(|value| value.to_str().unwrap().to_owned())
    };
    assert_eq!(header(Problem::Unauthenticated, "www-authenticate").as_deref(), Some("Bearer"));
    assert_eq!(header(Problem::Method { allow: "GET, HEAD" }, "allow").as_deref(), Some("GET, HEAD"));
    let limited = ReadError::RateLimited { retry_after: Duration::from_millis(2100) };
    assert_eq!(header(limited.into(), "retry-after").as_deref(), Some("3"));
    let request = TestRequest::with_uri("/com/x.json").to_http_request();
    let told = Problem::from(limited).respond(&request);
    assert_eq!(
        (told.status().as_u16(), told.headers().get("retry-after").unwrap().as_bytes()),
        (429, &b"3"[..])
    );
    assert_eq!(header(Problem::NotFound, "retry-after"), None);
}
