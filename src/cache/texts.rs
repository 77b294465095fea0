//! Rows of one shop as text, bounded in bytes: by variant, and by the locations that callers ask for together.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::Weighter;
use quick_cache::sync::{Cache as Bounded, DefaultLifecycle};
use rustc_hash::FxBuildHasher;

use super::Changes;
use super::entry::VariantCells;
use super::row_texts::RowTexts;
use crate::domain::id::{LocationId, VariantId};

/// How many lists of locations are told apart at a time. Source: ours; a shop's callers name a handful.
const LOCATION_LISTS: usize = 64;

/// When there is no room, rows are kept of so many of 256 variants that were hit and had to be written. Source: ours;
/// what is hit often is soon among them, and what does not fit in does not push everything else out.
const KEPT_OF_256: u8 = 16;

/// What a text weighs, roughly: a hint from which tables grow. Source: a variant at five locations.
const TYPICAL_WEIGHT: u64 = 1 << 10;

/// Of this many parts of the bound, one is left free for there to be room: shards fill unevenly.
const FREE_PART: u64 = 8;

/// Tells one list of locations from all others that a shop's texts were ever made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LocationListId(u64);

/// The rows of one shop that stand ready as text.
pub(super) struct Texts {
    rows: Bounded<(LocationListId, VariantId), Arc<RowTexts>, TextWeight, FxBuildHasher>,
    lists: Bounded<Arc<[LocationId]>, LocationListId, quick_cache::UnitWeighter, FxBuildHasher>,
    next_list: AtomicU64,
    max_bytes: u64,
}

impl Texts {
    /// Room for so many bytes; none switches it off.
    pub(super) fn new(max_bytes: u64) -> Self {
        let items = usize::try_from(max_bytes / TYPICAL_WEIGHT).unwrap_or(usize::MAX).max(1);
        let weight = u64::try_from(LOCATION_LISTS).unwrap_or(u64::MAX);
        Self {
            rows: Bounded::with(items, max_bytes, TextWeight, FxBuildHasher, DefaultLifecycle::default()),
            lists: Bounded::with(
                LOCATION_LISTS,
                weight,
                quick_cache::UnitWeighter,
                FxBuildHasher,
                DefaultLifecycle::default(),
            ),
            next_list: AtomicU64::new(0),
            max_bytes,
        }
    }

    /// The name that texts of rows at these locations, ascending, go by.
    pub(super) fn list(&self, locations: &Arc<[LocationId]>) -> LocationListId {
        if let Some(list) = self.lists.get(locations) {
            return list;
        }
        // Two who come at once may name one list twice: the later name stays, and is as good.
        let list = LocationListId(self.next_list.fetch_add(1, Ordering::Relaxed));
        self.lists.insert(Arc::clone(locations), list);
        list
    }

    /// The rows of a variant at the locations of a list, if they stand ready. Whether they are still what the cache
    /// holds is for the cache to say.
    #[inline]
    pub(super) fn get(&self, list: LocationListId, variant_id: VariantId) -> Option<Arc<RowTexts>> {
        self.rows.get(&(list, variant_id))
    }

    /// Whether rows can be kept without others being dropped.
    pub(super) fn has_room(&self) -> bool {
        self.rows.weight() < self.max_bytes - self.max_bytes / FREE_PART
    }

    /// Keeps the rows of an entry at the locations of a list: of each variant while there is room, of some after that.
    pub(super) fn keep(
        &self,
        list: LocationListId,
        (entry, locations): (&VariantCells, &[LocationId]),
        changes: Changes,
        has_room: bool,
    ) {
        let is_chosen = has_room || 0 < self.max_bytes && fastrand::u8(..) < KEPT_OF_256;
        if let Some(rows) = is_chosen.then(|| RowTexts::of(entry, locations, changes)).flatten() {
            self.rows.insert((list, entry.variant_id()), Arc::new(rows));
        }
    }
}

impl fmt::Debug for Texts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Texts").field("bytes", &self.rows.weight()).finish_non_exhaustive()
    }
}

/// What rows cost as text, in bytes.
#[derive(Debug, Clone)]
struct TextWeight;

impl Weighter<(LocationListId, VariantId), Arc<RowTexts>> for TextWeight {
    fn weight(&self, _: &(LocationListId, VariantId), rows: &Arc<RowTexts>) -> u64 {
        u64::try_from(rows.weight()).unwrap_or(u64::MAX)
    }
}
