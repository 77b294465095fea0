//! `Prefer: wait=N` bounds the wait, and the answer says so (RFC 7240).

use std::time::Duration;

use serde_json::json;
use tonkho::sandbox::faults::Failure;

use crate::gateway::{EXAMPLE, EXAMPLE_QUERY, GENERATED, TestApp, grid};

/// So long that a test which waited for it would be noticed.
const VERY_LONG: Duration = Duration::from_secs(3_600);

#[tokio::test(flavor = "multi_thread")]
async fn the_wait_that_was_granted_is_told() {
    let app = TestApp::spawn().await;
    for (prefer, applied) in [
        ("wait=5", Some("wait=5")),
        ("respond-async, wait=7", Some("wait=7")),
        ("Wait=\"9\"", Some("wait=9")),
        // As much as limits.max_wait allows.
        ("wait=900", Some("wait=60")),
        ("wait=99999999999999999999", Some("wait=60")),
        ("wait=soon", None),
        ("wait=-1", None),
        ("handling=lenient", None),
    ] {
        for answer in [
            app.example().header("prefer", prefer).await,
            app.get(&format!("/shops/1000/stock?{EXAMPLE_QUERY}")).header("prefer", prefer).await,
            app.get("/shops/1000/com/locations.json").header("prefer", prefer).await,
        ] {
            assert_eq!((answer.status, answer.header("preference-applied")), (200, applied), "{prefer}");
        }
    }
    assert_eq!(app.example().await.header("preference-applied"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_wait_gets_what_is_cached_and_a_timeout_for_the_rest() {
    let app = TestApp::builder()
        .settings(|settings| {
            settings.limits.default_wait = VERY_LONG;
            settings.limits.max_wait = VERY_LONG;
        })
        .spawn()
        .await;
    app.inventory(EXAMPLE, "location_ids=963414,1007284&variant_ids=1061514767").await.rows();
    app.fail(EXAMPLE, 1_000, Failure::Timeout);
    let cached = app.inventory(EXAMPLE, "location_ids=963414&variant_ids=1061514767");
    assert_eq!(cached.header("prefer", "wait=0").await.rows().len(), 1);
    app.example().header("prefer", "wait=0").await.problem(504, "upstream-timeout");
    let view = format!("/shops/1000/stock?{EXAMPLE_QUERY}&partial=true");
    let body = app.get(&view).header("prefer", "wait=0").await.ok();
    assert_eq!((&body["complete"], &body["missing_total"]), (&json!(false), &json!(2)));
    assert!(body["missing"].as_array().unwrap().iter().all(|cell| cell["reason"] == "timeout"), "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_wait_for_the_bucket_is_told_what_it_needs() {
    let app = TestApp::builder()
        .bucket(2, 0.01)
        .settings(|settings| settings.limits.default_wait = VERY_LONG)
        .spawn()
        .await;
    let shop = app.shop(GENERATED);
    let query = grid(&shop.variant_ids()[..200], &shop.location_ids()[..1]);
    let refused = app.inventory(GENERATED, &query).header("prefer", "wait=1").await;
    refused.problem(429, "rate-limited");
    let view = app.get(&format!("/shops/2000/stock?{query}")).header("prefer", "wait=1").await;
    view.problem(503, "rate-limited");
    let other_base = app.get(&format!("/shops/2000/admin/inventory_locations.json?{query}"));
    let other_base = other_base.header("prefer", "wait=1").await;
    other_base.problem(429, "rate-limited");
    for refused in [refused, view, other_base] {
        let seconds: u64 = refused.header("retry-after").unwrap().parse().unwrap();
        assert!((50..=400).contains(&seconds), "{seconds}");
    }
    let body =
        app.get(&format!("/shops/2000/stock?{query}&partial=true")).header("prefer", "wait=1").await.ok();
    assert_eq!(body["complete"], json!(false));
    assert!(
        body["missing"].as_array().unwrap().iter().all(|cell| cell["reason"] == "rate-limited"),
        "{body}"
    );
    assert_eq!(shop.counters().throttled, 0, "no 429 was provoked");
}
