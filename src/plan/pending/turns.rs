//! Whose turn it is: callers take turns within a priority, and a caller's questions take turns among themselves.

use std::collections::VecDeque;

use super::priority::{ByPriority, Priority};
use super::rows::{Candidate, Rows};
use super::want::WantOwner;
use crate::domain::caller::CallerId;
use crate::domain::id::VariantId;

/// How often each lower priority is served while higher ones wait: one tile in this many.
const LOWER_PRIORITY_TURN: u64 = 16;

/// The variants that a question wants, in the order it is served. Those that were served already are skipped.
pub(super) type PendingQuestion = VecDeque<VariantId>;

/// A caller's questions, in the order of their turns.
#[derive(Debug)]
pub(super) struct CallerTurns {
    pub(super) caller: CallerId,
    pub(super) questions: VecDeque<PendingQuestion>,
}

/// The callers that wait, in the order of their turns.
#[derive(Debug, Default)]
pub(super) struct TurnQueue {
    turns: ByPriority<VecDeque<CallerTurns>>,
    tiles_chosen: u64,
}

impl TurnQueue {
    /// Returns the callers that wait with the most urgent priority of all, and that priority.
    pub(super) fn callers(&self) -> (Priority, Vec<CallerId>) {
        let waiting = |priority: &Priority| !self.turns.of(*priority).is_empty();
        let priority = Priority::ALL.into_iter().find(waiting).unwrap_or(Priority::Mirror);
        (priority, self.turns.of(priority).iter().map(|turns| turns.caller).collect())
    }

    /// Adds the questions of callers.
    pub(super) fn add(&mut self, priority: Priority, questions: Vec<(CallerId, PendingQuestion)>) {
        let turns = self.turns.of_mut(priority);
        for (caller, question) in questions {
            match turns.iter_mut().find(|turns| turns.caller == caller) {
                Some(turns) => turns.questions.push_back(question),
                None => turns.push_back(CallerTurns { caller, questions: VecDeque::from([question]) }),
            }
        }
    }

    /// Forgets all of them.
    pub(super) fn clear(&mut self) {
        self.turns = ByPriority::default();
    }

    /// The callers that wait with a priority.
    pub(super) fn of_mut(&mut self, priority: Priority) -> &mut VecDeque<CallerTurns> {
        self.turns.of_mut(priority)
    }

    /// The caller that gave the last seed of a priority.
    pub(super) fn last_caller(&self, priority: Priority) -> Option<CallerId> {
        self.turns.of(priority).back().map(|turns| turns.caller)
    }

    /// How many variants the question that gave the last seed still waits for, at most.
    pub(super) fn waiting_of_seed(&self, priority: Priority) -> usize {
        self.turns.of(priority).back().and_then(|turns| turns.questions.back()).map_or(0, VecDeque::len)
    }

    /// The next variant to serve: of the caller whose turn it is, in the most urgent priority that waits. Now and then
    /// a lower priority goes first, the lower ones in turns, so that none ever starves.
    pub(super) fn seed<W: WantOwner>(
        &mut self,
        caller: Option<CallerId>,
        rows: &mut Rows<W>,
    ) -> Option<(Priority, Candidate)> {
        let mut order = Priority::ALL;
        if self.tiles_chosen % LOWER_PRIORITY_TURN == LOWER_PRIORITY_TURN - 1 {
            let lowest_first = (self.tiles_chosen / LOWER_PRIORITY_TURN).is_multiple_of(2);
            order.reverse();
            if !lowest_first {
                order.swap(0, 1);
            }
        }
        order.into_iter().find_map(|priority| {
            let turns = self.turns.of_mut(priority);
            if let Some(at) = turns.iter().position(|turns| Some(turns.caller) == caller)
                && let Some(turns_of_caller) = turns.remove(at)
            {
                turns.push_front(turns_of_caller);
            }
            while let Some(mut caller) = turns.pop_front() {
                if let Some(candidate) = caller.next(rows) {
                    turns.push_back(caller);
                    return Some((priority, candidate));
                }
            }
            None
        })
    }

    /// Notes that a tile was chosen. Forgets what was served of the question that gave its seed, and the caller if that
    /// was all.
    pub(super) fn tile_chosen<W: WantOwner>(&mut self, priority: Priority, rows: &Rows<W>) {
        self.tiles_chosen += 1;
        let turns = self.turns.of_mut(priority);
        let Some(CallerTurns { questions, .. }) = turns.back_mut() else { return };
        if let Some(question) = questions.back_mut() {
            while question.front().is_some_and(|variant_id| !rows.holds_variant(*variant_id)) {
                question.pop_front();
            }
            if question.is_empty() {
                questions.pop_back();
            }
        }
        if questions.is_empty() {
            turns.pop_back();
        }
    }
}

impl CallerTurns {
    /// The next variant of the caller: of the question whose turn it is, which is then the last.
    fn next<W: WantOwner>(&mut self, rows: &mut Rows<W>) -> Option<Candidate> {
        while let Some(mut question) = self.questions.pop_front() {
            while let Some(variant_id) = question.front().copied() {
                if let Some(locations) = rows.wanted(variant_id) {
                    self.questions.push_back(question);
                    return Some((variant_id, locations));
                }
                question.pop_front();
            }
        }
        None
    }
}
