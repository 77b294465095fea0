//! What is cached of a grid: the first look of the read path.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::cache::Cache;
use crate::cache::entry::{PackedCell, VariantCells};
use crate::cache::freshness::{Freshness, FreshnessPolicy};
use crate::clock::Moment;
use crate::coop::Pieces;
use crate::domain::cell::CellId;
use crate::domain::id::{LocationId, VariantId};
use crate::loader::Lack;
use crate::query::Grid;
use crate::stock::reading::ReadTally;
use crate::stock::terms::ReadTerms;

/// Cells looked at, or merged, at a stretch. Source: measured; some 400 µs of work.
const PIECE: usize = 4_096;

/// What is cached of a grid, and what is not.
#[derive(Debug, Default)]
pub(super) struct Lookup {
    /// One for each variant of the grid.
    pub(super) entries: Vec<Option<Arc<VariantCells>>>,
    /// To be asked for.
    pub(super) missing: Vec<Lack>,
    /// To be refreshed behind the answer.
    pub(super) stale: Vec<Lack>,
    /// Lacking, but good enough if Haravan fails; ascending.
    pub(super) usable: Vec<CellId>,
    /// Where the cells come from.
    pub(super) tally: ReadTally,
    /// When the oldest of the fresh cells was confirmed.
    pub(super) oldest_fresh: Option<Moment>,
}

impl Lookup {
    /// Looks at what is cached of a grid. Cells that were observed at `fresh_from` or later are fresh, however old they
    /// are by the policy.
    pub(super) fn of(
        grid: &Grid,
        cache: &Cache,
        policy: &FreshnessPolicy,
        (terms, fresh_from): (&ReadTerms, Moment),
        now: Moment,
    ) -> Self {
        let mut lookup = Self { entries: Vec::with_capacity(grid.variants.len()), ..Self::default() };
        let mut pieces = Pieces::of(PIECE);
        let mut reader = cache.reader();
        let judge = |cell: &PackedCell| {
            let age = now.since(cell.observed_at());
            if cell.is_doubted() {
                policy.judge_doubted(age, cell.can_be_settled(now), &terms.freshness)
            } else if fresh_from <= cell.observed_at() {
                Freshness::Fresh
            } else {
                policy.judge(age, &terms.freshness)
            }
        };
        for variant_id in grid.variants.iter() {
            let entry = reader.get(*variant_id).cloned();
            let cells = entry.as_deref().map_or(&[][..], VariantCells::cells);
            match oldest_if_fresh(cells, &grid.locations, fresh_from) {
                Some(oldest) => lookup.saw_fresh(grid.locations.len(), oldest),
                None => lookup.judge_each((*variant_id, cells), grid, judge),
            }
            lookup.entries.push(entry);
            pieces.done(grid.locations.len());
        }
        let left = |oldest: Moment| policy.fresh.saturating_sub(now.since(oldest)).as_secs();
        lookup.tally.ttl_seconds = lookup.oldest_fresh.map(left);
        lookup
    }

    /// Whether every cell is fresh.
    pub(super) fn is_all_fresh(&self) -> bool {
        self.missing.is_empty() && self.stale.is_empty()
    }

    /// Counts cells that are fresh, the oldest of which was confirmed at this moment.
    fn saw_fresh(&mut self, cells: usize, oldest: Moment) {
        self.tally.hit += cells;
        self.oldest_fresh = Some(self.oldest_fresh.map_or(oldest, |known| known.min(oldest)));
    }

    /// Judges each cell of a variant, and notes those that are stale or lacking.
    fn judge_each(
        &mut self,
        (variant_id, cells): (VariantId, &[PackedCell]),
        grid: &Grid,
        judge: impl Fn(&PackedCell) -> Freshness,
    ) {
        let (mut lacking, mut stale) = (Vec::new(), Vec::new());
        let mut cells = cells.iter().peekable();
        for loc_id in grid.locations.iter() {
            while cells.next_if(|cell| cell.loc_id() < *loc_id).is_some() {}
            let Some(cell) = cells.next_if(|cell| cell.loc_id() == *loc_id && !cell.is_purged()) else {
                lacking.push(*loc_id);
                continue;
            };
            match judge(cell) {
                Freshness::Fresh => self.saw_fresh(1, cell.observed_at()),
                Freshness::Stale => {
                    self.tally.stale += 1;
                    stale.push(*loc_id);
                }
                Freshness::Expired => {
                    lacking.push(*loc_id);
                    self.usable.push(CellId { variant_id, loc_id: *loc_id });
                }
                Freshness::Unusable => lacking.push(*loc_id),
            }
        }
        let shared = |locations: Vec<LocationId>| -> Arc<[LocationId]> {
            // Whole rows of the grid share its list: no copy a variant.
            if locations.len() == grid.locations.len() {
                Arc::clone(&grid.locations)
            } else {
                locations.into()
            }
        };
        if !lacking.is_empty() {
            self.missing.push((variant_id, shared(lacking)));
        }
        if !stale.is_empty() {
            self.stale.push((variant_id, shared(stale)));
        }
    }

    /// Replaces entries by those that were loaded.
    pub(super) fn merge(&mut self, grid: &Grid, loaded: Vec<Arc<VariantCells>>) {
        let mut by_variant: FxHashMap<VariantId, Arc<VariantCells>> = FxHashMap::default();
        let mut pieces = Pieces::of(PIECE);
        for entry in loaded {
            pieces.done(grid.locations.len());
            let variant_id = entry.variant_id();
            let merged = match by_variant.remove(&variant_id) {
                Some(earlier) => Arc::new(earlier.absorbed(&entry)),
                None => entry,
            };
            by_variant.insert(variant_id, merged);
        }
        for (variant_id, entry) in grid.variants.iter().zip(&mut self.entries) {
            pieces.done(grid.locations.len());
            let Some(newer) = by_variant.remove(variant_id) else { continue };
            let covers = grid.locations.iter().all(|loc_id| newer.cell(*loc_id).is_some());
            *entry = Some(match entry.take() {
                // What was cached before may have been evicted since.
                Some(older) if !covers => Arc::new(older.absorbed(&newer)),
                _ => newer,
            });
        }
    }
}

/// When the oldest of a variant's cells was confirmed, if they are at these very locations and all fresh, as most
/// variants' are in most questions.
fn oldest_if_fresh(cells: &[PackedCell], locations: &[LocationId], fresh_from: Moment) -> Option<Moment> {
    if !PackedCell::are_at(cells, locations) {
        return None;
    }
    let oldest = cells.iter().map(PackedCell::observed_at).min()?;
    (fresh_from <= oldest && cells.iter().all(PackedCell::is_sound)).then_some(oldest)
}
