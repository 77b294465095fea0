//! Questions in Haravan's own form: some of a grid's rows, by `limit`, `since_id` or `page`.
//!
//! Where the whole grid may take more than one call, such a question is passed on as it is. It costs one call, as it
//! would without this service. Pages are remembered while they are fresh: they serve the same question again, and
//! they show where the next `page` begins.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use tokio::time::Instant;

use super::lookup::Lookup;
use super::read::{Explanation, ReadRequest, cells_of, counts_of};
use super::read_error::ReadError;
use super::reading::{ReadTally, Reading};
use super::shop::Shop;
use super::terms::ReadTerms;
use crate::cache::PurgeCount;
use crate::cache::entry::{PackedCell, VariantCells};
use crate::clock::Moment;
use crate::domain::cell::{CellId, MissingReason};
use crate::domain::id::{LocationId, VariantId};
use crate::haravan::InventoryCall;
use crate::loader::{Loaded, Window, WindowEnd, WindowLoaded};
use crate::plan::{MAX_IDS, MAX_PAGE, Tile};
use crate::query::{Grid, Selection, Slice};
use crate::trace;

/// Most windows remembered for a shop. Source: ours; each is at most 250 ids, some 10 KB with its lists.
const REMEMBERED: usize = 64;

/// How long after a page the next one may begin behind it. Source: ours; a program that pages takes its time
/// between pages.
const PAGES_FOLLOW: Duration = Duration::from_secs(120);

/// How often a window is asked for because a purge or another read overtook it. Source: ours.
const MOST_ATTEMPTS: u32 = 3;

/// The windows that came lately, each with the purges that had come before it.
#[derive(Debug, Default)]
pub(super) struct WindowsSeen {
    seen: Mutex<VecDeque<(Arc<Window>, PurgeCount)>>,
}

impl WindowsSeen {
    fn remember(&self, window: Arc<Window>, purges: PurgeCount) {
        let mut seen = self.seen.lock();
        seen.retain(|(other, _)| other.call != window.call);
        if seen.len() == REMEMBERED {
            seen.pop_front();
        }
        seen.push_back((window, purges));
    }

    fn get(&self, call: &InventoryCall) -> Option<(Arc<Window>, PurgeCount)> {
        self.seen.lock().iter().find(|(window, _)| window.call == *call).cloned()
    }
}

/// Some of a grid's rows, and the selection that is still to be applied to them.
type ReadPart = (Reading, Selection);

impl Shop {
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
        if let Some(part) = self.read_part(&grid, &selection, terms).await? {
            return Ok(part);
        }
        let terms = ReadTerms { wait: deadline.saturating_duration_since(Instant::now()), ..*terms };
        Ok((self.read(grid, &terms).await?, selection))
    }

    /// Estimates what [`Shop::read_rows`] would take. Asks Haravan for nothing.
    #[must_use]
    pub fn explain_rows(&self, grid: &Grid, selection: &Selection, terms: &ReadTerms) -> Explanation {
        let explained = self.explain(grid, terms);
        let request = self.request(grid, terms);
        let lookup = self.lookup(&request);
        let call = self.call_for(&request, selection, &lookup);
        match call.map(|call| self.held(&call, &request, &lookup).is_some()) {
            None => explained,
            Some(true) => Explanation { tiles: Vec::new(), calls: 0, wait: Duration::ZERO, ..explained },
            Some(false) => {
                let tiles = vec![(grid.variants.len(), grid.locations.len())];
                let wait = self.wait_for(self.loader().queued_calls().saturating_add(1));
                Explanation { tiles, calls: 1, wait, ..explained }
            }
        }
    }

    async fn read_part(
        &self,
        grid: &Grid,
        selection: &Selection,
        terms: &ReadTerms,
    ) -> Result<Option<ReadPart>, ReadError> {
        if terms.freshness.only_if_cached {
            return Ok(None);
        }
        let request = self.request(grid, terms);
        for _ in 0..MOST_ATTEMPTS {
            let lookup = self.lookup(&request);
            let reuse = request.reuse(self.clock().now());
            let Some(call) = self.call_for(&request, selection, &lookup) else { return Ok(None) };
            let rest = rest_of(selection, &call);
            let seen = self.purges();
            if let Some(reading) = self.held(&call, &request, &lookup) {
                return Ok(Some((self.counted(reading.after(seen)), rest)));
            }
            let Ok(load) = self.loader().window(terms.caller, call, reuse) else {
                // The queue is full: what is held and good enough serves.
                let reading = self.without_window(&request, lookup, MissingReason::RateLimited);
                let refused = |_| ReadError::Overloaded { retry_after: self.queue_wait() };
                return Ok(Some((self.counted(reading.map_err(refused)?.after(seen)), *selection)));
            };
            let loaded = load.finish(request.deadline).await;
            match &loaded.end {
                WindowEnd::Unfit => return Ok(None),
                WindowEnd::Missing(reason) => {
                    let reading = self.without_window(&request, lookup, *reason)?;
                    return Ok(Some((self.counted(reading.after(seen)), *selection)));
                }
                WindowEnd::Came(window) => {
                    self.windows().remember(Arc::clone(window), seen);
                    if let Some(reading) = reading_of(grid, window, &loaded, &lookup) {
                        return Ok(Some((self.counted(reading.after(seen)), rest)));
                    }
                }
            }
            if request.deadline <= Instant::now() {
                return Err(ReadError::Timeout);
            }
        }
        Ok(None)
    }

    fn lookup(&self, request: &ReadRequest<'_>) -> Lookup {
        let now = self.clock().now();
        let fresh_from = request.fresh_from(self, now);
        Lookup::of(request.grid, self.cache(), self.freshness(), (request.terms, fresh_from), now)
    }

    fn counted(&self, reading: Reading) -> Reading {
        trace::cells(|| counts_of(&reading));
        self.count(reading.tally());
        reading
    }

    /// The one call to make for what is selected. `None` if cells are to be read instead.
    fn call_for(
        &self,
        request: &ReadRequest<'_>,
        selection: &Selection,
        lookup: &Lookup,
    ) -> Option<InventoryCall> {
        let call = self.call_of(request.grid, selection).filter(|_| !lookup.missing.is_empty())?;
        let reuse = request.reuse(self.clock().now());
        self.loader().takes_window(&call.tile, reuse).then_some(call)
    }

    /// The one call that brings what is selected. `None` where one call cannot ask for it, or surely brings
    /// the whole grid.
    fn call_of(&self, grid: &Grid, selection: &Selection) -> Option<InventoryCall> {
        let Slice { skip, take } = selection.slice?;
        let limit = usize::try_from(take).ok().filter(|limit| *limit <= MAX_PAGE)?;
        let is_one_call = grid.variants.len() <= MAX_IDS && grid.locations.len() <= MAX_IDS;
        if !is_one_call || grid.cells() <= limit || self.loader().density().surely_fits(grid.cells()) {
            return None;
        }
        let tile = Tile { variants: grid.variants.to_vec(), locations: Arc::clone(&grid.locations) };
        let mut call = InventoryCall {
            tile: Arc::new(tile),
            since_id: selection.since_id,
            updated_at_min: selection.updated_at_min,
            order: selection.order,
            direction: selection.direction,
            limit,
        };
        for _ in 0..skip.checked_div(take)? {
            // The page before shows where this one begins. Only in the order of ids can that be asked for.
            let (window, _) = self.windows().get(&call).filter(|(window, purges)| {
                let is_recent = self.clock().now().since(window.began) <= PAGES_FOLLOW;
                is_recent && !window.is_last && call.is_by_id() && self.is_not_purged(grid, *purges)
            })?;
            call.since_id = window.rows.last()?.0.get();
        }
        Some(call)
    }

    /// Whether no purge has come since that concerns a grid.
    fn is_not_purged(&self, grid: &Grid, purges: PurgeCount) -> bool {
        !self.purges_since(purges).touch(&grid.variants, &grid.locations)
    }

    /// The reading of a window that came of the same call, if it is fresh and its rows are still held.
    fn held(&self, call: &InventoryCall, request: &ReadRequest<'_>, lookup: &Lookup) -> Option<Reading> {
        let (window, purges) = self.windows().get(call)?;
        let now = self.clock().now();
        let fresh_from = request.fresh_from(self, now);
        if window.began < fresh_from || !self.is_not_purged(request.grid, purges) {
            return None;
        }
        let left = self.freshness().fresh.saturating_sub(now.since(window.began)).as_secs();
        let tally = ReadTally { hit: request.grid.cells(), ttl_seconds: Some(left), ..ReadTally::default() };
        of_rows(request.grid, &window, &lookup.entries, fresh_from, tally)
    }

    /// The reading for a window that did not come: the cells that are held and good enough, or the error.
    fn without_window(
        &self,
        request: &ReadRequest<'_>,
        mut lookup: Lookup,
        reason: MissingReason,
    ) -> Result<Reading, ReadError> {
        let lacks = std::mem::take(&mut lookup.missing);
        let missing: Vec<_> = cells_of(&lacks).map(|cell| (cell, reason)).collect();
        lookup.tally.fetched = missing.len();
        let loaded = Loaded { missing, ..Loaded::default() };
        let fresh_from = request.fresh_from(self, self.clock().now());
        self.settle(request.grid, lookup, loaded, (request.terms, fresh_from))
    }
}

/// The selection that is still to be applied to the rows of a call.
fn rest_of(selection: &Selection, call: &InventoryCall) -> Selection {
    let take = u64::try_from(call.limit).unwrap_or(u64::MAX);
    Selection { since_id: call.since_id, slice: Some(Slice { skip: 0, take }), ..*selection }
}

/// The reading of a window that has just come. `None` if something has overtaken one of its rows.
fn reading_of(grid: &Grid, window: &Window, loaded: &WindowLoaded, lookup: &Lookup) -> Option<Reading> {
    let by_variant: FxHashMap<VariantId, &Arc<VariantCells>> =
        loaded.entries.iter().map(|entry| (entry.variant_id(), entry)).collect();
    let entries: Vec<Option<Arc<VariantCells>>> =
        grid.variants.iter().map(|id| by_variant.get(id).map(|entry| Arc::clone(entry))).collect();
    let lacking = grid.cells() - lookup.tally.hit - lookup.tally.stale;
    let (fetched, joined) = if loaded.joined { (0, lacking) } else { (lacking, 0) };
    let tally =
        ReadTally { hit: lookup.tally.hit, fetched, joined, calls: loaded.calls, ..ReadTally::default() };
    of_rows(grid, window, &entries, Moment::default(), tally)
}

/// A reading of a window's rows alone. `None` if one of them has changed since, or is too old.
fn of_rows(
    grid: &Grid,
    window: &Window,
    entries: &[Option<Arc<VariantCells>>],
    fresh_from: Moment,
    tally: ReadTally,
) -> Option<Reading> {
    let mut places: FxHashMap<VariantId, Vec<LocationId>> = FxHashMap::default();
    for (_, cell) in &window.rows {
        places.entry(cell.variant_id).or_default().push(cell.loc_id);
    }
    let ids: FxHashMap<_, _> = window.rows.iter().map(|(id, cell)| (*cell, *id)).collect();
    let mut parts = Vec::with_capacity(entries.len());
    for (variant_id, entry) in grid.variants.iter().zip(entries) {
        let Some(mut locations) = places.remove(variant_id) else {
            parts.push(None);
            continue;
        };
        locations.sort_unstable();
        let part = entry.as_ref()?.only_at(&locations);
        let is_as_it_came = |cell: &PackedCell| {
            let place = CellId { variant_id: *variant_id, loc_id: cell.loc_id() };
            cell.is_sound() && cell.row_id() == ids.get(&place).copied() && fresh_from <= cell.observed_at()
        };
        if part.cells().len() != locations.len() || !part.cells().iter().all(is_as_it_came) {
            return None;
        }
        parts.push(Some(Arc::new(part)));
    }
    Some(Reading::new(grid.clone(), parts, Vec::new(), tally))
}
