//! The read path: what is cached, what is in flight, what Haravan says, and nothing that a purge has overtaken.

mod explanation;
mod lookup;
mod windows;

use std::time::Duration;

use tokio::time::Instant;

pub use self::explanation::Explanation;
use self::lookup::Lookup;
use self::windows::WindowRequest;
use super::read_error::ReadError;
use super::reading::{AllFresh, ReadTally, Reading};
use super::shop::{Devices, Shop};
use super::terms::{Incomplete, ReadTerms};
use crate::cache::PurgesSince;
use crate::cache::entry::PackedCell;
use crate::cache::freshness::FreshnessWish;
use crate::clock::Moment;
use crate::domain::cell::{CellId, MissingReason};
use crate::loader::{Lack, Loaded, Reuse};
use crate::plan::pending::Priority;
use crate::query::{Grid, Selection};
use crate::trace::{self, CellCounts};

/// How often cells are looked up again after the wait is over, because another purge came meanwhile. Cells that are
/// still overtaken then are unknown. Source: ours; a lookup takes milliseconds at most.
const MOST_LATE_LOOKS: u32 = 4;

/// A question that is being answered.
#[derive(Clone, Copy)]
struct ReadRequest<'a> {
    devices: &'a Devices,
    grid: &'a Grid,
    terms: &'a ReadTerms,
    /// When the question was asked.
    asked_at: Moment,
    deadline: Instant,
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
        let request = ReadRequest::new(&self.devices, &grid, terms);
        let mut late_looks = 0;
        let reading = loop {
            let seen = self.purges();
            let reading = request.read_once().await?;
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
        Ok(self.counted(reading))
    }

    /// Reads what a selection needs of a grid: all of its cells or, in one call, only the rows that are wanted.
    /// Returns the selection that is still to be applied.
    ///
    /// # Errors
    /// As [`Shop::read`].
    pub async fn read_rows(
        &self,
        grid: Grid,
        selection: Selection,
        terms: &ReadTerms,
    ) -> Result<(Reading, Selection), ReadError> {
        let deadline = Instant::now() + terms.wait;
        let request = ReadRequest::new(&self.devices, &grid, terms);
        if let Some((reading, rest)) = (WindowRequest { request, selection: &selection }).read().await? {
            return Ok((self.counted(reading), rest));
        }
        let terms = ReadTerms { wait: deadline.saturating_duration_since(Instant::now()), ..*terms };
        Ok((self.read(grid, &terms).await?, selection))
    }

    /// Estimates what [`Shop::read_rows`] would take. Asks Haravan for nothing.
    #[must_use]
    pub fn explain_rows(&self, grid: &Grid, selection: &Selection, terms: &ReadTerms) -> Explanation {
        let explained = ReadRequest::new(&self.devices, grid, terms).explain();
        let request = ReadRequest::new(&self.devices, grid, terms);
        match (WindowRequest { request, selection }).is_held() {
            None => explained,
            Some(true) => explained.without_calls(),
            Some(false) => explained.with_one_call(&self.devices, grid),
        }
    }

    /// Counts a reading, and shows it in the trace.
    fn counted(&self, reading: Reading) -> Reading {
        trace::cells(|| counts_of(&reading));
        self.counter.count(reading.tally());
        reading
    }
}

impl<'a> ReadRequest<'a> {
    /// A question that is asked now.
    fn new(devices: &'a Devices, grid: &'a Grid, terms: &'a ReadTerms) -> Self {
        let asked_at = terms.asked_at.unwrap_or_else(|| devices.clock.now());
        Self { devices, grid, terms, asked_at, deadline: Instant::now() + terms.wait }
    }

    /// The first moment after the question. Observations from then on are fresh, whatever was wished for.
    fn after_question(&self) -> Moment {
        self.asked_at.plus(Duration::from_millis(1))
    }

    /// The oldest moment at which an observation may have been made to be fresh.
    fn fresh_from(&self, now: Moment) -> Moment {
        let by_policy = self.devices.freshness.fresh_from(now, &self.terms.freshness);
        by_policy.map_or(self.after_question(), |from| from.min(self.after_question()))
    }

    /// Which flights and which remembered refusals the question may use.
    fn reuse(&self, now: Moment) -> Reuse {
        let FreshnessWish { max_age, max_stale, no_cache, .. } = self.terms.freshness;
        if no_cache {
            let after = Some(self.after_question());
            return Reuse { flights_from: after, refusals_from: after };
        }
        let oldest = max_age.map(|age| now.minus(age.saturating_add(max_stale.unwrap_or_default())));
        Reuse { flights_from: oldest.map(|oldest| oldest.min(self.after_question())), refusals_from: None }
    }

    /// Looks up the grid in the cache.
    fn lookup(&self, now: Moment) -> Lookup {
        let Devices { cache, freshness, .. } = self.devices;
        Lookup::of(self.grid, cache, freshness, (self.terms, self.fresh_from(now)), now)
    }

    /// Reads the grid once. A purge may overtake it.
    async fn read_once(&self) -> Result<Reading, ReadError> {
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
    fn settle(&self, mut lookup: Lookup, loaded: Loaded, stale_before: Moment) -> Result<Reading, ReadError> {
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
    fn without_outdated(&self, reading: Reading, since: &PurgesSince) -> Result<Reading, ReadError> {
        if self.terms.incomplete == Incomplete::Refuse {
            return Err(ReadError::Timeout);
        }
        Ok(reading.without(since, MissingReason::Timeout).after(since.until()))
    }

    /// Estimates what reading the grid would take. Asks Haravan for nothing.
    fn explain(&self) -> Explanation {
        let now = self.devices.clock.now();
        Explanation::of(self.devices, (self.grid, self.terms), &self.lookup(now), self.reuse(now))
    }
}

/// The cells of these lacks.
fn cells_of(lacks: &[Lack]) -> impl Iterator<Item = CellId> {
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

/// The counts of a reading, for traces.
fn counts_of(reading: &Reading) -> CellCounts {
    let ReadTally { hit, stale, fetched, joined, calls, .. } = reading.tally();
    let (asked, missing) = (reading.grid().cells(), reading.unknown().len());
    CellCounts { asked, hit, stale, fetched, joined, missing, calls }
}
