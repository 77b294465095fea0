//! Rows of one shop as text, bounded in bytes: by variant, and by the locations that callers ask for together.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::{RwLock, RwLockReadGuard};
use quick_cache::{UnitWeighter, Weighter, sync, unsync};
use rustc_hash::FxBuildHasher;

use super::entry::RowTexts;
use crate::cache::changes::Changes;
use crate::cache::entry::VariantCells;
use crate::domain::id::{LocationId, VariantId};

/// How many lists of locations are told apart at a time. Source: ours; a shop's callers name a handful. Hits have at
/// most a few thousand cells, so these stay below 2 MiB whatever is asked.
const LOCATION_LISTS: usize = 64;

/// When there is no room, rows are kept of so many of 256 variants that were hit and had to be written. Source: ours;
/// what is hit often is soon among them, and what does not fit in does not push everything else out.
const KEPT_OF_256: u8 = 16;

/// What a text weighs, roughly: a hint from which tables grow. Source: a variant at five locations.
const TYPICAL_WEIGHT: u64 = 1 << 10;

/// Of this many parts of the bound, one is left free for there to be room: so what is kept because there is room pushes
/// nothing out, even when several answers come with new texts at once. Source: ours.
const FREE_PART: u64 = 8;

/// How long texts that were made wait for those who read to be done. Source: ours; who reads 250 rows is done in some
/// 20 µs, and readers that come meanwhile wait as well.
const MOST_WAIT: Duration = Duration::from_micros(200);

/// Tells one list of locations from all others that a shop's texts were ever made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LocationListId(u64);

/// The rows of one shop that stand ready as text.
///
/// One lock over all of them, taken once for all the variants of a hit and not once for each: so a variant costs no
/// atomic operation, and the processor fetches many of them from memory at a time.
pub(in crate::cache) struct Texts {
    rows: RwLock<Kept>,
    lists: sync::Cache<Arc<[LocationId]>, LocationListId, UnitWeighter, FxBuildHasher>,
    next_list: AtomicU64,
    max_bytes: u64,
}

type Kept = unsync::Cache<(LocationListId, VariantId), Box<RowTexts>, TextWeight, FxBuildHasher>;

/// A read lock on the texts. Writers wait while it is held: hold it for one answer at most.
pub(in crate::cache) struct ReadTexts<'a>(RwLockReadGuard<'a, Kept>);

impl Texts {
    /// Room for this many bytes; zero switches it off.
    pub(in crate::cache) fn new(max_bytes: u64) -> Self {
        let items = usize::try_from(max_bytes / TYPICAL_WEIGHT).unwrap_or(usize::MAX).max(1);
        let weight = u64::try_from(LOCATION_LISTS).unwrap_or(u64::MAX);
        let rows = unsync::DefaultLifecycle::default();
        let rows = unsync::Cache::with(items, max_bytes, TextWeight, FxBuildHasher, rows);
        let lists = sync::DefaultLifecycle::default();
        let lists = sync::Cache::with(LOCATION_LISTS, weight, UnitWeighter, FxBuildHasher, lists);
        Self { rows: RwLock::new(rows), lists, next_list: AtomicU64::new(0), max_bytes }
    }

    /// The name that texts of rows at these locations, ascending, go by.
    pub(in crate::cache) fn list(&self, locations: &Arc<[LocationId]>) -> LocationListId {
        if let Some(list) = self.lists.get(locations) {
            return list;
        }
        // Two who come at once may name one list twice: the later name stays, and is as good.
        let list = LocationListId(self.next_list.fetch_add(1, Ordering::Relaxed));
        self.lists.insert(Arc::clone(locations), list);
        list
    }

    /// The texts, for as long as it takes to read them.
    pub(in crate::cache) fn read(&self) -> ReadTexts<'_> {
        ReadTexts(self.rows.read())
    }

    /// Keeps the rows of entries at the locations of a list: of each variant while there is room, of some after that.
    pub(in crate::cache) fn keep<'a>(
        &self,
        list: LocationListId,
        (entries, locations): (impl Iterator<Item = &'a VariantCells>, &[LocationId]),
        changes: Changes,
    ) {
        let has_room = self.rows.read().weight() < self.max_bytes - self.max_bytes / FREE_PART;
        let is_chosen = |_: &&VariantCells| has_room || 0 < self.max_bytes && fastrand::u8(..) < KEPT_OF_256;
        let made = entries.filter(is_chosen).filter_map(|entry| RowTexts::of(entry, locations, changes));
        let made: Vec<Box<RowTexts>> = made.map(Box::new).collect();
        if made.is_empty() {
            return;
        }
        // If it takes too long: what is hit again is made again.
        let Some(mut rows) = self.rows.try_write_for(MOST_WAIT) else { return };
        for texts in made {
            rows.insert((list, texts.variant_id()), texts);
        }
    }
}

impl ReadTexts<'_> {
    /// The rows of a variant at the locations of a list, if they stand ready. Whether they are still what the cache
    /// holds is for the cache to say.
    #[inline]
    pub(in crate::cache) fn get(&self, list: LocationListId, variant_id: VariantId) -> Option<&RowTexts> {
        self.0.get(&(list, variant_id)).map(Box::as_ref)
    }
}

impl fmt::Debug for ReadTexts<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ReadTexts").field("bytes", &self.0.weight()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Texts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Texts").finish_non_exhaustive()
    }
}

/// What rows cost as text, in bytes.
#[derive(Debug, Clone)]
struct TextWeight;

impl Weighter<(LocationListId, VariantId), Box<RowTexts>> for TextWeight {
    fn weight(&self, _: &(LocationListId, VariantId), rows: &Box<RowTexts>) -> u64 {
        u64::try_from(rows.weight()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::cache::entry::{Finding, Observation, VariantCells};
    use crate::cache::order::CallTimes;
    use crate::cache::row_text::RowTexts;
    use crate::cache::{Cache, Purge};
    use crate::clock::Moment;
    use crate::domain::id::{LocationId, VariantId};
    use crate::domain::row::Fingerprint;
    use crate::haravan::parse_row;

    fn locations(ids: &[u64]) -> Arc<[LocationId]> {
        ids.iter().map(|id| LocationId::new(*id).unwrap()).collect()
    }

    /// Variant 7 at these locations, with a row whose id is the location's.
    fn entry(cache: &Cache, at: u64, ids: &[u64]) -> Arc<VariantCells> {
        let observation = |loc_id: &LocationId| {
            let id = loc_id.get();
            let row = parse_row(&format!(
                r#"{{"id":{id},"loc_id":{id},"product_id":9,"variant_id":7,"qty_onhand":{at},"qty_commited":0,"qty_incoming":0,"qty_available":{at},"updated_at":"2021-07-08T01:00:00Z"}}"#
            ));
            let call = CallTimes::at(Moment::from_millis(at + id));
            Observation { loc_id: *loc_id, finding: Finding::Row(Box::new(row.unwrap())), call }
        };
        cache.merge(VariantId::new(7).unwrap(), locations(ids).iter().map(observation).collect())
    }

    fn keep(cache: &Cache, entry: &VariantCells, ids: &[u64]) {
        let list = cache.location_list(&locations(ids));
        cache.keep_texts(list, (std::iter::once(entry), &locations(ids)), cache.changes());
    }

    /// The ids of the rows that stand ready, and when the oldest cell was confirmed.
    fn texts(cache: &Cache, ids: &[u64]) -> Option<(Vec<u64>, u64)> {
        let (held, list) = (cache.read_texts(), cache.location_list(&locations(ids)));
        let found = held.find(list, &[VariantId::new(7).unwrap()]);
        let texts = found.into_iter().next()?.filter(|texts| held.is_current(texts, &mut cache.reader()))?;
        Some((texts.row_ids().map(|id| id.get()).collect(), texts.oldest().as_millis()))
    }

    #[test]
    fn each_list_of_locations_has_the_rows_and_the_age_of_its_own_cells() {
        let cache = Cache::new(1 << 20, 1 << 20);
        let entry = entry(&cache, 1000, &[1, 2, 3, 4, 5, 6, 7]);
        keep(&cache, &entry, &[2, 5]);
        keep(&cache, &entry, &[1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(texts(&cache, &[2, 5]), Some((vec![2, 5], 1002)));
        assert_eq!(texts(&cache, &[1, 2, 3, 4, 5, 6, 7]), Some((vec![1, 2, 3, 4, 5, 6, 7], 1001)));
        assert!(texts(&cache, &[2]).is_none());
    }

    #[test]
    fn a_text_is_a_row_a_comma_and_the_fingerprint_of_the_row() {
        let cache = Cache::new(1 << 20, 1 << 20);
        let texts =
            RowTexts::of(&entry(&cache, 1000, &[1, 2]), &locations(&[1, 2]), cache.changes()).unwrap();
        let (text, fingerprint) = texts.text(1).unwrap();
        assert!(text.starts_with(b"{\"id\":2,") && text.ends_with(b"},"));
        assert_eq!(fingerprint, Fingerprint::of(text.strip_suffix(b",").unwrap()));
        assert_eq!(texts.text(2), None);
    }

    #[test]
    fn who_reads_holds_up_no_other_reader_and_keeps_what_is_read() {
        let cache = Cache::new(1 << 20, 1 << 20);
        let known = entry(&cache, 1000, &[1]);
        keep(&cache, &known, &[1]);
        let reading = cache.read_texts();
        assert!(texts(&cache, &[1]).is_some());
        // Who would keep a text gives up in the end.
        keep(&cache, &known, &[1]);
        drop(reading);
        keep(&cache, &known, &[1]);
        assert!(texts(&cache, &[1]).is_some());
    }

    #[test]
    fn what_was_written_of_an_entry_that_is_held_no_longer_is_not_given() {
        let cache = Cache::new(1 << 20, 1 << 20);
        keep(&cache, &entry(&cache, 1000, &[1, 2]), &[1, 2]);
        // Another variant's change leaves it as it is.
        cache.merge(VariantId::new(8).unwrap(), Vec::new());
        assert!(texts(&cache, &[1, 2]).is_some());
        let newer = entry(&cache, 2000, &[1]);
        assert!(texts(&cache, &[1, 2]).is_none());
        keep(&cache, &newer, &[1, 2]);
        assert!(texts(&cache, &[1, 2]).is_some());
        cache.purge(&Purge::default(), Moment::default());
        assert!(texts(&cache, &[1, 2]).is_none());
    }

    #[test]
    fn nothing_is_written_of_cells_that_are_not_known_or_where_there_is_no_room() {
        let cache = Cache::new(1 << 20, 1 << 20);
        let known = entry(&cache, 1000, &[1, 2]);
        keep(&cache, &known, &[1, 3]);
        assert!(texts(&cache, &[1, 3]).is_none());
        keep(&cache, &known.purged(Some(&locations(&[2]))), &[1, 2]);
        assert!(texts(&cache, &[1, 2]).is_none());
        let cache = Cache::new(1 << 20, 0);
        let known = entry(&cache, 1000, &[1]);
        for _ in 0..1000 {
            keep(&cache, &known, &[1]);
        }
        assert!(texts(&cache, &[1]).is_none());
    }
}
