//! What a shop's pages have shown so far: how many rows its tiles bring, which pages are whole, which are cut.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Moment;
use crate::domain::cell::CellId;
use crate::domain::id::{RowId, VariantId};
use crate::loader::learnt::short_pages::Doubts;
use crate::plan::density::Density;
use crate::plan::pages::{CallNumber, Doubt, Next, PageLengths, PageSeen};
use crate::plan::sentinel::{Sentinel, Sentinels};
use crate::plan::{MAX_PAGE, Tile};

/// Conclusions from short pages that can still be taken back.
const MOST_CONCLUSIONS: usize = 64;

/// How long tiles are made for a clamp that was not seen again. Source: ours; finding out costs a page.
const CLAMP_BELIEVED: Duration = Duration::from_secs(600);

/// The pages of a shop, as far as they tell of others.
#[derive(Debug, Default)]
pub(in crate::loader) struct Proof {
    density: Density,
    lengths: PageLengths,
    /// Tiles lately taken to be complete because their last page was short, with its length.
    concluded: VecDeque<(usize, Arc<Tile>)>,
    doubts: Doubts,
    sentinels: Sentinels,
    /// When a page was last seen to be cut.
    clamp_seen_at: Moment,
}

impl Proof {
    /// What is known of the shop's density.
    pub(in crate::loader) fn density(&self) -> &Density {
        &self.density
    }

    /// The same for the next tile: tiles that are made for cut pages would never show that the clamp is gone.
    pub(in crate::loader) fn density_for_next(&mut self, now: Moment) -> &Density {
        if CLAMP_BELIEVED < now.since(self.clamp_seen_at) {
            self.density.learn_page(MAX_PAGE);
        }
        &self.density
    }

    /// A call is sent.
    pub(in crate::loader) fn call_sent(&mut self) -> CallNumber {
        self.lengths.call_sent()
    }

    /// A call ended, with a page of so many rows or without one.
    pub(in crate::loader) fn call_ended(&mut self, call: CallNumber, rows: Option<usize>, now: Moment) {
        if rows.is_some_and(|rows| self.density.page() < rows) {
            self.density.learn_page(MAX_PAGE);
        }
        self.lengths.call_ended(call, rows, now);
    }

    /// Decides what follows a page of a tile of which these rows came by now, each given by its variant.
    pub(in crate::loader) fn judge_page(
        &mut self,
        page: PageSeen,
        tile: &Tile,
        came: impl ExactSizeIterator<Item = VariantId>,
        now: Moment,
    ) -> Next {
        if page.limit <= page.rows && self.density.share().is_none() {
            self.density.learn_least(tile.cells(), came.len());
        }
        let improbable = self.density.is_improbable(tile.cells(), came.len());
        let by_chance = self.density.by_chance(tile.cells(), came.len());
        let known_clamp = page.rows == self.density.page();
        self.doubts.saw(tile, came);
        self.lengths.judge(PageSeen { improbable, by_chance, known_clamp, ..page }, now)
    }

    /// Decides what follows a page of a part of a tile's rows.
    pub(in crate::loader) fn judge_part(&mut self, page: PageSeen, now: Moment) -> Next {
        let known_clamp = page.rows == self.density.page();
        self.lengths.judge(PageSeen { known_clamp, ..page }, now)
    }

    /// A page of so many rows was followed by an empty one.
    pub(in crate::loader) fn page_proven(&mut self, rows: usize, now: Moment) {
        self.lengths.proven_whole(rows, now);
    }

    /// These rows came, each given by its id.
    pub(in crate::loader) fn saw_rows(&mut self, rows: Vec<(RowId, CellId)>) {
        for (id, cell) in rows {
            self.sentinels.saw(id, cell);
        }
    }

    /// The sentinel for a tile, if there is one that fits into its call.
    pub(in crate::loader) fn sentinel_of(&self, tile: &Tile) -> Option<Sentinel> {
        self.sentinels.best(tile, |cells| self.density.surely_fits(cells))
    }

    /// The row of a sentinel did not come, or cannot be asked for.
    pub(in crate::loader) fn sentinel_gone(&mut self, cell: CellId) {
        self.sentinels.forget(cell);
    }

    /// Decides a doubt, if that can be done by now; `more_to_send` tells whether a flight has a call to send for all
    /// that is known of it here.
    pub(in crate::loader) fn resolve(
        &self,
        doubt: Doubt,
        more_to_send: impl FnOnce(usize) -> bool,
        now: Moment,
    ) -> Next {
        let busy = self.doubts.open() + self.lengths.calls_in_flight();
        let more_to_send = self.doubts.is_witness_called() || more_to_send(busy);
        self.lengths.resolve(doubt, more_to_send, now)
    }

    /// Whether calls are under way.
    pub(in crate::loader) fn has_calls_in_flight(&self) -> bool {
        0 < self.lengths.calls_in_flight()
    }

    /// The doubts that are open.
    pub(in crate::loader) fn doubts(&mut self) -> &mut Doubts {
        &mut self.doubts
    }

    /// A tile to ask so that a doubt, and others with it, may be cleared; see [`Doubts::call_witness`].
    pub(in crate::loader) fn call_witness(&mut self, doubt: Doubt) -> Option<Tile> {
        self.doubts.call_witness(doubt, self.lengths.next_call())
    }

    /// A tile is complete, all but `outstanding` cells of it, after a last page of so many rows.
    pub(in crate::loader) fn tile_completed(&mut self, tile: &Tile, came: usize, last_page: PageSeen) {
        self.density.learn(tile.cells(), came);
        if 0 < last_page.rows && 0 < last_page.outstanding {
            if self.concluded.len() == MOST_CONCLUSIONS {
                self.concluded.pop_front();
            }
            self.concluded.push_back((last_page.rows, Arc::new(tile.clone())));
        }
    }

    /// Learns that pages are clamped: one of this length was followed by more. Gives back the tiles that were
    /// lately taken to be complete because of a page of this length.
    pub(in crate::loader) fn learn_clamp(&mut self, rows: usize, now: Moment) -> Vec<Arc<Tile>> {
        self.density.learn_page(rows);
        self.lengths.clamp_noticed();
        self.clamp_seen_at = now;
        let (doubtful, sound): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.concluded).into_iter().partition(|(length, _)| *length == rows);
        self.concluded = sound.into();
        doubtful.into_iter().map(|(_, tile)| tile).collect()
    }
}
