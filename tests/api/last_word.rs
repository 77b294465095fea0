//! What Haravan said last is what is served, whatever the times of its rows say.

use reqwest::Method;
use serde_json::Value;
use tonkho::sandbox::settings::ShopData;

use crate::answer::Answer;
use crate::gateway::{GENERATED, TK_ALL, TestApp};

const WENT_BACK: &str = "tonkho_rows_went_back_total{shop=\"2000\"}";

fn row(id: u64, available: u64, updated_at: &str) -> String {
    format!(
        r#"{{"id":{id},"loc_id":11,"product_id":7,"variant_id":101,"qty_onhand":{available},"qty_commited":0,"qty_incoming":0,"qty_available":{available},"updated_at":"{updated_at}"}}"#
    )
}

/// A shop whose only row is this.
async fn spawn(row: String) -> TestApp {
    TestApp::builder().haravan(|haravan| haravan.shops[1].data = ShopData::Rows(vec![row])).spawn().await
}

fn put(app: &TestApp, row: &str) {
    app.shop(GENERATED).put_row(row).unwrap();
}

/// The cell's quantities as they are answered on these terms: one, or none where there is no row.
async fn ask(app: &TestApp, cache_control: &str) -> (Vec<i64>, Answer) {
    let asked = app.inventory(GENERATED, "location_ids=11&variant_ids=101");
    let answer = asked.header("cache-control", cache_control).await;
    let rows: Vec<Value> = answer.rows().iter().map(|row| serde_json::from_str(row).unwrap()).collect();
    (rows.iter().map(|row| row["qty_available"].as_i64().unwrap()).collect(), answer)
}

async fn empty_cache(app: &TestApp) {
    let path = format!("/shops/{GENERATED}/cache");
    assert_eq!(app.ask(Method::DELETE, &path).key(TK_ALL).await.status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_from_the_future_is_followed_by_the_present_one() {
    let app = spawn(row(1, 50, "2099-01-01T00:00:00Z")).await;
    assert_eq!(ask(&app, "max-age=60").await.0, [50]);
    put(&app, &row(1, 0, "2026-01-01T00:00:00Z"));
    app.age(1);
    assert_eq!(ask(&app, "no-cache").await.0, [0]);
    app.age(4_000);
    assert_eq!(ask(&app, "max-age=60").await.0, [0]);
    assert_eq!(app.metric(WENT_BACK).await, 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_from_the_future_that_is_deleted_and_made_anew_is_the_new_one() {
    let app = spawn(row(1, 50, "2099-01-01T00:00:00Z")).await;
    ask(&app, "max-age=60").await;
    app.age(1);
    app.shop(GENERATED).delete_row(101, 11);
    assert_eq!(ask(&app, "no-cache").await.0, [0; 0]);
    app.age(1);
    put(&app, &row(2, 7, "2026-01-01T00:00:00Z"));
    assert_eq!(ask(&app, "no-cache").await.0, [7]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_is_made_anew_needs_no_newer_time() {
    let app = spawn(row(1, 50, "2026-01-02T00:00:00Z")).await;
    ask(&app, "max-age=60").await;
    app.age(1);
    put(&app, &row(2, 7, "2026-01-01T00:00:00Z"));
    assert_eq!(ask(&app, "no-cache").await.0, [7]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_that_is_restored_is_believed_as_soon_as_a_second_reading_agrees() {
    let app = spawn(row(1, 50, "2026-01-02T00:00:00Z")).await;
    ask(&app, "max-age=60").await;
    put(&app, &row(1, 40, "2026-01-01T00:00:00Z"));
    app.age(600);
    let (available, answer) = ask(&app, "max-age=60").await;
    assert_eq!((available.as_slice(), answer.cache_detail("calls")), ([40].as_slice(), 2));
    assert_eq!((app.upstream_calls(GENERATED), app.metric(WENT_BACK).await), (3, 1.0));
    assert!(ask(&app, "max-age=60").await.1.is_hit());
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_replica_may_lag_an_older_row_is_not_believed_and_nothing_is_called_fresh() {
    let app = spawn(row(1, 50, "2026-01-02T00:00:00Z")).await;
    ask(&app, "max-age=60").await;
    app.age(2);
    put(&app, &row(1, 40, "2026-01-01T00:00:00Z"));
    let (available, answer) = ask(&app, "no-cache").await;
    assert_eq!((available.as_slice(), answer.cache_detail("stale")), ([50].as_slice(), 1));
    assert!(2 <= answer.age());
    let (available, answer) = ask(&app, "max-stale=60").await;
    assert_eq!((available.as_slice(), answer.is_hit()), ([50].as_slice(), false));
    // The replica has caught up: the row was no older after all.
    put(&app, &row(1, 51, "2026-01-03T00:00:00Z"));
    app.age(1);
    assert_eq!(ask(&app, "no-cache").await.0, [51]);
    assert!(ask(&app, "max-age=60").await.1.is_hit());
    assert_eq!(app.metric(WENT_BACK).await, 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_shop_is_believed_within_ten_seconds_of_being_asked_for() {
    let app = spawn(row(1, 50, "2026-01-02T00:00:00Z")).await;
    ask(&app, "max-age=60").await;
    app.age(1);
    put(&app, &row(1, 40, "2026-01-01T00:00:00Z"));
    assert_eq!(ask(&app, "no-cache").await.0, [50]);
    app.age(9);
    assert_eq!(ask(&app, "max-stale=60").await.0, [40]);
    assert_eq!(app.metric(WENT_BACK).await, 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_purge_the_first_reading_is_law() {
    let app = spawn(row(1, 50, "2026-01-02T00:00:00Z")).await;
    ask(&app, "max-age=60").await;
    put(&app, &row(1, 40, "2026-01-01T00:00:00Z"));
    app.age(1);
    empty_cache(&app).await;
    assert_eq!(ask(&app, "max-age=60").await.0, [40]);
    assert_eq!((app.upstream_calls(GENERATED), app.metric(WENT_BACK).await), (2, 0.0));
}
