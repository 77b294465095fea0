//! Methods: `HEAD` is `GET` without its body, `OPTIONS` and a 405 say what there is, and no page elsewhere may call.

use std::collections::BTreeMap;

use reqwest::Method;

use crate::answer::Answer;
use crate::gateway::{EXAMPLE_QUERY, TK_ALL, TestApp};

/// Headers that differ from answer to answer.
const OWN: [&str; 3] = ["date", "x-request-id", "age"];

fn headers(answer: &Answer) -> BTreeMap<String, String> {
    let named = answer.headers.iter().filter(|(name, _)| !OWN.contains(&name.as_str()));
    named.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn head_has_the_headers_of_get_and_no_body() {
    let app = TestApp::spawn().await;
    let cells = EXAMPLE_QUERY;
    for (path, accept) in [
        (format!("/shops/1000/com/inventory_locations.json?{cells}"), "*/*"),
        ("/shops/1000/com/locations.json".to_owned(), "*/*"),
        (format!("/shops/1000/stock?{cells}"), "application/json"),
        (format!("/shops/1000/stock?{cells}"), "text/csv"),
        (format!("/shops/1000/stock?{cells}"), "application/x-ndjson"),
        ("/shops/1000/stock/1061514767".to_owned(), "*/*"),
        (format!("/shops/1000/alerts/negative?{cells}"), "*/*"),
        (format!("/shops/1000/availability?{cells}"), "*/*"),
        ("/shops/1000/stock?variant_ids=x".to_owned(), "*/*"),
        ("/shops/1000/stock".to_owned(), "*/*"),
        ("/shops/77/stock".to_owned(), "*/*"),
        ("/nowhere".to_owned(), "*/*"),
        ("/health/live".to_owned(), "*/*"),
        ("/health/ready".to_owned(), "*/*"),
        ("/openapi.json".to_owned(), "*/*"),
        ("/openapi.yaml".to_owned(), "*/*"),
        ("/docs/".to_owned(), "*/*"),
        ("/docs".to_owned(), "*/*"),
    ] {
        // The first answer is not cached, and says so.
        app.get(&path).header("accept", accept).await;
        // Nor is one of the same millisecond told from it, where locations are asked for.
        app.age(1);
        for coding in ["identity", "gzip"] {
            let ask = |method: Method| {
                app.ask(method, &path).key(TK_ALL).header("accept", accept).header("accept-encoding", coding)
            };
            let (get, head) = (ask(Method::GET).await, ask(Method::HEAD).await);
            assert_eq!(head.status, get.status, "{path}");
            assert_eq!(head.body.len(), 0, "{path}");
            assert_eq!(headers(&head), headers(&get), "{path} {accept} {coding}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_still_in_step_after_a_head() {
    let app = TestApp::spawn().await;
    let answers = app
        .raw(
            b"HEAD /nowhere HTTP/1.1\r\nhost: a\r\n\r\n\
              HEAD /openapi.json HTTP/1.1\r\nhost: a\r\n\r\n\
              GET /health/live HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
        )
        .await;
    let starts: Vec<_> = answers.split("HTTP/1.1 ").skip(1).map(|answer| &answer[..3]).collect();
    assert_eq!(starts, ["404", "200", "200"], "{answers}");
    assert!(answers.ends_with("{\"status\":\"live\"}"), "{answers}");
}

#[tokio::test(flavor = "multi_thread")]
async fn options_and_a_405_tell_the_same_methods_without_a_key() {
    let app = TestApp::spawn().await;
    for (path, methods) in [
        ("/shops/1000/com/inventory_locations.json", "GET, HEAD, POST, OPTIONS"),
        ("/com/inventory_locations.json", "GET, HEAD, POST, OPTIONS"),
        ("/shops/1000/com/locations.json", "GET, HEAD, OPTIONS"),
        ("/shops/1000/stock", "GET, HEAD, POST, OPTIONS"),
        ("/shops/1000/stock/7", "GET, HEAD, POST, OPTIONS"),
        ("/shops/1000/availability", "GET, HEAD, POST, OPTIONS"),
        ("/shops/1000/alerts/negative", "GET, HEAD, POST, OPTIONS"),
        ("/shops/1000/cache", "DELETE, OPTIONS"),
        ("/shops", "GET, HEAD, OPTIONS"),
        ("/health/live", "GET, HEAD, OPTIONS"),
        ("/health/ready", "GET, HEAD, OPTIONS"),
        ("/metrics", "GET, HEAD, OPTIONS"),
        ("/openapi.json", "GET, HEAD, OPTIONS"),
        ("/docs/", "GET, HEAD, OPTIONS"),
    ] {
        let options = app.ask(Method::OPTIONS, path).await;
        assert_eq!((options.status, options.header("allow")), (204, Some(methods)), "{path}");
        assert!(options.body.is_empty(), "{path}");
        for method in [Method::PUT, Method::PATCH, Method::TRACE, Method::from_bytes(b"QUERY").unwrap()] {
            let refused = app.ask(method.clone(), path).await;
            refused.problem(405, "method-not-allowed");
            assert_eq!(refused.header("allow"), Some(methods), "{method} {path}");
        }
    }
    app.ask(Method::OPTIONS, "/nowhere").await.problem(404, "not-found");
    app.ask(Method::PUT, "/nowhere").await.problem(404, "not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_elsewhere_is_let_in() {
    let app = TestApp::spawn().await;
    let stock = format!("/shops/1000/stock?{EXAMPLE_QUERY}");
    let preflight = app
        .ask(Method::OPTIONS, &stock)
        .header("origin", "https://elsewhere.example")
        .header("access-control-request-method", "GET")
        .header("access-control-request-headers", "authorization")
        .await;
    let simple = app.get(&stock).header("origin", "https://elsewhere.example").await;
    assert_eq!((preflight.status, simple.status), (204, 200));
    for answer in [preflight, simple] {
        let names = answer.headers.keys().filter(|name| name.as_str().starts_with("access-control-"));
        assert_eq!(names.count(), 0, "{}", answer.shown());
    }
}
