//! The end of a flight: what it found goes to the cache and to those who wait.

use std::sync::Arc;

use super::State;
use super::flights::{FlightResult, FlightStart};
use crate::cache::entry::{Finding, Observation};
use crate::cache::{Cache, product_of};
use crate::domain::cell::CellId;
use crate::domain::id::{ProductId, RowId, VariantId};
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
        let outdated = |variant_id: &VariantId| {
            let product_id = product_in(found.get(variant_id))
                .or_else(|| cache.get(*variant_id).as_deref().and_then(product_of));
            self.flights.purged_since(start.started, (*variant_id, product_id), &start.tile.locations)
        };
        let outdated: Vec<_> = start.tile.variants.iter().map(outdated).collect();
        let observed = start.tile.variants.iter().zip(&outdated).filter_map(|(variant_id, outdated)| {
            let mut observations = found.remove(variant_id)?;
            observations.retain(|observation| outdated.binary_search(&observation.loc_id).is_err());
            (!observations.is_empty()).then_some((*variant_id, observations))
        });
        let mut merged = cache.merge_all(observed.collect()).into_iter().peekable();
        let (mut again, mut went_back) = (Vec::new(), Vec::new());
        for (variant_id, mut outdated) in start.tile.variants.iter().zip(outdated) {
            let entry = match merged.next_if(|(entry, _)| entry.variant_id() == *variant_id) {
                Some((entry, mut turns)) => {
                    outdated.append(&mut turns.to_settle);
                    went_back.append(&mut turns.went_back);
                    Some(entry)
                }
                None => cache.get(*variant_id),
            };
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
        went_back
    }
}

/// The product that the rows of a variant tell.
fn product_in(observations: Option<&Vec<Observation>>) -> Option<ProductId> {
    observations?.iter().find_map(|observation| match &observation.finding {
        Finding::Row(row) => Some(row.product_id),
        Finding::NoRow | Finding::Unchanged(_) => None,
    })
}
