//! How full a bucket is, for those who only look: read without the governor's lock, as each hit does.
#![expect(clippy::float_arithmetic, reason = "a leaky bucket's level is a continuous quantity")]

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// By how much a level may be above a whole number that is shown for it: more than rounding adds.
const ROUNDING: f64 = 1e-4;

/// How full a bucket is, in whole calls, as Haravan's `X-Haravan-Api-Call-Limit` says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallLimit {
    /// Places taken, rounded up; at most `size`.
    pub level: u32,
    /// Places in the bucket.
    pub size: u32,
}

/// What is shown of a bucket. It leaks at one pace, so the moment at which it will be empty tells its level at any time,
/// and is one number.
#[derive(Debug)]
pub(super) struct Gauge {
    leak_per_second: f64,
    born: Instant,
    /// When the bucket will be empty, in microseconds after `born`.
    empty_at: AtomicU64,
    size: AtomicU32,
}

impl Gauge {
    /// Shows an empty bucket of this size that leaks at this pace.
    pub(super) fn new(size: f64, leak_per_second: f64, now: Instant) -> Self {
        let size = AtomicU32::new(whole(size));
        Self { leak_per_second, born: now, empty_at: AtomicU64::new(0), size }
    }

    /// Shows that the bucket has this level now, and this size.
    pub(super) fn show(&self, level: f64, size: f64, now: Instant) {
        let left = Duration::try_from_secs_f64(level / self.leak_per_second).unwrap_or(Duration::MAX);
        let empty_at = now.saturating_duration_since(self.born).saturating_add(left);
        self.empty_at.store(u64::try_from(empty_at.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
        self.size.store(whole(size), Ordering::Relaxed);
    }

    /// How full the bucket is now.
    pub(super) fn call_limit(&self, now: Instant) -> CallLimit {
        let empty_at = Duration::from_micros(self.empty_at.load(Ordering::Relaxed));
        let left = empty_at.saturating_sub(now.saturating_duration_since(self.born));
        let size = self.size.load(Ordering::Relaxed);
        CallLimit { level: whole(left.as_secs_f64() * self.leak_per_second).min(size), size }
    }
}

/// Rounded up.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a number of calls; beyond the type's bounds it is the bound"
)]
fn whole(calls: f64) -> u32 {
    (calls - ROUNDING).ceil() as u32
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{CallLimit, Gauge};

    #[test]
    fn the_level_leaks_and_is_rounded_up() {
        for leak_per_second in [0.1, 3.0, 4.0, 7.7] {
            let start = Instant::now();
            let gauge = Gauge::new(80.0, leak_per_second, start);
            let level =
                |calls: f64| gauge.call_limit(start + Duration::from_secs_f64(calls / leak_per_second)).level;
            assert_eq!(gauge.call_limit(start), CallLimit { level: 0, size: 80 });
            gauge.show(32.0, 80.0, start);
            assert_eq!(
                (level(0.0), level(0.1), level(1.0), level(1.1)),
                (32, 32, 31, 31),
                "{leak_per_second}"
            );
            assert_eq!((level(31.5), level(32.0), level(1000.0)), (1, 0, 0), "{leak_per_second}");
        }
    }

    #[test]
    fn the_size_is_what_haravan_says_it_is_and_the_level_is_never_above_it() {
        let start = Instant::now();
        let gauge = Gauge::new(80.0, 4.0, start);
        gauge.show(60.0, 40.0, start);
        assert_eq!(gauge.call_limit(start), CallLimit { level: 40, size: 40 });
        assert_eq!(gauge.call_limit(start + Duration::from_secs(10)), CallLimit { level: 20, size: 40 });
    }

    #[test]
    fn what_leaks_hardly_at_all_stays_full() {
        let start = Instant::now();
        let gauge = Gauge::new(80.0, f64::MIN_POSITIVE, start);
        gauge.show(80.0, 80.0, start);
        assert!(gauge.call_limit(start + Duration::from_secs(1)).level <= 80);
    }
}
