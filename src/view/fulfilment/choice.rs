//! The choice of locations: the fewest that cover an order, and of those sets the most preferred.
//!
//! This is set cover with quantities, so no fast way is known that is always right. A greedy choice comes first: it
//! takes, again and again, the location that sends the most pieces of what is left (then the most preferred one),
//! and drops in the end what has become superfluous, the least preferred first. Then all sets are searched, smallest
//! size first and in the order of preference, from the size below which some variant alone cannot be covered up to
//! the size of the greedy choice. Two rules cut the search short without losing anything: what is left of each
//! variant must be within reach of its best suppliers that remain; and a location that sends no more, of any
//! variant, than one that failed in its stead need not be tried.
//!
//! The search does a fixed amount of work at most, counted in quantities looked at and not in time, so that the same
//! cells make the same plan. When that is used up, the greedy choice stands.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::supply::{Source, Supply};
use crate::coop::Pieces;
use crate::domain::quantity::Quantity;

/// The work that a search may do, in quantities looked at. Source: ours; a test shows 20 locations of 20 variants
/// searched to the end within it.
pub(super) const WORK: u64 = 1_000_000;

/// Quantities looked at at a stretch. Source: ours; some 300 µs of work.
const PIECE: usize = 8_192;

/// The largest set that is searched for: it bounds the recursion. Source: ours.
const MAX_SEARCHED: usize = 32;

/// The locations that are to send an order.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Choice {
    /// Their places, ascending; each is needed.
    pub(super) places: Vec<usize>,
    /// Whether it is known that fewer would not do.
    pub(super) proven_fewest: bool,
}

/// The work that was allowed is done.
#[derive(Debug)]
struct Exhausted;

/// A search for a set of a given size.
#[derive(Debug)]
struct Search<'a> {
    supply: &'a Supply,
    /// What is left of each variant, after what the chosen places send.
    left: Vec<Quantity>,
    chosen: Vec<usize>,
    work: u64,
    pieces: Pieces,
}

/// Chooses from a supply that covers its demand.
pub(super) fn choose(supply: &Supply, work: u64) -> Choice {
    let greedy = greedy(supply);
    let mut search = Search::new(supply, work);
    let least = at_least(supply);
    for size in least..=greedy.len().min(MAX_SEARCHED) {
        match search.covers(0, size) {
            Ok(true) => return Choice { places: search.chosen, proven_fewest: true },
            Ok(false) => {}
            // Every smaller size was searched in vain.
            Err(Exhausted) => return Choice { proven_fewest: size == greedy.len(), places: greedy },
        }
    }
    Choice { proven_fewest: least == greedy.len(), places: greedy }
}

/// As many locations are needed as the variant needs that needs the most.
fn at_least(supply: &Supply) -> usize {
    let needed = supply.variants.iter().map(|variant| {
        let mut left = variant.quantity.clone();
        let needed = variant.suppliers.iter().take_while(|(quantity, _)| {
            let open = left.is_positive();
            left -= quantity;
            open
        });
        needed.count()
    });
    needed.max().unwrap_or(0)
}

/// A set that covers the demand, small but perhaps not the smallest.
fn greedy(supply: &Supply) -> Vec<usize> {
    let mut left = supply.demand();
    let mut ahead: BinaryHeap<(Quantity, Reverse<usize>)> = supply
        .sources
        .iter()
        .enumerate()
        .map(|(place, source)| (gain(source, &left), Reverse(place)))
        .collect();
    let mut chosen = Vec::new();
    let mut pieces = Pieces::of(PIECE);
    while let Some((_, Reverse(place))) = ahead.pop() {
        let Some(source) = supply.sources.get(place) else { continue };
        pieces.done(source.serves.len());
        // What was worked out earlier can only have become less, so the place that is ahead with its present gain is best.
        let today = (gain(source, &left), Reverse(place));
        if today.0.is_zero() {
            continue;
        }
        if ahead.peek().is_some_and(|next| today < *next) {
            ahead.push(today);
            continue;
        }
        supply.take(source, &mut left);
        chosen.push(place);
    }
    chosen.sort_unstable();
    without_superfluous(supply, chosen)
}

/// The pieces that a location could send of what is left.
fn gain(source: &Source, left: &[Quantity]) -> Quantity {
    let sent =
        source.serves.iter().map(|(variant, most)| left.get(*variant).map_or(most, |left| most.min(left)));
    sent.sum()
}

/// Drops, from the back, every place that the others can do without.
fn without_superfluous(supply: &Supply, mut chosen: Vec<usize>) -> Vec<usize> {
    let mut spare: Vec<Quantity> = supply.demand().into_iter().map(|quantity| -quantity).collect();
    let sources = chosen.iter().filter_map(|place| supply.sources.get(*place));
    for (variant, quantity) in sources.flat_map(|source| &source.serves) {
        if let Some(spare) = spare.get_mut(*variant) {
            *spare += quantity;
        }
    }
    chosen.reverse();
    chosen.retain(|place| {
        let Some(source) = supply.sources.get(*place) else { return false };
        let is_needed = |(variant, quantity): &(usize, Quantity)| {
            spare.get(*variant).is_none_or(|spare| spare < quantity)
        };
        if source.serves.iter().any(is_needed) {
            return true;
        }
        for (variant, quantity) in &source.serves {
            if let Some(spare) = spare.get_mut(*variant) {
                *spare -= quantity;
            }
        }
        false
    });
    chosen.reverse();
    chosen
}

impl<'a> Search<'a> {
    /// A search that may do this much work.
    fn new(supply: &'a Supply, work: u64) -> Self {
        Self { supply, left: supply.demand(), chosen: Vec::new(), work, pieces: Pieces::of(PIECE) }
    }

    /// Whether this number of places from `from` on covers what is left; if so, the first such set has been chosen. Fewer
    /// must be known not to.
    fn covers(&mut self, from: usize, picks: usize) -> Result<bool, Exhausted> {
        if self.left.iter().all(|left| left.is_zero()) {
            return Ok(true);
        }
        let supply = self.supply;
        let mut failed: Vec<Vec<(usize, Quantity)>> = Vec::new();
        for (place, source) in supply.sources.iter().enumerate().skip(from) {
            if !self.is_within_reach(place, picks)? {
                return Ok(false);
            }
            let taken = supply.take(source, &mut self.left);
            // Of a smallest set every member is needed.
            if !taken.is_empty() && !self.is_no_better(&taken, &failed)? {
                self.chosen.push(place);
                if self.covers(place.saturating_add(1), picks.saturating_sub(1))? {
                    return Ok(true);
                }
                self.chosen.pop();
            }
            self.give_back(&taken);
            failed.push(taken);
        }
        Ok(false)
    }

    /// Whether for each variant alone this number of places from `from` on has what is left of it.
    fn is_within_reach(&mut self, from: usize, picks: usize) -> Result<bool, Exhausted> {
        let supply = self.supply;
        let mut looked_at = 0_u64;
        let mut reached = true;
        for (left, variant) in self.left.iter().zip(&supply.variants) {
            looked_at += 1;
            let mut left = left.clone();
            let mut picks = picks;
            let mut suppliers = variant.suppliers.iter();
            while left.is_positive()
                && 0 < picks
                && let Some((quantity, place)) = suppliers.next()
            {
                looked_at += 1;
                if from <= *place {
                    left -= quantity;
                    picks -= 1;
                }
            }
            if left.is_positive() {
                reached = false;
                break;
            }
        }
        self.spend(looked_at)?;
        Ok(reached)
    }

    /// Whether one of those that failed would have sent as much of every variant.
    fn is_no_better(
        &mut self,
        taken: &[(usize, Quantity)],
        failed: &[Vec<(usize, Quantity)>],
    ) -> Result<bool, Exhausted> {
        for other in failed {
            self.spend(u64::try_from(other.len()).unwrap_or(u64::MAX))?;
            let mut others = other.iter();
            let as_much = taken.iter().all(|(variant, quantity)| {
                let same = others.find(|(other, _)| variant <= other);
                same.is_some_and(|(other, most)| variant == other && quantity <= most)
            });
            if as_much {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn give_back(&mut self, taken: &[(usize, Quantity)]) {
        for (variant, quantity) in taken {
            if let Some(left) = self.left.get_mut(*variant) {
                *left += quantity;
            }
        }
    }

    fn spend(&mut self, work: u64) -> Result<(), Exhausted> {
        self.work = self.work.checked_sub(work).ok_or(Exhausted)?;
        self.pieces.done(usize::try_from(work).unwrap_or(usize::MAX));
        Ok(())
    }
}
