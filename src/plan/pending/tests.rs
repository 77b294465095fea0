//! Who is served when, and with whom a tile is shared.

use std::sync::Arc;

use super::{Chosen, Pending, Priority, Want, WantOwner};
use crate::domain::caller::CallerId;
use crate::domain::id::{LocationId, VariantId};
use crate::plan::density::Density;

/// Somebody who never leaves.
#[derive(Debug, Clone)]
struct Patient;

impl WantOwner for Patient {
    fn is_gone(&self) -> bool {
        false
    }

    fn want_was_split(&self) {}
}

/// Somebody who hung up.
#[derive(Debug, Clone)]
struct Leaver(bool);

impl WantOwner for Leaver {
    fn is_gone(&self) -> bool {
        self.0
    }

    fn want_was_split(&self) {}
}

fn locations(ids: impl IntoIterator<Item = u64>) -> Arc<[LocationId]> {
    ids.into_iter().map(|id| LocationId::new(id).unwrap()).collect()
}

fn grid<W: WantOwner>(
    waiter: &W,
    variants: impl IntoIterator<Item = u64>,
    locations: &Arc<[LocationId]>,
) -> Vec<(VariantId, Want<W>)> {
    let want = || Want { waiter: waiter.clone(), locations: Arc::clone(locations) };
    variants.into_iter().map(|id| (VariantId::new(id).unwrap(), want())).collect()
}

/// Drains the pending set and gives back each tile's (variants, locations).
fn drain<W: WantOwner>(pending: &mut Pending<W>, density: &Density) -> Vec<(usize, usize)> {
    std::iter::from_fn(|| pending.choose(density))
        .map(|chosen| (chosen.tile.variants.len(), chosen.tile.locations.len()))
        .collect()
}

#[test]
fn a_grid_is_asked_in_the_widest_tiles_while_nothing_is_known() {
    let mut pending = Pending::default();
    pending.add(Priority::Interactive, grid(&Patient, 1..=120, &locations(1..=60)));
    assert_eq!(pending.cells(), 7_200);
    let tiles = drain(&mut pending, &Density::default());
    assert_eq!(tiles.iter().map(|(variants, locations)| variants * locations).sum::<usize>(), 7_200);
    assert_eq!(tiles.len(), 6);
    assert_eq!(pending.cells(), 0);
}

#[test]
fn a_cell_that_waits_is_joined_not_asked_twice() {
    let mut pending = Pending::default();
    let five = locations(1..=5);
    assert_eq!(pending.add(Priority::Interactive, grid(&Patient, 1..=20, &five)), 0);
    assert_eq!(pending.add(Priority::Interactive, grid(&Patient, 11..=30, &five)), 50);
    assert_eq!(pending.add(Priority::Interactive, grid(&Patient, 30..=30, &locations(4..=6))), 2);
    let chosen = pending.choose(&Density::default()).unwrap();
    assert_eq!(chosen.tile.variants.len(), 30);
    assert_eq!(chosen.wants.iter().map(|(_, wants)| wants.len()).sum::<usize>(), 41);
    assert!(pending.is_empty());
}

#[test]
fn small_questions_fill_each_others_calls() {
    let mut pending = Pending::default();
    let five = locations(1..=5);
    for caller in 0..10 {
        pending.add(Priority::Interactive, grid(&Patient, caller * 10 + 1..=caller * 10 + 10, &five));
    }
    assert_eq!(drain(&mut pending, &Density::default()), [(50, 5), (50, 5)]);
}

#[test]
fn a_small_question_does_not_wait_behind_a_huge_one() {
    let mut pending = Pending::default();
    pending.add(Priority::Interactive, grid(&Patient, 1..=10_000, &locations(1..=24)));
    pending.add(Priority::Interactive, grid(&Patient, 20_001..=20_001, &locations(100..=149)));
    let small = VariantId::new(20_001).unwrap();
    let turns = (0..3).map(|_| pending.choose(&Density::default()).unwrap());
    assert!(turns.into_iter().any(|chosen| chosen.tile.variants.contains(&small)));
}

#[test]
fn refreshes_wait_for_callers_but_do_not_starve() {
    let mut pending = Pending::default();
    pending.add(Priority::Refresh, grid(&Patient, 100_001..=100_050, &locations(1..=50)));
    pending.add(Priority::Interactive, grid(&Patient, 1..=5_000, &locations(51..=100)));
    let order: Vec<Priority> =
        std::iter::from_fn(|| pending.choose(&Density::default())).map(|chosen| chosen.priority).collect();
    let first = order.iter().position(|priority| *priority == Priority::Refresh).unwrap();
    assert!((1..=16).contains(&first), "{first}");
}

#[test]
fn the_lowest_priority_gets_its_share_beside_both_others() {
    let mut pending = Pending::default();
    for (priority, first) in
        [(Priority::Mirror, 1), (Priority::Refresh, 10_001), (Priority::Interactive, 20_001)]
    {
        // Different locations: nobody's cells fit into another's tile.
        pending.add(priority, grid(&Patient, first..=first + 4_999, &locations(first..first + 50)));
    }
    let order: Vec<Priority> =
        (0..96).map(|_| pending.choose(&Density::default()).unwrap().priority).collect();
    let share = |priority| order.iter().filter(|chosen| **chosen == priority).count();
    assert_eq!((share(Priority::Interactive), share(Priority::Refresh), share(Priority::Mirror)), (90, 3, 3));
}

#[test]
fn nobody_is_asked_for_on_behalf_of_those_who_left() {
    let mut pending = Pending::default();
    let five = locations(1..=5);
    pending.add(Priority::Interactive, grid(&Leaver(true), 1..=20, &five));
    pending.add(Priority::Interactive, grid(&Leaver(false), 20..=30, &five));
    let chosen = pending.choose(&Density::default()).unwrap();
    assert_eq!(chosen.tile.variants.len(), 11);
    assert!(pending.choose(&Density::default()).is_none());
    assert_eq!(pending.cells(), 0);
}

#[test]
fn scattered_cells_share_tiles_where_that_is_cheaper() {
    let mut pending = Pending::default();
    let mut density = Density::default();
    density.learn(10_000, 1_000);
    for variant in 1..=50 {
        let two = locations([variant % 24 + 1, variant % 24 + 30]);
        pending.add(Priority::Interactive, grid(&Patient, [variant], &two));
    }
    let tiles = drain(&mut pending, &density);
    assert!(tiles.len() <= 2, "{tiles:?}");
}

#[test]
fn draining_is_linear() {
    let cost = |variants: u64| {
        let mut pending = Pending::default();
        let mut density = Density::default();
        density.learn(1_000, 1_000);
        pending.add(Priority::Interactive, grid(&Patient, 1..=variants, &locations(1..=24)));
        drain(&mut pending, &density).len()
    };
    assert_eq!(cost(1_000), 100);
    assert_eq!(cost(10_000), 1_000);
}

mod properties {
    use std::collections::BTreeSet;

    use proptest::prelude::{Strategy, prop_assert, prop_assert_eq, proptest};

    use super::{Density, Patient, Pending, Priority, grid, locations};
    use crate::plan::MAX_IDS;

    fn questions() -> impl Strategy<Value = Vec<(BTreeSet<u64>, BTreeSet<u64>, bool)>> {
        let ids = |most| proptest::collection::btree_set(1_u64..150, 1..most);
        proptest::collection::vec((ids(120), ids(90), proptest::bool::ANY), 1..8)
    }

    proptest! {
        #[test]
        fn every_wanted_cell_is_asked_exactly_once(questions in questions(), share in 0_usize..=100) {
            let mut pending = Pending::default();
            let mut density = Density::default();
            density.learn(1_000, share * 10);
            let mut wanted = BTreeSet::new();
            for (variants, places, urgent) in &questions {
                let priority = if *urgent { Priority::Interactive } else { Priority::Refresh };
                let joined = pending.add(priority, grid(&Patient, variants.iter().copied(), &locations(places.iter().copied())));
                let before = wanted.len();
                wanted.extend(variants.iter().flat_map(|variant| places.iter().map(move |place| (*variant, *place))));
                prop_assert_eq!(variants.len() * places.len() - joined, wanted.len() - before);
                prop_assert_eq!(pending.cells(), wanted.len());
            }
            let mut served = BTreeSet::new();
            let mut answers = 0;
            while let Some(chosen) = pending.choose(&density) {
                prop_assert!(chosen.tile.variants.len() <= MAX_IDS && chosen.tile.locations.len() <= MAX_IDS);
                prop_assert!(chosen.tile.variants.is_sorted() && chosen.tile.locations.is_sorted());
                for (variant, wants) in &chosen.wants {
                    let mut union = BTreeSet::new();
                    for want in wants {
                        for place in want.locations.iter() {
                            prop_assert!(chosen.tile.contains(*variant, *place));
                            union.insert((variant.get(), place.get()));
                            answers += 1;
                        }
                    }
                    for cell in union {
                        prop_assert!(served.insert(cell), "{cell:?} asked twice");
                    }
                }
            }
            prop_assert_eq!(&served, &wanted);
            let asked: usize = questions.iter().map(|(variants, places, _)| variants.len() * places.len()).sum();
            prop_assert_eq!(answers, asked);
            prop_assert_eq!(pending.cells(), 0);
            prop_assert!(pending.is_empty());
        }
    }
}

/// Somebody with a key.
#[derive(Debug, Clone)]
struct Keyed(u32);

impl WantOwner for Keyed {
    fn is_gone(&self) -> bool {
        false
    }

    fn want_was_split(&self) {}

    fn caller(&self) -> CallerId {
        CallerId::new(self.0)
    }
}

#[test]
fn callers_take_turns_however_many_questions_each_has() {
    let mut pending = Pending::default();
    let five = locations(1..=5);
    for question in 0..40 {
        let first = question * 50;
        pending.add(Priority::Interactive, grid(&Keyed(1), first + 1..=first + 50, &five));
    }
    pending.add(Priority::Interactive, grid(&Keyed(2), 90_001..=90_001, &locations(77..=77)));
    assert_eq!(pending.callers(), (Priority::Interactive, vec![CallerId::new(1), CallerId::new(2)]));
    let wants_of = |chosen: &Chosen<Keyed>, key: u32| {
        chosen.wants.iter().flat_map(|(_, wants)| wants).any(|want| want.waiter.0 == key)
    };
    assert!(!wants_of(&pending.choose(&Density::default()).unwrap(), 2));
    assert!(wants_of(&pending.choose(&Density::default()).unwrap(), 2));
    assert_eq!(pending.callers().1, [CallerId::new(1)]);
}

#[test]
fn the_caller_whose_turn_it_is_goes_first() {
    let mut pending = Pending::default();
    let five = locations(1..=5);
    for key in 1..=3 {
        let first = u64::from(key) * 1_000;
        pending.add(Priority::Interactive, grid(&Keyed(key), first..=first + 49, &five));
    }
    let chosen = pending.choose_for(Some(CallerId::new(3)), &Density::default(), |_| true).unwrap();
    assert_eq!(chosen.tile.variants[0].get(), 3_000);
    let chosen = pending.choose_for(Some(CallerId::new(9)), &Density::default(), |_| true).unwrap();
    assert_eq!(chosen.tile.variants[0].get(), 1_000);
}

#[test]
fn a_variant_that_may_be_refused_shares_no_tile_with_other_callers() {
    let (five, unknown) = (locations(1..=5), Density::default());
    let is_known = |id: VariantId| id.get() <= 50;
    for small in [1, 90] {
        let mut pending = Pending::default();
        pending.add(Priority::Interactive, grid(&Keyed(1), 100..=109, &five));
        pending.add(Priority::Interactive, grid(&Keyed(2), small..=small, &five));
        pending.add(Priority::Interactive, grid(&Keyed(3), [50, 110], &five));
        let tiles: Vec<Vec<u64>> =
            std::iter::from_fn(|| pending.choose_for(Some(CallerId::new(2)), &unknown, is_known))
                .map(|chosen| chosen.tile.variants.iter().map(|id| id.get()).collect())
                .collect();
        let first = if is_known(VariantId::new(small).unwrap()) { vec![1, 50] } else { vec![90] };
        assert_eq!(tiles[0], first, "accepted ids share tiles");
        assert_eq!(tiles[1], (100..=109).collect::<Vec<_>>());
        assert_eq!(tiles[2..].concat().iter().filter(|id| **id == 110).count(), 1);
    }
}
