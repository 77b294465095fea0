//! Which of the entries held have rows below zero, the worst first: kept as entries come and go, never searched
//! for, so that asking costs what the answer holds, however large the cache.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::Arc;

use parking_lot::Mutex;
use rustc_hash::FxHashMap;

use super::entry::VariantCells;
use crate::domain::id::VariantId;
use crate::domain::row::Shortage;

/// The entries with rows below zero. One a variant at most, and always the one that came last.
#[derive(Debug, Default)]
pub(super) struct OversoldIndex {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    entries: FxHashMap<VariantId, Arc<VariantCells>>,
    worst_first: BTreeSet<(Reverse<Shortage>, VariantId)>,
}

impl OversoldIndex {
    /// An entry takes the place of whatever was known of its variant. Called in the order in which entries come.
    pub(super) fn came(&self, entry: &Arc<VariantCells>) {
        let shortage = entry.worst_shortage();
        let mut state = self.state.lock();
        state.forget(entry.variant_id());
        if let Some(shortage) = shortage {
            state.worst_first.insert((Reverse(shortage), entry.variant_id()));
            state.entries.insert(entry.variant_id(), Arc::clone(entry));
        }
    }

    /// An entry is held no longer. News of one that was replaced may come late: it changes nothing then.
    pub(super) fn left(&self, entry: &Arc<VariantCells>) {
        let mut state = self.state.lock();
        if state.entries.get(&entry.variant_id()).is_some_and(|known| Arc::ptr_eq(known, entry)) {
            state.forget(entry.variant_id());
        }
    }

    /// The entries with the worst rows, at most `max` of them, the worst first.
    pub(super) fn worst(&self, max: usize) -> Vec<Arc<VariantCells>> {
        let state = self.state.lock();
        let worst = state.worst_first.iter().take(max);
        worst.filter_map(|(_, variant_id)| state.entries.get(variant_id).cloned()).collect()
    }

    /// How many variants have rows below zero.
    pub(super) fn variants(&self) -> usize {
        self.state.lock().entries.len()
    }
}

impl State {
    fn forget(&mut self, variant_id: VariantId) {
        if let Some(shortage) = self.entries.remove(&variant_id).and_then(|entry| entry.worst_shortage()) {
            self.worst_first.remove(&(Reverse(shortage), variant_id));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::OversoldIndex;
    use crate::cache::entry::{Finding, Observation, VariantCells};
    use crate::cache::order::CallTimes;
    use crate::clock::Moment;
    use crate::domain::id::{LocationId, ProductId, RowId, VariantId};
    use crate::domain::row::Row;
    use crate::domain::row_quantity::RowQuantity;
    use crate::domain::timestamp::Timestamp;

    fn entry(variant_id: u64, available: &[&str]) -> Arc<VariantCells> {
        let variant_id = VariantId::new(variant_id).unwrap();
        let observations = available.iter().zip(1..).map(|(available, number)| {
            let loc_id = LocationId::new(number).unwrap();
            let row = Row {
                id: RowId::new(number).unwrap(),
                loc_id,
                product_id: ProductId::new(1).unwrap(),
                variant_id,
                qty_onhand: RowQuantity::ZERO,
                qty_commited: RowQuantity::ZERO,
                qty_incoming: RowQuantity::ZERO,
                qty_available: RowQuantity::parse(available).unwrap(),
                updated_at: Timestamp::from_parts(0, 0),
                as_sent: None,
            };
            let call = CallTimes::at(Moment::from_millis(1));
            Observation { loc_id, finding: Finding::Row(Box::new(row)), call }
        });
        Arc::new(VariantCells::empty(variant_id).merged(observations.collect()))
    }

    #[track_caller]
    fn check(index: &OversoldIndex, max: usize, expected: &[u64]) {
        let worst: Vec<u64> = index.worst(max).iter().map(|entry| entry.variant_id().get()).collect();
        assert_eq!(worst, expected);
    }

    #[test]
    fn the_worst_row_counts_decimals_included() {
        let index = OversoldIndex::default();
        for entry in [entry(1, &["5", "-2"]), entry(2, &["-2.5", "-1"]), entry(3, &["0", "7"])] {
            index.came(&entry);
        }
        index.came(&entry(4, &["-100"]));
        check(&index, 9, &[4, 2, 1]);
        check(&index, 2, &[4, 2]);
        assert_eq!(index.variants(), 3);
        // What cannot be computed with may be the worst of all.
        index.came(&entry(5, &["-1e5000"]));
        index.came(&entry(6, &["1e5000"]));
        check(&index, 9, &[5, 4, 2, 1]);
    }

    #[test]
    fn an_entry_takes_the_place_of_the_one_before() {
        let index = OversoldIndex::default();
        let before = entry(1, &["-9"]);
        index.came(&before);
        index.came(&entry(2, &["-5"]));
        let after = entry(1, &["-1"]);
        index.came(&after);
        check(&index, 9, &[2, 1]);
        // Late news of the one that was replaced.
        index.left(&before);
        check(&index, 9, &[2, 1]);
        index.came(&entry(2, &["5"]));
        check(&index, 9, &[1]);
        index.left(&after);
        check(&index, 9, &[]);
    }

    #[test]
    fn purged_rows_are_not_oversold() {
        let index = OversoldIndex::default();
        let held = entry(1, &["-9", "-3"]);
        index.came(&held);
        index.came(&Arc::new(held.purged(Some(&[LocationId::new(1).unwrap()]))));
        index.came(&entry(2, &["-5"]));
        check(&index, 9, &[2, 1]);
        index.came(&Arc::new(held.purged(None)));
        check(&index, 9, &[2]);
    }
}
