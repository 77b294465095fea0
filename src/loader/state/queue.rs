//! What waits for a call: cells, and windows.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::domain::caller::CallerId;
use crate::domain::cell::{CellId, MissingReason};
use crate::haravan::InventoryCall;
use crate::loader::lack::Overloaded;
use crate::loader::waiter::Waiter;
use crate::loader::window::{WindowAsked, WindowEnd};
use crate::plan::MAX_IDS;
use crate::plan::density::Density;
use crate::plan::pending::{Chosen, Pending, Priority, Want};

/// Windows that may wait at once. Source: ours; at four calls a second these take four minutes.
const MOST_WINDOWS: usize = 1_024;

/// What waits for a call.
#[derive(Debug, Default)]
pub(in crate::loader) struct Queue {
    /// The cells.
    pub(in crate::loader) pending: Pending<Arc<Waiter>>,
    windows: VecDeque<(WindowAsked, Vec<Arc<Waiter>>)>,
    /// Whether the last call was a window's: windows and cells take turns.
    window_was_last: bool,
    /// Whether the pump is turning what waits into flights.
    pub(super) pump_runs: bool,
}

impl Queue {
    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.pending.is_empty() && self.windows.is_empty()
    }

    /// How many calls all that waits will take, roughly: by its rows or by its variants, whichever is more.
    pub(super) fn calls(&self, density: &Density) -> usize {
        let by_variants = self.pending.variants().div_ceil(MAX_IDS);
        by_variants.max(density.pages(self.pending.cells())) + self.windows.len()
    }

    /// Returns the callers that wait with the most urgent priority of all, and that priority.
    pub(in crate::loader) fn callers(&self) -> (Priority, Vec<CallerId>) {
        let (priority, mut callers) = self.pending.callers();
        if self.windows.is_empty() {
            return (priority, callers);
        }
        if priority != Priority::Interactive {
            callers.clear();
        }
        for waiter in self.windows.iter().flat_map(|(_, waiters)| waiters) {
            if !callers.contains(&waiter.caller()) {
                callers.push(waiter.caller());
            }
        }
        (Priority::Interactive, callers)
    }

    /// Gives up everything that waits, for one reason. That ends the pump.
    pub(in crate::loader) fn fail(&mut self, reason: MissingReason) {
        for (variant_id, wants) in self.pending.drain() {
            for want in wants {
                let cells =
                    want.locations.iter().map(|loc_id| (CellId { variant_id, loc_id: *loc_id }, reason));
                want.waiter.close_want(None, cells);
            }
        }
        for (window, waiters) in self.windows.drain(..) {
            *window.end.lock() = Some(WindowEnd::Missing(reason));
            for waiter in waiters {
                for _ in &window.call.tile.variants {
                    waiter.close_want(None, []);
                }
            }
        }
        self.pump_runs = false;
    }

    /// Adds a window.
    pub(super) fn add_window(&mut self, waiter: &Arc<Waiter>, window: WindowAsked) -> Result<(), Overloaded> {
        self.windows.retain(|(_, waiters)| waiters.iter().any(|waiter| !waiter.has_left()));
        if MOST_WINDOWS <= self.windows.len() {
            return Err(Overloaded);
        }
        open_wants(waiter, &window.call);
        if let Some(trace) = waiter.trace() {
            trace.waits(window.call.tile.cells());
        }
        self.windows.push_back((window, vec![Arc::clone(waiter)]));
        Ok(())
    }

    /// Joins the same window that waits already.
    pub(super) fn join_window(&mut self, waiter: &Arc<Waiter>, asked: &WindowAsked) -> Option<WindowAsked> {
        let (window, waiters) = self.windows.iter_mut().find(|(window, _)| window.is_same_as(asked))?;
        open_wants(waiter, &window.call);
        waiters.push(Arc::clone(waiter));
        Some(window.clone())
    }

    /// Takes the next window that a caller still waits for. If `caller` is given: one of this caller's, if it is the
    /// windows' turn.
    pub(super) fn next_window(
        &mut self,
        caller: Option<CallerId>,
    ) -> Option<(WindowAsked, Chosen<Arc<Waiter>>)> {
        let was_last = std::mem::take(&mut self.window_was_last);
        if was_last && caller.is_some_and(|caller| self.pending.callers().1.contains(&caller)) {
            return None;
        }
        let (window, waiters) = self.take_window(caller)?;
        self.window_was_last = true;
        let tile = (*window.call.tile).clone();
        let want = |waiter: &Arc<Waiter>| Want {
            waiter: Arc::clone(waiter),
            locations: Arc::clone(&tile.locations),
        };
        let wants = tile.variants.iter().map(|id| (*id, waiters.iter().map(want).collect())).collect();
        Some((window, Chosen { tile, priority: Priority::Interactive, wants }))
    }

    fn take_window(&mut self, caller: Option<CallerId>) -> Option<(WindowAsked, Vec<Arc<Waiter>>)> {
        self.windows.retain_mut(|(_, waiters)| {
            waiters.retain(|waiter| !waiter.has_left());
            !waiters.is_empty()
        });
        let is_of = |waiters: &[Arc<Waiter>]| {
            caller.is_none_or(|caller| waiters.iter().any(|waiter| waiter.caller() == caller))
        };
        let place = self.windows.iter().position(|(_, waiters)| is_of(waiters))?;
        self.windows.remove(place)
    }
}

/// Opens a want for each variant of a window: each is closed when the window's flight completes.
fn open_wants(waiter: &Waiter, call: &InventoryCall) {
    for _ in &call.tile.variants {
        waiter.open_want();
    }
}
