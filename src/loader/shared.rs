//! What the parts of a loader share: its devices, its state under one lock, and the signal that a call ended.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::lack::{Arrived, Lack, Looked, Reuse, cells_of};
use super::state::State;
use crate::cache::Cache;
use crate::cache::entry::PackedCell;
use crate::clock::{Clock, Moment};
use crate::domain::cell::MissingReason;
use crate::domain::id::{LocationId, VariantId};
use crate::governor::resource::Resource;
use crate::governor::{NotAdmitted, Stop};
use crate::haravan::{InventorySource, Oddities, Upstream};
use crate::metrics::ShopMetrics;
use crate::tasks::Tasks;

/// Where the queue is full, questions of more cells are refused without looking for cells that take no room. Source:
/// ours; some 200 µs of work under the lock.
const MOST_COUNTED: usize = 4_096;

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
    /// Where flights run. Pooled connections belong to one runtime.
    pub tasks: Tasks,
    /// The longest one call may take.
    pub call_timeout: Duration,
    /// Most cells that may wait for a call (`limits.max_pending_cells`).
    pub max_pending_cells: usize,
    /// Where calls are counted.
    pub metrics: ShopMetrics,
    /// Where oddities in answers are noted.
    pub oddities: Arc<Oddities>,
}

/// What the parts of a loader share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) parts: LoaderParts,
    pub(super) state: Mutex<State>,
    /// A call ended, or what waited was given up.
    pub(super) call_ended: Notify,
    /// Flights completed so far, counted under the state's lock.
    pub(super) completed: AtomicU64,
}

impl Shared {
    /// The present, counted in completed flights.
    pub(super) fn looks(&self) -> Looked {
        Looked(self.completed.load(Ordering::Acquire))
    }

    /// Whether these cells may wait beside those that wait already. Cells in flight take no room.
    pub(super) fn has_room(&self, state: &State, lacks: &[Lack], terms: (Moment, Reuse)) -> bool {
        let most = self.parts.max_pending_cells;
        let fits = |cells: usize| state.queue.pending.cells().saturating_add(cells) <= most;
        let cells = cells_of(lacks);
        fits(cells) || cells <= MOST_COUNTED && fits(cells_of(&state.to_ask(lacks, terms, &mut Vec::new())))
    }

    /// Finds the cells of a variant that have arrived in the cache since `looked`, and serve. To be used under the
    /// state's lock, so that no flight completes meanwhile.
    pub(super) fn arrived_since(
        &self,
        looked: Looked,
        serves: impl Fn(&PackedCell) -> bool,
    ) -> impl Fn(VariantId, &[LocationId]) -> Option<Arrived> {
        let may_have_arrived = looked != self.looks();
        move |variant_id, lacking| {
            let is_wanted = may_have_arrived && !lacking.is_empty();
            let entry = if is_wanted { self.parts.cache.get(variant_id) } else { None }?;
            let is_here =
                |loc_id: &LocationId| entry.cell(*loc_id).is_some_and(|cell| cell.is_sound() && serves(cell));
            let here: Arc<[LocationId]> = lacking.iter().copied().filter(is_here).collect();
            (!here.is_empty()).then_some((entry, here))
        }
    }

    /// Names to the governor the callers that the next tile may be for.
    pub(super) fn announce_callers(&self, state: &State) {
        let (priority, callers) = state.queue.callers();
        self.parts.upstream.governor().tiles_wanted(priority, callers.into());
    }

    /// The reason why calls that have not begun are held up.
    pub(super) fn held_up(&self) -> MissingReason {
        let governor = self.parts.upstream.governor();
        match governor.stopped(&Resource::INVENTORY) {
            Some(stop) => reason_of(NotAdmitted::Stopped(stop)),
            None if governor.is_rate_limited(&Resource::INVENTORY) => MissingReason::RateLimited,
            None => MissingReason::Timeout,
        }
    }
}

/// The reason why cells are missing whose call the governor does not permit.
pub(super) fn reason_of(not_admitted: NotAdmitted) -> MissingReason {
    match not_admitted {
        NotAdmitted::Stopped(Stop::Failing) => MissingReason::Failed,
        NotAdmitted::Stopped(Stop::Unauthorized) => MissingReason::Unauthorized,
        NotAdmitted::Crowded => MissingReason::RateLimited,
    }
}
