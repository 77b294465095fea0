//! What a loader knows at any moment: what waits, what flies, what was learnt. Held under one lock, briefly.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use rustc_hash::FxHashMap;
use tracing::Span;

use super::doubts::Doubts;
use super::refused::RefusedIds;
use super::ticket::Ticket;
use super::wait_trace::show_departure;
use super::{Lack, Lacked};
use crate::cache::entry::Observation;
use crate::cache::{Cache, Purge};
use crate::clock::Moment;
use crate::domain::caller::CallerId;
use crate::domain::cell::{CellId, MissingReason};
use crate::domain::id::{LocationId, VariantId};
use crate::plan::density::Density;
use crate::plan::pages::{CallNumber, Doubt, Next, PageLengths, PageSeen};
use crate::plan::pending::{Pending, Priority, Waiter, Want, difference};
use crate::plan::refusal::Refusals;
use crate::plan::{MAX_IDS, MAX_PAGE, Tile};

/// Purges remembered while flights are under way; more are taken as one purge of everything.
const MOST_PURGES: usize = 64;

/// Conclusions from short pages that can still be taken back.
const MOST_CONCLUSIONS: usize = 32;

/// Locations remembered as accepted by Haravan.
const MOST_LOCATIONS: usize = 10_000;

type Wants = Vec<Want<Arc<Ticket>>>;

/// A loader's state.
#[derive(Debug, Default)]
pub(super) struct Board {
    pending: Pending<Arc<Ticket>>,
    flying: FxHashMap<VariantId, Vec<Flying>>,
    flights: usize,
    last_flight: u64,
    pump_runs: bool,
    /// Purges since the oldest flight under way took off.
    purges: Vec<(Moment, Purge)>,
    density: Density,
    lengths: PageLengths,
    refused: RefusedIds,
    accepted_locations: BTreeSet<LocationId>,
    /// Tiles lately taken to be complete because their last page was short, with its length.
    concluded: VecDeque<(usize, Arc<Tile>)>,
    doubts: Doubts,
    /// The spans of the tiles in flight that are traced, by flight.
    tiles: FxHashMap<u64, Span>,
}

/// One variant's part of a flight.
#[derive(Debug)]
struct Flying {
    flight: u64,
    locations: Arc<[LocationId]>,
    wants: Wants,
    /// A purge came since: whoever asks now must not be given this.
    outdated: bool,
}

/// A tile that takes off.
#[derive(Debug)]
pub(super) struct Departure {
    pub(super) flight: u64,
    pub(super) tile: Tile,
    pub(super) priority: Priority,
    pub(super) started: Moment,
    /// None if it is not traced.
    pub(super) span: Span,
}

/// What a flight brings back.
#[derive(Debug, Default)]
pub(super) struct Arrival {
    /// What was found, by variant.
    pub(super) found: FxHashMap<VariantId, Vec<Observation>>,
    /// What was not.
    pub(super) missing: FxHashMap<CellId, MissingReason>,
    /// Ids that turned out to be refused.
    pub(super) refusals: Refusals,
    /// Calls it took.
    pub(super) calls: usize,
}

/// What became of a question that was put on the board.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// Cells that were pending or in flight already.
    pub(super) joined: usize,
    /// Cells not asked for: Haravan refused them lately.
    pub(super) refused: Vec<CellId>,
}

impl Board {
    /// Adds a ticket's wants: to the flights that bring them, to what waits otherwise. `landed` gives the cells
    /// that came in since they were found lacking: those are here already.
    pub(super) fn ask(
        &mut self,
        ticket: &Arc<Ticket>,
        priority: Priority,
        lacks: &[Lack],
        now: Moment,
        landed: impl Fn(VariantId, &[LocationId]) -> Option<Lacked>,
    ) -> Asked {
        let mut asked = Asked::default();
        let mut waiting = Vec::with_capacity(lacks.len());
        let mut joined_flights: FxHashMap<u64, usize> = FxHashMap::default();
        for (variant_id, locations) in lacks {
            let mut rest = self.less_refused(*variant_id, locations, now, &mut asked.refused);
            for flying in self.flying.get_mut(variant_id).into_iter().flatten() {
                let left = difference(&rest, &flying.locations);
                if flying.outdated || left.len() == rest.len() {
                    continue;
                }
                let joined = difference(&rest, &left);
                asked.joined += joined.len();
                if ticket.trace().is_some() {
                    *joined_flights.entry(flying.flight).or_default() += joined.len();
                }
                ticket.open_want();
                flying.wants.push(Want { waiter: Arc::clone(ticket), locations: joined });
                rest = left;
            }
            if let Some((entry, here)) = landed(*variant_id, &rest) {
                asked.joined += here.len();
                ticket.open_want();
                ticket.close_want(Some((&entry, &here)), []);
                rest = difference(&rest, &here);
            }
            if !rest.is_empty() {
                ticket.open_want();
                waiting.push((*variant_id, Want { waiter: Arc::clone(ticket), locations: rest }));
            }
        }
        if let Some(trace) = ticket.trace() {
            trace.waits(waiting.iter().map(|(_, want)| want.locations.len()).sum());
            for (flight, cells) in joined_flights {
                trace.joins(flight, self.tiles.get(&flight), cells);
            }
        }
        asked.joined += self.pending.add(priority, waiting);
        asked
    }

    /// The lacks less the cells that are pending or in flight.
    pub(super) fn not_on_their_way(&self, lacks: &[Lack]) -> Vec<Lack> {
        let mut rest = Vec::new();
        for (variant_id, locations) in lacks {
            let flying = self.flying.get(variant_id);
            let left: Arc<[LocationId]> = locations
                .iter()
                .copied()
                .filter(|loc_id| {
                    let flies = flying
                        .into_iter()
                        .flatten()
                        .any(|flying| !flying.outdated && flying.locations.binary_search(loc_id).is_ok());
                    !flies && !self.pending.holds(*variant_id, *loc_id)
                })
                .collect();
            if !left.is_empty() {
                rest.push((*variant_id, left));
            }
        }
        rest
    }

    /// Takes the next tile off the pending set, for the caller whose turn it is; with nothing left to take, the pump
    /// is over.
    pub(super) fn depart(&mut self, caller: CallerId, now: Moment) -> Option<Departure> {
        let Some(chosen) = self.pending.choose_for(Some(caller), &self.density) else {
            self.pump_runs = false;
            return None;
        };
        self.last_flight += 1;
        self.flights += 1;
        let span = show_departure(self.last_flight, &chosen);
        if !span.is_none() {
            self.tiles.insert(self.last_flight, span.clone());
        }
        let locations = &chosen.tile.locations;
        for (variant_id, wants) in chosen.wants {
            let flying =
                Flying { flight: self.last_flight, locations: Arc::clone(locations), wants, outdated: false };
            self.flying.entry(variant_id).or_default().push(flying);
        }
        let (flight, priority) = (self.last_flight, chosen.priority);
        Some(Departure { flight, tile: chosen.tile, priority, started: now, span })
    }

    /// Lands a flight: merges what it found into the cache and tells whoever waits.
    ///
    /// What was purged while it flew is asked for again.
    pub(super) fn land(&mut self, departure: &Departure, arrival: Arrival, cache: &Cache, now: Moment) {
        self.refused.remember(&arrival.refusals, now);
        if !arrival.found.is_empty() && self.accepted_locations.len() < MOST_LOCATIONS {
            let refused = &arrival.refusals.locations;
            self.accepted_locations
                .extend(departure.tile.locations.iter().filter(|loc_id| !refused.contains(loc_id)));
        }
        let Arrival { mut found, missing, calls, .. } = arrival;
        let mut again = Vec::new();
        for variant_id in &departure.tile.variants {
            let mut observations = found.remove(variant_id).unwrap_or_default();
            let outdated = self.outdated_since(departure.started, *variant_id, &departure.tile.locations);
            observations.retain(|observation| outdated.binary_search(&observation.loc_id).is_err());
            let entry = if observations.is_empty() {
                cache.get(*variant_id)
            } else {
                Some(cache.merge(*variant_id, observations))
            };
            for want in self.wants_of(departure.flight, *variant_id) {
                want.waiter.count_calls(departure.flight, calls);
                let kept = difference(&want.locations, &outdated);
                if let Some(trace) = want.waiter.trace() {
                    trace.landed(departure.flight);
                    trace.waits(want.locations.len() - kept.len());
                }
                if kept.len() < want.locations.len() {
                    let rest = difference(&want.locations, &kept);
                    again.push((*variant_id, Want { waiter: Arc::clone(&want.waiter), locations: rest }));
                    want.waiter.open_want();
                }
                let missing = kept.iter().filter_map(|loc_id| {
                    let cell = CellId { variant_id: *variant_id, loc_id: *loc_id };
                    missing.get(&cell).map(|reason| (cell, *reason))
                });
                want.waiter.close_want(entry.as_ref().map(|entry| (entry, &kept)), missing);
            }
        }
        self.pending.add(Priority::Interactive, again);
        self.tiles.remove(&departure.flight);
        self.flights -= 1;
        if self.flights == 0 {
            self.purges.clear();
        }
    }

    /// Remembers a purge, so that nothing that is in flight now lands as if it were newer.
    pub(super) fn purge(&mut self, now: Moment, purge: &Purge) {
        if self.flights == 0 {
            return;
        }
        for (variant_id, flying) in &mut self.flying {
            for flying in flying {
                let concerned = |loc_id: &LocationId| purge.concerns(*variant_id, *loc_id);
                flying.outdated |= flying.locations.iter().any(concerned);
            }
        }
        if self.purges.len() < MOST_PURGES {
            self.purges.push((now, purge.clone()));
        } else {
            self.purges = vec![(now, Purge::default())];
        }
    }

    /// Gives up everything that waits, for one reason; that ends the pump.
    pub(super) fn fail_pending(&mut self, reason: MissingReason) {
        for (variant_id, wants) in self.pending.drain() {
            for want in wants {
                let cells =
                    want.locations.iter().map(|loc_id| (CellId { variant_id, loc_id: *loc_id }, reason));
                want.waiter.close_want(None, cells);
            }
        }
        self.pump_runs = false;
    }

    /// Claims the pump if it should run and does not: tells whether calls are under way.
    pub(super) fn claim_pump(&mut self) -> Option<bool> {
        if self.pump_runs || self.pending.is_empty() {
            return None;
        }
        self.pump_runs = true;
        Some(0 < self.flights)
    }

    /// A call is sent.
    pub(super) fn call_sent(&mut self) -> CallNumber {
        self.lengths.call_sent()
    }

    /// A call ended, with a page of so many rows or without one.
    pub(super) fn call_ended(&mut self, call: CallNumber, rows: Option<usize>) {
        if rows.is_some_and(|rows| self.density.page() < rows) {
            self.density.learn_page(MAX_PAGE);
        }
        self.lengths.call_ended(call, rows);
    }

    /// Decides what follows a page of a tile of which these rows came by now, each given by its variant.
    pub(super) fn judge_page(
        &mut self,
        page: PageSeen,
        tile: &Tile,
        came: impl ExactSizeIterator<Item = VariantId>,
    ) -> Next {
        let improbable = self.density.is_improbable(tile.cells(), came.len());
        let known_clamp = page.rows == self.density.page();
        self.doubts.saw(tile, came);
        self.lengths.judge(PageSeen { improbable, known_clamp, ..page })
    }

    /// Decides a doubt, if that can be done by now.
    pub(super) fn resolve(&self, doubt: Doubt) -> Next {
        // A flight that is neither in doubt nor waiting for a page has a call to send.
        let between_calls = self.doubts.open() + self.lengths.calls_in_flight() < self.flights;
        let more_to_send = self.doubts.is_witness_called() || !self.pending.is_empty() || between_calls;
        self.lengths.resolve(doubt, more_to_send)
    }

    /// Whether calls are under way.
    pub(super) fn has_calls_in_flight(&self) -> bool {
        0 < self.lengths.calls_in_flight()
    }

    /// The doubts that are open.
    pub(super) fn doubts(&mut self) -> &mut Doubts {
        &mut self.doubts
    }

    /// A tile to ask so that a doubt, and others with it, may be cleared; see [`Doubts::call_witness`].
    pub(super) fn call_witness(&mut self, doubt: Doubt, may_ask_on: bool) -> Option<Tile> {
        self.doubts.call_witness(doubt, may_ask_on, self.lengths.next_call())
    }

    /// A tile is complete, all but `outstanding` cells of it, after a last page of so many rows.
    pub(super) fn tile_completed(&mut self, tile: &Arc<Tile>, came: usize, last_page: PageSeen) {
        self.density.learn(tile.cells(), came);
        if 0 < last_page.rows && 0 < last_page.outstanding {
            if self.concluded.len() == MOST_CONCLUSIONS {
                self.concluded.pop_front();
            }
            self.concluded.push_back((last_page.rows, Arc::clone(tile)));
        }
    }

    /// Learns that pages are clamped: one of this length was followed by more. Gives back the tiles that were
    /// lately taken to be complete because of a page of this length.
    pub(super) fn learn_clamp(&mut self, rows: usize) -> Vec<Arc<Tile>> {
        self.density.learn_page(rows);
        let (doubtful, sound): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.concluded).into_iter().partition(|(length, _)| *length == rows);
        self.concluded = sound.into();
        doubtful.into_iter().map(|(_, tile)| tile).collect()
    }

    /// Whether anybody still waits for a flight.
    pub(super) fn is_awaited(&self, departure: &Departure) -> bool {
        self.awaiting(departure).next().is_some()
    }

    /// The tickets that still wait for a flight, some more than once.
    pub(super) fn awaiting(&self, departure: &Departure) -> impl Iterator<Item = &Arc<Ticket>> {
        let variants = departure.tile.variants.iter();
        let flying = variants.filter_map(|variant_id| self.flying.get(variant_id)).flatten();
        let wants =
            flying.filter(|flying| flying.flight == departure.flight).flat_map(|flying| &flying.wants);
        wants.map(|want| &want.waiter).filter(|ticket| !ticket.is_gone())
    }

    /// Who waits for calls, with the most urgent priority that anybody waits with.
    pub(super) fn callers(&self) -> (Priority, Vec<CallerId>) {
        self.pending.callers()
    }

    /// Whether a cell is in flight.
    pub(super) fn is_in_flight(&self, cell: CellId) -> bool {
        let flying = self.flying.get(&cell.variant_id);
        flying.into_iter().flatten().any(|flying| flying.locations.binary_search(&cell.loc_id).is_ok())
    }

    /// The locations that Haravan has accepted before.
    pub(super) fn accepted_locations(&self) -> BTreeSet<LocationId> {
        self.accepted_locations.clone()
    }

    /// What is known of the shop's density.
    pub(super) fn density(&self) -> &Density {
        &self.density
    }

    /// Whether what waits fills a call.
    pub(super) fn fills_a_call(&self) -> bool {
        self.pending.fills_a_call(&self.density)
    }

    /// Cells that wait for a call.
    pub(super) fn pending_cells(&self) -> usize {
        self.pending.cells()
    }

    /// Cells that wait with this priority.
    pub(super) fn pending_cells_of(&self, priority: Priority) -> usize {
        self.pending.cells_of(priority)
    }

    /// How many calls what waits will take, roughly: as many as its rows fill, or its variants.
    pub(super) fn queued_calls(&self) -> usize {
        let by_variants = self.pending.variants().div_ceil(MAX_IDS);
        by_variants.max(self.density.pages(self.pending.cells()))
    }

    fn less_refused(
        &self,
        variant_id: VariantId,
        locations: &Arc<[LocationId]>,
        now: Moment,
        refused: &mut Vec<CellId>,
    ) -> Arc<[LocationId]> {
        if self.refused.is_empty() {
            return Arc::clone(locations);
        }
        let before = refused.len();
        let cells = locations.iter().map(|loc_id| CellId { variant_id, loc_id: *loc_id });
        refused.extend(cells.filter(|cell| self.refused.holds(*cell, now)));
        let newly: Vec<LocationId> = refused.iter().skip(before).map(|cell| cell.loc_id).collect();
        difference(locations, &newly)
    }

    /// The locations of a variant that were purged since `started`, ascending.
    fn outdated_since(
        &self,
        started: Moment,
        variant_id: VariantId,
        locations: &[LocationId],
    ) -> Vec<LocationId> {
        let concerned = |loc_id: &LocationId| {
            self.purges.iter().any(|(at, purge)| started <= *at && purge.concerns(variant_id, *loc_id))
        };
        if self.purges.is_empty() {
            Vec::new()
        } else {
            locations.iter().copied().filter(concerned).collect()
        }
    }

    /// Takes the wants of a flight for one of its variants off the board.
    fn wants_of(&mut self, flight: u64, variant_id: VariantId) -> Wants {
        let Some(flying) = self.flying.get_mut(&variant_id) else { return Vec::new() };
        let wants = flying
            .iter()
            .position(|flying| flying.flight == flight)
            .map_or_else(Vec::new, |at| flying.swap_remove(at).wants);
        if flying.is_empty() {
            self.flying.remove(&variant_id);
        }
        wants
    }
}

/// The tiles that getting these cells would take, and the calls.
pub(super) fn forecast(lacks: &[Lack], density: &Density) -> (Vec<(usize, usize)>, usize) {
    let mut pending = Pending::default();
    let wants = lacks.iter().map(|(variant_id, locations)| {
        (*variant_id, Want { waiter: Nobody, locations: Arc::clone(locations) })
    });
    pending.add(Priority::Interactive, wants);
    let tiles: Vec<(usize, usize)> = std::iter::from_fn(|| pending.choose(density))
        .map(|chosen| (chosen.tile.variants.len(), chosen.tile.locations.len()))
        .collect();
    let calls = tiles.iter().map(|(variants, locations)| density.pages(variants * locations)).sum();
    (tiles, calls)
}

/// Waits for a forecast.
#[derive(Debug, Clone)]
struct Nobody;

impl Waiter for Nobody {
    fn is_gone(&self) -> bool {
        false
    }

    fn want_was_split(&self) {}
}
