//! The low-stock alerts against the contract read word by word.

use std::collections::BTreeMap;

use proptest::{prop_assert, prop_assert_eq, proptest};

use super::{LowStockAnswer, LowStockParameters, low_stock};
use crate::domain::cell::{Cell, CellId, MissingReason};
use crate::domain::id::{LocationId, VariantId};
use crate::domain::location::{LocationBook, LocationClass};
use crate::domain::quantity::Quantity;
use crate::domain::row::Row;
use crate::view::alert::{Alert, AlertLevel};
use crate::view::lines::Tabular;
use crate::view::negative::{NegativeParameters, negative};
use crate::view::sample::{
    Sample, context, documented_example, hundredths, no_row, place, row, shown, unknown, veiled,
};
use crate::view::updated_at::UpdatedAt;

fn up_to(threshold: i64, level: AlertLevel) -> LowStockParameters {
    LowStockParameters { level, threshold: Quantity::from(threshold) }
}

fn answer(sample: &Sample, parameters: LowStockParameters) -> LowStockAnswer {
    low_stock(sample.cells(), sample.context(), parameters)
}

/// What an alert comes to: `(available, variant, location, shortage, surplus elsewhere, transfers)`, in hundredths.
type Naive = (i64, VariantId, Option<LocationId>, i64, Option<i64>, Vec<(LocationId, i64)>);

fn as_naive(alert: &Alert) -> Naive {
    (
        hundredths(&alert.qty_available),
        alert.variant_id,
        alert.loc_id,
        hundredths(&alert.shortage),
        alert.surplus_elsewhere.as_ref().map(hundredths),
        alert
            .transfer_from
            .iter()
            .map(|transfer| (transfer.loc_id, hundredths(&transfer.quantity)))
            .collect(),
    )
}

fn sells(sample: &Sample, loc_id: LocationId) -> bool {
    sample.book.class(loc_id) == LocationClass::Sellable
}

/// Takes up to `wanted`, piece by piece of what is left, from the location that has most left above `kept`.
fn send(left: &mut BTreeMap<LocationId, i64>, kept: i64, mut wanted: i64) -> Vec<(LocationId, i64)> {
    let mut sent = Vec::new();
    while wanted > 0 {
        let most = left.values().copied().max().unwrap_or(0);
        let Some((loc_id, pieces)) = left.iter_mut().find(|(_, pieces)| **pieces == most) else { break };
        let quantity = (*pieces - kept).min(wanted);
        if quantity <= 0 {
            break;
        }
        *pieces -= quantity;
        wanted -= quantity;
        sent.push((*loc_id, quantity));
    }
    sent
}

/// What is elsewhere at locations that sell, if it is known.
fn elsewhere(sample: &Sample, row: &Row) -> Option<i64> {
    let others = sample.cells.iter().filter(|(id, _)| {
        id.variant_id == row.variant_id && id.loc_id != row.loc_id && sells(sample, id.loc_id)
    });
    others
        .map(|(_, cell)| match cell {
            Cell::Row(other) => Some(hundredths(other.qty_available).max(0)),
            Cell::NoRow => Some(0),
            Cell::Unknown(_) => None,
        })
        .sum()
}

/// The row alerts by the word of the contract.
fn naive_rows(sample: &Sample, threshold: i64) -> Vec<Naive> {
    let mut rows: Vec<&Row> = sample.rows().collect();
    rows.sort_by_key(|row| (hundredths(row.qty_available), row.variant_id, row.loc_id));
    let mut left: BTreeMap<VariantId, BTreeMap<LocationId, i64>> = BTreeMap::new();
    for row in rows.iter().filter(|row| sells(sample, row.loc_id)) {
        left.entry(row.variant_id).or_default().insert(row.loc_id, hundredths(row.qty_available));
    }
    let mut alerts = Vec::new();
    for row in rows {
        let available = hundredths(row.qty_available);
        let left = left.entry(row.variant_id).or_default();
        if available < 0 {
            send(left, 0, -available);
        } else if available <= threshold {
            let sent = send(left, threshold, threshold - available);
            let (variant_id, loc_id) = (row.variant_id, Some(row.loc_id));
            let surplus = elsewhere(sample, row);
            alerts.push((available, variant_id, loc_id, threshold - available, surplus, sent));
        }
    }
    alerts
}

fn naive_variants(sample: &Sample, threshold: i64) -> Vec<Naive> {
    let mut sums: BTreeMap<VariantId, Option<i64>> = BTreeMap::new();
    for (id, cell) in &sample.cells {
        let sum = sums.entry(id.variant_id).or_insert(Some(0));
        *sum = match cell {
            Cell::Row(row) => sum.map(|sum| sum + hundredths(row.qty_available)),
            Cell::NoRow => *sum,
            Cell::Unknown(_) => None,
        };
    }
    let low =
        sums.into_iter().filter_map(|(id, sum)| Some((id, sum.filter(|sum| (0..=threshold).contains(sum))?)));
    let mut alerts: Vec<Naive> =
        low.map(|(id, sum)| (sum, id, None, threshold - sum, Some(0), Vec::new())).collect();
    alerts.sort_by_key(|alert| alert.0);
    alerts
}

proptest! {
    #[test]
    fn alerts_are_what_the_contract_read_word_by_word_gives(veiled in veiled(), threshold in 0_i64..15) {
        let sample = veiled.seen;
        let rows = answer(&sample, up_to(threshold, AlertLevel::Location));
        let expected = naive_rows(&sample, threshold * 100);
        prop_assert_eq!(rows.alerts.iter().map(as_naive).collect::<Vec<_>>(), expected);
        prop_assert_eq!(rows.count, rows.alerts.len());
        let variants = answer(&sample, up_to(threshold, AlertLevel::Variant));
        let expected = naive_variants(&sample, threshold * 100);
        prop_assert_eq!(variants.alerts.iter().map(as_naive).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn no_row_raises_a_low_and_a_negative_alert(veiled in veiled(), threshold in 0_i64..15) {
        let sample = veiled.seen;
        for level in [AlertLevel::Location, AlertLevel::Variant] {
            let low = answer(&sample, up_to(threshold, level)).alerts;
            let oversold = negative(sample.cells(), sample.context(), NegativeParameters { level, min_shortage: None });
            for alert in &low {
                let place = (alert.variant_id, alert.loc_id);
                prop_assert!(oversold.alerts.iter().all(|other| (other.variant_id, other.loc_id) != place));
            }
        }
    }

    #[test]
    fn transfers_create_no_shortage_even_if_the_negative_alerts_transfers_are_sent_too(
        veiled in veiled(), threshold in 0_i64..15
    ) {
        let sample = veiled.seen;
        let level = AlertLevel::Location;
        let low = answer(&sample, up_to(threshold, level)).alerts;
        let parameters = NegativeParameters { level, min_shortage: None };
        let oversold = negative(sample.cells(), sample.context(), parameters).alerts;
        let mut sent: BTreeMap<CellId, (i64, i64)> = BTreeMap::new();
        for (alert, is_low) in low.iter().map(|alert| (alert, true)).chain(oversold.iter().map(|a| (a, false))) {
            for transfer in &alert.transfer_from {
                prop_assert!(transfer.quantity > Quantity::ZERO && Some(transfer.loc_id) != alert.loc_id);
                prop_assert!(sells(&sample, transfer.loc_id));
                let id = CellId { variant_id: alert.variant_id, loc_id: transfer.loc_id };
                let sum = sent.entry(id).or_default();
                *(if is_low { &mut sum.0 } else { &mut sum.1 }) += hundredths(&transfer.quantity);
            }
        }
        for (id, (to_low, to_oversold)) in sent {
            let source = sample.rows().find(|row| row.cell_id() == id).unwrap();
            let left = hundredths(source.qty_available) - to_low - to_oversold;
            let kept = if to_low > 0 { threshold * 100 } else { 0 };
            prop_assert!(kept <= left);
        }
    }

    #[test]
    fn what_is_covered_and_what_is_not_make_up_the_shortage(veiled in veiled(), threshold in 0_i64..15) {
        for level in [AlertLevel::Location, AlertLevel::Variant] {
            for alert in answer(&veiled.seen, up_to(threshold, level)).alerts {
                let sent: Quantity = alert.transfer_from.iter().map(|transfer| &transfer.quantity).sum();
                prop_assert_eq!(&sent, &alert.coverable);
                let shortage = alert.shortage.exact().unwrap();
                prop_assert_eq!(sent + alert.uncovered.exact().unwrap(), shortage.clone());
                let available = alert.qty_available.exact().unwrap();
                prop_assert_eq!(shortage.clone() + available, Quantity::from(threshold));
                let covered = shortage <= alert.qty_incoming.exact().unwrap();
                prop_assert_eq!(alert.covered_by_incoming, covered);
                let kind = if hundredths(&alert.qty_onhand) < 0 { "physical" } else { "low_stock" };
                prop_assert_eq!(alert.kind.as_str(), kind);
            }
        }
    }

    #[test]
    fn a_row_alert_is_its_row(veiled in veiled(), threshold in 0_i64..15) {
        let sample = veiled.seen;
        for alert in answer(&sample, up_to(threshold, AlertLevel::Location)).alerts {
            let row = sample.rows().find(|row| Some(row.id) == alert.id).unwrap();
            prop_assert_eq!((alert.loc_id, alert.product_id), (Some(row.loc_id), Some(row.product_id)));
            let [onhand, commited, incoming, available] = shown(row);
            prop_assert_eq!([&alert.qty_onhand, &alert.qty_commited], [&onhand, &commited]);
            prop_assert_eq!([&alert.qty_incoming, &alert.qty_available], [&incoming, &available]);
            prop_assert_eq!(&alert.updated_at, &Some(UpdatedAt::Plain(row.updated_at)));
            prop_assert_eq!(alert.location_name.as_deref(), sample.book.name(row.loc_id));
            let complete = !sample.cells.iter()
                .any(|(id, cell)| id.variant_id == row.variant_id && matches!(cell, Cell::Unknown(_)));
            prop_assert_eq!(alert.complete, complete);
        }
    }
}

#[test]
fn the_documented_example_has_one_variant_that_is_low() {
    let low = answer(&documented_example(), up_to(5, AlertLevel::Variant));
    assert_eq!(
        serde_json::to_string(&low).unwrap(),
        concat!(
            r#"{"shop":1000,"as_of":"2026-08-01T03:20:15Z","complete":true,"missing":[],"missing_total":0,"#,
            r#""warnings":[],"alerts":["#,
            r#"{"id":null,"loc_id":null,"product_id":1028183686,"variant_id":1061514767,"#,
            r#""qty_onhand":12,"qty_commited":12,"qty_incoming":1,"qty_available":0,"#,
            r#""updated_at":"2021-07-30T06:05:24.332Z","location_name":null,"kind":"low_stock","#,
            r#""shortage":5,"covered_by_incoming":false,"surplus_elsewhere":0,"#,
            r#""transfer_from":[],"coverable":0,"uncovered":5,"complete":true}],"count":1}"#
        )
    );
    let lines = answer(&documented_example(), up_to(5, AlertLevel::Location)).into_ndjson();
    let text: Vec<u8> = lines.flat_map(Result::unwrap).collect();
    assert!(text.starts_with(br#"{"id":1003098484,"loc_id":1007284,"#), "{}", String::from_utf8_lossy(&text));
}

#[test]
fn senders_keep_the_threshold_and_oversold_rows_are_served_first() {
    let available = [-6, 2, 20, 9, 0];
    let cells: Vec<_> = (1..)
        .zip(available)
        .map(|(loc_id, pieces)| row(1, loc_id, ["9", "0", "0", &pieces.to_string()]))
        .collect();
    let book = LocationBook::new([], []);
    let alerts = low_stock(cells.into_iter(), context(&book), up_to(5, AlertLevel::Location)).alerts;
    // Of the 20, 6 are owed to the first location, and 5 are kept.
    let told: Vec<String> = alerts
        .iter()
        .map(|alert| serde_json::to_string(&(alert.loc_id, &alert.transfer_from, &alert.uncovered)).unwrap())
        .collect();
    assert_eq!(told, [r#"[5,[{"loc_id":3,"quantity":5}],0]"#, r#"[2,[{"loc_id":3,"quantity":3}],0]"#]);
    assert_eq!(alerts[0].surplus_elsewhere, Some(Quantity::from(31)));
}

#[test]
fn a_variant_without_rows_adds_up_to_nothing_and_is_low() {
    let book = LocationBook::new([], []);
    let cells = [no_row(1, 1), no_row(1, 2)];
    let low = |level| low_stock(cells.clone().into_iter(), context(&book), up_to(5, level)).alerts;
    assert!(low(AlertLevel::Location).is_empty());
    let alert = serde_json::to_value(&low(AlertLevel::Variant)[0]).unwrap();
    assert_eq!(
        (&alert["product_id"], &alert["updated_at"]),
        (&serde_json::Value::Null, &serde_json::Value::Null)
    );
    assert_eq!((&alert["qty_available"], &alert["shortage"]), (&0.into(), &5.into()));
}

#[test]
fn a_threshold_of_zero_finds_what_is_just_sold_out() {
    let book = LocationBook::new([place(2, "Xe", LocationClass::Transit)], []);
    let cells = [
        row(1, 1, ["3", "3", "0", "0"]),
        row(2, 1, ["0", "1", "0", "-1"]),
        row(3, 1, ["1", "0", "0", "0.5"]),
    ];
    let low = low_stock(cells.into_iter(), context(&book), up_to(0, AlertLevel::Variant)).alerts;
    assert_eq!(low.iter().map(|alert| alert.variant_id.get()).collect::<Vec<_>>(), [1]);
    assert_eq!((low[0].shortage.exact(), low[0].covered_by_incoming), (Some(Quantity::ZERO), true));
}

#[test]
fn a_variant_with_an_unknown_cell_raises_a_warning_and_no_alert() {
    let book = LocationBook::new([], []);
    let cells = [row(1, 1, ["4", "0", "0", "4"]), unknown(1, 2, MissingReason::Timeout)];
    let low = low_stock(cells.into_iter(), context(&book), up_to(5, AlertLevel::Variant));
    assert_eq!((low.count, low.envelope.complete, low.envelope.warnings.len()), (0, false, 1));
}
