//! When a tile's pages are all there: the page-end rule.
//!
//! Haravan may clamp `limit` without a word, at any time and to any length (live). So a tile ends when all its
//! cells came or a page came empty; a page that is shorter than asked for ends it only once a clamp of that length
//! is refuted. A longer page does that if it was asked for *after* the short one came: a clamp that had begun would
//! have cut it too. Pages asked for before prove nothing, however long: the clamp may have begun since. If no
//! longer page comes, one more call tells: the tile's next page, or a [`witness`](super::witness) for several.
//!
//! No clamp that stays, whatever its length and whenever it begins, loses a row. What cannot be told from outside
//! is a clamp that cuts a page and is gone, or is wider, when the next call arrives: then the longer page that
//! clears the doubt says nothing about the one before. Two things catch most of those: a row that is known and did
//! not come, and a page far shorter than the shop's density promises, are asked after whatever else came.

use std::collections::{BTreeSet, VecDeque};

use super::MAX_PAGE;

/// Later pages, none of them longer, after which a doubt is put to Haravan. Source: ours; of pages of like lengths
/// one in so many is that long, and costs a call, so that a long sweep pays some 4 %.
const PATIENCE: usize = 24;

/// Pages remembered as evidence: more than a doubt waits for, since its flight may look late.
const REMEMBERED: usize = 2 * PATIENCE;

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
}

impl Doubt {
    /// Whether a page of so many rows would clear it.
    #[must_use]
    pub fn is_below(&self, rows: usize) -> bool {
        self.rows < rows
    }

    /// Whether the page had come before this call was sent.
    #[must_use]
    pub fn is_older_than(&self, call: CallNumber) -> bool {
        self.sent_before < call
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
    /// Whether pages of this length are known to be cut.
    pub known_clamp: bool,
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

    /// The number that the next call will have.
    #[must_use]
    pub fn next_call(&self) -> CallNumber {
        self.sent + 1
    }

    /// How many calls are under way.
    #[must_use]
    pub fn calls_in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// Decides what follows a page; its own call has ended already.
    #[must_use]
    pub fn judge(&self, page: PageSeen) -> Next {
        if page.outstanding == 0 || page.rows == 0 {
            Next::Complete
        } else if MAX_PAGE <= page.rows || page.known_row_missing || page.improbable || page.known_clamp {
            Next::AskOn
        } else {
            Next::Doubtful(Doubt { rows: page.rows, sent_before: self.sent })
        }
    }

    /// Decides a doubt by what came since; stays [`Next::Doubtful`] while there is evidence to wait for.
    /// `more_to_send` tells whether calls will be sent in any case.
    #[must_use]
    pub fn resolve(&self, doubt: Doubt, more_to_send: bool) -> Next {
        let later = || self.recent.iter().filter(|(call, _)| doubt.is_older_than(*call));
        if later().any(|(_, rows)| doubt.is_below(*rows)) {
            return Next::Complete;
        }
        let more_comes = more_to_send || self.in_flight.range(doubt.sent_before + 1..).next().is_some();
        if more_comes && later().count() < PATIENCE { Next::Doubtful(doubt) } else { Next::AskOn }
    }
}

#[cfg(test)]
mod tests;
