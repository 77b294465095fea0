//! The history of a shop's pages: how many rows its tiles bring, which pages were whole, which were cut.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::short_pages::ShortPages;
use crate::clock::Moment;
use crate::domain::cell::CellId;
use crate::domain::id::{RowId, VariantId};
use crate::plan::density::Density;
use crate::plan::page_end::rule::{CallNumber, Doubt, Next, PageLengths, PageSeen};
use crate::plan::page_end::sentinel::{Sentinel, Sentinels};
use crate::plan::{MAX_PAGE, Tile};

/// Tiles that ended in a short page and can still be asked for again.
const MOST_CONCLUSIONS: usize = 64;

/// How long tiles are planned for a clamp that was not seen again. Source: ours; finding out costs a page.
const CLAMP_BELIEVED: Duration = Duration::from_secs(600);

/// The history of a shop's pages, as far as it helps to judge later ones.
#[derive(Debug, Clone, Default)]
pub(in crate::loader) struct PageHistory {
    density: Density,
    lengths: PageLengths,
    /// Tiles lately taken to be complete because their last page was short, with its length.
    concluded: VecDeque<(usize, Arc<Tile>)>,
    short_pages: ShortPages,
    sentinels: Sentinels,
    /// When a page was last seen to be cut.
    clamp_seen_at: Moment,
}

impl PageHistory {
    /// The same without the calls that are under way.
    pub(super) fn without_calls(&self) -> Self {
        let (lengths, short_pages) = (self.lengths.without_calls(), self.short_pages.without_calls());
        Self { lengths, short_pages, ..self.clone() }
    }

    /// The shop's density, as far as it is known.
    pub(in crate::loader) fn density(&self) -> &Density {
        &self.density
    }

    /// Prepares the density for the next tile: tiles that are made for cut pages would never show that the clamp is
    /// gone.
    pub(in crate::loader) fn prepare_next(&mut self, now: Moment) {
        if CLAMP_BELIEVED < now.since(self.clamp_seen_at) {
            self.density.learn_page(MAX_PAGE);
        }
    }

    /// Numbers a call that is sent.
    pub(in crate::loader) fn call_sent(&mut self) -> CallNumber {
        self.lengths.call_sent()
    }

    /// Notes the end of a call, with the rows of its page if it brought one.
    pub(in crate::loader) fn call_ended(&mut self, call: CallNumber, rows: Option<usize>, now: Moment) {
        if rows.is_some_and(|rows| self.density.page() < rows) {
            self.density.learn_page(MAX_PAGE);
        }
        self.lengths.call_ended(call, rows, now);
    }

    /// Decides what follows a page of a tile. `came` is the variant of each of the tile's rows that came so far.
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
        self.short_pages.saw(tile, came);
        self.lengths.judge(PageSeen { improbable, by_chance, known_clamp, ..page }, now)
    }

    /// Decides what follows a page of which only some rows of the tile were asked for.
    pub(in crate::loader) fn judge_part(&mut self, page: PageSeen, now: Moment) -> Next {
        let known_clamp = page.rows == self.density.page();
        self.lengths.judge(PageSeen { known_clamp, ..page }, now)
    }

    /// Notes that a page of this length was followed by an empty one.
    pub(in crate::loader) fn page_proven(&mut self, rows: usize, now: Moment) {
        self.lengths.proven_whole(rows, now);
    }

    /// Notes the rows that came.
    pub(in crate::loader) fn saw_rows(&mut self, rows: Vec<(RowId, CellId)>) {
        for (id, cell) in rows {
            self.sentinels.saw(id, cell);
        }
    }

    /// The sentinel for a tile, if one fits into its call.
    pub(in crate::loader) fn sentinel_of(&self, tile: &Tile) -> Option<Sentinel> {
        self.sentinels.best(tile, |cells| self.density.surely_fits(cells))
    }

    /// Forgets a sentinel whose row did not come, or cannot be asked for.
    pub(in crate::loader) fn sentinel_gone(&mut self, cell: CellId) {
        self.sentinels.forget(cell);
    }

    /// Decides a doubt, if that is possible by now. `more_to_send` gets the number of flights that wait or have a call
    /// under way, and returns whether another flight has a call to send.
    pub(in crate::loader) fn resolve(
        &self,
        doubt: Doubt,
        more_to_send: impl FnOnce(usize) -> bool,
        now: Moment,
    ) -> Next {
        let busy = self.short_pages.open() + self.lengths.calls_in_flight();
        let more_to_send = self.short_pages.is_probe_sent() || more_to_send(busy);
        self.lengths.resolve(doubt, more_to_send, now)
    }

    /// Whether calls are under way.
    pub(in crate::loader) fn has_calls_in_flight(&self) -> bool {
        0 < self.lengths.calls_in_flight()
    }

    /// The short pages that are in doubt.
    pub(in crate::loader) fn short_pages(&mut self) -> &mut ShortPages {
        &mut self.short_pages
    }

    /// A tile to ask for to settle a doubt, and others with it. See [`ShortPages::send_probe`].
    pub(in crate::loader) fn send_probe(&mut self, doubt: Doubt) -> Option<Tile> {
        self.short_pages.send_probe(doubt, self.lengths.next_call())
    }

    /// Notes that a tile is complete after this last page.
    pub(in crate::loader) fn tile_completed(&mut self, tile: &Tile, came: usize, last_page: PageSeen) {
        self.density.learn(tile.cells(), came);
        if 0 < last_page.rows && 0 < last_page.outstanding {
            if self.concluded.len() == MOST_CONCLUSIONS {
                self.concluded.pop_front();
            }
            self.concluded.push_back((last_page.rows, Arc::new(tile.clone())));
        }
    }

    /// Learns that pages are clamped: one of this length was followed by more rows. Returns the tiles that were lately
    /// taken to be complete because of a page of this length.
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
