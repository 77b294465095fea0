//! Properties under random interleavings of questions, changes, failures, clamps, purges and hang-ups.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::{ProptestConfig, Strategy, prop_oneof, proptest};
use tokio::time::Instant;

use super::fake::{Fake, Setting, cells, lacks};
use crate::cache::Purge;

const VARIANTS: u64 = 120;
const LOCATIONS: u64 = 4;

/// A small bucket, so that questions queue.
const BUCKET: u32 = 10;
const LEAK: u32 = 20;

/// Something that happens.
#[derive(Debug, Clone)]
enum Event {
    Ask { first: u64, count: u64, locations: u64 },
    AskAndLeave { first: u64, count: u64 },
    Change { variant: u64, location: u64, available: i64 },
    Delete { variant: u64, location: u64 },
    Fail(usize),
    Clamp(usize),
    Poison(u64),
    Purge,
    Pass(u64),
}

fn event() -> impl Strategy<Value = Event> {
    let variant = || 1..=VARIANTS;
    let location = || 1..=LOCATIONS;
    prop_oneof![
        4 => (variant(), 1..=VARIANTS, location())
            .prop_map(|(first, count, locations)| Event::Ask { first, count, locations }),
        1 => (variant(), 1..=VARIANTS).prop_map(|(first, count)| Event::AskAndLeave { first, count }),
        4 => (variant(), location(), -9_i64..99)
            .prop_map(|(variant, location, available)| Event::Change { variant, location, available }),
        1 => (variant(), location()).prop_map(|(variant, location)| Event::Delete { variant, location }),
        1 => (1_usize..3).prop_map(Event::Fail),
        // A clamp to another length may cut pages unnoticed for a while: see `sweeps.rs`.
        1 => (1_usize..=5).prop_map(|fifties| Event::Clamp(50 * fifties)),
        1 => variant().prop_map(Event::Poison),
        2 => proptest::strategy::Just(Event::Purge),
        4 => (0_u64..120).prop_map(Event::Pass),
    ]
}

/// Plays the events; every answer is held against what Haravan said between question and answer.
async fn play(events: Vec<Event>, seed: u64) {
    let setting = Setting::new(Fake::dense(VARIANTS, LOCATIONS).disorderly(seed))
        .with_bucket(BUCKET.into(), LEAK.into());
    // What Haravan had when the last purge came, by cell.
    let mut purged: BTreeMap<(u64, u64), i64> = BTreeMap::new();
    // The newest `updated_at` any answer showed, by cell: none may go back.
    let mut newest: BTreeMap<(u64, u64), i64> = BTreeMap::new();
    let mut waits = Vec::new();
    for event in events {
        match event {
            Event::Ask { first, count, locations } => {
                let last = (first + count - 1).min(VARIANTS);
                let load = setting.loader.load(lacks(first..=last, 1..=locations)).unwrap();
                let wanted = (last - first + 1) * locations;
                let deadline = Instant::now() + Duration::from_secs(600);
                waits.push((wanted, purged.clone(), tokio::spawn(load.finish(deadline))));
            }
            Event::AskAndLeave { first, count } => {
                let last = (first + count - 1).min(VARIANTS);
                drop(setting.loader.load(lacks(first..=last, 1..=LOCATIONS)));
            }
            Event::Change { variant, location, available } => setting.fake.set(variant, location, available),
            Event::Delete { variant, location } => setting.fake.delete(variant, location),
            Event::Fail(calls) => setting.fake.fail_next(calls),
            Event::Clamp(rows) => setting.fake.clamp_to(rows),
            Event::Poison(variant) => setting.fake.poison(variant),
            Event::Purge => {
                setting.loader.invalidate(&Purge::default());
                for variant in 1..=VARIANTS {
                    for location in 1..=LOCATIONS {
                        if let Some(row) = setting.fake.row(variant, location) {
                            purged.insert((variant, location), row.updated_at.nanoseconds());
                        }
                    }
                }
            }
            Event::Pass(milliseconds) => {
                // Moments move with the paused clock.
                tokio::time::sleep(Duration::from_millis(milliseconds)).await;
            }
        }
        // What the cache would serve now never goes back in time.
        for variant in 1..=VARIANTS {
            let entry = setting.cache.get(crate::domain::id::VariantId::new(variant).unwrap());
            let Some(entry) = entry else { continue };
            for packed in entry.cells().iter().filter(|packed| !packed.is_purged()) {
                let Some(row) = entry.lent(packed).to_cell().into_row() else { continue };
                let place = (variant, packed.loc_id().get());
                let seen = newest.entry(place).or_insert(i64::MIN);
                let now = row.updated_at.nanoseconds();
                assert!(*seen <= now, "cell {place:?} went back from {seen} to {now}");
                *seen = now;
            }
        }
    }
    for (wanted, purged, wait) in waits {
        let loaded = wait.await.unwrap();
        for (place, row) in cells(&loaded) {
            let (Some(row), Some(purged)) = (row, purged.get(&place)) else { continue };
            let found = row.updated_at.nanoseconds();
            assert!(
                *purged <= found,
                "cell {place:?} was read before the purge that came before the question"
            );
        }
        let known = u64::try_from(cells(&loaded).len()).unwrap();
        let missing = u64::try_from(loaded.missing.len()).unwrap();
        // Entries may hold cells that were not asked for: what was asked is there, or said to be missing.
        assert!(wanted <= known + missing, "{wanted} asked, {known} known, {missing} missing");
    }
    // When all is calm, a fresh question is answered with exactly what Haravan has.
    setting.fake.fail_next(0);
    setting.fake.cure();
    tokio::time::sleep(Duration::from_secs(700)).await;
    setting.loader.invalidate(&Purge::default());
    tokio::time::sleep(Duration::from_millis(2)).await;
    let load = setting.loader.load(lacks(1..=VARIANTS, 1..=LOCATIONS)).unwrap();
    let loaded = load.finish(Instant::now() + Duration::from_secs(600)).await;
    assert_eq!(loaded.missing, []);
    hold_against_the_bucket(&setting.fake.sent());
    let answered = cells(&loaded);
    for variant in 1..=VARIANTS {
        for location in 1..=LOCATIONS {
            let place = (variant, location);
            assert_eq!(answered[&place], setting.fake.row(variant, location), "{place:?}");
        }
    }
}

/// In no interval were more calls sent than the bucket has places and leaks meanwhile.
fn hold_against_the_bucket(sent: &[Instant]) {
    for (first, start) in sent.iter().enumerate() {
        for (last, end) in sent.iter().enumerate().skip(first) {
            let leaked = (*end - *start).as_millis() * u128::from(LEAK) / 1_000;
            let calls = u128::try_from(last - first + 1).unwrap();
            // One more: the paused clock counts in whole milliseconds.
            assert!(calls <= u128::from(BUCKET) + leaked + 1, "{calls} calls, {leaked} places had leaked");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_cell_goes_back_no_purge_is_forgotten_no_bucket_overflows_and_calm_answers_equal_haravan(
        events in proptest::collection::vec(event(), 1..60),
        seed in 0_u64..1_000_000,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(play(events, seed));
    }
}
