//! The stock view against sums made by hand.

use std::collections::BTreeSet;

use proptest::prelude::{Strategy, any};
use proptest::{prop_assert, prop_assert_eq, proptest};
use utoipa::{PartialSchema, ToSchema};

use super::item::StockItem;
use super::{GroupBy, StockAnswer, StockParameters, stock, variant_stock};
use crate::domain::cell::{Cell, CellId, MissingReason};
use crate::domain::location::{LocationBook, LocationClass};
use crate::domain::row::Row;
use crate::domain::row_quantity::RowQuantity;
use crate::view::lines::Tabular;
use crate::view::sample::{
    Sample, context, documented_example, hundredths, no_row, place, row, unknown, variant, veiled,
};
use crate::view::tally::{Membership, StockSums, Tally};
use crate::view::updated_at::UpdatedAt;

const GROUPINGS: [GroupBy; 3] = [GroupBy::Variant, GroupBy::Product, GroupBy::Location];

fn by(group_by: GroupBy) -> StockParameters {
    StockParameters { group_by, breakdown: false }
}

fn answer(sample: &Sample, parameters: StockParameters) -> StockAnswer {
    stock(sample.cells(), sample.context(), parameters)
}

fn sums(item: &StockItem) -> StockSums {
    match item {
        StockItem::Variant(item) => item.sums.clone(),
        StockItem::Product(item) => item.sums.clone(),
        StockItem::Location(item) => item.sums.clone(),
    }
}

/// An item's own id.
fn id(item: &StockItem) -> Option<u64> {
    match item {
        StockItem::Variant(item) => Some(item.variant_id.get()),
        StockItem::Product(item) => item.product_id.map(|id| id.get()),
        StockItem::Location(item) => Some(item.loc_id.get()),
    }
}

/// The id of the group that a cell belongs to, by looking at all cells again.
fn group(sample: &Sample, cell: CellId, group_by: GroupBy) -> Option<u64> {
    match group_by {
        GroupBy::Variant => Some(cell.variant_id.get()),
        GroupBy::Location => Some(cell.loc_id.get()),
        GroupBy::Product => {
            sample.rows().find(|row| row.variant_id == cell.variant_id).map(|row| row.product_id.get())
        }
    }
}

/// `(onhand, commited, incoming, available, sellable, oversold)` in hundredths, `(rows, no_rows, unknown,
/// negative_rows)`, the newest row.
type Naive = (Option<[i64; 4]>, i64, Option<i64>, [usize; 4], Option<UpdatedAt>);

fn naive(cells: &[&(CellId, Cell)], book: &LocationBook, all_known: bool) -> Naive {
    let rows: Vec<&Row> = cells
        .iter()
        .filter_map(|(_, cell)| if let Cell::Row(row) = cell { Some(row) } else { None })
        .collect();
    let unknown = cells.iter().filter(|(_, cell)| matches!(cell, Cell::Unknown(_))).count();
    let sum = |field: fn(&Row) -> RowQuantity| rows.iter().map(|row| hundredths(field(row))).sum::<i64>();
    let available = |row: &&&Row| hundredths(row.qty_available);
    let known = unknown == 0 && all_known;
    let oversold: i64 = rows.iter().map(|row| available(&row)).filter(|pieces| *pieces < 0).sum();
    (
        known.then(|| {
            [
                sum(|r| r.qty_onhand),
                sum(|r| r.qty_commited),
                sum(|r| r.qty_incoming),
                sum(|r| r.qty_available),
            ]
        }),
        rows.iter()
            .filter(|row| book.class(row.loc_id) == LocationClass::Sellable && available(row) > 0)
            .map(|row| available(&row))
            .sum(),
        known.then_some(-oversold),
        [
            rows.len(),
            cells.iter().filter(|(_, cell)| *cell == Cell::NoRow).count(),
            unknown,
            rows.iter().filter(|row| available(row) < 0).count(),
        ],
        rows.iter().map(|row| row.updated_at).max().map(UpdatedAt::Plain),
    )
}

fn as_naive(sums: &StockSums) -> Naive {
    let four = [&sums.qty_onhand, &sums.qty_commited, &sums.qty_incoming, &sums.qty_available];
    let known: Vec<i64> = four.into_iter().flatten().map(hundredths).collect();
    assert!(known.is_empty() || known.len() == 4);
    assert_eq!(sums.complete, sums.qty_oversold.is_some());
    (
        known.try_into().ok(),
        hundredths(sums.sellable.as_ref().unwrap()),
        sums.qty_oversold.as_ref().map(hundredths),
        [sums.rows, sums.no_rows, sums.unknown, sums.negative_rows].map(|n| usize::try_from(n).unwrap()),
        sums.updated_at.clone(),
    )
}

proptest! {
    #[test]
    fn every_grouping_says_what_adding_up_by_hand_says(veiled in veiled()) {
        let sample = veiled.seen;
        for group_by in GROUPINGS {
            let answer = answer(&sample, by(group_by));
            let groups: BTreeSet<(bool, Option<u64>)> = sample.cells.iter()
                .map(|(cell, _)| group(&sample, *cell, group_by)).map(|id| (id.is_none(), id)).collect();
            let ids: Vec<Option<u64>> = groups.into_iter().map(|(_, id)| id).collect();
            prop_assert_eq!(answer.stock.iter().map(id).collect::<Vec<_>>(), ids);
            let stray = group_by == GroupBy::Product && sample.cells.iter().any(|(cell_id, cell)| {
                matches!(cell, Cell::Unknown(reason) if *reason != MissingReason::Refused)
                    && group(&sample, *cell_id, group_by).is_none()
            });
            for item in &answer.stock {
                let cells: Vec<_> = sample.cells.iter()
                    .filter(|(cell, _)| group(&sample, *cell, group_by) == id(item)).collect();
                let all_known = !stray || id(item).is_none();
                prop_assert_eq!(as_naive(&sums(item)), naive(&cells, &sample.book, all_known));
            }
            let all: Vec<_> = sample.cells.iter().collect();
            prop_assert_eq!(as_naive(&answer.totals), naive(&all, &sample.book, true));
            prop_assert_eq!(answer.envelope.complete, answer.totals.complete);
        }
    }

    #[test]
    fn a_sum_that_is_said_is_the_truth_and_sellable_never_more_than_it(veiled in veiled()) {
        for group_by in GROUPINGS {
            let (seen, whole) = (answer(&veiled.seen, by(group_by)), answer(&veiled.whole, by(group_by)));
            prop_assert!(seen.totals.sellable <= whole.totals.sellable);
            for item in &seen.stock {
                let Some(truth) = whole.stock.iter().find(|truth| id(truth) == id(item)) else {
                    // Only the variants without a product can turn out to have one.
                    prop_assert_eq!(id(item), None);
                    prop_assert!(!sums(item).complete);
                    continue;
                };
                let (item, truth) = (sums(item), sums(truth));
                prop_assert!(item.sellable <= truth.sellable);
                if item.complete {
                    prop_assert_eq!(as_naive(&item), as_naive(&truth));
                }
            }
        }
    }

    #[test]
    fn available_is_the_positives_less_what_is_oversold(veiled in veiled()) {
        let sample = veiled.whole;
        let everywhere = Sample { cells: sample.cells, book: LocationBook::unreadable([]) };
        for group_by in GROUPINGS {
            for item in &answer(&everywhere, by(group_by)).stock {
                let sums = sums(item);
                let difference = sums.sellable.unwrap() - sums.qty_oversold.unwrap();
                prop_assert_eq!(sums.qty_available.unwrap(), difference);
            }
        }
    }

    #[test]
    fn sums_depend_neither_on_the_order_of_cells_nor_on_how_they_are_split(
        (veiled, order, cut) in (veiled(), any::<u64>(), any::<proptest::sample::Index>())
            .prop_filter("cells", |(veiled, ..)| !veiled.seen.cells.is_empty())
    ) {
        let Sample { mut cells, book } = veiled.seen;
        let tally = |cells: &[(CellId, Cell)]| {
            let mut tally = Tally::default();
            for (id, cell) in cells {
                tally.add(cell, book.class(id.loc_id));
            }
            tally
        };
        let in_order = tally(&cells).finish(Membership::Certain);
        cells.sort_by_key(|(id, _)| id.variant_id.get().wrapping_mul(order) ^ id.loc_id.get().wrapping_mul(order >> 7));
        let (left, right) = cells.split_at(cut.index(cells.len()));
        let mut merged = tally(right);
        merged.merge(&tally(left));
        prop_assert_eq!(merged.finish(Membership::Certain), in_order);
    }

    #[test]
    fn one_more_known_cell_never_lowers_sellable(veiled in veiled()) {
        let mut seen = veiled.seen;
        let mut before = answer(&seen, by(GroupBy::Variant));
        for (index, truth) in veiled.whole.cells.into_iter().enumerate() {
            seen.cells[index] = truth;
            let after = answer(&seen, by(GroupBy::Variant));
            prop_assert!(before.totals.sellable <= after.totals.sellable);
            for (one, other) in before.stock.iter().zip(&after.stock) {
                prop_assert!(sums(one).sellable <= sums(other).sellable);
            }
            before = after;
        }
    }

    #[test]
    fn a_breakdown_lists_every_row_once_and_changes_nothing_else(veiled in veiled()) {
        let sample = veiled.seen;
        for group_by in GROUPINGS {
            let mut broken_down = answer(&sample, StockParameters { group_by, breakdown: true });
            let mut listed = Vec::new();
            for item in &mut broken_down.stock {
                let rows = match item {
                    StockItem::Variant(item) => item.locations.take(),
                    StockItem::Product(item) => item.variants.take(),
                    StockItem::Location(item) => item.variants.take(),
                }.unwrap();
                prop_assert!(rows.is_sorted_by_key(|row| (row.variant_id, row.loc_id)));
                listed.extend(rows.into_iter().map(|row| row.id));
            }
            listed.sort_unstable();
            let mut ids: Vec<_> = sample.rows().map(|row| row.id).collect();
            ids.sort_unstable();
            prop_assert_eq!(listed, ids);
            prop_assert_eq!(broken_down, answer(&sample, by(group_by)));
        }
    }

    #[test]
    fn one_variant_alone_is_the_item_it_has_among_others(veiled in veiled()) {
        let sample = veiled.seen;
        let among = answer(&sample, StockParameters { group_by: GroupBy::Variant, breakdown: true });
        for item in among.stock {
            let StockItem::Variant(item) = item else { unreachable!() };
            let cells = sample.cells().filter(|(id, _)| id.variant_id == item.variant_id);
            let alone = variant_stock(item.variant_id, cells, sample.context());
            prop_assert_eq!(alone.envelope.complete, item.sums.complete);
            prop_assert_eq!(alone.stock, item);
        }
    }
}

#[test]
fn the_documented_example_sums_by_variant() {
    let answer = answer(&documented_example(), by(GroupBy::Variant));
    assert_eq!(
        serde_json::to_string(&answer).unwrap(),
        concat!(
            r#"{"shop":1000,"as_of":"2026-08-01T03:20:15Z","complete":true,"missing":[],"missing_total":0,"#,
            r#""warnings":[],"stock":["#,
            r#"{"variant_id":1061514767,"product_id":1028183686,"qty_onhand":12,"qty_commited":12,"#,
            r#""qty_incoming":1,"qty_available":0,"sellable":15,"qty_oversold":15,"rows":2,"no_rows":0,"#,
            r#""unknown":0,"negative_rows":1,"updated_at":"2021-07-30T06:05:24.332Z","complete":true},"#,
            r#"{"variant_id":1064240649,"product_id":1028183686,"qty_onhand":0,"qty_commited":7,"#,
            r#""qty_incoming":0,"qty_available":-7,"sellable":0,"qty_oversold":7,"rows":2,"no_rows":0,"#,
            r#""unknown":0,"negative_rows":1,"updated_at":"2021-08-04T08:32:02.01Z","complete":true}],"#,
            r#""totals":{"qty_onhand":12,"qty_commited":19,"qty_incoming":1,"qty_available":-7,"sellable":15,"#,
            r#""qty_oversold":22,"rows":4,"no_rows":0,"unknown":0,"negative_rows":2,"#,
            r#""updated_at":"2021-08-04T08:32:02.01Z","complete":true}}"#
        )
    );
}

#[test]
fn the_documented_example_sums_by_product_and_by_location() {
    let product = answer(&documented_example(), by(GroupBy::Product));
    assert_eq!(product.stock.len(), 1);
    assert_eq!(sums(&product.stock[0]), product.totals);
    let lines = answer(&documented_example(), by(GroupBy::Location)).into_csv();
    assert_eq!(
        String::from_utf8(lines.flat_map(Result::unwrap).collect()).unwrap(),
        concat!(
            "variant_id,product_id,loc_id,location_name,qty_onhand,qty_commited,qty_incoming,qty_available,sellable,",
            "qty_oversold,rows,no_rows,unknown,negative_rows,updated_at,complete\r\n",
            ",,963414,Cửa hàng,-3,19,0,-22,0,22,2,0,0,2,2021-07-08T01:47:17.612Z,true\r\n",
            ",,1007284,Kho,15,0,1,15,15,0,2,0,0,0,2021-08-04T08:32:02.01Z,true\r\n",
        )
    );
}

#[test]
fn one_variant_lists_its_rows() {
    let example = documented_example();
    let id = variant(1_061_514_767);
    let cells = example.cells().filter(|(cell, _)| cell.variant_id == id);
    let answer = serde_json::to_value(variant_stock(id, cells, example.context())).unwrap();
    assert_eq!(answer["stock"]["qty_available"], 0);
    assert_eq!(
        answer["stock"]["locations"][0].to_string(),
        serde_json::json!({
            "id": 1_007_549_786, "loc_id": 963_414, "location_name": "Cửa hàng", "location_class": "sellable",
            "product_id": 1_028_183_686, "variant_id": 1_061_514_767, "qty_onhand": -3, "qty_commited": 12,
            "qty_incoming": 0, "qty_available": -15, "updated_at": "2021-07-08T01:47:17.6Z"
        })
        .to_string()
    );
}

#[test]
fn an_unknown_cell_makes_sums_null_but_not_sellable() {
    let book = LocationBook::new([], []);
    let cells = [row(1, 7, ["5", "1", "0", "4"]), unknown(1, 8, MissingReason::Timeout)];
    let answer = stock(cells.into_iter(), context(&book), by(GroupBy::Variant));
    let json = serde_json::to_value(&answer).unwrap();
    for sums in [&json["stock"][0], &json["totals"]] {
        for name in ["qty_onhand", "qty_commited", "qty_incoming", "qty_available", "qty_oversold"] {
            assert!(sums[name].is_null() && sums.as_object().unwrap().contains_key(name), "{name}");
        }
        assert_eq!((sums["sellable"].as_i64(), sums["complete"].as_bool()), (Some(4), Some(false)));
        assert_eq!((sums["rows"].as_i64(), sums["unknown"].as_i64()), (Some(1), Some(1)));
    }
    assert_eq!(json["missing"].to_string(), r#"[{"loc_id":8,"reason":"timeout","variant_id":1}]"#);
}

#[test]
fn a_variant_without_rows_is_listed_with_zeros() {
    let book = LocationBook::new([], []);
    let answer = stock([no_row(1, 7), no_row(1, 8)].into_iter(), context(&book), by(GroupBy::Variant));
    let lines = answer.into_csv().flat_map(Result::unwrap).collect();
    assert!(String::from_utf8(lines).unwrap().ends_with("\r\n1,,,,0,0,0,0,0,0,0,2,0,0,,true\r\n"));
}

#[test]
fn only_sellable_locations_add_to_sellable() {
    let book = LocationBook::new(
        [place(1, "Kho", LocationClass::Sellable), place(2, "Xe", LocationClass::Transit)],
        [crate::view::sample::location(3)],
    );
    let cells = (1..=3).map(|loc_id| row(1, loc_id, ["5", "0", "0", "5"]));
    let answer = stock(cells, context(&book), by(GroupBy::Variant));
    assert_eq!(serde_json::to_value(&answer.totals).unwrap()["sellable"], 5);
    assert_eq!(serde_json::to_value(&answer.totals).unwrap()["qty_available"], 15);
}

#[test]
fn a_variant_that_may_belong_to_any_product_leaves_no_product_sure() {
    let book = LocationBook::new([], []);
    let check = |reason, sure: bool| {
        let cells = [row(1, 7, ["5", "0", "0", "5"]), unknown(2, 7, reason)];
        let answer = stock(cells.into_iter(), context(&book), by(GroupBy::Product));
        assert_eq!(answer.stock.iter().map(id).collect::<Vec<_>>(), [Some(1000), None]);
        assert_eq!(sums(&answer.stock[0]).complete, sure);
        assert!(!sums(&answer.stock[1]).complete);
        assert_eq!(answer.envelope.warnings.is_empty(), sure);
    };
    check(MissingReason::Failed, false);
    check(MissingReason::Refused, true);
}

#[test]
fn sums_of_decimals_are_exact_and_whole_ones_are_integers() {
    let book = LocationBook::new([], []);
    let cells = [row(1, 7, ["0.1", "5.50", "0", "0.1"]), row(1, 8, ["0.2", "1.5", "0", "-0.30"])];
    let answer =
        stock(cells.into_iter(), context(&book), StockParameters { breakdown: true, ..by(GroupBy::Variant) });
    let json = serde_json::to_string(&answer.stock).unwrap();
    assert!(
        json.contains(r#""qty_onhand":0.3,"qty_commited":7,"qty_incoming":0,"qty_available":-0.2,"#),
        "{json}"
    );
    assert!(json.contains(r#""qty_commited":5.50,"#), "{json}");
}

#[test]
fn the_schema_of_an_answer_names_every_schema_it_refers_to() {
    let mut schemas = vec![("StockAnswer".into(), StockAnswer::schema())];
    StockAnswer::schemas(&mut schemas);
    let text = serde_json::to_string(&schemas).unwrap();
    let names: BTreeSet<&str> = schemas.iter().map(|(name, _)| name.as_str()).collect();
    let referred: BTreeSet<&str> =
        text.split("#/components/schemas/").skip(1).map(|after| after.split('"').next().unwrap()).collect();
    assert!(referred.is_subset(&names), "{referred:?} {names:?}");
    assert!(referred.is_superset(&BTreeSet::from([
        "StockItem",
        "VariantStock",
        "ProductStock",
        "LocationStock"
    ])));
}
