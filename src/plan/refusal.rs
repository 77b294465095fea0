//! Finding the ids that Haravan refuses: a 422 spoils a whole call, so the tile is halved until they stand alone.
//!
//! A state machine without I/O: ask [`Bisection::next_tile`] for a tile, call, and say how it went. What is learnt from
//! one part spares calls for the others: an id that was accepted is no suspect, one that was refused is left out,
//! and where one half was accepted the other is bound to be refused.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use super::Tile;
use crate::domain::cell::CellId;
use crate::domain::id::{LocationId, VariantId};

/// Ids that Haravan refuses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refusals {
    /// Variants.
    pub variants: BTreeSet<VariantId>,
    /// Locations.
    pub locations: BTreeSet<LocationId>,
    /// Cells one of whose ids is refused, and nobody can tell which.
    pub cells: BTreeSet<CellId>,
}

impl Refusals {
    /// Adds what another search found.
    pub fn extend(&mut self, other: Self) {
        self.variants.extend(other.variants);
        self.locations.extend(other.locations);
        self.cells.extend(other.cells);
    }

    /// Whether a cell cannot be asked for.
    #[must_use]
    pub fn concern(&self, cell: CellId) -> bool {
        self.variants.contains(&cell.variant_id)
            || self.locations.contains(&cell.loc_id)
            || self.cells.contains(&cell)
    }
}

/// The search for the refused ids of one tile.
#[derive(Debug)]
pub struct Bisection {
    queue: VecDeque<Step>,
    accepted_variants: BTreeSet<VariantId>,
    accepted_locations: BTreeSet<LocationId>,
    refusals: Refusals,
    asked: Option<Part>,
    /// The other half of what was asked, if that was a whole half: bound to be refused if it is accepted.
    sibling: Option<Part>,
}

#[derive(Debug)]
enum Step {
    /// Ask this.
    One(Part),
    /// Ask the first; if it is accepted, the second is bound to be refused.
    Halves(Part, Part),
    /// This was refused, or is bound to be: divide it, as late as possible, when more is known.
    Divide(Part),
}

#[derive(Debug, Clone)]
struct Part {
    tile: Tile,
    /// The axis that was halved to make it: the axes take turns.
    halved: Option<Axis>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Axis {
    Variants,
    Locations,
}

impl Bisection {
    /// Starts with a tile that was just refused. Ids that Haravan accepted before are no suspects.
    #[must_use]
    pub fn new(
        refused: Tile,
        accepted_variants: BTreeSet<VariantId>,
        accepted_locations: BTreeSet<LocationId>,
    ) -> Self {
        let all_accepted = refused.variants.iter().all(|id| accepted_variants.contains(id))
            && refused.locations.iter().all(|id| accepted_locations.contains(id));
        let mut bisection = Self {
            queue: VecDeque::new(),
            // All were accepted once, and yet: trust none of them.
            accepted_variants: if all_accepted { BTreeSet::new() } else { accepted_variants },
            accepted_locations: if all_accepted { BTreeSet::new() } else { accepted_locations },
            refusals: Refusals::default(),
            asked: None,
            sibling: None,
        };
        bisection.queue.push_back(Step::Divide(Part { tile: refused, halved: None }));
        bisection
    }

    /// The next tile to ask, less what is known to be refused; none when all is found.
    pub fn next_tile(&mut self) -> Option<Tile> {
        while let Some(step) = self.queue.pop_front() {
            match step {
                Step::One(part) => {
                    if let Some(part) = self.without_refused(&part) {
                        return Some(self.ask_now(part, None));
                    }
                }
                Step::Halves(first, second) => match self.without_refused(&first) {
                    Some(part) if part.tile == first.tile => return Some(self.ask_now(part, Some(second))),
                    part => {
                        // What was left out of the first may be all that was wrong: nothing follows for the second.
                        self.queue.push_front(Step::One(second));
                        self.queue.extend(part.map(Step::One));
                    }
                },
                Step::Divide(part) => match self.without_refused(&part) {
                    Some(same) if same.tile == part.tile => self.divide(part),
                    rest => self.queue.extend(rest.map(Step::One)),
                },
            }
        }
        None
    }

    /// The tile was answered.
    pub fn accepted(&mut self) {
        let Some(part) = self.asked.take() else { return };
        self.accepted_variants.extend(&part.tile.variants);
        self.accepted_locations.extend(part.tile.locations.iter());
        if let Some(sibling) = self.sibling.take() {
            self.queue.push_front(Step::Divide(sibling));
        }
    }

    /// The tile was refused.
    pub fn refused(&mut self) {
        if let Some(sibling) = self.sibling.take() {
            self.queue.push_front(Step::One(sibling));
        }
        self.queue.extend(self.asked.take().map(Step::Divide));
    }

    /// The tile was neither answered nor refused, and will not be asked again.
    pub fn given_up(&mut self) {
        self.asked = None;
        self.queue.extend(self.sibling.take().map(Step::One));
    }

    /// What was found.
    #[must_use]
    pub fn into_refusals(mut self) -> Refusals {
        // Of a lone cell with two suspects, what was learnt since may clear one.
        for cell in std::mem::take(&mut self.refusals.cells) {
            let variant_is_good = self.accepted_variants.contains(&cell.variant_id);
            let location_is_good = self.accepted_locations.contains(&cell.loc_id);
            match (variant_is_good, location_is_good) {
                (true, false) => {
                    self.refusals.locations.insert(cell.loc_id);
                }
                (false, true) => {
                    self.refusals.variants.insert(cell.variant_id);
                }
                _ => {
                    self.refusals.cells.insert(cell);
                }
            }
        }
        self.refusals
    }

    fn ask_now(&mut self, part: Part, sibling: Option<Part>) -> Tile {
        let tile = part.tile.clone();
        self.asked = Some(part);
        self.sibling = sibling;
        tile
    }

    /// The part less the ids known to be refused; none if nothing is left.
    fn without_refused(&self, part: &Part) -> Option<Part> {
        let Part { mut tile, halved } = part.clone();
        tile.variants.retain(|id| !self.refusals.variants.contains(id));
        if tile.locations.iter().any(|id| self.refusals.locations.contains(id)) {
            tile.locations =
                tile.locations.iter().copied().filter(|id| !self.refusals.locations.contains(id)).collect();
        }
        (0 < tile.cells()).then_some(Part { tile, halved })
    }

    /// Queues what to ask instead of a part that is, or is bound to be, refused.
    fn divide(&mut self, part: Part) {
        let Part { tile, halved } = part;
        let (good_variants, bad_variants) =
            partition(&tile.variants, |id| self.accepted_variants.contains(&id));
        let (good_locations, bad_locations) =
            partition(&tile.locations, |id| self.accepted_locations.contains(&id));
        match (bad_variants.as_slice(), bad_locations.as_slice()) {
            ([variant], []) => {
                self.refusals.variants.insert(*variant);
                self.ask(good_variants, tile.locations.to_vec(), halved);
                return;
            }
            ([], [location]) => {
                self.refusals.locations.insert(*location);
                self.ask(tile.variants, good_locations, halved);
                return;
            }
            _ => {}
        }
        let locations = || tile.locations.to_vec();
        let by_variants = halves(&good_variants, &bad_variants);
        let by_locations = halves(&good_locations, &bad_locations);
        let halves = match (by_variants, by_locations) {
            (Some(_), Some((first, second))) if halved == Some(Axis::Variants) => Some((
                part_of(tile.variants.clone(), first, Axis::Locations),
                part_of(tile.variants.clone(), second, Axis::Locations),
            )),
            (Some((first, second)), _) => Some((
                part_of(first, locations(), Axis::Variants),
                part_of(second, locations(), Axis::Variants),
            )),
            (None, Some((first, second))) => Some((
                part_of(tile.variants.clone(), first, Axis::Locations),
                part_of(tile.variants.clone(), second, Axis::Locations),
            )),
            (None, None) => None,
        };
        match halves {
            Some((first, second)) => self.queue.push_back(Step::Halves(first, second)),
            None => self.refuse_cells(&tile),
        }
    }

    /// A tile that cannot be halved is a single cell, or one whose ids are all cleared: refused as it stands.
    fn refuse_cells(&mut self, tile: &Tile) {
        for variant_id in &tile.variants {
            for loc_id in tile.locations.iter() {
                self.refusals.cells.insert(CellId { variant_id: *variant_id, loc_id: *loc_id });
            }
        }
    }

    fn ask(&mut self, variants: Vec<VariantId>, locations: Vec<LocationId>, halved: Option<Axis>) {
        if !variants.is_empty() && !locations.is_empty() {
            let tile = Tile { variants, locations: Arc::from(locations) };
            self.queue.push_back(Step::One(Part { tile, halved }));
        }
    }
}

fn part_of(variants: Vec<VariantId>, locations: Vec<LocationId>, axis: Axis) -> Part {
    Part { tile: Tile { variants, locations: Arc::from(locations) }, halved: Some(axis) }
}

/// The good ids with half of the bad ones, and the other half; none if that leaves one of them empty.
fn halves<I: Copy + Ord>(good: &[I], bad: &[I]) -> Option<(Vec<I>, Vec<I>)> {
    let (left, right) = bad.split_at(bad.len() / 2);
    let mut first = [good, left].concat();
    first.sort_unstable();
    (!first.is_empty() && !right.is_empty()).then(|| (first, right.to_vec()))
}

fn partition<I: Copy>(ids: &[I], accepted: impl Fn(I) -> bool) -> (Vec<I>, Vec<I>) {
    ids.iter().partition(|id| accepted(**id))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

    use super::{Bisection, Refusals};
    use crate::domain::id::{LocationId, VariantId};
    use crate::plan::Tile;

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

    /// Bisects a tile against a Haravan that refuses these ids.
    fn bisect(tile: Tile, bad_variants: &BTreeSet<u64>, bad_locations: &BTreeSet<u64>) -> Trial {
        let mut bisection = Bisection::new(tile, BTreeSet::new(), BTreeSet::new());
        let mut answered = BTreeSet::new();
        let mut calls = 0;
        while let Some(tile) = bisection.next_tile() {
            calls += 1;
            assert!(calls <= 10_000, "the search does not end");
            let bad = tile.variants.iter().any(|id| bad_variants.contains(&id.get()))
                || tile.locations.iter().any(|id| bad_locations.contains(&id.get()));
            if bad {
                bisection.refused();
            } else {
                for variant in &tile.variants {
                    answered.extend(tile.locations.iter().map(|location| (variant.get(), location.get())));
                }
                bisection.accepted();
            }
        }
        Trial { refusals: bisection.into_refusals(), answered, calls }
    }

    #[track_caller]
    fn check(size: (u64, u64), bad_variants: &[u64], bad_locations: &[u64], most_calls: usize) {
        let (bad_variants, bad_locations) =
            (bad_variants.iter().copied().collect(), bad_locations.iter().copied().collect());
        let trial = bisect(tile(size.0, size.1), &bad_variants, &bad_locations);
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
    fn a_lone_cell_of_two_suspects_is_refused_as_a_cell() {
        let trial = bisect(tile(1, 1), &BTreeSet::from([1]), &BTreeSet::new());
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
                let trial = bisect(tile(variants, locations), &bad_variants, &bad_locations);
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
}
