//! Lists of locations that are odd, or that cannot be read: nothing becomes sellable, and nothing disappears.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tonkho::sandbox::faults::{Failure, Faults};
use tonkho::sandbox::request::Resource;
use tonkho::sandbox::settings::ShopData;

use crate::gateway::{GENERATED, TK_ALL, TestApp};
use crate::odd_rows::bodies_without;

/// Five at location 11 and seven at location 12, of variant 101.
async fn spawn() -> TestApp {
    let row = |id: u64, loc_id: u64, available: u64| {
        json!({
            "id": id, "loc_id": loc_id, "product_id": 7, "variant_id": 101, "qty_onhand": available,
            "qty_commited": 0, "qty_incoming": 0, "qty_available": available, "updated_at": "2021-07-08T01:47:17Z",
        })
    };
    let rows = [row(1, 11, 5), row(2, 12, 7)].map(|row| row.to_string()).into();
    TestApp::builder().haravan(|haravan| haravan.shops[1].data = ShopData::Rows(rows)).spawn().await
}

/// A location 11 as given, and a plain one 12.
fn listed(first: &str) -> Faults {
    let texts = vec![first.to_owned(), r#"{"id":12,"name":"Kho 12"}"#.to_owned()];
    Faults { raw_locations: Some(texts), ..Faults::default() }
}

/// The list as it is, but not to be had.
fn failing(faults: Faults) -> Faults {
    Faults { fail_next: 1_000, fail_only: Some(Resource::Locations), ..faults }
}

impl TestApp {
    async fn forget_all(&self) {
        let path = format!("/shops/{GENERATED}/cache");
        assert_eq!(self.ask(Method::DELETE, &path).key(TK_ALL).await.status, 204);
    }

    async fn view(&self, path: &str) -> Value {
        self.get(&format!("/shops/2000/{path}")).await.ok()
    }

    async fn availability(&self) -> (Value, Value, usize) {
        let mut body = self.view("availability?variant_ids=101&location_ids=11,12").await;
        let warnings = body["warnings"].as_array().unwrap().len();
        (body["availability"][0]["available"].take(), body["availability"][0]["quantity"].take(), warnings)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_member_of_a_location_in_every_form_is_right_or_unknown_and_takes_no_stock_away() {
    let app = spawn().await;
    let members = [
        ("id", "11"),
        ("name", "\"Kho 11\""),
        ("location_type", "\"default\""),
        ("is_unavailable_quantity", "false"),
        ("province", "\"Hà Nội\""),
    ];
    let forms = [
        "null",
        "true",
        "false",
        "[]",
        "{}",
        "\"\"",
        "\"abc\"",
        "\"Kho \\ud83d\"",
        "0",
        "1",
        "-11",
        "11",
        "\"11\"",
        "11.0",
        "1.1e1",
        "11.5",
        "\"false\"",
        "1e99",
        "99999999999999999999",
        "repeated",
        "missing",
    ];
    for (member, own) in members {
        // Another number in the place of an id is another location's.
        for form in forms.into_iter().filter(|form| member != "id" || *form != "1") {
            let what = format!("{member} as {form}");
            let parts = members.iter().filter_map(|(name, value)| match form {
                _ if *name != member => Some(format!("\"{name}\":{value}")),
                "missing" => None,
                "repeated" => Some(format!("\"{name}\":{own},\"{name}\":{own}")),
                form => Some(format!("\"{name}\":{form}")),
            });
            let text = format!("{{{}}}", parts.collect::<Vec<_>>().join(","));
            app.shop(GENERATED).set_faults(listed(&text));
            app.forget_all().await;
            let list = app.get("/shops/2000/com/locations.json").await.text();
            assert!(list.contains(&text), "{what}: {list}");
            let all = app.get("/shops/2000/stock?variant_ids=101&breakdown=true").await.ok();
            let item = &all["stock"][0];
            let warned = !all["warnings"].as_array().unwrap().is_empty();
            match item["qty_available"].as_u64() {
                Some(sum) => assert_eq!((sum, &all["complete"]), (12, &json!(true)), "{what}: {all}"),
                // Only without an id is it not known what it has.
                None => assert!(member == "id" && all["complete"] == false && warned, "{what}: {all}"),
            }
            match item["sellable"].as_u64() {
                Some(12) => {}
                Some(7) if form == "true" && member == "is_unavailable_quantity" => {}
                Some(7) => assert!(item["complete"] == false && warned, "{what}: {all}"),
                Some(other) => panic!("{what}: {other}"),
                None => assert!(item["sellable"].is_null() && warned, "{what}: {all}"),
            }
            let named = app.view("stock?variant_ids=101&location_ids=11,12").await;
            assert_eq!((&named["stock"][0]["qty_available"], &named["complete"]), (&json!(12), &json!(true)));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_odd_name_is_null_with_a_warning_that_names_the_location() {
    let app = spawn().await;
    app.shop(GENERATED).set_faults(listed(r#"{"id":"11","name":"Kho \ud83d"}"#));
    let body = app.view("stock?variant_ids=101&group_by=location").await;
    assert_eq!((&body["complete"], &body["totals"]["sellable"]), (&json!(true), &json!(12)));
    assert_eq!(body["stock"][0]["location_name"], Value::Null);
    let warning = body["warnings"][0].as_str().unwrap();
    assert!(warning.contains("location 11") && warning.contains("name"), "{warning}");
    let counted = app.metric("tonkho_unreadable_total{kind=\"location_member\",shop=\"2000\"}").await;
    assert!(0.0 < counted);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_location_without_an_id_makes_all_locations_incomplete_and_says_so() {
    let app = spawn().await;
    app.shop(GENERATED).set_faults(listed(r#"{"name":"Kho"}"#));
    let body = app.view("stock?variant_ids=101").await;
    assert_eq!((&body["complete"], &body["missing_total"]), (&json!(false), &json!(1)), "{body}");
    let missing = json!([{"variant_id": 101, "loc_id": null, "reason": "failed"}]);
    assert_eq!((&body["missing"], &body["stock"][0]["qty_available"]), (&missing, &Value::Null));
    assert!(body["warnings"][0].as_str().unwrap().contains("id cannot be read"), "{body}");
    for _ in 0..2 {
        let rows = app.inventory(GENERATED, "variant_ids=101").await;
        assert_eq!((rows.rows().len(), rows.header("x-tonkho-missing")), (1, Some("1")));
        assert_eq!(rows.ok()["missing"], missing);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn classes_of_the_last_list_stay_in_force_while_it_cannot_be_read() {
    let in_transit = || listed(r#"{"id":11,"location_type":"ontheroad"}"#);
    for failure in [Failure::Status500, Failure::EmptyObject, Failure::GarbledJson] {
        let app = spawn().await;
        app.shop(GENERATED).set_faults(in_transit());
        assert_eq!(app.availability().await, (json!(true), json!(7), 0));
        app.shop(GENERATED).set_faults(Faults { fail_as: vec![failure], ..failing(in_transit()) });
        app.forget_all().await;
        assert_eq!(app.availability().await, (json!(true), json!(7), 1), "{failure:?}");
        let all = app.view("stock?variant_ids=101").await;
        assert_eq!((&all["stock"][0]["sellable"], &all["complete"]), (&json!(7), &json!(true)), "{all}");
        app.get("/shops/2000/com/locations.json").await.problem(502, "upstream-failed");
        app.shop(GENERATED).set_faults(in_transit());
        app.forget_all().await;
        assert_eq!(app.availability().await, (json!(true), json!(7), 0), "read again at once");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_does_not_come_in_time_leaves_the_classes_of_the_last_one_in_force() {
    let in_transit = || listed(r#"{"id":11,"location_type":"ontheroad"}"#);
    let app = spawn().await;
    app.shop(GENERATED).set_faults(in_transit());
    assert_eq!(app.availability().await, (json!(true), json!(7), 0));
    let hanging = Faults { fail_as: vec![Failure::Timeout], ..failing(in_transit()) };
    let throttled = Faults {
        throttle_next: 1_000,
        retry_after: Some("30".to_owned()),
        fail_only: Some(Resource::Locations),
        ..in_transit()
    };
    for faults in [hanging, throttled] {
        app.shop(GENERATED).set_faults(faults);
        app.forget_all().await;
        let path = "/shops/2000/availability?variant_ids=101&location_ids=11,12";
        let body = app.get(path).header("prefer", "wait=1").await.ok();
        assert_eq!(body["availability"][0]["quantity"], 7, "{body}");
        assert_eq!(body["warnings"].as_array().unwrap().len(), 1, "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_a_list_of_locations_leaves_the_last_one_in_force() {
    let app = spawn().await;
    app.shop(GENERATED).set_faults(listed(r#"{"id":11,"location_type":"ontheroad"}"#));
    assert_eq!(app.availability().await, (json!(true), json!(7), 0));
    for body in bodies_without("locations") {
        app.shop(GENERATED).set_faults(Faults {
            raw_body: Some(body.clone()),
            fail_only: Some(Resource::Locations),
            ..Faults::default()
        });
        app.forget_all().await;
        assert_eq!(app.availability().await, (json!(true), json!(7), 1), "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_list_nothing_is_promised_unless_the_token_may_not_read_it() {
    let app = spawn().await;
    app.shop(GENERATED).set_faults(failing(Faults::default()));
    assert_eq!(app.availability().await, (Value::Null, json!(0), 1));
    let stock = app.view("stock?variant_ids=101&location_ids=11,12").await;
    assert_eq!((&stock["stock"][0]["sellable"], &stock["complete"]), (&Value::Null, &json!(true)));
    assert_eq!(stock["stock"][0]["qty_available"], 12);
    let order = json!({"lines": [{"variant_id": 101, "quantity": 1}], "location_ids": [11, 12]});
    let plan = app.post("/shops/2000/fulfilment", &order).await.ok();
    assert_eq!((&plan["fulfillable"], &plan["plan"]), (&Value::Null, &json!([])));
    app.shop(GENERATED)
        .set_faults(Faults { fail_as: vec![Failure::Forbidden], ..failing(Faults::default()) });
    app.forget_all().await;
    assert_eq!(app.availability().await, (json!(true), json!(12), 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_read_at_most_once_a_second_whatever_is_asked() {
    let app = spawn().await;
    let read = || app.get("/shops/2000/com/locations.json").header("cache-control", "no-cache");
    read().await.ok();
    let one = app.shop(GENERATED).counters().locations;
    for answer in join_all((0..20).map(|_| async { read().await })).await {
        answer.ok();
    }
    let many = app.shop(GENERATED).counters().locations;
    assert_eq!((one, many), (2, 3), "one reading for all of them, whose page is known to be whole");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_is_throttled_is_asked_for_again_while_the_caller_waits() {
    let app = spawn().await;
    let throttled = |throttle_next| Faults {
        throttle_next,
        retry_after: Some("0.05".to_owned()),
        fail_only: Some(Resource::Locations),
        ..Faults::default()
    };
    app.shop(GENERATED).set_faults(throttled(5));
    app.get("/shops/2000/com/locations.json").await.ok();
    app.shop(GENERATED).set_faults(Faults { retry_after: Some("30".to_owned()), ..throttled(1_000) });
    app.forget_all().await;
    let waiting = app.get("/shops/2000/com/locations.json").header("prefer", "wait=1").await;
    assert!(matches!(waiting.status, 429 | 503), "{}", waiting.shown());
    assert_eq!(waiting.json()["type"], "urn:tonkho:problem:rate-limited");
}
