//! What moka holds, weighs and evicts as one: the entries of up to 24 variants that follow each other by their ids.
//!
//! An entry of moka costs some 250 bytes beside its value: four times as much as a cell. In a bundle, variants share
//! that cost, whether their ids are neighbours or far apart; the variants of a product, which are asked for together,
//! mostly have one bundle, and one look finds all of them. A bundle that grows too large is split, as the leaves of a
//! B-tree are.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::entry::VariantCells;
use crate::domain::id::VariantId;

/// The most entries of a bundle. Source: measured, see `benches/engine.rs`; each change of an entry copies the list.
const MAX_ENTRIES: usize = 24;

/// What a bundle costs beside its entries: moka's node, its key, its places in the queues and in the directory, and the
/// reference counts. Source: measured, see `benches/engine.rs`.
const OVERHEAD: usize = 448;

/// The id of the first variant that may belong to a bundle; zero for the bundle of the smallest ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(super) struct BundleId(u64);

/// The entries of some variants after one change of the cache. A bundle is never altered, only replaced.
#[derive(Debug, Default)]
pub(super) struct Bundle {
    id: BundleId,
    /// Ascending by variant. The ids stand here as well, so that a search reads no entry but the one it finds.
    entries: Box<[Place]>,
    /// No other bundle of the cache has this number.
    number: u64,
    totals: Totals,
    /// The span of changes in which a use was noted last.
    noted: AtomicU64,
}

/// An entry, and its variant.
type Place = (VariantId, Arc<VariantCells>);

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

impl From<VariantId> for BundleId {
    #[inline]
    fn from(variant_id: VariantId) -> Self {
        Self(variant_id.get())
    }
}

impl Bundle {
    /// A bundle without entries.
    pub(super) fn empty(id: BundleId) -> Self {
        Self { id, ..Self::default() }
    }

    /// Returns what takes the place of this bundle once these entries, ascending by variant, are in place of what it
    /// held of their variants: one bundle of the same id, and those that had to be split off.
    ///
    /// A bundle of several entries weighs at most `max_weight`.
    pub(super) fn with(&self, changed: &[Arc<VariantCells>], max_weight: u64) -> Vec<Self> {
        let mut entries = Vec::with_capacity(self.entries.len() + changed.len());
        entries.extend_from_slice(&self.entries);
        let mut totals = self.totals;
        for entry in changed {
            let variant_id = entry.variant_id();
            totals = totals.plus(Totals::of(entry));
            match entries.binary_search_by_key(&variant_id, |(id, _)| *id) {
                Ok(place) => {
                    if let Some((_, known)) = entries.get_mut(place) {
                        totals = totals.minus(Totals::of(known));
                        *known = Arc::clone(entry);
                    }
                }
                Err(place) => entries.insert(place, (variant_id, Arc::clone(entry))),
            }
        }
        let mut bundles = Vec::with_capacity(1);
        split(self.id, (entries, totals), self.growth(changed), max_weight, &mut bundles);
        bundles
    }

    /// On which side of what is held these entries come.
    fn growth(&self, changed: &[Arc<VariantCells>]) -> Growth {
        let ids = |entry: Option<&Arc<VariantCells>>| entry.map(|entry| entry.variant_id());
        if self.entries.last().map(|(id, _)| *id) < ids(changed.first()) {
            Growth::After
        } else if ids(changed.last()) < self.entries.first().map(|(id, _)| *id) {
            Growth::Before
        } else {
            Growth::Within
        }
    }

    /// This bundle under a number.
    pub(super) fn with_number(self, number: u64) -> Self {
        Self { number, ..self }
    }

    /// The id under which moka holds the bundle.
    #[inline]
    pub(super) fn id(&self) -> BundleId {
        self.id
    }

    /// The entry of a variant of this bundle.
    #[inline]
    pub(super) fn entry(&self, variant_id: VariantId) -> Option<&Arc<VariantCells>> {
        let place = self.entries.binary_search_by_key(&variant_id, |(id, _)| *id).ok()?;
        self.entries.get(place).map(|(_, entry)| entry)
    }

    /// Whether the id of a variant lies among those of the entries: no other bundle has an entry of it.
    #[inline]
    pub(super) fn spans(&self, variant_id: VariantId) -> bool {
        let (Some((first, _)), Some((last, _))) = (self.entries.first(), self.entries.last()) else {
            return false;
        };
        (*first..=*last).contains(&variant_id)
    }

    /// The entries, ascending by variant.
    pub(super) fn entries(&self) -> impl DoubleEndedIterator<Item = &Arc<VariantCells>> {
        self.entries.iter().map(|(_, entry)| entry)
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
}

/// On which side of the entries that a bundle holds others come.
#[derive(Debug, Clone, Copy)]
enum Growth {
    Before,
    Within,
    After,
}

/// Makes bundles of entries, ascending, and of their sums: one, or as many as it takes for each to be small enough.
///
/// Entries that come in the order of their ids, upwards or downwards, fill their bundles.
fn split(
    id: BundleId,
    (mut entries, totals): (Vec<Place>, Totals),
    growth: Growth,
    max_weight: u64,
    bundles: &mut Vec<Bundle>,
) {
    let count = entries.len();
    let is_light = u64::try_from(OVERHEAD + totals.weight).is_ok_and(|weight| weight <= max_weight);
    if count <= 1 || count <= MAX_ENTRIES && is_light {
        bundles.push(Bundle { id, entries: entries.into(), totals, ..Bundle::default() });
        return;
    }
    let at = match growth {
        Growth::After if MAX_ENTRIES < count => MAX_ENTRIES,
        Growth::Before if MAX_ENTRIES < count => count - MAX_ENTRIES,
        _ => count / 2,
    };
    let after = entries.split_off(at);
    let after_id = after.first().map_or(id, |(first, _)| BundleId::from(*first));
    for (id, entries) in [(id, entries), (after_id, after)] {
        let totals = entries.iter().map(|(_, entry)| Totals::of(entry)).fold(Totals::default(), Totals::plus);
        split(id, (entries, totals), growth, max_weight, bundles);
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use proptest::{prop_assert, prop_assert_eq, proptest};

    use super::{Bundle, BundleId, MAX_ENTRIES, OVERHEAD};
    use crate::cache::entry::VariantCells;
    use crate::domain::id::VariantId;

    fn entry(id: u64, version: u64) -> Arc<VariantCells> {
        Arc::new(VariantCells::empty(VariantId::new(id).unwrap()).with_version(version))
    }

    #[test]
    fn many_at_once_fill_their_bundles_too() {
        let known = Bundle::default().with(&[entry(1_000, 1)], u64::MAX).pop().unwrap();
        for ids in [1..=96, 1_001..=1_096] {
            let came: Vec<_> = ids.map(|id| entry(id, id)).collect();
            let sizes = known.with(&came, u64::MAX).into_iter().map(|bundle| bundle.entries().count());
            assert_eq!(sizes.filter(|count| *count == MAX_ENTRIES).count(), 4);
        }
    }

    /// The bundles after entries of these ids came, one after the other, each to the bundle that it belongs to.
    fn bundles_of(ids: impl IntoIterator<Item = u64>, max_weight: u64) -> BTreeMap<BundleId, Bundle> {
        let mut bundles = BTreeMap::from([(BundleId::default(), Bundle::default())]);
        for (id, version) in ids.into_iter().zip(1..) {
            let place = bundles.range(..=BundleId(id)).next_back().map(|(id, _)| *id).unwrap();
            let bundle = bundles.remove(&place).unwrap();
            for bundle in bundle.with(&[entry(id, version)], max_weight) {
                assert!(bundles.insert(bundle.id(), bundle).is_none());
            }
        }
        bundles
    }

    #[test]
    fn ids_in_their_order_fill_their_bundles() {
        for ids in [
            (1..=240).collect::<Vec<_>>(),
            (1..=240).rev().collect(),
            (1..=240).map(|id| id * 1_000).collect(),
        ] {
            let sizes: Vec<usize> =
                bundles_of(ids, u64::MAX).values().map(|bundle| bundle.entries().count()).collect();
            assert_eq!(sizes, [MAX_ENTRIES; 10]);
        }
    }

    #[test]
    fn a_heavy_bundle_is_split_down_to_single_entries() {
        assert!(bundles_of(1..=40, 0).values().all(|bundle| bundle.entries().count() == 1));
    }

    proptest! {
        #[test]
        fn bundles_hold_the_last_entry_of_each_variant_and_stay_small(
            ids in proptest::collection::vec(1_u64..100, 1..200),
            several in 1_usize..20,
        ) {
            let max_weight = u64::try_from(OVERHEAD + several * entry(1, 0).weight()).unwrap();
            let bundles = bundles_of(ids.iter().copied(), max_weight);
            let last: BTreeMap<u64, u64> = ids.iter().copied().zip(1..).collect();
            let held = bundles.values().flat_map(Bundle::entries);
            let held: Vec<_> = held.map(|entry| (entry.variant_id().get(), entry.version())).collect();
            prop_assert_eq!(held, last.into_iter().collect::<Vec<_>>());
            for bundle in bundles.values() {
                let count = bundle.entries().count();
                prop_assert_eq!(bundle.totals().weight, OVERHEAD + count * entry(1, 0).weight());
                prop_assert!(count <= MAX_ENTRIES.min(several));
                for entry in bundle.entries() {
                    prop_assert!(bundle.id() <= BundleId::from(entry.variant_id()) && bundle.spans(entry.variant_id()));
                    prop_assert_eq!(bundle.entry(entry.variant_id()).map(|found| found.version()), Some(entry.version()));
                }
            }
        }
    }
}
