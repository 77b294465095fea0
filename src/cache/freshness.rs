//! Whether an observation may still be served: a pure decision over its age and the caller's wishes.

use std::time::Duration;

use crate::clock::Moment;

/// How long observations serve, for one shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FreshnessPolicy {
    /// Served without a word up to this age.
    pub fresh: Duration,
    /// Served beyond `fresh` for this long, while being refreshed.
    pub stale_while_revalidate: Duration,
    /// Served beyond `fresh` for this long when Haravan fails.
    pub stale_if_error: Duration,
}

/// What a caller asked for with `Cache-Control` (RFC 9111, section 5.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FreshnessWish {
    /// `max-age=N`: nothing older than this is wanted (unless `max-stale` says so).
    pub max_age: Option<Duration>,
    /// `max-stale[=N]`: staleness up to this is welcome, without a refresh.
    pub max_stale: Option<Duration>,
    /// `no-cache`: nothing observed before the question is wanted.
    pub no_cache: bool,
    /// `only-if-cached`: no upstream call may be made.
    pub only_if_cached: bool,
}

/// What may be done with an observation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// Serve it.
    Fresh,
    /// Serve it, say that it is stale, and refresh it in the background.
    Stale,
    /// Ask Haravan; serve it only if Haravan fails.
    Expired,
    /// Ask Haravan; never serve it.
    Unusable,
}

impl FreshnessPolicy {
    /// The moment from which on observations are fresh: one comparison for the cells of a hit, and the same verdict
    /// as [`FreshnessPolicy::judge`]'s. `None` if no observation is fresh.
    #[must_use]
    pub fn fresh_from(&self, now: Moment, wish: &FreshnessWish) -> Option<Moment> {
        (!wish.no_cache).then(|| now.minus(self.lifetime(wish)))
    }

    fn lifetime(&self, wish: &FreshnessWish) -> Duration {
        wish.max_age.map_or(self.fresh, |max_age| max_age.min(self.fresh))
    }

    /// Judges an observation of this age that is in doubt: never fresh, and to be asked again before it is served once
    /// a call can settle the doubt.
    #[must_use]
    pub fn judge_doubted(&self, age: Duration, can_be_settled: bool, wish: &FreshnessWish) -> Freshness {
        let past_fresh = self.lifetime(wish).saturating_add(Duration::from_millis(1));
        match self.judge(age.max(past_fresh), wish) {
            Freshness::Fresh | Freshness::Stale if can_be_settled => Freshness::Expired,
            judged => judged,
        }
    }

    /// Judges an observation of this age.
    #[must_use]
    pub fn judge(&self, age: Duration, wish: &FreshnessWish) -> Freshness {
        if wish.no_cache {
            return Freshness::Unusable;
        }
        let staleness = age.saturating_sub(self.lifetime(wish));
        let tolerated = match (wish.max_stale, wish.max_age) {
            (Some(max_stale), _) => max_stale,
            (None, None) => self.stale_while_revalidate,
            // A caller that names an age wants nothing older.
            (None, Some(_)) => Duration::ZERO,
        };
        if staleness.is_zero() {
            Freshness::Fresh
        } else if staleness <= tolerated {
            Freshness::Stale
        } else if wish.max_age.is_none() && staleness <= self.stale_if_error {
            Freshness::Expired
        } else {
            Freshness::Unusable
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Freshness, FreshnessPolicy, FreshnessWish};
    use crate::clock::Moment;

    #[track_caller]
    fn check(age: u64, wish: FreshnessWish, expected: Freshness) {
        let policy = FreshnessPolicy {
            fresh: Duration::from_secs(15),
            stale_while_revalidate: Duration::from_secs(60),
            stale_if_error: Duration::from_secs(600),
        };
        let age = Duration::from_secs(age);
        assert_eq!(policy.judge(age, &wish), expected, "{age:?}, {wish:?}");
        let now = Moment::from_millis(1_000_000);
        let fresh = policy.fresh_from(now, &wish).is_some_and(|from| from <= now.minus(age));
        assert_eq!(fresh, expected == Freshness::Fresh, "{age:?}, {wish:?}");
    }

    fn seconds(seconds: u64) -> Option<Duration> {
        Some(Duration::from_secs(seconds))
    }

    #[test]
    fn an_observation_ages_through_its_stages() {
        let wish = FreshnessWish::default();
        check(15, wish, Freshness::Fresh);
        check(16, wish, Freshness::Stale);
        check(75, wish, Freshness::Stale);
        check(76, wish, Freshness::Expired);
        check(615, wish, Freshness::Expired);
        check(616, wish, Freshness::Unusable);
    }

    #[test]
    fn max_age_tightens_and_is_never_answered_stale() {
        let wish = FreshnessWish { max_age: seconds(5), ..FreshnessWish::default() };
        check(5, wish, Freshness::Fresh);
        check(6, wish, Freshness::Unusable);
        let wish = FreshnessWish { max_age: seconds(3600), ..FreshnessWish::default() };
        check(15, wish, Freshness::Fresh);
        check(16, wish, Freshness::Unusable);
    }

    #[test]
    fn max_stale_loosens() {
        let wish = FreshnessWish { max_stale: seconds(300), ..FreshnessWish::default() };
        check(315, wish, Freshness::Stale);
        check(316, wish, Freshness::Expired);
    }

    #[test]
    fn no_cache_wants_nothing_observed_before() {
        let wish = FreshnessWish { no_cache: true, ..FreshnessWish::default() };
        check(0, wish, Freshness::Unusable);
    }
}
