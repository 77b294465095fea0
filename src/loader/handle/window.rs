//! A window: what a caller asks for in Haravan's own manner, with its own limit, beginning and order, is one call.
//!
//! Its rows go to the cache as those of any flight do, and so do the absences that its page proves. Callers who ask
//! for the same window wait for the same call.

use std::sync::Arc;

use tokio::time::Instant;

use crate::cache::entry::VariantCells;
use crate::clock::Moment;
use crate::domain::caller::CallerId;
use crate::domain::cell::{CellId, MissingReason};
use crate::domain::id::RowId;
use crate::haravan::InventoryCall;
use crate::loader::state::WindowAsked;
use crate::loader::waiter::{Delivery, Ticket};
use crate::loader::{Loader, Overloaded, Reuse, Shared};
use crate::plan::Tile;
use crate::plan::density::Density;
use crate::plan::pending::Priority;
use crate::trace;

/// The rows of a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// The call that it was asked for with.
    pub call: InventoryCall,
    /// Its rows, by id.
    pub rows: Vec<(RowId, CellId)>,
    /// Whether no row follows.
    pub is_last: bool,
    /// When its call was sent.
    pub began: Moment,
}

/// How a window ended.
#[derive(Debug, Clone)]
pub enum WindowEnd {
    /// With these rows.
    Came(Arc<Window>),
    /// It cannot be told from one call: ids are refused, or the page makes no sense. Ask for its cells.
    Unfit,
    /// It did not come, for this reason.
    Missing(MissingReason),
}

/// A caller's wait for a window; its drop gives the wait up.
#[derive(Debug)]
pub struct WindowLoad {
    shared: Arc<Shared>,
    ticket: Arc<Ticket>,
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
    /// Whether it was on its way for somebody else already.
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
        let load = trace::load(Priority::Interactive.as_str(), call.tile.cells());
        let ticket = Ticket::of_a_caller(caller, load);
        let (window, joined) = {
            let mut board = self.shared.board.lock();
            let asked = board.ask_window(&ticket, call, reuse)?;
            self.shared.tell_who_waits(&board);
            asked
        };
        self.shared.start_pump();
        Ok(WindowLoad { shared: Arc::clone(&self.shared), ticket, window, joined })
    }

    /// Whether a tile can be asked for as a window: not where Haravan refused one of its ids lately.
    #[must_use]
    pub fn takes_window(&self, tile: &Tile, reuse: Reuse) -> bool {
        let now = self.shared.parts.clock.now();
        !self.shared.board.lock().holds_refused(tile, (now, reuse))
    }

    /// What is known of the shop's density.
    #[must_use]
    pub fn density(&self) -> Density {
        self.shared.board.lock().density().clone()
    }
}

impl WindowLoad {
    /// Waits for the window, until `deadline` at most.
    pub async fn finish(self, deadline: Instant) -> WindowLoaded {
        let in_time = tokio::time::timeout_at(deadline, self.ticket.done()).await.is_ok();
        let told = self.window.end.lock().clone();
        let end = match told {
            Some(end) if in_time => end,
            _ if in_time => WindowEnd::Missing(MissingReason::Failed),
            _ => WindowEnd::Missing(self.shared.held_up()),
        };
        let entries = self.ticket.collect().into_iter().filter_map(|delivery| match delivery {
            Delivery::Entry(entry) => Some(entry),
            Delivery::Missing(..) => None,
        });
        let entries = entries.collect();
        let calls = self.ticket.calls();
        if let Some(trace) = self.ticket.trace() {
            trace.loaded(if self.joined { self.window.call.tile.cells() } else { 0 }, 0, calls);
        }
        WindowLoaded { end, entries, calls, joined: self.joined }
    }
}

impl Drop for WindowLoad {
    fn drop(&mut self) {
        self.ticket.give_up();
    }
}
