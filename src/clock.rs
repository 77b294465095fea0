//! The one clock: what time it is, for everything that has an age.
//!
//! Ages are differences of [`Moment`]s; waits are `tokio::time`. Tests drive the first with [`Clock::advance`]
//! and the second with tokio's paused clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use crate::domain::timestamp::Timestamp;

/// Milliseconds since the clock was made: what an observation is dated with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Moment(u64);

impl Moment {
    /// The moment this many milliseconds after the clock was made.
    #[must_use]
    pub fn from_millis(milliseconds: u64) -> Self {
        Self(milliseconds)
    }

    /// Milliseconds since the clock was made.
    #[must_use]
    pub fn as_millis(self) -> u64 {
        self.0
    }

    /// How long before `self` the `earlier` moment was; zero if it was later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// The moment `duration` earlier, or that at which the clock was made if that was later.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(millis(duration)))
    }

    /// The moment `duration` later.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(millis(duration)))
    }
}

/// Tells moments, and which wall-clock instant each was.
#[derive(Debug, Clone)]
pub struct Clock {
    started: Instant,
    /// Wall-clock nanoseconds since 1970 at moment 0.
    started_at: i64,
    /// Milliseconds that tests have added.
    advanced: Arc<AtomicU64>,
}

impl Clock {
    /// A clock that starts now.
    #[must_use]
    pub fn start() -> Self {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            started: Instant::now(),
            started_at: i64::try_from(wall.as_nanos()).unwrap_or(i64::MAX),
            advanced: Arc::default(),
        }
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Moment {
        self.at(Instant::now())
    }

    /// The moment that an instant is; the first if the clock was made after it.
    #[must_use]
    pub fn at(&self, instant: Instant) -> Moment {
        let advanced = self.advanced.load(Ordering::Relaxed);
        Moment(millis(instant.saturating_duration_since(self.started)).saturating_add(advanced))
    }

    /// Lets everything age by `duration` at once, for this clock and its clones. For tests.
    pub fn advance(&self, duration: Duration) {
        self.advanced.fetch_add(millis(duration), Ordering::Relaxed);
    }

    /// The wall-clock instant of a moment, to the millisecond.
    #[must_use]
    pub fn wall(&self, moment: Moment) -> Timestamp {
        let nanoseconds = i64::try_from(moment.0.saturating_mul(1_000_000)).unwrap_or(i64::MAX);
        Timestamp::from_parts(self.started_at.saturating_add(nanoseconds), 3)
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
