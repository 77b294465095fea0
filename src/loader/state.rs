//! A loader's state: what waits, what is in flight, what was learnt. It is held under one lock, briefly.

mod completion;
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
use crate::cache::Purge;
use crate::clock::Moment;
use crate::domain::caller::CallerId;
use crate::domain::cell::CellId;
use crate::domain::id::{LocationId, ProductId, VariantId};
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
}
