//! What moka holds, weighs and evicts as one: the entries of up to 16 variants whose ids are neighbours.
//!
//! An entry of moka costs some 250 bytes beside its value: four times as much as a cell. The variants of a product
//! have neighbouring ids and are asked for together. In a bundle they share that cost, and one look finds all of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::entry::VariantCells;
use crate::domain::id::VariantId;

/// How many low bits of an id tell the variants of a bundle apart: as many as `Bundle::present` has places for.
const ID_BITS: u32 = 4;

/// What a bundle costs beside its entries: moka's node, its key, its places in the queues and in the front, and the
/// reference counts. Source: measured, see `benches/engine.rs`.
const OVERHEAD: usize = 448;

/// The variants whose ids differ in the low bits only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct BundleId(u64);

/// The entries of these variants after one change of the cache. A bundle is never altered, only replaced.
#[derive(Debug, Default)]
pub(super) struct Bundle {
    /// A bit for each variant that has an entry.
    present: u16,
    /// The entries of these variants, in the order of the bits.
    entries: Box<[Arc<VariantCells>]>,
    /// The number of the last change: no other bundle of the cache has it.
    number: u64,
    totals: Totals,
    /// The span of changes in which a use was noted last.
    noted: AtomicU64,
}

/// Sums over the entries of a bundle.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Totals {
    /// The cells.
    pub(super) cells: usize,
    /// The rows below zero.
    pub(super) negative_rows: usize,
    /// The bytes that the entries cost the cache.
    pub(super) weight: usize,
}

impl BundleId {
    /// The bundle that a variant belongs to.
    #[inline]
    pub(super) fn of(variant_id: VariantId) -> Self {
        Self(variant_id.get() >> ID_BITS)
    }

    /// Which of `parts` parts the bundle belongs to, counted from zero.
    #[inline]
    pub(super) fn part_of(self, parts: usize) -> usize {
        usize::try_from(self.0).unwrap_or(0).checked_rem(parts).unwrap_or(0)
    }
}

impl Bundle {
    /// Returns this bundle with an entry in place of what it held of the variant. Where that weighs more than
    /// `max_weight`, the neighbours give way.
    pub(super) fn with(&self, entry: Arc<VariantCells>, max_weight: u64) -> Self {
        let bundle = self.with_neighbours(Arc::clone(&entry));
        if u64::try_from(bundle.totals().weight).is_ok_and(|weight| weight <= max_weight) {
            return bundle;
        }
        Self::default().with_neighbours(entry)
    }

    fn with_neighbours(&self, entry: Arc<VariantCells>) -> Self {
        let bit = bit_of(entry.variant_id());
        let (number, place) = (entry.version(), self.place_of(bit));
        let (before, after) = self.entries.split_at_checked(place).unwrap_or_default();
        let (replaced, after) = match after.split_first() {
            Some((replaced, after)) if self.present & bit != 0 => (Some(replaced), after),
            _ => (None, after),
        };
        let mut totals = self.totals.plus(Totals::of(&entry));
        if let Some(replaced) = replaced {
            totals = totals.minus(Totals::of(replaced));
        }
        let mut entries = Vec::with_capacity(before.len() + 1 + after.len());
        entries.extend_from_slice(before);
        entries.push(entry);
        entries.extend_from_slice(after);
        Self {
            present: self.present | bit,
            entries: entries.into(),
            number,
            totals,
            noted: AtomicU64::new(0),
        }
    }

    /// The entry of a variant of this bundle.
    #[inline]
    pub(super) fn entry(&self, variant_id: VariantId) -> Option<&Arc<VariantCells>> {
        let bit = bit_of(variant_id);
        if self.present & bit == 0 { None } else { self.entries.get(self.place_of(bit)) }
    }

    /// The entries, ascending by variant.
    pub(super) fn entries(&self) -> &[Arc<VariantCells>] {
        &self.entries
    }

    /// Tells this bundle from every other of the same cache.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Whether a use is the first in a span of changes, counted from one.
    #[inline]
    pub(super) fn is_first_use_in(&self, span: u64) -> bool {
        self.noted.load(Ordering::Relaxed) != span && self.noted.swap(span, Ordering::Relaxed) != span
    }

    /// The sums over the entries, with what the bundle itself weighs.
    pub(super) fn totals(&self) -> Totals {
        Totals { weight: OVERHEAD + self.totals.weight, ..self.totals }
    }

    /// How many of the entries come before that of a bit.
    #[inline]
    fn place_of(&self, bit: u16) -> usize {
        (self.present & (bit - 1)).count_ones().try_into().unwrap_or(usize::MAX)
    }
}

impl Totals {
    fn of(entry: &VariantCells) -> Self {
        let cells = entry.cells().len();
        Self { cells, negative_rows: entry.negative_rows(), weight: entry.weight() }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            cells: self.cells + other.cells,
            negative_rows: self.negative_rows + other.negative_rows,
            weight: self.weight + other.weight,
        }
    }

    fn minus(self, other: Self) -> Self {
        Self {
            cells: self.cells.saturating_sub(other.cells),
            negative_rows: self.negative_rows.saturating_sub(other.negative_rows),
            weight: self.weight.saturating_sub(other.weight),
        }
    }
}

/// The place of a variant in its bundle, as a bit.
#[inline]
fn bit_of(variant_id: VariantId) -> u16 {
    1 << (variant_id.get() & ((1 << ID_BITS) - 1))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::{prop_assert_eq, proptest};

    use super::{Bundle, BundleId, OVERHEAD};
    use crate::cache::entry::VariantCells;
    use crate::domain::id::VariantId;

    fn entry(id: u64, version: u64) -> Arc<VariantCells> {
        Arc::new(VariantCells::empty(VariantId::new(id).unwrap()).with_version(version))
    }

    #[test]
    fn sixteen_neighbours_share_a_bundle() {
        let bundle_of = |id| BundleId::of(VariantId::new(id).unwrap());
        assert!((33..48).all(|id| bundle_of(id) == bundle_of(32)));
        assert!(bundle_of(31) != bundle_of(32) && bundle_of(48) != bundle_of(32));
    }

    proptest! {
        #[test]
        fn a_bundle_has_the_last_entry_of_each_variant(ids in proptest::collection::vec(32_u64..48, 0..40)) {
            let mut bundle = Bundle::default();
            let mut last = std::collections::BTreeMap::new();
            for (id, version) in ids.into_iter().zip(1..) {
                bundle = bundle.with(entry(id, version), u64::MAX);
                last.insert(id, version);
                prop_assert_eq!(bundle.number(), version);
            }
            let held = |entry: &Arc<VariantCells>| (entry.variant_id().get(), entry.version());
            let held: Vec<_> = bundle.entries().iter().map(held).collect();
            prop_assert_eq!(held, last.clone().into_iter().collect::<Vec<_>>());
            for id in 32..48 {
                let found = bundle.entry(VariantId::new(id).unwrap()).map(|entry| entry.version());
                prop_assert_eq!(found, last.get(&id).copied());
            }
            prop_assert_eq!(bundle.totals().weight, OVERHEAD + last.len() * entry(1, 0).weight());
        }
    }
}
