//! Which of the entries held have rows below zero, the worst first: kept as entries come and go, never searched
//! for, so that asking costs what the answer holds, however large the cache.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::Arc;

use parking_lot::Mutex;
use rustc_hash::FxHashMap;

use super::bundle::Bundle;
use super::entry::VariantCells;
use crate::domain::id::VariantId;
use crate::domain::row::Shortage;

/// The entries with rows below zero: one a variant at most, and always the one that came last.
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
    /// Takes in entries in place of those known of the same variants. Called in the order of changes, before an entry can
    /// leave.
    pub(super) fn came(&self, entries: &[Arc<VariantCells>]) {
        let mut state = self.state.lock();
        for entry in entries {
            state.forget(entry.variant_id());
            if let Some(shortage) = entry.worst_shortage() {
                state.worst_first.insert((Reverse(shortage), entry.variant_id()));
                state.entries.insert(entry.variant_id(), Arc::clone(entry));
            }
        }
    }

    /// Forgets the entries of a bundle that is held no longer, except those whose place a later entry has taken.
    pub(super) fn left(&self, bundle: &Bundle) {
        if bundle.totals().negative_rows == 0 {
            return;
        }
        let mut state = self.state.lock();
        for entry in bundle.entries() {
            if state.entries.get(&entry.variant_id()).is_some_and(|known| Arc::ptr_eq(known, entry)) {
                state.forget(entry.variant_id());
            }
        }
    }

    /// The entries with the worst rows, at most `max` of them, the worst first.
    pub(super) fn worst(&self, max: usize) -> Vec<Arc<VariantCells>> {
        let state = self.state.lock();
        let worst = state.worst_first.iter().take(max);
        worst.filter_map(|(_, id)| state.entries.get(id).cloned()).collect()
    }

    /// How many variants have rows below zero.
    pub(super) fn variants(&self) -> usize {
        self.state.lock().entries.len()
    }
}

impl State {
    fn forget(&mut self, variant_id: VariantId) {
        let known = self.entries.remove(&variant_id);
        if let Some(shortage) = known.and_then(|known| known.worst_shortage()) {
            self.worst_first.remove(&(Reverse(shortage), variant_id));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::OversoldIndex;
    use crate::cache::bundle::Bundle;
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

    /// An index, and the one bundle that is held of its cache.
    #[derive(Default)]
    struct Held {
        index: OversoldIndex,
        bundle: Bundle,
    }

    impl Held {
        /// Holds an entry, and gives back the bundle that was held before.
        fn hold(&mut self, entry: Arc<VariantCells>) -> Bundle {
            let number = self.bundle.number() + 1;
            let entry = Arc::new(VariantCells::clone(&entry).with_version(number));
            self.index.came(std::slice::from_ref(&entry));
            let bundle = self.bundle.with(&[entry], u64::MAX).pop().unwrap().with_number(number);
            std::mem::replace(&mut self.bundle, bundle)
        }

        #[track_caller]
        fn check(&self, max: usize, expected: &[u64]) {
            let worst: Vec<u64> =
                self.index.worst(max).iter().map(|entry| entry.variant_id().get()).collect();
            assert_eq!(worst, expected);
        }
    }

    #[test]
    fn the_worst_row_counts_decimals_included() {
        let mut held = Held::default();
        for entry in [entry(1, &["5", "-2"]), entry(2, &["-2.5", "-1"]), entry(3, &["0", "7"])] {
            held.hold(entry);
        }
        held.hold(entry(4, &["-100"]));
        held.check(9, &[4, 2, 1]);
        held.check(2, &[4, 2]);
        assert_eq!(held.index.variants(), 3);
        // What cannot be computed with may be the worst of all.
        held.hold(entry(5, &["-1e5000"]));
        held.hold(entry(6, &["1e5000"]));
        held.check(9, &[5, 4, 2, 1]);
    }

    #[test]
    fn an_entry_takes_the_place_of_the_one_before() {
        let mut held = Held::default();
        held.hold(entry(1, &["-9"]));
        let before = held.hold(entry(1, &["-1"]));
        held.hold(entry(2, &["-5"]));
        held.check(9, &[2, 1]);
        // The bundle with the entry of before left, and the news of it is late.
        held.index.left(&before);
        held.check(9, &[2, 1]);
        held.hold(entry(2, &["5"]));
        held.check(9, &[1]);
        held.index.left(&held.bundle);
        held.check(9, &[]);
    }

    #[test]
    fn purged_rows_are_not_oversold() {
        let mut held = Held::default();
        let known = entry(1, &["-9", "-3"]);
        held.hold(Arc::clone(&known));
        held.hold(Arc::new(known.purged(Some(&[LocationId::new(1).unwrap()]))));
        held.hold(entry(2, &["-5"]));
        held.check(9, &[2, 1]);
        held.hold(Arc::new(known.purged(None)));
        held.check(9, &[2]);
    }
}
