//! Views over numbers that no machine word holds, and over instants that no clock shows.

use serde_json::{Value, json};

use super::alert::AlertLevel;
use super::availability::{AvailabilityParameters, Pooling, availability};
use super::fulfilment::{FulfilmentParameters, fulfilment};
use super::lines::Tabular;
use super::low_stock::{LowStockParameters, low_stock};
use super::mismatch::mismatch;
use super::negative::{NegativeParameters, negative};
use super::sample::{context, location, row, variant};
use super::stock::{GroupBy, StockParameters, stock};
use crate::domain::cell::{Cell, CellId};
use crate::domain::location::LocationBook;
use crate::domain::quantity::Quantity;
use crate::domain::timestamp::Timestamp;

/// Too many digits to be computed with.
const PRECISE: &str = "0.333333333333333333333333333333333333333333";

/// A variant at locations 1, 2, …: what is available there; on hand is the same.
fn stocked(variant_id: u64, available: &[&'static str]) -> Vec<(CellId, Cell)> {
    let cells = (1..).zip(available);
    cells.map(|(loc_id, available)| row(variant_id, loc_id, [available, "0", "0", available])).collect()
}

fn text(chunks: super::lines::Chunks) -> String {
    String::from_utf8(chunks.flat_map(Result::unwrap).collect()).unwrap()
}

fn book() -> LocationBook {
    LocationBook::new([], [])
}

fn by(group_by: GroupBy) -> StockParameters {
    StockParameters { group_by, breakdown: true }
}

fn at(level: AlertLevel) -> NegativeParameters {
    NegativeParameters { level, min_shortage: None }
}

/// The members of each alert that are named, as text.
fn members(alerts: &impl serde::Serialize, names: &[&str]) -> Vec<Vec<String>> {
    let raw: Vec<std::collections::BTreeMap<String, Box<serde_json::value::RawValue>>> =
        serde_json::from_str(&serde_json::to_string(alerts).unwrap()).unwrap();
    raw.iter().map(|alert| names.iter().map(|name| alert[*name].get().to_owned()).collect()).collect()
}

#[test]
fn sums_are_exact_and_rows_are_shown_digit_for_digit() {
    let cells = || {
        stocked(7, &["0.30000000000000004", "9007199254740993", "1E+30", "33.333333333333336"]).into_iter()
    };
    let book = book();
    let answer = stock(cells(), context(&book), by(GroupBy::Variant));
    assert!(answer.envelope.complete && answer.envelope.warnings.is_empty());
    let answer = serde_json::to_string(&answer).unwrap();
    let sum = "1000000000000009007199254741026.63333333333333604";
    assert_eq!(answer.matches(&format!(r#""qty_onhand":{sum},"#)).count(), 2, "{answer}");
    assert!(answer.contains(&format!(r#""sellable":{sum},"qty_oversold":0"#)), "{answer}");
    for sent in ["0.30000000000000004", "9007199254740993", "1E+30", "33.333333333333336"] {
        assert!(answer.contains(&format!(r#""qty_available":{sent},"#)), "{answer}");
    }
    let csv = text(stock(cells(), context(&book), by(GroupBy::Variant)).into_csv());
    assert!(csv.contains(&format!("{sum},0,0,{sum},{sum},0,4,0,0,0,")), "{csv}");
}

#[test]
fn a_number_of_too_many_digits_makes_the_sums_of_its_item_null_and_no_others() {
    let cells = [stocked(7, &["5", PRECISE]), stocked(8, &["5", "-2"])].concat();
    let book = book();
    let answer = stock(cells.iter().cloned(), context(&book), by(GroupBy::Variant));
    let shown = serde_json::to_string(&answer).unwrap();
    assert!(shown.contains(&format!(r#""qty_available":{PRECISE},"updated_at""#)), "{shown}");
    let answer: Value = serde_json::to_value(answer).unwrap();
    let (odd, other) = (&answer["stock"][0], &answer["stock"][1]);
    for name in ["qty_onhand", "qty_commited", "qty_incoming", "qty_available", "qty_oversold"] {
        assert_eq!((&odd[name], &answer["totals"][name]), (&Value::Null, &Value::Null), "{name}");
    }
    assert_eq!((&odd["complete"], &odd["sellable"], &odd["rows"]), (&json!(false), &json!(5), &json!(2)));
    assert_eq!(
        (&other["complete"], &other["qty_available"], &other["qty_oversold"]),
        (&json!(true), &json!(3), &json!(2))
    );
    assert_eq!((&answer["complete"], &answer["missing_total"]), (&json!(false), &json!(0)));
    let warnings = answer["warnings"].as_array().unwrap();
    assert_eq!(warnings.len(), 1);
    let warning = warnings[0].as_str().unwrap();
    assert!(warning.starts_with("variant 7 at location 2: qty_onhand, qty_available "), "{warning}");
    let by_location =
        serde_json::to_value(stock(cells.into_iter(), context(&book), by(GroupBy::Location))).unwrap();
    assert_eq!(
        (&by_location["stock"][0]["qty_available"], &by_location["stock"][1]["qty_available"]),
        (&json!(10), &Value::Null)
    );
}

#[test]
fn many_odd_rows_are_counted_and_the_first_are_named() {
    let cells = (1..=30).flat_map(|variant_id| stocked(variant_id, &["1e5000"]));
    let answer = stock(cells, context(&book()), by(GroupBy::Variant));
    assert_eq!(answer.envelope.warnings.len(), 21);
    assert_eq!(answer.envelope.warnings[20], "further rows with quantities that cannot be summed: 10");
}

#[test]
fn a_row_below_zero_is_listed_however_odd_its_number_is() {
    let cells = || {
        let odd = stocked(7, &["-1e99999", "-1e298", "-3", "5", "-0.000", PRECISE]);
        let precise = stocked(8, &["-0.333333333333333333333333333333333333333333"]);
        [odd, precise].concat().into_iter()
    };
    let book = book();
    let answer = negative(cells(), context(&book), at(AlertLevel::Location));
    let names =
        ["variant_id", "loc_id", "qty_available", "shortage", "coverable", "uncovered", "surplus_elsewhere"];
    let all = "0".repeat(298);
    let precise = "0.333333333333333333333333333333333333333333";
    let expected: Vec<Vec<String>> = [
        ["7", "1", "-1e99999", "1e99999", "0", "1e99999", "null"],
        ["7", "2", "-1e298", &format!("1{all}"), "5", &format!("{}5", "9".repeat(297)), "null"],
        ["7", "3", "-3", "3", "0", "3", "null"],
        ["8", "1", &format!("-{precise}"), precise, "0", precise, "0"],
    ]
    .iter()
    .map(|row| row.iter().map(|member| (*member).to_owned()).collect())
    .collect();
    assert_eq!(members(&answer.alerts, &names), expected);
    assert!(!answer.envelope.complete);
    let worst = NegativeParameters { min_shortage: Some(Quantity::from(4)), ..at(AlertLevel::Location) };
    assert_eq!(negative(cells(), context(&book), worst).count, 2);
    let csv = text(negative(cells(), context(&book), at(AlertLevel::Location)).into_csv());
    assert!(
        csv.contains(",-1e99999,2021-07-08T01:47:17.6Z,,physical,1e99999,false,,,0,1e99999,false\r\n"),
        "{csv}"
    );
    let variants = negative(cells(), context(&book), at(AlertLevel::Variant));
    assert_eq!(variants.count, 0);
    assert!(variants.envelope.warnings.last().unwrap().ends_with("may or may not be below zero: 2"));
}

#[test]
fn long_numbers_are_promised_and_sent_to_the_last_digit() {
    let book = book();
    let cells = stocked(7, &["-0.30000000000000004", "1e30"]);
    let answer = negative(cells.into_iter(), context(&book), at(AlertLevel::Location));
    assert_eq!(
        serde_json::to_string(&answer.alerts[0].transfer_from).unwrap(),
        r#"[{"loc_id":2,"quantity":0.30000000000000004}]"#
    );
    let low = LowStockParameters { level: AlertLevel::Location, threshold: Quantity::from(5) };
    let cells = stocked(7, &["0.30000000000000004", "1e30", PRECISE]);
    let answer = low_stock(cells.into_iter(), context(&book), low);
    assert_eq!(
        members(&answer.alerts, &["loc_id", "shortage", "surplus_elsewhere", "coverable"]),
        [["1", "4.69999999999999996", "null", "4.69999999999999996"]]
    );
    let cells = [row(7, 1, ["1e30", "0.1", "0", "1e30"]), row(7, 2, [PRECISE, "0", "0", "5"])];
    let answer = mismatch(cells.into_iter(), context(&book));
    assert_eq!(members(&answer.alerts, &["loc_id", "qty_onhand", "difference"]), [["1", "1e30", "0.1"]]);
    assert!(!answer.envelope.complete);
}

#[test]
fn availability_proves_nothing_by_a_number_that_it_cannot_add() {
    let ask = |available: &[&'static str], pooling| {
        let parameters = AvailabilityParameters { pooling, ..AvailabilityParameters::default() };
        let answer = availability(stocked(7, available).into_iter(), context(&book()), parameters);
        serde_json::to_value(&answer.availability[0]).unwrap()
    };
    let exact = ask(&["-0.30000000000000004", "9007199254740993"], Pooling::Net);
    assert_eq!(exact["quantity_is"], "exact");
    let told = ask(&["5", PRECISE], Pooling::Net);
    assert_eq!(
        (&told["available"], &told["quantity"], &told["complete"]),
        (&Value::Null, &json!(0), &json!(false))
    );
    let told = ask(&["5", PRECISE], Pooling::Positive);
    assert_eq!((&told["available"], &told["quantity_is"]), (&json!(true), &json!("at_least")));
    let told = ask(&["5", "-1e5000"], Pooling::Positive);
    assert_eq!((&told["quantity"], &told["quantity_is"]), (&json!(5), &json!("exact")));
}

#[test]
fn orders_are_planned_from_what_can_be_computed_with() {
    let ask = |available: &[&'static str], ordered: i64| {
        let demand = [(variant(7), Quantity::from(ordered))].into();
        let parameters = FulfilmentParameters { demand, prefer: vec![location(2)] };
        serde_json::to_string(&fulfilment(stocked(7, available).into_iter(), context(&book()), &parameters))
            .unwrap()
    };
    let told = ask(&["9007199254740993.5", "0.5"], 9_007_199_254_740_994);
    assert!(told.contains(r#""fulfillable":true,"mode":"split""#), "{told}");
    assert!(told.contains(r#""quantity":9007199254740993.5}"#), "{told}");
    let told = ask(&["5", "1e5000"], 6);
    assert!(told.contains(r#""fulfillable":null,"#) && told.contains(r#""shortage":null,"#), "{told}");
    let told = ask(&["5", "-1e5000"], 6);
    assert!(told.contains(r#""fulfillable":false,"#) && told.contains(r#""shortage":1,"#), "{told}");
}

#[test]
fn the_newest_rows_own_text_is_shown_and_never_an_instant_of_ours() {
    let dated = |variant_id, times: &[&str]| -> Vec<(CellId, Cell)> {
        let cells = (1..).zip(times).map(|(loc_id, time)| {
            let (id, cell) = row(variant_id, loc_id, ["1", "0", "0", "2"]);
            let Cell::Row(mut row) = cell else { unreachable!() };
            let mut canonical = Vec::new();
            row.write_json(&mut canonical);
            let sent = String::from_utf8(canonical).unwrap().replace("2021-07-08T01:47:17.6Z", time);
            row.updated_at = Timestamp::parse(time).unwrap();
            row.as_sent = Some(sent.into());
            (id, Cell::Row(row))
        });
        cells.collect()
    };
    let book = book();
    for (times, newest) in [
        (&["0001-01-01T00:00:00"][..], "0001-01-01T00:00:00"),
        (&["9999-12-31T23:59:59.9999999Z"], "9999-12-31T23:59:59.9999999Z"),
        (&["2021-07-08T01:47:17"], "2021-07-08T01:47:17"),
        (&["2021-07-08T08:47:17.6+07:00", "0001-01-01T00:00:00"], "2021-07-08T08:47:17.6+07:00"),
        (&["9999-12-31T23:59:59", "2300-01-01T00:00:00Z", "2021-07-08T01:47:17"], "9999-12-31T23:59:59"),
        (&["0001-01-01T00:00:00", "0002-01-01"], "0002-01-01"),
        (&["2021-07-08T01:47:17.6Z", "2021-07-08T01:47:17.600Z"], "2021-07-08T01:47:17.600Z"),
    ] {
        let mut cells = dated(7, times);
        for _ in 0..2 {
            let answer = stock(cells.iter().cloned(), context(&book), by(GroupBy::Variant));
            let shown = serde_json::to_value(&answer).unwrap();
            assert_eq!(
                (&shown["stock"][0]["updated_at"], &shown["totals"]["updated_at"]),
                (&json!(newest), &json!(newest))
            );
            assert!(text(answer.into_csv()).contains(&format!(",{newest},true\r\n")));
            cells.reverse();
        }
        for (alert, time) in mismatch(cells.into_iter(), context(&book)).alerts.iter().zip(times) {
            assert_eq!(alert.updated_at.to_string(), *time);
        }
    }
}
