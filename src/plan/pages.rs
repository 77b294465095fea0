//! When a tile's pages are all there: the page-end rule.
//!
//! Haravan may clamp `limit` without a word, at any time (live). So a page that is shorter than asked for ends a
//! tile only if its length cannot be a clamp's. Where it could, a longer page that was asked for *later* clears
//! the doubt for free: a clamp that had begun would have cut that one too. If none comes, one more call tells.

use std::collections::{BTreeSet, VecDeque};

use super::MAX_PAGE;

/// Pages remembered as evidence.
const REMEMBERED: usize = 8;

/// Later pages, none of them longer, after which a doubt is put to Haravan.
const PATIENCE: usize = 6;

/// A call, numbered in the order of sending.
pub type CallNumber = u64;

/// What follows a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The tile is complete: what did not come has no row.
    Complete,
    /// More rows may follow: ask for them.
    AskOn,
    /// Nobody can tell yet: see what the calls bring that are sent from now on.
    Doubtful(Doubt),
}

/// A page that may have been cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Doubt {
    rows: usize,
    /// Calls up to this one had been sent when the page came: they prove nothing.
    sent_before: CallNumber,
    /// Whether to ask, rather than to believe, if no evidence comes.
    is_strong: bool,
}

impl Doubt {
    /// Whether a page of so many rows would clear it.
    #[must_use]
    pub fn is_below(&self, rows: usize) -> bool {
        self.rows < rows
    }
}

/// What a page looked like, as far as the rule cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageSeen {
    /// Rows in the page.
    pub rows: usize,
    /// Cells of the tile that have not come yet.
    pub outstanding: usize,
    /// Whether a row once known beyond the page's end has not come.
    pub known_row_missing: bool,
    /// Whether the shop's density makes so few rows hard to believe.
    pub improbable: bool,
}

/// The pages a shop sent lately, and the calls that may bring more.
#[derive(Debug, Clone, Default)]
pub struct PageLengths {
    sent: CallNumber,
    in_flight: BTreeSet<CallNumber>,
    recent: VecDeque<(CallNumber, usize)>,
}

impl PageLengths {
    /// A call is sent.
    pub fn call_sent(&mut self) -> CallNumber {
        self.sent += 1;
        self.in_flight.insert(self.sent);
        self.sent
    }

    /// A call ended, with a page of so many rows or without one.
    pub fn call_ended(&mut self, call: CallNumber, rows: Option<usize>) {
        self.in_flight.remove(&call);
        if let Some(rows) = rows.filter(|rows| 0 < *rows) {
            if self.recent.len() == REMEMBERED {
                self.recent.pop_front();
            }
            self.recent.push_back((call, rows));
        }
    }

    /// Whether calls are under way.
    #[must_use]
    pub fn has_calls_in_flight(&self) -> bool {
        !self.in_flight.is_empty()
    }

    /// Decides what follows a page; its own call has ended already.
    #[must_use]
    pub fn judge(&self, page: PageSeen) -> Next {
        if page.outstanding == 0 || page.rows == 0 {
            return Next::Complete;
        }
        if MAX_PAGE <= page.rows || page.known_row_missing || page.improbable || self.is_plateau(page.rows) {
            return Next::AskOn;
        }
        let doubt = |is_strong| Doubt { rows: page.rows, sent_before: self.sent, is_strong };
        if is_round(page.rows) {
            Next::Doubtful(doubt(true))
        } else if 1 < self.recent.iter().filter(|(_, rows)| *rows == page.rows).count() {
            Next::Doubtful(doubt(false))
        } else {
            Next::Complete
        }
    }

    /// Decides a doubt by what came since; stays [`Next::Doubtful`] while there is evidence to wait for.
    /// `more_to_send` tells whether cells wait for calls.
    #[must_use]
    pub fn resolve(&self, doubt: Doubt, more_to_send: bool) -> Next {
        let later = || self.recent.iter().filter(|(call, _)| doubt.sent_before < *call);
        if later().any(|(_, rows)| doubt.rows < *rows) {
            Next::Complete
        } else if later().any(|(_, rows)| doubt.rows == *rows) || PATIENCE <= later().count() {
            if doubt.is_strong || later().any(|(_, rows)| doubt.rows == *rows) {
                Next::AskOn
            } else {
                Next::Complete
            }
        } else if more_to_send || self.in_flight.range(doubt.sent_before + 1..).next().is_some() {
            Next::Doubtful(doubt)
        } else if doubt.is_strong {
            Next::AskOn
        } else {
            Next::Complete
        }
    }

    /// Whether pages lately come up to this length, again and again, and never exceed it.
    fn is_plateau(&self, rows: usize) -> bool {
        // The page itself is one of the recent ones; not the last, if another came before it was judged.
        let earlier = self.recent.len().saturating_sub(1);
        let equal = self.recent.iter().filter(|(_, length)| *length == rows).count().saturating_sub(1);
        0 < equal && earlier <= 2 * equal && self.recent.iter().all(|(_, length)| *length <= rows)
    }
}

/// Whether somebody might have chosen this number as a limit.
fn is_round(rows: usize) -> bool {
    rows.is_multiple_of(25) || (rows.is_multiple_of(10) && rows <= 100) || [64, 128].contains(&rows)
}

#[cfg(test)]
mod tests {
    use super::{Doubt, Next, PageLengths, PageSeen};

    /// A tile's page and what was seen of the shop's pages before.
    #[derive(Default)]
    struct Shop {
        lengths: PageLengths,
    }

    impl Shop {
        fn page(&mut self, rows: usize) -> Next {
            self.judge(PageSeen { rows, outstanding: 1_000, known_row_missing: false, improbable: false })
        }

        fn judge(&mut self, page: PageSeen) -> Next {
            let call = self.lengths.call_sent();
            self.lengths.call_ended(call, Some(page.rows));
            self.lengths.judge(page)
        }

        #[track_caller]
        fn doubt(&mut self, rows: usize) -> Doubt {
            match self.page(rows) {
                Next::Doubtful(doubt) => doubt,
                next => panic!("{next:?}"),
            }
        }
    }

    const PAGE: PageSeen =
        PageSeen { rows: 37, outstanding: 10, known_row_missing: false, improbable: false };

    #[test]
    fn a_full_page_is_followed_by_another() {
        assert_eq!(Shop::default().page(250), Next::AskOn);
    }

    #[test]
    fn a_page_is_no_evidence_for_itself_when_another_comes_before_it_is_judged() {
        let mut lengths = PageLengths::default();
        let (first, second) = (lengths.call_sent(), lengths.call_sent());
        lengths.call_ended(first, Some(48));
        lengths.call_ended(second, Some(36));
        assert_eq!(lengths.judge(PageSeen { rows: 48, ..PAGE }), Next::Complete);
    }

    #[test]
    fn a_short_page_of_an_odd_length_ends_the_tile() {
        assert_eq!(Shop::default().page(137), Next::Complete);
    }

    #[test]
    fn an_empty_page_ends_the_tile() {
        assert_eq!(Shop::default().page(0), Next::Complete);
    }

    #[test]
    fn a_tile_whose_cells_all_came_is_complete_whatever_the_length() {
        assert_eq!(Shop::default().judge(PageSeen { rows: 250, outstanding: 0, ..PAGE }), Next::Complete);
    }

    #[test]
    fn a_round_length_is_put_to_haravan_when_nothing_else_can_tell() {
        for rows in [10, 50, 64, 75, 100, 128, 200] {
            let mut shop = Shop::default();
            shop.page(250);
            let doubt = shop.doubt(rows);
            assert_eq!(shop.lengths.resolve(doubt, false), Next::AskOn, "{rows}");
        }
    }

    #[test]
    fn a_longer_page_that_was_asked_for_later_clears_a_doubt() {
        let mut shop = Shop::default();
        let asked_before = shop.lengths.call_sent();
        let doubt = shop.doubt(50);
        shop.lengths.call_ended(asked_before, Some(120));
        assert_eq!(shop.lengths.resolve(doubt, true), Next::Doubtful(doubt), "it was asked for before");
        shop.page(51);
        assert_eq!(shop.lengths.resolve(doubt, true), Next::Complete);
    }

    #[test]
    fn a_doubt_waits_while_calls_are_under_way_but_not_for_ever() {
        let mut shop = Shop::default();
        let doubt = shop.doubt(50);
        let later = shop.lengths.call_sent();
        assert_eq!(shop.lengths.resolve(doubt, false), Next::Doubtful(doubt));
        shop.lengths.call_ended(later, Some(11));
        for rows in 12..17 {
            assert_eq!(shop.lengths.resolve(doubt, true), Next::Doubtful(doubt));
            shop.page(rows);
        }
        assert_eq!(shop.lengths.resolve(doubt, true), Next::AskOn);
    }

    #[test]
    fn a_later_page_of_the_same_length_confirms_a_doubt() {
        let mut shop = Shop::default();
        let doubt = shop.doubt(50);
        let later = shop.lengths.call_sent();
        shop.lengths.call_ended(later, Some(50));
        assert_eq!(shop.lengths.resolve(doubt, true), Next::AskOn);
    }

    #[test]
    fn a_length_seen_before_is_doubted_where_that_costs_nothing() {
        let mut shop = Shop::default();
        for rows in [37, 90, 41] {
            shop.page(rows);
        }
        let doubt = shop.doubt(37);
        assert_eq!(shop.lengths.resolve(doubt, false), Next::Complete);
        assert_eq!(shop.lengths.resolve(doubt, true), Next::Doubtful(doubt));
    }

    #[test]
    fn a_length_that_pages_come_up_to_and_never_exceed_is_a_clamp() {
        let mut shop = Shop::default();
        assert_eq!(shop.page(37), Next::Complete);
        assert_eq!(shop.page(37), Next::AskOn);
        assert_eq!(shop.page(12), Next::Complete);
        assert_eq!(shop.page(37), Next::AskOn);
        assert_eq!(shop.page(41), Next::Complete);
        assert!(matches!(shop.page(37), Next::Doubtful(_)));
    }

    #[test]
    fn a_known_row_that_did_not_come_makes_a_short_page_suspicious() {
        assert_eq!(Shop::default().judge(PageSeen { known_row_missing: true, ..PAGE }), Next::AskOn);
    }

    #[test]
    fn a_page_that_is_improbably_short_is_not_believed() {
        assert_eq!(Shop::default().judge(PageSeen { improbable: true, ..PAGE }), Next::AskOn);
    }
}
