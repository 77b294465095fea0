//! Windows that wait for a call, or for the end of theirs.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;

use super::{Board, Departure};
use crate::clock::Moment;
use crate::domain::caller::CallerId;
use crate::domain::cell::{CellId, MissingReason};
use crate::haravan::InventoryCall;
use crate::loader::handle::window::WindowEnd;
use crate::loader::waiter::Ticket;
use crate::loader::{Overloaded, Reuse};
use crate::plan::Tile;
use crate::plan::pending::{Chosen, Priority, Waiter, Want};

/// Windows that may wait at once. Source: ours; at four calls a second these take four minutes.
const MOST_WAITING: usize = 1_024;

/// A window that was asked for, and where its end is told.
#[derive(Debug, Clone)]
pub(in crate::loader) struct WindowAsked {
    /// The call to make.
    pub(in crate::loader) call: InventoryCall,
    /// How it ended, once it has.
    pub(in crate::loader) end: Arc<Mutex<Option<WindowEnd>>>,
}

/// The windows of a loader.
#[derive(Debug, Default)]
pub(super) struct Windows {
    waiting: VecDeque<(WindowAsked, Vec<Arc<Ticket>>)>,
    flying: Vec<(u64, WindowAsked)>,
    /// Windows and cells take turns.
    was_last: bool,
}

impl Windows {
    /// Whether none waits.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Who waits for one.
    pub(super) fn callers(&self) -> impl Iterator<Item = CallerId> {
        self.waiting.iter().flat_map(|(_, tickets)| tickets).map(|ticket| ticket.caller())
    }

    /// Takes the next window that somebody still waits for out of the queue: one of this caller's, if one is named.
    fn take(&mut self, caller: Option<CallerId>) -> Option<(WindowAsked, Vec<Arc<Ticket>>)> {
        self.waiting.retain_mut(|(_, tickets)| {
            tickets.retain(|ticket| !ticket.has_left());
            !tickets.is_empty()
        });
        let is_of = |tickets: &[Arc<Ticket>]| {
            caller.is_none_or(|caller| tickets.iter().any(|ticket| ticket.caller() == caller))
        };
        let place = self.waiting.iter().position(|(_, tickets)| is_of(tickets))?;
        self.waiting.remove(place)
    }

    /// A flight has landed.
    pub(super) fn landed(&mut self, flight: u64) {
        self.flying.retain(|(flying, _)| *flying != flight);
    }

    /// Gives up all that wait, for one reason.
    pub(super) fn fail(&mut self, reason: MissingReason) {
        for (window, tickets) in self.waiting.drain(..) {
            *window.end.lock() = Some(WindowEnd::Missing(reason));
            for ticket in tickets {
                for _ in &window.call.tile.variants {
                    ticket.close_want(None, []);
                }
            }
        }
    }
}

impl Board {
    /// Whether a tile has cells that are known to be refused: one of them would spoil a window.
    pub(in crate::loader) fn holds_refused(&self, tile: &Tile, (now, reuse): (Moment, Reuse)) -> bool {
        let mut cells = tile.variants.iter().flat_map(|variant_id| {
            let variant_id = *variant_id;
            tile.locations.iter().map(move |loc_id| CellId { variant_id, loc_id: *loc_id })
        });
        !self.refused.is_empty() && cells.any(|cell| self.refused.holds(cell, now, reuse.refusals_from))
    }

    /// Has a window asked for: gives back where its end will be told, and whether it was on its way already.
    pub(in crate::loader) fn ask_window(
        &mut self,
        ticket: &Arc<Ticket>,
        call: InventoryCall,
        reuse: Reuse,
    ) -> Result<(WindowAsked, bool), Overloaded> {
        if let Some(window) = self.join_window(ticket, &call, reuse) {
            return Ok((window, true));
        }
        self.windows.waiting.retain(|(_, tickets)| tickets.iter().any(|ticket| !ticket.is_gone()));
        if MOST_WAITING <= self.windows.waiting.len() {
            return Err(Overloaded);
        }
        open_wants(ticket, &call);
        if let Some(trace) = ticket.trace() {
            trace.waits(call.tile.cells());
        }
        let window = WindowAsked { call, end: Arc::default() };
        self.windows.waiting.push_back((window.clone(), vec![Arc::clone(ticket)]));
        Ok((window, false))
    }

    /// Joins a window that waits, or flies and counts.
    fn join_window(
        &mut self,
        ticket: &Arc<Ticket>,
        call: &InventoryCall,
        reuse: Reuse,
    ) -> Option<WindowAsked> {
        if let Some((window, tickets)) =
            self.windows.waiting.iter_mut().find(|(window, _)| window.call == *call)
        {
            open_wants(ticket, call);
            tickets.push(Arc::clone(ticket));
            return Some(window.clone());
        }
        let (flight, window) = self.windows.flying.iter().find(|(_, window)| window.call == *call)?.clone();
        let counts = |parts: &Vec<super::Flying>| {
            parts.iter().any(|flying| flying.flight == flight && flying.counts_for(reuse))
        };
        if !call.tile.variants.iter().all(|variant_id| self.flying.get(variant_id).is_some_and(counts)) {
            return None;
        }
        for variant_id in &call.tile.variants {
            let flying = self.flying.get_mut(variant_id).into_iter().flatten();
            for flying in flying.filter(|flying| flying.flight == flight) {
                ticket.open_want();
                let locations = Arc::clone(&call.tile.locations);
                flying.wants.push(Want { waiter: Arc::clone(ticket), locations });
            }
        }
        Some(window)
    }

    /// The next window takes off that somebody still waits for: one of this caller's, if one is named and it is the
    /// windows' turn.
    pub(super) fn depart_window(&mut self, caller: Option<CallerId>, now: Moment) -> Option<Departure> {
        let was_last = std::mem::take(&mut self.windows.was_last);
        if was_last && caller.is_some_and(|caller| self.pending.callers().1.contains(&caller)) {
            return None;
        }
        let (window, tickets) = self.windows.take(caller)?;
        self.windows.was_last = true;
        let tile = (*window.call.tile).clone();
        let want = |ticket: &Arc<Ticket>| Want {
            waiter: Arc::clone(ticket),
            locations: Arc::clone(&tile.locations),
        };
        let wants = tile.variants.iter().map(|id| (*id, tickets.iter().map(want).collect())).collect();
        let chosen = Chosen { tile: tile.clone(), priority: Priority::Interactive, wants };
        let departure = self.take_off(chosen, Some(window.clone()), now);
        self.windows.flying.push((departure.flight, window));
        Some(departure)
    }
}

/// A window's ticket has a want for each of its variants: so many are closed when it lands.
fn open_wants(ticket: &Ticket, call: &InventoryCall) {
    for _ in &call.tile.variants {
        ticket.open_want();
    }
}
