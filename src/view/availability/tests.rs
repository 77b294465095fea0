//! Availability against the contract read word by word.

use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::{prop_assert, prop_assert_eq, proptest};

use super::{
    Availability, AvailabilityAnswer, AvailabilityParameters, AvailabilityStatus, Pooling, QuantityIs,
    availability,
};
use crate::domain::cell::{Cell, MissingReason};
use crate::domain::id::VariantId;
use crate::domain::location::{LocationBook, LocationClass};
use crate::domain::quantity::Quantity;
use crate::view::lines::Tabular;
use crate::view::sample::{
    Sample, context, documented_example, hundredths, location, no_row, place, row, unknown, veiled,
};

const NET: AvailabilityParameters = AvailabilityParameters {
    pooling: Pooling::Net,
    buffer: Quantity::ZERO,
    cap: None,
    threshold: Quantity::ZERO,
    pickup: false,
};
const POSITIVE: AvailabilityParameters = AvailabilityParameters {
    pooling: Pooling::Positive,
    buffer: Quantity::ZERO,
    cap: None,
    threshold: Quantity::ZERO,
    pickup: false,
};

fn answer(sample: &Sample, parameters: AvailabilityParameters) -> AvailabilityAnswer {
    availability(sample.cells(), sample.context(), parameters)
}

fn parameters() -> impl Strategy<Value = AvailabilityParameters> {
    let pooling = prop_oneof![Just(Pooling::Net), Just(Pooling::Positive)];
    let quantity = || (0_i64..30).prop_map(Quantity::from);
    let cap = proptest::option::of(quantity());
    (pooling, quantity(), cap, quantity(), any::<bool>()).prop_map(
        |(pooling, buffer, cap, threshold, pickup)| AvailabilityParameters {
            pooling,
            buffer,
            cap,
            threshold,
            pickup,
        },
    )
}

/// What is said of a variant: `(available, status, quantity in hundredths, what that is, complete, locations)`.
type Naive = (Option<bool>, &'static str, i64, &'static str, bool, Option<Vec<(u64, i64)>>);

fn as_naive(item: &Availability) -> Naive {
    let locations = item.locations.as_ref().map(|locations| {
        locations.iter().map(|location| (location.loc_id.get(), hundredths(&location.quantity))).collect()
    });
    let quantity = hundredths(&item.quantity);
    (item.available, item.status.as_str(), quantity, item.quantity_is.as_str(), item.complete, locations)
}

/// Every pool that the unknown cells could make of a variant: for each a shortage of any size, nothing, or a surplus
/// of any size.
fn possible_pools(sample: &Sample, variant_id: VariantId, pooling: Pooling) -> Vec<i64> {
    let mut pools = vec![0];
    for (id, cell) in sample.cells.iter().filter(|(id, _)| id.variant_id == variant_id) {
        if sample.book.class(id.loc_id) != LocationClass::Sellable {
            continue;
        }
        let could_be = match cell {
            Cell::Row(row) => vec![hundredths(row.qty_available)],
            Cell::NoRow => vec![0],
            Cell::Unknown(_) => vec![-1_000_000, 0, 1_000_000],
        };
        let counted = |pieces: &i64| if pooling == Pooling::Positive { (*pieces).max(0) } else { *pieces };
        pools =
            pools.iter().flat_map(|pool| could_be.iter().map(move |pieces| pool + counted(pieces))).collect();
    }
    pools
}

/// What is true whatever the unknown cells turn out to hold.
fn naive(sample: &Sample, variant_id: VariantId, parameters: &AvailabilityParameters) -> Naive {
    let buffer = hundredths(&parameters.buffer);
    let pools = possible_pools(sample, variant_id, parameters.pooling);
    let for_sale: Vec<i64> = pools.iter().map(|pool| (pool - buffer).max(0)).collect();
    let (least, most) = (*for_sale.iter().min().unwrap(), *for_sale.iter().max().unwrap());
    let available = match (0 < least, 0 < most) {
        (true, _) => Some(true),
        (false, false) => Some(false),
        (false, true) => None,
    };
    let status = match available {
        None => "unknown",
        Some(false) => "out_of_stock",
        Some(true) if least <= hundredths(&parameters.threshold) => "low_stock",
        Some(true) => "in_stock",
    };
    let cap = parameters.cap.as_ref().map_or(i64::MAX, hundredths);
    let quantity_is = match least {
        least if cap < least => "capped",
        least if least == most => "exact",
        _ => "at_least",
    };
    let of_variant = || sample.cells.iter().filter(|(id, _)| id.variant_id == variant_id);
    let complete = !of_variant().any(|(_, cell)| matches!(cell, Cell::Unknown(_)));
    let locations = of_variant().filter_map(|(id, cell)| match cell {
        Cell::Row(row) if 0 < hundredths(row.qty_available) => {
            let sells = sample.book.class(id.loc_id) == LocationClass::Sellable;
            sells.then(|| (id.loc_id.get(), hundredths(row.qty_available).min(cap)))
        }
        _ => None,
    });
    let locations = parameters.pickup.then(|| locations.collect());
    (available, status, least.min(cap), quantity_is, complete, locations)
}

proptest! {
    #[test]
    fn availability_is_what_holds_whatever_the_unknown_cells_hold(
        veiled in veiled(), parameters in parameters()
    ) {
        let answer = answer(&veiled.seen, parameters.clone());
        let mut variants: Vec<VariantId> = veiled.seen.cells.iter().map(|(id, _)| id.variant_id).collect();
        variants.dedup();
        prop_assert_eq!(answer.availability.iter().map(|item| item.variant_id).collect::<Vec<_>>(), variants);
        for item in &answer.availability {
            prop_assert_eq!(as_naive(item), naive(&veiled.seen, item.variant_id, &parameters));
        }
        prop_assert_eq!(answer.envelope.complete, answer.availability.iter().all(|item| item.complete));
    }

    #[test]
    fn a_yes_stays_a_yes_and_a_no_a_no_when_missing_cells_arrive(
        veiled in veiled(), parameters in parameters()
    ) {
        let mut seen = veiled.seen;
        let mut before = answer(&seen, parameters.clone());
        for (index, truth) in veiled.whole.cells.into_iter().enumerate() {
            seen.cells[index] = truth;
            let after = answer(&seen, parameters.clone());
            for (one, other) in before.availability.iter().zip(&after.availability) {
                prop_assert!(one.available.is_none() || one.available == other.available);
                prop_assert!(one.quantity <= other.quantity);
                prop_assert!(one.quantity_is == QuantityIs::AtLeast || one.quantity == other.quantity);
                let settled = one.status != AvailabilityStatus::Unknown && one.status != AvailabilityStatus::LowStock;
                prop_assert!(!settled || one.status == other.status);
            }
            before = after;
        }
        prop_assert!(before.availability.iter().all(|item| item.available.is_some() && item.complete));
    }

    #[test]
    fn a_larger_buffer_never_makes_more_available_and_a_cap_changes_no_yes(
        veiled in veiled(), parameters in parameters()
    ) {
        let buffer = parameters.buffer.clone() + Quantity::from(1);
        let kept = answer(&veiled.seen, parameters.clone());
        let fewer = answer(&veiled.seen, AvailabilityParameters { buffer, ..parameters.clone() });
        let uncut = answer(&veiled.seen, AvailabilityParameters { cap: None, ..parameters });
        for ((one, other), uncut) in kept.availability.iter().zip(&fewer.availability).zip(&uncut.availability) {
            prop_assert!(other.quantity <= one.quantity);
            prop_assert_eq!((one.available, one.status), (uncut.available, uncut.status));
            prop_assert!(one.quantity <= uncut.quantity);
        }
    }

    #[test]
    fn a_pool_of_positives_is_never_less_than_the_net_one(veiled in veiled()) {
        let (net, positive) = (answer(&veiled.seen, NET), answer(&veiled.seen, POSITIVE));
        for (net, positive) in net.availability.iter().zip(&positive.availability) {
            prop_assert!(net.quantity <= positive.quantity);
            prop_assert!(net.available != Some(true) || positive.available == Some(true));
        }
    }
}

#[test]
fn the_documented_example_sells_nothing_net_and_one_variant_by_location() {
    let example = documented_example();
    let lines = answer(&example, NET).into_csv();
    assert_eq!(
        String::from_utf8(lines.flat_map(Result::unwrap).collect()).unwrap(),
        concat!(
            "variant_id,available,status,quantity,quantity_is,complete,locations\r\n",
            "1061514767,false,out_of_stock,0,exact,true,\r\n",
            "1064240649,false,out_of_stock,0,exact,true,\r\n",
        )
    );
    let threshold = Quantity::from(5);
    let shown = AvailabilityParameters { pickup: true, threshold, ..POSITIVE };
    assert_eq!(
        serde_json::to_string(&answer(&example, shown)).unwrap(),
        concat!(
            r#"{"shop":1000,"as_of":"2026-08-01T03:20:15Z","complete":true,"missing":[],"missing_total":0,"#,
            r#""warnings":[],"availability":["#,
            r#"{"variant_id":1061514767,"available":true,"status":"in_stock","quantity":15,"#,
            r#""quantity_is":"exact","complete":true,"#,
            r#""locations":[{"loc_id":1007284,"location_name":"Kho","quantity":15,"quantity_is":"exact"}]},"#,
            r#"{"variant_id":1064240649,"available":false,"status":"out_of_stock","quantity":0,"#,
            r#""quantity_is":"exact","complete":true,"locations":[]}]}"#
        )
    );
}

#[track_caller]
fn check(cells: &[(crate::domain::cell::CellId, Cell)], parameters: AvailabilityParameters, expected: &str) {
    let book = LocationBook::new([place(9, "Xe", LocationClass::Transit)], [location(8)]);
    let answer = availability(cells.iter().cloned(), context(&book), parameters);
    let item = serde_json::to_value(&answer.availability[0]).unwrap();
    let told = ["available", "status", "quantity", "quantity_is"].map(|name| item[name].to_string());
    assert_eq!(told.join(" "), expected);
}

#[test]
fn an_unknown_cell_takes_a_net_yes_away_and_leaves_a_positive_one() {
    let cells = [row(1, 1, ["9", "0", "0", "9"]), unknown(1, 2, MissingReason::Timeout)];
    check(&cells, NET, r#"null "unknown" 0 "at_least""#);
    check(&cells, POSITIVE, r#"true "in_stock" 9 "at_least""#);
    let low = AvailabilityParameters { threshold: Quantity::from(9), ..POSITIVE };
    check(&cells, low, r#"true "low_stock" 9 "at_least""#);
    let kept = AvailabilityParameters { buffer: Quantity::from(9), ..POSITIVE };
    check(&cells, kept, r#"null "unknown" 0 "at_least""#);
}

#[test]
fn a_cell_that_is_unknown_where_nothing_sells_changes_nothing() {
    for elsewhere in [8, 9] {
        let cells = [row(1, 1, ["9", "0", "0", "9"]), unknown(1, elsewhere, MissingReason::Failed)];
        for parameters in [NET, POSITIVE] {
            check(&cells, parameters, r#"true "in_stock" 9 "exact""#);
        }
    }
}

#[test]
fn what_does_not_sell_does_not_count() {
    let cells =
        [row(1, 1, ["2", "0", "0", "2"]), row(1, 8, ["5", "0", "0", "5"]), row(1, 9, ["0", "7", "0", "-7"])];
    check(&cells, NET, r#"true "in_stock" 2 "exact""#);
}

#[test]
fn a_refused_cell_is_as_unknown_as_any_other() {
    check(&[unknown(1, 1, MissingReason::Refused)], NET, r#"null "unknown" 0 "at_least""#);
    check(&[unknown(1, 1, MissingReason::Refused)], POSITIVE, r#"null "unknown" 0 "at_least""#);
}

#[test]
fn a_variant_without_rows_is_out_of_stock() {
    check(&[no_row(1, 1), no_row(1, 2)], NET, r#"false "out_of_stock" 0 "exact""#);
}

#[test]
fn the_buffer_is_kept_back_and_the_cap_hides_what_is_above_it() {
    let cells = [row(1, 1, ["9", "0", "0", "9.50"])];
    let parameters = |buffer: &str, cap: Option<i64>| AvailabilityParameters {
        buffer: Quantity::parse(buffer).unwrap(),
        cap: cap.map(Quantity::from),
        threshold: Quantity::from(5),
        ..NET
    };
    check(&cells, parameters("0.5", None), r#"true "in_stock" 9 "exact""#);
    check(&cells, parameters("0.5", Some(9)), r#"true "in_stock" 9 "exact""#);
    check(&cells, parameters("0.5", Some(3)), r#"true "in_stock" 3 "capped""#);
    check(&cells, parameters("4.5", Some(3)), r#"true "low_stock" 3 "capped""#);
    check(&cells, parameters("9.5", Some(3)), r#"false "out_of_stock" 0 "exact""#);
    check(&cells, parameters("100", None), r#"false "out_of_stock" 0 "exact""#);
    check(&cells, parameters("0", None), r#"true "in_stock" 9.5 "exact""#);
    // A bound above the cap proves that there is more than the cap.
    let more = [cells[0].clone(), unknown(1, 2, MissingReason::Failed)];
    let capped = AvailabilityParameters { cap: Some(Quantity::from(3)), ..POSITIVE };
    check(&more, capped, r#"true "in_stock" 3 "capped""#);
}
