//! What a loader has learnt of its shop from Haravan's answers.

mod accepted;
mod page_history;
mod refused;
mod short_pages;

use std::sync::Arc;
use std::time::Duration;

use crate::cache::Purge;
use crate::clock::Moment;
use crate::domain::cell::CellId;
use crate::domain::id::{LocationId, VariantId};
use crate::governor::bucket::BucketLevel;
use crate::loader::lack::Reuse;
use crate::plan::Tile;
use crate::plan::pending::difference;
use crate::plan::refusal::Refusals;

use accepted::AcceptedIds;
pub(super) use page_history::PageHistory;
use refused::RefusedIds;

/// What a loader has learnt of its shop. It can be taken from one loader and given to a new one.
#[derive(Debug, Clone)]
pub struct SavedLearnt {
    pub(super) learnt: Learnt,
    /// How full the shop's bucket was.
    pub(super) bucket: BucketLevel,
}

/// What a loader has learnt of its shop, as it works.
#[derive(Debug, Clone, Default)]
pub(super) struct Learnt {
    /// How dense the shop is, and which pages are whole.
    pub(super) pages: PageHistory,
    refused: RefusedIds,
    accepted: AcceptedIds,
    /// When Haravan last refused a call for its ids.
    refusal_seen_at: Option<Moment>,
}

/// How long after a refusal ids that were never accepted are kept apart from other callers'. Source: ours; longer than
/// a question for refused ids takes.
const SUSPICION_LASTS: Duration = Duration::from_secs(60);

impl Learnt {
    /// The same without the calls that are under way: a new loader does not have them.
    pub(super) fn without_calls(&self) -> Self {
        Self { pages: self.pages.without_calls(), ..self.clone() }
    }

    /// Notes that a call was refused for its ids.
    pub(super) fn saw_refusal(&mut self, now: Moment) {
        self.refusal_seen_at = Some(now);
    }

    /// Whether a variant may share a tile with other callers' variants. While Haravan refuses ids, one that was never
    /// accepted may not: the search for a refused id would keep the other callers waiting.
    pub(super) fn shares_tiles(&self, variant_id: VariantId, now: Moment) -> bool {
        self.refusal_seen_at.is_none_or(|at| SUSPICION_LASTS < now.since(at))
            || self.accepted.holds_variant(variant_id)
    }

    /// Notes that the ids of a tile were accepted.
    pub(super) fn note_accepted(&mut self, tile: &Tile) {
        self.accepted.accept(&tile.variants, tile.locations.iter());
    }

    /// Notes that these ids are refused, as a flight found that started at this moment.
    pub(super) fn note_refused(&mut self, refusals: &Refusals, started: Moment) {
        self.refused.remember(refusals, started);
        self.accepted.forget(refusals);
    }

    /// Returns the ids that Haravan refused lately, and those that it accepted.
    pub(super) fn known_ids(&self) -> (&RefusedIds, &AcceptedIds) {
        (&self.refused, &self.accepted)
    }

    /// Forgets the refusals that a purge concerns.
    pub(super) fn invalidate(&mut self, purge: &Purge, now: Moment) {
        self.refused.forget(purge, now);
    }

    /// Forgets the refusals of a variant's cells that are too old for a question, so that no flight uses them either.
    pub(super) fn forget_older(&mut self, variant_id: VariantId, locations: &[LocationId], reuse: Reuse) {
        if let Some(from) = reuse.refusals_from.filter(|_| !self.refused.is_empty()) {
            self.refused.forget_older(variant_id, locations, from);
        }
    }

    /// Returns the locations of a variant that need to be asked for, and appends the refused cells to `refused`.
    pub(super) fn less_refused(
        &self,
        variant_id: VariantId,
        locations: &Arc<[LocationId]>,
        (now, reuse): (Moment, Reuse),
        refused: &mut Vec<CellId>,
    ) -> Arc<[LocationId]> {
        if self.refused.is_empty() {
            return Arc::clone(locations);
        }
        let before = refused.len();
        let cells = locations.iter().map(|loc_id| CellId { variant_id, loc_id: *loc_id });
        refused.extend(cells.filter(|cell| self.refused.holds(*cell, now, reuse.refusals_from)));
        let newly: Vec<LocationId> = refused.iter().skip(before).map(|cell| cell.loc_id).collect();
        difference(locations, &newly)
    }

    /// Whether a tile has cells that are known to be refused. One of them would spoil a window.
    pub(super) fn refuses_a_cell_of(&self, tile: &Tile, (now, reuse): (Moment, Reuse)) -> bool {
        let mut cells = tile.variants.iter().flat_map(|variant_id| {
            let variant_id = *variant_id;
            tile.locations.iter().map(move |loc_id| CellId { variant_id, loc_id: *loc_id })
        });
        !self.refused.is_empty() && cells.any(|cell| self.refused.holds(cell, now, reuse.refusals_from))
    }
}
