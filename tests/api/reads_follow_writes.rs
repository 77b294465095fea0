//! A read that begins after a write's answer came shows what the write did.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tonkho::sandbox::faults::Faults;

use crate::answer::Answer;
use crate::gateway::{EXAMPLE, TK_ALL, TestApp};

const VARIANT: u64 = 1_061_514_767;
const OTHER: u64 = 1_064_240_649;
const PRODUCT: u64 = 1_028_183_686;
const LOCATION: u64 = 963_414;
const ADJUST: &str = "/shops/1000/com/inventories/adjustorset.json";
/// How often something is written and read.
const WRITES: i64 = 2_000;
const CELL: &str = "variant_ids=1061514767&location_ids=963414";

async fn send(app: &TestApp, method: Method, path: &str, body: String) -> Answer {
    app.ask(method, path).key(TK_ALL).header("content-type", "application/json").body(body).await
}

fn set(quantity: i64) -> String {
    json!({"inventory": {"location_id": LOCATION, "type": "set", "line_items": [
        {"product_id": PRODUCT, "product_variant_id": VARIANT, "quantity": quantity},
    ]}})
    .to_string()
}

/// What is on hand in the cell.
async fn on_hand(app: &TestApp) -> Value {
    let rows = app.inventory(EXAMPLE, CELL).await.rows();
    serde_json::from_str::<Value>(&rows[0]).unwrap()["qty_onhand"].clone()
}

/// Reads what is on hand, beside the test.
fn reader_of(app: &Arc<TestApp>) -> JoinHandle<Value> {
    let app = Arc::clone(app);
    tokio::spawn(async move { on_hand(&app).await })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_writes_and_reads_at_once_sees_what_it_wrote() {
    let app = Arc::new(TestApp::spawn().await);
    let done = Arc::new(AtomicBool::new(false));
    let readers = [CELL, "variant_ids=1061514767,1064240649&location_ids=963414,1007284"].map(|query| {
        let (app, done) = (Arc::clone(&app), Arc::clone(&done));
        tokio::spawn(async move {
            while !done.load(Ordering::Relaxed) {
                app.inventory(EXAMPLE, query).await.rows();
            }
        })
    });
    for quantity in 1..=WRITES {
        assert_eq!(send(&app, Method::POST, ADJUST, set(quantity)).await.status, 200);
        assert_eq!(on_hand(&app).await, json!(quantity));
    }
    done.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_a_write_names_is_read_again() {
    let app = TestApp::spawn().await;
    let all = "variant_ids=1061514767,1064240649&location_ids=963414,1007284";
    let calls_after = |method: Method, path: &'static str, body: String| {
        let app = &app;
        async move {
            app.inventory(EXAMPLE, all).await.rows();
            assert!(send(app, method, path, body).await.status < 500);
            let before = app.upstream_calls(EXAMPLE);
            for variant in [VARIANT, OTHER] {
                for location in [LOCATION, 1_007_284] {
                    app.inventory(EXAMPLE, &format!("variant_ids={variant}&location_ids={location}"))
                        .await
                        .rows();
                }
            }
            app.upstream_calls(EXAMPLE) - before
        }
    };
    assert_eq!(calls_after(Method::POST, ADJUST, set(5)).await, 1, "one cell");
    let path = "/shops/1000/com/variants/1061514767.json";
    assert_eq!(calls_after(Method::PUT, path, r#"{"variant":{"sku":"A"}}"#.to_owned()).await, 2, "a variant");
    let path = "/shops/1000/com/products/1028183686.json";
    assert_eq!(calls_after(Method::PUT, path, "{}".to_owned()).await, 4, "both are of this product");
    assert_eq!(calls_after(Method::PUT, "/shops/1000/com/products/7.json", "{}".to_owned()).await, 0);
    assert_eq!(calls_after(Method::POST, "/shops/1000/com/orders.json", "{}".to_owned()).await, 0);
    assert_eq!(calls_after(Method::POST, ADJUST, "not json".to_owned()).await, 4, "everything");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reading_that_began_before_the_answer_is_not_served_after_it() {
    let app = Arc::new(TestApp::spawn().await);
    let shop = app.shop(EXAMPLE);
    // The reading is made, and out of date before it comes.
    let hold = shop.hold_answers();
    let reader = reader_of(&app);
    shop.wait_for_answers(1).await;
    assert_eq!(send(&app, Method::POST, ADJUST, set(77)).await.status, 200);
    let after = reader_of(&app);
    shop.wait_for_requests(2).await;
    hold.release();
    assert_eq!(after.await.unwrap(), json!(77));
    assert_eq!(reader.await.unwrap(), json!(77));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_whose_end_is_not_known_counts_as_done() {
    let app = TestApp::builder()
        .settings(|settings| settings.haravan.connect_timeout = Duration::from_millis(300))
        .settings(|settings| settings.haravan.request_timeout = Duration::from_millis(300))
        .spawn()
        .await;
    on_hand(&app).await;
    app.shop(EXAMPLE).set_faults(Faults { latency_ms: 1_000, ..Faults::default() });
    send(&app, Method::POST, ADJUST, set(88)).await.problem(504, "upstream-timeout");
    app.shop(EXAMPLE).set_faults(Faults::default());
    while on_hand(&app).await != json!(88) {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_to_a_product_overtakes_the_readings_of_that_product_alone() {
    for (product, calls) in [(PRODUCT, 2), (7, 1)] {
        let app = Arc::new(TestApp::spawn().await);
        let shop = app.shop(EXAMPLE);
        let hold = shop.hold_answers();
        let reader = reader_of(&app);
        shop.wait_for_answers(1).await;
        let path = format!("/shops/1000/com/products/{product}.json");
        assert!(send(&app, Method::PUT, &path, "{}".to_owned()).await.status < 500);
        hold.release();
        reader.await.unwrap();
        assert_eq!(app.upstream_calls(EXAMPLE), calls, "{product}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cell_without_a_row_may_be_of_any_product() {
    let app = TestApp::spawn().await;
    let question = "variant_ids=77&location_ids=963414";
    for (product, calls) in [("7.json", 1), ("8/variants.json", 2)] {
        app.inventory(EXAMPLE, question).await.rows();
        let path = format!("/shops/1000/com/products/{product}");
        send(&app, Method::PUT, &path, "{}".to_owned()).await;
        app.inventory(EXAMPLE, question).await.rows();
        assert_eq!(app.upstream_calls(EXAMPLE), calls + 1, "{product}");
    }
}
