//! When a tile's pages are all there: the page-end rule.
//!
//! Haravan may clamp `limit` without a word, at any time and to any length (live). So a tile ends for certain only
//! when all its cells came or a page came empty. Any other short page is believed if something shows that no clamp
//! cut it, and nothing speaks against it; otherwise one call asks on. What shows it, in the order of its worth:
//!
//! - The [`sentinel`](super::sentinel): rows come in the order of their ids, so with the highest known one every
//!   other came. That costs nothing.
//! - Evidence: a longer page came within the last ten minutes, or one of the same length that was proven whole. The
//!   longest page of all is believed if others of many lengths came before it, and none of its own.
//! - A longer page that comes later, or one [`probe`](super::probe) call for many doubts.
//!
//! What speaks against a page: a known row that did not come, far fewer rows than the shop's density promises, a length
//! that Haravan is known to clamp other resources to, and a length that pages end in again and again with none longer
//! in between. The last two are cleared by longer pages that are asked for later, if such are to be sent in any case.
//! Where Haravan adds rows that were not asked for, a page's length says nothing at all.
//!
//! No clamp to a multiple of 50 loses a row, whenever it begins. A clamp to another length may cut pages unnoticed
//! where no sentinel fits, until what speaks against them is plain; then they are taken back and asked again.

#![expect(
    clippy::float_arithmetic,
    reason = "chances decide whether to ask once more, never what an answer says"
)]

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use crate::clock::Moment;
use crate::plan::MAX_PAGE;

/// Later pages, none of them longer, after which a doubt is put to Haravan. Source: ours.
const PATIENCE: usize = 24;

/// Pages remembered for what came after a doubt: more than a doubt waits for, since its flight may look late.
const REMEMBERED: usize = 2 * PATIENCE;

/// Later pages that do not clear a page whose length speaks against it, after which it is put to Haravan. Source: ours;
/// two seconds of a shop's calls.
const PATIENCE_WITH_SUSPICIOUS: usize = 8;

/// Longer pages, asked for later, that clear a page whose length speaks against it. Source: ours; one would do, but for a
/// clamp that has just ended.
const LONGER_FOR_SUSPICIOUS: usize = 2;

/// Pages of as many lengths show that no clamp is in force: then a page that is longer than all of them is believed.
/// Source: ours.
const VARIED: usize = 8;

/// How long a page is evidence for shorter ones. Source: ours; a clamp is noticed within this time in any case.
const EVIDENCE_LASTS: Duration = Duration::from_secs(600);

/// Haravan clamps other resources to these multiples. Source: live (50, on `products.json`).
const USUAL_CLAMP: usize = 50;

/// Pages end in one length by chance alone as rarely as this before it counts as a clamp. Source: ours; of pages
/// whose lengths vary one in some hundreds costs a call.
const BY_CHANCE: f32 = 0.001;

/// How much more patient each call makes that refuted such a suspicion: a shop may be regular.
const REFUTED: f32 = 0.01;

/// A call, numbered in the order of sending.
pub type CallNumber = u64;

/// What follows a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The tile is complete: what did not come has no row.
    Complete,
    /// More rows may follow: ask for them.
    AskOn,
    /// It is not known yet: see what the calls bring that are sent from now on.
    Doubtful(Doubt),
}

/// A page that may have been cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Doubt {
    rows: usize,
    /// Calls up to this one had been sent when the page came: they prove nothing.
    sent_before: CallNumber,
    /// Its length speaks against it: no page that was asked for before is evidence, and one probe is not enough.
    is_suspicious: bool,
}

impl Doubt {
    /// Whether a page with this many rows would clear it.
    #[must_use]
    pub fn is_below(&self, rows: usize) -> bool {
        self.rows < rows
    }

    /// Whether its length speaks against it: then a probe is not enough.
    #[must_use]
    pub fn is_suspicious(&self) -> bool {
        self.is_suspicious
    }

    /// Whether the page had come before this call was sent.
    #[must_use]
    pub fn is_older_than(&self, call: CallNumber) -> bool {
        self.sent_before < call
    }
}

/// What became of a tile's sentinel by the end of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SentinelSeen {
    /// None was asked for.
    None,
    /// It did not come.
    Missing,
    /// Its row came last: a clamp would have had to cut right behind it.
    Last,
    /// Its row came, and rows after it that are newer than any known.
    Passed,
}

/// What a page looked like, as far as the rule cares.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PageSeen {
    /// Rows in the page.
    pub rows: usize,
    /// Rows asked for.
    pub limit: usize,
    /// Cells of the tile that have not come yet.
    pub outstanding: usize,
    /// The sentinel.
    pub sentinel: SentinelSeen,
    /// Whether it holds rows that were not asked for.
    pub has_foreign: bool,
    /// Whether a row once known beyond the page's end has not come.
    pub known_row_missing: bool,
    /// Whether the shop's density makes so few rows hard to believe.
    pub improbable: bool,
    /// How probable exactly this number of rows is, if there are at least as many.
    pub by_chance: f32,
    /// Whether pages of this length are known to be cut.
    pub known_clamp: bool,
}

/// The pages a shop sent lately, and the calls that may bring more.
#[derive(Debug, Clone, Default)]
pub struct PageLengths {
    sent: CallNumber,
    in_flight: BTreeSet<CallNumber>,
    recent: VecDeque<(CallNumber, usize)>,
    /// The pages that are evidence: later ones are shorter.
    longest: VecDeque<Longest>,
    /// The lengths of pages that were followed by an empty one: when last, and how often lately.
    proven: BTreeMap<usize, (Moment, i32)>,
    judged: VecDeque<Judged>,
    /// Calls up to this one had been sent when a clamp was last noticed.
    sent_before_clamp: CallNumber,
}

/// Pages of one length, longer than all that came since.
#[derive(Debug, Clone, Copy)]
struct Longest {
    last_came: Moment,
    rows: usize,
    pages: usize,
}

/// A page that was judged.
#[derive(Debug, Clone, Copy)]
struct Judged {
    rows: usize,
    by_chance: f32,
    /// It is known not to have been cut.
    whole: bool,
}

impl PageLengths {
    /// The same without the calls that are under way.
    #[must_use]
    pub fn without_calls(&self) -> Self {
        Self { in_flight: BTreeSet::new(), ..self.clone() }
    }

    /// A call is sent.
    pub fn call_sent(&mut self) -> CallNumber {
        self.sent += 1;
        self.in_flight.insert(self.sent);
        self.sent
    }

    /// A call ended, with a page of this length or without one.
    pub fn call_ended(&mut self, call: CallNumber, rows: Option<usize>, now: Moment) {
        self.in_flight.remove(&call);
        let Some(rows) = rows.filter(|rows| 0 < *rows) else { return };
        if self.recent.len() == REMEMBERED {
            self.recent.pop_front();
        }
        self.recent.push_back((call, rows));
        let mut pages = 1;
        while let Some(shorter) = self.longest.pop_back_if(|longest| longest.rows <= rows) {
            pages += if shorter.rows == rows { shorter.pages } else { 0 };
        }
        self.longest.push_back(Longest { last_came: now, rows, pages });
        while self.longest.pop_front_if(|longest| EVIDENCE_LASTS < now.since(longest.last_came)).is_some() {}
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
    pub fn judge(&mut self, page: PageSeen, now: Moment) -> Next {
        let repeats = self.repeats(page, now);
        if 0 < page.rows {
            if self.judged.len() == REMEMBERED {
                self.judged.pop_front();
            }
            let whole = page.outstanding == 0 || page.sentinel == SentinelSeen::Last;
            self.judged.push_back(Judged { rows: page.rows, by_chance: page.by_chance, whole });
        }
        if page.outstanding == 0 || page.rows == 0 {
            Next::Complete
        } else if page.limit <= page.rows || page.has_foreign || is_contradicted(page) {
            Next::AskOn
        } else if page.sentinel == SentinelSeen::Last && !is_usual_clamp(page.rows) {
            Next::Complete
        } else if page.improbable {
            Next::AskOn
        } else if repeats || is_usual_clamp(page.rows) {
            Next::Doubtful(Doubt { rows: page.rows, sent_before: self.sent, is_suspicious: true })
        } else if page.sentinel == SentinelSeen::Passed || self.is_evident(page.rows, now) {
            Next::Complete
        } else {
            Next::Doubtful(Doubt { rows: page.rows, sent_before: self.sent, is_suspicious: false })
        }
    }

    /// Decides a doubt by what came since; stays [`Next::Doubtful`] while there is evidence to wait for.
    /// `more_to_send` tells whether calls will be sent in any case.
    #[must_use]
    pub fn resolve(&self, doubt: Doubt, more_to_send: bool, now: Moment) -> Next {
        let later = || self.recent.iter().filter(|(call, _)| doubt.is_older_than(*call));
        let (is_cleared, patience) = if doubt.is_suspicious {
            let longer = later().filter(|(_, rows)| doubt.is_below(*rows)).count();
            (LONGER_FOR_SUSPICIOUS <= longer, PATIENCE_WITH_SUSPICIOUS)
        } else {
            (self.is_evident(doubt.rows, now), PATIENCE)
        };
        let more_comes = more_to_send || self.in_flight.range(doubt.sent_before + 1..).next().is_some();
        if is_cleared {
            Next::Complete
        } else if more_comes && later().count() < patience {
            Next::Doubtful(doubt)
        } else {
            Next::AskOn
        }
    }

    /// A page of this length was followed by an empty one: it was whole.
    pub fn proven_whole(&mut self, rows: usize, now: Moment) {
        let (last, times) = self.proven.entry(rows).or_insert((now, 0));
        *times = if EVIDENCE_LASTS < now.since(*last) { 1 } else { times.saturating_add(1) };
        *last = now;
        for judged in self.judged.iter_mut().filter(|judged| judged.rows == rows) {
            judged.whole = true;
        }
    }

    /// Pages are clamped: earlier evidence does not count any more.
    pub fn clamp_noticed(&mut self) {
        self.sent_before_clamp = self.sent;
        self.longest.clear();
        self.proven.clear();
        self.judged.clear();
    }

    /// Whether other pages show that a page of this length is whole.
    fn is_evident(&self, rows: usize, now: Moment) -> bool {
        let lately = |at: Moment| now.since(at) <= EVIDENCE_LASTS;
        let mut longest = self.longest.iter().filter(|longest| lately(longest.last_came));
        longest.clone().any(|longer| rows < longer.rows)
            || self.proven.get(&rows).is_some_and(|(at, _)| lately(*at))
            || longest.any(|page| page.rows == rows && page.pages == 1) && self.are_varied()
    }

    /// Whether the lengths of pages vary enough that only a clamp longer than all of them can be in force.
    /// The second page that such a clamp cuts is as long as the first: that takes the first one back.
    fn are_varied(&self) -> bool {
        let since_clamp = self.recent.iter().filter(|(call, _)| self.sent_before_clamp < *call);
        let lengths: BTreeSet<usize> = since_clamp.map(|(_, rows)| *rows).collect();
        VARIED <= lengths.len()
    }

    /// Whether pages end in this one's length more often than chance has it, with none longer in between.
    fn repeats(&self, page: PageSeen, now: Moment) -> bool {
        let refuted = self.proven.get(&page.rows).filter(|(at, _)| now.since(*at) <= EVIDENCE_LASTS);
        let threshold = BY_CHANCE * REFUTED.powi(refuted.map_or(0, |(_, times)| *times));
        let since_longer = self.judged.iter().rev().take_while(|judged| judged.rows <= page.rows);
        let alike = since_longer.filter(|judged| judged.rows == page.rows && !judged.whole);
        let (count, chance) = alike.fold((0_usize, page.by_chance), |(count, chance), judged| {
            (count + 1, chance * judged.by_chance)
        });
        0 < count && chance < threshold
    }
}

/// Whether a page cannot be believed, whatever else is known.
fn is_contradicted(page: PageSeen) -> bool {
    page.known_row_missing || page.known_clamp || page.sentinel == SentinelSeen::Missing
}

/// Whether Haravan clamps other resources to this length.
fn is_usual_clamp(rows: usize) -> bool {
    rows.is_multiple_of(USUAL_CLAMP) && rows < MAX_PAGE
}

#[cfg(test)]
mod tests;
