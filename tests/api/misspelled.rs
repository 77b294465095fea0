//! A filter is never ignored without a word: lists in every style are lists, and what is nearly a parameter is an error
//! that tells the right name.

use reqwest::Method;
use serde_json::json;

use crate::gateway::{EXAMPLE, EXAMPLE_QUERY, TK_ADMIN, TK_ALL, TestApp};

const ROWS: &str = "/shops/1000/com/inventory_locations.json";

/// The views that are asked for a grid of cells.
const VIEWS: [&str; 5] = ["stock", "availability", "alerts/negative", "alerts/low-stock", "alerts/mismatch"];

/// How often a question is asked to have its answer stand ready.
const REPEATS: usize = 5;

#[tokio::test(flavor = "multi_thread")]
async fn a_list_in_any_array_style_is_that_list() {
    let app = TestApp::spawn().await;
    let (one, two) = ("variant_ids=1061514767,1064240649&", "location_ids=963414,1007284");
    for path in [ROWS, "/shops/1000/stock", "/shops/1000/availability"] {
        let expected = app.get(&format!("{path}?{one}{two}")).await.ok();
        let expected_of_one = app.get(&format!("{path}?{one}location_ids=963414")).await.ok();
        for style in [
            "location_ids[]=963414&location_ids[]=1007284",
            "location_ids%5B%5D=1007284&location_ids%5b%5d=963414",
            "location_ids[0]=963414&location_ids[1]=1007284",
            "location_ids=963414&location_ids=1007284",
            "location_ids[]=963414,1007284",
            "location_ids[]=963414&location_ids=1007284",
        ] {
            // The second time it is a hit, on the compatible route even the first time.
            for _ in 0..2 {
                let answer = app.get(&format!("{path}?{one}{style}")).await.ok();
                assert_eq!(without_time(answer), without_time(expected.clone()), "{path} {style}");
            }
        }
        for style in
            ["location_ids[]=963414", "location_ids[0]=963414", "location_ids[]=963414&location_ids[]="]
        {
            let answer = app.get(&format!("{path}?{one}{style}")).await.ok();
            assert_eq!(without_time(answer), without_time(expected_of_one.clone()), "{path} {style}");
        }
        for empty in ["location_ids[]=", "location_ids[0]", "location_ids="] {
            let detail = app.get(&format!("{path}?{one}{empty}")).await.detail(400, "invalid-parameter");
            assert!(detail.contains("empty list"), "{detail}");
        }
    }
}

fn without_time(mut answer: serde_json::Value) -> serde_json::Value {
    if let Some(as_of) = answer.get_mut("as_of") {
        as_of.take();
    }
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_nearly_a_parameter_is_an_error_that_names_the_right_one() {
    let app = TestApp::spawn().await;
    for (query, right) in [
        ("location_id=963414", "location_ids"),
        ("Location_Ids=963414", "location_ids"),
        ("locationIds=963414", "location_ids"),
        ("location-ids[]=963414", "location_ids"),
        ("loction_ids=963414", "location_ids"),
        ("varient_ids=1", "variant_ids"),
        ("variant_id=1", "variant_ids"),
        ("partials=true", "partial"),
    ] {
        for path in ["com/inventory_locations.json", "stock", "availability", "alerts/negative"] {
            let asked = format!("/shops/1000/{path}?{EXAMPLE_QUERY}&{query}");
            let detail = app.get(&asked).await.detail(400, "invalid-parameter");
            assert!(detail.ends_with(&format!("did you mean {right}?")), "{asked}: {detail}");
        }
    }
    for (query, right) in [
        ("Limit=1", "limit"),
        ("limits=1", "limit"),
        ("since-id=7", "since_id"),
        ("updated_at_mn=2021-01-01T00:00:00Z", "updated_at_min"),
        ("order_by=updated_at", "order"),
        ("pages=2", "page"),
    ] {
        let answer = app.inventory(EXAMPLE, &format!("{EXAMPLE_QUERY}&{query}")).await;
        let detail = answer.detail(400, "invalid-parameter");
        assert!(detail.ends_with(&format!("did you mean {right}?")), "{query}: {detail}");
    }
    let detail = app.get("/shops/1000/com/locations.json?Page=2").await.detail(400, "invalid-parameter");
    assert!(detail.ends_with("did you mean page?"), "{detail}");
    let detail = app.get(&format!("/shops/1000/availability?{EXAMPLE_QUERY}&bufer=100")).await;
    assert!(detail.detail(400, "invalid-parameter").ends_with("did you mean buffer?"));
    assert_eq!(app.upstream_calls(EXAMPLE), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hit_minds_names_as_the_ordinary_way_does() {
    let app = TestApp::spawn().await;
    for _ in 0..REPEATS {
        app.example().await.rows();
    }
    for wrong in ["&location_id=963414", "&Limit=1", "&variant_ids[a]=1", "&varient_ids=1"] {
        for _ in 0..REPEATS {
            let answer = app.inventory(EXAMPLE, &format!("{EXAMPLE_QUERY}{wrong}")).await;
            answer.problem(400, "invalid-parameter");
        }
    }
    for harmless in
        ["&fields=id", "&limit=", "&since_id=&order=&direction=&page=&updated_at_min=", "&order=ID"]
    {
        for _ in 0..REPEATS {
            let answer = app.inventory(EXAMPLE, &format!("{EXAMPLE_QUERY}{harmless}")).await;
            assert!(answer.is_hit(), "{harmless}: {}", answer.shown());
            assert_eq!(answer.rows().len(), 4, "{harmless}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_refuses_what_it_does_not_know_and_haravans_route_ignores_it() {
    let app = TestApp::spawn().await;
    for unknown in ["sku=A-1", "fields=id", "_=1700000000", "%zz=1", "limit=10", "lines=1"] {
        for view in VIEWS {
            let asked = format!("/shops/1000/{view}?{EXAMPLE_QUERY}&{unknown}");
            let detail = app.get(&asked).await.detail(400, "invalid-parameter");
            assert!(detail.contains("unknown parameter"), "{asked}: {detail}");
        }
    }
    let ids = json!({"location_ids": [963_414], "variant_ids": [1_061_514_767]});
    for (member, right) in [
        (json!({"location_id": 11}), "did you mean location_ids?"),
        (json!({"LocationIds": [11]}), "did you mean location_ids?"),
        (json!({"skus": ["A-1"]}), "the parameters here are location_ids"),
        (json!({"skus": null}), "the parameters here are location_ids"),
    ] {
        let mut body = ids.clone();
        body.as_object_mut().unwrap().extend(member.as_object().unwrap().clone());
        for view in VIEWS {
            let answer = app.post(&format!("/shops/1000/{view}"), &body).await;
            let detail = answer.detail(400, "invalid-parameter");
            assert!(detail.contains(right), "{view} {body}: {detail}");
        }
        let rows = app.post(ROWS, &body).await;
        match member.get("skus") {
            Some(_) => assert_eq!(rows.rows().len(), 1),
            None => drop(rows.problem(400, "invalid-parameter")),
        }
    }
    let order = json!({"lines": [{"variant_id": 1_061_514_767, "quantity": 1}], "location_id": [963_414]});
    let detail = app.post("/shops/1000/fulfilment", &order).await.detail(400, "invalid-parameter");
    assert!(detail.ends_with("did you mean location_ids?"), "{detail}");
    let detail = app.get("/shops/1000/stock/1061514767?variant_ids=7").await.detail(400, "invalid-parameter");
    assert!(detail.starts_with("variant_ids: unknown parameter"), "{detail}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purge_of_what_is_misspelled_forgets_nothing() {
    let app = TestApp::spawn().await;
    app.example().await.rows();
    for query in ["variant_id=1061514767", "location_ids=", "all=true"] {
        let purge = app.ask(Method::DELETE, &format!("/shops/1000/cache?{query}")).key(TK_ADMIN);
        purge.await.problem(400, "invalid-parameter");
    }
    assert!(app.example().await.is_hit());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_there_and_empty_or_null_is_not_given() {
    let app = TestApp::spawn().await;
    let expected = app.example().await.rows();
    for empty in
        ["limit=", "page=", "since_id=", "order=", "direction=", "updated_at_min=", "partial=", "limit=%20"]
    {
        let answer = app.inventory(EXAMPLE, &format!("{EXAMPLE_QUERY}&{empty}")).await;
        assert_eq!(answer.rows(), expected, "{empty}");
    }
    let body = json!({
        "location_ids": [963_414, 1_007_284], "variant_ids": [1_061_514_767, 1_064_240_649], "vatiant_ids": null,
        "limit": null, "page": null, "since_id": null, "order": null, "direction": "", "updated_at_min": null,
        "partial": null, "explain": null
    });
    assert_eq!(app.post(ROWS, &body).await.rows(), expected);
    let body = json!({
        "location_ids": [963_414, 1_007_284], "variant_ids": [1_061_514_767, 1_064_240_649], "pooling": null,
        "buffer": null, "cap": null, "threshold": null, "pickup": null, "format": null
    });
    let (asked, plain) = (
        app.post("/shops/1000/availability", &body).await.ok(),
        app.get(&format!("/shops/1000/availability?{EXAMPLE_QUERY}")).await.ok(),
    );
    assert_eq!(asked["availability"], plain["availability"]);
    let order = json!({"lines": [{"variant_id": 1_061_514_767, "quantity": 1}], "prefer": null, "location_ids": null});
    assert_eq!(app.post("/shops/1000/fulfilment", &order).await.ok()["fulfillable"], true);
    let all =
        app.post("/shops/1000/stock", &json!({"variant_ids": [1_061_514_767], "location_ids": null})).await;
    let named = app.get("/shops/1000/stock?variant_ids=1061514767").await;
    assert_eq!(all.ok()["stock"], named.ok()["stock"]);
    app.post(ROWS, &json!({"variant_ids": null})).await.problem(422, "ids-required");
    app.post(ROWS, &json!({"variant_ids": [null]})).await.problem(400, "invalid-parameter");
}

#[tokio::test(flavor = "multi_thread")]
async fn words_are_understood_in_any_case() {
    let app = TestApp::spawn().await;
    let plain =
        app.inventory(EXAMPLE, &format!("{EXAMPLE_QUERY}&order=updated_at&direction=desc")).await.rows();
    let loud =
        app.inventory(EXAMPLE, &format!("{EXAMPLE_QUERY}&order=UPDATED_AT&direction=Desc")).await.rows();
    assert_eq!(loud, plain);
    let upper =
        app.ask(Method::GET, &format!("/shops/1000/stock?{EXAMPLE_QUERY}&group_by=Location")).key(TK_ALL);
    assert_eq!(upper.await.ok()["stock"][0]["loc_id"], 963_414);
}
