//! Values by keys that recur in the same order, as the locations of a grid do with every variant.

use std::hash::Hash;

use rustc_hash::FxHashMap;

/// Values by key. A caller that asks for keys in a recurring order, or for one key many times, is answered without a
/// search; any other order is right, too.
#[derive(Debug)]
pub(crate) struct Recurring<K, V> {
    list: Vec<(K, V)>,
    places: FxHashMap<K, usize>,
    last: usize,
}

impl<K: Copy + Eq + Hash, V> Recurring<K, V> {
    /// Nothing yet.
    pub(crate) fn new() -> Self {
        Self { list: Vec::new(), places: FxHashMap::default(), last: 0 }
    }

    /// The value of a key, which is made if the key is new.
    pub(crate) fn entry(&mut self, key: K, make: impl FnOnce() -> V) -> Option<&mut V> {
        let is_at = |place: usize| self.list.get(place).is_some_and(|(known, _)| *known == key);
        let next = if self.last + 1 < self.list.len() { self.last + 1 } else { 0 };
        self.last = if is_at(self.last) {
            self.last
        } else if is_at(next) {
            next
        } else {
            let place = *self.places.entry(key).or_insert(self.list.len());
            if place == self.list.len() {
                self.list.push((key, make()));
            }
            place
        };
        self.list.get_mut(self.last).map(|(_, value)| value)
    }

    /// Every key with its value, as they first came.
    pub(crate) fn into_list(self) -> Vec<(K, V)> {
        self.list
    }
}

#[cfg(test)]
mod tests {
    use super::Recurring;

    #[test]
    fn every_order_of_keys_finds_its_values() {
        for keys in [&[1, 2, 3, 1, 2, 3][..], &[1, 1, 1, 2, 2], &[3, 1, 2, 1, 3, 3, 2], &[7], &[]] {
            let mut counts = Recurring::new();
            for key in keys {
                *counts.entry(*key, || 0).unwrap() += 1;
            }
            let list = counts.into_list();
            for (key, count) in &list {
                assert_eq!(keys.iter().filter(|other| *other == key).count(), *count, "{keys:?}");
            }
            assert_eq!(list.iter().map(|(_, count)| count).sum::<usize>(), keys.len());
        }
    }
}
