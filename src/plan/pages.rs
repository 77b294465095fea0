//! When a tile's pages are all there: the page-end rule.
//!
//! Haravan may clamp `limit` without a word, at any time (live). So a page that is shorter than asked for ends a
//! tile only if its length cannot be a clamp's.

use super::MAX_PAGE;

/// Page lengths remembered as evidence.
const REMEMBERED: usize = 8;

/// What follows a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The tile is complete: what did not come has no row.
    Complete,
    /// More rows may follow.
    AskOn,
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

/// The lengths of the pages a shop sent lately.
#[derive(Debug, Clone, Default)]
pub struct PageLengths {
    recent: std::collections::VecDeque<usize>,
}

impl PageLengths {
    /// Decides what follows a page, and remembers its length.
    pub fn judge(&mut self, page: PageSeen) -> Next {
        let next = if page.outstanding == 0 || page.rows == 0 {
            Next::Complete
        } else if MAX_PAGE <= page.rows
            || page.known_row_missing
            || page.improbable
            || self.could_be_a_clamp(page.rows)
        {
            Next::AskOn
        } else {
            Next::Complete
        };
        if 0 < page.rows {
            if self.recent.len() == REMEMBERED {
                self.recent.pop_front();
            }
            self.recent.push_back(page.rows);
        }
        next
    }

    /// Whether pages may be cut at this length: a clamp is a round number, or one that pages come up to again
    /// and never exceed.
    fn could_be_a_clamp(&self, rows: usize) -> bool {
        is_round(rows) || (self.recent.contains(&rows) && self.recent.iter().all(|length| *length <= rows))
    }
}

/// Whether somebody might have chosen this number as a limit.
fn is_round(rows: usize) -> bool {
    rows.is_multiple_of(25)
        || (rows.is_multiple_of(10) && rows <= 100)
        || (rows.is_power_of_two() && 16 <= rows)
}

#[cfg(test)]
mod tests {
    use super::{Next, PageLengths, PageSeen};

    fn page(rows: usize) -> PageSeen {
        PageSeen { rows, outstanding: 1_000, known_row_missing: false, improbable: false }
    }

    #[test]
    fn a_full_page_is_followed_by_another() {
        assert_eq!(PageLengths::default().judge(page(250)), Next::AskOn);
    }

    #[test]
    fn a_short_page_of_an_odd_length_ends_the_tile() {
        assert_eq!(PageLengths::default().judge(page(137)), Next::Complete);
    }

    #[test]
    fn an_empty_page_ends_the_tile() {
        assert_eq!(PageLengths::default().judge(page(0)), Next::Complete);
    }

    #[test]
    fn a_tile_whose_cells_all_came_is_complete_whatever_the_length() {
        let seen = PageSeen { rows: 250, outstanding: 0, ..page(250) };
        assert_eq!(PageLengths::default().judge(seen), Next::Complete);
    }

    #[test]
    fn a_round_length_may_be_a_clamp_even_after_longer_pages() {
        let mut lengths = PageLengths::default();
        lengths.judge(page(250));
        for rows in [10, 50, 64, 75, 100, 128, 200] {
            assert_eq!(lengths.judge(page(rows)), Next::AskOn, "{rows}");
        }
    }

    #[test]
    fn a_length_that_returns_and_is_never_exceeded_may_be_a_clamp() {
        let mut lengths = PageLengths::default();
        assert_eq!(lengths.judge(page(37)), Next::Complete);
        assert_eq!(lengths.judge(page(12)), Next::Complete);
        assert_eq!(lengths.judge(page(37)), Next::AskOn);
        assert_eq!(lengths.judge(page(41)), Next::Complete);
        assert_eq!(lengths.judge(page(37)), Next::Complete);
    }

    #[test]
    fn a_known_row_that_did_not_come_makes_a_short_page_suspicious() {
        let seen = PageSeen { known_row_missing: true, ..page(37) };
        assert_eq!(PageLengths::default().judge(seen), Next::AskOn);
    }

    #[test]
    fn a_page_that_is_improbably_short_is_not_believed() {
        let seen = PageSeen { improbable: true, ..page(37) };
        assert_eq!(PageLengths::default().judge(seen), Next::AskOn);
    }
}
