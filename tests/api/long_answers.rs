//! Stock of thousands of variants: sent while it is summed, and no other answer for that.

use reqwest::Method;
use serde_json::{Value, json};
use tonkho::sandbox::faults::Failure;
use tonkho::sandbox::settings::GeneratedSettings;

use crate::answer::Answer;
use crate::gateway::{Ask, GENERATED, TK_ALL, TestApp};

/// Enough for an answer that is long by its items alone.
const VARIANTS: usize = 4_100;

/// How many variants at a time make an answer that is not.
const FEW: usize = 1_000;

const FORMS: [&str; 3] = ["application/json", "text/csv", "application/x-ndjson"];

/// A gateway over a shop with many variants, and the question for some of them.
struct Asker {
    app: TestApp,
    variants: Vec<u64>,
    locations: Vec<u64>,
}

impl Asker {
    async fn spawn() -> Self {
        let products = VARIANTS / 3;
        let stock = GeneratedSettings { variants: VARIANTS, products, ..GeneratedSettings::default() };
        let app = TestApp::builder().generated(stock).spawn().await;
        let (mut variants, locations) =
            (app.shop(GENERATED).variant_ids(), app.shop(GENERATED).location_ids());
        variants.sort_unstable();
        Self { app, variants, locations: locations[..2].to_vec() }
    }

    fn ask(&self, variants: &[u64], more: &Value) -> Ask {
        let mut body = json!({"variant_ids": variants, "location_ids": self.locations});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.app.post("/shops/2000/stock", &body)
    }

    fn all(&self, form: &str) -> Ask {
        self.ask(&self.variants, &json!({})).header("accept", form)
    }
}

#[track_caller]
fn tag(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.shown());
    answer.header("etag").unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_answer_has_the_items_of_short_ones_and_the_totals_of_other_groupings() {
    let asker = Asker::spawn().await;
    for breakdown in [json!({}), json!({"breakdown": true})] {
        let long = asker.ask(&asker.variants, &breakdown).await.ok();
        let lines = asker.ask(&asker.variants, &breakdown).header("accept", FORMS[2]).await.text();
        let mut items = Vec::new();
        let mut short_lines = String::new();
        for few in asker.variants.chunks(FEW) {
            items.extend(asker.ask(few, &breakdown).await.ok()["stock"].as_array().unwrap().clone());
            let short = asker.ask(few, &breakdown).header("accept", FORMS[2]).await;
            short_lines.push_str(&short.text());
        }
        assert_eq!(items.len(), asker.variants.len());
        assert!(long["stock"] == Value::from(items), "{breakdown}: other items");
        assert!(lines == short_lines, "{breakdown}: other lines");
        let by_location = asker.ask(&asker.variants, &json!({"group_by": "location"})).await.ok();
        assert_eq!(long["totals"], by_location["totals"]);
        assert_eq!((&long["complete"], &long["missing"]), (&json!(true), &json!([])));
    }
    let long = asker.all("text/csv").await.text();
    let mut records = long.split_inclusive("\r\n");
    let header = records.next();
    for few in asker.variants.chunks(FEW) {
        let short = asker.ask(few, &json!({})).header("accept", "text/csv").await.text();
        let mut short = short.split_inclusive("\r\n");
        assert_eq!(short.next(), header);
        assert!(records.by_ref().take(few.len()).eq(short), "other records");
    }
    assert_eq!(records.next(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tag_of_a_long_answer_depends_on_the_last_of_its_cells_but_not_on_when_they_were_read() {
    let asker = Asker::spawn().await;
    let mut before = Vec::new();
    for form in FORMS {
        before.push(tag(&asker.all(form).await));
    }
    assert!(before.iter().all(|tag| tag.starts_with("W/\"")), "{before:?}");
    assert!(before[0] != before[1] && before[1] != before[2] && before[0] != before[2], "{before:?}");
    let other = tag(&asker.ask(&asker.variants, &json!({"breakdown": true})).await);
    assert_ne!(other, before[0]);

    asker.app.age(5);
    asker.all(FORMS[0]).header("cache-control", "no-cache").await.ok();
    for (form, tag) in FORMS.iter().zip(&before) {
        let again = asker.all(form).header("if-none-match", tag).await;
        assert_eq!((again.status, again.body.len()), (304, 0), "{form}: {}", again.shown());
    }

    let shop = asker.app.shop(GENERATED);
    let rows = shop.rows();
    let last = rows.iter().filter(|row| asker.locations.contains(&row.loc_id));
    let last = last.max_by_key(|row| (row.variant_id, row.loc_id)).unwrap();
    shop.set_quantity(last.variant_id, last.loc_id, 12_345).unwrap();
    for (form, before) in FORMS.iter().zip(&before) {
        let fresh = asker.all(form).header("cache-control", "no-cache").header("if-none-match", before).await;
        assert_ne!(tag(&fresh), *before, "{form}");
        assert!(fresh.text().contains("12345"), "{form}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_answer_says_before_its_items_what_it_lacks() {
    let asker = Asker::spawn().await;
    let (known, lacking) = asker.variants.split_at(asker.variants.len() - 60);
    asker.ask(known, &json!({})).await.ok();
    asker.app.fail(GENERATED, 1_000, Failure::Status500);
    let partial = || asker.ask(&asker.variants, &json!({"partial": true}));

    let answer = partial().await;
    assert_eq!(answer.header("x-tonkho-missing"), Some("120"));
    let body = answer.ok();
    assert_eq!((&body["complete"], &body["missing_total"]), (&json!(false), &json!(120)));
    assert_eq!(body["missing"].as_array().unwrap().len(), 100);
    assert_eq!(body["missing"][0]["variant_id"], lacking[0]);
    assert_eq!((&body["totals"]["qty_available"], &body["totals"]["unknown"]), (&json!(null), &json!(120)));
    let items = body["stock"].as_array().unwrap();
    for (place, (item, variant_id)) in items.iter().zip(&asker.variants).enumerate() {
        let is_known = place < known.len();
        assert_eq!((&item["variant_id"], &item["complete"]), (&json!(variant_id), &json!(is_known)));
    }

    let lines = partial().header("accept", FORMS[2]).await.text();
    let last: Value = serde_json::from_str(lines.lines().next_back().unwrap()).unwrap();
    assert_eq!(last["envelope"]["missing_total"], 120);
    assert_eq!(lines.lines().count(), asker.variants.len() + 1);
    let table = partial().header("accept", FORMS[1]).await.text();
    assert!(table.lines().next_back().unwrap().starts_with("#incomplete,120,failed,"), "{table}");
    assert_eq!(table.lines().count(), asker.variants.len() + 2);
    asker.ask(&asker.variants, &json!({})).await.problem(502, "upstream-failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_of_a_long_answer_has_its_headers() {
    let asker = Asker::spawn().await;
    let ids = crate::gateway::grid(&asker.variants[..4_050], &asker.locations);
    let path = format!("/shops/2000/stock?{ids}");
    let get = asker.app.get(&path).await;
    let head = asker.app.ask(Method::HEAD, &path).key(TK_ALL).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    for header in ["etag", "content-type", "cache-control", "vary"] {
        assert_eq!(head.header(header), get.header(header), "{header}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_by_the_thousand_are_those_of_small_questions_and_come_with_their_length() {
    let asker = Asker::spawn().await;
    let path = "/shops/2000/com/inventory_locations.json";
    let rows = |variants: &[u64]| {
        asker.app.post(path, &json!({"variant_ids": variants, "location_ids": asker.locations}))
    };
    let long = rows(&asker.variants).await;
    let length: usize = long.header("content-length").unwrap().parse().unwrap();
    assert_eq!((long.status, length), (200, long.body.len()));
    assert!(1 << 18 < length, "{length} bytes are sent at once");
    let mut short = Vec::new();
    for few in asker.variants.chunks(400) {
        short.extend(rows(few).await.rows());
    }
    let mut long = long.rows();
    long.sort_unstable();
    short.sort_unstable();
    assert!(long == short, "other rows");
}
