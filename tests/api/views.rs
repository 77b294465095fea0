//! What people really ask: stock over all locations, and what is oversold.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::json;

use crate::gateway::{EXAMPLE, EXAMPLE_QUERY, GENERATED, TestApp, grid};
use crate::oracle::{self, OracleRow, decimal};

#[tokio::test(flavor = "multi_thread")]
async fn the_documents_example_is_summed_as_by_hand() {
    let app = TestApp::spawn().await;
    let body = app.get(&format!("/shops/1000/stock?{EXAMPLE_QUERY}")).await.ok();
    assert_eq!((body["shop"].clone(), body["complete"].clone()), (json!(1000), json!(true)));
    assert_eq!(
        body["stock"][0],
        json!({"variant_id": 1_061_514_767, "product_id": 1_028_183_686, "qty_onhand": 12, "qty_commited": 12,
            "qty_incoming": 1, "qty_available": 0, "sellable": 15, "qty_oversold": 15, "rows": 2, "no_rows": 0,
            "unknown": 0, "negative_rows": 1, "updated_at": "2021-07-30T06:05:24.332Z", "complete": true})
    );
    assert_eq!(body["totals"]["qty_available"], -7);
    let one = app.get("/shops/1000/stock/1061514767").await.ok();
    assert_eq!(one["stock"]["locations"].as_array().unwrap().len(), 2);
    let posted =
        app.post("/shops/1000/stock/1061514767", &json!({"location_ids": [963_414, 1_007_284]})).await;
    assert_eq!(posted.ok()["stock"], one["stock"]);
    let places =
        app.get(&format!("/shops/1000/stock?{EXAMPLE_QUERY}&group_by=location&breakdown=true")).await.ok();
    assert_eq!(places["stock"][0]["loc_id"], 963_414);
    assert_eq!(places["stock"][0]["variants"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_variant_without_rows_is_listed_with_zeros() {
    let app = TestApp::spawn().await;
    let body = app.get("/shops/1000/stock?variant_ids=42&location_ids=963414").await.ok();
    assert_eq!((&body["stock"][0]["qty_available"], &body["stock"][0]["rows"]), (&json!(0), &json!(0)));
    assert_eq!(body["stock"][0]["no_rows"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn sums_equal_the_naive_ones_for_a_generated_shop() {
    let app = TestApp::spawn().await;
    let shop = app.shop(GENERATED);
    let mut sums: BTreeMap<u64, (Decimal, Decimal, usize)> =
        shop.variant_ids().into_iter().map(|id| (id, Default::default())).collect();
    for OracleRow { variant_id, onhand, available, .. } in oracle::rows(&shop) {
        let sum = sums.get_mut(&variant_id).unwrap();
        *sum = (sum.0 + onhand, sum.1 + available, sum.2 + 1);
    }
    let query = grid(&shop.variant_ids(), &shop.location_ids());
    let body = app.get(&format!("/shops/2000/stock?{query}")).await.ok();
    let items = body["stock"].as_array().unwrap();
    assert_eq!(items.len(), sums.len());
    for (item, (variant_id, (onhand, available, rows))) in items.iter().zip(sums) {
        assert_eq!(item["variant_id"], variant_id);
        assert_eq!(decimal(&item["qty_onhand"]), onhand, "{item}");
        assert_eq!(decimal(&item["qty_available"]), available, "{item}");
        assert_eq!(item["rows"], rows);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_negative_row_is_an_alert_worst_first() {
    let app = TestApp::spawn().await;
    let shop = app.shop(GENERATED);
    let mut negative: Vec<OracleRow> =
        oracle::rows(&shop).into_iter().filter(|row| row.available < Decimal::ZERO).collect();
    negative.sort_by_key(|row| (row.available, row.variant_id, row.loc_id));
    let query = grid(&shop.variant_ids(), &shop.location_ids());
    let body = app.get(&format!("/shops/2000/alerts/negative?{query}")).await.ok();
    let alerts = body["alerts"].as_array().unwrap();
    assert_eq!((alerts.len(), &body["count"]), (negative.len(), &json!(negative.len())));
    for (alert, row) in alerts.iter().zip(&negative) {
        assert_eq!((&alert["variant_id"], &alert["loc_id"]), (&json!(row.variant_id), &json!(row.loc_id)));
        assert_eq!(decimal(&alert["shortage"]), -row.available);
        let kind = if row.onhand < Decimal::ZERO { "physical" } else { "overcommitted" };
        assert_eq!(alert["kind"], kind);
        assert_eq!(alert["covered_by_incoming"], -row.available <= row.incoming);
        let sent: Decimal = alert["transfer_from"]
            .as_array()
            .unwrap()
            .iter()
            .map(|transfer| decimal(&transfer["quantity"]))
            .sum();
        assert_eq!(sent, decimal(&alert["coverable"]));
        assert_eq!(decimal(&alert["shortage"]) - sent, decimal(&alert["uncovered"]));
    }
    assert!(1.0 <= app.metric(r#"tonkho_negative_available_rows{shop="2000"}"#).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_cells_make_sums_unknown_never_zero() {
    let app = TestApp::spawn().await;
    app.fail(EXAMPLE, 1_000, tonkho::sandbox::faults::Failure::Status500);
    let body = app.get(&format!("/shops/1000/stock?{EXAMPLE_QUERY}&partial=true")).await.ok();
    assert_eq!((&body["complete"], &body["missing_total"]), (&json!(false), &json!(4)));
    assert_eq!(body["stock"][0]["qty_available"], json!(null));
    assert_eq!(body["stock"][0]["sellable"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn unreadable_locations_cost_names_not_answers() {
    let app = TestApp::spawn().await;
    let mut scopes = tonkho::sandbox::settings::Scope::all();
    scopes.remove(&tonkho::sandbox::settings::Scope::ReadShop);
    app.shop(EXAMPLE).set_scopes(scopes);
    let body = app.get(&format!("/shops/1000/stock?{EXAMPLE_QUERY}&group_by=location")).await.ok();
    assert_eq!(body["stock"][0]["location_name"], json!(null));
    assert!(body["warnings"][0].as_str().unwrap().contains("locations.json"), "{body}");
    app.get("/shops/1000/stock?variant_ids=1061514767").await.problem(422, "ids-required");
    // The shop goes on: it was about this resource's scope.
    assert_eq!(app.example().await.rows().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_and_lines_are_to_be_had() {
    let app = TestApp::spawn().await;
    let path = format!("/shops/1000/stock?{EXAMPLE_QUERY}");
    let csv = app.get(&path).header("accept", "text/csv").await;
    assert!(csv.header("content-type").unwrap().starts_with("text/csv"));
    assert_eq!(csv.text().lines().count(), 3);
    let lines = app.get(&path).header("accept", "application/x-ndjson").await;
    assert_eq!(lines.text().lines().count(), 2);
    app.get(&path).header("accept", "image/png").await.problem(406, "not-acceptable");
}
