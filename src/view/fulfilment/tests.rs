//! Fulfilment against every set of locations there is.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::{Strategy, prop_assume};
use proptest::{prop_assert, prop_assert_eq, proptest};

use super::choice::choose;
use super::supply::Supply;
use super::{FulfilmentAnswer, FulfilmentMode, FulfilmentParameters, NOT_PROVEN_FEWEST, fulfilment};
use crate::domain::cell::{Cell, CellId, MissingReason};
use crate::domain::location::{LocationBook, LocationClass};
use crate::domain::quantity::Quantity;
use crate::view::grid::each_variant;
use crate::view::lines::Tabular;
use crate::view::sample::{
    Sample, context, documented_example, hundredths, location, no_row, place, row, unknown, variant, veiled,
};

/// A plan, naively: what each location sends of each variant, in hundredths.
type Sent = Vec<(u64, BTreeMap<u64, i64>)>;

fn order(lines: &[(u64, i64)], prefer: &[u64]) -> FulfilmentParameters {
    let demand = lines.iter().map(|(id, quantity)| (variant(*id), Quantity::from(*quantity))).collect();
    FulfilmentParameters { demand, prefer: prefer.iter().map(|id| location(*id)).collect() }
}

fn answer(sample: &Sample, parameters: &FulfilmentParameters) -> FulfilmentAnswer {
    let cells = sample.cells().filter(|(id, _)| parameters.demand.contains_key(&id.variant_id));
    fulfilment(cells, sample.context(), parameters)
}

fn sent(answer: &FulfilmentAnswer) -> Sent {
    let lines = |shipment: &super::Shipment| {
        let lines = shipment.lines.iter();
        lines.map(|line| (line.variant_id.get(), hundredths(&line.quantity))).collect()
    };
    answer.plan.iter().map(|shipment| (shipment.loc_id.get(), lines(shipment))).collect()
}

/// What is known of a cell where goods are sold: nothing if it is unknown.
fn known(sample: &Sample, variant_id: u64, loc_id: u64) -> Option<i64> {
    let cell =
        sample.cells.iter().find(|(id, _)| (id.variant_id.get(), id.loc_id.get()) == (variant_id, loc_id));
    match &cell.unwrap().1 {
        Cell::Row(row) => Some(hundredths(row.qty_available).max(0)),
        Cell::NoRow => Some(0),
        Cell::Unknown(_) => None,
    }
}

/// The locations that sell, the preferred ones first.
fn ranked(sample: &Sample, prefer: &[u64]) -> Vec<u64> {
    let mut selling: Vec<u64> = sample
        .cells
        .iter()
        .map(|(id, _)| id.loc_id)
        .filter(|loc_id| sample.book.class(*loc_id) == LocationClass::Sellable)
        .map(|loc_id| loc_id.get())
        .collect();
    selling.sort_unstable();
    selling.dedup();
    let rank = |id: &u64| prefer.iter().position(|preferred| preferred == id).unwrap_or(usize::MAX);
    selling.sort_by_key(rank);
    selling
}

/// Whether these locations have all that is ordered; of an unknown cell, this many hundredths are hoped for.
fn suffices(sample: &Sample, lines: &BTreeMap<u64, i64>, locations: &[u64], hoped_for: i64) -> bool {
    lines.iter().all(|(variant_id, ordered)| {
        let has = |loc_id: &u64| known(sample, *variant_id, *loc_id).unwrap_or(hoped_for);
        ordered * 100 <= locations.iter().map(has).sum::<i64>()
    })
}

/// Of all sets of locations that suffice the smallest, of these the first by rank: every set is looked at.
fn best_set(sample: &Sample, lines: &BTreeMap<u64, i64>, ranked: &[u64]) -> Option<Vec<u64>> {
    let mut sets: Vec<Vec<usize>> = vec![vec![]];
    for rank in 0..ranked.len() {
        let with: Vec<Vec<usize>> =
            sets.iter().map(|set| set.iter().copied().chain([rank]).collect()).collect();
        sets.extend(with);
    }
    let ids = |set: &Vec<usize>| set.iter().map(|rank| ranked[*rank]).collect::<Vec<u64>>();
    sets.retain(|set| suffices(sample, lines, &ids(set), 0));
    sets.into_iter().min_by_key(|set| (set.len(), set.clone())).map(|set| ids(&set))
}

/// Ordered pieces of some of the variants of a grid, and preferred locations; some of either may not be there.
fn orders() -> impl Strategy<Value = (BTreeMap<u64, i64>, Vec<u64>)> {
    let lines = proptest::collection::btree_map(1_u64..=8, 1_i64..30, 1..=4);
    (lines, vec(1_u64..=7, 0..=3))
}

/// Keeps of an order what a grid has cells of.
fn within(sample: &Sample, lines: BTreeMap<u64, i64>) -> BTreeMap<u64, i64> {
    let there = |id: &u64| sample.cells.iter().any(|(cell, _)| cell.variant_id.get() == *id);
    lines.into_iter().filter(|(id, _)| there(id)).collect()
}

fn parameters(lines: &BTreeMap<u64, i64>, prefer: &[u64]) -> FulfilmentParameters {
    order(&lines.iter().map(|(id, quantity)| (*id, *quantity)).collect::<Vec<_>>(), prefer)
}

proptest! {
    #[test]
    fn an_order_is_fulfillable_if_known_cells_prove_it_and_not_if_unknown_ones_cannot_help(
        veiled in veiled(), (lines, prefer) in orders()
    ) {
        let lines = within(&veiled.seen, lines);
        prop_assume!(!lines.is_empty());
        let ranked = ranked(&veiled.seen, &prefer);
        let told = answer(&veiled.seen, &parameters(&lines, &prefer));
        let proven = suffices(&veiled.seen, &lines, &ranked, 0);
        let possible = suffices(&veiled.seen, &lines, &ranked, 1_000_000_000);
        let expected = if proven { Some(true) } else if possible { None } else { Some(false) };
        prop_assert_eq!(told.fulfillable, expected);
        for (variant_id, ordered) in &lines {
            let alone = BTreeMap::from([(*variant_id, *ordered)]);
            let short = told.shortages.iter().find(|short| short.variant_id.get() == *variant_id);
            prop_assert_eq!(short.is_none(), suffices(&veiled.seen, &alone, &ranked, 0));
            if let Some(short) = short {
                let has: i64 = ranked.iter().filter_map(|id| known(&veiled.seen, *variant_id, *id)).sum();
                let helpless = !suffices(&veiled.seen, &alone, &ranked, 1_000_000_000);
                prop_assert_eq!(hundredths(&short.sellable), has);
                prop_assert_eq!(short.shortage.as_ref().map(hundredths), helpless.then_some(ordered * 100 - has));
            }
        }
    }

    #[test]
    fn a_plan_is_the_first_of_the_smallest_sets_and_covers_each_line_exactly(
        veiled in veiled(), (lines, prefer) in orders()
    ) {
        let lines = within(&veiled.seen, lines);
        prop_assume!(!lines.is_empty());
        let told = answer(&veiled.seen, &parameters(&lines, &prefer));
        let plan = sent(&told);
        let best = best_set(&veiled.seen, &lines, &ranked(&veiled.seen, &prefer)).unwrap_or_default();
        prop_assert_eq!(plan.iter().map(|(loc_id, _)| *loc_id).collect::<Vec<_>>(), best);
        let mut covered = BTreeMap::<u64, i64>::new();
        for (loc_id, shipment) in &plan {
            prop_assert!(!shipment.is_empty());
            for (variant_id, quantity) in shipment {
                prop_assert!(0 < *quantity && *quantity <= known(&veiled.seen, *variant_id, *loc_id).unwrap());
                *covered.entry(*variant_id).or_default() += quantity;
            }
        }
        if told.fulfillable == Some(true) {
            prop_assert_eq!(covered, lines.iter().map(|(id, ordered)| (*id, ordered * 100)).collect());
        }
        let mode = match plan.len() { 0 => "none", 1 => "single", _ => "split" };
        prop_assert_eq!(serde_json::to_value(told.mode).unwrap(), mode);
        prop_assert!(told.envelope.warnings.iter().all(|warning| warning != NOT_PROVEN_FEWEST));
    }

    #[test]
    fn a_yes_stays_a_yes_and_a_no_a_no_when_missing_cells_arrive(
        veiled in veiled(), (lines, prefer) in orders()
    ) {
        let lines = within(&veiled.seen, lines);
        prop_assume!(!lines.is_empty());
        let parameters = parameters(&lines, &prefer);
        let mut seen = veiled.seen;
        let mut before = answer(&seen, &parameters);
        for (index, truth) in veiled.whole.cells.into_iter().enumerate() {
            seen.cells[index] = truth;
            let after = answer(&seen, &parameters);
            prop_assert!(before.fulfillable.is_none() || before.fulfillable == after.fulfillable);
            prop_assert!(after.plan.len() <= before.plan.len() || before.plan.is_empty());
            before = after;
        }
        prop_assert!(before.fulfillable.is_some());
    }

    #[test]
    fn ten_locations_that_each_have_a_little_are_split_as_well_as_can_be(
        stock in vec(vec(0_i64..8, 10), 1..=4), ordered in vec(4_i64..25, 4)
    ) {
        let (sample, lines) = stocked(&stock, &ordered);
        let ranked = ranked(&sample, &[]);
        let told = answer(&sample, &parameters(&lines, &[]));
        let best = best_set(&sample, &lines, &ranked).unwrap_or_default();
        prop_assert_eq!(told.plan.iter().map(|shipment| shipment.loc_id.get()).collect::<Vec<_>>(), best);
    }

    #[test]
    fn a_search_that_is_given_up_leaves_a_choice_of_which_nothing_can_be_spared(
        stock in vec(vec(0_i64..8, 10), 1..=4), ordered in vec(4_i64..25, 4), work in 0_u64..400
    ) {
        let (sample, lines) = stocked(&stock, &ordered);
        let best = best_set(&sample, &lines, &ranked(&sample, &[]));
        prop_assume!(best.is_some());
        let choice = choose(&supply(&sample, &lines), work);
        // Every location has something here, or is no source at all.
        let supply = supply(&sample, &lines);
        let chosen: Vec<u64> = choice.places.iter().map(|place| supply.sources[*place].loc_id.get()).collect();
        prop_assert!(suffices(&sample, &lines, &chosen, 0));
        for spared in &chosen {
            let others: Vec<u64> = chosen.iter().copied().filter(|id| id != spared).collect();
            prop_assert!(!suffices(&sample, &lines, &others, 0));
        }
        let fewest = best.unwrap().len();
        prop_assert!(fewest <= chosen.len());
        prop_assert!(!choice.proven_fewest || fewest == chosen.len());
    }
}

/// Whole pieces of variants 1.. at locations 1.., all of which sell; and an order for them.
fn stocked(stock: &[Vec<i64>], ordered: &[i64]) -> (Sample, BTreeMap<u64, i64>) {
    let mut cells = Vec::new();
    for (variant_id, pieces) in (1..).zip(stock) {
        for (loc_id, pieces) in (1..).zip(pieces) {
            cells.push(row(variant_id, loc_id, ["0", "0", "0", &pieces.to_string()]));
        }
    }
    let lines = (1..).zip(ordered.iter().copied()).take(stock.len()).collect();
    (Sample { cells, book: LocationBook::new([], []) }, lines)
}

fn supply(sample: &Sample, lines: &BTreeMap<u64, i64>) -> Supply {
    let mut supply = Supply::preferring(&[]);
    each_variant(sample.cells(), 0, |variant| {
        let ordered = lines[&variant.variant_id.get()];
        supply.add(variant, &sample.book, &Quantity::from(ordered));
    });
    supply.finish()
}

#[test]
fn twenty_locations_of_twenty_variants_are_searched_to_the_end() {
    // Every location has some of every variant, in amounts that follow no pattern.
    let amount = |variant_id: i64, loc_id: i64| (variant_id * 7_919 + loc_id * 104_729) % 23 % 9;
    let stock: Vec<Vec<i64>> =
        (1..=20).map(|id| (1..=20).map(|loc_id| amount(id, loc_id)).collect()).collect();
    let ordered: Vec<i64> = stock.iter().map(|pieces| pieces.iter().sum::<i64>() / 4).collect();
    let (sample, lines) = stocked(&stock, &ordered);
    assert!(choose(&supply(&sample, &lines), super::WORK).proven_fewest);
}

#[test]
fn an_order_that_can_be_split_in_too_many_ways_says_so_and_is_covered_all_the_same() {
    // Pairs of sixty locations: each has one of a hundred variants in its own pattern.
    let has = |id: u64, loc_id: u64| i64::from((id * 2_654_435_761 + loc_id * 40_503 * id) % 97 < 9);
    let stock: Vec<Vec<i64>> = (1..=100).map(|id| (1..=60).map(|loc_id| has(id, loc_id)).collect()).collect();
    let ordered: Vec<i64> = stock.iter().map(|pieces| pieces.iter().sum::<i64>().clamp(1, 2)).collect();
    let stock: Vec<Vec<i64>> = stock.into_iter().filter(|pieces| 1 < pieces.iter().sum::<i64>()).collect();
    let (sample, lines) = stocked(&stock, &ordered[..stock.len()]);
    let lines: BTreeMap<u64, i64> = lines.into_keys().map(|id| (id, 2)).collect();
    let told = answer(&sample, &parameters(&lines, &[]));
    assert_eq!((told.fulfillable, told.mode), (Some(true), FulfilmentMode::Split));
    assert_eq!(told.envelope.warnings, [NOT_PROVEN_FEWEST]);
    let chosen: Vec<u64> = told.plan.iter().map(|shipment| shipment.loc_id.get()).collect();
    assert!(suffices(&sample, &lines, &chosen, 0));
    assert_eq!(told, answer(&sample, &parameters(&lines, &[])));
}

#[test]
fn ten_thousand_locations_with_a_piece_each_do_not_overflow_the_search() {
    let (sample, lines) = stocked(&[vec![1; 10_000]], &[9_000]);
    let choice = choose(&supply(&sample, &lines), super::WORK);
    assert_eq!((choice.places.len(), choice.proven_fewest), (9_000, true));
}

#[test]
fn the_documented_example_is_sent_from_the_warehouse() {
    let example = documented_example();
    assert_eq!(
        serde_json::to_string(&answer(&example, &order(&[(1_061_514_767, 2)], &[963_414]))).unwrap(),
        concat!(
            r#"{"shop":1000,"as_of":"2026-08-01T03:20:15Z","complete":true,"missing":[],"missing_total":0,"#,
            r#""warnings":[],"fulfillable":true,"mode":"single","plan":[{"loc_id":1007284,"location_name":"Kho","#,
            r#""lines":[{"variant_id":1061514767,"quantity":2}]}],"shortages":[],"reservation":false}"#
        )
    );
    let short = answer(&example, &order(&[(1_061_514_767, 20), (1_064_240_649, 1)], &[]));
    assert_eq!((short.fulfillable, short.mode), (Some(false), FulfilmentMode::None));
    assert_eq!(
        serde_json::to_string(&short.shortages).unwrap(),
        concat!(
            r#"[{"variant_id":1061514767,"quantity":20,"sellable":15,"shortage":5,"complete":true},"#,
            r#"{"variant_id":1064240649,"quantity":1,"sellable":0,"shortage":1,"complete":true}]"#
        )
    );
}

#[track_caller]
fn check(cells: &[(CellId, Cell)], parameters: &FulfilmentParameters, fulfillable: Option<bool>, plan: &str) {
    let book = LocationBook::new([place(9, "Xe", LocationClass::Transit)], [location(8)]);
    let answer = fulfilment(cells.iter().cloned(), context(&book), parameters);
    let lines = String::from_utf8(answer.clone().into_csv().flat_map(Result::unwrap).collect()).unwrap();
    let sent = lines.lines().skip(1).filter(|line| !line.starts_with("#incomplete"));
    let told: Vec<String> = sent.map(|line| line.replace(",,", "/").replace(',', ":")).collect();
    assert_eq!((answer.fulfillable, told.join(" ").as_str()), (fulfillable, plan));
}

fn has(variant_id: u64, loc_id: u64, available: &str) -> (CellId, Cell) {
    row(variant_id, loc_id, ["0", "0", "0", available])
}

#[test]
fn what_is_preferred_comes_first_but_never_makes_the_set_larger() {
    let cells = [has(1, 1, "4"), has(1, 2, "4"), has(1, 3, "9")];
    check(&cells, &order(&[(1, 3)], &[]), Some(true), "1/1:3");
    check(&cells, &order(&[(1, 3)], &[2, 1]), Some(true), "2/1:3");
    check(&cells, &order(&[(1, 7)], &[2, 1]), Some(true), "3/1:7");
    check(&cells, &order(&[(1, 10)], &[2]), Some(true), "2/1:4 3/1:6");
    check(&cells, &order(&[(1, 10)], &[3, 2, 3]), Some(true), "3/1:9 2/1:1");
    check(&cells, &order(&[(1, 10)], &[77]), Some(true), "1/1:4 3/1:6");
}

#[test]
fn an_oversold_location_takes_nothing_from_another() {
    check(&[has(1, 1, "-50"), has(1, 2, "3")], &order(&[(1, 3)], &[1]), Some(true), "2/1:3");
}

#[test]
fn half_pieces_are_sent_where_they_lie() {
    check(&[has(1, 1, "1.50"), has(1, 2, "0.5")], &order(&[(1, 2)], &[]), Some(true), "1/1:1.5 2/1:0.5");
}

#[test]
fn what_does_not_sell_neither_sends_nor_helps() {
    for elsewhere in [8, 9] {
        check(&[has(1, 1, "2"), has(1, elsewhere, "50")], &order(&[(1, 3)], &[elsewhere]), Some(false), "");
        let missing = unknown(1, elsewhere, MissingReason::Timeout);
        check(&[has(1, 1, "2"), missing], &order(&[(1, 3)], &[]), Some(false), "");
    }
}

#[test]
fn an_unknown_cell_leaves_a_short_line_open_and_a_covered_one_covered() {
    for reason in [MissingReason::Timeout, MissingReason::Refused] {
        let cells = [has(1, 1, "2"), unknown(1, 2, reason)];
        check(&cells, &order(&[(1, 3)], &[]), None, "");
        check(&cells, &order(&[(1, 2)], &[2]), Some(true), "1/1:2");
        // A line that nothing can help decides.
        let cells = [cells[0].clone(), cells[1].clone(), no_row(2, 1), no_row(2, 2)];
        check(&cells, &order(&[(1, 3), (2, 1)], &[]), Some(false), "");
    }
}
