//! The search against a Haravan that refuses ids.

use std::collections::BTreeSet;

use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

use super::Search;
use crate::domain::id::{LocationId, VariantId};
use crate::plan::Tile;
use crate::plan::refusal::Refusals;

fn tile(variants: u64, locations: u64) -> Tile {
    Tile {
        variants: (1..=variants).map(|id| VariantId::new(id).unwrap()).collect(),
        locations: (1..=locations).map(|id| LocationId::new(id).unwrap()).collect(),
    }
}

struct Trial {
    refusals: Refusals,
    answered: BTreeSet<(u64, u64)>,
    calls: usize,
}

/// Searches a tile against a Haravan that refuses these ids.
fn trial(tile: Tile, bad_variants: &BTreeSet<u64>, bad_locations: &BTreeSet<u64>) -> Trial {
    let search = Search::new(&tile, |_| false, |_| false);
    carry_out(search, bad_variants, bad_locations)
}

/// Carries a search out against a Haravan that refuses these ids.
fn carry_out(mut search: Search, bad_variants: &BTreeSet<u64>, bad_locations: &BTreeSet<u64>) -> Trial {
    let mut answered = BTreeSet::new();
    let mut calls = 0;
    while let Some(tile) = search.next_tile() {
        calls += 1;
        assert!(calls <= 10_000, "the search does not end");
        let bad = tile.variants.iter().any(|id| bad_variants.contains(&id.get()))
            || tile.locations.iter().any(|id| bad_locations.contains(&id.get()));
        if bad {
            search.refused();
        } else {
            for variant in &tile.variants {
                answered.extend(tile.locations.iter().map(|location| (variant.get(), location.get())));
            }
            search.accepted();
        }
    }
    Trial { refusals: search.refusals(), answered, calls }
}

#[track_caller]
fn check(size: (u64, u64), bad_variants: &[u64], bad_locations: &[u64], most_calls: usize) {
    let (bad_variants, bad_locations) =
        (bad_variants.iter().copied().collect(), bad_locations.iter().copied().collect());
    let trial = trial(tile(size.0, size.1), &bad_variants, &bad_locations);
    let context = format!("{bad_variants:?}, {bad_locations:?}: {} calls", trial.calls);
    assert_eq!(
        trial.refusals.variants.iter().map(|id| id.get()).collect::<BTreeSet<_>>(),
        bad_variants,
        "{context}"
    );
    assert_eq!(
        trial.refusals.locations.iter().map(|id| id.get()).collect::<BTreeSet<_>>(),
        bad_locations,
        "{context}"
    );
    assert_eq!(trial.refusals.cells.len(), 0, "{context}");
    assert!(trial.calls <= most_calls, "{context}");
}

#[test]
fn one_bad_variant_among_fifty_is_found_in_a_few_calls() {
    for bad in 1..=50 {
        check((50, 5), &[bad], &[], 12);
    }
}

#[test]
fn one_bad_location_is_found_without_halving_every_variant() {
    for bad in 1..=24 {
        check((50, 24), &[], &[bad], 20);
    }
}

#[test]
fn several_bad_ids_are_all_found() {
    check((50, 24), &[3, 17, 50], &[], 46);
    check((50, 24), &[3, 17], &[5], 55);
    check((2, 1), &[1], &[], 3);
}

#[test]
fn the_axes_are_told_apart_once_something_was_accepted() {
    let bad: Vec<u64> = (1..=40).collect();
    check((50, 50), &bad, &[], 50 + 50);
    check((50, 50), &[], &bad, 50 + 50);
    check((50, 50), &bad, &(11..=50).collect::<Vec<_>>(), 2 * (50 + 50));
}

#[test]
fn what_others_learnt_spares_calls() {
    let asked = |learnt: bool| {
        let mut search = Search::new(&tile(50, 5), |_| false, |location| location.get() == 1);
        let mut calls = 0;
        if learnt {
            let refusals = Refusals { variants: [VariantId::new(7).unwrap()].into(), ..Refusals::default() };
            search.learn(&refusals, |_| false, |_| false);
        }
        while let Some(tile) = search.next_tile() {
            calls += 1;
            if tile.variants.iter().any(|id| id.get() == 7) { search.refused() } else { search.accepted() }
        }
        calls
    };
    assert!(asked(false) <= 12);
    assert!(asked(true) < asked(false));
}

#[test]
fn an_id_that_was_accepted_before_and_is_refused_now_is_told_from_those_that_were_never_asked() {
    for known in 1..=3 {
        let search = Search::new(&tile(4, 3), |variant| variant.get() <= known, |_| true);
        let trial = carry_out(search, &BTreeSet::new(), &BTreeSet::from([2]));
        assert!(trial.refusals.variants.is_empty(), "{:?}", trial.refusals);
        assert_eq!(trial.refusals.locations, BTreeSet::from([LocationId::new(2).unwrap()]));
        assert_eq!(trial.answered.len(), 8, "{known} known");
    }
}

#[test]
fn what_rests_on_ids_that_nobody_has_seen_accepted_is_not_told() {
    let search = Search::new(&tile(3, 2), |_| false, |_| true);
    let trial = carry_out(search, &BTreeSet::new(), &BTreeSet::from([1, 2]));
    assert!(trial.refusals.variants.is_empty(), "{:?}", trial.refusals);
    assert_eq!(trial.refusals.cells.len(), 6);
}

#[test]
fn a_lone_cell_of_two_suspects_is_refused_as_a_cell() {
    let trial = trial(tile(1, 1), &BTreeSet::from([1]), &BTreeSet::new());
    assert_eq!((trial.refusals.cells.len(), trial.calls), (1, 0));
}

proptest! {
    #[test]
    fn every_cell_of_good_ids_is_answered_and_no_other_is(
        (variants, locations) in (1_u64..=50, 1_u64..=50),
        bad_variants in proptest::collection::btree_set(1_u64..=50, 0..4),
        bad_locations in proptest::collection::btree_set(1_u64..=50, 0..3),
    ) {
        let bad_inside = bad_variants.iter().any(|id| *id <= variants) || bad_locations.iter().any(|id| *id <= locations);
        if bad_inside {
            let trial = trial(tile(variants, locations), &bad_variants, &bad_locations);
            for variant in 1..=variants {
                for location in 1..=locations {
                    let good = !bad_variants.contains(&variant) && !bad_locations.contains(&location);
                    prop_assert_eq!(trial.answered.contains(&(variant, location)), good);
                }
            }
            prop_assert!(trial.refusals.variants.iter().all(|id| bad_variants.contains(&id.get())));
            prop_assert!(trial.refusals.locations.iter().all(|id| bad_locations.contains(&id.get())));
        }
    }
}
