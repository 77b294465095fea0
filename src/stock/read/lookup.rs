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

/// One variant's part of a lookup.
#[derive(Debug, Default)]
struct VariantLookup {
    lacking: Vec<LocationId>,
    stale: Vec<LocationId>,
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
        for variant_id in grid.variants.iter() {
            let entry = reader.get(*variant_id).cloned();
            let mut look = VariantLookup::default();
            let mut cells = entry.as_deref().map_or(&[][..], VariantCells::cells).iter().peekable();
            for loc_id in grid.locations.iter() {
                while cells.next_if(|cell| cell.loc_id() < *loc_id).is_some() {}
                let cell = cells.next_if(|cell| cell.loc_id() == *loc_id && !cell.is_purged());
                let observed_at = cell.map(PackedCell::observed_at);
                let judged = match cell.zip(observed_at) {
                    None => Freshness::Unusable,
                    Some((cell, observed_at)) if cell.is_doubted() => {
                        let age = now.since(observed_at);
                        policy.judge_doubted(age, cell.can_be_settled(now), &terms.freshness)
                    }
                    // Most cells of most questions are fresh: one comparison says so.
                    Some((_, observed_at)) if fresh_from <= observed_at => {
                        let oldest = lookup.oldest_fresh.unwrap_or(observed_at);
                        lookup.oldest_fresh = Some(oldest.min(observed_at));
                        Freshness::Fresh
                    }
                    Some((_, observed_at)) => policy.judge(now.since(observed_at), &terms.freshness),
                };
                match judged {
                    Freshness::Fresh => lookup.tally.hit += 1,
                    Freshness::Stale => {
                        lookup.tally.stale += 1;
                        look.stale.push(*loc_id);
                    }
                    Freshness::Expired => {
                        look.lacking.push(*loc_id);
                        lookup.usable.push(CellId { variant_id: *variant_id, loc_id: *loc_id });
                    }
                    Freshness::Unusable => look.lacking.push(*loc_id),
                }
            }
            lookup.add(*variant_id, entry, look, grid);
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

    fn add(
        &mut self,
        variant_id: VariantId,
        entry: Option<Arc<VariantCells>>,
        look: VariantLookup,
        grid: &Grid,
    ) {
        let shared = |locations: Vec<LocationId>| -> Arc<[LocationId]> {
            // Whole rows of the grid share its list: no copy a variant.
            if locations.len() == grid.locations.len() {
                Arc::clone(&grid.locations)
            } else {
                locations.into()
            }
        };
        if !look.lacking.is_empty() {
            self.missing.push((variant_id, shared(look.lacking)));
        }
        if !look.stale.is_empty() {
            self.stale.push((variant_id, shared(look.stale)));
        }
        self.entries.push(entry);
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
