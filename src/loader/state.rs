//! What a loader knows at any moment: what waits, what flies, what was learnt. Held under one lock, briefly.

mod completion;
mod windows;

use std::sync::Arc;
use std::time::Duration;

use rustc_hash::FxHashMap;
use tracing::Span;

use super::waiter::Ticket;
use super::{Lack, Lacked, Reuse};
use crate::cache::Purge;
use crate::clock::Moment;
use crate::domain::caller::CallerId;
use crate::domain::cell::{CellId, MissingReason};
use crate::domain::id::{LocationId, VariantId};
use crate::loader::learnt::accepted::AcceptedIds;
use crate::loader::learnt::page_history::Proof;
use crate::loader::learnt::refused::RefusedIds;
use crate::loader::waiter::trace::show_departure;
use crate::plan::density::Density;
use crate::plan::pages::{CallNumber, Doubt, Next};
use crate::plan::pending::{Chosen, Pending, Priority, Want, difference};
use crate::plan::refusal::Refusals;
use crate::plan::{MAX_IDS, Tile};

/// Purges remembered while flights are under way; more are taken as one purge of everything.
const MOST_PURGES: usize = 64;

pub(super) use completion::Arrival;
pub(super) use windows::WindowAsked;
use windows::Windows;

type Wants = Vec<Want<Arc<Ticket>>>;

/// A loader's state.
#[derive(Debug, Default)]
pub(super) struct Board {
    pending: Pending<Arc<Ticket>>,
    flying: FxHashMap<VariantId, Vec<Flying>>,
    flights: usize,
    last_flight: u64,
    pump_runs: bool,
    /// Purges since the oldest flight under way took off.
    purges: Vec<(Moment, Purge)>,
    /// Before this moment nothing takes off: the last purge came in the millisecond before it.
    departs_from: Moment,
    windows: Windows,
    proof: Proof,
    refused: RefusedIds,
    accepted: AcceptedIds,
    /// The spans of the tiles in flight that are traced, by flight.
    tiles: FxHashMap<u64, Span>,
}

/// One variant's part of a flight.
#[derive(Debug)]
struct Flying {
    flight: u64,
    started: Moment,
    locations: Arc<[LocationId]>,
    wants: Wants,
    /// A purge came since: whoever asks now must not be given this.
    outdated: bool,
    /// It brings some of the rows alone: no cell may count on it.
    of_window: bool,
}

impl Flying {
    fn may_be_joined(&self, reuse: Reuse) -> bool {
        !self.of_window && self.counts_for(reuse)
    }

    fn counts_for(&self, reuse: Reuse) -> bool {
        !self.outdated && reuse.flights_from.is_none_or(|from| from <= self.started)
    }
}

/// A tile that takes off.
#[derive(Debug)]
pub(super) struct Departure {
    pub(super) flight: u64,
    pub(super) tile: Tile,
    pub(super) priority: Priority,
    pub(super) started: Moment,
    /// What a caller asked for in its own manner, if that is all that it brings.
    pub(super) window: Option<WindowAsked>,
    /// None if it is not traced.
    pub(super) span: Span,
}

/// What became of a question that was put on the board.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// Cells that were pending or in flight already.
    pub(super) joined: usize,
    /// Cells not asked for: Haravan refused them lately.
    pub(super) refused: Vec<CellId>,
}

impl Board {
    /// Adds a ticket's wants: to the flights that bring them, to what waits otherwise. `landed` gives the cells
    /// that came in since they were found lacking: those are here already.
    pub(super) fn ask(
        &mut self,
        ticket: &Arc<Ticket>,
        priority: Priority,
        lacks: &[Lack],
        (now, reuse): (Moment, Reuse),
        landed: impl Fn(VariantId, &[LocationId]) -> Option<Lacked>,
    ) -> Asked {
        let mut asked = Asked::default();
        let mut waiting = Vec::with_capacity(lacks.len());
        let mut joined_flights: FxHashMap<u64, usize> = FxHashMap::default();
        for (variant_id, locations) in lacks {
            // So that no flight takes them for refused because of what it was before.
            if let Some(from) = reuse.refusals_from.filter(|_| !self.refused.is_empty()) {
                self.refused.forget_older(*variant_id, locations, from);
            }
            let mut rest = self.less_refused(*variant_id, locations, (now, reuse), &mut asked.refused);
            for flying in self.flying.get_mut(variant_id).into_iter().flatten() {
                let left = difference(&rest, &flying.locations);
                if !flying.may_be_joined(reuse) || left.len() == rest.len() {
                    continue;
                }
                let joined = difference(&rest, &left);
                asked.joined += joined.len();
                if ticket.trace().is_some() {
                    *joined_flights.entry(flying.flight).or_default() += joined.len();
                }
                ticket.open_want();
                flying.wants.push(Want { waiter: Arc::clone(ticket), locations: joined });
                rest = left;
            }
            if let Some((entry, here)) = landed(*variant_id, &rest) {
                asked.joined += here.len();
                ticket.open_want();
                ticket.close_want(Some((&entry, &here)), []);
                rest = difference(&rest, &here);
            }
            if !rest.is_empty() {
                ticket.open_want();
                waiting.push((*variant_id, Want { waiter: Arc::clone(ticket), locations: rest }));
            }
        }
        if let Some(trace) = ticket.trace() {
            trace.waits(waiting.iter().map(|(_, want)| want.locations.len()).sum());
            for (flight, cells) in joined_flights {
                trace.joins(flight, self.tiles.get(&flight), cells);
            }
        }
        asked.joined += self.pending.add(priority, waiting);
        asked
    }

    /// The lacks less the cells that a question need not ask for: those that are pending, in flights that it may
    /// join, or known to be refused: these are told.
    pub(super) fn to_ask(
        &self,
        lacks: &[Lack],
        (now, reuse): (Moment, Reuse),
        refused: &mut Vec<CellId>,
    ) -> Vec<Lack> {
        let mut rest = Vec::new();
        for (variant_id, locations) in lacks {
            let accepted = self.less_refused(*variant_id, locations, (now, reuse), refused);
            let flying = self.flying.get(variant_id);
            let is_lacking = |loc_id: &LocationId| {
                let flies = flying.into_iter().flatten().any(|flying| {
                    flying.may_be_joined(reuse) && flying.locations.binary_search(loc_id).is_ok()
                });
                !flies && !self.pending.holds(*variant_id, *loc_id)
            };
            let left: Arc<[LocationId]> = accepted.iter().copied().filter(is_lacking).collect();
            if !left.is_empty() {
                rest.push((*variant_id, left));
            }
        }
        rest
    }

    /// Takes off what waits next, for the caller whose turn it is: a window or a tile of the pending set. With nothing
    /// left to take, the pump is over.
    pub(super) fn depart(&mut self, caller: CallerId, now: Moment) -> Option<Departure> {
        if let Some(departure) = self.depart_window(Some(caller), now) {
            return Some(departure);
        }
        let Some(chosen) = self.pending.choose_for(Some(caller), self.proof.density_for_next(now)) else {
            // Whoever waited for cells has left; a window may have let them go first.
            let departure = self.depart_window(None, now);
            self.pump_runs = departure.is_some();
            return departure;
        };
        Some(self.take_off(chosen, None, now))
    }

    fn take_off(
        &mut self,
        chosen: Chosen<Arc<Ticket>>,
        window: Option<WindowAsked>,
        now: Moment,
    ) -> Departure {
        // What takes off after a purge is told from what did before, in the same millisecond too.
        let started = now.max(self.departs_from);
        self.last_flight += 1;
        self.flights += 1;
        let span = show_departure(self.last_flight, &chosen);
        if !span.is_none() {
            self.tiles.insert(self.last_flight, span.clone());
        }
        let locations = &chosen.tile.locations;
        for (variant_id, wants) in chosen.wants {
            let locations = Arc::clone(locations);
            let of_window = window.is_some();
            let flying =
                Flying { flight: self.last_flight, started, locations, wants, outdated: false, of_window };
            self.flying.entry(variant_id).or_default().push(flying);
        }
        let (flight, priority) = (self.last_flight, chosen.priority);
        Departure { flight, tile: chosen.tile, priority, started, window, span }
    }

    /// Lets nothing that was learnt or is in flight now count any more where a purge concerns it.
    pub(super) fn invalidate(&mut self, purge: &Purge, now: Moment) {
        self.refused.forget(purge, now);
        self.departs_from = now.plus(Duration::from_millis(1));
        if self.flights == 0 {
            return;
        }
        for (variant_id, flying) in &mut self.flying {
            for flying in flying {
                let concerned = |loc_id: &LocationId| purge.concerns(*variant_id, *loc_id);
                flying.outdated |= flying.locations.iter().any(concerned);
            }
        }
        if self.purges.len() < MOST_PURGES {
            self.purges.push((now, purge.clone()));
        } else {
            self.purges = vec![(now, Purge::default())];
        }
    }

    /// Gives up everything that waits, for one reason; that ends the pump.
    pub(super) fn fail_pending(&mut self, reason: MissingReason) {
        for (variant_id, wants) in self.pending.drain() {
            for want in wants {
                let cells =
                    want.locations.iter().map(|loc_id| (CellId { variant_id, loc_id: *loc_id }, reason));
                want.waiter.close_want(None, cells);
            }
        }
        self.windows.fail(reason);
        self.pump_runs = false;
    }

    /// Claims the pump if it should run and does not: tells whether calls are under way.
    pub(super) fn claim_pump(&mut self) -> Option<bool> {
        if self.pump_runs || (self.pending.is_empty() && self.windows.is_empty()) {
            return None;
        }
        self.pump_runs = true;
        Some(0 < self.flights)
    }

    /// A call is sent.
    pub(super) fn call_sent(&mut self) -> CallNumber {
        self.proof.call_sent()
    }

    /// What pages have shown.
    pub(super) fn proof(&mut self) -> &mut Proof {
        &mut self.proof
    }

    /// Decides a doubt, if that can be done by now.
    pub(super) fn resolve(&self, doubt: Doubt, now: Moment) -> Next {
        // A flight that is neither in doubt nor waiting for a page has a call to send.
        self.proof.resolve(doubt, |busy| !self.pending.is_empty() || busy < self.flights, now)
    }

    /// Whether anybody still waits for a flight.
    pub(super) fn is_awaited(&self, departure: &Departure) -> bool {
        self.awaiting(departure).next().is_some()
    }

    /// Those who still wait for a flight, each as often as it has wants.
    pub(super) fn awaiting(&self, departure: &Departure) -> impl Iterator<Item = &Arc<Ticket>> {
        self.waiters_of(departure).filter(|waiter| !waiter.has_left())
    }

    /// Those who waited for a flight, each as often as it has wants.
    pub(super) fn waiters_of(&self, departure: &Departure) -> impl Iterator<Item = &Arc<Ticket>> {
        let flying = departure.tile.variants.iter().filter_map(|variant_id| self.flying.get(variant_id));
        let of_flight = flying.flatten().filter(|flying| flying.flight == departure.flight);
        of_flight.flat_map(|flying| &flying.wants).map(|want| &want.waiter)
    }

    /// These ids of a tile were accepted.
    pub(super) fn note_accepted(&mut self, tile: &Tile) {
        self.accepted.accept(&tile.variants, tile.locations.iter());
    }

    /// These ids are refused.
    pub(super) fn note_refused(&mut self, refusals: &Refusals, now: Moment) {
        self.refused.remember(refusals, now);
        self.accepted.forget(refusals);
    }

    /// What is known of the ids that Haravan refused lately, and of those it accepted.
    pub(super) fn known_ids(&self) -> (&RefusedIds, &AcceptedIds) {
        (&self.refused, &self.accepted)
    }

    /// Who waits for calls, with the most urgent priority that anybody waits with.
    pub(super) fn callers(&self) -> (Priority, Vec<CallerId>) {
        let (priority, mut callers) = self.pending.callers();
        if self.windows.is_empty() {
            return (priority, callers);
        }
        if priority != Priority::Interactive {
            callers.clear();
        }
        for caller in self.windows.callers() {
            if !callers.contains(&caller) {
                callers.push(caller);
            }
        }
        (Priority::Interactive, callers)
    }

    /// Whether a cell is in flight.
    pub(super) fn is_in_flight(&self, cell: CellId) -> bool {
        let flying = self.flying.get(&cell.variant_id);
        flying.into_iter().flatten().any(|flying| flying.locations.binary_search(&cell.loc_id).is_ok())
    }

    /// What is known of the shop's density.
    pub(super) fn density(&self) -> &Density {
        self.proof.density()
    }

    /// Whether what waits fills a call.
    pub(super) fn fills_a_call(&self) -> bool {
        self.pending.fills_a_call(self.density())
    }

    /// Cells that wait for a call.
    pub(super) fn pending_cells(&self) -> usize {
        self.pending.cells()
    }

    /// Cells that wait with this priority.
    pub(super) fn pending_cells_of(&self, priority: Priority) -> usize {
        self.pending.cells_of(priority)
    }

    /// How many calls what waits will take, roughly: as many as its rows fill, or its variants.
    pub(super) fn queued_calls(&self) -> usize {
        let by_variants = self.pending.variants().div_ceil(MAX_IDS);
        by_variants.max(self.density().pages(self.pending.cells())) + self.windows.len()
    }

    fn less_refused(
        &self,
        variant_id: VariantId,
        locations: &Arc<[LocationId]>,
        (now, reuse): (Moment, Reuse),
        refused: &mut Vec<CellId>,
    ) -> Arc<[LocationId]> {
        if self.refused.is_empty() {
            return Arc::clone(locations);
        }
        let before = refused.len();
        let cells = locations.iter().map(|loc_id| CellId { variant_id, loc_id: *loc_id });
        refused.extend(cells.filter(|cell| self.refused.holds(*cell, now, reuse.refusals_from)));
        let newly: Vec<LocationId> = refused.iter().skip(before).map(|cell| cell.loc_id).collect();
        difference(locations, &newly)
    }
}
