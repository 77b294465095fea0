//! Any JSON number is a quantity: it is passed on digit for digit, and summed exactly if it has at most 38 digits.

use serde_json::{Value, json};

use crate::gateway::{EXAMPLE, EXAMPLE_QUERY, TestApp};

/// The example's two variants, and a location of both.
const VARIANT: u64 = 1_061_514_767;
const OTHER_VARIANT: u64 = 1_064_240_649;
const LOCATION: u64 = 963_414;
const VIEWS: [&str; 6] = [
    "stock",
    "stock?breakdown=true",
    "availability?pickup=true",
    "alerts/negative",
    "alerts/low-stock",
    "alerts/mismatch",
];

/// The row of the first variant at [`LOCATION`].
fn row(onhand: &str, available: &str, updated_at: &str) -> String {
    format!(
        r#"{{"id":1007549786,"loc_id":963414,"product_id":1028183686,"variant_id":1061514767,"qty_onhand":{onhand},"qty_commited":12,"qty_incoming":0,"qty_available":{available},"updated_at":"{updated_at}"}}"#
    )
}

fn now(onhand: &str, available: &str) -> String {
    row(onhand, available, "2021-07-08T01:47:17.6Z")
}

/// A gateway over the example's shop with another row in it.
async fn holding(row: &str) -> TestApp {
    let app = TestApp::spawn().await;
    app.shop(EXAMPLE).put_row(row).unwrap();
    app
}

/// Asks twice, the second time from the cache, and for the same text.
async fn twice(app: &TestApp, path: &str, form: &str) -> String {
    let first = app.get(path).header("accept", form).await;
    let calls = app.upstream_calls(EXAMPLE);
    assert_eq!(first.status, 200, "{}", first.shown());
    for _ in 0..2 {
        let again = app.get(path).header("accept", form).await;
        assert_eq!(again.text(), first.text(), "{path} {form}");
    }
    assert_eq!(app.upstream_calls(EXAMPLE), calls);
    first.text()
}

fn view(name: &str) -> String {
    let separator = if name.contains('?') { '&' } else { '?' };
    format!("/shops/1000/{name}{separator}{EXAMPLE_QUERY}")
}

#[tokio::test(flavor = "multi_thread")]
async fn any_number_passes_the_compatible_route_digit_for_digit() {
    let nines = "9".repeat(5_000);
    for number in [
        "0.30000000000000004",
        "33.333333333333336",
        "9007199254740993",
        "1e30",
        "-1e401",
        "5.50",
        "1E2",
        "-0",
        "-0.0e-7",
        "1e99999999999999999999",
        "1e-99999999999999999999",
        &nines,
        &format!("-0.{nines}"),
    ] {
        let row = now(number, number);
        let app = holding(&row).await;
        for _ in 0..3 {
            let rows = app.example().await.rows();
            assert_eq!((rows.len(), rows.contains(&row)), (4, true), "{number}");
        }
        for name in VIEWS {
            for form in ["application/json", "text/csv", "application/x-ndjson"] {
                twice(&app, &view(name), form).await;
            }
        }
        let order = json!({"lines": [{"variant_id": VARIANT, "quantity": 3}]});
        assert_eq!(app.post("/shops/1000/fulfilment", &order).await.status, 200, "{number}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quantity_that_is_no_number_leaves_its_cell_unknown_and_no_other() {
    for odd in ["\"5\"", "null", "true", "[5]", "{}"] {
        let app = holding(&now(odd, "5")).await;
        let query = format!("{EXAMPLE_QUERY}&partial=true");
        let answer = app.inventory(EXAMPLE, &query).await;
        assert_eq!(answer.rows().len(), 3, "{odd}");
        assert_eq!(answer.missing(), [(VARIANT, LOCATION, "failed".to_owned())], "{odd}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sums_are_exact_in_every_form() {
    for (number, sum) in [
        ("0.30000000000000004", "15.30000000000000004"),
        ("33.333333333333336", "48.333333333333336"),
        ("9007199254740993", "9007199254741008"),
        ("1e30", "1000000000000000000000000000015"),
        ("1e-8", "15.00000001"),
        ("12345678901234567890123456789012345678", "12345678901234567890123456789012345693"),
    ] {
        let app = holding(&now(number, number)).await;
        let json = twice(&app, &view("stock?breakdown=true"), "application/json").await;
        assert!(json.contains(&format!(r#""qty_onhand":{sum},"qty_commited":12"#)), "{number}: {json}");
        assert!(
            json.contains(&format!(r#""qty_available":{sum},"sellable":{sum},"qty_oversold":0"#)),
            "{json}"
        );
        assert!(json.contains(&format!(r#""qty_onhand":{number},"qty_commited":12"#)), "{number}: {json}");
        assert!(json.contains(r#""complete":true,"missing":[],"missing_total":0,"warnings":[]"#), "{json}");
        let csv = twice(&app, &view("stock"), "text/csv").await;
        assert!(csv.contains(&format!("{VARIANT},1028183686,,,{sum},12,1,{sum},{sum},0,2,")), "{csv}");
        let lines = twice(&app, &view("stock"), "application/x-ndjson").await;
        assert!(lines.contains(&format!(r#""sellable":{sum},"#)), "{lines}");
        let available = twice(&app, &view("availability"), "application/json").await;
        assert!(available.contains(&format!(r#""quantity":{sum},"quantity_is":"exact""#)), "{available}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_of_too_many_digits_makes_null_of_its_items_sums_and_of_no_others() {
    for number in ["123456789012345678901234567890123456789", "1e300", "1e400", "-1e-5000"] {
        let app = holding(&now(number, "7")).await;
        let body = app.get(&view("stock")).await.ok();
        let item = |id: u64| {
            let items = body["stock"].as_array().unwrap();
            items.iter().find(|item| item["variant_id"] == id).unwrap().clone()
        };
        let (odd, other) = (item(VARIANT), item(OTHER_VARIANT));
        for name in ["qty_onhand", "qty_commited", "qty_incoming", "qty_available", "qty_oversold"] {
            assert_eq!((&odd[name], &body["totals"][name]), (&Value::Null, &Value::Null), "{name}");
            assert!(other[name].is_number(), "{name}");
        }
        assert_eq!(
            (&odd["complete"], &other["complete"], &body["complete"]),
            (&json!(false), &json!(true), &json!(false))
        );
        assert_eq!((&body["missing"], &body["missing_total"]), (&json!([]), &json!(0)));
        let warning = body["warnings"][0].as_str().unwrap();
        assert!(warning.contains("variant 1061514767 at location 963414: qty_onhand "), "{warning}");
        let lines = app.get(&view("stock")).header("accept", "application/x-ndjson").await.text();
        assert!(lines.lines().last().unwrap().contains("variant 1061514767 at location 963414"), "{lines}");
        let shown = twice(&app, &view("stock?breakdown=true"), "application/json").await;
        assert!(shown.contains(&format!(r#""qty_onhand":{number},"qty_commited":12"#)), "{shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_negative_row_is_lost_however_odd_its_number_is() {
    for (number, shortage) in [
        ("-0.30000000000000004", "0.30000000000000004"),
        ("-1e30", "1000000000000000000000000000000"),
        ("-1e401", "1e401"),
        ("-0.123456789012345678901234567890123456789", "0.123456789012345678901234567890123456789"),
    ] {
        let app = holding(&now("5", number)).await;
        let json = twice(&app, &view("alerts/negative"), "application/json").await;
        assert!(json.contains(&format!(r#""qty_available":{number},"updated_at""#)), "{json}");
        assert!(json.contains(&format!(r#""shortage":{shortage},"#)), "{json}");
        assert!(json.contains(r#""count":2"#), "{json}");
        let csv = twice(&app, &view("alerts/negative"), "text/csv").await;
        assert!(csv.contains(&format!(",{number},2021-07-08T01:47:17.6Z,")), "{csv}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn updated_at_is_the_rows_own_text_in_every_view() {
    for time in [
        "0001-01-01T00:00:00",
        "9999-12-31T23:59:59.9999999Z",
        "2021-07-08T01:47:17",
        "2021-07-08T08:47:17.600+07:00",
    ] {
        let app = holding(&row("-3", "-14", time)).await;
        let query = format!("variant_ids={VARIANT}&location_ids={LOCATION}");
        for name in VIEWS {
            let separator = if name.contains('?') { '&' } else { '?' };
            let path = format!("/shops/1000/{name}{separator}{query}");
            for form in ["application/json", "text/csv", "application/x-ndjson"] {
                let text = twice(&app, &path, form).await;
                for ours in ["1677-", "2262-"] {
                    assert!(!text.contains(ours), "{path}: {text}");
                }
                if name != "availability?pickup=true" && name != "alerts/low-stock" {
                    assert!(text.contains(time), "{path}: {text}");
                }
            }
        }
        let one = app.get(&format!("/shops/1000/stock/{VARIANT}?location_ids={LOCATION}")).await.ok();
        assert_eq!(
            (&one["stock"]["updated_at"], &one["stock"]["locations"][0]["updated_at"]),
            (&json!(time), &json!(time))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn thresholds_are_as_exact_as_quantities_and_as_bounded() {
    let app = holding(&now("0.30000000000000004", "0.30000000000000004")).await;
    let low = async |threshold: &str| {
        let path = view(&format!("alerts/low-stock?level=location&threshold={threshold}"));
        app.get(&path).await.text().contains(r#""qty_available":0.30000000000000004"#)
    };
    assert!(low("0.30000000000000004").await && low("1e30").await);
    assert!(!low("0.30000000000000003").await && !low("0.3").await);
    for number in ["1e5000", "123456789012345678901234567890123456789"] {
        let path = view(&format!("alerts/low-stock?threshold={number}"));
        let detail = app.get(&path).await.detail(400, "invalid-parameter");
        assert!(detail.starts_with("threshold: "), "{detail}");
    }
}
