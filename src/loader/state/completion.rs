//! The end of a flight: what it found goes to the cache and to those who wait.

use std::sync::Arc;

use super::State;
use super::flights::{FlightResult, FlightStart};
use crate::cache::Cache;
use crate::cache::entry::Turns;
use crate::domain::cell::CellId;
use crate::domain::id::RowId;
use crate::plan::pending::{Priority, Want, difference};

impl State {
    /// Completes a flight: merges what it found into the cache and answers its waiters. Returns the rows that went
    /// back in time.
    ///
    /// Cells that were purged meanwhile are asked for again, and so are those that one more call settles.
    pub(in crate::loader) fn complete(
        &mut self,
        start: &FlightStart,
        result: FlightResult,
        cache: &Cache,
    ) -> Vec<(CellId, RowId)> {
        let FlightResult { mut found, missing, calls } = result;
        let (mut again, mut turns) = (Vec::new(), Turns::default());
        for variant_id in &start.tile.variants {
            let mut observations = found.remove(variant_id).unwrap_or_default();
            let mut outdated = self.flights.purged_since(start.started, *variant_id, &start.tile.locations);
            observations.retain(|observation| outdated.binary_search(&observation.loc_id).is_err());
            let entry = if observations.is_empty() {
                cache.get(*variant_id)
            } else {
                Some(cache.merge_with_turns(*variant_id, observations, &mut turns))
            };
            outdated.append(&mut turns.to_settle);
            outdated.sort_unstable();
            for want in self.flights.take_wants(start.flight, *variant_id) {
                want.waiter.count_calls(start.flight, calls);
                let kept = difference(&want.locations, &outdated);
                if let Some(trace) = want.waiter.trace() {
                    trace.completed(start.flight);
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
        self.queue.pending.add(Priority::Interactive, again);
        self.flights.ended(start.flight);
        turns.went_back
    }
}
