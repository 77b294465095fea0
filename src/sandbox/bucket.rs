//! The leaky bucket in front of each shop: pure arithmetic that takes the time as an argument.
//!
//! Source of the rules: Haravan doc. Level, leak and size are decimals inside; what is shown is rounded up.
#![expect(clippy::float_arithmetic, reason = "a bucket that leaks continuously has a fractional level")]

use std::time::Duration;

use tokio::time::Instant;

use super::settings::BucketSettings;

/// The longest wait asked for, whatever the settings say.
const LONGEST_WAIT: Duration = Duration::from_secs(3_600);

/// What a sum of many small leaks may be off by without a request being refused for it.
const SLACK: f64 = 1e-6;

/// A leaky bucket and, after an overflow, the time until which it is shut.
#[derive(Debug)]
pub(super) struct Bucket {
    settings: BucketSettings,
    level: f64,
    leaked_at: Instant,
    shut_until: Option<Instant>,
}

impl Bucket {
    /// An empty bucket.
    pub(super) fn new(settings: BucketSettings, now: Instant) -> Self {
        Self { settings, level: 0.0, leaked_at: now, shut_until: None }
    }

    /// Admits one request, or says how long to wait; a request made before that is refused too.
    pub(super) fn take(&mut self, now: Instant) -> Result<(), Duration> {
        self.level = self.level(now);
        self.leaked_at = self.leaked_at.max(now);
        if let Some(until) = self.shut_until {
            if now < until {
                return Err(until - now);
            }
            self.shut_until = None;
        }
        let over = self.level + 1.0 - f64::from(self.settings.size);
        if SLACK < over {
            let wait = self.wait_for_room(over);
            self.shut_until = Some(now + wait);
            return Err(wait);
        }
        self.level += 1.0;
        Ok(())
    }

    /// How full the bucket is now.
    pub(super) fn level(&self, now: Instant) -> f64 {
        let passed = now.saturating_duration_since(self.leaked_at).as_secs_f64();
        (self.level - passed * self.leak()).max(0.0)
    }

    /// The text of the call-limit header: the level rounded up, and the size (`32/80`).
    pub(super) fn header(&self, now: Instant) -> String {
        let level = (self.level(now) - SLACK).max(0.0).ceil();
        format!("{level:.0}/{}", self.settings.size)
    }

    /// Another size and leak; the level stays, a shut bucket opens.
    pub(super) fn reshape(&mut self, settings: BucketSettings, now: Instant) {
        self.level = self.level(now);
        self.leaked_at = now;
        self.settings = settings;
        self.shut_until = None;
    }

    /// Empties and opens the bucket.
    pub(super) fn reset(&mut self, now: Instant) {
        *self = Self::new(self.settings, now);
    }

    pub(super) fn settings(&self) -> BucketSettings {
        self.settings
    }

    fn wait_for_room(&self, over: f64) -> Duration {
        let usual = Duration::from_millis(self.settings.retry_after_ms);
        let room = Duration::try_from_secs_f64(over / self.leak()).unwrap_or(LONGEST_WAIT);
        usual.max(room).min(LONGEST_WAIT)
    }

    fn leak(&self) -> f64 {
        self.settings.leak_per_second.max(0.0)
    }
}

/// A wait as `Retry-After` spells it: seconds with one decimal, rounded up.
pub(super) fn retry_after(wait: Duration) -> String {
    let tenths = wait.as_nanos().div_ceil(100_000_000);
    format!("{}.{}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(size: u32, leak: f64) -> (Bucket, Instant) {
        let now = Instant::now();
        (Bucket::new(BucketSettings::new(size, leak), now), now)
    }

    #[test]
    fn a_full_bucket_admits_its_size_and_then_asks_for_two_seconds() {
        let (mut bucket, now) = bucket(80, 4.0);
        for _ in 0..80 {
            assert_eq!(bucket.take(now), Ok(()));
        }
        assert_eq!(bucket.header(now), "80/80");
        assert_eq!(bucket.take(now), Err(Duration::from_secs(2)));
    }

    #[test]
    fn the_level_leaks_continuously_and_is_shown_rounded_up() {
        let (mut bucket, now) = bucket(80, 4.0);
        for _ in 0..10 {
            bucket.take(now).unwrap();
        }
        let later = now + Duration::from_millis(1_300);
        assert!((bucket.level(later) - 4.8).abs() < 1e-9);
        assert_eq!(bucket.header(later), "5/80");
        assert_eq!(bucket.header(now + Duration::from_secs(60)), "0/80");
    }

    #[test]
    fn a_request_before_the_wait_has_elapsed_is_refused_with_what_is_left() {
        let (mut bucket, now) = bucket(1, 4.0);
        bucket.take(now).unwrap();
        bucket.take(now).unwrap_err();
        let early = now + Duration::from_millis(1_250);
        let left = bucket.take(early).unwrap_err();
        assert_eq!(retry_after(left), "0.8");
        assert_eq!(bucket.take(now + Duration::from_secs(2)), Ok(()));
    }

    #[test]
    fn a_wait_is_long_enough_for_one_request_to_leak() {
        let (mut bucket, now) = bucket(1, 0.2);
        bucket.take(now).unwrap();
        assert_eq!(retry_after(bucket.take(now).unwrap_err()), "5.0");
    }

    #[test]
    fn a_bucket_that_never_leaks_asks_for_the_longest_wait() {
        let (mut bucket, now) = bucket(0, 0.0);
        assert_eq!(bucket.take(now), Err(LONGEST_WAIT));
    }

    #[test]
    fn the_long_run_rate_is_the_leak() {
        let (mut bucket, start) = bucket(4, 4.0);
        for _ in 0..4 {
            bucket.take(start).unwrap();
        }
        for step in 1..=400_u32 {
            let now = start + Duration::from_millis(250) * step;
            assert_eq!(bucket.take(now), Ok(()), "request {step}");
        }
    }

    #[test]
    fn waits_are_rounded_up_to_a_tenth() {
        assert_eq!(retry_after(Duration::from_millis(2_000)), "2.0");
        assert_eq!(retry_after(Duration::from_millis(1_901)), "2.0");
        assert_eq!(retry_after(Duration::from_nanos(1)), "0.1");
    }
}
