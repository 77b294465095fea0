//! The one door for invalidation: whatever the reason, what was known before must not be served after.
//!
//! It reaches the cells that are held, what flies, what Haravan refused, and, by the cache's count of purges, every
//! answer that is in the making. `tests/repo/invalidation.rs` holds that there is no second way.

use std::sync::Arc;

use super::state::Board;
use super::{Loader, Shared};
use crate::cache::Purge;
use crate::plan::Tile;

impl Loader {
    /// Lets nothing observed before now be served, and asks again for what is in flight.
    pub fn invalidate(&self, purge: &Purge) {
        self.shared.invalidate(&mut self.shared.board.lock(), purge);
    }
}

impl Shared {
    /// Pages of this length are clamped, as has just been seen: what was concluded from such pages shortly before may
    /// be wrong, and is asked again when it is next wanted.
    pub(super) fn distrust_pages_of(&self, length: usize) {
        let mut board = self.board.lock();
        for tile in board.proof().learn_clamp(length, self.parts.clock.now()) {
            self.invalidate(&mut board, &of_tile(&tile));
        }
    }

    /// Under the board's lock, so that no flight lands in between.
    fn invalidate(&self, board: &mut Board, purge: &Purge) {
        let now = self.parts.clock.now();
        self.parts.cache.purge(purge, now);
        board.invalidate(purge, now);
    }
}

fn of_tile(tile: &Tile) -> Purge {
    Purge {
        variants: Some(Arc::from(tile.variants.as_slice())),
        locations: Some(Arc::clone(&tile.locations)),
    }
}
