//! The trace of a wait for cells: how long they waited for the governor, and which flights brought them.
//!
//! A tile may bring the cells of many waits. The wait that is the oldest has the tile's span in its own trace. Each of
//! the others has a `join` span, which lasts as long and links to the tile.

use parking_lot::Mutex;
use tokio::time::Instant;
use tracing::Span;

use crate::trace;

/// Most joins that one wait shows at once, and so the most links it makes.
const MOST_JOINS: usize = 32;

/// The trace of a wait.
#[derive(Debug)]
pub(in crate::loader) struct WaitTrace {
    begun: Instant,
    /// `None` once the wait has ended.
    spans: Mutex<Option<Spans>>,
}

#[derive(Debug)]
struct Spans {
    load: Span,
    /// The wait for the governor, while cells wait for it.
    governor_wait: Option<Span>,
    /// Cells that wait for the governor.
    pending: usize,
    /// Those of them that are in the tile about to start.
    taken: usize,
    /// The joins, by flight.
    joins: Vec<(u64, Span)>,
}

impl WaitTrace {
    /// The trace of a wait with this span. `None` if it is not traced.
    pub(in crate::loader) fn of(load: Span) -> Option<Self> {
        let spans = Spans { load, governor_wait: None, pending: 0, taken: 0, joins: Vec::new() };
        (!spans.load.is_none()).then(|| Self { begun: Instant::now(), spans: Mutex::new(Some(spans)) })
    }

    /// When the wait began.
    pub(in crate::loader) fn begun(&self) -> Instant {
        self.begun
    }

    /// Adds cells that wait for the governor.
    pub(in crate::loader) fn waits(&self, cells: usize) {
        if let Some(spans) = &mut *self.spans.lock() {
            spans.pending += cells;
            spans.show_governor_wait();
        }
    }

    /// Notes that the next tile takes cells of this wait. Returns whether they are the first it takes.
    pub(in crate::loader) fn tile_takes(&self, cells: usize) -> bool {
        let mut spans = self.spans.lock();
        let Some(spans) = &mut *spans else { return false };
        let first = spans.taken == 0;
        spans.taken += cells;
        first
    }

    /// Notes that the tile starts. Returns how many cells of this wait it takes.
    pub(in crate::loader) fn tile_starts(&self) -> usize {
        let mut spans = self.spans.lock();
        let Some(spans) = &mut *spans else { return 0 };
        let taken = std::mem::take(&mut spans.taken);
        spans.pending = spans.pending.saturating_sub(taken);
        // Each tile has a wait of its own before it.
        spans.governor_wait = None;
        spans.show_governor_wait();
        taken
    }

    /// The span of a tile below this wait.
    pub(in crate::loader) fn tile(&self, priority: &'static str, variants: usize, locations: usize) -> Span {
        let spans = self.spans.lock();
        spans
            .as_ref()
            .map_or_else(Span::none, |spans| trace::tile(&spans.load, priority, variants, locations))
    }

    /// Notes that a flight of another wait brings cells of this one.
    pub(in crate::loader) fn joins(&self, flight: u64, tile: Option<&Span>, cells: usize) {
        if let Some(spans) = &mut *self.spans.lock()
            && spans.joins.len() < MOST_JOINS
        {
            spans.joins.push((flight, trace::join(&spans.load, tile, cells)));
        }
    }

    /// Notes that a flight has completed.
    pub(in crate::loader) fn completed(&self, flight: u64) {
        if let Some(spans) = &mut *self.spans.lock() {
            spans.joins.retain(|(joined, _)| *joined != flight);
        }
    }

    /// Notes what the wait brought.
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

    fn tile_starts_with(trace: &WaitTrace, cells: usize) {
        assert!(trace.tile_takes(cells));
        assert_eq!(trace.tile_starts(), cells);
    }

    #[test]
    fn each_tile_has_a_wait_for_leave_before_it() {
        let names = shown(|trace| {
            trace.waits(100);
            tile_starts_with(trace, 60);
            tile_starts_with(trace, 40);
        });
        assert_eq!(names, ["governor wait"; 2]);
        let names = shown(|trace| {
            trace.waits(100);
            tile_starts_with(trace, 60);
        });
        assert_eq!(names, ["governor wait"; 2], "the second is given up");
    }

    #[test]
    fn a_tile_counts_once_however_many_variants_it_takes() {
        shown(|trace| {
            trace.waits(3);
            assert_eq!([trace.tile_takes(1), trace.tile_takes(2)], [true, false]);
            assert_eq!(trace.tile_starts(), 3);
        });
    }

    #[test]
    fn a_join_lasts_until_its_flight_completes() {
        let names = shown(|trace| {
            trace.joins(7, None, 2);
            trace.completed(8);
            trace.waits(1);
            tile_starts_with(trace, 1);
            trace.completed(7);
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
            assert!(!trace.tile_takes(1) && trace.tile("interactive", 1, 1).is_none());
        });
        assert_eq!(names, Vec::<&str>::new());
        assert!(WaitTrace::of(Span::none()).is_none());
    }
}
