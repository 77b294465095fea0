//! The compatible route gives what Haravan gives: the document's own example first.

use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};

use crate::gateway::{EXAMPLE, EXAMPLE_QUERY, GENERATED, TK_ONE, TestApp, grid};
use crate::oracle::{self, Wanted};

/// The document's example answer.
const DOCUMENT: &str = r#"{"inventory_locations":[
    {"id":1003098484,"loc_id":1007284,"product_id":1028183686,"variant_id":1064240649,"qty_onhand":0,"qty_commited":0,"qty_incoming":0,"qty_available":0,"updated_at":"2021-08-04T08:32:02.01Z"},
    {"id":1006907070,"loc_id":1007284,"product_id":1028183686,"variant_id":1061514767,"qty_onhand":15,"qty_commited":0,"qty_incoming":1,"qty_available":15,"updated_at":"2021-07-30T06:05:24.332Z"},
    {"id":1003226632,"loc_id":963414,"product_id":1028183686,"variant_id":1064240649,"qty_onhand":0,"qty_commited":7,"qty_incoming":0,"qty_available":-7,"updated_at":"2021-07-08T01:47:17.612Z"},
    {"id":1007549786,"loc_id":963414,"product_id":1028183686,"variant_id":1061514767,"qty_onhand":-3,"qty_commited":12,"qty_incoming":0,"qty_available":-15,"updated_at":"2021-07-08T01:47:17.6Z"}
]}"#;

/// Fields with the very text of their values.
type Fields = BTreeMap<String, Box<RawValue>>;

#[tokio::test(flavor = "multi_thread")]
async fn the_documents_example_is_answered_field_for_field_and_digit_for_digit() {
    let app = TestApp::spawn().await;
    let document: BTreeMap<String, Vec<Fields>> = serde_json::from_str(DOCUMENT).unwrap();
    let mut expected: Vec<&Fields> = document["inventory_locations"].iter().collect();
    expected.sort_by_key(|row| row["id"].get().parse::<u64>().unwrap());
    for round in ["cold", "cached"] {
        let answer = app.example().await;
        assert_eq!(answer.status, 200, "{round}: {}", answer.shown());
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let body: BTreeMap<String, Vec<Fields>> = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(body.keys().collect::<Vec<_>>(), ["inventory_locations"], "{round}");
        let rows = &body["inventory_locations"];
        assert_eq!(rows.len(), expected.len(), "{round}");
        for (row, expected) in rows.iter().zip(&expected) {
            let texts = |fields: &Fields| -> BTreeMap<String, String> {
                fields.iter().map(|(name, raw)| (name.clone(), raw.get().to_owned())).collect()
            };
            assert_eq!(texts(row), texts(expected), "{round}");
        }
    }
    assert_eq!(app.upstream_calls(EXAMPLE), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_and_spellings_that_nobody_documented_are_passed_on_to_the_byte() {
    let app = TestApp::spawn().await;
    let odd = r#"{"bin":"A \"1\" \u00e9","id":77,"variant_id":1061514767,"loc_id":963414,"product_id":5,"qty_onhand":5.50,"qty_commited":1e1,"qty_incoming":-0,"qty_available":10.0000,"updated_at":"2021-07-08T08:47:17.6+07:00","nested":{"z":1,"a":[null,true]}}"#;
    app.shop(EXAMPLE).put_row(odd).unwrap();
    for _ in 0..2 {
        let answer = app.inventory(EXAMPLE, &grid(&[1061514767], &[963414])).await;
        assert_eq!(answer.rows(), [odd]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_come_by_id_however_the_cells_were_fetched() {
    let app = TestApp::spawn().await;
    let shop = app.shop(GENERATED);
    let (variants, locations) = (shop.variant_ids(), shop.location_ids());
    // Some cells are cached from three questions before, the rest is not.
    app.inventory(GENERATED, &grid(&variants[40..60], &locations[..5])).await.rows();
    app.inventory(GENERATED, &grid(&variants[..10], &locations[10..])).await.rows();
    app.inventory(GENERATED, &grid(&variants[100..], &locations[3..4])).await.rows();
    let wanted = Wanted { variant_ids: variants, location_ids: locations, ..Wanted::default() };
    let answer = app.inventory(GENERATED, &wanted.query()).await;
    assert_eq!(answer.rows(), wanted.answer(&oracle::rows(&shop)));
    assert!(answer.row_ids().is_sorted_by(|left, right| left < right));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cell_without_a_row_and_an_id_that_is_nobodys_add_nothing() {
    let app = TestApp::spawn().await;
    app.shop(EXAMPLE).delete_row(1061514767, 963414).unwrap();
    let query = "location_ids=963414,1007284,5&variant_ids=1061514767,1064240649,6,18446744073709551615";
    let answer = app.inventory(EXAMPLE, query).await;
    assert_eq!(answer.row_ids(), [1003098484, 1003226632, 1006907070]);
    assert_eq!(answer.header("x-tonkho-missing"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_loops_on_page_ends_and_sees_every_row_once() {
    let app = TestApp::spawn().await;
    let shop = app.shop(GENERATED);
    let question = grid(&shop.variant_ids(), &shop.location_ids());
    let mut seen = Vec::new();
    for page in 1.. {
        let rows = app.inventory(GENERATED, &format!("{question}&page={page}&limit=250")).await.rows();
        if rows.is_empty() {
            break;
        }
        seen.extend(rows);
        assert!(page < 100, "the loop does not end");
    }
    let expected: Vec<String> = oracle::rows(&shop).into_iter().map(|row| row.text).collect();
    assert_eq!(seen.len(), expected.len());
    assert_eq!(seen.iter().collect::<BTreeSet<_>>(), expected.iter().collect::<BTreeSet<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_loops_on_since_id_ends_and_sees_every_row_once() {
    let app = TestApp::spawn().await;
    let shop = app.shop(GENERATED);
    let question = grid(&shop.variant_ids(), &shop.location_ids());
    let (mut seen, mut since_id) = (Vec::new(), 0);
    for round in 0.. {
        let ids =
            app.inventory(GENERATED, &format!("{question}&since_id={since_id}&limit=100")).await.row_ids();
        let Some(last) = ids.last() else { break };
        since_id = *last;
        seen.extend(ids);
        assert!(round < 100, "the loop does not end");
    }
    let expected: Vec<u64> = oracle::rows(&shop).iter().map(|row| row.id).collect();
    assert!(seen.is_sorted_by(|left, right| left < right));
    assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), expected.into_iter().collect());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_beyond_the_last_is_empty_and_no_error() {
    let app = TestApp::spawn().await;
    for beyond in ["page=2", "page=18446744073709551615", "limit=1&page=5", "since_id=18446744073709551615"] {
        let answer = app.inventory(EXAMPLE, &format!("{EXAMPLE_QUERY}&{beyond}")).await;
        assert_eq!(answer.text(), r#"{"inventory_locations":[]}"#, "{beyond}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_above_250_is_honoured() {
    let app = TestApp::spawn().await;
    let shop = app.shop(GENERATED);
    let question = grid(&shop.variant_ids(), &shop.location_ids());
    assert_eq!(app.inventory(GENERATED, &format!("{question}&limit=1000")).await.rows().len(), 1000);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_variants_at_24_locations_come_in_one_answer() {
    let stock = tonkho::sandbox::settings::GeneratedSettings { variants: 2_000, ..Default::default() };
    let app = TestApp::builder().generated(stock).spawn().await;
    let shop = app.shop(GENERATED);
    let (variant_ids, location_ids) = (shop.variant_ids(), shop.location_ids());
    assert_eq!((variant_ids.len(), location_ids.len()), (2_000, 24));
    let wanted = Wanted { variant_ids, location_ids, ..Wanted::default() };
    let expected = wanted.answer(&oracle::rows(&shop));
    let answer = app.inventory(GENERATED, &wanted.query()).await;
    // Compared before it is shown: a difference in 19,000 rows is not to be read.
    assert!(answer.rows() == expected, "{} rows, not {}", answer.rows().len(), expected.len());
    let calls = app.upstream_calls(GENERATED);
    let naive = 40 + u64::try_from(expected.len()).unwrap() / 250;
    assert!(calls <= naive, "{calls} calls, {naive} at most");
    assert!(app.inventory(GENERATED, &wanted.query()).await.is_hit());
    assert_eq!(app.upstream_calls(GENERATED), calls);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_of_haravans_changes_its_base_url_and_its_token_only() {
    let app = TestApp::spawn().await;
    let there = format!("{}/com/inventory_locations.json?{EXAMPLE_QUERY}", app.sandbox().base_url());
    let there = reqwest::Client::builder().no_proxy().build().unwrap().get(there).bearer_auth("sandbox-1000");
    let there: Value = serde_json::from_str(&there.send().await.unwrap().text().await.unwrap()).unwrap();
    let here = app.get(&format!("/com/inventory_locations.json?{EXAMPLE_QUERY}")).key(TK_ONE).await.ok();
    let rows = |answer: &Value| -> BTreeMap<u64, Value> {
        let rows = answer["inventory_locations"].as_array().unwrap().iter();
        rows.map(|row| (row["id"].as_u64().unwrap(), row.clone())).collect()
    };
    assert_eq!(rows(&here), rows(&there));
}
