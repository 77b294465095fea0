//! One tile's way through its pages: what is asked, what is taken of each page, and when it is all there.

use std::sync::Arc;
use std::time::Duration;

use rustc_hash::{FxHashMap, FxHashSet};
use tokio::time::Instant;

use super::evidence::{OpenDoubt, Witness};
use super::flight::{CallEnd, Flight};
use super::sight::PageSight;
use crate::cache::order::CallTimes;
use crate::domain::cell::{CellId, MissingReason};
use crate::domain::id::{RowId, VariantId};
use crate::domain::row::Row;
use crate::governor::Permit;
use crate::haravan::{CallCause, InventoryCall, InventoryPage};
use crate::plan::pages::{Next, PageSeen, SentinelSeen};
use crate::plan::sentinel::Sentinel;
use crate::plan::{MAX_PAGE, Tile};
use crate::trace;

/// How long a doubt waits for others that the same call could clear, while calls are under way. Source: ours; about
/// what calls sent together differ by.
const GATHERING: Duration = Duration::from_millis(100);

/// Whether a cell may be added to a tile that proves its page whole.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Company {
    /// If there is one that fits.
    Sentinel,
    /// Not where ids are suspected, or pages made no sense.
    None,
}

/// What came of a tile.
pub(super) enum TileEnd {
    /// Every cell was answered.
    Answered(TileAnswer),
    /// Haravan refused the ids.
    Refused,
    /// Too many calls were refused: nothing is known of the cells that did not come.
    Denied,
    /// The pages cannot be told apart: ask for less at once.
    Unpageable,
    /// These rows came before it failed for this reason.
    Failed(TileAnswer, MissingReason),
}

/// The rows of a tile, as far as they came.
#[derive(Default)]
pub(super) struct TileAnswer {
    pub(super) rows: FxHashMap<CellId, (Row, CallTimes)>,
    /// Cells whose row cannot be read.
    pub(super) unreadable: FxHashSet<CellId>,
    /// When its calls were under way, from the first to the last: what is not there was not there at some moment then.
    pub(super) calls: Option<CallTimes>,
    /// Whether a row came that may be any cell's: then no cell is known to have none.
    pub(super) has_untold: bool,
    /// Cells for which a page had two rows.
    pub(super) repeated: FxHashSet<CellId>,
    /// Rows that came with the sentinel.
    besides: FxHashSet<CellId>,
    /// The id that the sentinel's row came with.
    sentinel: Option<u64>,
}

/// What follows a page, once there is no doubt left.
#[derive(PartialEq, Eq)]
enum PageEnd {
    Complete,
    AskOn,
}

/// A tile that is being asked for.
struct Asking<'a> {
    tile: &'a Tile,
    sentinel: Option<&'a Sentinel>,
    /// The tile's cells, and those that come with the sentinel.
    asked: Arc<Tile>,
    /// The rows of the tile that are cached: should one of the last of them not come, the page was cut.
    known: Vec<(u64, CellId)>,
    answer: TileAnswer,
    since_id: u64,
    /// The rows of the page before.
    previous: Option<usize>,
}

/// What a page turned out to be.
enum PageTurn {
    /// Nothing follows.
    End,
    /// More rows may follow.
    More,
    /// It makes no sense.
    Nonsense,
}

impl Flight {
    /// Asks for a tile, page after page.
    pub(super) async fn ask(&self, tile: &Tile, mut permit: Option<Permit>, company: Company) -> TileEnd {
        let sentinel = (company == Company::Sentinel)
            .then(|| self.shared.board.lock().proof().sentinel_of(tile))
            .flatten();
        if let Some(sentinel) = sentinel {
            let end = self.ask_pages(tile, Some(&sentinel), permit.take()).await;
            if !matches!(end, TileEnd::Refused) || *sentinel.asked == *tile {
                return end;
            }
            // Haravan may refuse the sentinel, whose variant was deleted: without it the tile is no suspect.
            let end = self.ask_pages(tile, None, None).await;
            if !matches!(end, TileEnd::Refused) {
                self.shared.board.lock().proof().sentinel_gone(sentinel.cell);
            }
            return end;
        }
        self.ask_pages(tile, None, permit).await
    }

    async fn ask_pages(
        &self,
        tile: &Tile,
        sentinel: Option<&Sentinel>,
        mut permit: Option<Permit>,
    ) -> TileEnd {
        let asked = sentinel.map_or_else(|| Arc::new(tile.clone()), |sentinel| Arc::clone(&sentinel.asked));
        let most_pages = asked.cells().saturating_add(1);
        let mut asking = Asking {
            tile,
            sentinel,
            asked,
            known: self.known_rows(tile),
            answer: TileAnswer::default(),
            since_id: 0,
            previous: None,
        };
        let mut cause = self.cause(permit.as_ref());
        // Every page but the last brings at least one cell.
        for number in 1..=most_pages {
            let call = InventoryCall { tile: Arc::clone(&asking.asked), since_id: asking.since_id };
            let (page, times) = match self.call(call, number, cause, permit.take()).await {
                Ok(page) => page,
                Err(CallEnd::Refused) => return TileEnd::Refused,
                Err(CallEnd::Denied) => return TileEnd::Denied,
                Err(CallEnd::Failed(reason)) => return TileEnd::Failed(asking.answer, reason),
            };
            match self.turn_page(&mut asking, page, times).await {
                PageTurn::End => return TileEnd::Answered(asking.answer),
                // A full page is known to go on; after a short one it is asked whether it was whole.
                PageTurn::More if asking.previous.is_some_and(|rows| MAX_PAGE <= rows) => {
                    cause = CallCause::Page;
                }
                PageTurn::More => cause = CallCause::Proof,
                PageTurn::Nonsense => break,
            }
        }
        TileEnd::Unpageable
    }

    /// Takes a page, and decides what follows.
    async fn turn_page(&self, asking: &mut Asking<'_>, page: InventoryPage, times: CallTimes) -> PageTurn {
        let sight = PageSight::of(&page, &asking.asked, asking.since_id);
        let PageSight { last_id, is_sorted, rows, .. } = sight;
        let rows_seen: Vec<_> = page.rows.iter().map(|row| (row.id, row.cell_id())).collect();
        let before = asking.answer.came_in_all();
        let repeated = asking.answer.take(page, times, asking.tile, asking.sentinel);
        sight.tell(&repeated, &self.shared.parts.oddities);
        let brought = asking.answer.came_in_all() - before;
        if let Some(length) = asking.previous.filter(|length| 0 < brought && *length < MAX_PAGE) {
            self.shared.distrust_pages_of(length);
        }
        let seen = PageSeen {
            rows,
            limit: MAX_PAGE,
            outstanding: asking.tile.cells() - asking.answer.came(),
            sentinel: if is_sorted { asking.sentinel_seen(last_id) } else { SentinelSeen::None },
            has_strangers: sight.has_foreign,
            known_row_missing: asking.misses_a_row_after(last_id),
            improbable: false,
            by_chance: 1.0,
            known_clamp: false,
        };
        let next = {
            let now = self.shared.parts.clock.now();
            let mut board = self.shared.board.lock();
            board.proof().saw_rows(rows_seen);
            board.proof().judge_page(seen, asking.tile, asking.answer.variants(), now)
        };
        // A row that may be any cell's comes again and again: what is still missing stays unknown.
        let is_in_vain = brought == 0 && asking.answer.has_untold;
        if is_in_vain || self.settle_doubts(next).await == PageEnd::Complete {
            self.complete(asking, seen);
            return PageTurn::End;
        }
        if !is_sorted || last_id <= asking.since_id || (brought == 0 && !sight.is_foreign) {
            return PageTurn::Nonsense;
        }
        asking.previous = (!sight.has_foreign).then_some(rows);
        asking.since_id = last_id;
        PageTurn::More
    }

    /// A tile is complete: learns from it.
    fn complete(&self, asking: &Asking<'_>, last_page: PageSeen) {
        let now = self.shared.parts.clock.now();
        let mut board = self.shared.board.lock();
        let proof = board.proof();
        if last_page.rows == 0
            && let Some(previous) = asking.previous
        {
            proof.page_proven(previous, now);
        }
        if let Some(sentinel) = asking.sentinel.filter(|_| asking.answer.sentinel.is_none())
            && 0 < last_page.outstanding
        {
            proof.sentinel_gone(sentinel.cell);
        }
        proof.tile_completed(asking.tile, asking.answer.came(), last_page);
    }

    /// Waits while later calls may tell whether a page was cut.
    async fn settle_doubts(&self, next: Next) -> PageEnd {
        let doubt = match next {
            Next::Complete => return PageEnd::Complete,
            Next::AskOn => return PageEnd::AskOn,
            Next::Doubtful(doubt) => doubt,
        };
        let _open = OpenDoubt::new(&self.shared);
        let _shown = trace::doubt();
        let opened = Instant::now();
        let patience = opened + self.shared.parts.call_timeout;
        loop {
            let ended = self.shared.call_ended.notified();
            let (next, more_doubts_may_come) = {
                let mut board = self.shared.board.lock();
                let next = board.resolve(doubt, self.shared.parts.clock.now());
                (next, board.proof().has_calls_in_flight())
            };
            match next {
                Next::AskOn if more_doubts_may_come && opened.elapsed() < GATHERING => {
                    let _ = tokio::time::timeout_at(opened + GATHERING, ended).await;
                }
                Next::Complete => return PageEnd::Complete,
                Next::Doubtful(_) => {
                    if tokio::time::timeout_at(patience, ended).await.is_err() {
                        return PageEnd::AskOn;
                    }
                }
                Next::AskOn => {
                    // One call that is known to bring more rows clears all doubts at once, and those to come.
                    let Some(witness) = Witness::called(&self.shared, doubt) else {
                        return PageEnd::AskOn;
                    };
                    let call = InventoryCall { tile: Arc::clone(&witness.tile), since_id: 0 };
                    if self.call(call, 1, CallCause::Proof, None).await.is_err() {
                        return PageEnd::AskOn;
                    }
                }
            }
        }
    }

    /// The rows of the tile that are cached: should one of the last of them not come, the page was cut.
    fn known_rows(&self, tile: &Tile) -> Vec<(u64, CellId)> {
        let mut known = Vec::new();
        for variant_id in &tile.variants {
            let Some(entry) = self.shared.parts.cache.get(*variant_id) else { continue };
            for packed in entry.cells() {
                if let Some(id) = packed.row_id()
                    && tile.locations.binary_search(&packed.loc_id()).is_ok()
                {
                    known.push((id.get(), CellId { variant_id: *variant_id, loc_id: packed.loc_id() }));
                }
            }
        }
        known
    }
}

impl Asking<'_> {
    /// Whether a row that is known beyond the page's end has not come.
    fn misses_a_row_after(&self, last_id: u64) -> bool {
        self.known.iter().any(|(id, cell)| last_id < *id && !self.answer.rows.contains_key(cell))
    }

    /// What became of the sentinel by the end of a page with this last id.
    fn sentinel_seen(&self, last_id: u64) -> SentinelSeen {
        match (self.sentinel, self.answer.sentinel) {
            (None, _) => SentinelSeen::None,
            (Some(_), None) => SentinelSeen::Missing,
            (Some(_), Some(id)) if last_id <= id => SentinelSeen::Last,
            (Some(_), Some(_)) => SentinelSeen::Passed,
        }
    }
}

impl TileAnswer {
    /// How many of the tile's cells came, readable or not.
    pub(super) fn came(&self) -> usize {
        self.rows.len() + self.unreadable.len()
    }

    /// The same with those that came with the sentinel.
    fn came_in_all(&self) -> usize {
        self.came() + self.besides.len()
    }

    /// The variants of the rows that came, one for each.
    fn variants(&self) -> impl ExactSizeIterator<Item = VariantId> {
        let cells: Vec<VariantId> =
            self.rows.keys().chain(&self.unreadable).map(|cell| cell.variant_id).collect();
        cells.into_iter()
    }

    /// Takes a page's rows; those for cells nobody asked for are ignored. Of two rows for one cell the one of the later
    /// page counts, since the balance was made anew between the two, and of one page the newer, if both can be read.
    /// Gives back the rows whose cell the page had a row for already.
    fn take(
        &mut self,
        page: InventoryPage,
        times: CallTimes,
        tile: &Tile,
        sentinel: Option<&Sentinel>,
    ) -> Vec<RowId> {
        self.calls = Some(self.calls.map_or(times, |first| first.until(times)));
        let mut repeated = Vec::new();
        let mut in_page = FxHashSet::default();
        for row in page.rows {
            let cell = row.cell_id();
            if !self.is_wanted(cell, row.id, tile, sentinel) {
                continue;
            }
            if !in_page.insert(cell) {
                repeated.push(row.id);
                self.repeated.insert(cell);
            }
            if self.unreadable.contains(&cell) {
                continue;
            }
            let older = self.rows.get(&cell).is_some_and(|(known, page)| {
                let (known, new) = (page.orders(known.updated_at), times.orders(row.updated_at));
                *page == times && known.zip(new).is_some_and(|(known, new)| new < known)
            });
            if !older {
                self.rows.insert(cell, (row, times));
            }
        }
        for row in page.unreadable {
            match row.cell {
                None => self.has_untold = true,
                // Which of two rows counts cannot be told if one of them cannot be read.
                Some(cell) if tile.contains(cell.variant_id, cell.loc_id) => {
                    self.rows.remove(&cell);
                    self.unreadable.insert(cell);
                }
                Some(cell) => {
                    if sentinel.is_some_and(|with| with.asked.contains(cell.variant_id, cell.loc_id)) {
                        self.besides.insert(cell);
                    }
                }
            }
        }
        repeated
    }

    /// Whether a row is of the tile; notes it if it came with the sentinel.
    fn is_wanted(&mut self, cell: CellId, id: RowId, tile: &Tile, sentinel: Option<&Sentinel>) -> bool {
        let Some(sentinel) = sentinel else { return tile.contains(cell.variant_id, cell.loc_id) };
        if sentinel.cell == cell {
            self.sentinel = Some(id.get());
        }
        let is_wanted = tile.contains(cell.variant_id, cell.loc_id);
        if !is_wanted && sentinel.asked.contains(cell.variant_id, cell.loc_id) {
            self.besides.insert(cell);
        }
        is_wanted
    }
}

/// Halves a tile along its longer axis; none if it is a single cell.
pub(super) fn split(tile: &Tile) -> Option<(Tile, Tile)> {
    let (variants, locations) = (tile.variants.len(), tile.locations.len());
    if locations <= variants {
        let (first, second) = tile.variants.split_at_checked(variants / 2)?;
        let half =
            |ids: &[VariantId]| Tile { variants: ids.to_vec(), locations: Arc::clone(&tile.locations) };
        (!first.is_empty()).then(|| (half(first), half(second)))
    } else {
        let (first, second) = tile.locations.split_at_checked(locations / 2)?;
        let half = |ids: &[_]| Tile { variants: tile.variants.clone(), locations: Arc::from(ids) };
        (!first.is_empty()).then(|| (half(first), half(second)))
    }
}
