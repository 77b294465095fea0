//! Judges answers by what Haravan had been, and when.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::FRESHNESS;
use super::haravan::{Haravan, LAG, available_of};
use crate::cache::{Purge, PurgeCount, PurgesSince};
use crate::clock::{Clock, Moment};
use crate::domain::cell::{CellId, MissingReason};
use crate::stock::{Incomplete, ReadError, ReadTerms, Reading};

/// How long a row that went back may take to be believed, in milliseconds.
const BELIEVED: u64 = 10_000;

/// How long a call takes at most that is answered, in milliseconds.
const LONGEST_CALL: u64 = 3_000;

/// A question, and when it was asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub(super) at: Moment,
    pub(super) terms: ReadTerms,
}

/// What an answer says of one cell.
#[derive(Debug, Clone, Copy)]
struct Said {
    id: CellId,
    available: Option<i64>,
    /// What its age counts from.
    read_at: u64,
    /// Whether it may be stale without a word on this cell.
    is_stale: bool,
    /// Whether that age is the cell's own, and not that of the oldest cell of the answer.
    is_own_age: bool,
}

#[derive(Debug)]
pub(super) struct Judge {
    haravan: Arc<Haravan>,
    clock: Clock,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    purges: Vec<(u64, Purge)>,
    /// The shop's own purges that were seen: it takes back what was concluded from pages that were cut.
    seen: PurgeCount,
    /// The newest row that was told of each cell, when that was, and when it was read.
    newest: BTreeMap<CellId, (i64, u64, u64)>,
    /// Since when a cell's present state has been asked for past the cache, and how long it has been so.
    asked_for: BTreeMap<CellId, (u64, u64)>,
}

impl Judge {
    pub(super) fn new(haravan: Arc<Haravan>, clock: Clock) -> Self {
        Self { haravan, clock, known: Mutex::default() }
    }

    /// Whether it is a world of many purges.
    pub(super) fn is_purged(&self) -> bool {
        self.haravan.world.is_purged
    }

    pub(super) fn now(&self) -> Moment {
        self.clock.now()
    }

    /// A purge has been made.
    pub(super) fn purged(&self, purge: Purge) {
        self.known.lock().purges.push((self.clock.now().as_millis(), purge));
    }

    /// Takes note of purges: what was answered before them may be followed by anything.
    pub(super) fn note(&self, purges_since: impl FnOnce(PurgeCount) -> PurgesSince) {
        let known = &mut *self.known.lock();
        let since = purges_since(known.seen);
        known.seen = since.until();
        if !since.is_empty() {
            let outdates =
                |id: &CellId, told| since.outdate(id.variant_id, None, id.loc_id, Moment::from_millis(told));
            known.newest.retain(|id, (_, told, _)| !outdates(id, *told));
        }
    }

    /// Judges an answer as it is given.
    pub(super) fn of_answer(&self, asked: Asked, answer: Result<Reading, ReadError>) -> Result<(), String> {
        let reading = match answer {
            Ok(reading) => reading,
            Err(error) => return self.of_error(asked, error),
        };
        let mut told = 0;
        for (variant_id, entry) in reading.entries() {
            for loc_id in reading.grid().locations.iter() {
                let id = CellId { variant_id, loc_id: *loc_id };
                told += 1;
                if let Some((_, reason)) = reading.unknown().iter().find(|(unknown, _)| *unknown == id) {
                    self.of_unknown(asked, id, *reason)?;
                    continue;
                }
                let Some((entry, cell)) = entry.and_then(|entry| Some((entry, entry.cell(*loc_id)?))) else {
                    return Err(format!("{id:?} is neither known nor unknown"));
                };
                self.of_cell(
                    asked,
                    Said {
                        id,
                        available: available_of(entry.lent(cell).to_cell().into_row().as_ref()),
                        read_at: cell.observed_at().as_millis(),
                        is_stale: 0 < reading.tally().stale,
                        is_own_age: true,
                    },
                )?;
            }
        }
        if told == reading.grid().cells() { Ok(()) } else { Err(format!("{told} cells were told")) }
    }

    /// Judges rows that a hit gave, as a question of now that has no wishes.
    pub(super) fn of_hit(&self, rows: &[(CellId, i64)], oldest: Moment) -> Result<(), String> {
        let asked = Asked { at: self.now(), terms: ReadTerms::default() };
        for (id, available) in rows {
            let (available, read_at) = (Some(*available), oldest.as_millis());
            self.of_cell(asked, Said { id: *id, available, read_at, is_stale: false, is_own_age: false })?;
        }
        Ok(())
    }

    fn of_cell(&self, asked: Asked, said: Said) -> Result<(), String> {
        let now = self.now().as_millis();
        let asked_at = asked.at.as_millis();
        let Said { id, available, read_at, is_stale, is_own_age } = said;
        let world = self.haravan.world;
        let lag = if world.lags { LAG } else { 0 };
        let complaint = |what: &str| {
            let is = self.haravan.now(id);
            Err(format!(
                "{what}: {said:?}, asked at {asked_at}, {:?}, answered at {now}, is {is:?}",
                asked.terms
            ))
        };
        if !self.haravan.was(id, available, read_at.saturating_sub(lag), now) {
            return complaint("was not so since it was read");
        }
        let lifetime = asked.terms.freshness.max_age.unwrap_or(FRESHNESS.fresh).min(FRESHNESS.fresh);
        let lifetime = if asked.terms.freshness.no_cache { Duration::ZERO } else { lifetime };
        let welcome = asked.terms.freshness.max_stale.unwrap_or_default();
        let stale = welcome.max(FRESHNESS.stale_if_error);
        let doubt = if world.lags || world.goes_back { BELIEVED + LONGEST_CALL } else { 0 };
        let oldest = lifetime.saturating_add(if is_stale { stale } else { Duration::ZERO });
        if read_at + doubt < asked.at.minus(oldest).as_millis() {
            return complaint("is older than the question allows");
        }
        let mut known = self.known.lock();
        let purged_at = known
            .purges
            .iter()
            .rev()
            .find(|(_, purge)| purge.concerns(id.variant_id, None, id.loc_id))
            .map_or(0, |(at, _)| *at);
        let is_before = is_own_age && read_at < purged_at;
        if is_before || !self.haravan.was(id, available, purged_at.saturating_sub(lag), now) {
            return complaint("was read before the purge");
        }
        if !world.goes_back {
            // Rows and absences go by the order of calls, so a row may come back that a replica has not lost yet.
            let was_away = |since: u64| self.haravan.was(id, None, since.saturating_sub(lag), now);
            let newest = known.newest.get(&id).copied();
            let newest = newest.filter(|(_, told, read_at)| purged_at <= *told && !was_away(*read_at));
            match (available, newest) {
                (Some(available), Some((newest, told, _))) if available < newest && told < asked_at => {
                    return complaint("went back in time");
                }
                (Some(available), _) => known.newest.insert(id, (available, now, read_at)),
                (None, _) => known.newest.remove(&id),
            };
        }
        if world.goes_back {
            let (is, since) = self.haravan.now(id);
            let first = known.asked_for.get(&id).filter(|(version, _)| *version == since).map(|(_, at)| *at);
            let in_time = first.is_none_or(|first| asked_at < first + BELIEVED);
            if available != is && !in_time {
                return complaint("was not believed within ten seconds");
            }
            if first.is_none() && since < asked_at && asked.terms.freshness.no_cache {
                known.asked_for.insert(id, (since, asked_at));
            }
        }
        Ok(())
    }

    fn of_unknown(&self, asked: Asked, id: CellId, reason: MissingReason) -> Result<(), String> {
        let waited = asked.at.plus(asked.terms.wait) <= self.now();
        let is_late = matches!(reason, MissingReason::Timeout | MissingReason::RateLimited) && waited;
        let told = asked.terms.incomplete == Incomplete::Answer;
        if told && (is_late || !self.haravan.world.is_calm()) {
            return Ok(());
        }
        Err(format!("{id:?} is unknown, reason {reason:?}: {asked:?}"))
    }

    fn of_error(&self, asked: Asked, error: ReadError) -> Result<(), String> {
        let waited = asked.at.plus(asked.terms.wait) <= self.now();
        let is_due = match error {
            ReadError::NotCached => asked.terms.freshness.only_if_cached,
            ReadError::Timeout | ReadError::RateLimited { .. } => waited || !self.haravan.world.is_calm(),
            _ => !self.haravan.world.is_calm(),
        };
        if is_due { Ok(()) } else { Err(format!("{error:?} at {:?}: {asked:?}", self.now())) }
    }
}
