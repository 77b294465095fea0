//! What stays resident, what is counted, and what a purge reaches.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::{Just, ProptestConfig, Strategy, prop_assert, prop_assert_eq, prop_oneof, proptest};

use super::Cache;
use crate::cache::Purge;
use crate::cache::entry::{Finding, Observation, VariantCells};
use crate::cache::order::CallTimes;
use crate::clock::Moment;
use crate::domain::id::{LocationId, VariantId};
use crate::haravan::parse_row;

fn variant(id: u64) -> VariantId {
    VariantId::new(id).unwrap()
}

/// A row of a variant at a location that was observed at this millisecond.
fn observed(id: u64, loc_id: u64, at: u64, available: i64) -> Observation {
    let row = parse_row(&format!(
        r#"{{"id":{loc_id},"loc_id":{loc_id},"product_id":9,"variant_id":{id},"qty_onhand":0,"qty_commited":0,"qty_incoming":0,"qty_available":{available},"updated_at":"2021-07-08T01:00:00Z"}}"#
    ));
    let finding = Finding::Row(Box::new(row.unwrap()));
    let call = CallTimes::at(Moment::from_millis(at));
    Observation { loc_id: LocationId::new(loc_id).unwrap(), finding, call }
}

fn hold(cache: &Cache, id: u64, locations: u64, available: i64) -> Arc<VariantCells> {
    cache.merge(variant(id), (1..=locations).map(|loc_id| observed(id, loc_id, 1, available)).collect())
}

/// What is held by a look at every entry: cells, rows below zero, and bytes at least.
fn found(cache: &Cache) -> (u64, u64) {
    let cells = cache.entries().map(|entry| entry.cells().len()).sum::<usize>();
    let negative = cache.entries().map(|entry| entry.negative_rows()).sum::<usize>();
    (u64::try_from(cells).unwrap(), u64::try_from(negative).unwrap())
}

#[test]
fn the_bound_holds_after_every_merge() {
    for spread in [1, 7, 1_000] {
        let bound = 256 << 10;
        let cache = Cache::new(bound, 0);
        for number in 1..=1_500 {
            hold(&cache, number * spread, number % 30 + 1, -1);
            assert!(
                cache.residents().bytes() <= bound,
                "{} bytes after {number} variants",
                cache.residents().bytes()
            );
        }
        assert!(bound / 2 < cache.residents().bytes(), "{} bytes", cache.residents().bytes());
        assert_eq!(found(&cache), (cache.residents().cells(), cache.residents().negative_rows()));
        let oversold: usize = cache.entries().filter(|entry| entry.worst_shortage().is_some()).count();
        assert_eq!(cache.residents().oversold_variants(), oversold);
    }
}

#[test]
fn what_is_asked_for_again_and_again_outlives_a_flood() {
    let cache = Cache::new(512 << 10, 0);
    for id in (16..=1_600).step_by(16) {
        hold(&cache, id, 5, 1);
    }
    for flood in 0..4_000_u64 {
        hold(&cache, 1_000_000 + flood * 16, 5, 1);
        for id in (16..=1_600).step_by(16).filter(|_| flood % 50 == 0) {
            let _ = cache.get(variant(id));
        }
    }
    let kept = (16..=1_600).step_by(16).filter(|id| cache.get(variant(*id)).is_some()).count();
    assert!(80 < kept, "{kept} of 100 are kept");
}

#[test]
fn a_variant_at_very_many_locations_is_held_by_itself() {
    let cache = Cache::new(1 << 20, 0);
    for id in 32..48 {
        hold(&cache, id, 1_000, 1);
    }
    assert!(cache.residents().bytes() <= 1 << 20 && cache.get(variant(47)).is_some());
    hold(&cache, 40, 12_000, -1);
    assert_eq!(cache.get(variant(40)).map(|entry| entry.cells().len()), Some(12_000));
    assert_eq!(cache.residents().oversold_variants(), 1);
}

#[test]
fn a_purge_of_a_variant_leaves_its_neighbours() {
    let cache = Cache::new(1 << 20, 0);
    let versions: Vec<u64> = (32..48).map(|id| hold(&cache, id, 2, 1).version()).collect();
    let purge =
        Purge { variants: Some(Arc::from([variant(33), variant(40), variant(99)])).into(), locations: None };
    cache.purge(&purge, Moment::default());
    let mut reader = cache.reader();
    for (id, version) in (32..48).zip(versions) {
        let is_purged = id == 33 || id == 40;
        assert_eq!(reader.is_current(variant(id), version), !is_purged);
        let entry = reader.get(variant(id)).unwrap();
        assert!(entry.cells().iter().all(|cell| cell.is_purged() == is_purged));
    }
    assert!(cache.get(variant(99)).is_none());
}

#[test]
fn who_looks_while_bundles_are_split_finds_all_that_came_before() {
    let (cache, came) = (Cache::new(1 << 30, 0), AtomicU64::new(0));
    // Ids that come from all sides: 37 is prime to 1,009.
    let id_of = |number: u64| number * 37 % 1_009 + 1;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..1_000 {
                hold(&cache, id_of(number), 1, 1);
                came.store(number + 1, Ordering::Release);
            }
        });
        loop {
            let before = came.load(Ordering::Acquire);
            let mut reader = cache.reader();
            assert!((0..before).all(|number| reader.get(variant(id_of(number))).is_some()));
            let ids: Vec<u64> = cache.entries().map(|entry| entry.variant_id().get()).collect();
            assert!(ids.is_sorted_by(|one, next| one < next));
            assert!((0..before).all(|number| ids.binary_search(&id_of(number)).is_ok()));
            if before == 1_000 {
                break;
            }
        }
    });
}

/// Something that happens to a cache.
#[derive(Debug, Clone)]
enum Event {
    Merge { id: u64, loc_id: u64, available: i64 },
    Purge { id: Option<u64>, loc_id: Option<u64> },
}

fn event() -> impl Strategy<Value = Event> {
    let merge = (1_u64..60, 1_u64..4, -2_i64..3).prop_map(|(id, loc_id, available)| Event::Merge {
        id,
        loc_id,
        available,
    });
    let some = |ids: std::ops::Range<u64>| prop_oneof![Just(None), ids.prop_map(Some)];
    let purge = (some(1..60), some(1..4)).prop_map(|(id, loc_id)| Event::Purge { id, loc_id });
    prop_oneof![9 => merge, 1 => purge]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(50))]

    #[test]
    fn counts_and_versions_are_those_of_what_is_held(
        events in proptest::collection::vec(event(), 1..200),
        max_bytes in proptest::sample::select(vec![4_u64 << 10, 16 << 10, 1 << 20]),
    ) {
        let cache = Cache::new(max_bytes, 0);
        let mut last_versions = std::collections::HashMap::new();
        for (at, event) in (1..).zip(events) {
            let before = cache.changes();
            match event {
                Event::Merge { id, loc_id, available } => {
                    let entry = cache.merge(variant(id), vec![observed(id, loc_id, at, available)]);
                    prop_assert_eq!(entry.version(), cache.changes().count());
                    last_versions.insert(variant(id), entry.version());
                }
                Event::Purge { id, loc_id } => cache.purge(
                    &Purge {
                        variants: id.map(|id| Arc::from([variant(id)])).into(),
                        locations: loc_id.map(|id| Arc::from([LocationId::new(id).unwrap()])),
                    },
                    Moment::from_millis(at),
                ),
            }
            prop_assert!(before < cache.changes());
            prop_assert!(cache.residents().bytes() <= max_bytes);
            prop_assert_eq!(found(&cache), (cache.residents().cells(), cache.residents().negative_rows()));
            let oversold = cache.entries().filter(|entry| entry.worst_shortage().is_some()).count();
            prop_assert_eq!(cache.residents().oversold_variants(), oversold);
            prop_assert_eq!(cache.residents.directory().len(), cache.bundles.iter().count());
            for entry in cache.entries() {
                prop_assert!(last_versions[&entry.variant_id()] <= entry.version());
                prop_assert_eq!(cache.get(entry.variant_id()).map(|held| held.version()), Some(entry.version()));
            }
        }
    }
}
