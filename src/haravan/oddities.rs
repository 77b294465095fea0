//! What Haravan sent that could not be read, or that was not asked for: counted, logged and shown to operators.

use std::collections::BTreeSet;
use std::time::Duration;

use parking_lot::Mutex;
use rustc_hash::FxHashSet;

use crate::clock::{Clock, Moment};
use crate::domain::cell::CellId;
use crate::domain::id::OrgId;
use crate::metrics::{ShopMetrics, UnreadableKind};
use crate::plan::Tile;

/// How often a kind of oddity is logged at most.
const LOGGED_EVERY: Duration = Duration::from_secs(60);

/// The most cells remembered that had two rows. Source: ours.
const MOST_REPEATED: usize = 1_000;

/// Takes note of what is odd in one shop's answers.
#[derive(Debug)]
pub struct Oddities {
    org_id: OrgId,
    clock: Clock,
    metrics: ShopMetrics,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// When each kind was logged last.
    logged: [Option<Moment>; UnreadableKind::ALL.len()],
    last: Option<(Oddity, Moment)>,
    /// Cells that had two rows when they were read last.
    repeated: BTreeSet<CellId>,
}

/// Something odd, named by its kind and an id, never by its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Oddity {
    kind: UnreadableKind,
    id: Option<u64>,
}

impl Oddities {
    /// Nothing was odd yet.
    #[must_use]
    pub fn new(org_id: OrgId, clock: Clock, metrics: ShopMetrics) -> Self {
        Self { org_id, clock, metrics, state: Mutex::default() }
    }

    /// Notes something odd: a row or a location, by its id as far as that can be told.
    pub fn note(&self, kind: UnreadableKind, id: Option<u64>) {
        self.metrics.unreadable(kind);
        let now = self.clock.now();
        let mut state = self.state.lock();
        state.last = Some((Oddity { kind, id }, now));
        let Some(logged) = state.logged.get_mut(kind.place()) else { return };
        if logged.is_some_and(|logged| now.since(logged) < LOGGED_EVERY) {
            return;
        }
        *logged = Some(now);
        drop(state);
        let (shop, kind, about) = (self.org_id, kind.as_str(), kind.about());
        match id {
            Some(id) => tracing::warn!(%shop, kind, id, "{about}"),
            None => tracing::warn!(%shop, kind, "{about}"),
        }
    }

    /// Notes which cells of a tile had two rows: those that were read without are not odd any more.
    pub fn saw(&self, tile: &Tile, repeated: &FxHashSet<CellId>) {
        let mut state = self.state.lock();
        let known = &mut state.repeated;
        if !known.is_empty() {
            known.retain(|cell| !tile.contains(cell.variant_id, cell.loc_id));
        }
        let room = MOST_REPEATED.saturating_sub(known.len());
        known.extend(repeated.iter().take(room));
    }

    /// Those of a grid's cells that had two rows when they were read last, ascending.
    #[must_use]
    pub fn repeated(&self, contains: impl Fn(CellId) -> bool) -> Vec<CellId> {
        self.state.lock().repeated.iter().copied().filter(|cell| contains(*cell)).collect()
    }

    /// The last thing that was odd, in words for operators, and when it was.
    #[must_use]
    pub fn last(&self) -> Option<(String, Moment)> {
        let (Oddity { kind, id }, at) = self.state.lock().last?;
        let about = kind.about();
        let named = id.map_or_else(|| about.to_owned(), |id| format!("{about} (id {id})"));
        Some((named, at))
    }
}

#[cfg(test)]
mod tests {
    use super::Oddities;
    use crate::clock::Clock;
    use crate::domain::id::OrgId;
    use crate::metrics::{Metrics, UnreadableKind};

    #[test]
    fn the_last_oddity_is_told_with_its_id_and_never_its_text() {
        let org_id = OrgId::new(1000).unwrap();
        let metrics = Metrics::new().unwrap();
        let oddities = Oddities::new(org_id, Clock::start(), metrics.shop(org_id));
        assert_eq!(oddities.last(), None);
        for kind in UnreadableKind::ALL {
            oddities.note(kind, Some(17));
            let (message, _) = oddities.last().unwrap();
            assert!(message.ends_with("(id 17)"), "{message}");
        }
        oddities.note(UnreadableKind::RowIds, None);
        assert_eq!(oddities.last().unwrap().0, UnreadableKind::RowIds.about());
    }
}
