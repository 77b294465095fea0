//! What a reader of the changes can know of a cache, and what it learns when it is too slow.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::{
    Just, ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest,
};

use super::{Change, Changed, FeedError, KEPT, MOST_NAMED};
use crate::cache::entry::{Finding, Observation};
use crate::cache::order::CallTimes;
use crate::cache::{Cache, Purge};
use crate::clock::Moment;
use crate::domain::cell::{Cell, CellId};
use crate::domain::id::{LocationId, VariantId};
use crate::haravan::parse_row;

fn cell(variant_id: u64, loc_id: u64) -> CellId {
    CellId { variant_id: VariantId::new(variant_id).unwrap(), loc_id: LocationId::new(loc_id).unwrap() }
}

/// Observes a cell: a row with this quantity, or no row.
fn observe(cache: &Cache, id: CellId, at: u64, available: Option<i64>) {
    let CellId { variant_id, loc_id } = id;
    let finding = available.map_or(Finding::NoRow, |available| {
        let row = parse_row(&format!(
            r#"{{"id":{loc_id},"loc_id":{loc_id},"product_id":9,"variant_id":{variant_id},"qty_onhand":0,"qty_commited":0,"qty_incoming":0,"qty_available":{available},"updated_at":"2021-07-08T01:00:00Z"}}"#
        ));
        Finding::Row(Box::new(row.unwrap()))
    });
    let call = CallTimes::at(Moment::from_millis(at));
    cache.merge(variant_id, vec![Observation { loc_id, finding, call }]);
}

/// The cells of a variant that may be served.
fn served(cache: &Cache, variant_id: VariantId) -> BTreeMap<CellId, Cell> {
    let Some(entry) = cache.get(variant_id) else { return BTreeMap::new() };
    let served = entry.cells().iter().filter(|cell| !cell.is_purged());
    served.map(|cell| (CellId { variant_id, loc_id: cell.loc_id() }, entry.lent(cell).to_cell())).collect()
}

/// Something that happens to a cache.
#[derive(Debug, Clone)]
enum Event {
    Observe(CellId, Option<i64>),
    Purge(Purge),
}

fn event() -> impl Strategy<Value = Event> {
    let observe = (1_u64..40, 1_u64..4, proptest::option::of(-1_i64..2))
        .prop_map(|(variant_id, loc_id, available)| Event::Observe(cell(variant_id, loc_id), available));
    let purge = (1_u64..40, 1_u64..4, any::<bool>(), any::<bool>()).prop_map(|(id, at, all, everywhere)| {
        let id = cell(id, at);
        Event::Purge(Purge {
            variants: (!all).then(|| Arc::from([id.variant_id])).into(),
            locations: (!everywhere).then(|| Arc::from([id.loc_id])),
        })
    });
    prop_oneof![9 => observe, 1 => purge, 1 => Just(Event::Purge(Purge::default()))]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn a_reader_that_follows_every_change_knows_what_may_be_served(
        events in proptest::collection::vec(event(), 1..80),
    ) {
        let cache = Cache::new(1 << 20, 0);
        let mut reader = cache.follow();
        let (mut known, mut last) = (BTreeMap::new(), reader.since());
        for (at, event) in (1..).zip(events) {
            match event {
                Event::Observe(id, available) => observe(&cache, id, at, available),
                Event::Purge(purge) => cache.purge(&purge, Moment::from_millis(at)),
            }
            while let Some(Change { number, changed }) = reader.try_next().unwrap() {
                prop_assert!(last < number && number <= cache.changes());
                last = number;
                match changed {
                    Changed::Purge(purge) => known.retain(|id: &CellId, _| !purge.concerns(id.variant_id, None, id.loc_id)),
                    Changed::Cells { variant_id, locations } => {
                        let served = served(&cache, variant_id);
                        for loc_id in locations.unwrap().iter() {
                            let id = CellId { variant_id, loc_id: *loc_id };
                            let cell = served.get(&id).cloned();
                            prop_assert!(cell != known.get(&id).cloned(), "only what differs is named");
                            cell.map(|cell| known.insert(id, cell));
                        }
                    }
                }
            }
            prop_assert_eq!(last, cache.changes());
        }
        let mut held = BTreeMap::new();
        for variant_id in (1..40).map(|id| VariantId::new(id).unwrap()) {
            held.extend(served(&cache, variant_id));
        }
        prop_assert_eq!(known, held);
    }
}

#[tokio::test]
async fn a_reader_that_lags_learns_how_much_it_lost_and_goes_on() {
    let cache = Cache::new(1 << 20, 0);
    let mut reader = cache.follow();
    let changes = u64::try_from(KEPT).unwrap() + 5;
    for at in 1..=changes {
        observe(&cache, cell(1, 1), at, Some(1));
    }
    assert_eq!(reader.next().await, Err(FeedError::Lagged(5)));
    assert_eq!(reader.next().await.unwrap().number.count(), 6);
    drop(cache);
    let rest = std::iter::from_fn(|| reader.try_next().ok().flatten()).count();
    assert_eq!((rest, reader.next().await), (KEPT - 1, Err(FeedError::Closed)));
}

#[test]
fn what_is_only_confirmed_names_no_location_and_what_is_too_much_none_either() {
    let cache = Cache::new(1 << 20, 0);
    let mut reader = cache.follow();
    let mut locations = |at| {
        let many = (1..=u64::try_from(MOST_NAMED).unwrap() + 1).map(|loc_id| Observation {
            loc_id: LocationId::new(loc_id).unwrap(),
            finding: Finding::NoRow,
            call: CallTimes::at(Moment::from_millis(at)),
        });
        cache.merge(VariantId::new(1).unwrap(), many.collect());
        match reader.try_next().unwrap().unwrap().changed {
            Changed::Cells { locations, .. } => locations.map(|locations| locations.len()),
            Changed::Purge(purge) => panic!("{purge:?}"),
        }
    };
    assert_eq!((locations(1), locations(2)), (None, Some(0)));
}

#[test]
fn a_cache_that_nothing_follows_keeps_no_changes() {
    let cache = Cache::new(1 << 20, 0);
    observe(&cache, cell(1, 1), 1, Some(1));
    assert!(!cache.feed.is_followed() && cache.feed.0.get().is_none());
    let reader = cache.follow();
    assert!(cache.feed.is_followed());
    drop(reader);
    assert!(!cache.feed.is_followed());
}
