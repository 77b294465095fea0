//! Questions in Haravan's own form: some of a grid's rows, by `limit`, `since_id` or `page`.
//!
//! Where the whole grid may take more than one call, such a question is passed on as it is. It costs one call, as it
//! would without this service. Pages are remembered while they are fresh: they serve the same question again, and
//! they show where the next `page` begins.

use std::sync::Arc;
use std::time::Duration;

use rustc_hash::FxHashMap;
use tokio::time::Instant;

use super::lookup::Lookup;
use super::{ReadRequest, cells_of};
use crate::cache::entry::{PackedCell, VariantCells};
use crate::cache::{KnownProducts, PurgeCount};
use crate::clock::Moment;
use crate::domain::cell::{CellId, MissingReason};
use crate::domain::id::{LocationId, VariantId};
use crate::haravan::InventoryCall;
use crate::loader::{Loaded, Window, WindowEnd, WindowLoaded};
use crate::plan::{MAX_IDS, MAX_PAGE, Tile};
use crate::query::{Grid, Selection, Slice};
use crate::stock::read_error::ReadError;
use crate::stock::reading::{ReadTally, Reading};
use crate::stock::shop::Devices;

/// How long after a page the next one may begin behind it. Source: ours; a program that pages takes its time
/// between pages.
const PAGES_FOLLOW: Duration = Duration::from_secs(120);

/// How often a window is asked for because a purge or another read overtook it. Source: ours.
const MOST_ATTEMPTS: u32 = 3;

/// Some of a grid's rows, and the selection that is still to be applied to them.
type ReadPart = (Reading, Selection);

/// A question for some of a grid's rows.
pub(super) struct WindowRequest<'a> {
    pub(super) request: ReadRequest<'a>,
    pub(super) selection: &'a Selection,
}

impl WindowRequest<'_> {
    /// Reads the rows that are selected in one call. `None` if cells are to be read instead.
    pub(super) async fn read(&self) -> Result<Option<ReadPart>, ReadError> {
        let Self { request, selection } = self;
        let Devices { cache, loader, clock, windows, .. } = request.devices;
        if request.terms.freshness.only_if_cached {
            return Ok(None);
        }
        for _ in 0..MOST_ATTEMPTS {
            let Some((call, lookup)) = self.call_and_lookup() else { return Ok(None) };
            let reuse = request.reuse(clock.now());
            let rest = rest_of(selection, &call);
            let seen = cache.purges();
            if let Some(reading) = self.held(&call, &lookup) {
                return Ok(Some((reading.after(seen), rest)));
            }
            let Ok(load) = loader.window(request.terms.caller, call, reuse) else {
                // The queue is full: cells that are held and good enough serve.
                let reading = self.without_window(lookup, MissingReason::RateLimited);
                let refused = |_| ReadError::Overloaded { retry_after: request.devices.queue_wait() };
                return Ok(Some((reading.map_err(refused)?.after(seen), **selection)));
            };
            let loaded = load.finish(request.deadline).await;
            match &loaded.end {
                WindowEnd::Unfit => return Ok(None),
                WindowEnd::Missing(reason) => {
                    let reading = self.without_window(lookup, *reason)?;
                    return Ok(Some((reading.after(seen), **selection)));
                }
                WindowEnd::Came(window) => {
                    windows.remember(Arc::clone(window), seen);
                    if let Some(reading) = reading_of(request.grid, window, &loaded, &lookup) {
                        return Ok(Some((reading.after(seen), rest)));
                    }
                }
            }
            if request.deadline <= Instant::now() {
                return Err(ReadError::Timeout);
            }
        }
        Ok(None)
    }

    /// Whether the rows that are selected are held. `None` if cells are to be read instead.
    pub(super) fn is_held(&self) -> Option<bool> {
        let (call, lookup) = self.call_and_lookup()?;
        Some(self.held(&call, &lookup).is_some())
    }

    /// The one call to make for what is selected, and what is cached of the grid. `None` if cells are to be read
    /// instead: for most questions nothing is looked up to find that out.
    fn call_and_lookup(&self) -> Option<(InventoryCall, Lookup)> {
        let Devices { clock, loader, .. } = self.request.devices;
        let call = self.call()?;
        let lookup = self.request.lookup(clock.now());
        let is_wanted =
            !lookup.missing.is_empty() && loader.takes_window(&call.tile, self.request.reuse(clock.now()));
        is_wanted.then_some((call, lookup))
    }

    /// The one call that brings what is selected. `None` where one call cannot ask for it, or surely brings the whole
    /// grid.
    fn call(&self) -> Option<InventoryCall> {
        let Self { request: ReadRequest { grid, devices, .. }, selection } = self;
        let Slice { skip, take } = selection.slice?;
        let limit = usize::try_from(take).ok().filter(|limit| *limit <= MAX_PAGE)?;
        let is_one_call = grid.variants.len() <= MAX_IDS && grid.locations.len() <= MAX_IDS;
        let cells = grid.cells();
        if !is_one_call || cells <= limit || devices.loader.density().surely_fits(cells) {
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
            let (window, _) = devices.windows.get(&call).filter(|(window, purges)| {
                let is_recent = devices.clock.now().since(window.began) <= PAGES_FOLLOW;
                is_recent && !window.is_last && call.is_by_id() && self.is_not_purged(*purges)
            })?;
            call.since_id = window.rows.last()?.0.get();
        }
        Some(call)
    }

    /// Whether no purge has come since that concerns the grid.
    fn is_not_purged(&self, purges: PurgeCount) -> bool {
        let ReadRequest { grid, devices, .. } = &self.request;
        !devices.cache.purges_since(purges).touch(&grid.variants, &KnownProducts::default(), &grid.locations)
    }

    /// The reading of a window that came of the same call, if it is fresh and its rows are still held.
    fn held(&self, call: &InventoryCall, lookup: &Lookup) -> Option<Reading> {
        let ReadRequest { grid, devices, .. } = &self.request;
        let (window, purges) = devices.windows.get(call)?;
        let now = devices.clock.now();
        let fresh_from = self.request.fresh_from(now);
        if window.began < fresh_from || !self.is_not_purged(purges) {
            return None;
        }
        let left = devices.freshness.fresh.saturating_sub(now.since(window.began)).as_secs();
        let tally = ReadTally { hit: grid.cells(), ttl_seconds: Some(left), ..ReadTally::default() };
        of_rows(grid, &window, &lookup.entries, fresh_from, tally)
    }

    /// The reading for a window that did not come: the cells that are held and good enough, or the error.
    fn without_window(&self, mut lookup: Lookup, reason: MissingReason) -> Result<Reading, ReadError> {
        let lacks = std::mem::take(&mut lookup.missing);
        let missing: Vec<_> = cells_of(&lacks).map(|cell| (cell, reason)).collect();
        lookup.tally.fetched = missing.len();
        let loaded = Loaded { missing, ..Loaded::default() };
        let stale_before = self.request.fresh_from(self.request.devices.clock.now());
        self.request.settle(lookup, loaded, stale_before)
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
