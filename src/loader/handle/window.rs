//! Callers' waits for windows.

use std::sync::Arc;

use tokio::time::Instant;

use super::Loader;
use crate::cache::entry::VariantCells;
use crate::clock::Moment;
use crate::domain::caller::CallerId;
use crate::domain::cell::MissingReason;
use crate::haravan::InventoryCall;
use crate::loader::lack::{Overloaded, Reuse};
use crate::loader::shared::Shared;
use crate::loader::waiter::{Delivery, Waiter};
use crate::loader::window::{WindowAsked, WindowEnd};
use crate::plan::Tile;
use crate::plan::density::Density;
use crate::plan::pending::Priority;
use crate::trace;

/// A caller's wait for a window. Dropping it gives the wait up.
#[derive(Debug)]
pub struct WindowLoad {
    shared: Arc<Shared>,
    waiter: Arc<Waiter>,
    window: WindowAsked,
    joined: bool,
}

/// What a wait for a window brought.
#[derive(Debug)]
pub struct WindowLoaded {
    /// How it ended.
    pub end: WindowEnd,
    /// The entries that its rows were merged into.
    pub entries: Vec<Arc<VariantCells>>,
    /// Calls made for it.
    pub calls: usize,
    /// Whether another caller had asked for it already.
    pub joined: bool,
}

impl Loader {
    /// Starts to get a window that a caller waits for.
    ///
    /// # Errors
    /// Too many wait already.
    pub fn window(
        &self,
        caller: CallerId,
        call: InventoryCall,
        reuse: Reuse,
    ) -> Result<WindowLoad, Overloaded> {
        self.ask_for(caller, WindowAsked::new(call), reuse)
    }

    /// Starts to ask what has changed of a tile's cells, as far as they were observed at `observed_from` or later. A held
    /// cell of which nothing comes is dated anew: Haravan says that it is unchanged.
    ///
    /// A row that was deleted does not come either, and nothing says that `updated_at` moves with every change. So this
    /// is for cells that are read in full now and then, and answers no question by itself.
    ///
    /// # Errors
    /// Too many wait already.
    pub fn refresh(
        &self,
        caller: CallerId,
        tile: Arc<Tile>,
        observed_from: Moment,
    ) -> Result<WindowLoad, Overloaded> {
        let asked = WindowAsked::of_changes(tile, observed_from, &self.shared.parts.clock);
        self.ask_for(caller, asked, Reuse::default())
    }

    fn ask_for(&self, caller: CallerId, asked: WindowAsked, reuse: Reuse) -> Result<WindowLoad, Overloaded> {
        let load = trace::load(Priority::Interactive.as_str(), asked.call.tile.cells());
        let waiter = Waiter::for_caller(caller, load);
        let (window, joined) = {
            let mut state = self.shared.state.lock();
            let added = state.add_window(&waiter, asked, reuse)?;
            self.shared.announce_callers(&state);
            added
        };
        self.shared.start_pump();
        Ok(WindowLoad { shared: Arc::clone(&self.shared), waiter, window, joined })
    }

    /// Whether a tile can be asked for as a window: Haravan refused none of its ids lately.
    #[must_use]
    pub fn takes_window(&self, tile: &Tile, reuse: Reuse) -> bool {
        let now = self.shared.parts.clock.now();
        !self.shared.state.lock().learnt.refuses_a_cell_of(tile, (now, reuse))
    }

    /// The shop's density, as far as it is known.
    #[must_use]
    pub fn density(&self) -> Density {
        self.shared.state.lock().density().clone()
    }
}

impl WindowLoad {
    /// Waits for the window, until `deadline` at most.
    pub async fn finish(self, deadline: Instant) -> WindowLoaded {
        let in_time = tokio::time::timeout_at(deadline, self.waiter.done()).await.is_ok();
        let ended = self.window.end.lock().clone();
        let end = match ended {
            Some(end) if in_time => end,
            _ if in_time => WindowEnd::Missing(MissingReason::Failed),
            _ => WindowEnd::Missing(self.shared.held_up()),
        };
        let entries = self.waiter.collect().into_iter().filter_map(|delivery| match delivery {
            Delivery::Entry(entry) => Some(entry),
            Delivery::Missing(..) => None,
        });
        let entries = entries.collect();
        let calls = self.waiter.calls();
        if let Some(trace) = self.waiter.trace() {
            trace.loaded(if self.joined { self.window.call.tile.cells() } else { 0 }, 0, calls);
        }
        WindowLoaded { end, entries, calls, joined: self.joined }
    }
}

impl Drop for WindowLoad {
    fn drop(&mut self) {
        self.waiter.give_up();
    }
}
