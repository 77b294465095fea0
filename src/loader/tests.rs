//! The loader against a Haravan played in memory, on a paused clock.

mod fake;
mod invariants;
mod learnt;
mod refusals;
mod shares;
mod sweeps;

use std::time::Duration;

use tokio::time::Instant;

use fake::{Fake, Setting, cells, lacks};

use crate::cache::Purge;
use crate::cache::entry::PackedCell;
use crate::domain::cell::MissingReason;
use crate::domain::id::VariantId;
use crate::plan::pending::Priority;

fn in_seconds(seconds: u64) -> Instant {
    Instant::now() + Duration::from_secs(seconds)
}

#[tokio::test(start_paused = true)]
async fn a_question_is_answered_with_rows_and_absences() {
    let setting = Setting::new(Fake::dense(100, 5).without(7, 3));
    let loaded = setting.loader.load(lacks(1..=100, 1..=5)).unwrap().finish(in_seconds(10)).await;
    assert_eq!(loaded.missing, []);
    assert_eq!(cells(&loaded).len(), 500);
    assert_eq!(cells(&loaded).values().filter(|row| row.is_none()).count(), 1);
    assert_eq!(setting.fake.calls(), 2, "the page of 250 rows shows that the one of 249 was not cut");
}

#[tokio::test(start_paused = true)]
async fn a_thousand_identical_questions_cost_one_plans_calls() {
    let setting = Setting::new(Fake::dense(500, 5));
    let loads: Vec<_> = (0..1_000).map(|_| setting.loader.load(lacks(1..=500, 1..=5)).unwrap()).collect();
    assert!(loads[1..].iter().all(|load| load.joined() == 2_500));
    for load in loads {
        assert_eq!(cells(&load.finish(in_seconds(10)).await).len(), 2_500);
    }
    assert_eq!(setting.fake.calls(), 10);
}

#[tokio::test(start_paused = true)]
async fn what_is_in_flight_is_joined_not_asked_again() {
    let setting = Setting::new(Fake::dense(50, 5).slow(Duration::from_secs(1)));
    let first = setting.loader.load(lacks(1..=50, 1..=5)).unwrap();
    setting.fake.wait_for_calls(1).await;
    let second = setting.loader.load(lacks(21..=50, 3..=5)).unwrap();
    assert_eq!(second.joined(), 90);
    assert_eq!(cells(&first.finish(in_seconds(10)).await).len(), 250);
    // The entries hold the variants' other cells too.
    assert_eq!(cells(&second.finish(in_seconds(10)).await).len(), 150);
    assert_eq!(setting.fake.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_small_questions_cost_little_more_than_their_union() {
    let setting = Setting::new(Fake::dense(500, 5));
    let mut random = fastrand::Rng::with_seed(7);
    let mut waits = Vec::new();
    for _ in 0..1_000 {
        let variants: Vec<u64> = random.choose_multiple(1..=500, 20);
        let load = setting.loader.load(lacks(variants, 1..=5)).unwrap();
        waits.push(tokio::spawn(load.finish(in_seconds(10))));
    }
    for wait in waits {
        assert_eq!(cells(&wait.await.unwrap()).len(), 100);
    }
    assert!(setting.fake.calls() <= 12, "{} calls", setting.fake.calls());
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_hangs_up_takes_nothing_from_others() {
    let setting = Setting::new(Fake::dense(50, 5));
    let first = setting.loader.load(lacks(1..=50, 1..=5)).unwrap();
    let second = setting.loader.load(lacks(1..=50, 1..=5)).unwrap();
    drop(first);
    assert_eq!(cells(&second.finish(in_seconds(10)).await).len(), 250);
    assert_eq!(setting.fake.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_only_those_who_left_wanted_is_not_asked_for() {
    let setting = Setting::new(Fake::dense(5_000, 5)).with_bucket(1.0, 1.0);
    let huge = setting.loader.load(lacks(1..=5_000, 1..=5)).unwrap();
    setting.fake.wait_for_calls(1).await;
    drop(huge);
    let small = setting.loader.load(lacks([1, 5_000], 1..=5)).unwrap();
    assert_eq!(cells(&small.finish(in_seconds(10)).await).len(), 10);
    assert_eq!(setting.fake.calls(), 2);
    assert_eq!(setting.loader.pending_cells(Priority::Interactive), 0);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_tells_the_bucket_from_a_slow_haravan() {
    let setting = Setting::new(Fake::dense(200, 5).slow(Duration::from_secs(30))).with_bucket(2.0, 0.01);
    let loaded = setting.loader.load(lacks(1..=200, 1..=5)).unwrap().finish(in_seconds(5)).await;
    let count = |reason| loaded.missing.iter().filter(|(_, missing)| *missing == reason).count();
    assert_eq!((count(MissingReason::Timeout), count(MissingReason::RateLimited)), (500, 500));
}

#[tokio::test(start_paused = true)]
async fn a_clamp_costs_calls_never_rows() {
    for clamp in 1..=250 {
        let setting = Setting::new(Fake::dense(50, 5).clamped(clamp));
        let loaded = setting.loader.load(lacks(1..=50, 1..=5)).unwrap().finish(in_seconds(600)).await;
        let rows = cells(&loaded).values().filter(|row| row.is_some()).count();
        assert_eq!(rows, 250, "clamped to {clamp}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_clamp_that_begins_after_whole_pages_loses_no_rows() {
    for clamp in [1, 7, 37, 111, 200] {
        let setting = Setting::new(Fake::dense(500, 5));
        let load = setting.loader.load(lacks(1..=100, 1..=5)).unwrap();
        assert_eq!(cells(&load.finish(in_seconds(600)).await).len(), 500);
        setting.fake.clamp_to(clamp);
        let loaded = setting.loader.load(lacks(101..=500, 1..=5)).unwrap().finish(in_seconds(6_000)).await;
        let rows = cells(&loaded).values().filter(|row| row.is_some()).count();
        assert_eq!(rows, 2_000, "clamped to {clamp}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_concluded_from_a_clamp_that_came_and_went_is_taken_back_when_it_comes_again() {
    // One call after the other; only the first is clamped.
    let setting = Setting::new(Fake::dense(200, 5).clamped_at(37, 0..1)).with_bucket(1.0, 1.0);
    let first = setting.loader.load(lacks(1..=100, 1..=5)).unwrap().finish(in_seconds(600)).await;
    let rows = cells(&first).values().filter(|row| row.is_some()).count();
    assert_eq!(rows, 37 + 250, "a longer page came later: nothing told that the first was cut");
    setting.fake.clamp_to(37);
    setting.loader.load(lacks(101..=150, 1..=5)).unwrap().finish(in_seconds(600)).await;
    let last = setting.loader.load(lacks(151..=200, 1..=5)).unwrap().finish(in_seconds(600)).await;
    assert!(
        cells(&last).values().all(Option::is_some),
        "two pages end in one length where many more are likely"
    );
    let is_cut = |cell: &&PackedCell| !cell.is_purged() && cell.row_id().is_none();
    for variant in 1..=150 {
        let entry = setting.cache.get(VariantId::new(variant).unwrap()).unwrap();
        assert_eq!(entry.cells().iter().find(is_cut).map(|cell| cell.loc_id()), None, "variant {variant}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_poisoned_variant_does_not_spoil_its_batch() {
    let setting = Setting::new(Fake::dense(50, 5).poisoned([17]));
    let loaded = setting.loader.load(lacks(1..=50, 1..=5)).unwrap().finish(in_seconds(60)).await;
    assert_eq!(loaded.missing.len(), 5);
    assert!(
        loaded
            .missing
            .iter()
            .all(|(cell, reason)| { cell.variant_id.get() == 17 && *reason == MissingReason::Refused })
    );
    let rows = cells(&loaded).values().filter(|row| row.is_some()).count();
    assert_eq!(rows, 245);
    let calls = setting.fake.calls();
    let again = setting.loader.load(lacks(17..=17, 1..=5)).unwrap().finish(in_seconds(1)).await;
    assert_eq!(again.missing.len(), 5);
    assert_eq!(setting.fake.calls(), calls, "a refused id is not asked again");
}

#[tokio::test(start_paused = true)]
async fn failures_are_retried_and_then_told() {
    let setting = Setting::new(Fake::dense(50, 5).failing(2));
    let loaded = setting.loader.load(lacks(1..=50, 1..=5)).unwrap().finish(in_seconds(60)).await;
    assert_eq!(loaded.missing, []);
    assert_eq!(setting.fake.calls(), 3);
    let setting = Setting::new(Fake::dense(50, 5).failing(1_000));
    let loaded = setting.loader.load(lacks(1..=50, 1..=5)).unwrap().finish(in_seconds(60)).await;
    assert_eq!(loaded.missing.len(), 250);
    assert_eq!(setting.fake.calls(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_failing_haravan_is_left_alone_after_a_while() {
    let setting = Setting::new(Fake::dense(50, 5).failing(1_000_000));
    for _ in 0..50 {
        let loaded = setting.loader.load(lacks(1..=50, 1..=5)).unwrap().finish(in_seconds(60)).await;
        assert_eq!(loaded.missing.len(), 250);
    }
    assert!(setting.fake.calls() <= 10, "{} calls", setting.fake.calls());
}

#[tokio::test(start_paused = true)]
async fn nothing_observed_before_a_purge_is_given_to_whoever_waits() {
    let setting = Setting::new(Fake::dense(10, 2).slow(Duration::from_secs(1)));
    let load = setting.loader.load(lacks(1..=10, 1..=2)).unwrap();
    setting.fake.wait_for_calls(1).await;
    setting.fake.set(1, 1, 777);
    setting.clock.advance(Duration::from_millis(5));
    setting.loader.invalidate(&Purge::default());
    setting.clock.advance(Duration::from_millis(5));
    let loaded = load.finish(in_seconds(60)).await;
    assert_eq!(setting.fake.calls(), 2);
    let first = cells(&loaded)[&(1, 1)].clone().unwrap();
    assert_eq!(first.qty_available.as_integer(), Some(777));
}

#[tokio::test(start_paused = true)]
async fn a_refresh_on_its_way_is_not_asked_for_again() {
    let setting = Setting::new(Fake::dense(10, 2).slow(Duration::from_secs(1)));
    for _ in 0..100 {
        let looked = setting.loader.looks();
        setting.loader.bring(Priority::Refresh, looked, &lacks(1..=10, 1..=2), |_| false);
    }
    assert_eq!(setting.loader.pending_cells(Priority::Refresh), 20);
    let load = setting.loader.load(lacks(1..=10, 1..=2)).unwrap();
    assert_eq!(load.joined(), 20);
    assert_eq!(cells(&load.finish(in_seconds(60)).await).len(), 20);
    assert_eq!(setting.fake.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn more_cells_than_may_wait_are_refused_at_once() {
    let setting = Setting::new(Fake::dense(10, 2)).with_max_pending(10);
    assert!(setting.loader.load(lacks(1..=10, 1..=2)).is_err());
    assert!(setting.loader.load(lacks(1..=5, 1..=2)).is_ok());
}
