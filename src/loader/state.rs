//! A loader's state: what waits, what is in flight, what was learnt. It is held under one lock, briefly.

mod flights;
mod queue;

use std::sync::Arc;

use rustc_hash::FxHashMap;

use self::flights::{Flights, Joined};
use self::queue::Queue;
use super::lack::{Arrived, Lack, Overloaded, Reuse};
use super::learnt::Learnt;
use super::waiter::Waiter;
use super::window::WindowAsked;
use crate::cache::entry::{Finding, Observation};
use crate::cache::{Cache, Purge, product_of};
use crate::clock::Moment;
use crate::domain::caller::CallerId;
use crate::domain::cell::CellId;
use crate::domain::id::{LocationId, ProductId, RowId, VariantId};
use crate::plan::density::Density;
use crate::plan::page_end::rule::{Doubt, Next};
use crate::plan::pending::{Priority, Want, difference};

pub(super) use self::flights::{FlightResult, FlightStart};

/// A loader's state.
#[derive(Debug, Default)]
pub(super) struct State {
    /// What waits for a call.
    pub(super) queue: Queue,
    /// What is in flight.
    pub(super) flights: Flights,
    /// What Haravan's answers have shown so far.
    pub(super) learnt: Learnt,
}

/// What became of a question's wants.
#[derive(Debug, Default)]
pub(super) struct Added {
    /// Cells that were pending or in flight already, or had arrived.
    pub(super) joined: usize,
    /// Cells that are not asked for, because Haravan refused them lately.
    pub(super) refused: Vec<CellId>,
}

impl State {
    /// Adds a waiter's wants: to the flights that bring them, otherwise to the queue. `arrived` returns the cells that
    /// came since the caller found them lacking.
    pub(super) fn add_wants(
        &mut self,
        waiter: &Arc<Waiter>,
        priority: Priority,
        lacks: &[Lack],
        (now, reuse): (Moment, Reuse),
        arrived: impl Fn(VariantId, &[LocationId]) -> Option<Arrived>,
    ) -> Added {
        let mut added = Added::default();
        let mut waiting = Vec::with_capacity(lacks.len());
        let mut joined: Joined = FxHashMap::default();
        for (variant_id, locations) in lacks {
            self.learnt.forget_older(*variant_id, locations, reuse);
            let wanted = self.learnt.less_refused(*variant_id, locations, (now, reuse), &mut added.refused);
            let before = wanted.len();
            let mut rest = self.flights.join(waiter, (*variant_id, wanted), reuse, &mut joined);
            if let Some((entry, here)) = arrived(*variant_id, &rest) {
                waiter.open_want();
                waiter.close_want(Some((&entry, &here)), []);
                rest = difference(&rest, &here);
            }
            added.joined += before - rest.len();
            if !rest.is_empty() {
                waiter.open_want();
                waiting.push((*variant_id, Want { waiter: Arc::clone(waiter), locations: rest }));
            }
        }
        if let Some(trace) = waiter.trace() {
            trace.waits(waiting.iter().map(|(_, want)| want.locations.len()).sum());
            for (flight, cells) in joined {
                trace.joins(flight, self.flights.span(flight), cells);
            }
        }
        added.joined += self.queue.pending.add(priority, waiting);
        added
    }

    /// Returns the lacks without the cells that a question need not ask for: pending ones, those in flights that it
    /// may join, and refused ones, which are appended to `refused`.
    pub(super) fn to_ask(
        &self,
        lacks: &[Lack],
        (now, reuse): (Moment, Reuse),
        refused: &mut Vec<CellId>,
    ) -> Vec<Lack> {
        let mut rest = Vec::new();
        for (variant_id, locations) in lacks {
            let accepted = self.learnt.less_refused(*variant_id, locations, (now, reuse), refused);
            let is_lacking = |loc_id: &LocationId| {
                !self.flights.may_bring(*variant_id, *loc_id, reuse)
                    && !self.queue.pending.holds(*variant_id, *loc_id)
            };
            let left: Arc<[LocationId]> = accepted.iter().copied().filter(is_lacking).collect();
            if !left.is_empty() {
                rest.push((*variant_id, left));
            }
        }
        rest
    }

    /// Asks for a window. Returns where its end will be written, and whether it was asked for already.
    pub(super) fn add_window(
        &mut self,
        waiter: &Arc<Waiter>,
        asked: WindowAsked,
        reuse: Reuse,
    ) -> Result<(WindowAsked, bool), Overloaded> {
        if let Some(window) = self.queue.join_window(waiter, &asked) {
            return Ok((window, true));
        }
        if let Some(window) = self.flights.join_window(waiter, &asked, reuse) {
            return Ok((window, true));
        }
        self.queue.add_window(waiter, asked.clone())?;
        Ok((asked, false))
    }

    /// Starts the next flight, for the caller whose turn it is: a window, or a tile of the pending cells. If nothing
    /// is left to start, the pump is over.
    pub(super) fn start_next(&mut self, caller: CallerId, now: Moment) -> Option<FlightStart> {
        if let Some((window, chosen)) = self.queue.next_window(Some(caller)) {
            return Some(self.flights.start(chosen, Some(window), now));
        }
        self.learnt.pages.prepare_next(now);
        let (learnt, pending) = (&self.learnt, &mut self.queue.pending);
        let shares = |variant_id| learnt.shares_tiles(variant_id, now);
        if let Some(chosen) = pending.choose_for(Some(caller), learnt.pages.density(), shares) {
            return Some(self.flights.start(chosen, None, now));
        }
        // Those who waited for cells have left. A window of another caller may have let them go first.
        let window = self.queue.next_window(None);
        self.queue.pump_runs = window.is_some();
        window.map(|(window, chosen)| self.flights.start(chosen, Some(window), now))
    }

    /// Invalidates what was learnt and what is in flight where a purge concerns it.
    pub(super) fn invalidate(
        &mut self,
        purge: &Purge,
        now: Moment,
        product_of: impl Fn(VariantId) -> Option<ProductId>,
    ) {
        self.learnt.invalidate(purge, now);
        self.flights.invalidate(purge, now, product_of);
    }

    /// Claims the pump if it should run and does not. Returns whether calls are in flight.
    pub(super) fn claim_pump(&mut self) -> Option<bool> {
        if self.queue.pump_runs || self.queue.is_empty() {
            return None;
        }
        self.queue.pump_runs = true;
        Some(0 < self.flights.count())
    }

    /// Decides a doubt, if that is possible by now.
    pub(super) fn resolve(&self, doubt: Doubt, now: Moment) -> Next {
        // A flight that is neither in doubt nor waiting for a page has a call to send.
        let more_to_send = |busy| !self.queue.pending.is_empty() || busy < self.flights.count();
        self.learnt.pages.resolve(doubt, more_to_send, now)
    }

    /// The shop's density, as far as it is known.
    pub(super) fn density(&self) -> &Density {
        self.learnt.pages.density()
    }

    /// Whether the cells that wait fill a call.
    pub(super) fn fills_a_call(&self) -> bool {
        self.queue.pending.fills_a_call(self.density())
    }

    /// How many calls the queue will take, roughly.
    pub(super) fn queued_calls(&self) -> usize {
        self.queue.calls(self.density())
    }

    /// Completes a flight: merges what it found into the cache and answers its waiters. Returns the rows that went
    /// back in time.
    ///
    /// Cells that were purged meanwhile are asked for again, and so are those that one more call settles.
    pub(in crate::loader) fn complete(
        &mut self,
        start: &FlightStart,
        result: FlightResult,
        cache: &Cache,
    ) -> Vec<(CellId, RowId)> {
        let FlightResult { mut found, missing, calls } = result;
        let outdated = |variant_id: &VariantId| {
            let product_id = product_in(found.get(variant_id))
                .or_else(|| cache.get(*variant_id).as_deref().and_then(product_of));
            self.flights.purged_since(start.started, (*variant_id, product_id), &start.tile.locations)
        };
        let outdated: Vec<_> = start.tile.variants.iter().map(outdated).collect();
        let observed = start.tile.variants.iter().zip(&outdated).filter_map(|(variant_id, outdated)| {
            let mut observations = found.remove(variant_id)?;
            observations.retain(|observation| outdated.binary_search(&observation.loc_id).is_err());
            (!observations.is_empty()).then_some((*variant_id, observations))
        });
        let mut merged = cache.merge_all(observed.collect()).into_iter().peekable();
        let (mut again, mut went_back) = (Vec::new(), Vec::new());
        for (variant_id, mut outdated) in start.tile.variants.iter().zip(outdated) {
            let entry = match merged.next_if(|(entry, _)| entry.variant_id() == *variant_id) {
                Some((entry, mut turns)) => {
                    outdated.append(&mut turns.to_settle);
                    went_back.append(&mut turns.went_back);
                    Some(entry)
                }
                None => cache.get(*variant_id),
            };
            outdated.sort_unstable();
            for want in self.flights.take_wants(start.flight, *variant_id) {
                want.waiter.count_calls(start.flight, calls);
                let kept = difference(&want.locations, &outdated);
                if let Some(trace) = want.waiter.trace() {
                    trace.completed(start.flight);
                    trace.waits(want.locations.len() - kept.len());
                }
                if kept.len() < want.locations.len() {
                    let rest = difference(&want.locations, &kept);
                    again.push((*variant_id, Want { waiter: Arc::clone(&want.waiter), locations: rest }));
                    want.waiter.open_want();
                }
                let missing = kept.iter().filter_map(|loc_id| {
                    let cell = CellId { variant_id: *variant_id, loc_id: *loc_id };
                    missing.get(&cell).map(|reason| (cell, *reason))
                });
                want.waiter.close_want(entry.as_ref().map(|entry| (entry, &kept)), missing);
            }
        }
        self.queue.pending.add(Priority::Interactive, again);
        self.flights.ended(start.flight);
        went_back
    }
}

/// The product that the rows of a variant tell.
fn product_in(observations: Option<&Vec<Observation>>) -> Option<ProductId> {
    observations?.iter().find_map(|observation| match &observation.finding {
        Finding::Row(row) => Some(row.product_id),
        Finding::NoRow | Finding::Unchanged(_) => None,
    })
}
