//! Parameters: every spelling and form that Haravan's clients use means the same question.

use reqwest::Method;
use serde_json::json;

use crate::gateway::{EXAMPLE, EXAMPLE_QUERY, GENERATED, TK_ALL, TestApp, grid, list};

/// The ids of the example's rows, ascending.
const IDS: [u64; 4] = [1003098484, 1003226632, 1006907070, 1007549786];
const PATH: &str = "/shops/1000/com/inventory_locations.json";

#[tokio::test(flavor = "multi_thread")]
async fn every_spelling_of_the_documents_question_has_the_same_answer() {
    let app = TestApp::spawn().await;
    let expected = app.example().await.rows();
    for query in [
        "location_ids=963414,1007284&vatiant_ids=1061514767,1064240649",
        "location_ids=963414,1007284&variant_ids=1061514767,1064240649&vatiant_ids=1064240649,1061514767",
        "location_ids=963414&location_ids=1007284&variant_ids=1061514767&variant_ids=1064240649",
        "location_ids=963414%2C1007284&variant_ids=1061514767%2c1064240649",
        "location_ids=+963414+,,%201007284,&variant_ids=1064240649,1061514767,1064240649,1061514767",
        "location%5Fids=963414,1007284&variant_ids=1061514767,1064240649&",
        "&&location_ids=963414,1007284&=&variant_ids=1061514767,1064240649&=x",
        "location_ids=000963414,1007284&variant_ids=1061514767,1064240649",
    ] {
        assert_eq!(app.inventory(EXAMPLE, query).await.rows(), expected, "{query}");
    }
    assert_eq!(app.upstream_calls(EXAMPLE), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parameter_that_nobody_knows_is_ignored() {
    let app = TestApp::spawn().await;
    let expected = app.example().await.rows();
    for unknown in ["fields=id", "access_token=x", "_=1700000000", "%zz=1", "a", "sage=2", "ids=1"] {
        assert_eq!(
            app.inventory(EXAMPLE, &format!("{EXAMPLE_QUERY}&{unknown}")).await.rows(),
            expected,
            "{unknown}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_is_given_twice_alike_counts_once() {
    let app = TestApp::spawn().await;
    let answer = app.inventory(EXAMPLE, &format!("{EXAMPLE_QUERY}&limit=2&limit=2")).await;
    assert_eq!(answer.row_ids(), IDS[..2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn since_id_limit_order_and_direction_do_what_the_document_says() {
    let app = TestApp::spawn().await;
    let by_time = [1007549786, 1003226632, 1006907070, 1003098484];
    for (query, expected) in [
        ("since_id=1003226632", &IDS[2..]),
        ("since_id=0", &IDS[..]),
        ("limit=3", &IDS[..3]),
        ("limit=2&page=2", &IDS[2..]),
        ("order=id&direction=asc", &IDS[..]),
        ("order=updated_at", &by_time[..]),
        ("order=updated_at&direction=desc", &[1003098484, 1006907070, 1003226632, 1007549786][..]),
        ("direction=desc", &[1007549786, 1006907070, 1003226632, 1003098484][..]),
        ("direction=desc&limit=1", &[1007549786][..]),
        // `since_id` is about ids, whatever the order.
        ("order=updated_at&since_id=1003226632", &[1007549786, 1006907070][..]),
        ("updated_at_min=2021-07-30T06:05:24.332Z", &[1003098484, 1006907070][..]),
        ("updated_at_min=2021-07-30T06:05:24.3320000Z", &[1003098484, 1006907070][..]),
        ("updated_at_min=2021-07-30T13:05:24.332%2B07:00", &[1003098484, 1006907070][..]),
        ("updated_at_min=2021-07-30T06:05:24.333Z", &[1003098484][..]),
        ("updated_at_min=0001-01-01T00:00:00", &IDS[..]),
        ("updated_at_min=9999-12-31T00:00:00Z", &[][..]),
        ("updated_at_min=2021-07-08T01:47:17.61Z", &[1003098484, 1003226632, 1006907070][..]),
    ] {
        let answer = app.inventory(EXAMPLE, &format!("{EXAMPLE_QUERY}&{query}")).await;
        assert_eq!(answer.row_ids(), expected, "{query}");
    }
    assert_eq!(app.upstream_calls(EXAMPLE), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_changed_at_the_same_instant_come_by_id_either_way() {
    let app = TestApp::spawn().await;
    for (id, loc_id, time) in [(30, 963414, "17.6Z"), (10, 1007284, "17.600Z"), (20, 5, "17.6000000Z")] {
        let row = format!(
            r#"{{"id":{id},"loc_id":{loc_id},"product_id":1,"variant_id":7,"qty_onhand":0,"qty_commited":0,"qty_incoming":0,"qty_available":0,"updated_at":"2021-07-08T01:47:{time}"}}"#
        );
        app.shop(EXAMPLE).put_row(&row).unwrap();
    }
    for direction in ["asc", "desc"] {
        let query =
            format!("variant_ids=7&location_ids=963414,1007284,5&order=updated_at&direction={direction}");
        assert_eq!(app.inventory(EXAMPLE, &query).await.row_ids(), [10, 20, 30], "{direction}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn locations_left_out_are_all_the_locations_of_the_shop() {
    let app = TestApp::spawn().await;
    let shop = app.shop(GENERATED);
    let variants = &shop.variant_ids()[..20];
    let named = app.inventory(GENERATED, &grid(variants, &shop.location_ids())).await.rows();
    let left_out = app.inventory(GENERATED, &format!("variant_ids={}", list(variants))).await.rows();
    assert_eq!(left_out, named);
    assert_eq!(shop.counters().locations, 2, "the list, and an empty page after it");
}

#[tokio::test(flavor = "multi_thread")]
async fn variants_left_out_are_asked_for_as_haravan_asks() {
    let app = TestApp::spawn().await;
    for path in [PATH, "/shops/1000/stock", "/shops/1000/alerts/negative"] {
        for query in ["", "?", "?location_ids=963414", "?partial=true"] {
            let detail = app.get(&format!("{path}{query}")).await.detail(422, "ids-required");
            assert!(detail.contains("variant_ids"), "{detail}");
        }
    }
    let answer = app.post(PATH, &json!({"location_ids": [963414]})).await;
    answer.problem(422, "ids-required");
    assert_eq!(app.upstream_calls(EXAMPLE), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_says_the_same_in_the_same_names() {
    let app = TestApp::spawn().await;
    let expected = app.example().await.text();
    for body in [
        json!({"location_ids": [963414, 1007284], "variant_ids": [1061514767, 1064240649]}),
        json!({"location_ids": ["963414", "1007284"], "variant_ids": ["1061514767", 1064240649]}),
        json!({"location_ids": "963414, 1007284", "variant_ids": "1061514767,1064240649"}),
        json!({"location_ids": "963414,1007284", "vatiant_ids": ["1061514767,1064240649"]}),
        json!({"location_ids": [963414, 1007284, 963414], "variant_ids": [1061514767, 1064240649], "unknown": {"a": [1]}}),
    ] {
        assert_eq!(app.post(PATH, &body).await.text(), expected, "{body}");
    }
    let half = app.post(
        &format!("{PATH}?location_ids=963414,1007284"),
        &json!({"variant_ids": "1061514767,1064240649"}),
    );
    assert_eq!(half.await.text(), expected);
    assert_eq!(app.upstream_calls(EXAMPLE), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_takes_single_values_as_numbers_and_as_strings() {
    let app = TestApp::spawn().await;
    let ids = json!({"location_ids": [963414, 1007284], "variant_ids": [1061514767, 1064240649]});
    for (more, expected) in [
        (json!({"limit": 2}), &IDS[..2]),
        (json!({"limit": "2", "page": 2}), &IDS[2..]),
        (json!({"since_id": 1003226632}), &IDS[2..]),
        (json!({"partial": true, "limit": 1}), &IDS[..1]),
        (json!({"partial": "false", "updated_at_min": "2021-08-04T08:32:02.01Z"}), &IDS[..1]),
    ] {
        let mut body = ids.clone();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert_eq!(app.post(PATH, &body).await.row_ids(), expected, "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_that_does_not_say_what_it_is_counts_as_json() {
    let app = TestApp::spawn().await;
    let body = r#"{"location_ids":[963414,1007284],"variant_ids":[1061514767,1064240649]}"#;
    let expected = app.example().await.rows();
    assert_eq!(app.ask(Method::POST, PATH).key(TK_ALL).body(body).await.rows(), expected);
    for content_type in ["application/json; charset=utf-8", "application/vnd.api+json", "APPLICATION/JSON"] {
        let answer =
            app.ask(Method::POST, PATH).key(TK_ALL).header("content-type", content_type).body(body).await;
        assert_eq!(answer.rows(), expected, "{content_type}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_variants_fit_into_a_post() {
    let app = TestApp::spawn().await;
    let shop = app.shop(GENERATED);
    let mut variants: Vec<u64> = (1..=9_700).collect();
    variants.extend(shop.variant_ids());
    let body = json!({"variant_ids": variants, "location_ids": &shop.location_ids()[..2]});
    let expected = shop.rows().iter().filter(|row| shop.location_ids()[..2].contains(&row.loc_id)).count();
    let answer = app.post("/shops/2000/com/inventory_locations.json", &body).await;
    assert_eq!(answer.rows().len(), expected);
    assert!(app.upstream_calls(GENERATED) <= 210, "{} calls", app.upstream_calls(GENERATED));
}

#[tokio::test(flavor = "multi_thread")]
async fn explaining_a_question_costs_no_call_and_tells_what_it_would_take() {
    let app = TestApp::builder().every_cell_has_a_row().spawn().await;
    let shop = app.shop(GENERATED);
    let (variants, locations) = (shop.variant_ids(), shop.location_ids());
    let question = grid(&variants[..60], &locations[..1]);
    for path in ["com/inventory_locations.json", "stock", "alerts/negative"] {
        let answer = app.get(&format!("/shops/2000/{path}?{question}&explain=true")).await.ok();
        assert_eq!(answer["cells"], json!({"asked": 60, "fresh": 0, "stale": 0, "absent": 60}), "{path}");
        assert_eq!(answer["calls"], 2, "{answer}");
        let tiles = answer["tiles"].as_array().unwrap();
        assert_eq!(tiles.iter().map(|tile| tile["variants"].as_u64().unwrap()).sum::<u64>(), 60);
        assert_eq!(answer["wait_seconds"], 0.0);
    }
    assert_eq!(shop.counters().requests, 0);
    app.inventory(GENERATED, &question).await.rows();
    assert_eq!(app.upstream_calls(GENERATED), 2);
    let answer = app.inventory(GENERATED, &format!("{question}&explain=true")).await.ok();
    assert_eq!((&answer["cells"]["fresh"], &answer["calls"]), (&json!(60), &json!(0)));
    app.age(20);
    let answer = app.inventory(GENERATED, &format!("{question}&explain=true")).await.ok();
    assert_eq!(answer["cells"], json!({"asked": 60, "fresh": 0, "stale": 60, "absent": 0}));
    assert_eq!(
        (&answer["calls"], &answer["wait_seconds"]),
        (&json!(2), &json!(0.0)),
        "nobody waits for these"
    );
    assert_eq!(shop.counters().requests, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn explaining_a_question_about_all_locations_costs_no_call_either() {
    let app = TestApp::spawn().await;
    app.get("/shops/2000/stock?variant_ids=1&explain=true").await.problem(504, "not-cached");
    assert_eq!(app.shop(GENERATED).counters().requests, 0);
    // The list that was read last will do, whatever the question says of cells.
    app.get("/shops/2000/com/locations.json").await.ok();
    let old = app.get("/shops/2000/stock?variant_ids=1&explain=true").header("cache-control", "max-age=0");
    assert_eq!(old.await.ok()["cells"]["asked"], 24);
    app.ask(Method::DELETE, "/shops/2000/cache").key(TK_ALL).await;
    assert_eq!(app.get("/shops/2000/stock?variant_ids=1&explain=true").await.ok()["cells"]["asked"], 24);
}
