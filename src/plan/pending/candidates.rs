//! Which variants may share the next tile.

use super::outline::wide_locations;
use super::{CallerTurns, Candidate, Pending, Priority, Question, Waiter};
use crate::domain::id::VariantId;
use crate::plan::density::Density;
use crate::plan::{MAX_IDS, Tile};

/// Rows looked at, beyond those taken, when a tile is chosen.
pub(super) const LOOKAHEAD: usize = 256;

/// The search for a tile's variants.
struct Search {
    found: Vec<Candidate>,
    looked_at: usize,
}

impl Search {
    fn is_over(&self) -> bool {
        MAX_IDS <= self.found.len() || LOOKAHEAD <= self.looked_at
    }
}

/// The places of a list of this length, the last before the others: what gave the seed was moved there.
fn last_first(length: usize) -> impl Iterator<Item = usize> {
    let last = length.checked_sub(1);
    last.into_iter().chain(0..last.unwrap_or_default())
}

impl<W: Waiter> Pending<W> {
    /// All that waits, if one call can ask for it and no plan takes fewer calls.
    pub(super) fn whole(&mut self, density: &Density, shares: impl Fn(VariantId) -> bool) -> Option<Tile> {
        let callers = || self.rows.values().flat_map(|row| &row.wants).map(|want| want.waiter.caller());
        let one_caller = || callers().is_sorted_by(|left, right| left == right);
        if MAX_IDS < self.rows.len() || !(self.rows.keys().all(|id| shares(*id)) || one_caller()) {
            return None;
        }
        let mut variants: Vec<VariantId> = self.rows.keys().copied().collect();
        variants.sort_unstable();
        let candidates: Vec<Candidate> =
            variants.into_iter().filter_map(|id| Some((id, self.wanted(id)?))).collect();
        let locations = wide_locations(&candidates)?;
        let variants: Vec<VariantId> = candidates.into_iter().map(|(id, _)| id).collect();
        let tile = Tile { variants, locations };
        density.pays_whole(tile.variants.len(), tile.locations.len()).then_some(tile)
    }

    /// The variants that might share a tile with the seed, the seed first: its own question's, then its caller's,
    /// then the others'.
    pub(super) fn candidates(
        &mut self,
        priority: Priority,
        seed: Candidate,
        shares: &impl Fn(VariantId) -> bool,
    ) -> Vec<Candidate> {
        let own = self.turns.of(priority).back().map(|turns| turns.caller);
        let seed_shares = shares(seed.0);
        let mut search = Search { found: vec![seed], looked_at: 0 };
        let lower = Priority::ALL.into_iter().filter(|other| *other != priority);
        for priority in std::iter::once(priority).chain(lower) {
            let mut turns = std::mem::take(self.turns.of_mut(priority));
            for at in last_first(turns.len()) {
                let Some(turns) = turns.get_mut(at).filter(|_| !search.is_over()) else { continue };
                let is_own = Some(turns.caller) == own;
                if is_own || seed_shares {
                    self.search_turns(turns, &mut search, |variant_id| is_own || shares(variant_id));
                }
            }
            turns.retain(|turns| !turns.questions.is_empty());
            *self.turns.of_mut(priority) = turns;
        }
        search.found
    }

    fn search_turns(
        &mut self,
        turns: &mut CallerTurns,
        search: &mut Search,
        may_join: impl Fn(VariantId) -> bool,
    ) {
        for at in last_first(turns.questions.len()) {
            if search.is_over() {
                break;
            }
            if let Some(question) = turns.questions.get_mut(at) {
                self.search_question(question, search, &may_join);
            }
        }
        turns.questions.retain(|question| !question.is_empty());
    }

    /// Looks through one question, and drops from it what was served meanwhile: each is dropped only once, so that
    /// costs no more than adding it did.
    fn search_question(
        &mut self,
        question: &mut Question,
        search: &mut Search,
        may_join: impl Fn(VariantId) -> bool,
    ) {
        search.looked_at += 1;
        let mut kept = Vec::new();
        while !search.is_over() {
            let Some(variant_id) = question.pop_front() else { break };
            if !may_join(variant_id) || search.found.iter().any(|(found, _)| *found == variant_id) {
                kept.push(variant_id);
            } else if let Some(locations) = self.wanted(variant_id) {
                kept.push(variant_id);
                search.found.push((variant_id, locations));
            } else {
                continue;
            }
            search.looked_at += 1;
        }
        for variant_id in kept.into_iter().rev() {
            question.push_front(variant_id);
        }
    }
}
