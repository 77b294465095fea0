//! What merging keeps, and what packing keeps.

use std::time::Duration;

use proptest::prelude::{Just, ProptestConfig, Strategy, prop_assert, prop_assert_eq, prop_oneof, proptest};

use super::cells::Cells;
use super::{Finding, Observation, PackedCell, Turns, Unchanged, VariantCells};
use crate::cache::Cache;
use crate::cache::order::CallTimes;
use crate::clock::Moment;
use crate::domain::id::{LocationId, VariantId};
use crate::domain::line::Line;
use crate::domain::row::Row;
use crate::domain::timestamp::Timestamp;
use crate::haravan::parse_row;

fn row(location: u64, second: u64, available: &str) -> Row {
    let text = format!(
        r#"{{"id":{},"loc_id":{location},"product_id":9,"variant_id":7,"qty_onhand":{available},"qty_commited":0,"qty_incoming":0,"qty_available":{available},"updated_at":"2021-07-08T01:00:{second:02}Z"}}"#,
        1000 + location
    );
    parse_row(&text).unwrap()
}

fn seen(location: u64, at: u64, finding: Finding) -> Observation {
    let call = CallTimes::at(Moment::from_millis(at));
    Observation { loc_id: LocationId::new(location).unwrap(), finding, call }
}

/// The same observation, of a call that took so long.
fn taking(milliseconds: u64, observation: Observation) -> Observation {
    let ended = observation.call.began.plus(Duration::from_millis(milliseconds));
    Observation { call: CallTimes { ended, ..observation.call }, ..observation }
}

fn found(location: u64, at: u64, second: u64, available: &str) -> Observation {
    seen(location, at, Finding::Row(Box::new(row(location, second, available))))
}

fn empty() -> VariantCells {
    VariantCells::empty(VariantId::new(7).unwrap())
}

/// The row at location 1.
fn first(entry: &VariantCells) -> Option<Row> {
    entry.lent(entry.cell(LocationId::new(1).unwrap()).unwrap()).to_cell().into_row()
}

#[test]
fn rows_come_out_as_they_went_in_packed_or_not() {
    let odd = ["0.30000000000000004", "9007199254740993", "1e30", "-1e401", "-1e99999999999999999999"];
    for available in
        ["5", "-15", "2147483647", "2147483648", "5.50", "5.0", "-0", "1e2"].into_iter().chain(odd)
    {
        let entry = empty().merged(vec![found(1, 1, 1, available), found(2, 1, 1, "3")]);
        assert_eq!(first(&entry), Some(row(1, 1, available)), "{available}");
    }
}

#[test]
fn a_packed_row_is_written_as_it_was_sent() {
    for available in
        ["5", "-15", "0", "2147483647", "-2147483648", "2147483648", "5.50", "-0", "1e2", "1e5000"]
    {
        let entry = empty().merged(vec![found(1, 1, 59, available)]);
        let (mut packed, mut whole) = (Vec::new(), Vec::new());
        let mut line = Line::new();
        line.text(b"what was here before");
        entry.write_row(&entry.cells()[0], &mut line, &mut packed);
        first(&entry).unwrap().write_json(&mut whole);
        assert_eq!(String::from_utf8(packed).unwrap(), String::from_utf8(whole).unwrap());
    }
}

#[test]
fn a_cell_without_a_row_writes_nothing() {
    let entry = empty().merged(vec![seen(1, 1, Finding::NoRow)]);
    let mut out = Vec::new();
    entry.write_row(&entry.cells()[0], &mut Line::new(), &mut out);
    assert_eq!(out, b"");
}

#[test]
fn odd_rows_cost_what_they_weigh() {
    let plain = empty().merged(vec![found(1, 1, 1, "5")]);
    let odd = empty().merged(vec![found(1, 1, 1, "5.50")]);
    assert!(plain.weight() + 100 < odd.weight());
}

#[test]
fn a_cell_takes_64_bytes() {
    assert_eq!(size_of::<PackedCell>(), 64);
    assert_eq!(size_of::<Cells>(), 64);
}

#[test]
fn of_calls_that_overlapped_the_newer_row_counts() {
    let entry = empty().merged(vec![taking(50, found(1, 100, 5, "5"))]);
    assert_eq!(first(&entry.merged(vec![taking(60, found(1, 50, 6, "6"))])), Some(row(1, 6, "6")));
    assert_eq!(first(&entry.merged(vec![taking(60, found(1, 120, 4, "4"))])), Some(row(1, 5, "5")));
    assert_eq!(first(&entry.merged(vec![found(1, 120, 5, "55")])), Some(row(1, 5, "55")));
    assert_eq!(first(&entry.merged(vec![taking(60, found(1, 99, 5, "55"))])), Some(row(1, 5, "5")));
}

#[test]
fn what_was_read_before_never_comes_back_and_what_is_read_later_counts() {
    let entry = empty().merged(vec![found(1, 100, 5, "5")]);
    assert_eq!(first(&entry.merged(vec![found(1, 99, 6, "6")])), Some(row(1, 5, "5")));
    assert_eq!(first(&entry.merged(vec![found(1, 101, 5, "55")])), Some(row(1, 5, "55")));
}

#[test]
fn an_absence_counts_by_when_it_was_observed() {
    let entry = empty().merged(vec![found(1, 100, 5, "5")]);
    assert_eq!(first(&entry.merged(vec![seen(1, 99, Finding::NoRow)])), Some(row(1, 5, "5")));
    let absent = entry.merged(vec![seen(1, 101, Finding::NoRow)]);
    assert_eq!(first(&absent), None);
    assert_eq!(first(&absent.merged(vec![found(1, 100, 5, "5")])), None);
    assert_eq!(first(&absent.merged(vec![found(1, 102, 5, "5")])), Some(row(1, 5, "5")));
    assert_eq!(first(&absent.merged(vec![found(1, 102, 4, "4")])), Some(row(1, 4, "4")));
}

#[test]
fn a_row_that_goes_back_is_doubted_and_believed_when_a_second_reading_agrees() {
    let held = empty().merged(vec![taking(50, found(1, 100, 5, "5"))]);
    let mut turns = Turns::default();
    let doubted = held.merged_with_turns(vec![found(1, 9_000, 4, "4")], &mut turns);
    let cell = doubted.cells()[0];
    assert_eq!((first(&doubted), cell.is_doubted()), (Some(row(1, 5, "5")), true));
    assert_eq!(cell.observed_at(), Moment::from_millis(100), "nothing confirmed it");
    assert_eq!((turns.to_settle.len(), turns.went_back.len()), (1, 0));
    let believed = doubted.merged_with_turns(vec![found(1, 9_001, 4, "4")], &mut turns);
    assert_eq!((first(&believed), believed.cells()[0].is_sound()), (Some(row(1, 4, "4")), true));
    assert_eq!(turns.went_back.len(), 1);
    let as_before = doubted.merged(vec![found(1, 9_001, 5, "5")]);
    assert_eq!((first(&as_before), as_before.cells()[0].is_sound()), (Some(row(1, 5, "5")), true));
}

#[test]
fn while_a_replica_may_lag_a_doubt_cannot_be_settled() {
    let held = empty().merged(vec![found(1, 100, 5, "5")]);
    let mut turns = Turns::default();
    let doubted = held.merged_with_turns(vec![found(1, 200, 4, "4")], &mut turns);
    let still = doubted.merged_with_turns(vec![found(1, 8_299, 4, "4")], &mut turns);
    assert_eq!((first(&still), still.cells()[0].is_doubted()), (Some(row(1, 5, "5")), true));
    assert_eq!(turns, Turns::default());
    assert!(!still.cells()[0].can_be_settled(Moment::from_millis(8_299)));
    assert!(still.cells()[0].can_be_settled(Moment::from_millis(8_300)));
    assert_eq!(first(&still.merged(vec![found(1, 8_300, 4, "4")])), Some(row(1, 4, "4")));
}

#[test]
fn after_a_purge_the_first_reading_is_law() {
    let held = empty().merged(vec![found(1, 100, 5, "5")]);
    let after = held.purged(None).merged(vec![found(1, 200, 4, "4")]);
    assert_eq!((first(&after), after.cells()[0].is_sound()), (Some(row(1, 4, "4")), true));
}

#[test]
fn a_row_from_the_future_is_replaced_by_the_next_reading() {
    let mut ahead = found(1, 100, 59, "5");
    ahead.call.horizon = row(1, 30, "5").updated_at;
    let held = empty().merged(vec![ahead]);
    assert_eq!(first(&held.merged(vec![found(1, 200, 4, "4")])), Some(row(1, 4, "4")));
}

#[test]
fn two_entries_put_together_say_what_the_cache_knew_later() {
    let cache = Cache::new(1 << 20, 0);
    let variant_id = VariantId::new(7).unwrap();
    let before = cache.merge(variant_id, vec![found(1, 100, 5, "5"), found(2, 100, 5, "5.50")]);
    cache.merge(variant_id, vec![found(1, 9_000, 4, "4")]);
    let after = cache.merge(variant_id, vec![found(1, 9_001, 4, "4"), found(3, 100, 5, "6.50")]);
    for both in [before.absorbed(&after), after.absorbed(&before)] {
        let rows: Vec<_> = both.cells().iter().map(|cell| both.lent(cell).to_cell().into_row()).collect();
        assert_eq!(rows, [Some(row(1, 4, "4")), Some(row(2, 5, "5.50")), Some(row(3, 5, "6.50"))]);
    }
}

#[test]
fn a_purged_cell_is_served_again_only_after_it_was_observed_again() {
    let entry = empty().merged(vec![found(1, 100, 5, "5"), found(2, 100, 5, "5")]);
    let place = LocationId::new(1).unwrap();
    let purged = entry.purged(Some(&[place]));
    assert!(purged.cell(place).unwrap().is_purged());
    assert!(!purged.cell(LocationId::new(2).unwrap()).unwrap().is_purged());
    assert!(!purged.merged(vec![found(1, 101, 5, "5")]).cell(place).unwrap().is_purged());
}

/// Nothing came of location 1: neither since this moment nor with this second of `updated_at`, or a later one.
fn unchanged(at: u64, observed_from: u64, second: u64) -> Observation {
    let updated_at_min = row(1, second, "1").updated_at;
    let observed_from = Moment::from_millis(observed_from);
    seen(1, at, Finding::Unchanged(Unchanged { observed_from, updated_at_min }))
}

/// When location 1 was observed, and whether it may be served.
fn dated(entry: &VariantCells) -> (u64, bool) {
    let cell = entry.cells()[0];
    (cell.observed_at().as_millis(), cell.is_sound())
}

#[test]
fn what_did_not_come_though_changes_were_asked_for_is_dated_anew_and_nothing_else() {
    let row = empty().merged(vec![found(1, 100, 5, "5.50"), found(2, 100, 5, "3")]);
    let confirmed = row.merged(vec![unchanged(900, 100, 6)]);
    assert_eq!((dated(&confirmed), first(&confirmed)), ((900, true), first(&row)));
    assert_eq!(confirmed.cells()[1].observed_at(), Moment::from_millis(100));
    let no_row = empty().merged(vec![seen(1, 100, Finding::NoRow)]);
    let confirmed = no_row.merged(vec![unchanged(900, 100, 6)]);
    assert_eq!((dated(&confirmed), first(&confirmed)), ((900, true), None));
}

#[test]
fn what_did_not_come_is_not_confirmed_where_that_would_say_too_much() {
    let held = empty().merged(vec![found(1, 100, 5, "5")]);
    // It was observed before the span that was asked for.
    assert_eq!(dated(&held.merged(vec![unchanged(900, 101, 6)])), (100, true));
    // It should have come, and may be gone.
    assert_eq!(dated(&held.merged(vec![unchanged(900, 100, 5)])), (100, true));
    // It was observed later than the call began.
    assert_eq!(dated(&held.merged(vec![unchanged(99, 50, 6)])), (100, true));
    // It may not be served.
    assert_eq!(dated(&held.purged(None).merged(vec![unchanged(900, 100, 6)])), (100, false));
    let doubted = held.merged(vec![found(1, 9_000, 4, "4")]);
    assert_eq!(dated(&doubted.merged(vec![unchanged(9_900, 100, 6)])), (100, false));
    // It is not known.
    assert!(empty().merged(vec![unchanged(900, 100, 6)]).cells().is_empty());
}

fn observation() -> impl Strategy<Value = Observation> {
    let finding = prop_oneof![
        4 => (1_u64..6, proptest::sample::select(vec!["1", "2.50", "-3"])).prop_map(Some),
        1 => Just(None),
    ];
    (1_u64..4, 0_u64..20, finding).prop_map(|(location, at, finding)| match finding {
        Some((second, available)) => found(location, at, second, available),
        None => seen(location, at, Finding::NoRow),
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn in_whatever_order_calls_end_the_last_word_is_held_and_dated_within_its_call(
        calls in proptest::collection::vec((0_u64..2_000, 0_u64..40, 0_u64..40), 1..30),
        changes_every in 1_u64..60,
    ) {
        let mut entry = empty();
        let mut last = 0;
        for (began, there, back) in calls {
            let answered = (began + there) / changes_every * changes_every;
            let second = i64::try_from(answered).unwrap();
            let mut row = row(1, 0, "5");
            row.updated_at = Timestamp::from_parts(second, 0);
            entry = entry.merged(vec![taking(there + back, seen(1, began, Finding::Row(Box::new(row))))]);
            last = last.max(answered);
            let cell = entry.cells()[0];
            prop_assert_eq!(first(&entry).unwrap().updated_at.nanoseconds(), i64::try_from(last).unwrap());
            prop_assert!(cell.is_sound());
            // At the moment that its age counts from, or later, the row that is held was Haravan's.
            prop_assert!(cell.observed_at().as_millis() < last + changes_every);
        }
    }

    #[test]
    fn refreshes_of_what_changed_leave_the_last_word_held_and_dated_within_its_call(
        calls in proptest::collection::vec((0_u64..2_000, 0_u64..40, 0_u64..40, proptest::bool::ANY), 1..40),
        changes_every in 1_u64..300,
        overlap in 0_u64..50,
    ) {
        // What happens: a call begins (false) or ends (true).
        let mut happens: Vec<(u64, bool, usize)> = Vec::new();
        for (number, (began, there, back, _)) in calls.iter().enumerate() {
            happens.push((*began, false, number));
            happens.push((began + there + back, true, number));
        }
        happens.sort_unstable();
        let mut entry = empty();
        let mut asked = vec![None; calls.len()];
        let mut last = None;
        for (_, ends, number) in happens {
            let (began, there, back, is_refresh) = calls[number];
            if !ends {
                let observed_at = entry.cells().first().map(|cell| cell.observed_at().as_millis());
                asked[number] = observed_at.filter(|_| is_refresh);
                continue;
            }
            let changed_at = (began + there) / changes_every * changes_every;
            let time = |at: u64| Timestamp::from_parts(i64::try_from(at).unwrap(), 0);
            let min = asked[number].map(|observed_from: u64| (observed_from, observed_from.saturating_sub(overlap)));
            let finding = match min {
                Some((observed_from, min)) if changed_at < min => Finding::Unchanged(Unchanged {
                    observed_from: Moment::from_millis(observed_from),
                    updated_at_min: time(min),
                }),
                _ => {
                    let mut row = row(1, 0, "5");
                    row.updated_at = time(changed_at);
                    Finding::Row(Box::new(row))
                }
            };
            entry = entry.merged(vec![taking(there + back, seen(1, began, finding))]);
            last = last.max(Some(changed_at));
            let held = u64::try_from(first(&entry).unwrap().updated_at.nanoseconds()).unwrap();
            prop_assert_eq!(Some(held), last);
            prop_assert!(entry.cells()[0].is_sound());
            // At the moment that its age counts from, or later, the row that is held was Haravan's.
            prop_assert!(dated(&entry).0 < held + changes_every);
        }
    }

    #[test]
    fn merging_at_once_is_merging_one_by_one(observations in proptest::collection::vec(observation(), 1..40)) {
        let at_once = empty().merged(observations.clone());
        let mut one_by_one = empty();
        for observation in observations {
            one_by_one = one_by_one.merged(vec![observation]);
        }
        let rows = |entry: &VariantCells| -> Vec<_> {
            entry.cells().iter().map(|cell| (cell.loc_id(), cell.observed_at(), entry.lent(cell).to_cell().into_row())).collect()
        };
        prop_assert_eq!(rows(&at_once), rows(&one_by_one));
    }
}
