//! The forms of a view: what is not whole says so in each, and each is had by every way to ask for it.

use serde_json::{Value, json};
use tonkho::sandbox::faults::Failure;

use crate::gateway::{EXAMPLE, EXAMPLE_QUERY, TestApp};

/// The views, as paths below a shop, that have lines of their own.
const VIEWS: [&str; 5] = ["stock", "availability", "alerts/negative", "alerts/low-stock", "alerts/mismatch"];

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// How often a question is asked to have its answer stand ready.
const REPEATS: usize = 5;

#[tokio::test(flavor = "multi_thread")]
async fn csv_that_is_not_complete_ends_in_a_line_that_says_so() {
    let app = TestApp::spawn().await;
    app.fail(EXAMPLE, 1_000, Failure::Status500);
    for view in VIEWS {
        let answer = app
            .get(&format!("/shops/1000/{view}?{EXAMPLE_QUERY}&partial=true"))
            .header("accept", "text/csv")
            .await;
        assert_eq!(
            (answer.status, answer.header("x-tonkho-missing")),
            (200, Some("4")),
            "{}",
            answer.shown()
        );
        let text = answer.text();
        let columns = text.lines().next().unwrap().split(',').count();
        let last: Vec<&str> = text.lines().next_back().unwrap().split(',').collect();
        assert_eq!(
            (last[..3].to_vec(), last.len()),
            (vec!["#incomplete", "4", "failed"], columns),
            "{view}: {text}"
        );
    }
    let order = json!({"lines": [{"variant_id": 1_061_514_767, "quantity": 2}], "location_ids": [963_414],
        "partial": true, "format": "csv"});
    let answer = app.post("/shops/1000/fulfilment", &order).await;
    assert_eq!(answer.text(), "loc_id,location_name,variant_id,quantity\r\n#incomplete,1,failed,\r\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn csv_that_is_complete_has_no_such_line_and_ndjson_no_envelope() {
    let app = TestApp::spawn().await;
    for view in VIEWS {
        let path = format!("/shops/1000/{view}?{EXAMPLE_QUERY}");
        assert!(!app.get(&format!("{path}&format=csv")).await.text().contains('#'), "{view}");
        assert!(!app.get(&format!("{path}&format=ndjson")).await.text().contains("envelope"), "{view}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ndjson_tells_what_is_missing_and_what_it_warns_of() {
    let app = TestApp::spawn().await;
    let mut scopes = tonkho::sandbox::settings::Scope::all();
    scopes.remove(&tonkho::sandbox::settings::Scope::ReadShop);
    app.shop(EXAMPLE).set_scopes(scopes);
    let path = format!("/shops/1000/stock?{EXAMPLE_QUERY}&format=ndjson");
    let last = |text: String| serde_json::from_str::<Value>(text.lines().next_back().unwrap()).unwrap();
    let warned = last(app.get(&path).await.text());
    assert_eq!(
        (&warned["envelope"]["complete"], &warned["envelope"]["missing_total"]),
        (&json!(true), &json!(0))
    );
    assert!(warned["envelope"]["warnings"][0].as_str().unwrap().contains("locations.json"), "{warned}");
    app.fail(EXAMPLE, 1_000, Failure::Status500);
    let partial = app.get(&format!("{path}&partial=true")).header("cache-control", "no-cache").await;
    let partial = last(partial.text());
    assert_eq!(
        (&partial["envelope"]["complete"], &partial["envelope"]["missing_total"]),
        (&json!(false), &json!(4))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_format_that_a_url_names_wins_over_what_is_accepted() {
    let app = TestApp::spawn().await;
    let path = format!("/shops/1000/stock?{EXAMPLE_QUERY}");
    for (format, media_type) in [
        ("json", "application/json"),
        ("csv", "text/csv"),
        ("CSV", "text/csv"),
        ("csv-excel", "text/csv"),
        ("ndjson", "application/x-ndjson"),
    ] {
        let mut bodies = Vec::new();
        for accept in ["*/*", "text/csv", "application/json", "image/png"] {
            // Answers stand ready after some of these.
            for _ in 0..REPEATS {
                let answer = app.get(&format!("{path}&format={format}")).header("accept", accept).await;
                let told = answer.header("content-type").unwrap();
                assert!(told.starts_with(media_type), "{format} {accept}: {told}");
                assert_eq!(
                    answer.body.starts_with(BYTE_ORDER_MARK),
                    format == "csv-excel",
                    "{format} {accept}"
                );
                bodies.push(answer.body);
            }
        }
        assert!(bodies.iter().all(|body| *body == bodies[0]), "{format}");
    }
    let detail = app.get(&format!("{path}&format=xlsx")).await.detail(400, "invalid-parameter");
    assert_eq!(detail, "format: \"xlsx\" is not json, csv, csv-excel or ndjson");
    let posted = json!({"location_ids": [963_414], "variant_ids": [1_061_514_767], "format": "csv"});
    let answer = app.post("/shops/1000/stock", &posted).await;
    assert!(answer.header("content-type").unwrap().starts_with("text/csv"), "{}", answer.shown());
}

#[tokio::test(flavor = "multi_thread")]
async fn excel_gets_a_byte_order_mark_and_a_tag_of_its_own() {
    let app = TestApp::spawn().await;
    let path = format!("/shops/1000/stock?{EXAMPLE_QUERY}&group_by=location");
    let plain = app.get(&path).header("accept", "text/csv").await;
    for _ in 0..REPEATS {
        let marked = app.get(&path).header("accept", "text/csv; bom=1").await;
        assert_eq!(marked.body, [BYTE_ORDER_MARK, &plain.body].concat());
        assert_ne!(marked.header("etag"), plain.header("etag"));
        let again = app.get(&path).header("accept", "text/csv").await;
        assert_eq!((again.body, again.headers.get("etag")), (plain.body.clone(), plain.headers.get("etag")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_old_java_accepts_is_json() {
    let app = TestApp::spawn().await;
    for _ in 0..REPEATS {
        let ask = app.get(&format!("/shops/1000/stock?{EXAMPLE_QUERY}"));
        let answer = ask.header("accept", "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2").await;
        assert_eq!(answer.header("content-type"), Some("application/json"), "{}", answer.shown());
        assert_eq!(answer.ok()["complete"], true);
    }
}
