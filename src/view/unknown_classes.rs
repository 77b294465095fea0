//! What the views say where it is not known whether a location sells, or which locations there are.

use std::collections::BTreeMap;

use super::availability::{Availability, AvailabilityParameters, Pooling, availability};
use super::fulfilment::{FulfilmentParameters, fulfilment};
use super::negative::{NegativeParameters, negative};
use super::sample::{context, no_row, place, row, variant};
use super::stock::{GroupBy, StockParameters, stock};
use crate::domain::cell::{Cell, CellId};
use crate::domain::location::{LocationBook, LocationClass};
use crate::domain::quantity::Quantity;

/// A variant with these quantities available at locations 1, 2 and so on.
fn cells(available: &[&str]) -> Vec<(CellId, Cell)> {
    let cell = |(loc_id, available): (u64, &&str)| row(1, loc_id, [available, "0", "0", available]);
    (1..).zip(available).map(cell).collect()
}

/// Location 1 sells, of location 2 it is not known.
fn half_known() -> LocationBook {
    let classes = [LocationClass::Sellable, LocationClass::Unknown];
    LocationBook::new((1..).zip(classes).map(|(id, class)| place(id, "Kho", class)), [])
}

fn available(available: &[&str], book: &LocationBook, pooling: Pooling) -> Availability {
    let parameters =
        AvailabilityParameters { pooling, threshold: Quantity::from(1), ..AvailabilityParameters::default() };
    let mut answer = availability(cells(available).into_iter(), context(book), parameters);
    answer.availability.remove(0)
}

fn fulfillable(available: &[&str], book: &LocationBook, ordered: i64) -> Option<bool> {
    let demand = BTreeMap::from([(variant(1), Quantity::from(ordered))]);
    let parameters = FulfilmentParameters { demand, prefer: Vec::new() };
    let answer = fulfilment(cells(available).into_iter(), context(book), &parameters);
    let from_known = answer.plan.iter().all(|shipment| book.is_sellable(shipment.loc_id));
    assert!(from_known, "{answer:?}");
    answer.fulfillable
}

#[test]
fn sums_stand_and_sellable_is_null_where_a_location_has_some_of_which_nobody_can_tell() {
    let sums = |available: &[&str], book: &LocationBook| {
        stock(cells(available).into_iter(), context(book), StockParameters::default()).totals
    };
    let known = sums(&["3", "9"], &half_known());
    assert_eq!((known.qty_available, known.sellable, known.complete), (Some(12.into()), None, true));
    assert_eq!(sums(&["3", "-2"], &half_known()).sellable, Some(3.into()));
    assert_eq!(sums(&["3", "0"], &LocationBook::unread([])).sellable, None);
    assert_eq!(sums(&["0", "-4"], &LocationBook::unread([])).sellable, Some(0.into()));
}

#[test]
fn availability_is_what_holds_whether_the_location_sells_or_not() {
    for pooling in [Pooling::Net, Pooling::Positive] {
        let told = |stock: &[&str]| {
            let item = available(stock, &half_known(), pooling);
            (item.available, item.quantity, item.quantity_is.as_str())
        };
        assert_eq!(told(&["3", "9"]), (Some(true), 3.into(), "at_least"), "{pooling:?}");
        assert_eq!(told(&["0", "9"]), (None, 0.into(), "at_least"), "{pooling:?}");
        assert_eq!(told(&["3", "0"]), (Some(true), 3.into(), "exact"), "{pooling:?}");
        assert_eq!(told(&["0", "0"]), (Some(false), 0.into(), "exact"), "{pooling:?}");
    }
    let oversold = available(&["3", "-9"], &half_known(), Pooling::Net);
    assert_eq!((oversold.available, oversold.status.as_str()), (None, "unknown"));
    let unread = available(&["3", "9"], &LocationBook::unread([]), Pooling::Net);
    assert_eq!((unread.available, unread.complete), (None, true));
}

#[test]
fn nothing_is_promised_from_a_location_of_which_nobody_can_tell() {
    assert_eq!(fulfillable(&["3", "9"], &half_known(), 3), Some(true));
    assert_eq!(fulfillable(&["3", "9"], &half_known(), 4), None);
    assert_eq!(fulfillable(&["3", "0"], &half_known(), 4), Some(false));
    let short =
        negative(cells(&["-5", "9"]).into_iter(), context(&half_known()), NegativeParameters::default());
    let alert = &short.alerts[0];
    assert_eq!((alert.surplus_elsewhere.as_ref(), alert.transfer_from.len()), (None, 0));
}

#[test]
fn a_location_whose_id_cannot_be_read_makes_every_sum_over_all_locations_unknown() {
    let book = half_known().with_unlisted(1).of_all();
    for group_by in [GroupBy::Variant, GroupBy::Product, GroupBy::Location] {
        let parameters = StockParameters { group_by, breakdown: false };
        let whole = cells(&["3", "0"]).into_iter().chain([no_row(2, 1), no_row(2, 2)]);
        let answer = stock(whole, context(&book), parameters);
        assert_eq!((answer.totals.qty_available, answer.totals.unknown), (None, 2), "{group_by:?}");
        assert_eq!(answer.totals.sellable, Some(3.into()));
        assert!(!answer.envelope.complete && answer.envelope.missing_total == 2);
    }
    assert_eq!(available(&["0", "0"], &book, Pooling::Net).available, None);
    assert_eq!(available(&["3", "0"], &book, Pooling::Positive).available, Some(true));
    assert_eq!(fulfillable(&["3", "0"], &book, 4), None);
    // A question that names locations is not concerned.
    let named = half_known().with_unlisted(1);
    assert_eq!(available(&["0", "0"], &named, Pooling::Net).available, Some(false));
}
