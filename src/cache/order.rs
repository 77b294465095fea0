//! Which of two readings of a cell is Haravan's last word: one pure decision.
//!
//! What a call brings was true at some moment while the call was under way. So the order of two calls that did not
//! overlap is the order of what they say, and `updated_at` decides only between calls that did.

use std::cmp::Ordering;
use std::time::Duration;

use crate::clock::{Clock, Moment};
use crate::domain::id::RowId;
use crate::domain::timestamp::Timestamp;

/// How far a replica of Haravan's may lag, with a margin.
///
/// A call that begins so long after a reading cannot be answered with anything older than that reading. Source: ours;
/// Haravan documents no replicas. A row that went back is believed within 10 s.
pub const REPLICA_LAG: Duration = Duration::from_millis(8_200);

/// How far ahead of now an `updated_at` may be and still order anything. Source: ours; clocks that are kept differ
/// by less.
const MOST_AHEAD: Duration = Duration::from_mins(5);

/// When a call to Haravan was under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallTimes {
    /// When it was sent.
    pub began: Moment,
    /// When its answer was read.
    pub ended: Moment,
    /// An `updated_at` beyond this orders nothing: it was more than five minutes ahead when the answer was read.
    pub horizon: Timestamp,
}

/// What a reading of a cell says, as far as its order goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// When its call was sent.
    pub began: Moment,
    /// When its answer was read.
    pub ended: Moment,
    /// The row, if there is one.
    pub row: Option<RowVersion>,
}

/// Which row, and how new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowVersion {
    /// The row's id: a row that is made anew gets a higher one.
    pub id: RowId,
    /// Its `updated_at` in nanoseconds. `None` if it orders nothing.
    pub updated_at: Option<i64>,
}

/// How far a held cell is to be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is Haravan's last word, as far as is known.
    Sound,
    /// A later call said something older: a replica that lags, or a shop that was restored. Never served as fresh.
    Doubted,
    /// Purged: kept to be compared with what is on its way, never served.
    Purged,
}

/// Which of a held reading and a new one counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The held one.
    Held,
    /// The new one.
    New,
    /// The held one for now: the new one is later, but older by `updated_at`, and not confirmed.
    Doubt,
    /// The new one, which is older by `updated_at`, and confirms one that was.
    WentBack,
}

impl CallTimes {
    /// Those of a call that was sent then, and whose answer has just been read.
    #[must_use]
    pub fn ending_now(began: Moment, clock: &Clock) -> Self {
        let ended = clock.now();
        Self { began, ended, horizon: clock.wall(ended.plus(MOST_AHEAD)) }
    }

    /// Those of a call that took no time, to whose wall clock no `updated_at` is ahead. For tests.
    #[must_use]
    pub fn at(moment: Moment) -> Self {
        Self { began: moment, ended: moment, horizon: Timestamp::from_parts(i64::MAX, 9) }
    }

    /// Those of several calls together, of which this one was the first.
    #[must_use]
    pub fn until(self, last: Self) -> Self {
        Self { began: self.began, ..last }
    }

    /// What orders a row of this call. `None` if its `updated_at` orders nothing.
    #[must_use]
    pub fn orders(&self, updated_at: Timestamp) -> Option<i64> {
        (updated_at <= self.horizon).then(|| updated_at.nanoseconds())
    }
}

impl Reading {
    /// Decides between this reading, which is held, and a new one.
    ///
    /// | the new call | counts |
    /// |---|---|
    /// | ended before the held one began | the held one |
    /// | began after the held one ended | the new one; a row that is older by `updated_at` only once confirmed |
    /// | overlaps it, both say a row, and the times order them | the row with the newer `updated_at` |
    /// | overlaps it otherwise | the one that began later, the new one of two that began together |
    ///
    /// A row that went back is confirmed by a second call that began so long after the held one that no replica can be
    /// behind it; a row with a higher id was made anew, and needs no confirmation. After a purge the first reading is
    /// law.
    #[must_use]
    pub fn against(&self, standing: Standing, new: &Self) -> Verdict {
        let (earlier, later) = (new.ended < self.began, self.ended < new.began);
        match (earlier, later, self.age_of(new)) {
            (true, ..) => Verdict::Held,
            _ if standing == Standing::Purged => Verdict::New,
            (_, true, Some(Ordering::Less)) if !self.is_made_anew_in(new) => {
                let settles = standing == Standing::Doubted && self.is_beyond_lag(new.began);
                if settles { Verdict::WentBack } else { Verdict::Doubt }
            }
            (_, true, _) | (.., Some(Ordering::Greater)) => Verdict::New,
            (.., Some(Ordering::Less)) => Verdict::Held,
            (.., Some(Ordering::Equal) | None) if self.began <= new.began => Verdict::New,
            (.., Some(Ordering::Equal) | None) => Verdict::Held,
        }
    }

    /// Whether a call that begins then cannot be answered by a replica that has not heard of this reading.
    #[must_use]
    pub fn is_beyond_lag(&self, began: Moment) -> bool {
        self.ended.plus(REPLICA_LAG) <= began
    }

    /// How the new row's `updated_at` compares with the held one's. `None` if one of them orders nothing.
    fn age_of(&self, new: &Self) -> Option<Ordering> {
        Some(new.row?.updated_at?.cmp(&self.row?.updated_at?))
    }

    fn is_made_anew_in(&self, new: &Self) -> bool {
        self.row.zip(new.row).is_some_and(|(held, new)| held.id < new.id)
    }
}

#[cfg(test)]
mod tests;
