//! Every error is a problem (RFC 9457), whoever made it, and the document knows of it.

use reqwest::Method;
use serde_json::Value;
use tonkho::http::openapi::document;
use tonkho::sandbox::faults::Failure;

use crate::answer::Answer;
use crate::gateway::{Ask, EXAMPLE, EXAMPLE_QUERY, TK_ALL, TK_ONE, TK_READER, TestApp};

/// The answers that the document has for an operation, by status.
fn documented(method: &str, route: &str) -> Value {
    let document: Value = serde_json::from_str(&document::to_json_pretty().unwrap()).unwrap();
    document["paths"][route][method]["responses"].clone()
}

/// Fails unless the answer is this problem and the document says that the operation may end so.
#[track_caller]
fn check(answer: &Answer, (method, route): (&str, &str), (status, slug): (u16, &str)) {
    answer.problem(status, slug);
    let examples = &documented(method, route)[status.to_string()]["content"]["application/problem+json"];
    assert!(examples["examples"].get(slug).is_some(), "{method} {route} {status} {slug} is not documented");
}

const ROWS: &str = "/shops/{org_id}/com/inventory_locations.json";
const LOCATIONS: &str = "/shops/{org_id}/com/locations.json";
const STOCK: &str = "/shops/{org_id}/stock";
const AVAILABILITY: &str = "/shops/{org_id}/availability";
const NEGATIVE: &str = "/shops/{org_id}/alerts/negative";

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_caller_does_wrong_is_a_documented_problem() {
    let app = TestApp::builder()
        .settings(|settings| (settings.limits.max_cells, settings.limits.max_body) = (100, 1_000))
        .limited_key("tk_slow", 0.001)
        .spawn()
        .await;
    let many: Vec<u64> = (1..=101).collect();
    let many = crate::gateway::grid(&many, &[1]);
    for route in [ROWS, STOCK, AVAILABILITY, NEGATIVE] {
        let path = route.replace("{org_id}", "1000");
        let get = |query: &str| app.get(&format!("{path}?{query}"));
        check(&get("variant_ids=x").await, ("get", route), (400, "invalid-parameter"));
        check(&get(&many).await, ("get", route), (400, "too-many-cells"));
        check(&get("").await, ("get", route), (422, "ids-required"));
        check(&app.ask(Method::GET, &path).await, ("get", route), (401, "unauthenticated"));
        let closed = app.ask(Method::GET, &route.replace("{org_id}", "2000")).key(TK_ONE).await;
        check(&closed, ("get", route), (403, "forbidden"));
        let not_cached = get(EXAMPLE_QUERY).header("cache-control", "only-if-cached, no-cache").await;
        check(&not_cached, ("get", route), (504, "not-cached"));
        let post = |kind: &str, body: String| {
            app.ask(Method::POST, &path).key(TK_ALL).header("content-type", kind).body(body)
        };
        check(&post("text/csv", "1".to_owned()).await, ("post", route), (415, "unsupported-media-type"));
        check(&post("application/json", " ".repeat(1_001)).await, ("post", route), (413, "body-too-large"));
        check(&post("application/json", "[]".to_owned()).await, ("post", route), (400, "invalid-parameter"));
    }
    for route in [STOCK, AVAILABILITY, NEGATIVE] {
        let path = format!("{}?{EXAMPLE_QUERY}", route.replace("{org_id}", "1000"));
        check(&app.get(&path).header("accept", "image/png").await, ("get", route), (406, "not-acceptable"));
    }
    let slow = || app.ask(Method::GET, "/shops/1000/com/locations.json").key("tk_slow");
    slow().await.ok();
    let refused = slow().await;
    check(&refused, ("get", LOCATIONS), (429, "too-many-requests"));
    assert!(refused.header("retry-after").unwrap().parse::<u64>().unwrap() <= 1_000);
    check(&app.ask(Method::GET, "/shops").key(TK_READER).await, ("get", "/shops"), (403, "forbidden"));
    let purge = app.ask(Method::DELETE, "/shops/1000/cache?variant_ids=,").key(TK_ALL).await;
    check(&purge, ("delete", "/shops/{org_id}/cache"), (400, "invalid-parameter"));
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_haravan_does_wrong_is_a_documented_problem() {
    for (failure, problem) in [
        (Failure::Status500, (502, "upstream-failed")),
        (Failure::Unauthorized, (502, "upstream-unauthorized")),
        (Failure::Timeout, (504, "upstream-timeout")),
    ] {
        let app = TestApp::spawn().await;
        app.fail(EXAMPLE, 1_000, failure);
        for route in [ROWS, STOCK, AVAILABILITY, NEGATIVE] {
            let path = format!("{}?{EXAMPLE_QUERY}", route.replace("{org_id}", "1000"));
            check(&app.get(&path).header("prefer", "wait=1").await, ("get", route), problem);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_problem_is_one_whatever_the_caller_accepts() {
    let app = TestApp::spawn().await;
    let ask = |path: &str| -> Ask { app.get(path) };
    for accept in ["text/csv", "application/x-ndjson", "text/html", "image/*", "application/json;q=0", ""] {
        ask("/nowhere").header("accept", accept).await.problem(404, "not-found");
        let bad = "/shops/1000/com/inventory_locations.json?variant_ids=x";
        ask(bad).header("accept", accept).await.problem(400, "invalid-parameter");
        ask("/shops/77/stock?variant_ids=1").header("accept", accept).await.problem(403, "forbidden");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_was_sent_comes_back_unescaped_or_without_end() {
    let app = TestApp::spawn().await;
    let long = "x".repeat(5_000);
    for item in
        ["%3Cscript%3E", "%22%2C%22a%22%3A%22", "%0D%0Aset-cookie%3A%20a=b", long.as_str(), "%E1%BB%9D%00"]
    {
        let answer = app.get(&format!("/shops/1000/stock?variant_ids={item}")).await;
        let detail = answer.detail(400, "invalid-parameter");
        assert!(detail.len() < 300, "{detail}");
        assert_eq!(answer.header("set-cookie"), None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_id_is_kept_if_it_is_sane_and_names_the_problem() {
    let app = TestApp::spawn().await;
    for (sent, kept) in [
        ("order-4711:2026/08/01", true),
        (&*"a".repeat(128), true),
        ("a b", false),
        ("<script>", false),
        ("", false),
        (&*"a".repeat(129), false),
    ] {
        for path in ["/nowhere", "/shops/1000/stock", "/health/live", "/docs/", "/openapi.json"] {
            let answer = app.get(path).header("x-request-id", sent).await;
            let ids: Vec<_> = answer.headers.get_all("x-request-id").iter().collect();
            assert_eq!(ids.len(), 1, "{path}");
            let id = ids[0].to_str().unwrap();
            assert_eq!(id == sent, kept, "{path}: {sent:?} became {id:?}");
            assert!(kept || id.len() == 32, "{id}");
            if 400 <= answer.status {
                assert_eq!(answer.json()["request_id"], id);
            }
        }
    }
}
