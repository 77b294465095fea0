//! Whose turn it is: decisions only.
//!
//! Turns go by priority, then by caller, then by question, then by age. A caller's calls that go on with something
//! and those that begin something take turns too: a page, a retry or a part of something refused has a share, and
//! never precedence. So a caller that asks little waits for one turn of each other caller, however much those ask.

use rustc_hash::FxHashMap;

use super::errand::{Errand, Urgency};
use crate::domain::caller::CallerId;
use crate::plan::pending::Priority;

/// Callers and questions remembered; then all are forgotten, which costs somebody a turn.
const MOST_REMEMBERED: usize = 4_096;

/// How often a turn is the oldest call's, whatever its priority, so that nothing starves: once in this many.
const OLDEST_TURN: u64 = 16;

/// A call that waits for leave.
#[derive(Debug)]
pub(super) struct Offer<'a> {
    /// Rises with the time that it began to wait.
    pub(super) number: u64,
    pub(super) errand: &'a Errand,
    /// For whom it is made.
    pub(super) callers: &'a [CallerId],
    pub(super) priority: Priority,
}

/// A turn that was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// How urgent the call was.
    pub priority: Priority,
    /// Whose turn it was.
    pub caller: CallerId,
}

/// Who had a turn, and when.
#[derive(Debug, Default)]
pub(super) struct Turns {
    given: u64,
    callers: FxHashMap<CallerId, Had>,
    /// When each question last had one.
    questions: FxHashMap<u64, u64>,
}

/// A caller's last turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Had {
    at: u64,
    urgency: Urgency,
}

impl Turns {
    /// Gives the next turn: the number of an offer, and whose turn it was; `None` without an offer.
    pub(super) fn next(&mut self, offers: &[Offer<'_>]) -> Option<(u64, Turn)> {
        let (offer, caller) = if (self.given + 1).is_multiple_of(OLDEST_TURN) {
            let oldest = offers.iter().min_by_key(|offer| offer.number)?;
            (oldest, self.longest_without(oldest.callers))
        } else {
            let priority = offers.iter().map(|offer| offer.priority).min()?;
            let urgent = || offers.iter().filter(|offer| offer.priority == priority);
            let next = urgent().min_by_key(|offer| {
                let caller = self.longest_without(offer.callers);
                (self.last_turn_of(caller), offer.number)
            })?;
            let caller = self.longest_without(next.callers);
            let own = urgent().filter(|offer| is_for(offer, caller));
            (own.min_by_key(|offer| self.order_within(caller, offer))?, caller)
        };
        self.give(offer, caller);
        Some((offer.number, Turn { priority: offer.priority, caller }))
    }

    /// A caller's calls: what it did not do last goes first, then the question that waited longest for a turn.
    fn order_within(&self, caller: CallerId, offer: &Offer<'_>) -> (bool, u64, u64) {
        let last = self.callers.get(&caller).map_or(Urgency::Continuation, |had| had.urgency);
        let again = offer.errand.urgency == last;
        let question = self.questions.get(&offer.errand.question).copied().unwrap_or_default();
        (again, question, offer.number)
    }

    fn give(&mut self, offer: &Offer<'_>, caller: CallerId) {
        self.given += 1;
        if MOST_REMEMBERED <= self.callers.len() {
            self.callers.clear();
        }
        if MOST_REMEMBERED <= self.questions.len() {
            self.questions.clear();
        }
        self.callers.insert(caller, Had { at: self.given, urgency: offer.errand.urgency });
        self.questions.insert(offer.errand.question, self.given);
    }

    /// Of these callers, the one whose last turn is the longest ago.
    fn longest_without(&self, callers: &[CallerId]) -> CallerId {
        callers.iter().copied().min_by_key(|caller| self.last_turn_of(*caller)).unwrap_or_default()
    }

    fn last_turn_of(&self, caller: CallerId) -> u64 {
        self.callers.get(&caller).map_or(0, |had| had.at)
    }
}

fn is_for(offer: &Offer<'_>, caller: CallerId) -> bool {
    offer.callers.contains(&caller) || (offer.callers.is_empty() && caller == CallerId::NONE)
}

#[cfg(test)]
mod tests {
    use super::{Offer, Turns};
    use crate::domain::caller::CallerId;
    use crate::governor::resource::Resource;
    use crate::governor::{Errand, Urgency};
    use crate::plan::pending::Priority;

    /// The turns that these calls get while all of them keep waiting: (caller, urgency, question).
    fn played(calls: &[(u32, Urgency, u64)], turns: usize) -> Vec<u64> {
        let errand = |(_, urgency, question): &(u32, Urgency, u64)| Errand {
            urgency: *urgency,
            question: *question,
            ..Errand::new(Resource::INVENTORY)
        };
        let errands: Vec<Errand> = calls.iter().map(errand).collect();
        let callers: Vec<[CallerId; 1]> = calls.iter().map(|(caller, ..)| [CallerId::new(*caller)]).collect();
        let mut played = Turns::default();
        let offers = |served: &[u64]| -> Vec<Offer<'_>> {
            let offer = |(number, errand): (usize, _)| Offer {
                number: u64::try_from(number + served.len()).unwrap(),
                errand,
                callers: &callers[number],
                priority: Priority::Interactive,
            };
            errands.iter().enumerate().map(offer).collect()
        };
        let mut served = Vec::new();
        for _ in 0..turns {
            let waiting = offers(&served);
            let first = waiting[0].number;
            let (number, _) = played.next(&waiting).unwrap();
            served.push(number - first);
        }
        served
    }

    fn count(served: &[u64], place: u64) -> usize {
        served.iter().filter(|number| **number == place).count()
    }

    #[test]
    fn callers_take_turns_however_much_each_asks() {
        let mut calls = vec![(1, Urgency::Continuation, 7); 20];
        calls.push((2, Urgency::New, 8));
        let served = played(&calls, 32);
        assert!(15 <= count(&served, 20), "{served:?}");
    }

    #[test]
    fn what_goes_on_with_something_has_every_second_turn_of_its_caller() {
        let served = played(&[(1, Urgency::Continuation, 7), (1, Urgency::New, 8)], 32);
        assert!((14..=18).contains(&count(&served, 0)), "{served:?}");
    }

    #[test]
    fn questions_of_one_caller_take_turns() {
        let mut calls = vec![(1, Urgency::Continuation, 7); 9];
        calls.push((1, Urgency::Continuation, 8));
        let served = played(&calls, 32);
        assert!(14 <= count(&served, 9), "{served:?}");
    }
}
