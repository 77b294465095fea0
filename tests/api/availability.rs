//! What a storefront may promise: as much as there is, and a yes only where it is sure.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::{Value, json};
use tonkho::sandbox::faults::Failure;

use crate::gateway::{EXAMPLE, EXAMPLE_QUERY, GENERATED, TestApp, grid};
use crate::oracle::{self, OracleRow, decimal};

const PATH: &str = "/shops/1000/availability";

/// An item without its `complete` and `locations`.
fn told(item: &Value) -> Value {
    json!([item["available"], item["status"], item["quantity"], item["quantity_is"]])
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documents_example_sells_by_location_and_not_net() {
    let app = TestApp::spawn().await;
    let net = app.get(&format!("{PATH}?{EXAMPLE_QUERY}")).await.ok();
    assert_eq!(
        (&net["shop"], &net["complete"], &net["missing_total"]),
        (&json!(1000), &json!(true), &json!(0))
    );
    assert_eq!(told(&net["availability"][0]), json!([false, "out_of_stock", 0, "exact"]));
    assert_eq!(net["availability"][0].get("locations"), None);
    let positive = app.get(&format!("{PATH}?{EXAMPLE_QUERY}&pooling=positive&pickup=true")).await.ok();
    assert_eq!(
        positive["availability"],
        json!([
            {"variant_id": 1_061_514_767, "available": true, "status": "in_stock", "quantity": 15,
                "quantity_is": "exact", "complete": true, "locations": [
                    {"loc_id": 1_007_284, "location_name": "Kho Tân Bình", "quantity": 15, "quantity_is": "exact"}
                ]},
            {"variant_id": 1_064_240_649, "available": false, "status": "out_of_stock", "quantity": 0,
                "quantity_is": "exact", "complete": true, "locations": []}
        ])
    );
    assert_eq!(app.upstream_calls(EXAMPLE), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_threshold_is_the_shops_unless_the_caller_has_another() {
    let app = TestApp::spawn().await;
    app.shop(EXAMPLE).set_quantity(1_061_514_767, 963_414, 0).unwrap();
    app.shop(EXAMPLE).set_quantity(1_061_514_767, 1_007_284, 5).unwrap();
    let ask = |query: &str| app.get(&format!("{PATH}?{EXAMPLE_QUERY}{query}"));
    for (query, expected) in [
        ("", json!([true, "low_stock", 5, "exact"])),
        ("&threshold=4.5", json!([true, "in_stock", 5, "exact"])),
        ("&threshold=4&buffer=1", json!([true, "low_stock", 4, "exact"])),
        ("&buffer=5", json!([false, "out_of_stock", 0, "exact"])),
        ("&buffer=7.25", json!([false, "out_of_stock", 0, "exact"])),
        ("&cap=3&threshold=0", json!([true, "in_stock", 3, "capped"])),
        ("&cap=5&threshold=0", json!([true, "in_stock", 5, "exact"])),
    ] {
        assert_eq!(told(&ask(query).await.ok()["availability"][0]), expected, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_variant_of_a_generated_shop_has_what_its_rows_add_up_to() {
    let app = TestApp::spawn().await;
    let shop = app.shop(GENERATED);
    let selling = oracle::selling(&app.get("/shops/2000/com/locations.json").await.ok());
    assert!(selling.len() < shop.location_ids().len());
    let mut pools: BTreeMap<u64, (Decimal, Decimal)> =
        shop.variant_ids().into_iter().map(|id| (id, Default::default())).collect();
    for OracleRow { variant_id, loc_id, available, .. } in oracle::rows(&shop) {
        if selling.contains(&loc_id) {
            let (net, positive) = pools.get_mut(&variant_id).unwrap();
            *net += available;
            *positive += available.max(Decimal::ZERO);
        }
    }
    let query = grid(&shop.variant_ids(), &shop.location_ids());
    for pooling in ["net", "positive"] {
        let path = format!("/shops/2000/availability?{query}&pooling={pooling}&buffer=2");
        let body = app.get(&path).await.ok();
        let items = body["availability"].as_array().unwrap();
        assert_eq!(items.len(), pools.len());
        for (item, (variant_id, (net, positive))) in items.iter().zip(&pools) {
            let pool = if pooling == "net" { net } else { positive };
            let for_sale = (*pool - Decimal::from(2)).max(Decimal::ZERO);
            assert_eq!(item["variant_id"], *variant_id);
            assert_eq!(decimal(&item["quantity"]), for_sale, "{item}");
            assert_eq!(item["available"], !for_sale.is_zero(), "{item}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_yes_that_known_cells_prove_is_a_yes_though_others_are_missing() {
    let app = TestApp::spawn().await;
    let warm = app.get(&format!("{PATH}?variant_ids=1061514767&location_ids=1007284")).await.ok();
    assert_eq!(told(&warm["availability"][0]), json!([true, "in_stock", 15, "exact"]));
    app.get("/shops/1000/com/locations.json").await.ok();
    app.fail(EXAMPLE, 1_000, Failure::Status500);
    let path = format!("{PATH}?variant_ids=1061514767&location_ids=1007284,963414");
    app.get(&path).await.problem(502, "upstream-failed");
    let net = app.get(&format!("{path}&partial=true")).await.ok();
    assert_eq!(told(&net["availability"][0]), json!([null, "unknown", 0, "at_least"]));
    let positive = app.get(&format!("{path}&partial=true&pooling=positive")).await;
    assert_eq!(positive.header("x-tonkho-missing"), Some("1"));
    let positive = positive.ok();
    assert_eq!(told(&positive["availability"][0]), json!([true, "in_stock", 15, "at_least"]));
    assert_eq!(
        (&positive["complete"], &positive["availability"][0]["complete"]),
        (&json!(false), &json!(false))
    );
    assert_eq!(
        positive["missing"],
        json!([{"variant_id": 1_061_514_767, "loc_id": 963_414, "reason": "failed"}])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_says_the_same_in_the_same_names() {
    let app = TestApp::spawn().await;
    let query = format!("{PATH}?{EXAMPLE_QUERY}&pooling=positive&buffer=0.5&cap=10&threshold=3&pickup=true");
    let expected = app.get(&query).await;
    let body = json!({"location_ids": [963414, 1007284], "variant_ids": "1061514767,1064240649",
        "pooling": "positive", "buffer": 0.5, "cap": "10", "threshold": 3, "pickup": true});
    let posted = app.post(PATH, &body).await;
    assert_eq!(posted.ok()["availability"], expected.ok()["availability"]);
    assert_eq!(posted.header("etag"), expected.header("etag"));
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_lines_and_costs_are_to_be_had() {
    let app = TestApp::spawn().await;
    let path = format!("{PATH}?{EXAMPLE_QUERY}&pooling=positive&pickup=true");
    let cost = app.get(&format!("{path}&explain=true")).await.ok();
    assert_eq!((&cost["cells"]["asked"], app.upstream_calls(EXAMPLE)), (&json!(4), 0));
    let csv = app.get(&path).header("accept", "text/csv").await;
    assert_eq!(
        csv.text(),
        "variant_id,available,status,quantity,quantity_is,complete,locations\r\n\
         1061514767,true,in_stock,15,exact,true,1007284:15\r\n\
         1064240649,false,out_of_stock,0,exact,true,\r\n"
    );
    let lines = app.get(&path).header("accept", "application/x-ndjson").await.text();
    let items: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(json!(items), app.get(&path).await.ok()["availability"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_named() {
    let app = TestApp::spawn().await;
    for (query, named) in [
        ("pooling=sum", "pooling: \"sum\" is not net or positive"),
        ("buffer=-1", "buffer: \"-1\" is not a decimal number of at least 0"),
        ("cap=many", "cap: \"many\" is not a decimal number of at least 0"),
        ("threshold=x", "threshold: \"x\" is not a decimal number of at least 0"),
        ("pickup=maybe", "pickup: \"maybe\" is not true or false"),
    ] {
        let detail =
            app.get(&format!("{PATH}?{EXAMPLE_QUERY}&{query}")).await.detail(400, "invalid-parameter");
        assert_eq!(detail, named);
    }
    app.get(PATH).await.problem(422, "ids-required");
    assert_eq!(app.upstream_calls(EXAMPLE), 0);
}
