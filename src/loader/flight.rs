//! A flight: one tile's way to Haravan and back, with its pages, retries and refusals.

mod search;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use rustc_hash::FxHashSet;

use super::answer::{TileAnswer, split};
use super::charge::Purpose;
use super::evidence::CallSent;
use super::sight::has_foreign_rows;
use super::state::{Arrival, Departure};
use super::tile::{Company, TileEnd};
use super::{Shared, reason_of};
use crate::cache::entry::{Finding, Observation};
use crate::cache::order::CallTimes;
use crate::coop::give_way;
use crate::domain::cell::{CellId, MissingReason};
use crate::domain::id::RowId;
use crate::governor::resource::Resource;
use crate::governor::{Errand, Permit, Urgency};
use crate::haravan::{
    Ask, CallCause, CallError, Connection, INVENTORY, InventoryCall, InventoryPage, NoAnswer,
};
use crate::plan::Tile;
use crate::plan::pending::{Priority, Waiter};
use crate::plan::refusal::Refusals;
use crate::plan::refusal::budget::Spent;

/// Callers that a flight's calls may be the turn of; further ones have theirs elsewhere.
const MOST_CALLERS: usize = 16;

/// How often a flight may split a tile whose pages make no sense before it gives up. Source: ours.
const MOST_SPLITS: u32 = 16;

/// A tile on its way. Lands when it is done, and also when it is dropped, so that nobody waits for ever.
pub(super) struct Flight {
    pub(super) shared: Arc<Shared>,
    pub(super) departure: Departure,
    arrival: Arrival,
    /// Calls made so far.
    calls: AtomicUsize,
    purpose: Purpose,
    refusals: Refusals,
    landed: bool,
}

/// Why a call brought no page.
pub(super) enum CallEnd {
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
        if let Some(window) = self.departure.window.take() {
            self.fly_window(window, permit).await;
            self.land();
            return;
        }
        let mut permit = Some(permit);
        let mut tiles = vec![self.departure.tile.clone()];
        let mut splits = 0;
        while let Some(tile) = tiles.pop() {
            let company = if splits == 0 { Company::Sentinel } else { Company::None };
            match self.ask(&tile, permit.take(), company).await {
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

    /// Makes one call, for the page of this number, if somebody may pay for it.
    pub(super) async fn call(
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
            errand: self.errand(),
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
    pub(super) fn cause(&self, permit: Option<&Permit>) -> CallCause {
        match (permit, self.departure.priority) {
            (None, _) => CallCause::Bisect,
            (Some(_), Priority::Interactive) => CallCause::Question,
            (Some(_), Priority::Refresh | Priority::Mirror) => CallCause::Refresh,
        }
    }

    pub(super) fn is_awaited(&self) -> bool {
        self.shared.board.lock().is_awaited(&self.departure)
    }

    /// Notes what came of a part of the tile: rows, and absences or missing cells for the rest.
    pub(super) fn note(&mut self, tile: &Tile, answer: TileAnswer, failed: Option<MissingReason>) {
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
            NoAnswer::NoLeave(no_leave) => Self::Failed(reason_of(no_leave)),
            NoAnswer::Late => Self::Failed(MissingReason::RateLimited),
            NoAnswer::Error(CallError::IdsRefused) => Self::Refused,
            NoAnswer::Error(CallError::Unauthorized { .. }) => Self::Failed(MissingReason::Unauthorized),
            NoAnswer::Error(CallError::Throttled { .. }) => Self::Failed(MissingReason::RateLimited),
            NoAnswer::Error(_) => Self::Failed(MissingReason::Failed),
        }
    }
}
