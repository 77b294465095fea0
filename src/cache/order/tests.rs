//! The table of the decision, and what follows from it for a cell.

use proptest::prelude::{ProptestConfig, Strategy, prop_assert_eq, proptest};

use super::{CallTimes, Reading, RowVersion, Standing, Verdict};
use crate::clock::Moment;
use crate::domain::id::RowId;
use crate::domain::timestamp::Timestamp;

/// A reading of a call from `began` to `ended` that brought a row of this id and time, if any.
fn reading(began: u64, ended: u64, row: Option<(u64, Option<i64>)>) -> Reading {
    let row = row.map(|(id, updated_at)| RowVersion { id: RowId::new(id).unwrap(), updated_at });
    Reading { began: Moment::from_millis(began), ended: Moment::from_millis(ended), row }
}

#[track_caller]
fn check(standing: Standing, new: Reading, expected: Verdict) {
    let held = reading(1_000, 2_000, Some((7, Some(50))));
    assert_eq!(held.against(standing, &new), expected, "{standing:?}, {new:?}");
}

#[test]
fn what_ended_before_the_held_reading_began_never_counts() {
    for standing in [Standing::Sound, Standing::Doubted, Standing::Purged] {
        check(standing, reading(0, 999, Some((7, Some(60)))), Verdict::Held);
        check(standing, reading(0, 999, Some((8, None))), Verdict::Held);
        check(standing, reading(0, 999, None), Verdict::Held);
    }
}

#[test]
fn what_began_after_the_held_reading_ended_counts_whatever_its_time() {
    for standing in [Standing::Sound, Standing::Doubted, Standing::Purged] {
        check(standing, reading(2_001, 2_002, Some((7, Some(60)))), Verdict::New);
        check(standing, reading(2_001, 2_002, Some((7, Some(50)))), Verdict::New);
        check(standing, reading(2_001, 2_002, Some((7, None))), Verdict::New);
        check(standing, reading(2_001, 2_002, Some((8, Some(40)))), Verdict::New);
        check(standing, reading(2_001, 2_002, None), Verdict::New);
    }
}

#[test]
fn a_later_row_that_is_older_is_confirmed_before_it_counts() {
    let old = Some((7, Some(40)));
    check(Standing::Sound, reading(2_001, 2_002, old), Verdict::Doubt);
    check(Standing::Sound, reading(90_000, 90_001, old), Verdict::Doubt);
    check(Standing::Doubted, reading(10_199, 10_201, old), Verdict::Doubt);
    check(Standing::Doubted, reading(10_200, 10_201, old), Verdict::WentBack);
    check(Standing::Doubted, reading(10_200, 10_201, Some((6, Some(30)))), Verdict::WentBack);
    check(Standing::Purged, reading(2_001, 2_002, old), Verdict::New);
}

#[test]
fn of_overlapping_calls_the_newer_row_counts() {
    for standing in [Standing::Sound, Standing::Doubted] {
        for (began, ended) in [(0, 1_000), (0, 9_000), (1_500, 1_600), (2_000, 9_000)] {
            check(standing, reading(began, ended, Some((7, Some(60)))), Verdict::New);
            check(standing, reading(began, ended, Some((7, Some(40)))), Verdict::Held);
        }
    }
}

#[test]
fn after_a_purge_the_first_reading_is_law() {
    for row in [Some((7, Some(60))), Some((7, Some(40))), Some((6, Some(40))), Some((7, None)), None] {
        for (began, ended) in [(0, 1_000), (0, 9_000), (1_500, 1_600), (2_000, 9_000), (2_001, 2_002)] {
            check(Standing::Purged, reading(began, ended, row), Verdict::New);
        }
    }
}

#[test]
fn of_overlapping_calls_that_times_do_not_order_the_one_that_began_later_counts() {
    for row in [Some((7, Some(50))), Some((7, None)), None] {
        check(Standing::Sound, reading(999, 9_000, row), Verdict::Held);
        check(Standing::Sound, reading(1_000, 1_500, row), Verdict::New);
        check(Standing::Sound, reading(2_000, 9_000, row), Verdict::New);
    }
}

#[test]
fn a_time_more_than_five_minutes_ahead_orders_nothing() {
    let horizon = Timestamp::from_parts(300, 0);
    let times = CallTimes { horizon, ..CallTimes::at(Moment::default()) };
    assert_eq!(times.orders(Timestamp::from_parts(300, 0)), Some(300));
    assert_eq!(times.orders(Timestamp::from_parts(301, 0)), None);
}

/// A call: when it began, when Haravan answered, and when the answer was read.
fn call() -> impl Strategy<Value = (u64, u64, u64)> {
    (0_u64..2_000, 0_u64..40, 0_u64..40).prop_map(|(began, there, back)| {
        let answered = began + there;
        (began, answered, answered + back)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn in_whatever_order_answers_arrive_the_one_that_was_given_last_is_held(
        calls in proptest::collection::vec(call(), 1..30),
        changes_every in 1_u64..60,
    ) {
        // The row changes at every multiple of this, and says so.
        let said = |(began, answered, ended): (u64, u64, u64)| {
            let version = i64::try_from(answered / changes_every).unwrap();
            reading(began, ended, Some((7, Some(version))))
        };
        let mut held = said(calls[0]);
        let mut last = calls[0].1 / changes_every;
        for call in &calls[1..] {
            let new = said(*call);
            match held.against(Standing::Sound, &new) {
                Verdict::Held => {}
                Verdict::New => held = new,
                verdict => panic!("{verdict:?} though no row ever goes back"),
            }
            last = last.max(call.1 / changes_every);
            prop_assert_eq!(held.row.unwrap().updated_at, Some(i64::try_from(last).unwrap()));
        }
    }
}
