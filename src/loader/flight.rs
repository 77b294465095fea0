//! A flight: one tile's way to Haravan and back, with its pages, retries and refusals.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustc_hash::{FxHashMap, FxHashSet};
use tokio::time::Instant;

use super::board::{Arrival, Departure};
use super::evidence::{CallSent, OpenDoubt, Witness};
use super::{Shared, reason_of};
use crate::cache::Purge;
use crate::cache::entry::{Finding, Observation};
use crate::domain::cell::{CellId, MissingReason};
use crate::domain::id::VariantId;
use crate::domain::row::Row;
use crate::governor::resource::Resource;
use crate::governor::{Errand, Permit, Urgency};
use crate::haravan::{
    Ask, CallCause, CallError, Connection, INVENTORY, InventoryCall, InventoryPage, NoAnswer,
};
use crate::plan::pages::{Next, PageSeen};
use crate::plan::pending::{Priority, Waiter};
use crate::plan::refusal::Bisection;
use crate::plan::{MAX_PAGE, Tile};
use crate::processor::give_way;
use crate::trace;

/// How long a doubt waits for others that the same call could clear, while calls are under way. Source: ours; about
/// what calls sent together differ by.
const COMPANY: Duration = Duration::from_millis(100);

/// Callers that a flight's calls may be the turn of; further ones have theirs elsewhere.
const MOST_CALLERS: usize = 16;

/// How often a flight may split a tile whose pages make no sense before it gives up. Source: ours.
const MOST_SPLITS: u32 = 16;

/// A tile on its way. Lands when it is done, and also when it is dropped, so that nobody waits for ever.
pub(super) struct Flight {
    shared: Arc<Shared>,
    departure: Departure,
    arrival: Arrival,
    /// Calls made so far.
    calls: AtomicUsize,
    landed: bool,
}

/// What came of a tile.
enum TileEnd {
    /// Every cell was answered.
    Answered(TileAnswer),
    /// Haravan refused the ids.
    Refused,
    /// The pages cannot be told apart: ask for less at once.
    Unpageable,
    /// These rows came before it failed for this reason.
    Failed(TileAnswer, MissingReason),
}

/// The rows of a tile, as far as they came.
#[derive(Default)]
struct TileAnswer {
    rows: FxHashMap<CellId, Row>,
    /// Cells whose row cannot be read.
    unreadable: FxHashSet<CellId>,
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
    Failed(MissingReason),
}

impl Flight {
    /// A flight about to start.
    pub(super) fn new(shared: Arc<Shared>, departure: Departure) -> Self {
        Self { shared, departure, arrival: Arrival::default(), calls: AtomicUsize::new(0), landed: false }
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
                TileEnd::Refused => self.bisect(tile).await,
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

    /// Finds the refused ids of a tile and the answers to all others.
    async fn bisect(&mut self, tile: Tile) {
        let accepted_variants: BTreeSet<VariantId> = tile
            .variants
            .iter()
            .copied()
            .filter(|variant_id| self.shared.parts.cache.get(*variant_id).is_some())
            .collect();
        let accepted_locations = self.shared.board.lock().accepted_locations();
        let mut bisection = Bisection::new(tile, accepted_variants, accepted_locations);
        while let Some(part) = bisection.next_tile() {
            match self.ask(&part, None, true).await {
                TileEnd::Answered(answer) => {
                    self.note(&part, answer, None);
                    bisection.accepted();
                }
                TileEnd::Refused => bisection.refused(),
                TileEnd::Unpageable => {
                    self.note(&part, TileAnswer::default(), Some(MissingReason::Failed));
                    bisection.given_up();
                }
                TileEnd::Failed(answer, reason) => {
                    self.note(&part, answer, Some(reason));
                    bisection.given_up();
                }
            }
        }
        self.arrival.refusals.extend(bisection.into_refusals());
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
            let page = match self.call(call, number, cause, permit.take()).await {
                Ok(page) => page,
                Err(CallEnd::Refused) => return TileEnd::Refused,
                Err(CallEnd::Failed(reason)) => return TileEnd::Failed(answer, reason),
            };
            let ids =
                page.rows.iter().map(|row| row.id).chain(page.unreadable.iter().filter_map(|row| row.id));
            let last_id = ids.max().map_or(0, |id| id.get());
            let is_sorted = page.rows.is_sorted_by_key(|row| row.id);
            // Nothing but rows that nobody asked for is as good as nothing.
            let is_empty = page.length < MAX_PAGE && !concerns(&page, tile);
            let rows = if is_empty { 0 } else { page.length };
            let before = answer.came();
            answer.take(page, tile);
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
                self.distrust_pages_of(length);
            }
            previous_length = Some(rows);
            let next = self.shared.board.lock().judge_page(seen, &asked, answer.variants());
            if self.settle_doubts(next, may_ask_on && is_sorted).await == PageEnd::Complete {
                self.shared.board.lock().tile_completed(&asked, answer.came(), seen);
                return TileEnd::Answered(answer);
            }
            if !is_sorted || last_id <= since_id || brought == 0 {
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

    /// Pages of this length are clamped, as has just been seen: what was concluded from such pages shortly
    /// before may be wrong, and is asked again when it is next wanted.
    fn distrust_pages_of(&self, length: usize) {
        let doubtful = self.shared.board.lock().learn_clamp(length);
        for tile in doubtful {
            self.shared.parts.cache.purge(&Purge {
                variants: Some(Arc::from(tile.variants.as_slice())),
                locations: Some(Arc::clone(&tile.locations)),
            });
        }
    }

    /// Makes one call, for the page of this number, as often as it takes and is allowed.
    async fn call(
        &self,
        call: InventoryCall,
        page: usize,
        cause: CallCause,
        permit: Option<Permit>,
    ) -> Result<InventoryPage, CallEnd> {
        let parts = &self.shared.parts;
        let is_awaited = || self.is_awaited();
        let ask = Ask {
            errand: self.errand(),
            cause,
            template: INVENTORY,
            page: Some(page),
            deadline: None,
            is_awaited: &is_awaited,
        };
        let send = |on: Connection| {
            let call = call.clone();
            async move {
                self.calls.fetch_add(1, Ordering::Relaxed);
                let sent = CallSent::new(&self.shared);
                let reply = parts.source.inventory(call, on).await;
                sent.ended(reply.result.as_ref().ok().map(|page| page.length));
                reply
            }
        };
        parts.upstream.ask(ask, permit, send).await.map_err(CallEnd::from)
    }

    /// What goes on for all who wait for this flight: it may be the turn of each of them.
    fn errand(&self) -> Errand {
        let mut errand = Errand {
            urgency: Urgency::Continuation,
            priority: self.departure.priority,
            ..Errand::new(Resource::INVENTORY)
        };
        for ticket in self.shared.board.lock().awaiting(&self.departure) {
            if !ticket.is_silent() {
                errand.priority = Priority::Interactive;
            }
            // Of several questions the latest is likely to be the one that had the fewest turns.
            errand.question = errand.question.max(ticket.number());
            let caller = ticket.caller();
            if errand.callers.len() < MOST_CALLERS && !errand.callers.contains(&caller) {
                errand.callers.push(caller);
            }
        }
        errand
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
        let TileAnswer { mut rows, unreadable } = answer;
        for variant_id in &tile.variants {
            for loc_id in tile.locations.iter() {
                let cell = CellId { variant_id: *variant_id, loc_id: *loc_id };
                let finding = match (rows.remove(&cell), unreadable.contains(&cell), failed) {
                    (Some(row), ..) => Finding::Row(Box::new(row)),
                    (None, true, _) => {
                        self.arrival.missing.insert(cell, MissingReason::Failed);
                        continue;
                    }
                    (None, false, Some(reason)) => {
                        self.arrival.missing.insert(cell, reason);
                        continue;
                    }
                    (None, false, None) => Finding::NoRow,
                };
                let observed_at = self.departure.started;
                let observation = Observation { loc_id: *loc_id, finding, observed_at };
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
                let reason = if arrival.refusals.concern(cell) {
                    MissingReason::Refused
                } else {
                    MissingReason::Failed
                };
                arrival.missing.entry(cell).or_insert(reason);
            }
        }
        let parts = &self.shared.parts;
        let mut board = self.shared.board.lock();
        board.land(&self.departure, arrival, &parts.cache, parts.clock.now());
        self.shared.landings.fetch_add(1, Ordering::Release);
        drop(board);
        // Whoever waits for this flight's next page waits in vain.
        self.shared.call_ended.notify_waiters();
        self.shared.start_pump();
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
            NoAnswer::NoLeave(no_leave) => Self::Failed(reason_of(no_leave)),
            NoAnswer::Late => Self::Failed(MissingReason::RateLimited),
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

    /// Takes a page's rows; those for cells nobody asked for are ignored. Of two rows for one cell the newer
    /// counts: the balance may have been made anew between two pages.
    fn take(&mut self, page: InventoryPage, tile: &Tile) {
        for row in page.rows {
            let cell = row.cell_id();
            if !tile.contains(cell.variant_id, cell.loc_id) {
                continue;
            }
            self.unreadable.remove(&cell);
            let newer = self.rows.get(&cell).is_none_or(|known| known.updated_at <= row.updated_at);
            if newer {
                self.rows.insert(cell, row);
            }
        }
        for cell in page.unreadable.into_iter().filter_map(|row| row.cell) {
            if tile.contains(cell.variant_id, cell.loc_id) && !self.rows.contains_key(&cell) {
                self.unreadable.insert(cell);
            }
        }
    }
}

/// Whether a page holds a row of the tile, or one that cannot be told.
fn concerns(page: &InventoryPage, tile: &Tile) -> bool {
    let within = |cell: CellId| tile.contains(cell.variant_id, cell.loc_id);
    page.rows.iter().any(|row| within(row.cell_id()))
        || page.unreadable.iter().any(|row| row.cell.is_none_or(within))
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
