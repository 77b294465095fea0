//! How many requests a key may make: a bucket that holds a second's worth. Pure; the time is an argument.

use std::time::Duration;

use parking_lot::Mutex;

/// The shortest time in which a bucket fills, whatever the rate: bursts of a second's worth pass.
const BURST: Duration = Duration::from_secs(1);

/// The longest time between two requests that a rate can mean; rates so low are a mistake anyway.
const MAX_INTERVAL: Duration = Duration::from_secs(24 * 60 * 60);

/// One key's allowance.
#[derive(Debug)]
pub(crate) struct RateLimit {
    /// The time that a request takes up.
    interval: Duration,
    /// How far the requests admitted may be ahead of time.
    slack: Duration,
    /// Up to when the requests admitted have used up the rate, on the caller's time line.
    used_until: Mutex<Duration>,
}

impl RateLimit {
    /// An allowance of requests a second; at least one request always passes.
    pub(crate) fn per_second(rate: f64) -> Self {
        let interval = Duration::try_from_secs_f64(rate.recip()).unwrap_or(MAX_INTERVAL).min(MAX_INTERVAL);
        Self { interval, slack: BURST.saturating_sub(interval), used_until: Mutex::default() }
    }

    /// Whether there is a request's worth left, at `now`.
    pub(crate) fn is_left(&self, now: Duration) -> bool {
        self.used_until.lock().saturating_sub(now) <= self.slack
    }

    /// Takes a request's worth, at `now` on a time line of the caller's choice.
    ///
    /// # Errors
    /// The rate is used up: the time until the next request is admitted.
    pub(crate) fn take(&self, now: Duration) -> Result<(), Duration> {
        let mut used_until = self.used_until.lock();
        let ahead = used_until.saturating_sub(now);
        if self.slack < ahead {
            return Err(ahead.saturating_sub(self.slack));
        }
        *used_until = now.max(*used_until).saturating_add(self.interval);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::RateLimit;

    fn admitted(allowance: &RateLimit, now: Duration, requests: u32) -> u32 {
        (0..requests).map(|_| u32::from(allowance.take(now).is_ok())).sum()
    }

    #[test]
    fn a_seconds_worth_passes_at_once_and_then_the_rate() {
        let allowance = RateLimit::per_second(10.0);
        assert_eq!(admitted(&allowance, Duration::ZERO, 100), 10);
        assert_eq!(admitted(&allowance, Duration::from_millis(500), 100), 5);
        assert_eq!(admitted(&allowance, Duration::from_secs(60), 100), 10);
    }

    #[test]
    fn a_refusal_tells_when_the_next_request_passes() {
        let allowance = RateLimit::per_second(0.5);
        assert_eq!(allowance.take(Duration::ZERO), Ok(()));
        assert!(!allowance.is_left(Duration::from_millis(500)));
        let wait = allowance.take(Duration::from_millis(500)).unwrap_err();
        assert_eq!(wait, Duration::from_millis(1500));
        assert!(allowance.is_left(Duration::from_millis(500) + wait));
        assert_eq!(allowance.take(Duration::from_millis(500) + wait), Ok(()));
    }

    #[test]
    fn no_rate_is_too_odd() {
        for rate in [f64::MIN_POSITIVE, 1e-300, 1e6, f64::MAX, f64::INFINITY, f64::NAN, 0.0, -1.0] {
            assert_eq!(RateLimit::per_second(rate).take(Duration::ZERO), Ok(()), "{rate}");
        }
    }
}
