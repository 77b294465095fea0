//! The read path: what is cached, what is in flight, what Haravan says, and nothing that a purge has overtaken.

use std::time::Duration;

use tokio::time::Instant;

use super::lookup::Lookup;
use super::read_error::ReadError;
use super::reading::AllFresh;
use super::reading::{ReadTally, Reading};
use super::shop::Shop;
use super::terms::{Incomplete, ReadTerms};
use crate::cache::PurgesSince;
use crate::cache::entry::PackedCell;
use crate::cache::freshness::FreshnessWish;
use crate::clock::Moment;
use crate::domain::cell::{CellId, MissingReason};
use crate::loader::{Forecast, Lack, Loaded, Reuse};
use crate::plan::pending::Priority;
use crate::query::Grid;
use crate::trace::{self, CellCounts};

/// How often cells are looked up again after the wait is over, because another purge came meanwhile. Cells that are
/// still overtaken then are unknown. Source: ours; a lookup takes milliseconds at most.
const MOST_LATE_LOOKS: u32 = 4;

/// An estimate of what a question takes, made without asking Haravan.
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
    /// The tiles that would be asked for, those for stale cells last: (variants, locations).
    pub tiles: Vec<(usize, usize)>,
    /// Calls expected, those for stale cells and for further pages included.
    pub calls: usize,
    /// How long the bucket and the queue would make the caller wait. No caller waits for the refresh of stale cells.
    pub wait: Duration,
}

/// A question that is being answered.
pub(super) struct ReadRequest<'a> {
    pub(super) grid: &'a Grid,
    pub(super) terms: &'a ReadTerms,
    /// When the question was asked.
    asked_at: Moment,
    pub(super) deadline: Instant,
}

impl Shop {
    /// Reads a grid: fresh cells from the cache, stale ones while they are refreshed, the rest from Haravan.
    ///
    /// If a purge came before the answer, the answer holds nothing that was observed before the purge. Safe to drop
    /// at any time: the calls go on for the other callers that want the cells.
    ///
    /// # Errors
    /// Not every cell could be had, and the terms refuse an incomplete answer. Cells that Haravan refuses make
    /// no error.
    pub async fn read(&self, grid: Grid, terms: &ReadTerms) -> Result<Reading, ReadError> {
        let request = self.request(&grid, terms);
        let mut late_looks = 0;
        let reading = loop {
            let seen = self.purges();
            let reading = self.read_once(&request).await?;
            let since = self.purges_since(seen);
            if !reading.is_outdated(&since) {
                break reading.after(since.until());
            }
            if request.deadline <= Instant::now() {
                late_looks += 1;
                if MOST_LATE_LOOKS < late_looks {
                    break request.without_outdated(reading, &since)?;
                }
            }
        };
        trace::cells(|| counts_of(&reading));
        self.count(reading.tally());
        Ok(reading)
    }

    pub(super) fn request<'a>(&self, grid: &'a Grid, terms: &'a ReadTerms) -> ReadRequest<'a> {
        ReadRequest {
            grid,
            terms,
            asked_at: terms.asked_at.unwrap_or_else(|| self.clock().now()),
            deadline: Instant::now() + terms.wait,
        }
    }

    async fn read_once(&self, request: &ReadRequest<'_>) -> Result<Reading, ReadError> {
        let ReadRequest { grid, terms, .. } = *request;
        let loader = self.loader();
        let looked = loader.looks();
        let changes = self.cache().changes();
        let now = self.clock().now();
        let fresh_from = request.fresh_from(self, now);
        let mut lookup = Lookup::of(grid, self.cache(), self.freshness(), (terms, fresh_from), now);
        let serves = |cell: &PackedCell| cell.is_sound() && fresh_from <= cell.observed_at();
        if !lookup.stale.is_empty() && !terms.freshness.only_if_cached {
            lookup.tally.calls = loader.bring(Priority::Refresh, looked, &lookup.stale, serves);
        }
        if lookup.is_all_fresh()
            && let Some(oldest) = lookup.oldest_fresh
        {
            let all_fresh = AllFresh { changes, oldest };
            return Ok(Reading::of_fresh(grid.clone(), lookup.entries, lookup.tally, all_fresh));
        }
        if lookup.missing.is_empty() {
            return Ok(Reading::new(grid.clone(), lookup.entries, Vec::new(), lookup.tally));
        }
        if terms.freshness.only_if_cached {
            return Err(ReadError::NotCached);
        }
        // What is asked for within the millisecond of the question is as fresh as what is asked for later.
        let stale_before = fresh_from.min(request.asked_at);
        let lacks = std::mem::take(&mut lookup.missing);
        let lacking = cells_of(&lacks).count();
        let reuse = request.reuse(now);
        // The queue is full: the lacking cells are missing for that reason, and cells that are good enough serve.
        let Ok(load) = loader.load_since(terms.caller, looked, lacks.clone(), reuse, serves) else {
            let missing = cells_of(&lacks).map(|cell| (cell, MissingReason::RateLimited)).collect();
            let loaded = Loaded { missing, ..Loaded::default() };
            let refused = |_| ReadError::Overloaded { retry_after: self.queue_wait() };
            lookup.tally.fetched = lacking;
            return self.settle(grid, lookup, loaded, (terms, stale_before)).map_err(refused);
        };
        lookup.tally.joined = load.joined();
        lookup.tally.fetched = lacking.saturating_sub(load.joined());
        let loaded = load.finish(request.deadline).await;
        lookup.tally.calls += loaded.calls;
        self.settle(grid, lookup, loaded, (terms, stale_before))
    }

    /// Combines cached and loaded cells into a reading, or returns the error that the terms ask for.
    pub(super) fn settle(
        &self,
        grid: &Grid,
        mut lookup: Lookup,
        loaded: Loaded,
        (terms, stale_before): (&ReadTerms, Moment),
    ) -> Result<Reading, ReadError> {
        let mut unknown = loaded.missing;
        lookup.tally.fetched = lookup.tally.fetched.saturating_sub(unknown.len());
        unknown.retain(|(cell, reason)| {
            let served = *reason != MissingReason::Refused && lookup.usable.binary_search(cell).is_ok();
            lookup.tally.stale += usize::from(served);
            !served
        });
        if terms.incomplete == Incomplete::Refuse
            && let Some(error) =
                worst(&unknown).and_then(|reason| ReadError::of_missing(reason, self.queue_wait()))
        {
            return Err(error);
        }
        lookup.merge(grid, loaded.entries);
        Ok(Reading::new(grid.clone(), lookup.entries, unknown, lookup.tally).with_stale_counted(stale_before))
    }

    /// Estimates what reading a grid would take. Asks Haravan for nothing.
    #[must_use]
    pub fn explain(&self, grid: &Grid, terms: &ReadTerms) -> Explanation {
        let now = self.clock().now();
        let asked_at = terms.asked_at.unwrap_or(now);
        let request = ReadRequest { grid, terms, asked_at, deadline: Instant::now() };
        let fresh_from = request.fresh_from(self, now);
        let lookup = Lookup::of(grid, self.cache(), self.freshness(), (terms, fresh_from), now);
        let Forecast { mut tiles, mut calls, joined } =
            self.loader().forecast(&lookup.missing, request.reuse(now));
        let wait = if calls == 0 && joined == 0 {
            Duration::ZERO
        } else {
            self.wait_for(calls.saturating_add(self.loader().queued_calls()))
        };
        // No caller waits for these.
        if !terms.freshness.only_if_cached {
            let refreshed = self.loader().forecast(&lookup.stale, Reuse::default());
            tiles.extend(refreshed.tiles);
            calls += refreshed.calls;
        }
        Explanation {
            asked: grid.cells(),
            fresh: lookup.tally.hit,
            stale: lookup.tally.stale,
            absent: grid.cells() - lookup.tally.hit - lookup.tally.stale,
            tiles,
            calls,
            wait,
        }
    }
}

impl ReadRequest<'_> {
    /// The first moment after the question. Observations from then on are fresh, whatever was wished for.
    fn after_question(&self) -> Moment {
        self.asked_at.plus(Duration::from_millis(1))
    }

    /// The oldest moment at which an observation may have been made to be fresh.
    pub(super) fn fresh_from(&self, shop: &Shop, now: Moment) -> Moment {
        let by_policy = shop.freshness().fresh_from(now, &self.terms.freshness);
        by_policy.map_or(self.after_question(), |from| from.min(self.after_question()))
    }

    /// Which flights and which remembered refusals the question may use.
    pub(super) fn reuse(&self, now: Moment) -> Reuse {
        let FreshnessWish { max_age, max_stale, no_cache, .. } = self.terms.freshness;
        if no_cache {
            return Reuse {
                flights_from: Some(self.after_question()),
                refusals_from: Some(self.after_question()),
            };
        }
        let oldest = max_age.map(|age| now.minus(age.saturating_add(max_stale.unwrap_or_default())));
        Reuse { flights_from: oldest.map(|oldest| oldest.min(self.after_question())), refusals_from: None }
    }

    /// The reading without the cells that were overtaken. They are unknown: no time is left to ask for them.
    fn without_outdated(&self, reading: Reading, since: &PurgesSince) -> Result<Reading, ReadError> {
        if self.terms.incomplete == Incomplete::Refuse {
            return Err(ReadError::Timeout);
        }
        Ok(reading.without(since, MissingReason::Timeout).after(since.until()))
    }
}

pub(super) fn cells_of(lacks: &[Lack]) -> impl Iterator<Item = CellId> {
    lacks.iter().flat_map(|(variant_id, locations)| {
        locations.iter().map(|loc_id| CellId { variant_id: *variant_id, loc_id: *loc_id })
    })
}

/// The counts of a reading, for traces.
pub(super) fn counts_of(reading: &Reading) -> CellCounts {
    let ReadTally { hit, stale, fetched, joined, calls, .. } = reading.tally();
    let (asked, missing) = (reading.grid().cells(), reading.unknown().len());
    CellCounts { asked, hit, stale, fetched, joined, missing, calls }
}

/// The most important of the reasons for which cells are missing.
fn worst(missing: &[(CellId, MissingReason)]) -> Option<MissingReason> {
    const MOST_IMPORTANT_FIRST: [MissingReason; 4] = [
        MissingReason::Unauthorized,
        MissingReason::RateLimited,
        MissingReason::Timeout,
        MissingReason::Failed,
    ];
    MOST_IMPORTANT_FIRST.into_iter().find(|wanted| missing.iter().any(|(_, reason)| reason == wanted))
}
