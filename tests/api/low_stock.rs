//! What is running low: by the shop's threshold or the caller's, lowest first.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::{Value, json};
use tonkho::sandbox::faults::Failure;

use crate::gateway::{EXAMPLE, EXAMPLE_QUERY, GENERATED, TestApp, grid};
use crate::oracle::{self, OracleRow, decimal};

const PATH: &str = "/shops/1000/alerts/low-stock";

#[tokio::test(flavor = "multi_thread")]
async fn the_documents_example_has_one_variant_that_is_low() {
    let app = TestApp::spawn().await;
    let body = app.get(&format!("{PATH}?{EXAMPLE_QUERY}")).await.ok();
    assert_eq!((&body["shop"], &body["complete"], &body["count"]), (&json!(1000), &json!(true), &json!(1)));
    assert_eq!(
        body["alerts"][0],
        json!({"id": null, "loc_id": null, "product_id": 1_028_183_686, "variant_id": 1_061_514_767,
            "qty_onhand": 12, "qty_commited": 12, "qty_incoming": 1, "qty_available": 0,
            "updated_at": "2021-07-30T06:05:24.332Z", "location_name": null, "kind": "low_stock", "shortage": 5,
            "covered_by_incoming": false, "surplus_elsewhere": 0, "transfer_from": [], "coverable": 0,
            "uncovered": 5, "complete": true})
    );
    let rows = app.get(&format!("{PATH}?{EXAMPLE_QUERY}&level=location")).await.ok();
    assert_eq!((&rows["count"], &rows["alerts"][0]["id"]), (&json!(1), &json!(1_003_098_484)));
    assert_eq!(rows["alerts"][0]["location_name"], "Kho Tân Bình");
    let low = app.get(&format!("{PATH}?{EXAMPLE_QUERY}&level=location&threshold=15")).await.ok();
    let ids: Vec<&Value> = low["alerts"].as_array().unwrap().iter().map(|alert| &alert["id"]).collect();
    assert_eq!(json!(ids), json!([1_003_098_484, 1_006_907_070]));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_low_row_of_a_generated_shop_is_an_alert_lowest_first() {
    let app = TestApp::spawn().await;
    let shop = app.shop(GENERATED);
    let low = |available: Decimal| Decimal::ZERO <= available && available <= Decimal::new(25, 1);
    let mut rows: Vec<OracleRow> = oracle::rows(&shop).into_iter().filter(|row| low(row.available)).collect();
    rows.sort_by_key(|row| (row.available, row.variant_id, row.loc_id));
    let query = grid(&shop.variant_ids(), &shop.location_ids());
    let path = format!("/shops/2000/alerts/low-stock?{query}&level=location&threshold=2.5");
    let body = app.get(&path).await.ok();
    let alerts = body["alerts"].as_array().unwrap();
    assert_eq!((alerts.len(), &body["count"]), (rows.len(), &json!(rows.len())));
    for (alert, row) in alerts.iter().zip(&rows) {
        assert_eq!((&alert["variant_id"], &alert["loc_id"]), (&json!(row.variant_id), &json!(row.loc_id)));
        assert_eq!(decimal(&alert["shortage"]), Decimal::new(25, 1) - row.available, "{alert}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn transfers_leave_no_sender_below_the_threshold() {
    let app = TestApp::spawn().await;
    let shop = app.shop(GENERATED);
    let available: BTreeMap<(u64, u64), Decimal> =
        oracle::rows(&shop).into_iter().map(|row| ((row.variant_id, row.loc_id), row.available)).collect();
    let selling = oracle::selling(&app.get("/shops/2000/com/locations.json").await.ok());
    let query = grid(&shop.variant_ids(), &shop.location_ids());
    let body = app.get(&format!("/shops/2000/alerts/low-stock?{query}&level=location")).await.ok();
    let mut left = available;
    let mut sent = 0;
    for alert in body["alerts"].as_array().unwrap() {
        for transfer in alert["transfer_from"].as_array().unwrap() {
            let loc_id = transfer["loc_id"].as_u64().unwrap();
            assert!(selling.contains(&loc_id), "{alert}");
            *left.get_mut(&(alert["variant_id"].as_u64().unwrap(), loc_id)).unwrap() -=
                decimal(&transfer["quantity"]);
            assert!(Decimal::from(5) <= left[&(alert["variant_id"].as_u64().unwrap(), loc_id)], "{alert}");
            sent += 1;
        }
    }
    assert!(0 < sent);
}

#[tokio::test(flavor = "multi_thread")]
async fn variants_are_low_by_their_sums() {
    let app = TestApp::spawn().await;
    let shop = app.shop(GENERATED);
    let mut sums: BTreeMap<u64, Decimal> =
        shop.variant_ids().into_iter().map(|id| (id, Decimal::ZERO)).collect();
    for row in oracle::rows(&shop) {
        *sums.get_mut(&row.variant_id).unwrap() += row.available;
    }
    let mut low: Vec<(Decimal, u64)> = sums.into_iter().map(|(id, sum)| (sum, id)).collect();
    low.retain(|(sum, _)| (Decimal::ZERO..=Decimal::from(20)).contains(sum));
    low.sort_unstable();
    let query = grid(&shop.variant_ids(), &shop.location_ids());
    let body = app.get(&format!("/shops/2000/alerts/low-stock?{query}&threshold=20")).await.ok();
    let alerts = body["alerts"].as_array().unwrap().iter();
    let told: Vec<(Decimal, u64)> = alerts
        .map(|alert| (decimal(&alert["qty_available"]), alert["variant_id"].as_u64().unwrap()))
        .collect();
    assert!(!low.is_empty());
    assert_eq!(told, low);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_variant_with_a_missing_cell_is_neither_low_nor_not() {
    let app = TestApp::spawn().await;
    app.get("/shops/1000/stock?variant_ids=1061514767&location_ids=1007284").await.ok();
    app.fail(EXAMPLE, 1_000, Failure::Status500);
    let body = app.get(&format!("{PATH}?{EXAMPLE_QUERY}&partial=true&threshold=20")).await.ok();
    assert_eq!(
        (&body["count"], &body["complete"], &body["missing_total"]),
        (&json!(0), &json!(false), &json!(3))
    );
    let warned =
        body["warnings"].as_array().unwrap().iter().any(|text| text.as_str().unwrap().contains("low: 2"));
    assert!(warned, "{body}");
    // The row that is known is.
    let rows =
        app.get(&format!("{PATH}?{EXAMPLE_QUERY}&partial=true&threshold=20&level=location")).await.ok();
    assert_eq!((&rows["count"], &rows["alerts"][0]["complete"]), (&json!(1), &json!(false)));
    assert_eq!(rows["alerts"][0]["surplus_elsewhere"], json!(null));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_says_the_same_and_tables_lines_and_costs_are_to_be_had() {
    let app = TestApp::spawn().await;
    let path = format!("{PATH}?{EXAMPLE_QUERY}&level=location&threshold=15");
    let cost = app.get(&format!("{path}&explain=true")).await.ok();
    assert_eq!((&cost["cells"]["asked"], app.upstream_calls(EXAMPLE)), (&json!(4), 0));
    let expected = app.get(&path).await.ok();
    let body = json!({"location_ids": [963414, 1007284], "variant_ids": "1061514767,1064240649",
        "level": "location", "threshold": "15.0"});
    assert_eq!(app.post(PATH, &body).await.ok()["alerts"], expected["alerts"]);
    let csv = app.get(&path).header("accept", "text/csv").await.text();
    assert_eq!(csv.lines().count(), 3);
    assert!(csv.starts_with("id,loc_id,product_id,variant_id,"), "{csv}");
    let lines = app.get(&path).header("accept", "application/x-ndjson").await.text();
    let items: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(json!(items), expected["alerts"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_named() {
    let app = TestApp::spawn().await;
    for (query, named) in [
        ("threshold=-0.5", "threshold: \"-0.5\" is not a decimal number of at least 0"),
        (
            "threshold=1e1000",
            "threshold: \"1e1000\" is not a decimal number of at least 0, of at most 38 significant digits",
        ),
        ("level=product", "level: \"product\" is not location or variant"),
    ] {
        let detail =
            app.get(&format!("{PATH}?{EXAMPLE_QUERY}&{query}")).await.detail(400, "invalid-parameter");
        assert_eq!(detail, named);
    }
    app.get(PATH).await.problem(422, "ids-required");
}
