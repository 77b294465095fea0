//! Whatever is sent, the answer names what is wrong with it.

use reqwest::Method;
use serde_json::json;

use crate::gateway::{EXAMPLE, TK_ALL, TestApp};

#[tokio::test(flavor = "multi_thread")]
async fn every_wrong_parameter_is_named() {
    let app = TestApp::spawn().await;
    for (query, named) in [
        ("variant_ids=1,abc&location_ids=1", "variant_ids: \"abc\""),
        ("variant_ids=0&location_ids=1", "variant_ids: \"0\""),
        ("variant_ids=-1&location_ids=1", "variant_ids: \"-1\""),
        ("variant_ids=1.5&location_ids=1", "variant_ids: \"1.5\""),
        ("variant_ids=1&location_ids=x", "location_ids: \"x\""),
        ("variant_ids=,&location_ids=1", "variant_ids"),
        ("variant_ids=1&location_ids=", "location_ids"),
        ("variant_ids=1&vatiant_ids=2&location_ids=1", "vatiant_ids"),
        ("variant_ids=1&location_ids=1&limit=0", "limit: \"0\""),
        ("variant_ids=1&location_ids=1&limit=-1", "limit: \"-1\""),
        ("variant_ids=1&location_ids=1&limit=abc", "limit: \"abc\""),
        ("variant_ids=1&location_ids=1&Limit=5", "did you mean limit?"),
        ("variant_ids=1&location_ids=1&page=0", "page: \"0\""),
        ("variant_ids=1&location_ids=1&order=name", "order: \"name\""),
        ("variant_ids=1&location_ids=1&direction=up", "direction: \"up\""),
        ("variant_ids=1&location_ids=1&since_id=x", "since_id: \"x\""),
        ("variant_ids=1&location_ids=1&updated_at_min=soon", "updated_at_min: \"soon\""),
        ("variant_ids=1&location_ids=1&partial=perhaps", "partial"),
        ("variant_ids=%FF&location_ids=1", "variant_ids"),
    ] {
        let detail = app.inventory(EXAMPLE, query).await.detail(400, "invalid-parameter");
        assert!(detail.contains(named), "{query}: {detail}");
    }
    assert_eq!(app.upstream_calls(EXAMPLE), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_wrong_body_is_named() {
    let app = TestApp::builder().settings(|settings| settings.limits.max_body = 2_000).spawn().await;
    let path = "/shops/1000/com/inventory_locations.json";
    let send = |kind: &str, body: String| {
        app.ask(Method::POST, path).key(TK_ALL).header("content-type", kind).body(body)
    };
    let json = "application/json";
    for body in
        ["", "{", "[]", "5", "{\"variant_ids\":{}}", "{\"variant_ids\":[null]}", "{\"variant_ids\":[1.5]}"]
    {
        send(json, body.to_owned()).await.problem(400, "invalid-parameter");
    }
    send("text/csv", "1,2".to_owned()).await.problem(415, "unsupported-media-type");
    send(json, format!("{{\"variant_ids\":\"{}\"}}", "1,".repeat(2_000)))
        .await
        .problem(413, "body-too-large");
    let nested = "[".repeat(900);
    send(json, format!("{{\"variant_ids\":{nested}")).await.problem(400, "invalid-parameter");
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_ids_are_answered_or_refused_by_number() {
    let app = TestApp::builder().settings(|settings| settings.limits.max_cells = 20_000).spawn().await;
    let ids: Vec<u64> = (1..=10_000).collect();
    let query = crate::gateway::grid(&ids, &[1, 2]);
    assert_eq!(app.inventory(EXAMPLE, &query).await.rows().len(), 0);
    let query = crate::gateway::grid(&ids, &[1, 2, 3]);
    let detail = app.inventory(EXAMPLE, &query).await.detail(400, "too-many-cells");
    assert!(detail.contains("30000") && detail.contains("20000"), "{detail}");
    let body = json!({"variant_ids": (1_000_000_001_u64..1_000_010_001).collect::<Vec<_>>(), "location_ids": [1, 2]});
    let answer = app.post("/shops/1000/com/inventory_locations.json", &body).await;
    assert_eq!(answer.rows().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_long_ids_in_a_url_are_sent_to_the_body() {
    let app = TestApp::spawn().await;
    let ids = crate::gateway::list(&(1_000_000_001..=1_000_010_000).collect::<Vec<_>>());
    let head = |path: &str| format!("GET {path} HTTP/1.1\r\nhost: tonkho\r\n\r\n").into_bytes();
    let answer = app.raw(&head(&format!("/shops/1000/stock?variant_ids={ids}"))).await;
    assert!(answer.starts_with("HTTP/1.1 414 "), "{answer}");
    assert!(answer.contains("urn:tonkho:problem:invalid-parameter") && answer.contains("POST"), "{answer}");
    let answer = app.raw(&head("/a<b")).await;
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("urn:tonkho:problem:"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_and_methods_that_are_not_there_are_problems_too() {
    let app = TestApp::spawn().await;
    app.get("/nope").await.problem(404, "not-found");
    app.get("/shops/1000/nope").await.problem(404, "not-found");
    let put = app.ask(Method::PUT, "/shops/1000/stock").key(TK_ALL).await;
    put.problem(405, "method-not-allowed");
    assert!(put.header("allow").unwrap().contains("GET"));
    let options = app.ask(Method::OPTIONS, "/shops/1000/stock").await;
    assert_eq!(options.status, 204);
    let head = app.ask(Method::HEAD, "/health/live").await;
    assert_eq!((head.status, head.body.len()), (200, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn variants_left_out_are_asked_for_as_haravan_does() {
    let app = TestApp::spawn().await;
    app.inventory(EXAMPLE, "location_ids=963414").await.problem(422, "ids-required");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sane_request_id_is_kept_and_another_is_replaced() {
    let app = TestApp::spawn().await;
    let kept = app.example().header("x-request-id", "order-4711").await;
    assert_eq!(kept.header("x-request-id"), Some("order-4711"));
    let replaced = app.example().header("x-request-id", "<script>").await;
    assert_ne!(replaced.header("x-request-id"), Some("<script>"));
}
