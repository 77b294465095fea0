//! The end of a flight: what it found goes to the cache and to those who wait.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{Board, Departure, Wants};
use crate::cache::Cache;
use crate::cache::entry::{Observation, Turns};
use crate::clock::Moment;
use crate::domain::cell::{CellId, MissingReason};
use crate::domain::id::{LocationId, RowId, VariantId};
use crate::plan::pending::{Priority, Want, difference};

/// What a flight brings back.
#[derive(Debug, Default)]
pub(in crate::loader) struct Arrival {
    /// What was found, by variant.
    pub(in crate::loader) found: FxHashMap<VariantId, Vec<Observation>>,
    /// What was not.
    pub(in crate::loader) missing: FxHashMap<CellId, MissingReason>,
    /// Calls it took.
    pub(in crate::loader) calls: usize,
}

impl Board {
    /// Lands a flight: merges what it found into the cache and tells whoever waits. Gives back the rows that went back
    /// in time.
    ///
    /// What was purged while it flew is asked for again, and so is what one more call settles.
    pub(in crate::loader) fn land(
        &mut self,
        departure: &Departure,
        arrival: Arrival,
        cache: &Cache,
    ) -> Vec<(CellId, RowId)> {
        let Arrival { mut found, missing, calls } = arrival;
        let (mut again, mut turns) = (Vec::new(), Turns::default());
        for variant_id in &departure.tile.variants {
            let mut observations = found.remove(variant_id).unwrap_or_default();
            let mut outdated = self.outdated_since(departure.started, *variant_id, &departure.tile.locations);
            observations.retain(|observation| outdated.binary_search(&observation.loc_id).is_err());
            let entry = if observations.is_empty() {
                cache.get(*variant_id)
            } else {
                Some(cache.merge_with_turns(*variant_id, observations, &mut turns))
            };
            outdated.append(&mut turns.to_settle);
            outdated.sort_unstable();
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
        self.windows.landed(departure.flight);
        self.flights -= 1;
        if self.flights == 0 {
            self.purges.clear();
        }
        turns.went_back
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
