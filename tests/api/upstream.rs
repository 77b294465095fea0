//! Calls to Haravan: trouble with one resource is no trouble with another, waits are kept, dead connections left.

use std::ops::Range;
use std::time::Duration;

use tokio::time::Instant;
use tonkho::sandbox::faults::{Failure, Faults};
use tonkho::sandbox::request::Resource;

use crate::gateway::{EXAMPLE, EXAMPLE_QUERY, GENERATED, TestApp, grid};

/// The state of a resource of shop 1000.
async fn resource(app: &TestApp, name: &str) -> serde_json::Value {
    let shops = app.get("/shops").await.ok();
    let resources = shops["shops"][0]["resources"].as_array().unwrap().clone();
    resources.into_iter().find(|resource| resource["resource"] == name).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn trouble_with_what_is_passed_through_is_not_the_inventorys() {
    for (failure, status) in
        [(Failure::Status500, 500), (Failure::Unauthorized, 401), (Failure::Forbidden, 403)]
    {
        let app = TestApp::spawn().await;
        app.shop(EXAMPLE)
            .set_faults(Faults { fail_only: Some(Resource::Products), ..Faults::failing(1_000, failure) });
        for _ in 0..10 {
            assert_eq!(app.get("/shops/1000/com/products.json").await.status, status);
        }
        assert_eq!(app.shop(EXAMPLE).requests().len(), 10, "each is asked, once");
        assert_eq!(app.example().await.rows().len(), 4);
        assert_eq!(app.get("/shops").await.ok()["shops"][0]["stopped"], serde_json::Value::Null);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_firewalls_page_is_no_refusal_of_the_token() {
    let app = TestApp::spawn().await;
    app.fail(EXAMPLE, 1_000, Failure::Html403);
    app.example().await.problem(502, "upstream-failed");
    let shops = app.get("/shops").await.ok();
    let message = "something in front of Haravan refused the call (403)";
    assert_eq!(shops["shops"][0]["last_error"]["message"], message);
    app.shop(EXAMPLE).set_faults(Faults::default());
    assert_eq!(app.example().await.rows().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_died_without_a_word_is_asked_again_on_a_new_connection() {
    let app = TestApp::builder()
        .settings(|settings| {
            settings.haravan.connect_timeout = Duration::from_millis(500);
            settings.haravan.request_timeout = Duration::from_millis(500);
        })
        .spawn()
        .await;
    let shop = app.shop(GENERATED);
    let question = |variants: Range<usize>| grid(&shop.variant_ids()[variants], &shop.location_ids()[..1]);
    // Five connections that stay open: each of these questions fills a call.
    let hold = shop.hold();
    let warm = (0..5).map(|at| {
        let query = question(50 * at..50 * (at + 1));
        let app = &app;
        async move { app.inventory(GENERATED, &query).await.rows() }
    });
    let warm = futures_util::future::join_all(warm);
    let released = async {
        shop.wait_for_requests(5).await;
        hold.release();
    };
    tokio::join!(warm, released);
    app.sandbox().kill_connections();
    for at in 250..256 {
        assert_eq!(app.inventory(GENERATED, &question(at..at + 1)).await.status, 200, "{at}");
    }
    assert_eq!(app.get("/shops").await.ok()["shops"][1]["stopped"], serde_json::Value::Null);
    // Once a new connection did what five old ones did not, no more time is lost on those.
    let retries = r#"tonkho_upstream_calls_total{cause="retry",shop="2000"}"#;
    assert!(app.metric(retries).await <= 5.0, "{}", app.metric(retries).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_after_is_kept_as_a_date_too() {
    let app = TestApp::spawn().await;
    let until = jiff::Timestamp::now() + Duration::from_secs(3);
    let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&until).unwrap();
    app.shop(EXAMPLE).set_faults(Faults { throttle_next: 1, retry_after: Some(date), ..Faults::default() });
    let asked = Instant::now();
    assert_eq!(app.example().await.rows().len(), 4);
    // The date is of whole seconds, and so is the answer's.
    assert!(Duration::from_secs(1) < asked.elapsed(), "{:?}", asked.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_retry_after_is_kept_and_shown() {
    let app = TestApp::spawn().await;
    app.shop(EXAMPLE).set_faults(Faults {
        throttle_next: 1,
        retry_after: Some("600".to_owned()),
        ..Faults::default()
    });
    let path = format!("/shops/1000/com/inventory_locations.json?{EXAMPLE_QUERY}");
    let answer = app.get(&path).header("prefer", "wait=1").await;
    answer.problem(429, "rate-limited");
    let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((590..=600).contains(&seconds), "{seconds}");
    assert!(resource(&app, "inventory_locations").await["paused_until"].is_string());
    assert_eq!(app.upstream_calls(EXAMPLE), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_bounds_a_forwarded_call_as_a_whole() {
    let app = TestApp::spawn().await;
    app.shop(EXAMPLE).set_faults(Faults { latency_ms: 4_000, ..Faults::default() });
    let asked = Instant::now();
    let answer = app.get("/shops/1000/com/products.json").header("prefer", "wait=1").await;
    answer.problem(504, "upstream-timeout");
    assert!(asked.elapsed() < Duration::from_secs(3), "{:?}", asked.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_locations_that_is_throttled_is_waited_for() {
    let app = TestApp::spawn().await;
    app.shop(EXAMPLE).set_faults(Faults {
        throttle_next: 4,
        retry_after: Some("0.05".to_owned()),
        ..Faults::default()
    });
    assert_eq!(app.get("/shops/1000/com/locations.json").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_counted_by_what_they_are_made_for() {
    let app = TestApp::spawn().await;
    app.example().await.rows();
    app.get("/shops/1000/com/locations.json").await.ok();
    app.get("/shops/1000/com/products.json").await.ok();
    app.fail(EXAMPLE, 1, Failure::Status500);
    app.inventory(EXAMPLE, "variant_ids=1061514767&location_ids=1,2").await;
    for (cause, at_least) in [("question", 2.0), ("locations", 1.0), ("passthrough", 1.0), ("retry", 1.0)] {
        let series = format!(r#"tonkho_upstream_calls_total{{cause="{cause}",shop="1000"}}"#);
        assert!(at_least <= app.metric(&series).await, "{series}");
    }
}
