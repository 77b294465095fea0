//! The one clock: what time it is, for everything that has an age.
//!
//! Ages are differences of [`Moment`]s; waits are `tokio::time`. Tests drive the first with [`Clock::advance`]
//! and the second with tokio's paused clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use crate::domain::timestamp::Timestamp;

/// How long before its start a clock's moments begin. As long as anything that is observed can serve, so that what an
/// earlier process observed can be dated.
pub const REACH: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Milliseconds since the first moment of a clock, which is [`REACH`] before its start: the date of an observation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Moment(u64);

impl Moment {
    /// The moment this many milliseconds after the first one.
    #[must_use]
    pub fn from_millis(milliseconds: u64) -> Self {
        Self(milliseconds)
    }

    /// Milliseconds since the first moment.
    #[must_use]
    pub fn as_millis(self) -> u64 {
        self.0
    }

    /// How long before `self` the `earlier` moment was; zero if it was later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// The moment `duration` earlier, or the first one if that is later.
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

/// Gives the moment it is, and the wall-clock instant of each moment.
#[derive(Debug, Clone)]
pub struct Clock {
    started: Instant,
    /// Wall-clock nanoseconds since 1970 at the first moment.
    first_at: i64,
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
            first_at: i64::try_from(wall.saturating_sub(REACH).as_nanos()).unwrap_or(i64::MAX),
            advanced: Arc::default(),
        }
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Moment {
        self.at(Instant::now())
    }

    /// The moment of an instant, which may lie before the start of the clock.
    #[must_use]
    pub fn at(&self, instant: Instant) -> Moment {
        let start = Moment(millis(REACH).saturating_add(self.advanced.load(Ordering::Relaxed)));
        let after = instant.saturating_duration_since(self.started);
        start.plus(after).minus(self.started.saturating_duration_since(instant))
    }

    /// Lets everything age by `duration` at once, for this clock and its clones. For tests.
    pub fn advance(&self, duration: Duration) {
        self.advanced.fetch_add(millis(duration), Ordering::Relaxed);
    }

    /// The wall-clock instant of a moment, to the millisecond.
    #[must_use]
    pub fn wall(&self, moment: Moment) -> Timestamp {
        let nanoseconds = i64::try_from(moment.0.saturating_mul(1_000_000)).unwrap_or(i64::MAX);
        Timestamp::from_parts(self.first_at.saturating_add(nanoseconds), 3)
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{Clock, REACH};

    #[test]
    fn what_was_before_the_start_has_a_moment_an_age_and_a_time_of_day() {
        let clock = Clock::start();
        let (now, three_weeks) = (clock.now(), Duration::from_hours(21 * 24));
        let before = now.minus(three_weeks);
        assert_eq!(now.since(before), three_weeks);
        let apart = clock.wall(now).nanoseconds() - clock.wall(before).nanoseconds();
        assert_eq!(u128::try_from(apart), Ok(three_weeks.as_nanos()));
        assert!(REACH <= now.since(now.minus(2 * REACH)));
    }

    #[test]
    fn an_instant_before_the_start_is_earlier_than_the_start() {
        let instant = Instant::now();
        let earlier = instant.checked_sub(Duration::from_secs(2)).unwrap();
        let clock = Clock::start();
        assert_eq!(clock.at(instant).since(clock.at(earlier)), Duration::from_secs(2));
    }

    #[test]
    fn the_time_of_day_of_now_is_that_of_the_system() {
        let clock = Clock::start();
        let system = std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos();
        let ours = u128::try_from(clock.wall(clock.now()).nanoseconds()).unwrap();
        assert!(system.abs_diff(ours) < 5_000_000_000);
    }
}
