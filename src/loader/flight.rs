//! A flight: one tile's way to Haravan and back, with its pages, retries and refusals.

mod search;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustc_hash::FxHashSet;
use tokio::time::Instant;

use super::board::{Arrival, Departure};
use super::call::{outcome_of, send};
use super::charge::Purpose;
use super::evidence::CallSent;
use super::retry::jittered;
use super::sight::has_foreign_rows;
use super::tile::{Company, TileAnswer, TileEnd, split};
use super::{Shared, reason_of};
use crate::cache::entry::{Finding, Observation};
use crate::cache::order::CallTimes;
use crate::domain::cell::{CellId, MissingReason};
use crate::domain::id::RowId;
use crate::governor::{Permit, Urgency};
use crate::haravan::{CallError, InventoryCall, InventoryPage};
use crate::plan::refusal::Refusals;
use crate::plan::refusal::budget::Spent;
use crate::plan::Tile;
use crate::processor::give_way;

/// Throttled answers to one call after which its cells are given up: something else drains the bucket.
const MOST_THROTTLES: u32 = 8;

/// How often a flight may split a tile whose pages make no sense before it gives up. Source: ours.
const MOST_SPLITS: u32 = 16;

/// A tile on its way. Lands when it is done, and also when it is dropped, so that nobody waits for ever.
pub(super) struct Flight {
    pub(super) shared: Arc<Shared>,
    departure: Departure,
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
        permit: Option<Permit>,
    ) -> Result<(InventoryPage, CallTimes), CallEnd> {
        let Some(charge) = self.shared.charge(&self.departure, self.purpose).await else {
            if let Some(permit) = permit {
                permit.unused();
            }
            return Err(CallEnd::Denied);
        };
        let tile = Arc::clone(&call.tile);
        let called = self.attempt(call, page, permit).await;
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
        permit: Option<Permit>,
    ) -> Result<(InventoryPage, CallTimes), CallEnd> {
        let parts = &self.shared.parts;
        let mut permit = permit;
        let (mut failures, mut throttles) = (0, 0);
        loop {
            let leave = match permit.take() {
                Some(permit) => permit,
                None => parts
                    .governor
                    .admit(Urgency::Continuation)
                    .await
                    .map_err(|stop| CallEnd::Failed(reason_of(stop)))?,
            };
            let (started, began) = (Instant::now(), parts.clock.now());
            self.calls.fetch_add(1, Ordering::Relaxed);
            let sent = CallSent::new(&self.shared);
            let reply = send(parts, call.clone(), page, failures + throttles).await;
            if let Some((level, size)) = reply.call_limit {
                parts.governor.hear_call_limit(level, size);
            }
            let page_came = reply.result.as_ref().ok().filter(|page| !has_foreign_rows(page, &call.tile));
            sent.ended(page_came.map(|page| page.length));
            let outcome = outcome_of(&reply.result);
            parts.metrics.upstream_request(outcome.as_str(), started.elapsed());
            leave.settle(outcome);
            let error = match reply.result {
                Ok(page) => return Ok((page, CallTimes::ending_now(began, &parts.clock))),
                Err(error) => error,
            };
            self.shared.board.lock().note_error(&error, parts.clock.now());
            match error {
                CallError::IdsRefused => return Err(CallEnd::Refused),
                CallError::Unauthorized { .. } => return Err(CallEnd::Failed(MissingReason::Unauthorized)),
                CallError::Throttled { .. } => {
                    throttles += 1;
                    if MOST_THROTTLES <= throttles || !self.is_awaited() {
                        return Err(CallEnd::Failed(MissingReason::RateLimited));
                    }
                }
                error if error.is_transient() && self.is_awaited() => {
                    failures += 1;
                    let pause = self.shared.board.lock().retries().spend(failures);
                    let Some(pause) = pause else { return Err(CallEnd::Failed(MissingReason::Failed)) };
                    tokio::time::sleep(jittered(pause)).await;
                }
                _ => return Err(CallEnd::Failed(MissingReason::Failed)),
            }
        }
    }

    fn is_awaited(&self) -> bool {
        self.shared.board.lock().is_awaited(&self.departure)
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
