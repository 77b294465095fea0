//! A question that is being answered: one attempt, and what it may use.

use std::time::Duration;

use tokio::time::Instant;

use super::lookup::Lookup;
use crate::cache::PurgesSince;
use crate::cache::entry::PackedCell;
use crate::cache::freshness::FreshnessWish;
use crate::clock::Moment;
use crate::domain::cell::{CellId, MissingReason};
use crate::loader::{Forecast, Lack, Loaded, Reuse};
use crate::plan::pending::Priority;
use crate::query::Grid;
use crate::stock::read_error::ReadError;
use crate::stock::reading::{AllFresh, Reading};
use crate::stock::shop::Devices;
use crate::stock::terms::{Incomplete, ReadTerms};

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
#[derive(Clone, Copy)]
pub(super) struct ReadRequest<'a> {
    pub(super) devices: &'a Devices,
    pub(super) grid: &'a Grid,
    pub(super) terms: &'a ReadTerms,
    /// When the question was asked.
    asked_at: Moment,
    pub(super) deadline: Instant,
}

impl<'a> ReadRequest<'a> {
    /// A question that is asked now.
    pub(super) fn new(devices: &'a Devices, grid: &'a Grid, terms: &'a ReadTerms) -> Self {
        let asked_at = terms.asked_at.unwrap_or_else(|| devices.clock.now());
        Self { devices, grid, terms, asked_at, deadline: Instant::now() + terms.wait }
    }

    /// The first moment after the question. Observations from then on are fresh, whatever was wished for.
    fn after_question(&self) -> Moment {
        self.asked_at.plus(Duration::from_millis(1))
    }

    /// The oldest moment at which an observation may have been made to be fresh.
    pub(super) fn fresh_from(&self, now: Moment) -> Moment {
        let by_policy = self.devices.freshness.fresh_from(now, &self.terms.freshness);
        by_policy.map_or(self.after_question(), |from| from.min(self.after_question()))
    }

    /// Which flights and which remembered refusals the question may use.
    pub(super) fn reuse(&self, now: Moment) -> Reuse {
        let FreshnessWish { max_age, max_stale, no_cache, .. } = self.terms.freshness;
        if no_cache {
            let after = Some(self.after_question());
            return Reuse { flights_from: after, refusals_from: after };
        }
        let oldest = max_age.map(|age| now.minus(age.saturating_add(max_stale.unwrap_or_default())));
        Reuse { flights_from: oldest.map(|oldest| oldest.min(self.after_question())), refusals_from: None }
    }

    /// Looks up the grid in the cache.
    pub(super) fn lookup(&self, now: Moment) -> Lookup {
        let Devices { cache, freshness, .. } = self.devices;
        Lookup::of(self.grid, cache, freshness, (self.terms, self.fresh_from(now)), now)
    }

    /// Reads the grid once. A purge may overtake it.
    pub(super) async fn read_once(&self) -> Result<Reading, ReadError> {
        let Self { devices: Devices { cache, loader, clock, .. }, grid, terms, .. } = *self;
        let looked = loader.looks();
        let changes = cache.changes();
        let now = clock.now();
        let fresh_from = self.fresh_from(now);
        let mut lookup = self.lookup(now);
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
        let stale_before = fresh_from.min(self.asked_at);
        let lacks = std::mem::take(&mut lookup.missing);
        let lacking = cells_of(&lacks).count();
        // The queue is full: the lacking cells are missing for that reason, and cells that are good enough serve.
        let Ok(load) = loader.load_since(terms.caller, looked, lacks.clone(), self.reuse(now), serves) else {
            let missing = cells_of(&lacks).map(|cell| (cell, MissingReason::RateLimited)).collect();
            let loaded = Loaded { missing, ..Loaded::default() };
            let refused = |_| ReadError::Overloaded { retry_after: self.devices.queue_wait() };
            lookup.tally.fetched = lacking;
            return self.settle(lookup, loaded, stale_before).map_err(refused);
        };
        lookup.tally.joined = load.joined();
        lookup.tally.fetched = lacking.saturating_sub(load.joined());
        let loaded = load.finish(self.deadline).await;
        lookup.tally.calls += loaded.calls;
        self.settle(lookup, loaded, stale_before)
    }

    /// Combines cached and loaded cells into a reading, or returns the error that the terms ask for.
    pub(super) fn settle(
        &self,
        mut lookup: Lookup,
        loaded: Loaded,
        stale_before: Moment,
    ) -> Result<Reading, ReadError> {
        let mut unknown = loaded.missing;
        lookup.tally.fetched = lookup.tally.fetched.saturating_sub(unknown.len());
        unknown.retain(|(cell, reason)| {
            let served = *reason != MissingReason::Refused && lookup.usable.binary_search(cell).is_ok();
            lookup.tally.stale += usize::from(served);
            !served
        });
        if self.terms.incomplete == Incomplete::Refuse
            && let Some(error) =
                worst(&unknown).and_then(|reason| ReadError::of_missing(reason, self.devices.queue_wait()))
        {
            return Err(error);
        }
        lookup.merge(self.grid, loaded.entries);
        let reading = Reading::new(self.grid.clone(), lookup.entries, unknown, lookup.tally);
        Ok(reading.with_stale_counted(stale_before))
    }

    /// The reading without the cells that were overtaken. They are unknown: no time is left to ask for them.
    pub(super) fn without_outdated(
        &self,
        reading: Reading,
        since: &PurgesSince,
    ) -> Result<Reading, ReadError> {
        if self.terms.incomplete == Incomplete::Refuse {
            return Err(ReadError::Timeout);
        }
        Ok(reading.without(since, MissingReason::Timeout).after(since.until()))
    }

    /// Estimates what reading the grid would take. Asks Haravan for nothing.
    pub(super) fn explain(&self) -> Explanation {
        let Self { devices, grid, terms, .. } = *self;
        let now = devices.clock.now();
        let lookup = self.lookup(now);
        let forecast = devices.loader.forecast(&lookup.missing, self.reuse(now));
        let Forecast { mut tiles, mut calls, joined } = forecast;
        let wait = if calls == 0 && joined == 0 {
            Duration::ZERO
        } else {
            devices.wait_for(calls.saturating_add(devices.loader.queued_calls()))
        };
        // No caller waits for these.
        if !terms.freshness.only_if_cached {
            let refreshed = devices.loader.forecast(&lookup.stale, Reuse::default());
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

/// The cells of these lacks.
pub(super) fn cells_of(lacks: &[Lack]) -> impl Iterator<Item = CellId> {
    lacks.iter().flat_map(|(variant_id, locations)| {
        locations.iter().map(|loc_id| CellId { variant_id: *variant_id, loc_id: *loc_id })
    })
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
