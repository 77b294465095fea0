//! Gets cells from Haravan: one loader a shop, between those who want cells and the governor.
//!
//! Callers put the cells they lack into the pending set and wait; a cell that is pending or in flight is joined,
//! never asked twice. The loader owns the flights: a caller that hangs up takes nothing with it but its own
//! wants. A tile is chosen only when the governor has a slot, so the longer the queue, the fuller the calls.

mod flight;
mod handle;
mod invalidation;
mod learnt;
mod state;
mod waiter;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::Instant;
use tracing::Instrument;

use flight::Flight;
pub use handle::forecast::Forecast;
pub use handle::window::{Window, WindowEnd, WindowLoad, WindowLoaded};
use state::Board;
use waiter::{Delivery, Ticket};

use crate::cache::Cache;
use crate::cache::entry::{PackedCell, VariantCells};
use crate::clock::{Clock, Moment};
use crate::domain::caller::CallerId;
use crate::domain::cell::{CellId, MissingReason};
use crate::domain::id::{LocationId, VariantId};
use crate::governor::resource::Resource;
use crate::governor::{Errand, NoLeave, Stop};
use crate::haravan::{InventorySource, Oddities, Upstream};
use crate::metrics::ShopMetrics;
use crate::plan::pending::Priority;
use crate::trace;

/// How long a call waits to be filled up while others are under way. With nothing under way it does not wait.
const GATHERING: Duration = Duration::from_millis(1);

/// Where the queue is full, questions of more cells are not looked through for what takes no room. Source: ours; some
/// 200 µs of work under the board's lock.
const MOST_COUNTED: usize = 4_096;

/// Cells of one variant that somebody lacks.
pub type Lack = (VariantId, Arc<[LocationId]>);

/// What came in of a lack: its variant's entry, and where.
type Lacked = (Arc<VariantCells>, Arc<[LocationId]>);

/// What a loader works with.
#[derive(Debug)]
pub struct LoaderParts {
    /// Where rows come from.
    pub source: Arc<dyn InventorySource>,
    /// What calls go through.
    pub upstream: Upstream,
    /// Where answers go.
    pub cache: Arc<Cache>,
    /// What observations are dated with.
    pub clock: Clock,
    /// Where flights run: pooled connections belong to one runtime.
    pub runtime: Handle,
    /// The longest one call may take.
    pub call_timeout: Duration,
    /// Most cells that may wait for a call (`limits.max_pending_cells`).
    pub max_pending_cells: usize,
    /// Where calls are counted.
    pub metrics: ShopMetrics,
    /// Where what is odd in answers is noted.
    pub oddities: Arc<Oddities>,
}

/// Gets one shop's cells.
#[derive(Debug, Clone)]
pub struct Loader {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    parts: LoaderParts,
    board: Mutex<Board>,
    /// A call ended, or what waited was given up.
    call_ended: Notify,
    /// Flights landed so far; counted under the board's lock.
    landings: AtomicU64,
}

/// When somebody looked into the cache, in landings: cells that were lacking then may be there since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Looked(u64);

/// What a question makes of what is under way or known already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reuse {
    /// Flights that started before are not joined; with none, any is.
    pub flights_from: Option<Moment>,
    /// What flights that started before learnt of refused ids does not count; with none, it does for a while.
    pub refusals_from: Option<Moment>,
}

/// Too many cells wait already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many cells wait for calls already")]
pub struct Overloaded;

/// A caller's wait for its cells; its drop gives the wait up.
#[derive(Debug)]
pub struct Load {
    shared: Arc<Shared>,
    ticket: Arc<Ticket>,
    lacks: Vec<Lack>,
    /// Cells that were pending or in flight already.
    joined: usize,
    refused: Vec<CellId>,
}

/// What a wait brought.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The entries that answers were merged into; a variant may come more than once.
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
        let (board, call_ended) = (Mutex::default(), Notify::new());
        Self { shared: Arc::new(Shared { parts, board, call_ended, landings: AtomicU64::new(0) }) }
    }

    /// To be called before a look into the cache, for [`Loader::load_since`] and [`Loader::bring`].
    #[must_use]
    pub fn looks(&self) -> Looked {
        Looked(self.shared.landings.load(Ordering::Acquire))
    }

    /// Starts to get cells that a caller waits for.
    ///
    /// # Errors
    /// Too many cells wait already; nothing was added.
    pub fn load(&self, lacks: Vec<Lack>) -> Result<Load, Overloaded> {
        self.load_since(CallerId::NOBODY, self.looks(), lacks, Reuse::default(), |_| false)
    }

    /// Starts to get cells that this caller waits for, having found them lacking when it `looked`. What came in since
    /// and `serves` is not asked for again, nor what is on its way or refused as far as `reuse` allows.
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
        let ticket = Ticket::of_a_caller(caller, trace::load(Priority::Interactive.as_str(), cells));
        let asked = {
            let mut board = shared.board.lock();
            let terms = (shared.parts.clock.now(), reuse);
            if !shared.has_room(&board, &lacks, terms) {
                return Err(Overloaded);
            }
            let landed = shared.landed_since(looked, serves);
            let asked = board.ask(&ticket, Priority::Interactive, &lacks, terms, landed);
            shared.tell_who_waits(&board);
            asked
        };
        shared.start_pump();
        Ok(Load { shared, ticket, lacks, joined: asked.joined, refused: asked.refused })
    }

    /// Has cells brought to the cache behind everybody's back; those on their way already are left to come, and
    /// those that came in since the caller `looked` are left as they are if that `serves`. Gives back the calls that
    /// this takes, as far as can be told.
    pub fn bring(
        &self,
        priority: Priority,
        looked: Looked,
        lacks: &[Lack],
        serves: impl Fn(&PackedCell) -> bool,
    ) -> usize {
        let mut board = self.shared.board.lock();
        let terms = (self.shared.parts.clock.now(), Reuse::default());
        let lacks: Vec<Lack> = board.to_ask(lacks, terms, &mut Vec::new());
        let cells = cells_of(&lacks);
        // A refresh that does not fit is no loss: the next stale hit asks again.
        if lacks.is_empty() || self.shared.parts.max_pending_cells < board.pending_cells() + cells {
            return 0;
        }
        let landed = self.shared.landed_since(looked, serves);
        let ticket = Ticket::of_nobody(trace::load(priority.as_str(), cells));
        board.ask(&ticket, priority, &lacks, terms, landed);
        self.shared.tell_who_waits(&board);
        let density = board.density().clone();
        drop(board);
        self.shared.start_pump();
        handle::forecast::plan(lacks, &density).calls
    }

    /// Cells that wait for a call with this priority.
    #[must_use]
    pub fn pending_cells(&self, priority: Priority) -> usize {
        self.shared.board.lock().pending_cells_of(priority)
    }

    /// How many calls all that waits now will take, roughly.
    #[must_use]
    pub fn queued_calls(&self) -> usize {
        self.shared.board.lock().queued_calls()
    }
}

impl Load {
    /// Cells that were pending or in flight for somebody else already.
    #[must_use]
    pub fn joined(&self) -> usize {
        self.joined
    }

    /// Waits for all the cells, until `deadline` at most.
    pub async fn finish(self, deadline: Instant) -> Loaded {
        let in_time = tokio::time::timeout_at(deadline, self.ticket.done()).await.is_ok();
        let mut loaded = Loaded { calls: self.ticket.calls(), ..Loaded::default() };
        loaded.missing.extend(self.refused.iter().map(|cell| (*cell, MissingReason::Refused)));
        for delivery in self.ticket.collect() {
            match delivery {
                Delivery::Entry(entry) => loaded.entries.push(entry),
                Delivery::Missing(cell, reason) => loaded.missing.push((cell, reason)),
            }
        }
        if !in_time {
            self.add_overdue(&mut loaded);
        }
        if let Some(trace) = self.ticket.trace() {
            trace.loaded(self.joined, loaded.missing.len(), loaded.calls);
        }
        loaded
    }

    /// Adds the cells that have not come, by what held them up.
    fn add_overdue(&self, loaded: &mut Loaded) {
        let governor = self.shared.parts.upstream.governor();
        let held_up = self.shared.held_up();
        let mut settled: Vec<CellId> = loaded.missing.iter().map(|(cell, _)| *cell).collect();
        settled.sort_unstable();
        let answered = self.ticket.answered();
        let board = self.shared.board.lock();
        let mut overdue = Vec::new();
        for (variant_id, locations) in &self.lacks {
            for loc_id in locations.iter() {
                let cell = CellId { variant_id: *variant_id, loc_id: *loc_id };
                if answered.contains(&cell) || settled.binary_search(&cell).is_ok() {
                    continue;
                }
                // A flight whose next call waits for the bucket is held up like what never took off.
                let flies = board.is_in_flight(cell) && !governor.is_idle();
                let reason = if flies { MissingReason::Timeout } else { held_up };
                overdue.push((cell, reason));
            }
        }
        drop(board);
        loaded.missing.extend(overdue);
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.ticket.give_up();
    }
}

impl Shared {
    /// Whether these cells may wait beside those that wait already. What is on its way takes no room.
    fn has_room(&self, board: &Board, lacks: &[Lack], terms: (Moment, Reuse)) -> bool {
        let most = self.parts.max_pending_cells;
        let fits = |cells: usize| board.pending_cells().saturating_add(cells) <= most;
        let cells = cells_of(lacks);
        fits(cells) || cells <= MOST_COUNTED && fits(cells_of(&board.to_ask(lacks, terms, &mut Vec::new())))
    }

    /// Finds those of a variant's cells that are in the cache by now and serve, if anything landed since. To be used
    /// under the board's lock, so that nothing lands meanwhile.
    fn landed_since(
        &self,
        looked: Looked,
        serves: impl Fn(&PackedCell) -> bool,
    ) -> impl Fn(VariantId, &[LocationId]) -> Option<Lacked> {
        let landed = looked != Looked(self.landings.load(Ordering::Acquire));
        move |variant_id, lacking| {
            let entry = if landed && !lacking.is_empty() { self.parts.cache.get(variant_id) } else { None }?;
            let is_here =
                |loc_id: &LocationId| entry.cell(*loc_id).is_some_and(|cell| cell.is_sound() && serves(cell));
            let here: Arc<[LocationId]> = lacking.iter().copied().filter(is_here).collect();
            (!here.is_empty()).then_some((entry, here))
        }
    }

    /// Tells the governor for whom the next tile's turn may be.
    fn tell_who_waits(&self, board: &Board) {
        let (priority, callers) = board.callers();
        self.parts.upstream.governor().tiles_wanted(priority, callers.into());
    }

    /// What holds up calls that have not begun.
    fn held_up(&self) -> MissingReason {
        let governor = self.parts.upstream.governor();
        match governor.stopped(&Resource::INVENTORY) {
            Some(stop) => reason_of(NoLeave::Stopped(stop)),
            None if governor.is_rate_limited(&Resource::INVENTORY) => MissingReason::RateLimited,
            None => MissingReason::Timeout,
        }
    }

    /// Makes sure that somebody turns what waits into flights.
    fn start_pump(self: &Arc<Self>) {
        let Some(busy) = self.board.lock().claim_pump() else { return };
        let shared = Arc::clone(self);
        self.parts.runtime.spawn(async move { shared.pump(busy).await });
    }

    /// Turns what waits into flights until nothing waits.
    async fn pump(self: Arc<Self>, busy: bool) {
        if busy && !self.board.lock().fills_a_call() {
            tokio::time::sleep(GATHERING).await;
        }
        loop {
            self.tell_who_waits(&self.board.lock());
            let permit = match self.parts.upstream.governor().admit(Errand::tile()).await {
                Ok(permit) => permit,
                Err(no_leave) => {
                    self.board.lock().fail_pending(reason_of(no_leave));
                    self.call_ended.notify_waiters();
                    return;
                }
            };
            let departure = self.board.lock().depart(permit.turn().caller, self.parts.clock.now());
            let Some(departure) = departure else {
                permit.unused();
                self.call_ended.notify_waiters();
                return;
            };
            self.parts.metrics.upstream_batch(departure.tile.cells());
            let span = departure.span.clone();
            let flight = Flight::new(Arc::clone(&self), departure);
            self.parts.runtime.spawn(flight.fly(permit).instrument(span));
        }
    }
}

fn cells_of(lacks: &[Lack]) -> usize {
    lacks.iter().map(|(_, locations)| locations.len()).sum()
}

/// What cells that get no leave are missing for.
fn reason_of(no_leave: NoLeave) -> MissingReason {
    match no_leave {
        NoLeave::Stopped(Stop::Failing) => MissingReason::Failed,
        NoLeave::Stopped(Stop::Unauthorized) => MissingReason::Unauthorized,
        NoLeave::Crowded => MissingReason::RateLimited,
    }
}

#[cfg(test)]
mod tests;
