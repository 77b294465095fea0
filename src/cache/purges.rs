//! Purges: which cells one concerns, and the last of them, so that who looked before one can tell what must not be
//! served any more.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use crate::clock::Moment;
use crate::domain::id::{LocationId, VariantId};

/// Purges remembered; who looked before more of them takes them as one of everything. Source: ours; a wait of a
/// minute while four come a second.
const MOST_REMEMBERED: usize = 256;

/// Which cells a purge concerns; none of a kind means all of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Purge {
    /// These variants, ascending.
    pub variants: Option<Arc<[VariantId]>>,
    /// These locations, ascending.
    pub locations: Option<Arc<[LocationId]>>,
}

impl Purge {
    /// Whether the purge concerns cells of a variant.
    #[must_use]
    pub fn names(&self, variant_id: VariantId) -> bool {
        self.variants.as_ref().is_none_or(|variants| variants.binary_search(&variant_id).is_ok())
    }

    /// Whether the purge concerns a cell.
    #[must_use]
    pub fn concerns(&self, variant_id: VariantId, loc_id: LocationId) -> bool {
        self.names(variant_id)
            && self.locations.as_ref().is_none_or(|locations| locations.binary_search(&loc_id).is_ok())
    }

    /// Whether it concerns one of the cells of these variants at these locations, both ascending.
    #[must_use]
    pub fn touches(&self, variants: &[VariantId], locations: &[LocationId]) -> bool {
        self.variants.as_deref().is_none_or(|named| share_one(named, variants))
            && self.locations.as_deref().is_none_or(|named| share_one(named, locations))
    }

    /// Whether it concerns the shop's list of locations too: it names no variants.
    #[must_use]
    pub fn reaches_locations(&self) -> bool {
        self.variants.is_none()
    }
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

    /// Whether a cell that was observed then may not be served any more.
    #[must_use]
    pub fn outdate(&self, variant_id: VariantId, loc_id: LocationId, observed_at: Moment) -> bool {
        self.purges.iter().any(|(at, purge)| observed_at <= *at && purge.concerns(variant_id, loc_id))
    }

    /// Whether one of them concerns a cell of these variants at these locations, both ascending.
    #[must_use]
    pub fn touch(&self, variants: &[VariantId], locations: &[LocationId]) -> bool {
        self.purges.iter().any(|(_, purge)| purge.touches(variants, locations))
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

    use super::{MOST_REMEMBERED, Purge, PurgeLog};
    use crate::clock::Moment;
    use crate::domain::id::{LocationId, VariantId};

    fn variant(id: u64) -> VariantId {
        VariantId::new(id).unwrap()
    }

    fn location(id: u64) -> LocationId {
        LocationId::new(id).unwrap()
    }

    fn of_variant(id: u64) -> Purge {
        Purge { variants: Some(Arc::from([variant(id)])), locations: None }
    }

    #[test]
    fn a_purge_outdates_what_was_observed_before_it_and_nothing_else() {
        let log = PurgeLog::default();
        log.add(&of_variant(1), Moment::from_millis(5));
        let looked = log.count();
        assert!(log.since(looked).is_empty());
        log.add(&of_variant(7), Moment::from_millis(10));
        let since = log.since(looked);
        let outdates = |id, at| since.outdate(variant(id), location(1), Moment::from_millis(at));
        assert!(outdates(7, 9) && outdates(7, 10));
        assert!(!outdates(7, 11) && !outdates(8, 9));
        assert!(!outdates(1, 4), "that purge came before the look");
        assert!(since.touch(&[variant(3), variant(7)], &[location(2)]));
        assert!(!since.touch(&[variant(3)], &[location(2)]) && !since.reach_locations());
        assert!(log.since(since.until()).is_empty());
    }

    #[test]
    fn more_purges_than_are_remembered_count_as_one_of_everything() {
        let log = PurgeLog::default();
        let looked = log.count();
        for _ in 0..MOST_REMEMBERED {
            log.add(&of_variant(7), Moment::from_millis(10));
        }
        assert!(!log.since(looked).touch(&[variant(8)], &[location(1)]));
        log.add(&of_variant(7), Moment::from_millis(20));
        let since = log.since(looked);
        assert!(since.outdate(variant(8), location(1), Moment::from_millis(20)) && since.reach_locations());
        assert!(!since.outdate(variant(8), location(1), Moment::from_millis(21)));
    }
}
