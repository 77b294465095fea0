//! Callers' waits for cells.

use std::sync::Arc;

use tokio::time::Instant;

use crate::cache::entry::VariantCells;
use crate::domain::cell::{CellId, MissingReason};
use crate::loader::lack::Lack;
use crate::loader::shared::Shared;
use crate::loader::waiter::{Delivery, Waiter};

/// A caller's wait for its cells. Dropping it gives the wait up.
#[derive(Debug)]
pub struct Load {
    pub(super) shared: Arc<Shared>,
    pub(super) waiter: Arc<Waiter>,
    pub(super) lacks: Vec<Lack>,
    /// Cells that were pending or in flight already.
    pub(super) joined: usize,
    pub(super) refused: Vec<CellId>,
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
