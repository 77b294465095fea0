//! A circuit breaker with half-open probes: decisions only, the time is an argument.

use std::time::Duration;

use tokio::time::Instant;

/// Failures in a row that open the breaker. Source: ours.
const FAILURES_TO_OPEN: u32 = 5;

/// How long it stays open the first time; doubles with each failed probe.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The longest it stays open between probes.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How long a refused token is left alone between probes.
const UNAUTHORIZED_PAUSE: Duration = Duration::from_secs(30);

/// How long calls wait for a probe's result before they are turned away.
const PROBE_PATIENCE: Duration = Duration::from_secs(1);

/// Why no call may start for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The breaker is open: Haravan keeps failing.
    Failing,
    /// Haravan refuses the shop's token.
    Unauthorized,
}

impl Stop {
    /// The reason's name in metrics and answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Failing => "failing",
            Self::Unauthorized => "unauthorized",
        }
    }
}

/// Whether a call may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// It may.
    Open,
    /// It may, as the one probe.
    Probe,
    /// A probe is under way and may soon tell: wait this long at most.
    Wait(Duration),
    /// It may not.
    Closed(Stop),
}

/// Stops calls to a shop that fails, and lets a probe through now and then.
#[derive(Debug, Clone, Default)]
pub struct Breaker {
    failures: u32,
    stopped: Option<Stopped>,
    /// Since when a probe is under way.
    probing: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
struct Stopped {
    why: Stop,
    until: Instant,
    pause: Duration,
}

impl Breaker {
    /// Whether a call may pass now.
    #[must_use]
    pub fn gate(&self, now: Instant) -> Gate {
        match self.stopped {
            None => Gate::Open,
            Some(stopped) if now < stopped.until => Gate::Closed(stopped.why),
            Some(stopped) => match self.probing {
                None => Gate::Probe,
                Some(since) if now < since + PROBE_PATIENCE => Gate::Wait(since + PROBE_PATIENCE - now),
                Some(_) => Gate::Closed(stopped.why),
            },
        }
    }

    /// Why calls are or were last stopped, until one succeeds.
    #[must_use]
    pub fn cause(&self) -> Option<Stop> {
        self.stopped.map(|stopped| stopped.why)
    }

    /// Whether nothing has failed of late.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.failures == 0 && self.stopped.is_none()
    }

    /// The probe was sent.
    pub fn probe_started(&mut self, now: Instant) {
        self.probing = Some(now);
    }

    /// The probe was abandoned: another may be sent.
    pub fn probe_dropped(&mut self) {
        self.probing = None;
    }

    /// A call was answered: all is well.
    pub fn answered(&mut self) {
        *self = Self::default();
    }

    /// A call failed.
    pub fn failed(&mut self, now: Instant) {
        self.failures = self.failures.saturating_add(1);
        let pause = match self.stopped {
            // Calls that were in flight when the breaker opened say nothing new.
            Some(stopped) if self.probing.is_none() => stopped.pause,
            Some(stopped) => (stopped.pause * 2).min(LONGEST_PAUSE),
            None => FIRST_PAUSE,
        };
        if FAILURES_TO_OPEN <= self.failures || self.probing.is_some() {
            self.stop(Stop::Failing, now, pause);
        }
    }

    /// The token was refused.
    pub fn unauthorized(&mut self, now: Instant) {
        self.stop(Stop::Unauthorized, now, UNAUTHORIZED_PAUSE);
    }

    fn stop(&mut self, why: Stop, now: Instant, pause: Duration) {
        self.stopped = Some(Stopped { why, until: now + pause, pause });
        self.probing = None;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{Breaker, FAILURES_TO_OPEN, Gate, Stop};

    #[test]
    fn it_opens_after_failures_in_a_row_and_closes_when_a_probe_succeeds() {
        let start = Instant::now();
        let mut breaker = Breaker::default();
        for _ in 1..FAILURES_TO_OPEN {
            breaker.failed(start);
        }
        assert_eq!(breaker.gate(start), Gate::Open);
        breaker.failed(start);
        assert_eq!(breaker.gate(start), Gate::Closed(Stop::Failing));
        let later = start + Duration::from_secs(1);
        assert_eq!(breaker.gate(later), Gate::Probe);
        breaker.probe_started(later);
        assert_eq!(breaker.gate(later), Gate::Wait(Duration::from_secs(1)));
        assert_eq!(breaker.gate(later + Duration::from_secs(1)), Gate::Closed(Stop::Failing));
        breaker.answered();
        assert_eq!(breaker.gate(later), Gate::Open);
    }

    #[test]
    fn each_failed_probe_doubles_the_pause() {
        let mut now = Instant::now();
        let mut breaker = Breaker::default();
        for _ in 0..FAILURES_TO_OPEN {
            breaker.failed(now);
        }
        for seconds in [1, 2, 4, 8, 16, 30, 30] {
            assert_eq!(
                breaker.gate(now + Duration::from_millis(seconds * 1000 - 1)),
                Gate::Closed(Stop::Failing)
            );
            now += Duration::from_secs(seconds);
            assert_eq!(breaker.gate(now), Gate::Probe, "{seconds}");
            breaker.probe_started(now);
            breaker.failed(now);
        }
    }

    #[test]
    fn successes_in_between_keep_it_closed() {
        let now = Instant::now();
        let mut breaker = Breaker::default();
        for _ in 0..100 {
            breaker.failed(now);
            breaker.failed(now);
            breaker.answered();
        }
        assert_eq!(breaker.gate(now), Gate::Open);
    }

    #[test]
    fn a_refused_token_stops_everything_until_a_probe_succeeds() {
        let now = Instant::now();
        let mut breaker = Breaker::default();
        breaker.unauthorized(now);
        assert_eq!(breaker.gate(now), Gate::Closed(Stop::Unauthorized));
        assert_eq!(breaker.gate(now + Duration::from_secs(30)), Gate::Probe);
    }

    #[test]
    fn an_abandoned_probe_makes_room_for_another() {
        let now = Instant::now();
        let mut breaker = Breaker::default();
        breaker.unauthorized(now);
        let later = now + Duration::from_secs(30);
        breaker.probe_started(later);
        breaker.probe_dropped();
        assert_eq!(breaker.gate(later), Gate::Probe);
    }
}
