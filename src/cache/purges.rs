//! Purges: which cells one concerns, and the last of them, so that who looked before one can tell what must not be
//! served any more.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::entry::{PackedCell, VariantCells};
use crate::clock::Moment;
use crate::domain::id::{LocationId, ProductId, VariantId};

/// Purges remembered; who looked before more of them takes them as one of everything. Source: ours; a wait of a
/// minute while four come a second.
const MOST_REMEMBERED: usize = 256;

/// Which cells a purge concerns.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Purge {
    /// The variants.
    pub variants: PurgedVariants,
    /// These locations, ascending; `None` means all of them.
    pub locations: Option<Arc<[LocationId]>>,
}

/// The variants that a purge concerns.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum PurgedVariants {
    /// Every variant.
    #[default]
    All,
    /// These, ascending.
    These(Arc<[VariantId]>),
    /// Those of a product, and those whose product is not known.
    OfProduct(ProductId),
}

/// What is known of the products of some variants.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KnownProducts {
    /// Ascending.
    ids: Vec<ProductId>,
    /// Whether there is no variant besides.
    is_complete: bool,
}

impl Purge {
    /// Whether the purge concerns cells of a variant. A variant without a known product may be of any.
    #[must_use]
    pub fn names(&self, variant_id: VariantId, product_id: Option<ProductId>) -> bool {
        match &self.variants {
            PurgedVariants::All => true,
            PurgedVariants::These(variants) => variants.binary_search(&variant_id).is_ok(),
            PurgedVariants::OfProduct(product) => product_id.is_none_or(|known| known == *product),
        }
    }

    /// Whether the purge concerns a cell.
    #[must_use]
    pub fn concerns(&self, variant_id: VariantId, product_id: Option<ProductId>, loc_id: LocationId) -> bool {
        self.names(variant_id, product_id)
            && self.locations.as_ref().is_none_or(|locations| locations.binary_search(&loc_id).is_ok())
    }

    /// Whether it concerns one of the cells of these variants at these locations, both ascending.
    #[must_use]
    pub fn touches(
        &self,
        variants: &[VariantId],
        products: &KnownProducts,
        locations: &[LocationId],
    ) -> bool {
        let touches_variant = match &self.variants {
            PurgedVariants::All => true,
            PurgedVariants::These(named) => share_one(named, variants),
            PurgedVariants::OfProduct(product) => {
                !products.is_complete || products.ids.binary_search(product).is_ok()
            }
        };
        touches_variant && self.locations.as_deref().is_none_or(|named| share_one(named, locations))
    }

    /// Whether it concerns the shop's list of locations too: it is about every variant.
    #[must_use]
    pub fn reaches_locations(&self) -> bool {
        self.variants == PurgedVariants::All
    }

    /// Whether the entry of a variant holds cells that it may concern.
    pub(super) fn names_entry(&self, entry: &VariantCells) -> bool {
        self.names(entry.variant_id(), product_of(entry))
    }
}

impl From<Option<Arc<[VariantId]>>> for PurgedVariants {
    /// These variants, ascending; `None` means every variant.
    fn from(variants: Option<Arc<[VariantId]>>) -> Self {
        variants.map_or(Self::All, Self::These)
    }
}

impl KnownProducts {
    /// The products of these entries, one for each variant.
    pub fn of<'a>(entries: impl Iterator<Item = Option<&'a VariantCells>>) -> Self {
        let (mut ids, mut is_complete) = (Vec::new(), true);
        for entry in entries {
            match entry.and_then(product_of) {
                // Variants of a product mostly follow each other.
                Some(product_id) if ids.last() == Some(&product_id) => {}
                Some(product_id) => ids.push(product_id),
                None => is_complete = false,
            }
        }
        ids.sort_unstable();
        ids.dedup();
        Self { ids, is_complete }
    }
}

/// The product of a variant, if one of its rows names it.
#[must_use]
pub fn product_of(entry: &VariantCells) -> Option<ProductId> {
    entry.cells().iter().find_map(PackedCell::product_id)
}

/// How many purges there were at some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct PurgeCount(u64);

/// The purges that came after some count.
#[derive(Debug, Clone, Default)]
pub struct PurgesSince {
    purges: Vec<(Moment, Purge)>,
    until: PurgeCount,
}

impl PurgesSince {
    /// The count that these end at.
    #[must_use]
    pub fn until(&self) -> PurgeCount {
        self.until
    }

    /// Whether none came.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.purges.is_empty()
    }

    /// Whether a cell that was observed then may not be served any more. A variant without a known product may be of
    /// any.
    #[must_use]
    pub fn outdate(
        &self,
        variant_id: VariantId,
        product_id: Option<ProductId>,
        loc_id: LocationId,
        observed_at: Moment,
    ) -> bool {
        let mut purges = self.purges.iter();
        purges.any(|(at, purge)| observed_at <= *at && purge.concerns(variant_id, product_id, loc_id))
    }

    /// Whether one of them concerns a cell of these variants at these locations, both ascending.
    #[must_use]
    pub fn touch(&self, variants: &[VariantId], products: &KnownProducts, locations: &[LocationId]) -> bool {
        self.purges.iter().any(|(_, purge)| purge.touches(variants, products, locations))
    }

    /// Whether one of them concerns the shop's list of locations.
    #[must_use]
    pub fn reach_locations(&self) -> bool {
        self.purges.iter().any(|(_, purge)| purge.reaches_locations())
    }
}

/// The purges of a cache, the last of them word for word.
#[derive(Debug, Default)]
pub(super) struct PurgeLog {
    count: AtomicU64,
    last: Mutex<VecDeque<(Moment, Purge)>>,
}

impl PurgeLog {
    /// How many there were so far.
    pub(super) fn count(&self) -> PurgeCount {
        PurgeCount(self.count.load(Ordering::Acquire))
    }

    /// One more has come.
    pub(super) fn add(&self, purge: &Purge, at: Moment) {
        let mut last = self.last.lock();
        if last.len() == MOST_REMEMBERED {
            last.pop_front();
        }
        last.push_back((at, purge.clone()));
        self.count.fetch_add(1, Ordering::Release);
    }

    /// Those that came after a count.
    pub(super) fn since(&self, count: PurgeCount) -> PurgesSince {
        if count == self.count() {
            return PurgesSince { purges: Vec::new(), until: count };
        }
        let last = self.last.lock();
        let until = self.count();
        let came = usize::try_from(until.0.saturating_sub(count.0)).unwrap_or(usize::MAX);
        let purges = if came <= last.len() {
            last.iter().skip(last.len() - came).cloned().collect()
        } else {
            last.back().map(|(at, _)| (*at, Purge::default())).into_iter().collect()
        };
        PurgesSince { purges, until }
    }
}

/// Whether two ascending lists share an id.
fn share_one<I: Ord>(some: &[I], others: &[I]) -> bool {
    let (few, many) = if some.len() < others.len() { (some, others) } else { (others, some) };
    few.iter().any(|id| many.binary_search(id).is_ok())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{KnownProducts, MOST_REMEMBERED, Purge, PurgeLog, PurgedVariants};
    use crate::clock::Moment;
    use crate::domain::id::{LocationId, ProductId, VariantId};

    fn variant(id: u64) -> VariantId {
        VariantId::new(id).unwrap()
    }

    fn location(id: u64) -> LocationId {
        LocationId::new(id).unwrap()
    }

    fn of_variant(id: u64) -> Purge {
        Purge { variants: PurgedVariants::These(Arc::from([variant(id)])), locations: None }
    }

    #[test]
    fn a_purge_outdates_what_was_observed_before_it_and_nothing_else() {
        let log = PurgeLog::default();
        log.add(&of_variant(1), Moment::from_millis(5));
        let looked = log.count();
        assert!(log.since(looked).is_empty());
        log.add(&of_variant(7), Moment::from_millis(10));
        let since = log.since(looked);
        let outdates = |id, at| since.outdate(variant(id), None, location(1), Moment::from_millis(at));
        assert!(outdates(7, 9) && outdates(7, 10));
        assert!(!outdates(7, 11) && !outdates(8, 9));
        assert!(!outdates(1, 4), "that purge came before the look");
        let unknown = KnownProducts::default();
        assert!(since.touch(&[variant(3), variant(7)], &unknown, &[location(2)]));
        assert!(!since.touch(&[variant(3)], &unknown, &[location(2)]) && !since.reach_locations());
        assert!(log.since(since.until()).is_empty());
    }

    #[test]
    fn more_purges_than_are_remembered_count_as_one_of_everything() {
        let log = PurgeLog::default();
        let looked = log.count();
        for _ in 0..MOST_REMEMBERED {
            log.add(&of_variant(7), Moment::from_millis(10));
        }
        assert!(!log.since(looked).touch(&[variant(8)], &KnownProducts::default(), &[location(1)]));
        log.add(&of_variant(7), Moment::from_millis(20));
        let since = log.since(looked);
        assert!(
            since.outdate(variant(8), None, location(1), Moment::from_millis(20)) && since.reach_locations()
        );
        assert!(!since.outdate(variant(8), None, location(1), Moment::from_millis(21)));
    }

    #[test]
    fn a_purge_of_a_product_concerns_its_variants_and_those_whose_product_is_not_known() {
        let product = |id| ProductId::new(id).unwrap();
        let purge = Purge { variants: PurgedVariants::OfProduct(product(5)), locations: None };
        let concerns = |product| purge.concerns(variant(7), product, location(1));
        assert!(concerns(Some(product(5))) && concerns(None) && !concerns(Some(product(6))));
        let touches = |ids: &[u64], is_complete| {
            let products = KnownProducts { ids: ids.iter().map(|id| product(*id)).collect(), is_complete };
            purge.touches(&[variant(7)], &products, &[location(1)])
        };
        assert!(touches(&[4, 5], true) && touches(&[4], false) && !touches(&[4, 6], true));
        assert!(!purge.reaches_locations());
    }
}
