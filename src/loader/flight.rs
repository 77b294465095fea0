//! Flights: each is one tile's calls to Haravan, with its pages, retries and refusals.
//!
//! The pump turns what waits into flights, one for each permit of the governor, until nothing waits.

mod answer;
mod charge;
mod page_end;
mod page_view;
mod pages;
mod search;
mod window;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use rustc_hash::FxHashSet;
use tracing::Instrument;

use self::answer::{Rest, TileAnswer, split};
use self::charge::Purpose;
use self::page_end::CallSent;
use self::page_view::has_foreign_rows;
use self::pages::{Company, TileEnd};
use super::shared::{Shared, reason_of};
use super::state::{FlightResult, FlightStart};
use crate::cache::entry::{Finding, Observation};
use crate::cache::order::CallTimes;
use crate::coop::give_way;
use crate::domain::cell::{CellId, MissingReason};
use crate::domain::id::RowId;
use crate::governor::resource::Resource;
use crate::governor::{Errand, Permit, Urgency};
use crate::haravan::{
    CallCause, CallError, Connection, INVENTORY, InventoryCall, InventoryPage, NoAnswer, Resend,
    UpstreamRequest,
};
use crate::metrics::ShopMetrics;
use crate::plan::Tile;
use crate::plan::pending::Priority;
use crate::plan::refusal::Refusals;
use crate::plan::refusal::budget::Spent;

/// How long a call waits to be filled up while others are under way. With nothing under way it does not wait.
const GATHERING: Duration = Duration::from_millis(1);

/// Most callers whose turn a flight's call may take. Further callers have their turns elsewhere.
const MOST_CALLERS: usize = 16;

/// How often a flight may split a tile whose pages make no sense before it gives up. Source: ours.
const MOST_SPLITS: u32 = 16;

/// A tile in flight. It completes when it is done, and also when it is dropped, so that no caller waits for ever.
struct Flight {
    shared: Arc<Shared>,
    start: FlightStart,
    result: FlightResult,
    /// Calls made so far.
    calls: AtomicUsize,
    purpose: Purpose,
    refusals: Refusals,
    completed: bool,
}

/// Why a call brought no page.
enum NoPage {
    Refused,
    /// The call was not made: too many were refused before.
    Denied,
    Failed(MissingReason),
}

impl Shared {
    /// Starts the pump if something waits and it does not run.
    pub(super) fn start_pump(self: &Arc<Self>) {
        let Some(busy) = self.state.lock().claim_pump() else { return };
        let shared = Arc::clone(self);
        self.parts.tasks.spawn("pump", async move { shared.pump(busy).await });
    }

    async fn pump(self: Arc<Self>, busy: bool) {
        if busy && !self.state.lock().fills_a_call() {
            tokio::time::sleep(GATHERING).await;
        }
        loop {
            self.announce_callers(&self.state.lock());
            let permit = match self.parts.upstream.governor().admit(Errand::tile()).await {
                Ok(permit) => permit,
                Err(not_admitted) => {
                    self.state.lock().queue.fail(reason_of(not_admitted));
                    self.call_ended.notify_waiters();
                    return;
                }
            };
            let start = self.state.lock().start_next(permit.turn().caller, self.parts.clock.now());
            let Some(start) = start else {
                permit.unused();
                self.call_ended.notify_waiters();
                return;
            };
            self.parts.metrics.upstream_batch(start.tile.cells());
            let span = start.span.clone();
            let flight = Flight::new(Arc::clone(&self), start);
            self.parts.tasks.spawn("flight", flight.fly(permit).instrument(span));
        }
    }
}

impl Flight {
    /// A flight about to start.
    fn new(shared: Arc<Shared>, start: FlightStart) -> Self {
        Self {
            shared,
            start,
            result: FlightResult::default(),
            calls: AtomicUsize::new(0),
            purpose: Purpose::Answer,
            refusals: Refusals::default(),
            completed: false,
        }
    }

    /// Makes the calls, and completes.
    async fn fly(mut self, permit: Permit) {
        if let Some(window) = self.start.window.take() {
            self.fly_window(window, permit).await;
            self.complete();
            return;
        }
        let mut permit = Some(permit);
        let mut tiles = vec![self.start.tile.clone()];
        let mut splits = 0;
        while let Some(tile) = tiles.pop() {
            let company = if splits == 0 { Company::Sentinel } else { Company::None };
            match self.ask(&tile, permit.take(), company).await {
                TileEnd::Answered(answer) => self.note(&tile, answer, Rest::NoRow),
                TileEnd::Failed(answer, reason) => self.note(&tile, answer, Rest::Unknown(reason)),
                TileEnd::Refused => self.search(tile).await,
                TileEnd::Denied => {}
                TileEnd::Unpageable => {
                    let smaller = smaller_questions(&tile, company);
                    if smaller.is_empty() || MOST_SPLITS <= splits {
                        self.note(&tile, TileAnswer::default(), Rest::Unknown(MissingReason::Failed));
                    } else {
                        splits += 1;
                        tiles.extend(smaller);
                    }
                }
            }
        }
        give_way();
        self.complete();
        give_way();
    }

    /// Makes one call, for the page of this number, if a question can pay for it.
    async fn call(
        &self,
        call: InventoryCall,
        page: usize,
        cause: CallCause,
        permit: Option<Permit>,
    ) -> Result<(InventoryPage, CallTimes), NoPage> {
        let Some(charge) = self.shared.charge(&self.start, self.purpose).await else {
            if let Some(permit) = permit {
                permit.unused();
            }
            return Err(NoPage::Denied);
        };
        let tile = Arc::clone(&call.tile);
        let called = self.attempt(call, page, cause, permit).await;
        charge.spend(match &called {
            Ok(_) => Spent::Answered,
            Err(NoPage::Refused) => Spent::Refused,
            Err(NoPage::Denied | NoPage::Failed(_)) => Spent::Neither,
        });
        if called.is_ok() {
            self.shared.state.lock().learnt.note_accepted(&tile);
        }
        called
    }

    /// Makes one call, and repeats it as often as needed and allowed.
    async fn attempt(
        &self,
        call: InventoryCall,
        page: usize,
        cause: CallCause,
        permit: Option<Permit>,
    ) -> Result<(InventoryPage, CallTimes), NoPage> {
        let parts = &self.shared.parts;
        let times = Mutex::new(None);
        let is_awaited = || self.is_awaited();
        let request = UpstreamRequest {
            errand: self.errand(),
            cause,
            template: INVENTORY,
            page: Some(page),
            deadline: None,
            is_awaited: &is_awaited,
            resend: Resend::Usual,
            is_long: false,
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
        let page = parts.upstream.ask(request, permit, send).await.map_err(NoPage::from)?;
        let times = times.into_inner().unwrap_or_else(|| CallTimes::at(parts.clock.now()));
        Ok((page, times))
    }

    /// The errand of the next call. It may take the turn of each caller that waits for this flight.
    fn errand(&self) -> Errand {
        let mut errand = Errand {
            urgency: Urgency::Continuation,
            priority: self.start.priority,
            ..Errand::new(Resource::INVENTORY)
        };
        for waiter in self.shared.state.lock().flights.awaiting(&self.start) {
            if !waiter.is_silent() {
                errand.priority = Priority::Interactive;
            }
            // Of several questions, the latest has probably had the fewest turns.
            errand.question = errand.question.max(waiter.number());
            let caller = waiter.caller();
            if errand.callers.len() < MOST_CALLERS && !errand.callers.contains(&caller) {
                errand.callers.push(caller);
            }
        }
        errand
    }

    /// The cause of the first call for a part of the tile. Only the flight's first call has a permit already.
    fn cause(&self, permit: Option<&Permit>) -> CallCause {
        match (permit, self.start.priority) {
            (None, _) => CallCause::Bisect,
            (Some(_), Priority::Interactive) => CallCause::Question,
            (Some(_), Priority::Refresh | Priority::Mirror) => CallCause::Refresh,
        }
    }

    fn is_awaited(&self) -> bool {
        self.shared.state.lock().flights.is_awaited(&self.start)
    }

    /// Notes the answer to a part of the tile: its rows, and what is known of the rest.
    fn note(&mut self, tile: &Tile, answer: TileAnswer, rest: Rest) {
        self.shared.parts.oddities.saw(tile, &answer.repeated);
        let TileAnswer { mut rows, unreadable, calls, has_untold, .. } = answer;
        let rest = match rest.finding() {
            Ok(_) if has_untold => Err(MissingReason::Failed),
            rest => rest,
        };
        for variant_id in &tile.variants {
            for loc_id in tile.locations.iter() {
                let cell = CellId { variant_id: *variant_id, loc_id: *loc_id };
                let (finding, call) = match (rows.remove(&cell), unreadable.contains(&cell), &rest, calls) {
                    (Some((row, call)), ..) => (Finding::Row(Box::new(row)), call),
                    (None, false, Ok(rest), Some(calls)) => (rest.clone(), calls),
                    (None, _, rest, _) => {
                        let reason = rest.as_ref().err().copied().unwrap_or(MissingReason::Failed);
                        self.result.missing.insert(cell, reason);
                        continue;
                    }
                };
                let observation = Observation { loc_id: *loc_id, finding, call };
                self.result.found.entry(*variant_id).or_default().push(observation);
            }
        }
    }

    /// Hands over what was found. Cells of which nothing is known were refused, or lost with the flight.
    fn complete(&mut self) {
        if std::mem::replace(&mut self.completed, true) {
            return;
        }
        let mut result = std::mem::take(&mut self.result);
        result.calls = self.calls.load(Ordering::Relaxed);
        let tile = &self.start.tile;
        for variant_id in &tile.variants {
            let found: FxHashSet<_> =
                result.found.get(variant_id).into_iter().flatten().map(|seen| seen.loc_id).collect();
            for loc_id in tile.locations.iter().filter(|loc_id| !found.contains(loc_id)) {
                let cell = CellId { variant_id: *variant_id, loc_id: *loc_id };
                let reason =
                    if self.refusals.concern(cell) { MissingReason::Refused } else { MissingReason::Failed };
                result.missing.entry(cell).or_insert(reason);
            }
        }
        let parts = &self.shared.parts;
        let mut state = self.shared.state.lock();
        let went_back = state.complete(&self.start, result, &parts.cache);
        self.shared.completed.fetch_add(1, Ordering::Release);
        drop(state);
        report(&parts.metrics, &went_back);
        // Other flights may wait for this flight's next page, which will not come.
        self.shared.call_ended.notify_waiters();
        self.shared.start_pump();
    }
}

/// Counts and logs the rows that went back in time: the shop was restored, or a clock was set right.
fn report(metrics: &ShopMetrics, went_back: &[(CellId, RowId)]) {
    let Some((CellId { variant_id, loc_id }, row_id)) = went_back.first() else { return };
    metrics.rows_went_back(went_back.len());
    let (shop, rows) = (metrics.shop(), went_back.len());
    tracing::warn!(%shop, %variant_id, %loc_id, %row_id, rows, "rows went back in time, and were confirmed");
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.complete();
    }
}

impl From<NoAnswer> for NoPage {
    fn from(no_answer: NoAnswer) -> Self {
        match no_answer {
            NoAnswer::NotAdmitted(not_admitted) => Self::Failed(reason_of(not_admitted)),
            NoAnswer::Late => Self::Failed(MissingReason::RateLimited),
            NoAnswer::Error(CallError::IdsRefused) => Self::Refused,
            NoAnswer::Error(CallError::Unauthorized { .. }) => Self::Failed(MissingReason::Unauthorized),
            NoAnswer::Error(CallError::Throttled { .. }) => Self::Failed(MissingReason::RateLimited),
            NoAnswer::Error(_) => Self::Failed(MissingReason::Failed),
        }
    }
}

/// What is asked for in place of a tile whose pages make no sense, the last first: its halves, or its one cell without a
/// sentinel, because a sentinel may change between two pages. Empty if nothing is smaller.
fn smaller_questions(tile: &Tile, company: Company) -> Vec<Tile> {
    match (split(tile), company) {
        (Some((first, second)), _) => vec![second, first],
        (None, Company::Sentinel) => vec![tile.clone()],
        (None, Company::None) => Vec::new(),
    }
}
