//! Where available is not on hand less committed: every such row, the largest difference first.

use rust_decimal::Decimal;
use serde_json::{Value, json};
use tonkho::sandbox::settings::GeneratedSettings;

use crate::gateway::{EXAMPLE, EXAMPLE_QUERY, GENERATED, TestApp, grid};
use crate::oracle::{self, OracleRow, decimal};

const PATH: &str = "/shops/1000/alerts/mismatch";

/// The row of the documentation's property list, in a cell of the example.
const LISTED: &str = r#"{"id":1003226632,"loc_id":963414,"product_id":1028183686,"variant_id":1064240649,"qty_onhand":0,"qty_commited":7,"qty_incoming":1,"qty_available":5,"updated_at":"2021-07-08T01:47:17.612Z"}"#;

#[tokio::test(flavor = "multi_thread")]
async fn the_documents_example_adds_up_and_its_property_list_does_not() {
    let app = TestApp::spawn().await;
    let body = app.get(&format!("{PATH}?{EXAMPLE_QUERY}")).await.ok();
    assert_eq!((&body["alerts"], &body["count"], &body["complete"]), (&json!([]), &json!(0), &json!(true)));
    app.shop(EXAMPLE).put_row(LISTED).unwrap();
    let body = app.get(&format!("{PATH}?{EXAMPLE_QUERY}")).header("cache-control", "no-cache").await.ok();
    assert_eq!(
        body["alerts"],
        json!([{"id": 1_003_226_632, "loc_id": 963_414, "product_id": 1_028_183_686, "variant_id": 1_064_240_649,
            "qty_onhand": 0, "qty_commited": 7, "qty_incoming": 1, "qty_available": 5,
            "updated_at": "2021-07-08T01:47:17.612Z", "location_name": "Địa điểm mặc định", "difference": 12}])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mismatch_of_a_generated_shop_is_an_alert_largest_first() {
    let stock = GeneratedSettings {
        variants: 200,
        products: 80,
        mismatched: 0.3,
        decimals: 0.2,
        ..GeneratedSettings::default()
    };
    let app = TestApp::builder().generated(stock).spawn().await;
    let shop = app.shop(GENERATED);
    let difference = |row: &OracleRow| row.available - (row.onhand - row.commited);
    let mut rows = oracle::rows(&shop);
    rows.retain(|row| !difference(row).is_zero());
    rows.sort_by_key(|row| (-difference(row).abs(), row.variant_id, row.loc_id));
    let query = grid(&shop.variant_ids(), &shop.location_ids());
    let body = app.get(&format!("/shops/2000/alerts/mismatch?{query}")).await.ok();
    let alerts = body["alerts"].as_array().unwrap();
    assert!(100 < rows.len());
    assert_eq!((alerts.len(), &body["count"]), (rows.len(), &json!(rows.len())));
    for (alert, row) in alerts.iter().zip(&rows) {
        assert_eq!((&alert["id"], decimal(&alert["difference"])), (&json!(row.id), difference(row)));
        assert_eq!(decimal(&alert["qty_available"]), row.available);
        assert_ne!(decimal(&alert["difference"]), Decimal::ZERO);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_says_the_same_and_tables_lines_and_costs_are_to_be_had() {
    let app = TestApp::spawn().await;
    app.shop(EXAMPLE).put_row(LISTED).unwrap();
    let path = format!("{PATH}?{EXAMPLE_QUERY}");
    let cost = app.get(&format!("{path}&explain=true")).await.ok();
    assert_eq!((&cost["cells"]["asked"], app.upstream_calls(EXAMPLE)), (&json!(4), 0));
    let expected = app.get(&path).await.ok();
    assert_eq!(expected["count"], 1);
    let body = json!({"location_ids": [963414, 1007284], "variant_ids": [1061514767, 1064240649]});
    assert_eq!(app.post(PATH, &body).await.ok()["alerts"], expected["alerts"]);
    let csv = app.get(&path).header("accept", "text/csv").await.text();
    assert!(csv.ends_with(",2021-07-08T01:47:17.612Z,Địa điểm mặc định,12\r\n"), "{csv}");
    let lines = app.get(&path).header("accept", "application/x-ndjson").await.text();
    assert_eq!(serde_json::from_str::<Value>(&lines).unwrap(), expected["alerts"][0]);
    app.get(PATH).await.problem(422, "ids-required");
}
