//! How many calls a question may spend on ids that Haravan refuses.
//!
//! A call that was refused brought nothing. A question may make [`FREE_CALLS`] of those, and [`CALLS_PER_ANSWER`] more
//! for each of its calls that brought something. So a question for another shop's ids ends soon, and a question with a
//! few refused ids among many is answered as a whole.

/// Calls that may be refused before one is answered. Source: ours; the search in a tile of 50 x 50 takes about a
/// dozen.
pub const FREE_CALLS: u32 = 32;

/// Calls that may be refused for each one that is answered. Source: ours; halving 50 ids takes six.
pub const CALLS_PER_ANSWER: u32 = 5;

/// What became of a question's calls so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RefusalBudget {
    in_flight: u32,
    answered: u32,
    refused: u32,
}

/// Whether a question may make a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leave {
    /// It may; the call is under way.
    Given,
    /// It is not known before one of its calls ends.
    Later,
    /// It may not: too many of its calls were refused.
    Denied,
}

/// How a call ended, as far as the budget cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spent {
    /// It brought accepted ids.
    Answered,
    /// Its ids were refused.
    Refused,
    /// It says nothing of its ids.
    Neither,
}

impl RefusalBudget {
    /// Asks for leave to make a call. Calls under way count as refused until they end.
    pub fn take(&mut self) -> Leave {
        let most = FREE_CALLS.saturating_add(self.answered.saturating_mul(CALLS_PER_ANSWER));
        if self.refused.saturating_add(self.in_flight) < most {
            self.in_flight += 1;
            Leave::Given
        } else if 0 < self.in_flight {
            Leave::Later
        } else {
            Leave::Denied
        }
    }

    /// A call that had leave ended.
    pub fn settle(&mut self, spent: Spent) {
        self.in_flight = self.in_flight.saturating_sub(1);
        match spent {
            Spent::Answered => self.answered = self.answered.saturating_add(1),
            Spent::Refused => self.refused = self.refused.saturating_add(1),
            Spent::Neither => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CALLS_PER_ANSWER, FREE_CALLS, Leave, RefusalBudget, Spent};

    #[test]
    fn a_question_that_is_refused_again_and_again_ends_after_the_free_calls() {
        let mut budget = RefusalBudget::default();
        for _ in 0..FREE_CALLS {
            assert_eq!(budget.take(), Leave::Given);
            budget.settle(Spent::Refused);
        }
        assert_eq!(budget.take(), Leave::Denied);
    }

    #[test]
    fn calls_under_way_count_until_they_end() {
        let mut budget = RefusalBudget::default();
        for _ in 0..FREE_CALLS {
            assert_eq!(budget.take(), Leave::Given);
        }
        assert_eq!(budget.take(), Leave::Later);
        budget.settle(Spent::Neither);
        assert_eq!(budget.take(), Leave::Given);
    }

    #[test]
    fn each_answer_pays_for_some_refusals() {
        let mut budget = RefusalBudget::default();
        assert_eq!(budget.take(), Leave::Given);
        budget.settle(Spent::Answered);
        let refused = (0..1_000).take_while(|_| {
            let leave = budget.take();
            budget.settle(Spent::Refused);
            leave == Leave::Given
        });
        assert_eq!(refused.count(), usize::try_from(FREE_CALLS + CALLS_PER_ANSWER).unwrap());
    }
}
