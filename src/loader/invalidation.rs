//! The one door for invalidation: what was known before an invalidation must not be served after it.
//!
//! It reaches the cells in the cache, the flights and the remembered refusals. By the cache's count of purges it also
//! reaches every answer that is being made. `tests/repo/invalidation.rs` holds that there is no second way.

use std::sync::Arc;

use super::handle::Loader;
use super::shared::Shared;
use super::state::State;
use crate::cache::{Purge, PurgedVariants, product_of};
use crate::plan::Tile;

impl Loader {
    /// Invalidates what was observed before now, and asks again for what is in flight.
    pub fn invalidate(&self, purge: &Purge) {
        self.shared.invalidate(&mut self.shared.state.lock(), purge);
    }
}

impl Shared {
    /// Invalidates what was concluded lately from pages of this length: such pages are clamped, as has just been seen.
    /// The cells are asked for again when they are next wanted.
    pub(super) fn recheck_pages_of(&self, length: usize) {
        let mut state = self.state.lock();
        for tile in state.learnt.pages.learn_clamp(length, self.parts.clock.now()) {
            self.invalidate(&mut state, &of_tile(&tile));
        }
    }

    /// Runs under the state's lock, so that no flight completes in between.
    fn invalidate(&self, state: &mut State, purge: &Purge) {
        let now = self.parts.clock.now();
        let cache = &self.parts.cache;
        cache.purge(purge, now);
        state.invalidate(purge, now, |variant_id| cache.get(variant_id).as_deref().and_then(product_of));
    }
}

fn of_tile(tile: &Tile) -> Purge {
    Purge {
        variants: PurgedVariants::These(Arc::from(tile.variants.as_slice())),
        locations: Some(Arc::clone(&tile.locations)),
    }
}
