//! The flights under way, by variant: each is one tile's calls to Haravan.

use std::sync::Arc;
use std::time::Duration;

use rustc_hash::FxHashMap;
use tracing::Span;

use crate::cache::entry::Observation;
use crate::cache::{Purge, PurgedVariants};
use crate::clock::Moment;
use crate::domain::cell::{CellId, MissingReason};
use crate::domain::id::{LocationId, ProductId, VariantId};
use crate::loader::lack::{Lack, Reuse};
use crate::loader::waiter::Waiter;
use crate::loader::waiter::flight_trace::trace_start;
use crate::loader::window::WindowAsked;
use crate::plan::Tile;
use crate::plan::pending::{Chosen, Priority, Want, difference};

/// Purges remembered while flights are under way. More are taken as one purge of everything.
const MOST_PURGES: usize = 64;

/// The wants of those who wait for a variant's part of a flight.
pub(super) type Wants = Vec<Want<Arc<Waiter>>>;

/// Cells that a traced wait joined, by flight.
pub(super) type Joined = FxHashMap<u64, usize>;

/// The flights under way.
#[derive(Debug, Default)]
pub(in crate::loader) struct Flights {
    parts: FxHashMap<VariantId, Vec<FlightPart>>,
    windows: Vec<(u64, WindowAsked)>,
    count: usize,
    last_number: u64,
    /// Purges since the oldest flight under way started.
    purges: Vec<(Moment, Purge)>,
    /// No flight starts before this moment: the last purge came in the millisecond before it.
    starts_from: Moment,
    /// The spans of the flights that are traced.
    spans: FxHashMap<u64, Span>,
}

/// One variant's part of a flight.
#[derive(Debug)]
struct FlightPart {
    flight: u64,
    started: Moment,
    locations: Arc<[LocationId]>,
    wants: Wants,
    /// A purge came since: later questions must not be given this.
    outdated: bool,
    /// It brings only some of the rows: no cell may count on it.
    of_window: bool,
}

impl FlightPart {
    fn may_be_joined(&self, reuse: Reuse) -> bool {
        !self.of_window && self.counts_for(reuse)
    }

    fn counts_for(&self, reuse: Reuse) -> bool {
        !self.outdated && reuse.flights_from.is_none_or(|from| from <= self.started)
    }
}

/// A flight that starts.
#[derive(Debug)]
pub(in crate::loader) struct FlightStart {
    /// Its number.
    pub(in crate::loader) flight: u64,
    /// The cells it asks for.
    pub(in crate::loader) tile: Tile,
    pub(in crate::loader) priority: Priority,
    pub(in crate::loader) started: Moment,
    /// The window that it is for, if it is for one.
    pub(in crate::loader) window: Option<WindowAsked>,
    /// Disabled if the flight is not traced.
    pub(in crate::loader) span: Span,
}

/// What a flight brings.
#[derive(Debug, Default)]
pub(in crate::loader) struct FlightResult {
    /// What was found, by variant.
    pub(in crate::loader) found: FxHashMap<VariantId, Vec<Observation>>,
    /// What was not found, and why.
    pub(in crate::loader) missing: FxHashMap<CellId, MissingReason>,
    /// Calls it took.
    pub(in crate::loader) calls: usize,
}

impl Flights {
    /// How many are under way.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The span of a flight, if it is traced.
    pub(super) fn span(&self, flight: u64) -> Option<&Span> {
        self.spans.get(&flight)
    }

    /// Starts a flight for a tile, or for a window.
    pub(super) fn start(
        &mut self,
        chosen: Chosen<Arc<Waiter>>,
        window: Option<WindowAsked>,
        now: Moment,
    ) -> FlightStart {
        // A flight that starts after a purge differs from those before it, in the same millisecond too.
        let started = now.max(self.starts_from);
        self.last_number += 1;
        self.count += 1;
        let flight = self.last_number;
        let span = trace_start(flight, &chosen);
        if !span.is_none() {
            self.spans.insert(flight, span.clone());
        }
        let locations = &chosen.tile.locations;
        for (variant_id, wants) in chosen.wants {
            let (locations, of_window) = (Arc::clone(locations), window.is_some());
            let part = FlightPart { flight, started, locations, wants, outdated: false, of_window };
            self.parts.entry(variant_id).or_default().push(part);
        }
        if let Some(window) = &window {
            self.windows.push((flight, window.clone()));
        }
        FlightStart { flight, tile: chosen.tile, priority: chosen.priority, started, window, span }
    }

    /// Adds a waiter to the flights that bring its cells. Returns the locations that no flight brings.
    pub(super) fn join(
        &mut self,
        waiter: &Arc<Waiter>,
        (variant_id, wanted): Lack,
        reuse: Reuse,
        traced: &mut Joined,
    ) -> Arc<[LocationId]> {
        let mut rest = wanted;
        for part in self.parts.get_mut(&variant_id).into_iter().flatten() {
            let left = difference(&rest, &part.locations);
            if !part.may_be_joined(reuse) || left.len() == rest.len() {
                continue;
            }
            let joined = difference(&rest, &left);
            if waiter.trace().is_some() {
                *traced.entry(part.flight).or_default() += joined.len();
            }
            waiter.open_want();
            part.wants.push(Want { waiter: Arc::clone(waiter), locations: joined });
            rest = left;
        }
        rest
    }

    /// Adds a waiter to the flight of the same window, if that counts.
    pub(super) fn join_window(
        &mut self,
        waiter: &Arc<Waiter>,
        asked: &WindowAsked,
        reuse: Reuse,
    ) -> Option<WindowAsked> {
        let (flight, window) = self.windows.iter().find(|(_, window)| window.is_same_as(asked))?.clone();
        let call = &window.call;
        let counts = |parts: &Vec<FlightPart>| {
            parts.iter().any(|part| part.flight == flight && part.counts_for(reuse))
        };
        if !call.tile.variants.iter().all(|variant_id| self.parts.get(variant_id).is_some_and(counts)) {
            return None;
        }
        for variant_id in &call.tile.variants {
            let parts = self.parts.get_mut(variant_id).into_iter().flatten();
            for part in parts.filter(|part| part.flight == flight) {
                waiter.open_want();
                let locations = Arc::clone(&call.tile.locations);
                part.wants.push(Want { waiter: Arc::clone(waiter), locations });
            }
        }
        Some(window)
    }

    /// Whether a flight brings a cell that a question may join.
    pub(super) fn may_bring(&self, variant_id: VariantId, loc_id: LocationId, reuse: Reuse) -> bool {
        let parts = self.parts.get(&variant_id).into_iter().flatten();
        let mut joinable = parts.filter(|part| part.may_be_joined(reuse));
        joinable.any(|part| part.locations.binary_search(&loc_id).is_ok())
    }

    /// Whether a cell is in flight.
    pub(in crate::loader) fn bring(&self, cell: CellId) -> bool {
        let mut parts = self.parts.get(&cell.variant_id).into_iter().flatten();
        parts.any(|part| part.locations.binary_search(&cell.loc_id).is_ok())
    }

    /// Marks the flights outdated that a purge concerns, by what is known of the variants' products.
    pub(super) fn invalidate(
        &mut self,
        purge: &Purge,
        now: Moment,
        product_of: impl Fn(VariantId) -> Option<ProductId>,
    ) {
        self.starts_from = now.plus(Duration::from_millis(1));
        if self.count == 0 {
            return;
        }
        let by_product = matches!(purge.variants, PurgedVariants::OfProduct(_));
        let mut oldest = now;
        for (variant_id, parts) in &mut self.parts {
            let product_id = if by_product { product_of(*variant_id) } else { None };
            for part in parts {
                oldest = oldest.min(part.started);
                let concerned = |loc_id: &LocationId| purge.concerns(*variant_id, product_id, *loc_id);
                part.outdated |= part.locations.iter().any(concerned);
            }
        }
        self.purges.retain(|(at, _)| oldest <= *at);
        if self.purges.len() < MOST_PURGES {
            self.purges.push((now, purge.clone()));
        } else {
            self.purges = vec![(now, Purge::default())];
        }
    }

    /// Whether a caller still waits for a flight.
    pub(in crate::loader) fn is_awaited(&self, start: &FlightStart) -> bool {
        self.awaiting(start).next().is_some()
    }

    /// Returns those who still wait for a flight, each as often as it has wants.
    pub(in crate::loader) fn awaiting(&self, start: &FlightStart) -> impl Iterator<Item = &Arc<Waiter>> {
        self.waiters_of(start).filter(|waiter| !waiter.has_left())
    }

    /// Returns those who waited for a flight, each as often as it has wants.
    pub(in crate::loader) fn waiters_of(&self, start: &FlightStart) -> impl Iterator<Item = &Arc<Waiter>> {
        let parts = start.tile.variants.iter().filter_map(|variant_id| self.parts.get(variant_id));
        let of_flight = parts.flatten().filter(|part| part.flight == start.flight);
        of_flight.flat_map(|part| &part.wants).map(|want| &want.waiter)
    }

    /// Returns the locations of a variant, of this product if it is known, that were purged since `started`, ascending.
    pub(super) fn purged_since(
        &self,
        started: Moment,
        (variant_id, product_id): (VariantId, Option<ProductId>),
        locations: &[LocationId],
    ) -> Vec<LocationId> {
        let concerned = |loc_id: &LocationId| {
            let mut purges = self.purges.iter();
            purges.any(|(at, purge)| started <= *at && purge.concerns(variant_id, product_id, *loc_id))
        };
        if self.purges.is_empty() {
            Vec::new()
        } else {
            locations.iter().copied().filter(concerned).collect()
        }
    }

    /// Removes and returns the wants of a flight for one of its variants.
    pub(super) fn take_wants(&mut self, flight: u64, variant_id: VariantId) -> Wants {
        let Some(parts) = self.parts.get_mut(&variant_id) else { return Vec::new() };
        let wants = parts
            .iter()
            .position(|part| part.flight == flight)
            .map_or_else(Vec::new, |at| parts.swap_remove(at).wants);
        if parts.is_empty() {
            self.parts.remove(&variant_id);
        }
        wants
    }

    /// Notes the end of a flight whose wants were taken.
    pub(super) fn ended(&mut self, flight: u64) {
        self.spans.remove(&flight);
        self.windows.retain(|(flying, _)| *flying != flight);
        self.count -= 1;
        if self.count == 0 {
            self.purges.clear();
        }
    }
}
