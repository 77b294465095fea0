//! Whether and when to ask again after a failure: a budget against retry storms, full jitter against herds.
#![expect(clippy::float_arithmetic, reason = "a budget is a share of the calls")]

use std::time::Duration;

/// Most attempts at one call, the first included. Source: ours.
const MAX_ATTEMPTS: u32 = 3;

/// What each call adds to the budget: retries may be this share of all calls.
const SHARE: f64 = 0.1;

/// The most retries saved up; also what a new shop starts with.
const MOST_SAVED: f64 = 10.0;

/// The longest pause before the first retry; doubles with each attempt.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// Says how often Haravan may be asked again.
#[derive(Debug, Clone)]
pub(super) struct RetryBudget {
    saved: f64,
}

impl Default for RetryBudget {
    fn default() -> Self {
        Self { saved: MOST_SAVED }
    }
}

impl RetryBudget {
    /// A call was made for the first time.
    pub(super) fn earn(&mut self) {
        self.saved = (self.saved + SHARE).min(MOST_SAVED);
    }

    /// Whether a call that failed `attempts` times may be made again, and after what pause at most.
    pub(super) fn spend(&mut self, attempts: u32) -> Option<Duration> {
        if MAX_ATTEMPTS <= attempts || self.saved < 1.0 {
            return None;
        }
        self.saved -= 1.0;
        Some(FIRST_PAUSE * 2_u32.saturating_pow(attempts.saturating_sub(1)))
    }
}

/// A random pause up to `longest` (full jitter).
pub(super) fn jittered(longest: Duration) -> Duration {
    let milliseconds = u64::try_from(longest.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(fastrand::u64(0..=milliseconds))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::RetryBudget;

    #[test]
    fn a_call_is_tried_three_times_with_growing_pauses() {
        let mut budget = RetryBudget::default();
        assert_eq!(budget.spend(1), Some(Duration::from_millis(100)));
        assert_eq!(budget.spend(2), Some(Duration::from_millis(200)));
        assert_eq!(budget.spend(3), None);
    }

    #[test]
    fn retries_are_a_tenth_of_the_calls_in_the_long_run() {
        let mut budget = RetryBudget::default();
        let mut retries = 0;
        for _ in 0..1_000 {
            budget.earn();
            retries += u32::from(budget.spend(1).is_some());
        }
        assert!((100..=110).contains(&retries), "{retries}");
    }
}
