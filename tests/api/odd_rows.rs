//! Rows that are odd: an answer is right, or says that it does not know; it never takes a row for nothing.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};
use tonkho::sandbox::faults::Faults;
use tonkho::sandbox::request::Resource;
use tonkho::sandbox::settings::ShopData;

use crate::answer::Answer;
use crate::gateway::{EXAMPLE, EXAMPLE_QUERY, GENERATED, TK_ALL, TestApp};
use crate::oracle::{self, Wanted};

/// Variants 101 and 102 at locations 11 and 12.
const QUERY: &str = "variant_ids=101,102&location_ids=11,12&partial=true";

/// The cell that has no row.
const EMPTY: (u64, u64) = (102, 12);

/// The cell whose row is made odd: it has the lowest id.
const ODD: (u64, u64) = (101, 11);

fn row(id: u64, (variant_id, loc_id): (u64, u64)) -> String {
    json!({
        "id": id, "loc_id": loc_id, "product_id": 7, "variant_id": variant_id, "qty_onhand": id, "qty_commited": 0,
        "qty_incoming": 0, "qty_available": id, "updated_at": "2021-07-08T01:47:17.6Z",
    })
    .to_string()
}

/// A shop with rows in three of four cells.
async fn spawn() -> TestApp {
    let rows = vec![row(1, ODD), row(2, (101, 12)), row(3, (102, 11))];
    TestApp::builder().haravan(|haravan| haravan.shops[1].data = ShopData::Rows(rows)).spawn().await
}

impl TestApp {
    async fn forget(&self) {
        let path = format!("/shops/{GENERATED}/cache");
        assert_eq!(self.ask(Method::DELETE, &path).key(TK_ALL).await.status, 204);
    }

    async fn unreadable(&self, org_id: u64, kind: &str) -> f64 {
        self.metric(&format!("tonkho_unreadable_total{{kind=\"{kind}\",shop=\"{org_id}\"}}")).await
    }
}

/// Other forms of a field whose value is this number.
fn forms(value: u64) -> Vec<String> {
    let mut forms: Vec<String> = [
        "null",
        "true",
        "false",
        "[]",
        "{}",
        "\"\"",
        "\"abc\"",
        "\"\\ud83d\"",
        "0",
        "-1",
        "0.5",
        "1e99",
        "1e305",
        "99999999999999999999",
        "-99999999999999999999",
        "\"soon\"",
    ]
    .map(str::to_owned)
    .into();
    forms.extend([
        format!("[{value}]"),
        format!("\"{value}\""),
        format!("\"{value}.5\""),
        format!("{value}.0"),
        format!("{value}.5"),
        format!("{value}e0"),
        format!("-{value}"),
    ]);
    forms
}

/// What an answer says of each cell: the row's text, or that it is missing.
fn told(answer: &Answer) -> BTreeMap<(u64, u64), Result<String, String>> {
    let mut told = BTreeMap::new();
    for text in answer.rows() {
        // Quantities are each row's own, so that a row tells its cell whatever its ids look like.
        let own = [(1, ODD), (2, (101, 12)), (3, (102, 11))];
        let tells = |id: u64| {
            ["qty_available", "qty_onhand"].iter().any(|field| text.contains(&format!("\"{field}\":{id},")))
        };
        let Some((_, cell)) = own.into_iter().find(|(id, _)| tells(*id)) else {
            panic!("not the shop's: {text}")
        };
        assert!(told.insert(cell, Ok(text)).is_none(), "twice: {}", answer.shown());
    }
    for (variant_id, loc_id, reason) in answer.missing() {
        assert!(told.insert((variant_id, loc_id), Err(reason)).is_none(), "{}", answer.shown());
    }
    told
}

#[track_caller]
fn check(what: &str, answer: &Answer, sent: Option<&str>) {
    let told = told(answer);
    assert_eq!(told.get(&(101, 12)), Some(&Ok(row(2, (101, 12)))), "{what}: {}", answer.shown());
    assert_eq!(told.get(&(102, 11)), Some(&Ok(row(3, (102, 11)))), "{what}: {}", answer.shown());
    match told.get(&ODD) {
        Some(Ok(text)) => assert_eq!(Some(text.as_str()), sent, "{what}"),
        Some(Err(reason)) => assert_eq!(reason, "failed", "{what}"),
        None => panic!("{what}: absent: {}", answer.shown()),
    }
    if let Some(found) = told.get(&EMPTY) {
        assert_eq!(found, &Err("failed".to_owned()), "{what}");
    }
}

#[track_caller]
fn check_stock(what: &str, stock: &Value, was_told: bool, is_summed: bool) {
    let item = &stock["stock"][0];
    assert_eq!(item["variant_id"], 101, "{what}");
    assert_eq!(item["rows"], if was_told { 2 } else { 1 }, "{what}: {stock}");
    assert_eq!(item["complete"], is_summed, "{what}: {stock}");
    assert_eq!(item["qty_available"].is_null(), !is_summed, "{what}: {stock}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_field_of_a_row_in_every_form_is_right_or_unknown_never_absent_and_never_anothers() {
    let app = spawn().await;
    let shop = app.shop(GENERATED);
    let fields: BTreeMap<&str, u64> = [
        ("id", 1),
        ("loc_id", 11),
        ("product_id", 7),
        ("variant_id", 101),
        ("qty_onhand", 1),
        ("qty_commited", 0),
        ("qty_incoming", 0),
        ("qty_available", 1),
        ("updated_at", 2021),
    ]
    .into();
    for (field, value) in fields {
        let sent = row(1, ODD);
        let own = serde_json::from_str::<Value>(&sent).unwrap()[field].to_string();
        let member = format!("\"{field}\":{own}");
        assert!(sent.contains(&member), "{sent}");
        let mut forms = forms(value);
        forms.extend([
            format!("{own},\"{field}\":{own}"),
            format!("{own},\"{field}\":5"),
            "missing".to_owned(),
        ]);
        for form in forms {
            let what = format!("{field} as {form}");
            let mut faults = Faults { odd_row_every: 100, ..Faults::default() };
            if form == "missing" {
                faults.drop_fields.insert(field.to_owned());
            } else {
                faults.raw_fields.insert(field.to_owned(), form.clone());
            }
            shop.set_faults(faults);
            app.forget().await;
            let answer = app.inventory(GENERATED, QUERY).await;
            let text = sent.replace(&member, &format!("\"{field}\":{form}"));
            check(&what, &answer, Some(&text));
            let stock = app.get(&format!("/shops/2000/stock?{QUERY}")).await.ok();
            let was_told = matches!(told(&answer).get(&ODD), Some(Ok(_)));
            // Such a number is passed on, but too large to be summed.
            let is_summed = was_told && form != "1e305";
            check_stock(&what, &stock, was_told, is_summed);
        }
    }
}

/// Bodies in which the member of this name is no list.
pub(crate) fn bodies_without(member: &str) -> Vec<String> {
    let mut bodies: Vec<String> =
        ["", "null", "true", "5", "\"x\"", "[]", "{}", "[{}]"].map(str::to_owned).into();
    bodies.extend(
        ["null", "true", "false", "0", "-1", "1e99", "\"\"", "\"[]\"", "{}"]
            .map(|form| format!("{{\"{member}\":{form}}}")),
    );
    bodies.push(format!("{{\"{member}\":[],\"{member}\":[]}}"));
    bodies.push(format!("{{\"{}\":[]}}", member.to_uppercase()));
    bodies
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_a_list_of_rows_leaves_every_cell_unknown() {
    let app = spawn().await;
    for body in bodies_without("inventory_locations") {
        app.shop(GENERATED).set_faults(Faults {
            raw_body: Some(body.clone()),
            fail_only: Some(Resource::Inventory),
            ..Faults::default()
        });
        app.forget().await;
        let answer = app.inventory(GENERATED, &format!("{QUERY}&since_id=0")).await;
        assert_eq!((answer.rows().len(), answer.missing().len()), (0, 4), "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_as_text_and_as_whole_decimals_are_ids_and_come_back_as_they_were_sent() {
    let app = TestApp::spawn().await;
    let raw = [("variant_id", "\"1064240649\""), ("loc_id", "1007284.0"), ("id", "1.003098484e9")];
    app.shop(EXAMPLE).set_faults(Faults {
        odd_row_every: 100,
        raw_fields: raw.map(|(field, text)| (field.to_owned(), text.to_owned())).into(),
        ..Faults::default()
    });
    let rows = app.example().await.rows();
    assert_eq!(rows.len(), 4);
    let odd = rows.iter().find(|row| row.contains("\"1064240649\"")).unwrap();
    assert!(odd.contains("\"loc_id\":1007284.0") && odd.contains("\"id\":1.003098484e9"), "{odd}");
    let stock = app.get(&format!("/shops/1000/stock?{EXAMPLE_QUERY}")).await.ok();
    assert_eq!((&stock["complete"], &stock["stock"][1]["rows"]), (&json!(true), &json!(2)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_may_be_any_cells_leaves_no_cell_without_a_row() {
    let app = spawn().await;
    let nobodys = [
        "null".to_owned(),
        "{}".to_owned(),
        "[]".to_owned(),
        "5".to_owned(),
        row(9, EMPTY).replace("102", "null"),
        row(9, EMPTY).replace("\"loc_id\":12", "\"loc_id\":\"x\""),
        row(9, EMPTY).replace("102", "102.5"),
    ];
    for text in nobodys {
        app.shop(GENERATED).set_faults(Faults { raw_rows: vec![text.clone()], ..Faults::default() });
        app.forget().await;
        let answer = app.inventory(GENERATED, QUERY).await;
        assert_eq!(
            (answer.rows().len(), answer.missing()),
            (3, vec![(102, 12, "failed".to_owned())]),
            "{text}"
        );
        assert_eq!(answer.header("x-tonkho-missing"), Some("1"));
        let whole = app.inventory(GENERATED, "variant_ids=101,102&location_ids=11,12").await;
        whole.problem(502, "upstream-failed");
        // Where every cell came, there is nothing to doubt.
        let all = app.inventory(GENERATED, "variant_ids=101&location_ids=11,12").await;
        assert_eq!(all.rows().len(), 2, "{text}");
    }
    assert!(0.0 < app.unreadable(GENERATED, "row_ids").await);
    let shops = app.get("/shops").await.ok();
    let message = shops["shops"][1]["last_error"]["message"].as_str().unwrap();
    assert!(message.contains("cannot be read"), "{message}");
    app.shop(GENERATED).set_faults(Faults::default());
    let healed = app.inventory(GENERATED, "variant_ids=101,102&location_ids=11,12").await;
    assert_eq!(healed.rows().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_rows_for_one_cell_the_newer_one_counts_and_is_counted() {
    let app = spawn().await;
    // Every cell has a row, so that one page is all.
    let query = "variant_ids=101&location_ids=11,12&partial=true";
    let newer = row(1, ODD).replace("\"qty_available\":1", "\"qty_available\":77").replace("17.6Z", "18Z");
    let older =
        row(2, (101, 12)).replace("\"qty_available\":2", "\"qty_available\":77").replace("17.6Z", "16Z");
    app.shop(GENERATED).set_faults(Faults { raw_rows: vec![newer.clone(), older], ..Faults::default() });
    let rows = app.inventory(GENERATED, query).await.rows();
    assert_eq!(rows, [newer, row(2, (101, 12))]);
    assert!(2.0 <= app.unreadable(GENERATED, "row_repeated").await);
    for _ in 0..2 {
        let stock = app.get(&format!("/shops/2000/stock?{query}")).await.ok();
        assert_eq!(stock["warnings"].as_array().unwrap().len(), 2, "{stock}");
    }
    // Which of two counts cannot be told if one of them cannot be read.
    let odd = row(1, ODD).replace("\"qty_onhand\":1", "\"qty_onhand\":\"x\"");
    app.shop(GENERATED).set_faults(Faults { raw_rows: vec![odd], ..Faults::default() });
    app.forget().await;
    let missing = app.inventory(GENERATED, query).await.missing();
    assert_eq!(missing, [(101, 11, "failed".to_owned())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_nobody_asked_for_prove_nothing_where_pages_are_clamped() {
    for (clamp, extra_rows) in [(50, 3), (100, 1), (50, 50), (20, 30)] {
        let app = TestApp::spawn().await;
        let shop = app.shop(GENERATED);
        let wanted = Wanted {
            variant_ids: shop.variant_ids()[..50].to_vec(),
            location_ids: shop.location_ids()[..5].to_vec(),
            ..Wanted::default()
        };
        shop.set_faults(Faults { page_clamp: Some(clamp), extra_rows, ..Faults::default() });
        let answer = app.inventory(GENERATED, &wanted.query()).await;
        assert_eq!(answer.rows(), wanted.answer(&oracle::rows(&shop)), "{clamp} {extra_rows}");
        assert!(0.0 < app.unreadable(GENERATED, "row_foreign").await);
    }
}
