//! Whole sweeps: what they cost in calls, and that no clamp takes rows from them.

use std::ops::Range;
use std::time::Duration;

use proptest::prelude::{ProptestConfig, Strategy, prop_assert_eq, prop_oneof, proptest};
use tokio::runtime::Builder;

use super::fake::{Cells, Fake, Setting, cells, lacks};
use super::in_seconds;
use crate::domain::id::VariantId;

/// Asks for these variants: the cells that came, and the calls it took.
async fn ask(setting: &Setting, variants: Range<u64>, locations: u64) -> (Cells, usize) {
    let before = setting.fake.calls();
    let load = setting.loader.load(lacks(variants, 1..=locations)).unwrap();
    let loaded = load.finish(in_seconds(100_000)).await;
    assert_eq!(loaded.missing, []);
    (cells(&loaded), setting.fake.calls() - before)
}

#[tokio::test(start_paused = true)]
async fn a_sweep_costs_a_call_over_a_naive_one_and_one_in_twenty_over_its_bounds() {
    for (variants, locations) in [(50_u64, 5_u64), (500, 5), (1_000, 20), (5_000, 24)] {
        for percent in [100_u64, 50, 10, 1] {
            let setting = Setting::new(Fake::sparse(2 * variants + 1_000, locations, percent));
            let what = format!("{variants} x {locations} at {percent} %");
            let (_, calls) = ask(&setting, 1..variants + 1, locations).await;
            let naive = setting.fake.naive(1..variants + 1).calls;
            assert!(calls <= naive + 1, "{what}: {calls} calls, {naive} naively");
            // Now that the density is known.
            ask(&setting, variants + 1..variants + 1_001, locations).await;
            let rest = variants + 1_001..2 * variants + 1_001;
            let (_, calls) = ask(&setting, rest.clone(), locations).await;
            let floor = setting.fake.naive(rest).floor;
            // Fifty variants of a half full shop have more rows than two pages, and fewer do not fill them surely.
            let over = if percent == 50 { floor / 11 } else { floor / 20 };
            assert!(calls <= floor + over + 1, "{what}: {calls} calls, {floor} at least");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn many_pages_in_doubt_are_cleared_by_one_call() {
    let setting = Setting::new(Fake::sparse(350, 5, 50));
    // Seven tiles at once: none was asked for after another came.
    assert_eq!(ask(&setting, 1..351, 5).await.1, 8);
}

#[tokio::test(start_paused = true)]
async fn a_question_of_one_short_page_costs_one_more_call() {
    let setting = Setting::new(Fake::sparse(50, 5, 50));
    assert_eq!(ask(&setting, 1..51, 5).await.1, 2);
}

#[tokio::test(start_paused = true)]
async fn a_clamp_among_many_doubts_ends_their_waiting() {
    let setting = Setting::new(Fake::sparse(700, 5, 50).clamped_at(100, 8..usize::MAX));
    ask(&setting, 1..351, 5).await;
    let waited = tokio::time::Instant::now();
    let (came, calls) = ask(&setting, 351..701, 5).await;
    assert!(calls <= 25, "{calls} calls: each doubt is put to one witness, then to its own next page");
    assert_eq!(came.values().flatten().count(), setting.fake.naive(351..701).rows);
    assert!(waited.elapsed() < Duration::from_secs(5), "{:?}", waited.elapsed());
}

/// Asks questions of `width` variants, one after the other, beginning with a variant. Returns the calls that they took.
async fn ask_in_turn(setting: &Setting, from: u64, questions: u64, width: u64, locations: u64) -> usize {
    let mut calls = 0;
    for question in 0..questions {
        let first = from + question * width;
        let (came, cost) = ask(setting, first..first + width, locations).await;
        calls += cost;
        let rows = setting.fake.naive(first..first + width).rows;
        assert_eq!(came.values().flatten().count(), rows, "question {question}");
    }
    calls
}

#[tokio::test(start_paused = true)]
async fn questions_in_haravans_own_manner_cost_as_many_calls_as_they_are() {
    for (width, locations) in [(1_u64, 10_u64), (4, 10), (50, 1), (50, 24)] {
        for percent in [100_u64, 80, 40, 10] {
            let setting = Setting::new(Fake::sparse(width * 101, locations, percent));
            ask(&setting, 1..width + 1, locations).await;
            let calls = ask_in_turn(&setting, width + 1, 100, width, locations).await;
            let tiles = (0..100).map(|question| width * (question + 1) + 1);
            let naive: usize = tiles.map(|from| setting.fake.naive(from..from + width).calls).sum();
            let what = format!("{width} x {locations} at {percent} %");
            assert!(calls * 100 <= naive * 102, "{what}: {calls} calls, {naive} directly");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_sentinel_that_was_deleted_costs_one_call() {
    let setting = Setting::new(Fake::sparse(200, 5, 50));
    ask_in_turn(&setting, 1, 20, 4, 5).await;
    for _ in 0..3 {
        let newest = setting.fake.newest(1..81).unwrap();
        setting.fake.delete(newest.0, newest.1);
    }
    let calls = ask_in_turn(&setting, 81, 20, 4, 5).await;
    assert!((20..=23).contains(&calls), "{calls} calls");
}

#[tokio::test(start_paused = true)]
async fn a_sentinel_that_haravan_refuses_makes_no_other_id_a_suspect() {
    let setting = Setting::new(Fake::sparse(200, 5, 50));
    ask_in_turn(&setting, 1, 10, 4, 5).await;
    setting.fake.poison(setting.fake.newest(1..41).unwrap().0);
    let calls = ask_in_turn(&setting, 41, 10, 4, 5).await;
    assert!(calls <= 12, "{calls} calls");
}

#[tokio::test(start_paused = true)]
async fn a_clamp_of_any_length_is_noticed_and_what_it_cut_is_taken_back() {
    for clamp in [31_usize, 34, 37, 39] {
        let setting = Setting::new(Fake::sparse(50 * 200, 1, 80));
        ask_in_turn(&setting, 1, 20, 50, 1).await;
        setting.fake.clamp_to(clamp);
        let mut cut = 0;
        for question in 20..60_u64 {
            let from = question * 50 + 1;
            let (came, _) = ask(&setting, from..from + 50, 1).await;
            cut += usize::from(came.values().flatten().count() < setting.fake.naive(from..from + 50).rows);
        }
        assert!(cut <= 6, "{cut} of 40 pages that were cut to {clamp} rows were believed");
        // What was believed is held no longer.
        for variant in 1_001..3_001 {
            let entry = setting.cache.get(VariantId::new(variant).unwrap()).unwrap();
            let held =
                entry.cells().iter().find(|cell| !cell.is_purged()).map(|cell| cell.row_id().is_some());
            let truth = setting.fake.row(variant, 1).is_some();
            assert!(held.is_none_or(|held| held == truth), "variant {variant}, clamped to {clamp}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_clamp_is_noticed() {
    let setting = Setting::new(Fake::dense(4_000, 5).clamped(50));
    ask(&setting, 1..1_001, 5).await;
    setting.fake.clamp_to(250);
    setting.clock.advance(Duration::from_secs(601));
    ask(&setting, 1_001..2_001, 5).await;
    let (_, calls) = ask(&setting, 2_001..4_001, 5).await;
    assert!(calls <= 42, "{calls} calls for 40 pages of rows");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_clamp_to_a_multiple_of_fifty_that_begins_at_any_call_takes_a_row(
        clamp in (1_usize..=5).prop_map(|fifties| 50 * fifties),
        begins in 0_usize..40,
        percent in prop_oneof![1_u64..10, 10_u64..101],
        locations in 1_u64..12,
        width in 1_u64..200,
        seed in 0_u64..1_000_000,
    ) {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let fake = Fake::sparse(4 * width, locations, percent).clamped_at(clamp, begins..usize::MAX);
            let setting = Setting::new(fake.disorderly(seed));
            // A big question, then small ones beside each other.
            let (came, _) = ask(&setting, 1..2 * width + 1, locations).await;
            prop_assert_eq!(came.values().flatten().count(), setting.fake.naive(1..2 * width + 1).rows);
            let (third, fourth) = (2 * width + 1..3 * width + 1, 3 * width + 1..4 * width + 1);
            let ((left, _), (right, _)) =
                tokio::join!(ask(&setting, third.clone(), locations), ask(&setting, fourth.clone(), locations));
            prop_assert_eq!(left.values().flatten().count(), setting.fake.naive(third).rows);
            prop_assert_eq!(right.values().flatten().count(), setting.fake.naive(fourth).rows);
            Ok(())
        })?;
    }
}
