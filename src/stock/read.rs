//! The read path: what is cached, what is on its way, what Haravan says; and nothing that a purge has overtaken.

use std::time::Duration;

use tokio::time::Instant;

use super::lookup::Survey;
use super::reading::Held;
use super::shop::Shop;
use super::{Incomplete, ReadError, ReadTally, ReadTerms, Snapshot};
use crate::cache::PurgesSince;
use crate::cache::entry::PackedCell;
use crate::cache::freshness::FreshnessWish;
use crate::clock::Moment;
use crate::domain::cell::{CellId, MissingReason};
use crate::loader::{Forecast, Lack, Loaded, Reuse};
use crate::plan::pending::Priority;
use crate::query::Grid;
use crate::trace::{self, CellCounts};

/// How often cells are looked up again once the wait is over, because yet another purge came meanwhile. What is still
/// overtaken then is unknown. Source: ours; a look takes milliseconds at most.
const MOST_LATE_LOOKS: u32 = 4;

/// What a question would take, had it been asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// Cells asked for.
    pub asked: usize,
    /// Cells that would be served fresh.
    pub fresh: usize,
    /// Cells that would be served stale.
    pub stale: usize,
    /// Cells that are not cached, or too old.
    pub absent: usize,
    /// The tiles that would be asked, those for stale cells last: (variants, locations).
    pub tiles: Vec<(usize, usize)>,
    /// Calls expected, those for stale cells and for further pages included.
    pub calls: usize,
    /// What the bucket and the queue would cost who asks now. Nobody waits for the refresh of stale cells.
    pub wait: Duration,
}

/// A reading under way.
pub(super) struct Reading<'a> {
    pub(super) grid: &'a Grid,
    pub(super) terms: &'a ReadTerms,
    /// When the question was asked.
    asked_at: Moment,
    pub(super) deadline: Instant,
}

impl Shop {
    /// Reads a grid: what is cached and fresh, what is stale while it is refreshed, the rest from Haravan.
    ///
    /// Nothing that was observed before a purge is in the answer if the purge came before the answer. Safe to drop at
    /// any time: what was asked of Haravan goes on for whoever else wants it.
    ///
    /// # Errors
    /// Not every cell could be had, and the terms refuse an incomplete answer. Cells that Haravan refuses make
    /// no error.
    pub async fn read(&self, grid: Grid, terms: &ReadTerms) -> Result<Snapshot, ReadError> {
        let reading = self.reading(&grid, terms);
        let mut late_looks = 0;
        let snapshot = loop {
            let seen = self.purges();
            let snapshot = self.read_once(&reading).await?;
            let since = self.purges_since(seen);
            if !snapshot.is_outdated(&since) {
                break snapshot.after(since.until());
            }
            if reading.deadline <= Instant::now() {
                late_looks += 1;
                if MOST_LATE_LOOKS < late_looks {
                    break reading.without_outdated(snapshot, &since)?;
                }
            }
        };
        trace::cells(|| counts_of(&snapshot));
        self.count(snapshot.tally());
        Ok(snapshot)
    }

    pub(super) fn reading<'a>(&self, grid: &'a Grid, terms: &'a ReadTerms) -> Reading<'a> {
        Reading {
            grid,
            terms,
            asked_at: terms.asked_at.unwrap_or_else(|| self.clock().now()),
            deadline: Instant::now() + terms.wait,
        }
    }

    async fn read_once(&self, reading: &Reading<'_>) -> Result<Snapshot, ReadError> {
        let Reading { grid, terms, .. } = *reading;
        let loader = self.loader();
        let looked = loader.looks();
        let changes = self.cache().changes();
        let now = self.clock().now();
        let fresh_from = reading.fresh_from(self, now);
        let mut survey = Survey::of(grid, self.cache(), self.freshness(), (terms, fresh_from), now);
        let serves = |cell: &PackedCell| cell.is_sound() && fresh_from <= cell.observed_at();
        if !survey.stale.is_empty() && !terms.freshness.only_if_cached {
            survey.tally.calls = loader.bring(Priority::Refresh, looked, &survey.stale, serves);
        }
        if survey.is_fresh()
            && let Some(oldest) = survey.oldest_fresh
        {
            let held = Held { changes, oldest };
            return Ok(Snapshot::of_held(grid.clone(), survey.entries, survey.tally, held));
        }
        if survey.lacks.is_empty() {
            return Ok(Snapshot::new(grid.clone(), survey.entries, Vec::new(), survey.tally));
        }
        if terms.freshness.only_if_cached {
            return Err(ReadError::NotCached);
        }
        // What is asked for within the millisecond of the question is as fresh as what is asked for later.
        let stale_before = fresh_from.min(reading.asked_at);
        let lacks = std::mem::take(&mut survey.lacks);
        let lacking = cells_of(&lacks).count();
        let reuse = reading.reuse(now);
        // The queue is full: what is lacking is missing for that, and what is good enough serves.
        let Ok(load) = loader.load_since(terms.caller, looked, lacks.clone(), reuse, serves) else {
            let missing = cells_of(&lacks).map(|cell| (cell, MissingReason::RateLimited)).collect();
            let loaded = Loaded { missing, ..Loaded::default() };
            let refused = |_| ReadError::Overloaded { retry_after: self.queue_wait() };
            survey.tally.fetched = lacking;
            return self.settle(grid, survey, loaded, (terms, stale_before)).map_err(refused);
        };
        survey.tally.joined = load.joined();
        survey.tally.fetched = lacking.saturating_sub(load.joined());
        let loaded = load.finish(reading.deadline).await;
        survey.tally.calls += loaded.calls;
        self.settle(grid, survey, loaded, (terms, stale_before))
    }

    /// Makes a snapshot of what was cached and what was loaded, or the error that the terms ask for.
    pub(super) fn settle(
        &self,
        grid: &Grid,
        mut survey: Survey,
        loaded: Loaded,
        (terms, stale_before): (&ReadTerms, Moment),
    ) -> Result<Snapshot, ReadError> {
        let mut unknown = loaded.missing;
        survey.tally.fetched = survey.tally.fetched.saturating_sub(unknown.len());
        unknown.retain(|(cell, reason)| {
            let served = *reason != MissingReason::Refused && survey.usable.binary_search(cell).is_ok();
            survey.tally.stale += usize::from(served);
            !served
        });
        if terms.incomplete == Incomplete::Refuse
            && let Some(error) =
                worst(&unknown).and_then(|reason| ReadError::of_missing(reason, self.queue_wait()))
        {
            return Err(error);
        }
        survey.merge(grid, loaded.entries);
        Ok(Snapshot::new(grid.clone(), survey.entries, unknown, survey.tally)
            .with_stale_counted(stale_before))
    }

    /// What reading a grid would take, without asking anybody.
    #[must_use]
    pub fn explain(&self, grid: &Grid, terms: &ReadTerms) -> Explanation {
        let now = self.clock().now();
        let asked_at = terms.asked_at.unwrap_or(now);
        let reading = Reading { grid, terms, asked_at, deadline: Instant::now() };
        let fresh_from = reading.fresh_from(self, now);
        let survey = Survey::of(grid, self.cache(), self.freshness(), (terms, fresh_from), now);
        let Forecast { mut tiles, mut calls, joined } =
            self.loader().forecast(&survey.lacks, reading.reuse(now));
        let wait = if calls == 0 && joined == 0 {
            Duration::ZERO
        } else {
            self.wait_for(calls.saturating_add(self.loader().queued_calls()))
        };
        // Nobody waits for these.
        if !terms.freshness.only_if_cached {
            let refreshed = self.loader().forecast(&survey.stale, Reuse::default());
            tiles.extend(refreshed.tiles);
            calls += refreshed.calls;
        }
        Explanation {
            asked: grid.cells(),
            fresh: survey.tally.hit,
            stale: survey.tally.stale,
            absent: grid.cells() - survey.tally.hit - survey.tally.stale,
            tiles,
            calls,
            wait,
        }
    }
}

impl Reading<'_> {
    /// What began after the question is as fresh as can be, whatever was wished for.
    fn anew(&self) -> Moment {
        self.asked_at.plus(Duration::from_millis(1))
    }

    /// The moment from which on observations are fresh.
    pub(super) fn fresh_from(&self, shop: &Shop, now: Moment) -> Moment {
        let by_policy = shop.freshness().fresh_from(now, &self.terms.freshness);
        by_policy.map_or(self.anew(), |from| from.min(self.anew()))
    }

    /// What the question makes of flights under way and of refusals that are remembered.
    pub(super) fn reuse(&self, now: Moment) -> Reuse {
        let FreshnessWish { max_age, max_stale, no_cache, .. } = self.terms.freshness;
        if no_cache {
            return Reuse { flights_from: Some(self.anew()), refusals_from: Some(self.anew()) };
        }
        let oldest = max_age.map(|age| now.minus(age.saturating_add(max_stale.unwrap_or_default())));
        Reuse { flights_from: oldest.map(|oldest| oldest.min(self.anew())), refusals_from: None }
    }

    /// The snapshot without what was overtaken: that is unknown, since there is no time left to ask for it.
    fn without_outdated(&self, snapshot: Snapshot, since: &PurgesSince) -> Result<Snapshot, ReadError> {
        if self.terms.incomplete == Incomplete::Refuse {
            return Err(ReadError::Timeout);
        }
        Ok(snapshot.without(since, MissingReason::Timeout).after(since.until()))
    }
}

pub(super) fn cells_of(lacks: &[Lack]) -> impl Iterator<Item = CellId> {
    lacks.iter().flat_map(|(variant_id, locations)| {
        locations.iter().map(|loc_id| CellId { variant_id: *variant_id, loc_id: *loc_id })
    })
}

/// What a trace tells of a snapshot.
pub(super) fn counts_of(snapshot: &Snapshot) -> CellCounts {
    let ReadTally { hit, stale, fetched, joined, calls, .. } = snapshot.tally();
    let (asked, missing) = (snapshot.grid().cells(), snapshot.unknown().len());
    CellCounts { asked, hit, stale, fetched, joined, missing, calls }
}

/// The reason to give for missing cells, the most telling first.
fn worst(missing: &[(CellId, MissingReason)]) -> Option<MissingReason> {
    const MOST_TELLING_FIRST: [MissingReason; 4] = [
        MissingReason::Unauthorized,
        MissingReason::RateLimited,
        MissingReason::Timeout,
        MissingReason::Failed,
    ];
    MOST_TELLING_FIRST.into_iter().find(|wanted| missing.iter().any(|(_, reason)| reason == wanted))
}
