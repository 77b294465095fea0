//! A flight: one tile's way to Haravan and back, with its pages, retries and refusals.

mod search;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use rustc_hash::{FxHashMap, FxHashSet};
use tokio::time::Instant;

use super::board::{Arrival, Departure};
use super::charge::Purpose;
use super::evidence::{CallSent, OpenDoubt, Witness};
use super::sight::{PageSight, has_foreign_rows};
use super::{Shared, reason_of};
use crate::cache::entry::{Finding, Observation};
use crate::cache::order::CallTimes;
use crate::domain::cell::{CellId, MissingReason};
use crate::domain::id::{RowId, VariantId};
use crate::domain::row::Row;
use crate::governor::resource::Resource;
use crate::governor::{Errand, Permit, Urgency};
use crate::haravan::{
    Ask, CallCause, CallError, Connection, INVENTORY, InventoryCall, InventoryPage, NoAnswer,
};
use crate::plan::pages::{Next, PageSeen};
use crate::plan::pending::Priority;
use crate::plan::refusal::Refusals;
use crate::plan::refusal::budget::Spent;
use crate::plan::{MAX_PAGE, Tile};
use crate::processor::give_way;
use crate::trace;

/// How long a doubt waits for others that the same call could clear, while calls are under way. Source: ours; about
/// what calls sent together differ by.
const COMPANY: Duration = Duration::from_millis(100);

/// How often a flight may split a tile whose pages make no sense before it gives up. Source: ours.
const MOST_SPLITS: u32 = 16;

/// A tile on its way. Lands when it is done, and also when it is dropped, so that nobody waits for ever.
pub(super) struct Flight {
    shared: Arc<Shared>,
    departure: Departure,
    arrival: Arrival,
    /// Calls made so far.
    calls: AtomicUsize,
    purpose: Purpose,
    refusals: Refusals,
    landed: bool,
}

/// What came of a tile.
enum TileEnd {
    /// Every cell was answered.
    Answered(TileAnswer),
    /// Haravan refused the ids.
    Refused,
    /// Too many calls were refused: nothing is known of the cells that did not come.
    Denied,
    /// The pages cannot be told apart: ask for less at once.
    Unpageable,
    /// These rows came before it failed for this reason.
    Failed(TileAnswer, MissingReason),
}

/// The rows of a tile, as far as they came.
#[derive(Default)]
struct TileAnswer {
    rows: FxHashMap<CellId, (Row, CallTimes)>,
    /// Cells whose row cannot be read.
    unreadable: FxHashSet<CellId>,
    /// When its calls were under way, from the first to the last: what is not there was not there at some moment then.
    calls: Option<CallTimes>,
    /// Whether a row came that may be any cell's: then no cell is known to have none.
    has_untold: bool,
    /// Cells for which a page had two rows.
    repeated: FxHashSet<CellId>,
}

/// What follows a page, once there is no doubt left.
#[derive(PartialEq, Eq)]
enum PageEnd {
    Complete,
    AskOn,
}

/// Why a call brought no page.
enum CallEnd {
    Refused,
    /// Not made: too many calls were refused before.
    Denied,
    Failed(MissingReason),
}

impl Flight {
    /// A flight about to start.
    pub(super) fn new(shared: Arc<Shared>, departure: Departure) -> Self {
        Self {
            shared,
            departure,
            arrival: Arrival::default(),
            calls: AtomicUsize::new(0),
            purpose: Purpose::Answer,
            refusals: Refusals::default(),
            landed: false,
        }
    }

    /// Flies and lands.
    pub(super) async fn fly(mut self, permit: Permit) {
        let mut permit = Some(permit);
        let mut tiles = vec![self.departure.tile.clone()];
        let mut splits = 0;
        while let Some(tile) = tiles.pop() {
            // Once pages made no sense, the next one tells nothing.
            let may_ask_on = splits == 0;
            match self.ask(&tile, permit.take(), may_ask_on).await {
                TileEnd::Answered(answer) => self.note(&tile, answer, None),
                TileEnd::Failed(answer, reason) => self.note(&tile, answer, Some(reason)),
                TileEnd::Refused => self.search(tile).await,
                TileEnd::Denied => {}
                TileEnd::Unpageable => match split(&tile) {
                    Some((first, second)) if splits < MOST_SPLITS => {
                        splits += 1;
                        tiles.extend([second, first]);
                    }
                    _ => self.note(&tile, TileAnswer::default(), Some(MissingReason::Failed)),
                },
            }
        }
        give_way();
        self.land();
        give_way();
    }

    /// Asks for a tile, page after page; `may_ask_on` tells whether a doubt can be put to the next page.
    async fn ask(&self, tile: &Tile, mut permit: Option<Permit>, may_ask_on: bool) -> TileEnd {
        let tile_cells = tile.cells();
        let mut answer = TileAnswer::default();
        let asked = Arc::new(tile.clone());
        let known = self.known_rows(tile);
        let mut since_id = 0;
        let mut previous_length = None;
        let mut cause = self.cause(permit.as_ref());
        // Every page but the last brings at least one cell.
        for number in 1..=tile_cells.saturating_add(1) {
            let call = InventoryCall { tile: Arc::clone(&asked), since_id };
            let (page, times) = match self.call(call, number, cause, permit.take()).await {
                Ok(page) => page,
                Err(CallEnd::Refused) => return TileEnd::Refused,
                Err(CallEnd::Denied) => return TileEnd::Denied,
                Err(CallEnd::Failed(reason)) => return TileEnd::Failed(answer, reason),
            };
            let sight = PageSight::of(&page, tile, since_id);
            let PageSight { last_id, is_sorted, rows, .. } = sight;
            let before = answer.came();
            let repeated = answer.take(page, times, tile);
            sight.tell(&repeated, &self.shared.parts.oddities);
            let seen = PageSeen {
                rows,
                outstanding: tile_cells - answer.came(),
                known_row_missing: known
                    .iter()
                    .any(|(id, cell)| last_id < *id && !answer.rows.contains_key(cell)),
                improbable: false,
                known_clamp: false,
            };
            let brought = answer.came() - before;
            if let Some(length) = previous_length.filter(|length| 0 < brought && *length < MAX_PAGE) {
                self.shared.distrust_pages_of(length);
            }
            previous_length = (!sight.has_foreign).then_some(rows);
            let next = self.shared.board.lock().judge_page(seen, &asked, answer.variants());
            let next = if sight.has_foreign && next != Next::Complete { Next::AskOn } else { next };
            // A row that may be any cell's comes again and again: what is still missing stays unknown.
            let is_in_vain = brought == 0 && answer.has_untold;
            if is_in_vain || self.settle_doubts(next, may_ask_on && is_sorted).await == PageEnd::Complete {
                self.shared.board.lock().tile_completed(&asked, answer.came(), seen);
                return TileEnd::Answered(answer);
            }
            if !is_sorted || last_id <= since_id || (brought == 0 && !sight.is_foreign) {
                return TileEnd::Unpageable;
            }
            since_id = last_id;
            // A full page is known to go on; after a short one it is asked whether it was whole.
            cause = if rows < MAX_PAGE { CallCause::Proof } else { CallCause::Page };
        }
        TileEnd::Unpageable
    }

    /// Waits while later calls may tell whether a page was cut.
    async fn settle_doubts(&self, next: Next, may_ask_on: bool) -> PageEnd {
        let doubt = match next {
            Next::Complete => return PageEnd::Complete,
            Next::AskOn => return PageEnd::AskOn,
            Next::Doubtful(doubt) => doubt,
        };
        let _open = OpenDoubt::new(&self.shared);
        let _shown = trace::doubt();
        let opened = Instant::now();
        let patience = opened + self.shared.parts.call_timeout;
        loop {
            let ended = self.shared.call_ended.notified();
            let (next, more_doubts_may_come) = {
                let board = self.shared.board.lock();
                (board.resolve(doubt), board.has_calls_in_flight())
            };
            match next {
                Next::AskOn if more_doubts_may_come && opened.elapsed() < COMPANY => {
                    let _ = tokio::time::timeout_at(opened + COMPANY, ended).await;
                }
                Next::Complete => return PageEnd::Complete,
                Next::Doubtful(_) => {
                    if tokio::time::timeout_at(patience, ended).await.is_err() {
                        return PageEnd::AskOn;
                    }
                }
                Next::AskOn => {
                    // One call that is known to bring more rows clears all doubts at once.
                    let Some(witness) = Witness::called(&self.shared, doubt, may_ask_on) else {
                        return PageEnd::AskOn;
                    };
                    let call = InventoryCall { tile: Arc::clone(&witness.tile), since_id: 0 };
                    if self.call(call, 1, CallCause::Proof, None).await.is_err() {
                        return PageEnd::AskOn;
                    }
                }
            }
        }
    }

    /// Makes one call, for the page of this number, if somebody may pay for it.
    async fn call(
        &self,
        call: InventoryCall,
        page: usize,
        cause: CallCause,
        permit: Option<Permit>,
    ) -> Result<(InventoryPage, CallTimes), CallEnd> {
        let Some(charge) = self.shared.charge(&self.departure, self.purpose).await else {
            if let Some(permit) = permit {
                permit.unused();
            }
            return Err(CallEnd::Denied);
        };
        let tile = Arc::clone(&call.tile);
        let called = self.attempt(call, page, cause, permit).await;
        charge.spend(match &called {
            Ok(_) => Spent::Answered,
            Err(CallEnd::Refused) => Spent::Refused,
            Err(CallEnd::Denied | CallEnd::Failed(_)) => Spent::Neither,
        });
        if called.is_ok() {
            self.shared.board.lock().note_accepted(&tile);
        }
        called
    }

    /// Makes one call as often as it takes and is allowed.
    async fn attempt(
        &self,
        call: InventoryCall,
        page: usize,
        cause: CallCause,
        permit: Option<Permit>,
    ) -> Result<(InventoryPage, CallTimes), CallEnd> {
        let parts = &self.shared.parts;
        let times = Mutex::new(None);
        let is_awaited = || self.is_awaited();
        let ask = Ask {
            errand: Errand { resource: Resource::INVENTORY, urgency: Urgency::Continuation },
            cause,
            template: INVENTORY,
            page: Some(page),
            deadline: None,
            is_awaited: &is_awaited,
        };
        let send = |on: Connection| {
            let (call, times) = (call.clone(), &times);
            async move {
                self.calls.fetch_add(1, Ordering::Relaxed);
                let tile = Arc::clone(&call.tile);
                let (sent, began) = (CallSent::new(&self.shared), parts.clock.now());
                let reply = parts.source.inventory(call, on).await;
                *times.lock() = Some(CallTimes::ending_now(began, &parts.clock));
                let page = reply.result.as_ref().ok().filter(|page| !has_foreign_rows(page, &tile));
                sent.ended(page.map(|page| page.length));
                reply
            }
        };
        let page = parts.upstream.ask(ask, permit, send).await.map_err(CallEnd::from)?;
        let times = times.into_inner().unwrap_or_else(|| CallTimes::at(parts.clock.now()));
        Ok((page, times))
    }

    /// What the first call for a part of the tile is made for, which takes off with leave or goes on without.
    fn cause(&self, permit: Option<&Permit>) -> CallCause {
        match (permit, self.departure.priority) {
            (None, _) => CallCause::Bisect,
            (Some(_), Priority::Interactive) => CallCause::Question,
            (Some(_), Priority::Refresh | Priority::Mirror) => CallCause::Refresh,
        }
    }

    fn is_awaited(&self) -> bool {
        self.shared.board.lock().is_awaited(&self.departure)
    }

    /// The rows of the tile that are cached: should one of the last of them not come, the page was cut.
    fn known_rows(&self, tile: &Tile) -> Vec<(u64, CellId)> {
        let mut known = Vec::new();
        for variant_id in &tile.variants {
            let Some(entry) = self.shared.parts.cache.get(*variant_id) else { continue };
            for packed in entry.cells() {
                if let Some(id) = packed.row_id()
                    && tile.locations.binary_search(&packed.loc_id()).is_ok()
                {
                    known.push((id.get(), CellId { variant_id: *variant_id, loc_id: packed.loc_id() }));
                }
            }
        }
        known
    }

    /// Notes what came of a part of the tile: rows, and absences or missing cells for the rest.
    fn note(&mut self, tile: &Tile, answer: TileAnswer, failed: Option<MissingReason>) {
        let failed = failed.or(answer.has_untold.then_some(MissingReason::Failed));
        self.shared.parts.oddities.saw(tile, &answer.repeated);
        let TileAnswer { mut rows, unreadable, calls, .. } = answer;
        for variant_id in &tile.variants {
            for loc_id in tile.locations.iter() {
                let cell = CellId { variant_id: *variant_id, loc_id: *loc_id };
                let (finding, call) = match (rows.remove(&cell), unreadable.contains(&cell), failed, calls) {
                    (Some((row, call)), ..) => (Finding::Row(Box::new(row)), call),
                    (None, false, None, Some(calls)) => (Finding::NoRow, calls),
                    (None, _, reason, _) => {
                        self.arrival.missing.insert(cell, reason.unwrap_or(MissingReason::Failed));
                        continue;
                    }
                };
                let observation = Observation { loc_id: *loc_id, finding, call };
                self.arrival.found.entry(*variant_id).or_default().push(observation);
            }
        }
    }

    /// Hands over what was found; cells of which nothing is known were refused, or lost with the flight.
    fn land(&mut self) {
        if std::mem::replace(&mut self.landed, true) {
            return;
        }
        let mut arrival = std::mem::take(&mut self.arrival);
        arrival.calls = self.calls.load(Ordering::Relaxed);
        let tile = &self.departure.tile;
        for variant_id in &tile.variants {
            let found: FxHashSet<_> =
                arrival.found.get(variant_id).into_iter().flatten().map(|seen| seen.loc_id).collect();
            for loc_id in tile.locations.iter().filter(|loc_id| !found.contains(loc_id)) {
                let cell = CellId { variant_id: *variant_id, loc_id: *loc_id };
                let reason =
                    if self.refusals.concern(cell) { MissingReason::Refused } else { MissingReason::Failed };
                arrival.missing.entry(cell).or_insert(reason);
            }
        }
        let parts = &self.shared.parts;
        let mut board = self.shared.board.lock();
        let went_back = board.land(&self.departure, arrival, &parts.cache);
        self.shared.landings.fetch_add(1, Ordering::Release);
        drop(board);
        self.tell_of(&went_back);
        // Whoever waits for this flight's next page waits in vain.
        self.shared.call_ended.notify_waiters();
        self.shared.start_pump();
    }
}

impl Flight {
    /// Counts the rows that went back in time, and says so: a shop that was restored, or a clock that was put right.
    fn tell_of(&self, went_back: &[(CellId, RowId)]) {
        let Some((CellId { variant_id, loc_id }, row_id)) = went_back.first() else { return };
        let metrics = &self.shared.parts.metrics;
        metrics.rows_went_back(went_back.len());
        let (shop, rows) = (metrics.shop(), went_back.len());
        tracing::warn!(%shop, %variant_id, %loc_id, %row_id, rows, "rows went back in time, and were confirmed");
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.land();
    }
}

impl From<NoAnswer> for CallEnd {
    fn from(no_answer: NoAnswer) -> Self {
        match no_answer {
            NoAnswer::Stopped(stop) => Self::Failed(reason_of(stop)),
            NoAnswer::NoLeave => Self::Failed(MissingReason::RateLimited),
            NoAnswer::Error(CallError::IdsRefused) => Self::Refused,
            NoAnswer::Error(CallError::Unauthorized { .. }) => Self::Failed(MissingReason::Unauthorized),
            NoAnswer::Error(CallError::Throttled { .. }) => Self::Failed(MissingReason::RateLimited),
            NoAnswer::Error(_) => Self::Failed(MissingReason::Failed),
        }
    }
}

impl TileAnswer {
    /// How many cells came, readable or not.
    fn came(&self) -> usize {
        self.rows.len() + self.unreadable.len()
    }

    /// The variants of the rows that came, one for each.
    fn variants(&self) -> impl ExactSizeIterator<Item = VariantId> {
        let cells: Vec<VariantId> =
            self.rows.keys().chain(&self.unreadable).map(|cell| cell.variant_id).collect();
        cells.into_iter()
    }

    /// Takes a page's rows; those for cells nobody asked for are ignored. Of two rows for one cell the one of the later
    /// page counts, since the balance was made anew between the two, and of one page the newer, if both can be read.
    /// Gives back the rows whose cell the page had a row for already.
    fn take(&mut self, page: InventoryPage, times: CallTimes, tile: &Tile) -> Vec<RowId> {
        self.calls = Some(self.calls.map_or(times, |first| first.until(times)));
        let mut repeated = Vec::new();
        let mut in_page = FxHashSet::default();
        for row in page.rows {
            let cell = row.cell_id();
            if !tile.contains(cell.variant_id, cell.loc_id) {
                continue;
            }
            if !in_page.insert(cell) {
                repeated.push(row.id);
                self.repeated.insert(cell);
            }
            if self.unreadable.contains(&cell) {
                continue;
            }
            let older = self.rows.get(&cell).is_some_and(|(known, page)| {
                let (known, new) = (page.orders(known.updated_at), times.orders(row.updated_at));
                *page == times && known.zip(new).is_some_and(|(known, new)| new < known)
            });
            if !older {
                self.rows.insert(cell, (row, times));
            }
        }
        for row in page.unreadable {
            match row.cell {
                None => self.has_untold = true,
                // Which of two rows counts cannot be told if one of them cannot be read.
                Some(cell) if tile.contains(cell.variant_id, cell.loc_id) => {
                    self.rows.remove(&cell);
                    self.unreadable.insert(cell);
                }
                Some(_) => {}
            }
        }
        repeated
    }
}

/// Halves a tile along its longer axis; none if it is a single cell.
fn split(tile: &Tile) -> Option<(Tile, Tile)> {
    let (variants, locations) = (tile.variants.len(), tile.locations.len());
    if locations <= variants {
        let (first, second) = tile.variants.split_at_checked(variants / 2)?;
        let half =
            |ids: &[VariantId]| Tile { variants: ids.to_vec(), locations: Arc::clone(&tile.locations) };
        (!first.is_empty()).then(|| (half(first), half(second)))
    } else {
        let (first, second) = tile.locations.split_at_checked(locations / 2)?;
        let half = |ids: &[_]| Tile { variants: tile.variants.clone(), locations: Arc::from(ids) };
        (!first.is_empty()).then(|| (half(first), half(second)))
    }
}
