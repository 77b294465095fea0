//! What callers ask of a loader, and how they wait for it.

mod forecast;
mod window;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::lack::{Lack, Looked, Overloaded, Reuse, cells_of};
use super::learnt::SavedLearnt;
use super::shared::{LoaderParts, Shared};
use super::state::State;
use super::waiter::{Delivery, Waiter};
use crate::cache::entry::{PackedCell, VariantCells};
use crate::coop::give_way;
use crate::domain::caller::CallerId;
use crate::domain::cell::{CellId, MissingReason};
use crate::plan::pending::Priority;
use crate::trace;

pub use self::forecast::Forecast;
pub use self::window::{WindowLoad, WindowLoaded};

/// Variants looked up at a time under the state's lock. Source: ours; with fifty locations some 100 µs of work.
const AT_A_TIME: usize = 64;

/// Gets one shop's cells. Clones work together.
#[derive(Debug, Clone)]
pub struct Loader {
    pub(super) shared: Arc<Shared>,
}

/// A caller's wait for its cells. Dropping it gives the wait up.
#[derive(Debug)]
pub struct Load {
    shared: Arc<Shared>,
    waiter: Arc<Waiter>,
    lacks: Vec<Lack>,
    /// Cells that were pending or in flight already.
    joined: usize,
    refused: Vec<CellId>,
}

/// What a wait brought.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The entries that answers were merged into. A variant may occur more than once.
    pub entries: Vec<Arc<VariantCells>>,
    /// The cells that did not come.
    pub missing: Vec<(CellId, MissingReason)>,
    /// Calls made by the flights that brought something.
    pub calls: usize,
}

impl Loader {
    /// A loader with nothing to do.
    #[must_use]
    pub fn new(parts: LoaderParts) -> Self {
        Self::with_state(parts, State::default())
    }

    /// A loader with nothing to do that knows what another one has learnt of the same shop.
    #[must_use]
    pub fn with_learnt(parts: LoaderParts, saved: SavedLearnt) -> Self {
        parts.upstream.governor().restore_bucket(saved.bucket);
        Self::with_state(parts, State { learnt: saved.learnt, ..State::default() })
    }

    fn with_state(parts: LoaderParts, state: State) -> Self {
        let (state, call_ended) = (Mutex::new(state), Notify::new());
        Self { shared: Arc::new(Shared { parts, state, call_ended, completed: AtomicU64::new(0) }) }
    }

    /// What was learnt of the shop so far: its density, its pages, which ids are accepted or refused, and how full its
    /// bucket is.
    #[must_use]
    pub fn learnt(&self) -> SavedLearnt {
        let learnt = self.shared.state.lock().learnt.without_calls();
        SavedLearnt { learnt, bucket: self.shared.parts.upstream.governor().bucket_level() }
    }

    /// The present, for [`Loader::load_since`] and [`Loader::bring`]. Call it before a look into the cache.
    #[must_use]
    pub fn looks(&self) -> Looked {
        self.shared.looks()
    }

    /// Starts to get cells that a caller waits for.
    ///
    /// # Errors
    /// Too many cells wait already; nothing was added.
    pub fn load(&self, lacks: Vec<Lack>) -> Result<Load, Overloaded> {
        self.load_since(CallerId::NONE, self.looks(), lacks, Reuse::default(), |_| false)
    }

    /// Starts to get cells that this caller waits for, and found lacking when it `looked`. Cells that arrived since
    /// and that `serves` accepts are not asked for again, nor those in flight or refused, as far as `reuse` allows.
    ///
    /// # Errors
    /// As [`Loader::load`].
    pub fn load_since(
        &self,
        caller: CallerId,
        looked: Looked,
        lacks: Vec<Lack>,
        reuse: Reuse,
        serves: impl Fn(&PackedCell) -> bool,
    ) -> Result<Load, Overloaded> {
        let shared = Arc::clone(&self.shared);
        let cells = cells_of(&lacks);
        let waiter = Waiter::for_caller(caller, trace::load(Priority::Interactive.as_str(), cells));
        let added = {
            let mut state = shared.state.lock();
            let terms = (shared.parts.clock.now(), reuse);
            if !shared.has_room(&state, &lacks, terms) {
                return Err(Overloaded);
            }
            let arrived = shared.arrived_since(looked, serves);
            let added = state.add_wants(&waiter, Priority::Interactive, &lacks, terms, arrived);
            shared.announce_callers(&state);
            added
        };
        shared.start_pump();
        Ok(Load { shared, waiter, lacks, joined: added.joined, refused: added.refused })
    }

    /// Queues a background fetch. Skips cells already queued, in flight, or arrived since `looked` if `serves` accepts
    /// them. Returns the number of calls that this is expected to take.
    pub fn bring(
        &self,
        priority: Priority,
        looked: Looked,
        lacks: &[Lack],
        serves: impl Fn(&PackedCell) -> bool,
    ) -> usize {
        let mut state = self.shared.state.lock();
        let terms = (self.shared.parts.clock.now(), Reuse::default());
        let lacks: Vec<Lack> = state.to_ask(lacks, terms, &mut Vec::new());
        let cells = cells_of(&lacks);
        // A refresh that does not fit is no loss: the next stale hit asks again.
        if lacks.is_empty() || self.shared.parts.max_pending_cells < state.queue.pending.cells() + cells {
            return 0;
        }
        let arrived = self.shared.arrived_since(looked, serves);
        let waiter = Waiter::silent(trace::load(priority.as_str(), cells));
        state.add_wants(&waiter, priority, &lacks, terms, arrived);
        self.shared.announce_callers(&state);
        let density = state.density().clone();
        drop(state);
        self.shared.start_pump();
        forecast::plan(lacks, &density).calls
    }

    /// Estimates the calls that getting these cells would take, beside what is in flight, if nothing else waits. Cells
    /// that are known to be refused take none.
    #[must_use]
    pub fn forecast(&self, lacks: &[Lack], reuse: Reuse) -> Forecast {
        let now = self.shared.parts.clock.now();
        let (mut to_ask, mut refused) = (Vec::new(), Vec::new());
        for part in lacks.chunks(AT_A_TIME) {
            to_ask.extend(self.shared.state.lock().to_ask(part, (now, reuse), &mut refused));
            give_way();
        }
        let joined = cells_of(lacks) - cells_of(&to_ask) - refused.len();
        let density = self.shared.state.lock().density().clone();
        Forecast { joined, ..forecast::plan(to_ask, &density) }
    }

    /// How many cells wait for a call with this priority.
    #[must_use]
    pub fn pending_cells(&self, priority: Priority) -> usize {
        self.shared.state.lock().queue.pending.cells_of(priority)
    }

    /// How many calls all that waits now will take, roughly.
    #[must_use]
    pub fn queued_calls(&self) -> usize {
        self.shared.state.lock().queued_calls()
    }
}

impl Load {
    /// Cells that were pending or in flight for another question already.
    #[must_use]
    pub fn joined(&self) -> usize {
        self.joined
    }

    /// Waits for all the cells, until `deadline` at most.
    pub async fn finish(self, deadline: Instant) -> Loaded {
        let in_time = tokio::time::timeout_at(deadline, self.waiter.done()).await.is_ok();
        let mut loaded = Loaded { calls: self.waiter.calls(), ..Loaded::default() };
        loaded.missing.extend(self.refused.iter().map(|cell| (*cell, MissingReason::Refused)));
        for delivery in self.waiter.collect() {
            match delivery {
                Delivery::Entry(entry) => loaded.entries.push(entry),
                Delivery::Missing(cell, reason) => loaded.missing.push((cell, reason)),
            }
        }
        if !in_time {
            self.add_overdue(&mut loaded);
        }
        if let Some(trace) = self.waiter.trace() {
            trace.loaded(self.joined, loaded.missing.len(), loaded.calls);
        }
        loaded
    }

    /// Adds the cells that have not come, with the reason that held them up.
    fn add_overdue(&self, loaded: &mut Loaded) {
        let governor = self.shared.parts.upstream.governor();
        let held_up = self.shared.held_up();
        let mut settled: Vec<CellId> = loaded.missing.iter().map(|(cell, _)| *cell).collect();
        settled.sort_unstable();
        let answered = self.waiter.answered();
        let state = self.shared.state.lock();
        let mut overdue = Vec::new();
        for (variant_id, locations) in &self.lacks {
            for loc_id in locations.iter() {
                let cell = CellId { variant_id: *variant_id, loc_id: *loc_id };
                if answered.contains(&cell) || settled.binary_search(&cell).is_ok() {
                    continue;
                }
                // A flight whose next call waits for the bucket is held up like one that never started.
                let flies = state.flights.bring(cell) && !governor.is_idle();
                let reason = if flies { MissingReason::Timeout } else { held_up };
                overdue.push((cell, reason));
            }
        }
        drop(state);
        loaded.missing.extend(overdue);
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.waiter.give_up();
    }
}
