//! What operators rely on: health, metrics, locations, an orderly end.

use reqwest::Method;
use tonkho::sandbox::faults::Failure;

use crate::gateway::{EXAMPLE, GENERATED, TestApp};

#[tokio::test(flavor = "multi_thread")]
async fn calls_and_cells_are_counted() {
    let app = TestApp::spawn().await;
    app.example().await.rows();
    app.example().await.rows();
    for (series, expected) in [
        (r#"tonkho_cells_total{result="fetched",shop="1000"}"#, 4.0),
        (r#"tonkho_cells_total{result="hit",shop="1000"}"#, 4.0),
        (r#"tonkho_upstream_requests_total{outcome="answered",shop="1000"}"#, 1.0),
        (r#"tonkho_resident_cells{shop="1000"}"#, 4.0),
        (r#"tonkho_negative_available_rows{shop="1000"}"#, 2.0),
    ] {
        let counted = app.metric(series).await;
        assert!((counted - expected).abs() < 0.5, "{series}: {counted}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_whose_calls_are_stopped_is_shown_with_the_reason() {
    for (failure, reason, other) in
        [(Failure::Unauthorized, "unauthorized", "failing"), (Failure::Status500, "failing", "unauthorized")]
    {
        let app = TestApp::spawn().await;
        app.fail(EXAMPLE, 1_000, failure);
        let stopped = |shop: u64, reason: &str| {
            let series = format!(r#"tonkho_shop_stopped{{reason="{reason}",shop="{shop}"}}"#);
            let app = &app;
            async move { app.metric(&series).await }
        };
        // A breaker takes several failures to open.
        while app.get("/shops").await.ok()["shops"][0]["stopped"] != reason {
            assert_eq!(app.example().await.status, 502);
        }
        let told =
            [stopped(EXAMPLE, reason).await, stopped(EXAMPLE, other).await, stopped(GENERATED, reason).await];
        assert_eq!(told, [1.0, 0.0, 0.0], "{reason}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn health_needs_no_key_and_tells_no_shop() {
    let app = TestApp::spawn().await;
    for path in ["/health/live", "/health/ready", "/metrics", "/openapi.json", "/docs/"] {
        assert_eq!(app.ask(Method::GET, path).await.status, 200, "{path}");
    }
    assert!(!app.ask(Method::GET, "/health/ready").await.text().contains("1000"));
}

#[tokio::test(flavor = "multi_thread")]
async fn locations_come_as_they_were_sent_and_from_the_cache() {
    let app = TestApp::spawn().await;
    let body = app.get("/shops/2000/com/locations.json").await.ok();
    let ids: Vec<u64> = body["locations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|location| location["id"].as_u64().unwrap())
        .collect();
    assert_eq!(ids, app.shop(GENERATED).location_ids());
    let calls = app.shop(GENERATED).counters().locations;
    let page = app.get("/shops/2000/com/locations.json?limit=5&page=2").await.ok();
    assert_eq!(page["locations"].as_array().unwrap().len(), 5);
    assert_eq!(page["locations"][0]["id"], ids[5]);
    assert_eq!(app.shop(GENERATED).counters().locations, calls);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_flight_is_finished_before_the_end() {
    let mut app = TestApp::builder()
        .settings(|settings| settings.server.shutdown_grace = std::time::Duration::from_secs(20))
        .spawn()
        .await;
    let shop = app.shop(EXAMPLE);
    let hold = shop.hold();
    let question = tokio::spawn(app.example().into_future());
    shop.wait_for_requests(1).await;
    app.stop();
    while app.ask(Method::GET, "/health/ready").await.status != 503 {}
    hold.release();
    assert_eq!(question.await.unwrap().rows().len(), 4);
    app.ended().await;
}
