//! Where an order could be sent from: what the rows prove, and no more.

use std::collections::BTreeMap;

use reqwest::Method;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use tonkho::sandbox::faults::Failure;

use crate::gateway::{EXAMPLE, GENERATED, TK_ALL, TestApp};
use crate::oracle::{self, OracleRow, decimal};

const PATH: &str = "/shops/1000/fulfilment";

/// The shop's locations in the documentation's example.
const LOCATIONS: [u64; 2] = [963_414, 1_007_284];

fn order(lines: &Value) -> Value {
    json!({"lines": lines, "location_ids": LOCATIONS})
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documents_example_sends_from_the_one_location_that_has_it() {
    let app = TestApp::spawn().await;
    let lines =
        json!([{"variant_id": 1_061_514_767, "quantity": 2}, {"variant_id": "1061514767", "quantity": "3"}]);
    let body = app.post(PATH, &json!({"lines": lines, "prefer": [963_414]})).await.ok();
    assert_eq!(
        (&body["shop"], &body["complete"], &body["missing"]),
        (&json!(1000), &json!(true), &json!([]))
    );
    assert_eq!(
        (&body["fulfillable"], &body["mode"], &body["reservation"]),
        (&json!(true), &json!("single"), &json!(false))
    );
    assert_eq!(
        body["plan"],
        json!([{"loc_id": 1_007_284, "location_name": "Kho Tân Bình",
            "lines": [{"variant_id": 1_061_514_767, "quantity": 5}]}])
    );
    assert_eq!(body["shortages"], json!([]));
    assert_eq!(app.upstream_calls(EXAMPLE), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_location_has_is_short() {
    let app = TestApp::spawn().await;
    let lines =
        json!([{"variant_id": 1_064_240_649, "quantity": 1}, {"variant_id": 1_061_514_767, "quantity": 20}]);
    let body = app.post(PATH, &order(&lines)).await.ok();
    assert_eq!(
        (&body["fulfillable"], &body["mode"], &body["plan"]),
        (&json!(false), &json!("none"), &json!([]))
    );
    assert_eq!(
        body["shortages"],
        json!([
            {"variant_id": 1_061_514_767, "quantity": 20, "sellable": 15, "shortage": 5, "complete": true},
            {"variant_id": 1_064_240_649, "quantity": 1, "sellable": 0, "shortage": 1, "complete": true}
        ])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_preferred_location_comes_first_and_fewer_locations_before_it() {
    let app = TestApp::spawn().await;
    let shop = app.shop(EXAMPLE);
    shop.set_quantity(1_061_514_767, 963_414, 4).unwrap();
    let ask = |quantity: u64, prefer: Value| {
        let body = json!({"lines": [{"variant_id": 1_061_514_767, "quantity": quantity}], "prefer": prefer});
        app.post(PATH, &body)
    };
    for (quantity, prefer, mode, plan) in [
        (3, json!([]), "single", json!([[963_414, 3]])),
        (3, json!("1007284,963414"), "single", json!([[1_007_284, 3]])),
        (5, json!([963_414]), "single", json!([[1_007_284, 5]])),
        (17, json!(963_414), "split", json!([[963_414, 4], [1_007_284, 13]])),
        (17, json!([1_007_284, 963_414]), "split", json!([[1_007_284, 15], [963_414, 2]])),
    ] {
        let body = ask(quantity, prefer).await.ok();
        let shipments = body["plan"].as_array().unwrap().iter();
        let told: Vec<Value> =
            shipments.map(|shipment| json!([shipment["loc_id"], shipment["lines"][0]["quantity"]])).collect();
        assert_eq!((&body["mode"], json!(told)), (&json!(mode), plan), "{quantity}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_at_a_generated_shop_are_covered_from_what_its_rows_say() {
    let app = TestApp::spawn().await;
    let shop = app.shop(GENERATED);
    let selling = oracle::selling(&app.get("/shops/2000/com/locations.json").await.ok());
    let mut available = BTreeMap::<(u64, u64), Decimal>::new();
    for OracleRow { variant_id, loc_id, available: pieces, .. } in oracle::rows(&shop) {
        if selling.contains(&loc_id) {
            available.insert((variant_id, loc_id), pieces.max(Decimal::ZERO));
        }
    }
    let (mut yes, mut no) = (0, 0);
    for variants in shop.variant_ids().chunks(3) {
        let lines: Vec<Value> = variants.iter().map(|id| json!({"variant_id": id, "quantity": 30})).collect();
        let body = app.post("/shops/2000/fulfilment", &json!({"lines": lines})).await.ok();
        let has =
            |id: &u64| selling.iter().filter_map(|loc_id| available.get(&(*id, *loc_id))).sum::<Decimal>();
        let covered = variants.iter().all(|id| Decimal::from(30) <= has(id));
        assert_eq!(body["fulfillable"], covered, "{body}");
        let mut sent = BTreeMap::<u64, Decimal>::new();
        for shipment in body["plan"].as_array().unwrap() {
            let loc_id = shipment["loc_id"].as_u64().unwrap();
            for line in shipment["lines"].as_array().unwrap() {
                let (variant_id, quantity) =
                    (line["variant_id"].as_u64().unwrap(), decimal(&line["quantity"]));
                assert!(quantity <= available[&(variant_id, loc_id)], "{body}");
                *sent.entry(variant_id).or_default() += quantity;
            }
        }
        if covered {
            assert_eq!(sent, variants.iter().map(|id| (*id, Decimal::from(30))).collect());
        }
        if covered { yes += 1 } else { no += 1 }
    }
    assert!(0 < yes && 0 < no, "{yes} {no}");
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_cells_leave_open_only_what_they_could_decide() {
    let app = TestApp::spawn().await;
    let warm = json!({"lines": [{"variant_id": 1_061_514_767, "quantity": 1}], "location_ids": [1_007_284]});
    assert_eq!(app.post(PATH, &warm).await.ok()["fulfillable"], true);
    app.get("/shops/1000/com/locations.json").await.ok();
    app.fail(EXAMPLE, 1_000, Failure::Status500);
    let ask = |quantity: u64| {
        let lines = json!([{"variant_id": 1_061_514_767, "quantity": quantity}]);
        app.post(&format!("{PATH}?partial=true"), &order(&lines))
    };
    app.post(PATH, &order(&json!([{"variant_id": 1_061_514_767, "quantity": 15}])))
        .await
        .problem(502, "upstream-failed");
    let yes = ask(15).await;
    assert_eq!(yes.header("x-tonkho-missing"), Some("1"));
    let yes = yes.ok();
    assert_eq!(
        (&yes["fulfillable"], &yes["mode"], &yes["complete"]),
        (&json!(true), &json!("single"), &json!(false))
    );
    let open = ask(16).await.ok();
    assert_eq!(
        (&open["fulfillable"], &open["mode"], &open["plan"]),
        (&json!(null), &json!("none"), &json!([]))
    );
    assert_eq!(
        open["shortages"],
        json!([{"variant_id": 1_061_514_767, "quantity": 16, "sellable": 15, "shortage": null, "complete": false}])
    );
    assert_eq!(
        open["missing"],
        json!([{"variant_id": 1_061_514_767, "loc_id": 963_414, "reason": "failed"}])
    );
    // A line whose cells are all known and short decides, whatever else is missing.
    let known = json!({"lines": [{"variant_id": 1_061_514_767, "quantity": 16}], "location_ids": [1_007_284],
        "partial": true});
    assert_eq!(app.post(PATH, &known).await.ok()["fulfillable"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_lines_and_costs_are_to_be_had() {
    let app = TestApp::spawn().await;
    app.shop(EXAMPLE).set_quantity(1_061_514_767, 963_414, 4).unwrap();
    app.shop(EXAMPLE).set_quantity(1_064_240_649, 963_414, 7).unwrap();
    let lines =
        json!([{"variant_id": 1_064_240_649, "quantity": 1}, {"variant_id": 1_061_514_767, "quantity": 16}]);
    let cost = app.post(&format!("{PATH}?explain=true"), &order(&lines)).await.ok();
    assert_eq!((&cost["cells"]["asked"], app.upstream_calls(EXAMPLE)), (&json!(4), 0));
    let mut explained = order(&lines);
    explained["explain"] = json!(true);
    assert_eq!(app.post(PATH, &explained).await.ok()["cells"]["asked"], 4);
    let csv = app.post(PATH, &order(&lines)).header("accept", "text/csv").await;
    assert_eq!(
        csv.text(),
        "loc_id,location_name,variant_id,quantity\r\n\
         963414,Địa điểm mặc định,1061514767,4\r\n\
         963414,Địa điểm mặc định,1064240649,1\r\n\
         1007284,Kho Tân Bình,1061514767,12\r\n"
    );
    let text = app.post(PATH, &order(&lines)).header("accept", "application/x-ndjson").await.text();
    let items: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        items.last(),
        Some(
            &json!({"loc_id": 1_007_284, "location_name": "Kho Tân Bình", "variant_id": 1_061_514_767, "quantity": 12})
        )
    );
    assert_eq!(items.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_named_with_its_line() {
    let app = TestApp::spawn().await;
    let good = json!({"variant_id": 1_061_514_767, "quantity": 1});
    let pieces = "is not a whole number from 1 to 999999999999999";
    for (line, named) in [
        (json!({"variant_id": 1, "quantity": 0}), format!("lines[3].quantity: \"0\" {pieces}")),
        (json!({"variant_id": 1, "quantity": -2}), format!("lines[3].quantity: \"-2\" {pieces}")),
        (json!({"variant_id": 1, "quantity": 1.5}), format!("lines[3].quantity: \"1.5\" {pieces}")),
        (
            json!({"variant_id": 1, "quantity": 1_000_000_000_000_000_u64}),
            format!("lines[3].quantity: \"1000000000000000\" {pieces}"),
        ),
        (
            json!({"variant_id": 1, "quantity": {"of": 2}}),
            format!("lines[3].quantity: \"{{\\\"of\\\":2}}\" {pieces}"),
        ),
        (
            json!({"variant_id": "x", "quantity": 1}),
            "lines[3].variant_id: \"x\" is not a positive integer".to_owned(),
        ),
        (json!({"quantity": 1}), "lines[3].variant_id: missing; expected a positive integer".to_owned()),
        (json!([1, 2]), "lines[3]: expected an object with variant_id and quantity".to_owned()),
    ] {
        let body = order(&json!([good, good, good, line]));
        assert_eq!(app.post(PATH, &body).await.detail(400, "invalid-parameter"), named);
    }
    let none = "lines: expected an array of at least one object with variant_id and quantity";
    for body in [json!({}), json!({"lines": []}), json!({"lines": good}), json!({"lines": null})] {
        assert_eq!(app.post(PATH, &body).await.detail(400, "invalid-parameter"), none);
    }
    let body = json!({"lines": [good], "prefer": ["here"]});
    let detail = app.post(PATH, &body).await.detail(400, "invalid-parameter");
    assert_eq!(detail, "prefer: \"here\" is not a positive integer");
    let twice = r#"{"lines":[{"variant_id":1,"quantity":1,"quantity":2}]}"#;
    let sent = app.ask(Method::POST, PATH).key(TK_ALL).header("content-type", "application/json").body(twice);
    let detail = sent.await.detail(400, "invalid-parameter");
    assert_eq!(detail, "lines[0]: variant_id and quantity may be given once each");
    assert_eq!(app.upstream_calls(EXAMPLE), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_order_is_refused_by_its_cells_and_one_of_many_lines_is_summed() {
    let app = TestApp::builder().settings(|settings| settings.limits.max_cells = 20_000).spawn().await;
    let lines: Vec<Value> = (1..=20_001).map(|id| json!({"variant_id": id, "quantity": 1})).collect();
    app.post(PATH, &order(&json!(lines))).await.problem(400, "too-many-cells");
    let lines = vec![json!({"variant_id": 1_061_514_767, "quantity": 1}); 50_000];
    let body = app.post(PATH, &order(&json!(lines))).await.ok();
    assert_eq!((&body["fulfillable"], &body["shortages"][0]["shortage"]), (&json!(false), &json!(49_985)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_only_ever_posted() {
    let app = TestApp::spawn().await;
    let get = app.get(PATH).await;
    get.problem(405, "method-not-allowed");
    assert_eq!(get.header("allow"), Some("POST, OPTIONS"));
}
