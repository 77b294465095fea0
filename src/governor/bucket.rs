//! Haravan's leaky bucket as we believe it to be: arithmetic only, the time is an argument.
#![expect(clippy::float_arithmetic, reason = "a leaky bucket's level is a continuous quantity")]

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::gauge::Gauge;

/// The longest wait a `Retry-After` may ask for; more is taken as this. Source: ours, against a lying header.
pub const MAX_RETRY_AFTER: Duration = Duration::from_secs(3_600);

/// How a shop's bucket is made. Source of the defaults: doc (80 places, 4 a second).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BucketShape {
    /// Places in the bucket.
    pub size: f64,
    /// Places that become free a second.
    pub leak_per_second: f64,
    /// Places left to other users of the same token.
    pub headroom: f64,
}

/// How full a bucket is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BucketLevel {
    /// Places taken.
    pub level: f64,
    /// Places in the bucket.
    pub size: f64,
}

/// The bucket's state.
#[derive(Debug)]
pub struct Bucket {
    shape: BucketShape,
    /// Places by configuration; Haravan may say that there are fewer.
    configured_size: f64,
    /// Places taken at `at`.
    level: f64,
    at: Instant,
    /// Shows the level to those who do not hold the bucket.
    gauge: Arc<Gauge>,
    /// No call may start before this instant: a 429 said so.
    blocked_until: Option<Instant>,
}

impl Bucket {
    /// An empty bucket.
    #[must_use]
    pub fn new(shape: BucketShape, now: Instant) -> Self {
        let gauge = Arc::new(Gauge::new(shape.size, shape.leak_per_second, now));
        Self { shape, configured_size: shape.size, level: 0.0, at: now, gauge, blocked_until: None }
    }

    /// What shows the bucket's level.
    pub(super) fn gauge(&self) -> &Arc<Gauge> {
        &self.gauge
    }

    /// Places taken now.
    #[must_use]
    pub fn level(&self, now: Instant) -> f64 {
        let leaked = now.saturating_duration_since(self.at).as_secs_f64() * self.shape.leak_per_second;
        (self.level - leaked).max(0.0)
    }

    /// Places in the bucket.
    #[must_use]
    pub fn size(&self) -> f64 {
        self.shape.size
    }

    /// Places that calls of ours may take: all but the headroom, and at least one.
    #[must_use]
    pub fn usable(&self) -> f64 {
        (self.shape.size - self.shape.headroom.min(self.shape.size - 1.0)).max(1.0)
    }

    /// How long until a call may start; zero is now.
    #[must_use]
    pub fn wait(&self, now: Instant) -> Duration {
        self.wait_for(now, 1)
    }

    /// How long until the last of `calls` calls may start.
    #[must_use]
    pub fn wait_for(&self, now: Instant, calls: usize) -> Duration {
        let calls = f64::from(u32::try_from(calls).unwrap_or(u32::MAX));
        let excess = self.level(now) + calls - self.usable();
        let leaking = if 1e-9 < excess {
            Duration::try_from_secs_f64(excess / self.shape.leak_per_second).unwrap_or(Duration::MAX)
        } else {
            Duration::ZERO
        };
        leaking.max(self.blocked_for(now))
    }

    /// How long a 429 forbids calls.
    #[must_use]
    pub fn blocked_for(&self, now: Instant) -> Duration {
        self.blocked_until.map_or(Duration::ZERO, |until| until.saturating_duration_since(now))
    }

    /// Takes a place for a call that starts now.
    ///
    /// # Errors
    /// There is none, or a 429 forbids it: how long to wait.
    pub fn take(&mut self, now: Instant) -> Result<(), Duration> {
        let wait = self.wait(now);
        if !wait.is_zero() {
            return Err(wait);
        }
        self.fill(self.level(now) + 1.0, now);
        Ok(())
    }

    /// Gives back a place whose call was never sent.
    pub fn give_back(&mut self, now: Instant) {
        self.fill((self.level(now) - 1.0).max(0.0), now);
    }

    /// Learns how full the bucket was seen to be. That is believed where it is fuller than we think (others use the token
    /// too), and where the bucket is smaller.
    pub fn observe(&mut self, now: Instant, BucketLevel { level, size }: BucketLevel) {
        if 0.0 < size {
            self.shape.size = size.min(self.configured_size);
        }
        self.fill(self.level(now).max(level.min(self.shape.size)), now);
    }

    /// Sets the level, and shows it.
    fn fill(&mut self, level: f64, now: Instant) {
        self.level = level;
        self.at = now;
        self.gauge.show(level, self.shape.size, now);
    }

    /// Learns from a 429: nothing may start before its `Retry-After` has passed.
    pub fn throttled(&mut self, now: Instant, retry_after: Duration) {
        let until = now + retry_after.min(MAX_RETRY_AFTER);
        self.blocked_until = Some(self.blocked_until.map_or(until, |earlier| earlier.max(until)));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{Bucket, BucketLevel, BucketShape};

    const SHAPE: BucketShape = BucketShape { size: 80.0, leak_per_second: 4.0, headroom: 4.0 };

    #[test]
    fn the_bucket_takes_its_places_at_once_less_the_headroom_and_then_its_leak() {
        let start = Instant::now();
        let mut bucket = Bucket::new(SHAPE, start);
        for _ in 0..76 {
            assert_eq!(bucket.take(start), Ok(()));
        }
        assert_eq!(bucket.take(start), Err(Duration::from_millis(250)));
        assert_eq!(bucket.take(start + Duration::from_millis(250)), Ok(()));
        assert_eq!(bucket.wait_for(start + Duration::from_millis(250), 4), Duration::from_secs(1));
    }

    #[test]
    fn the_header_is_believed_when_it_says_fuller_and_ignored_when_it_says_emptier() {
        let start = Instant::now();
        let mut bucket = Bucket::new(SHAPE, start);
        bucket.observe(start, BucketLevel { level: 79.0, size: 80.0 });
        assert_eq!(bucket.take(start), Err(Duration::from_secs(1)));
        bucket.observe(start, BucketLevel { level: 0.0, size: 80.0 });
        assert_eq!(bucket.take(start), Err(Duration::from_secs(1)));
    }

    #[test]
    fn a_smaller_bucket_is_believed() {
        let start = Instant::now();
        let mut bucket = Bucket::new(SHAPE, start);
        bucket.observe(start, BucketLevel { level: 1.0, size: 10.0 });
        let taken = (0..100).take_while(|_| bucket.take(start).is_ok()).count();
        assert_eq!(taken, 5);
        bucket.observe(start, BucketLevel { level: 1.0, size: 80.0 });
        let taken = (0..100).take_while(|_| bucket.take(start).is_ok()).count();
        assert_eq!(taken, 70, "and a larger one again");
    }

    #[test]
    fn a_retry_after_is_respected_to_the_millisecond() {
        let start = Instant::now();
        let mut bucket = Bucket::new(SHAPE, start);
        bucket.throttled(start, Duration::from_millis(350));
        assert_eq!(bucket.take(start + Duration::from_millis(349)), Err(Duration::from_millis(1)));
        assert_eq!(bucket.take(start + Duration::from_millis(350)), Ok(()));
    }
}
