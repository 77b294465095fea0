//! Which cells go into the next upstream call: pure decisions over plain data.
//!
//! A call takes at most [`MAX_IDS`] ids of a kind and answers at most [`MAX_PAGE`] rows, so how wide a tile
//! should be depends on how many of its cells have rows ([`density`]). Tiles are cut from [`pending`] as late as
//! possible: the longer the queue, the fuller the calls.

pub mod density;
pub mod page_end;
pub mod pending;
pub mod refusal;

use std::sync::Arc;

use crate::domain::id::{LocationId, VariantId};

/// Most ids of a kind in one call. Source: doc; more are refused with 422 (live).
pub const MAX_IDS: usize = 50;

/// Most rows in one page. Source: doc; may be clamped lower without a word (live).
pub const MAX_PAGE: usize = 250;

/// The cells of one upstream question: every variant at every location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tile {
    /// Distinct variants, ascending, 1 to [`MAX_IDS`].
    pub variants: Vec<VariantId>,
    /// Distinct locations, ascending, 1 to [`MAX_IDS`].
    pub locations: Arc<[LocationId]>,
}

impl Tile {
    /// How many cells it holds.
    #[must_use]
    pub fn cells(&self) -> usize {
        self.variants.len() * self.locations.len()
    }

    /// Whether a cell lies within it.
    #[must_use]
    pub fn contains(&self, variant_id: VariantId, loc_id: LocationId) -> bool {
        self.variants.binary_search(&variant_id).is_ok() && self.locations.binary_search(&loc_id).is_ok()
    }
}
