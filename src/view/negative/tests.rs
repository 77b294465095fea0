//! The negative alerts against the contract read word by word.

use std::collections::BTreeMap;

use proptest::prelude::any;
use proptest::{prop_assert, prop_assert_eq, proptest};

use super::{NegativeAnswer, NegativeParameters, negative};
use crate::domain::cell::{Cell, MissingReason};
use crate::domain::id::{LocationId, VariantId};
use crate::domain::location::{LocationBook, LocationClass};
use crate::domain::quantity::Quantity;
use crate::domain::row::Row;
use crate::view::alert::{Alert, AlertLevel};
use crate::view::lines::Tabular;
use crate::view::sample::{
    Sample, context, documented_example, hundredths, place, row, shown, unknown, veiled,
};
use crate::view::updated_at::UpdatedAt;

fn level(level: AlertLevel) -> NegativeParameters {
    NegativeParameters { level, min_shortage: None }
}

fn answer(sample: &Sample, parameters: NegativeParameters) -> NegativeAnswer {
    negative(sample.cells(), sample.context(), parameters)
}

/// What an alert comes to: `(variant, location, shortage, surplus elsewhere, transfers, uncovered)`, in hundredths.
type Naive = (VariantId, Option<LocationId>, i64, Option<i64>, Vec<(LocationId, i64)>, i64);

fn as_naive(alert: &Alert) -> Naive {
    (
        alert.variant_id,
        alert.loc_id,
        hundredths(&alert.shortage),
        alert.surplus_elsewhere.as_ref().map(hundredths),
        alert
            .transfer_from
            .iter()
            .map(|transfer| (transfer.loc_id, hundredths(&transfer.quantity)))
            .collect(),
        hundredths(&alert.uncovered),
    )
}

/// The row alerts by the word of the contract: serve the worst shortage of all, again and again, each from the location that
/// has most left.
fn naive_rows(sample: &Sample) -> Vec<Naive> {
    let mut short: Vec<&Row> = sample.rows().filter(|row| hundredths(row.qty_available) < 0).collect();
    short.sort_by_key(|row| (hundredths(row.qty_available), row.variant_id, row.loc_id));
    let mut left: BTreeMap<(VariantId, LocationId), i64> = sample
        .rows()
        .filter(|row| sample.book.class(row.loc_id) == LocationClass::Sellable)
        .map(|row| ((row.variant_id, row.loc_id), hundredths(row.qty_available)))
        .collect();
    let mut alerts = Vec::new();
    for row in short {
        let shortage = -hundredths(row.qty_available);
        let others = sample.cells.iter().filter(|(id, _)| {
            id.variant_id == row.variant_id
                && id.loc_id != row.loc_id
                && sample.book.class(id.loc_id) == LocationClass::Sellable
        });
        let surplus = others
            .map(|(_, cell)| match cell {
                Cell::Row(other) => Some(hundredths(other.qty_available).max(0)),
                Cell::NoRow => Some(0),
                Cell::Unknown(_) => None,
            })
            .sum();
        let mut missing = shortage;
        let mut transfers = Vec::new();
        while missing > 0 {
            let mut most: Option<(LocationId, i64)> = None;
            for ((variant_id, loc_id), pieces) in &left {
                if *variant_id == row.variant_id && *pieces > most.map_or(0, |(_, pieces)| pieces) {
                    most = Some((*loc_id, *pieces));
                }
            }
            let Some((loc_id, pieces)) = most else { break };
            let sent = pieces.min(missing);
            *left.get_mut(&(row.variant_id, loc_id)).unwrap() -= sent;
            missing -= sent;
            transfers.push((loc_id, sent));
        }
        alerts.push((row.variant_id, Some(row.loc_id), shortage, surplus, transfers, missing));
    }
    alerts
}

fn naive_variants(sample: &Sample) -> Vec<Naive> {
    let mut sums: BTreeMap<VariantId, Option<i64>> = BTreeMap::new();
    for (id, cell) in &sample.cells {
        let sum = sums.entry(id.variant_id).or_insert(Some(0));
        *sum = match cell {
            Cell::Row(row) => sum.map(|sum| sum + hundredths(row.qty_available)),
            Cell::NoRow => *sum,
            Cell::Unknown(_) => None,
        };
    }
    let mut alerts: Vec<Naive> = sums
        .into_iter()
        .filter_map(|(variant, sum)| sum.filter(|sum| *sum < 0).map(|sum| (variant, -sum)))
        .map(|(variant, shortage)| (variant, None, shortage, Some(0), Vec::new(), shortage))
        .collect();
    alerts.sort_by_key(|alert| -alert.2);
    alerts
}

proptest! {
    #[test]
    fn alerts_are_what_the_contract_read_word_by_word_gives(veiled in veiled()) {
        let sample = veiled.seen;
        let rows = answer(&sample, level(AlertLevel::Location));
        prop_assert_eq!(rows.alerts.iter().map(as_naive).collect::<Vec<_>>(), naive_rows(&sample));
        prop_assert_eq!(rows.count, rows.alerts.len());
        let variants = answer(&sample, level(AlertLevel::Variant));
        prop_assert_eq!(variants.alerts.iter().map(as_naive).collect::<Vec<_>>(), naive_variants(&sample));
    }

    #[test]
    fn a_row_alert_is_its_row(veiled in veiled()) {
        let sample = veiled.seen;
        for alert in answer(&sample, level(AlertLevel::Location)).alerts {
            let row = sample.rows().find(|row| Some(row.id) == alert.id).unwrap();
            prop_assert_eq!((alert.loc_id, alert.product_id), (Some(row.loc_id), Some(row.product_id)));
            let [onhand, commited, incoming, available] = shown(row);
            prop_assert_eq!([&alert.qty_onhand, &alert.qty_commited], [&onhand, &commited]);
            prop_assert_eq!([&alert.qty_incoming, &alert.qty_available], [&incoming, &available]);
            prop_assert_eq!(&alert.updated_at, &Some(UpdatedAt::Plain(row.updated_at)));
            prop_assert_eq!(alert.location_name.as_deref(), sample.book.name(row.loc_id));
            prop_assert_eq!(alert.kind.as_str() == "physical", hundredths(row.qty_onhand) < 0);
            let covered = hundredths(row.qty_incoming) >= -hundredths(row.qty_available);
            prop_assert_eq!(alert.covered_by_incoming, covered);
            let complete = !sample.cells.iter()
                .any(|(id, cell)| id.variant_id == row.variant_id && matches!(cell, Cell::Unknown(_)));
            prop_assert_eq!(alert.complete, complete);
        }
    }

    #[test]
    fn transfers_create_no_shortage_and_promise_no_unit_twice(veiled in veiled()) {
        let sample = veiled.seen;
        let alerts = answer(&sample, level(AlertLevel::Location)).alerts;
        let mut promised: BTreeMap<(VariantId, LocationId), Quantity> = BTreeMap::new();
        for alert in &alerts {
            for transfer in &alert.transfer_from {
                prop_assert!(transfer.quantity > Quantity::ZERO);
                prop_assert!(Some(transfer.loc_id) != alert.loc_id);
                prop_assert!(sample.book.is_sellable(transfer.loc_id));
                *promised.entry((alert.variant_id, transfer.loc_id)).or_default() += &transfer.quantity;
            }
        }
        for ((variant_id, loc_id), quantity) in promised {
            let source = sample.rows().find(|row| row.variant_id == variant_id && row.loc_id == loc_id).unwrap();
            prop_assert!(source.available().unwrap() >= quantity);
        }
    }

    #[test]
    fn what_is_covered_and_what_is_not_make_up_the_shortage(veiled in veiled()) {
        for level in [level(AlertLevel::Location), level(AlertLevel::Variant)] {
            for alert in answer(&veiled.seen, level).alerts {
                let sent: Quantity = alert.transfer_from.iter().map(|transfer| &transfer.quantity).sum();
                prop_assert_eq!(&sent, &alert.coverable);
                let shortage = alert.shortage.exact().unwrap();
                prop_assert_eq!(sent + alert.uncovered.exact().unwrap(), shortage.clone());
                prop_assert_eq!(shortage, -alert.qty_available.exact().unwrap());
                prop_assert!(!alert.uncovered.is_negative());
            }
        }
    }

    #[test]
    fn transfers_cover_as_much_of_a_variant_as_can_be(veiled in veiled()) {
        let mut covered: BTreeMap<VariantId, (i64, i64, i64)> = BTreeMap::new();
        for alert in answer(&veiled.whole, level(AlertLevel::Location)).alerts {
            let sum = covered.entry(alert.variant_id).or_default();
            sum.0 += hundredths(&alert.coverable);
            sum.1 += hundredths(&alert.shortage);
            sum.2 = hundredths(alert.surplus_elsewhere.unwrap());
        }
        for (coverable, shortage, surplus) in covered.into_values() {
            prop_assert_eq!(coverable, shortage.min(surplus));
        }
    }

    #[test]
    fn min_shortage_hides_alerts_and_changes_none(veiled in veiled(), least in any::<i8>()) {
        let least = Quantity::from(i64::from(least));
        for level in [AlertLevel::Location, AlertLevel::Variant] {
            let all = answer(&veiled.seen, NegativeParameters { level, min_shortage: None }).alerts;
            let some = answer(&veiled.seen, NegativeParameters { level, min_shortage: Some(least.clone()) });
            let expected: Vec<Alert> = all.into_iter().filter(|alert| alert.shortage.exact().unwrap() >= least).collect();
            prop_assert_eq!(some.count, expected.len());
            prop_assert_eq!(some.alerts, expected);
        }
    }
}

#[test]
fn the_documented_example_has_one_shortage_that_can_be_covered_and_one_that_cannot() {
    assert_eq!(
        serde_json::to_string(&answer(&documented_example(), level(AlertLevel::Location))).unwrap(),
        concat!(
            r#"{"shop":1000,"as_of":"2026-08-01T03:20:15Z","complete":true,"missing":[],"missing_total":0,"#,
            r#""warnings":[],"alerts":["#,
            r#"{"id":1007549786,"loc_id":963414,"product_id":1028183686,"variant_id":1061514767,"#,
            r#""qty_onhand":-3,"qty_commited":12,"qty_incoming":0,"qty_available":-15,"#,
            r#""updated_at":"2021-07-08T01:47:17.6Z","location_name":"Cửa hàng","kind":"physical","#,
            r#""shortage":15,"covered_by_incoming":false,"surplus_elsewhere":15,"#,
            r#""transfer_from":[{"loc_id":1007284,"quantity":15}],"coverable":15,"uncovered":0,"complete":true},"#,
            r#"{"id":1003226632,"loc_id":963414,"product_id":1028183686,"variant_id":1064240649,"#,
            r#""qty_onhand":0,"qty_commited":7,"qty_incoming":0,"qty_available":-7,"#,
            r#""updated_at":"2021-07-08T01:47:17.612Z","location_name":"Cửa hàng","kind":"overcommitted","#,
            r#""shortage":7,"covered_by_incoming":false,"surplus_elsewhere":0,"#,
            r#""transfer_from":[],"coverable":0,"uncovered":7,"complete":true}],"count":2}"#
        )
    );
}

#[test]
fn the_documented_example_has_one_variant_below_zero() {
    let lines = answer(&documented_example(), level(AlertLevel::Variant)).into_csv();
    assert_eq!(
        String::from_utf8(lines.flat_map(Result::unwrap).collect()).unwrap(),
        concat!(
            "id,loc_id,product_id,variant_id,qty_onhand,qty_commited,qty_incoming,qty_available,updated_at,",
            "location_name,kind,shortage,covered_by_incoming,surplus_elsewhere,transfer_from,coverable,uncovered,",
            "complete\r\n",
            ",,1028183686,1064240649,0,7,0,-7,2021-08-04T08:32:02.01Z,,overcommitted,7,false,0,,0,7,true\r\n",
        )
    );
}

#[test]
fn the_worst_shortage_is_served_first_from_the_largest_surplus_left() {
    let quantities =
        [["0", "3", "0", "-3"], ["0", "6", "9", "-6"], ["8", "0", "0", "8"], ["5", "0", "0", "5"]];
    let cells = (1..).zip(quantities).map(|(loc_id, quantities)| row(1, loc_id, quantities));
    let book = LocationBook::new([], []);
    let alerts = negative(cells, context(&book), level(AlertLevel::Location)).alerts;
    let transfers: Vec<String> = alerts
        .iter()
        .map(|alert| serde_json::to_string(&(alert.loc_id, &alert.transfer_from)).unwrap())
        .collect();
    assert_eq!(transfers, [r#"[2,[{"loc_id":3,"quantity":6}]]"#, r#"[1,[{"loc_id":4,"quantity":3}]]"#]);
    assert!(alerts[0].covered_by_incoming && !alerts[1].covered_by_incoming);
}

#[test]
fn a_location_that_does_not_sell_is_short_like_any_other_but_sends_nothing() {
    let book = LocationBook::new([place(2, "Xe", LocationClass::Transit)], []);
    let cells =
        [row(1, 1, ["0", "4", "0", "-4"]), row(1, 2, ["9", "0", "0", "9"]), row(2, 2, ["0", "1", "0", "-1"])];
    let alerts = negative(cells.into_iter(), context(&book), level(AlertLevel::Location)).alerts;
    assert_eq!(alerts.len(), 2);
    assert!(alerts.iter().all(|alert| alert.transfer_from.is_empty() && alert.coverable.is_zero()));
}

#[test]
fn an_unknown_cell_hides_the_surplus_only_where_stock_sells() {
    let book = LocationBook::new([place(2, "Xe", LocationClass::Transit)], []);
    let check = |unknown_at, known: bool| {
        let mut cells = vec![row(1, 1, ["0", "4", "0", "-4"]), unknown(1, unknown_at, MissingReason::Failed)];
        cells.push(row(1, 4, ["1", "0", "0", "1"]));
        let alerts = negative(cells.into_iter(), context(&book), level(AlertLevel::Location)).alerts;
        assert_eq!(alerts[0].surplus_elsewhere.is_some(), known);
        assert_eq!((alerts[0].complete, hundredths(&alerts[0].coverable)), (false, 100));
    };
    check(2, true);
    check(3, false);
}

#[test]
fn a_variant_with_an_unknown_cell_raises_a_warning_and_no_alert() {
    let book = LocationBook::new([], []);
    let cells = [row(1, 1, ["0", "4", "0", "-4"]), unknown(1, 2, MissingReason::Timeout)];
    let answer = negative(cells.into_iter(), context(&book), level(AlertLevel::Variant));
    assert_eq!((answer.count, answer.envelope.complete, answer.envelope.warnings.len()), (0, false, 1));
    let lines: Vec<u8> = answer.into_ndjson().flat_map(Result::unwrap).collect();
    assert!(lines.starts_with(br#"{"envelope":{"shop":1000,"#));
}
