//! What a trace shows of a wait for cells: how long they waited for leave to be asked for, and whose tiles brought
//! them.
//!
//! A tile may bring the cells of many. Who has waited for it the longest has the tile in its own trace; each of the others
//! has a `join` there, which lasts as long and links to the tile.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::time::Instant;
use tracing::Span;

use crate::loader::waiter::Ticket;
use crate::plan::pending::Chosen;
use crate::trace;

/// Most joins that one wait shows at once, and so the most links it makes; more are only counted.
const MOST_JOINS: usize = 32;

/// The trace of a wait.
#[derive(Debug)]
pub(in crate::loader) struct WaitTrace {
    begun: Instant,
    /// None once the wait has ended: nothing is shown of it any more.
    spans: Mutex<Option<Spans>>,
}

#[derive(Debug)]
struct Spans {
    load: Span,
    /// The wait for leave, while cells wait for it.
    governor_wait: Option<Span>,
    /// Cells that wait for leave.
    pending: usize,
    /// Those of them that the tile about to depart takes along.
    boarding: usize,
    /// The joins, by flight.
    joins: Vec<(u64, Span)>,
}

impl WaitTrace {
    /// The trace of a wait that has this span; none if it is not traced.
    pub(in crate::loader) fn of(load: Span) -> Option<Self> {
        let spans = Spans { load, governor_wait: None, pending: 0, boarding: 0, joins: Vec::new() };
        (!spans.load.is_none()).then(|| Self { begun: Instant::now(), spans: Mutex::new(Some(spans)) })
    }

    /// When the wait began.
    pub(in crate::loader) fn begun(&self) -> Instant {
        self.begun
    }

    /// So many more cells wait for leave.
    pub(in crate::loader) fn waits(&self, cells: usize) {
        if let Some(spans) = &mut *self.spans.lock() {
            spans.pending += cells;
            spans.show_governor_wait();
        }
    }

    /// The next tile takes along so many cells: tells whether they are the first of this wait's.
    pub(in crate::loader) fn boards(&self, cells: usize) -> bool {
        let mut spans = self.spans.lock();
        let Some(spans) = &mut *spans else { return false };
        let first = spans.boarding == 0;
        spans.boarding += cells;
        first
    }

    /// The tile that takes cells of this wait along departs: gives back how many those are.
    pub(in crate::loader) fn departs(&self) -> usize {
        let mut spans = self.spans.lock();
        let Some(spans) = &mut *spans else { return 0 };
        let boarding = std::mem::take(&mut spans.boarding);
        spans.pending = spans.pending.saturating_sub(boarding);
        // Each tile has a wait of its own before it.
        spans.governor_wait = None;
        spans.show_governor_wait();
        boarding
    }

    /// A tile on account of this wait.
    pub(in crate::loader) fn tile(&self, priority: &'static str, variants: usize, locations: usize) -> Span {
        let spans = self.spans.lock();
        spans
            .as_ref()
            .map_or_else(Span::none, |spans| trace::tile(&spans.load, priority, variants, locations))
    }

    /// Cells come with a flight that is not on account of this wait.
    pub(in crate::loader) fn joins(&self, flight: u64, tile: Option<&Span>, cells: usize) {
        if let Some(spans) = &mut *self.spans.lock()
            && spans.joins.len() < MOST_JOINS
        {
            spans.joins.push((flight, trace::join(&spans.load, tile, cells)));
        }
    }

    /// A flight has landed.
    pub(in crate::loader) fn landed(&self, flight: u64) {
        if let Some(spans) = &mut *self.spans.lock() {
            spans.joins.retain(|(joined, _)| *joined != flight);
        }
    }

    /// Notes what came of the wait.
    pub(in crate::loader) fn loaded(&self, joined: usize, missing: usize, calls: usize) {
        if let Some(spans) = &*self.spans.lock() {
            trace::loaded(&spans.load, joined, missing, calls);
        }
    }

    /// The wait is over, or given up.
    pub(in crate::loader) fn end(&self) {
        self.spans.lock().take();
    }
}

impl Spans {
    fn show_governor_wait(&mut self) {
        if 0 < self.pending && self.governor_wait.is_none() {
            self.governor_wait = Some(trace::governor_wait_of(&self.load));
        }
    }
}

/// Shows a tile's departure in the traces of all who wait for it, and gives back the tile's own span: the first who
/// asked has it, the others join it.
pub(in crate::loader) fn show_departure(flight: u64, chosen: &Chosen<Arc<Ticket>>) -> Span {
    if !trace::is_heard() {
        return Span::none();
    }
    let mut aboard = Vec::new();
    for want in chosen.wants.iter().flat_map(|(_, wants)| wants) {
        if let Some(shown) = want.waiter.trace()
            && shown.boards(want.locations.len())
        {
            aboard.push(shown);
        }
    }
    aboard.sort_by_key(|shown| shown.begun());
    let mut span = Span::none();
    let (variants, locations) = (chosen.tile.variants.len(), chosen.tile.locations.len());
    for shown in aboard {
        let cells = shown.departs();
        if span.is_none() {
            span = shown.tile(chosen.priority.as_str(), variants, locations);
        } else {
            shown.joins(flight, Some(&span), cells);
        }
    }
    span
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parking_lot::Mutex;
    use tracing::span::Id;
    use tracing::subscriber::with_default;
    use tracing::{Span, Subscriber};
    use tracing_subscriber::layer::{Context, SubscriberExt};
    use tracing_subscriber::registry::LookupSpan;
    use tracing_subscriber::{Layer, registry};

    use super::{MOST_JOINS, WaitTrace};

    /// The names of the spans that ended, in that order.
    #[derive(Clone, Default)]
    struct Ended(Arc<Mutex<Vec<&'static str>>>);

    impl<S: Subscriber + for<'span> LookupSpan<'span>> Layer<S> for Ended {
        fn on_close(&self, id: Id, context: Context<'_, S>) {
            self.0.lock().push(context.span(&id).unwrap().name());
        }
    }

    /// What a wait shows, besides its own span, that is done with like this.
    fn shown(done: impl FnOnce(&WaitTrace)) -> Vec<&'static str> {
        let ended = Ended::default();
        with_default(registry().with(ended.clone()), || {
            let trace = WaitTrace::of(tracing::info_span!("load")).unwrap();
            done(&trace);
            trace.end();
        });
        let mut names = ended.0.lock().clone();
        assert!(names.contains(&"load"));
        names.retain(|name| *name != "load");
        names
    }

    fn departs_with(trace: &WaitTrace, cells: usize) {
        assert!(trace.boards(cells));
        assert_eq!(trace.departs(), cells);
    }

    #[test]
    fn each_tile_has_a_wait_for_leave_before_it() {
        let names = shown(|trace| {
            trace.waits(100);
            departs_with(trace, 60);
            departs_with(trace, 40);
        });
        assert_eq!(names, ["governor wait"; 2]);
        let names = shown(|trace| {
            trace.waits(100);
            departs_with(trace, 60);
        });
        assert_eq!(names, ["governor wait"; 2], "the second is given up");
    }

    #[test]
    fn a_tile_is_boarded_once_however_many_variants_it_takes_along() {
        shown(|trace| {
            trace.waits(3);
            assert_eq!([trace.boards(1), trace.boards(2)], [true, false]);
            assert_eq!(trace.departs(), 3);
        });
    }

    #[test]
    fn a_join_lasts_until_its_flight_lands() {
        let names = shown(|trace| {
            trace.joins(7, None, 2);
            trace.landed(8);
            trace.waits(1);
            departs_with(trace, 1);
            trace.landed(7);
        });
        assert_eq!(names, ["governor wait", "join"]);
    }

    #[test]
    fn the_joins_that_are_shown_are_bounded() {
        let names = shown(|trace| (0..1_000).for_each(|flight| trace.joins(flight, None, 1)));
        assert_eq!(names, ["join"; MOST_JOINS]);
    }

    #[test]
    fn nothing_is_shown_of_a_wait_that_is_over_or_not_traced() {
        let names = shown(|trace| {
            trace.end();
            trace.waits(1);
            trace.joins(1, None, 1);
            assert!(!trace.boards(1) && trace.tile("interactive", 1, 1).is_none());
        });
        assert_eq!(names, Vec::<&str>::new());
        assert!(WaitTrace::of(Span::none()).is_none());
    }
}
