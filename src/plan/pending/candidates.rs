//! Which variants may share the next tile.

use super::outline::wide_locations;
use super::priority::Priority;
use super::rows::{Candidate, Rows};
use super::turns::{CallerTurns, PendingQuestion, TurnQueue};
use super::want::WantOwner;
use crate::domain::id::VariantId;
use crate::plan::density::Density;
use crate::plan::{MAX_IDS, Tile};

/// Rows looked at, beyond those taken, when a tile is chosen.
pub(super) const LOOKAHEAD: usize = 256;

/// The search for a tile's variants among the rows that wait.
struct CandidateSearch<'a, W> {
    rows: &'a mut Rows<W>,
    found: Vec<Candidate>,
    looked_at: usize,
}

/// The places of a list of this length, the last before the others: the list's last gave the seed.
fn last_first(length: usize) -> impl Iterator<Item = usize> {
    let last = length.checked_sub(1);
    last.into_iter().chain(0..last.unwrap_or_default())
}

/// All that waits, if one call can ask for it and no plan takes fewer calls.
pub(super) fn whole<W: WantOwner>(
    rows: &mut Rows<W>,
    density: &Density,
    shares: impl Fn(VariantId) -> bool,
) -> Option<Tile> {
    if MAX_IDS < rows.len() || !(rows.variants().all(shares) || rows.are_one_callers()) {
        return None;
    }
    let mut variants: Vec<VariantId> = rows.variants().collect();
    variants.sort_unstable();
    let candidates: Vec<Candidate> =
        variants.into_iter().filter_map(|id| Some((id, rows.wanted(id)?))).collect();
    let locations = wide_locations(&candidates)?;
    let variants: Vec<VariantId> = candidates.into_iter().map(|(id, _)| id).collect();
    let tile = Tile { variants, locations };
    density.pays_whole(tile.variants.len(), tile.locations.len()).then_some(tile)
}

/// The variants that might share a tile with the seed, the seed first: its own question's, then its caller's, then the
/// others'.
pub(super) fn candidates<W: WantOwner>(
    queue: &mut TurnQueue,
    rows: &mut Rows<W>,
    (priority, seed): (Priority, Candidate),
    shares: &impl Fn(VariantId) -> bool,
) -> Vec<Candidate> {
    let own = queue.last_caller(priority);
    let seed_shares = shares(seed.0);
    let mut search = CandidateSearch { rows, found: vec![seed], looked_at: 0 };
    let lower = Priority::ALL.into_iter().filter(|other| *other != priority);
    for priority in std::iter::once(priority).chain(lower) {
        let turns = queue.of_mut(priority);
        for at in last_first(turns.len()) {
            let Some(turns) = turns.get_mut(at).filter(|_| !search.is_over()) else { continue };
            let is_own = Some(turns.caller) == own;
            if is_own || seed_shares {
                search.look_through(turns, |variant_id| is_own || shares(variant_id));
            }
        }
        turns.retain(|turns| !turns.questions.is_empty());
    }
    search.found
}

impl<W: WantOwner> CandidateSearch<'_, W> {
    fn is_over(&self) -> bool {
        MAX_IDS <= self.found.len() || LOOKAHEAD <= self.looked_at
    }

    /// Looks through a caller's questions.
    fn look_through(&mut self, turns: &mut CallerTurns, may_join: impl Fn(VariantId) -> bool) {
        for at in last_first(turns.questions.len()) {
            if self.is_over() {
                break;
            }
            if let Some(question) = turns.questions.get_mut(at) {
                self.look_through_question(question, &may_join);
            }
        }
        turns.questions.retain(|question| !question.is_empty());
    }

    /// Looks through one question, and drops from it what was served meanwhile. Each variant is dropped only once, so
    /// that costs no more than adding it did.
    fn look_through_question(
        &mut self,
        question: &mut PendingQuestion,
        may_join: impl Fn(VariantId) -> bool,
    ) {
        self.looked_at += 1;
        let mut kept = Vec::new();
        while !self.is_over() {
            let Some(variant_id) = question.pop_front() else { break };
            if !may_join(variant_id) || self.found.iter().any(|(found, _)| *found == variant_id) {
                kept.push(variant_id);
            } else if let Some(locations) = self.rows.wanted(variant_id) {
                kept.push(variant_id);
                self.found.push((variant_id, locations));
            } else {
                continue;
            }
            self.looked_at += 1;
        }
        for variant_id in kept.into_iter().rev() {
            question.push_front(variant_id);
        }
    }
}
