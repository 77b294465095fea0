//! Reads a tile page by page: what is asked for, what is taken of each page, and when the tile is complete.

use std::cmp::Reverse;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::answer::TileAnswer;
use super::page_end::{OpenShortPage, Probe};
use super::page_view::PageView;
use super::{Flight, NoPage};
use crate::cache::Cache;
use crate::cache::order::CallTimes;
use crate::domain::cell::{CellId, MissingReason};
use crate::governor::Permit;
use crate::haravan::{CallCause, InventoryCall, InventoryPage};
use crate::plan::page_end::rule::{Next, PageSeen, SentinelSeen};
use crate::plan::page_end::sentinel::Sentinel;
use crate::plan::{MAX_PAGE, Tile};
use crate::query::{Direction, Order};
use crate::trace;

/// How long a doubt waits for others that the same probe could settle, while calls are under way. Source: ours; about
/// the difference between calls that are sent together.
const GATHERING: Duration = Duration::from_millis(100);

/// Whether a sentinel may be added to a tile, to prove its page whole.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Company {
    /// Yes, if one fits.
    Sentinel,
    /// No: ids are suspected, or pages made no sense.
    None,
}

/// What came of a tile.
pub(super) enum TileEnd {
    /// Every cell was answered.
    Answered(TileAnswer),
    /// Haravan refused the ids.
    Refused,
    /// Too many calls were refused. Nothing is known of the cells that did not come.
    Denied,
    /// The pages make no sense. Ask for less at once.
    Unpageable,
    /// It failed for this reason, after these rows came.
    Failed(TileAnswer, MissingReason),
}

/// What follows a page, once there is no doubt left.
#[derive(PartialEq, Eq)]
enum PageEnd {
    Complete,
    AskOn,
}

/// A tile that is being asked for.
pub(super) struct Asking<'a> {
    tile: &'a Tile,
    sentinel: Option<&'a Sentinel>,
    /// The next call: for the tile's cells, and those that come with the sentinel.
    call: InventoryCall,
    /// The number of rows that are wanted. `None` if all are.
    wanted: Option<usize>,
    /// Whether only some of the tile's rows are asked for. Their number says nothing of the shop's density.
    is_part: bool,
    /// The rows of the tile that are cached. If one of the last of them does not come, the page was cut.
    known: Vec<(u64, CellId)>,
    pub(super) answer: TileAnswer,
    /// The length of the page before, if it was a short one.
    previous: Option<usize>,
}

/// How a walk through pages ended.
pub(super) enum Walk {
    /// Every row came.
    Complete,
    /// As many rows came as are wanted.
    Full,
    /// Haravan refused the ids.
    Refused,
    /// Too many calls were refused.
    Denied,
    /// The pages make no sense.
    Unpageable,
    /// It failed for this reason.
    Failed(MissingReason),
}

/// What a page turned out to be.
enum PageTurn {
    /// Nothing follows.
    End,
    /// As many rows came as are wanted.
    Full,
    /// More rows may follow.
    More,
    /// It makes no sense.
    Nonsense,
}

impl Flight {
    /// Asks for a tile, page after page.
    pub(super) async fn ask(&self, tile: &Tile, mut permit: Option<Permit>, company: Company) -> TileEnd {
        let sentinel = (company == Company::Sentinel)
            .then(|| self.shared.state.lock().learnt.pages.sentinel_of(tile))
            .flatten();
        if let Some(sentinel) = sentinel {
            let end = self.ask_pages(tile, Some(&sentinel), permit.take()).await;
            if !matches!(end, TileEnd::Refused) || *sentinel.asked == *tile {
                return end;
            }
            // Haravan may refuse the sentinel, whose variant may be deleted. Ask without it before suspecting the tile.
            let end = self.ask_pages(tile, None, None).await;
            if !matches!(end, TileEnd::Refused) {
                self.shared.state.lock().learnt.pages.sentinel_gone(sentinel.cell);
            }
            return end;
        }
        self.ask_pages(tile, None, permit).await
    }

    async fn ask_pages(&self, tile: &Tile, sentinel: Option<&Sentinel>, permit: Option<Permit>) -> TileEnd {
        let asked = sentinel.map_or_else(|| Arc::new(tile.clone()), |sentinel| Arc::clone(&sentinel.asked));
        let mut asking = Asking {
            tile,
            sentinel,
            call: InventoryCall::after(asked, 0),
            wanted: None,
            is_part: false,
            known: known_rows(&self.shared.parts.cache, tile),
            answer: TileAnswer::default(),
            previous: None,
        };
        match self.walk(&mut asking, permit).await {
            Walk::Complete | Walk::Full => TileEnd::Answered(asking.answer),
            Walk::Refused => TileEnd::Refused,
            Walk::Denied => TileEnd::Denied,
            Walk::Unpageable => TileEnd::Unpageable,
            Walk::Failed(reason) => TileEnd::Failed(asking.answer, reason),
        }
    }

    /// What a window asks for.
    pub(super) fn asking_for<'a>(&self, tile: &'a Tile, call: &InventoryCall) -> Asking<'a> {
        // Rows that did not change lately do not come.
        let known = if call.updated_at_min.is_none() {
            known_rows(&self.shared.parts.cache, tile)
        } else {
            Vec::new()
        };
        Asking {
            tile,
            sentinel: None,
            call: call.clone(),
            wanted: Some(call.limit),
            is_part: 0 < call.since_id || call.updated_at_min.is_some(),
            known,
            answer: TileAnswer::default(),
            previous: None,
        }
    }

    /// Asks page after page.
    pub(super) async fn walk(&self, asking: &mut Asking<'_>, mut permit: Option<Permit>) -> Walk {
        let mut cause = self.cause(permit.as_ref());
        // Every page but the last brings at least one cell.
        for number in 1..=asking.call.tile.cells().saturating_add(1) {
            let (page, times) = match self.call(asking.call.clone(), number, cause, permit.take()).await {
                Ok(page) => page,
                Err(NoPage::Refused) => return Walk::Refused,
                Err(NoPage::Denied) => return Walk::Denied,
                Err(NoPage::Failed(reason)) => return Walk::Failed(reason),
            };
            match self.turn_page(asking, page, times).await {
                PageTurn::End => return Walk::Complete,
                PageTurn::Full => return Walk::Full,
                // More follows a full page. After a short one, the call asks whether it was whole.
                PageTurn::More if asking.previous.is_none() => cause = CallCause::Page,
                PageTurn::More => cause = CallCause::Proof,
                PageTurn::Nonsense => return Walk::Unpageable,
            }
        }
        Walk::Unpageable
    }

    /// Takes a page, and decides what follows.
    async fn turn_page(&self, asking: &mut Asking<'_>, page: InventoryPage, times: CallTimes) -> PageTurn {
        let view = PageView::of(&page, &asking.call.tile, asking.call.since_id);
        let PageView { last_id, is_sorted, rows, .. } = view;
        let (is_ordered, limit) = (is_ordered(&page, &asking.call), asking.call.limit);
        let rows_seen: Vec<_> = page.rows.iter().map(|row| (row.id, row.cell_id())).collect();
        let before = asking.answer.came_in_all();
        let repeated = asking.answer.take(page, times, asking.tile, asking.sentinel);
        view.report(&repeated, &self.shared.parts.oddities);
        let brought = asking.answer.came_in_all() - before;
        if let Some(length) = asking.previous.filter(|length| 0 < brought && *length < MAX_PAGE) {
            self.shared.recheck_pages_of(length);
        }
        let is_full = asking.wanted.is_some_and(|wanted| wanted <= asking.answer.came());
        if is_full || !asking.call.is_by_id() && limit <= rows {
            self.shared.state.lock().learnt.pages.saw_rows(rows_seen);
            return if is_full && is_ordered { PageTurn::Full } else { PageTurn::Nonsense };
        }
        let seen = PageSeen {
            rows,
            limit,
            outstanding: asking.tile.cells() - asking.answer.came(),
            sentinel: if is_sorted { asking.sentinel_seen(last_id) } else { SentinelSeen::None },
            has_foreign: view.has_foreign,
            known_row_missing: asking.misses_a_row_after(last_id),
            improbable: false,
            by_chance: 1.0,
            known_clamp: false,
        };
        let next = {
            let now = self.shared.parts.clock.now();
            let mut state = self.shared.state.lock();
            state.learnt.pages.saw_rows(rows_seen);
            if asking.is_part {
                state.learnt.pages.judge_part(seen, now)
            } else {
                state.learnt.pages.judge_page(seen, asking.tile, asking.answer.variants(), now)
            }
        };
        // A row that may be any cell's comes again and again: cells that are still missing stay unknown.
        let is_in_vain = brought == 0 && asking.answer.has_untold;
        if is_in_vain || self.settle_doubts(next).await == PageEnd::Complete {
            self.learn_from(asking, seen);
            return PageTurn::End;
        }
        let goes_on = asking.call.is_by_id() && is_sorted && asking.call.since_id < last_id;
        if !goes_on || (brought == 0 && !view.is_foreign) {
            return PageTurn::Nonsense;
        }
        asking.previous = (!view.has_foreign && rows < limit).then_some(rows);
        asking.call.since_id = last_id;
        if let Some(wanted) = asking.wanted {
            asking.call.limit = wanted.saturating_sub(asking.answer.came()).clamp(1, MAX_PAGE);
        }
        PageTurn::More
    }

    /// Learns from a tile that is complete.
    fn learn_from(&self, asking: &Asking<'_>, last_page: PageSeen) {
        let now = self.shared.parts.clock.now();
        let mut state = self.shared.state.lock();
        let pages = &mut state.learnt.pages;
        if last_page.rows == 0
            && let Some(previous) = asking.previous
        {
            pages.page_proven(previous, now);
        }
        if let Some(sentinel) = asking.sentinel.filter(|_| asking.answer.sentinel.is_none())
            && 0 < last_page.outstanding
        {
            pages.sentinel_gone(sentinel.cell);
        }
        if !asking.is_part {
            pages.tile_completed(asking.tile, asking.answer.came(), last_page);
        }
    }

    /// Waits while later calls may show whether a page was cut.
    async fn settle_doubts(&self, next: Next) -> PageEnd {
        let doubt = match next {
            Next::Complete => return PageEnd::Complete,
            Next::AskOn => return PageEnd::AskOn,
            Next::Doubtful(doubt) => doubt,
        };
        let _open = OpenShortPage::new(&self.shared);
        let _shown = trace::doubt();
        let opened = Instant::now();
        let patience = opened + self.shared.parts.call_timeout;
        loop {
            let ended = self.shared.call_ended.notified();
            let (next, more_doubts_may_come) = {
                let state = self.shared.state.lock();
                let next = state.resolve(doubt, self.shared.parts.clock.now());
                (next, state.learnt.pages.has_calls_in_flight())
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
                Next::AskOn if doubt.is_suspicious() => return PageEnd::AskOn,
                Next::AskOn => {
                    // One call that is known to bring more rows settles all doubts at once, and later ones.
                    let Some(probe) = Probe::send(&self.shared, doubt) else {
                        return PageEnd::AskOn;
                    };
                    let call = InventoryCall::after(Arc::clone(&probe.tile), 0);
                    if self.call(call, 1, CallCause::Proof, None).await.is_err() {
                        return PageEnd::AskOn;
                    }
                }
            }
        }
    }
}

impl Asking<'_> {
    /// Whether a known row beyond the page's end has not come.
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

/// The rows of the tile that are cached. If one of the last of them does not come, the page was cut.
fn known_rows(cache: &Cache, tile: &Tile) -> Vec<(u64, CellId)> {
    let mut known = Vec::new();
    for variant_id in &tile.variants {
        let Some(entry) = cache.get(*variant_id) else { continue };
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

/// Whether a page's rows came in the order that was asked for.
fn is_ordered(page: &InventoryPage, call: &InventoryCall) -> bool {
    let rows = &page.rows;
    match (call.order, call.direction) {
        (Order::Id, Direction::Ascending) => rows.is_sorted_by_key(|row| row.id),
        (Order::Id, Direction::Descending) => rows.is_sorted_by_key(|row| Reverse(row.id)),
        (Order::UpdatedAt, Direction::Ascending) => rows.is_sorted_by_key(|row| row.updated_at),
        (Order::UpdatedAt, Direction::Descending) => rows.is_sorted_by_key(|row| Reverse(row.updated_at)),
    }
}
