//! One question's wait for cells: how many of its wants are open, and what came of the others.

pub(super) mod flight_trace;
mod trace;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use parking_lot::Mutex;
use rustc_hash::FxHashSet;
use tokio::sync::Notify;
use tracing::Span;

use self::trace::WaitTrace;
use crate::cache::entry::VariantCells;
use crate::domain::caller::CallerId;
use crate::domain::cell::{CellId, MissingReason};
use crate::domain::id::LocationId;
use crate::plan::pending::WantOwner;
use crate::plan::refusal::budget::RefusalBudget;

/// What came of a want.
#[derive(Debug, Clone)]
pub(super) enum Delivery {
    /// The entry that the answer was merged into.
    Entry(Arc<VariantCells>),
    /// A cell did not come.
    Missing(CellId, MissingReason),
}

/// The number of the question asked last.
static LAST_NUMBER: AtomicU64 = AtomicU64::new(0);

/// One question's wait for cells.
#[derive(Debug)]
pub(super) struct Waiter {
    /// Rises with each question.
    number: u64,
    caller: CallerId,
    open: AtomicUsize,
    /// The caller has left.
    gone: AtomicBool,
    /// There is no caller: a refresh, which only the cache wants.
    silent: bool,
    done: Notify,
    calls: CallCount,
    delivered: Mutex<Delivered>,
    /// The calls that the question may spend on refused ids.
    budget: Mutex<RefusalBudget>,
    /// The wait's trace, if it is traced.
    trace: Option<WaitTrace>,
}

/// The calls of the flights that brought something.
#[derive(Debug, Default)]
struct CallCount {
    count: AtomicUsize,
    /// The flight counted last: a flight completes once, but may close many wants.
    last_flight: AtomicU64,
}

#[derive(Debug, Default)]
struct Delivered {
    deliveries: Vec<Delivery>,
    /// Which cells were answered: a variant's entry, at these locations.
    places: Vec<(Arc<VariantCells>, Arc<[LocationId]>)>,
}

impl Waiter {
    /// The wait of a caller, traced by this span.
    pub(super) fn for_caller(caller: CallerId, load: Span) -> Arc<Self> {
        Self::new(caller, false, load)
    }

    /// A wait of no caller: only the cache wants the cells.
    pub(super) fn silent(load: Span) -> Arc<Self> {
        Self::new(CallerId::NONE, true, load)
    }

    fn new(caller: CallerId, silent: bool, load: Span) -> Arc<Self> {
        Arc::new(Self {
            number: LAST_NUMBER.fetch_add(1, Ordering::Relaxed) + 1,
            caller,
            open: AtomicUsize::new(0),
            gone: AtomicBool::new(false),
            silent,
            done: Notify::new(),
            calls: CallCount::default(),
            delivered: Mutex::default(),
            budget: Mutex::default(),
            trace: WaitTrace::of(load),
        })
    }

    /// The question's number.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Whether only the cache wants the cells.
    pub(super) fn is_silent(&self) -> bool {
        self.silent
    }

    /// Opens a want: a wish for cells of one variant.
    pub(super) fn open_want(&self) {
        self.open.fetch_add(1, Ordering::AcqRel);
    }

    /// Counts the calls of a flight that brings something.
    pub(super) fn count_calls(&self, flight: u64, calls: usize) {
        if self.calls.last_flight.swap(flight, Ordering::AcqRel) != flight {
            self.calls.count.fetch_add(calls, Ordering::AcqRel);
        }
    }

    /// The calls of all flights that brought something.
    pub(super) fn calls(&self) -> usize {
        self.calls.count.load(Ordering::Acquire)
    }

    /// Closes a want that was answered at these locations, perhaps with cells missing.
    pub(super) fn close_want(
        &self,
        entry: Option<(&Arc<VariantCells>, &Arc<[LocationId]>)>,
        missing: impl IntoIterator<Item = (CellId, MissingReason)>,
    ) {
        if !self.silent && !self.gone.load(Ordering::Acquire) {
            let mut delivered = self.delivered.lock();
            if let Some((entry, locations)) = entry {
                delivered.deliveries.push(Delivery::Entry(Arc::clone(entry)));
                delivered.places.push((Arc::clone(entry), Arc::clone(locations)));
            }
            delivered
                .deliveries
                .extend(missing.into_iter().map(|(cell, reason)| Delivery::Missing(cell, reason)));
        }
        if self.open.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.done.notify_waiters();
        }
    }

    /// Waits until no want is open.
    pub(super) async fn done(&self) {
        loop {
            let done = self.done.notified();
            if self.open.load(Ordering::Acquire) == 0 {
                return;
            }
            done.await;
        }
    }

    /// Takes the deliveries so far.
    pub(super) fn collect(&self) -> Vec<Delivery> {
        std::mem::take(&mut self.delivered.lock().deliveries)
    }

    /// The cells that were answered.
    pub(super) fn answered(&self) -> FxHashSet<CellId> {
        let delivered = self.delivered.lock();
        let cells = delivered.places.iter().flat_map(|(entry, locations)| {
            let variant_id = entry.variant_id();
            locations.iter().map(move |loc_id| CellId { variant_id, loc_id: *loc_id })
        });
        cells.collect()
    }

    /// The caller leaves.
    pub(super) fn give_up(&self) {
        self.gone.store(true, Ordering::Release);
        if let Some(trace) = &self.trace {
            trace.end();
        }
    }

    /// The calls that the question may spend on refused ids.
    pub(super) fn budget(&self) -> &Mutex<RefusalBudget> {
        &self.budget
    }

    /// Whether the caller has left.
    pub(super) fn has_left(&self) -> bool {
        self.gone.load(Ordering::Acquire)
    }

    /// The wait's trace, if it is traced.
    pub(super) fn trace(&self) -> Option<&WaitTrace> {
        self.trace.as_ref()
    }

    /// The caller that waits.
    pub(super) fn caller(&self) -> CallerId {
        self.caller
    }
}

impl WantOwner for Arc<Waiter> {
    fn is_gone(&self) -> bool {
        self.has_left()
    }

    fn want_was_split(&self) {
        self.open_want();
    }

    fn caller(&self) -> CallerId {
        self.as_ref().caller()
    }
}
