//! One shop's cells, in the memory of this process: moka bounds their bytes, and this keeps the merge rule, the
//! purges and the order of changes.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use moka::Entry;
use moka::ops::compute::Op;
use moka::sync::Cache as Moka;
use parking_lot::Mutex;
use rustc_hash::FxBuildHasher;

use super::bundle::{Bundle, BundleId};
use super::changes::Changes;
use super::entry::{Observation, Turns, VariantCells};
use super::feed::{Change, ChangeReader, Changed, Feed};
use super::purges::{Purge, PurgeCount, PurgeLog, PurgedVariants, PurgesSince};
use super::residents::Residents;
use super::row_text::{LocationListId, ReadTexts, RowTexts, Texts};
use crate::clock::Moment;
use crate::domain::id::{LocationId, VariantId};

/// Of this many parts of the bound, a bundle of several variants may weigh one. Source: ours; a variant at very many
/// locations has a bundle of its own.
const PARTS: u64 = 4;

/// In how many changes moka takes note of one use of a bundle. Source: ours; a look that is noted takes ten times as
/// long, and only changes evict.
const CHANGES_A_NOTE: u64 = 64;

/// The cells of one shop that are held in memory.
pub struct Cache {
    /// Moka decides size, never age.
    bundles: Moka<BundleId, Arc<Bundle>, FxBuildHasher>,
    /// Rows of entries that were hit, as text.
    texts: Texts,
    residents: Arc<Residents>,
    changes: AtomicU64,
    pub(super) feed: Feed,
    purges: PurgeLog,
    max_bytes: u64,
    /// Taken to change entries; readers never wait.
    writing: Mutex<()>,
}

/// Looks up one variant after the other. Neighbours share one look into the cache.
#[derive(Debug)]
pub struct EntryReader<'a> {
    cache: &'a Cache,
    last: Option<Arc<Bundle>>,
}

/// Read access to the rows as text, at a count of changes.
#[derive(Debug)]
pub struct TextReader<'a> {
    changes: Changes,
    texts: ReadTexts<'a>,
}

impl Cache {
    /// An empty cache of at most `max_bytes` of cells, and `text_bytes` of rows as text.
    #[must_use]
    pub fn new(max_bytes: u64, text_bytes: u64) -> Self {
        let residents = Arc::new(Residents::default());
        let left = Arc::clone(&residents);
        let bundles = Moka::builder()
            .max_capacity(max_bytes.max(1))
            .weigher(|_, bundle: &Arc<Bundle>| u32::try_from(bundle.totals().weight).unwrap_or(u32::MAX))
            .eviction_listener(move |_, bundle: Arc<Bundle>, cause| left.left(&bundle, cause))
            .build_with_hasher(FxBuildHasher);
        let texts = Texts::new(text_bytes);
        let (changes, purges) = (AtomicU64::new(0), PurgeLog::default());
        Self {
            bundles,
            texts,
            residents,
            changes,
            feed: Feed::default(),
            purges,
            max_bytes,
            writing: Mutex::new(()),
        }
    }

    /// The changes so far. What was read since then and before they move on is still what is held.
    #[must_use]
    pub fn changes(&self) -> Changes {
        Changes::from_count(self.changes.load(Ordering::Acquire))
    }

    /// Begins to follow the changes: all that come after those so far.
    #[must_use]
    pub fn follow(&self) -> ChangeReader {
        let _writing = self.writing.lock();
        self.feed.follow(self.changes())
    }

    /// What is known of a variant.
    #[must_use]
    pub fn get(&self, variant_id: VariantId) -> Option<Arc<VariantCells>> {
        self.reader().get(variant_id).cloned()
    }

    /// Begins to look up variants.
    #[must_use]
    pub fn reader(&self) -> EntryReader<'_> {
        EntryReader { cache: self, last: None }
    }

    /// The interned id of a sorted list of locations.
    #[must_use]
    pub fn location_list(&self, locations: &Arc<[LocationId]>) -> LocationListId {
        self.texts.list(locations)
    }

    /// Takes the read lock on the row texts. Writers wait while it is held: hold it for one answer at most.
    #[must_use]
    pub fn read_texts(&self) -> TextReader<'_> {
        TextReader { changes: self.changes(), texts: self.texts.read() }
    }

    /// Makes text of entries' rows at the locations of a list, for next time: of each entry if there is room, or else
    /// of some, so that what does not fit in does not push everything else out. Not while texts are read.
    pub fn keep_texts<'a>(
        &self,
        list: LocationListId,
        of: (impl Iterator<Item = &'a VariantCells>, &[LocationId]),
        changes: Changes,
    ) {
        self.texts.keep(list, of, changes);
    }

    /// Merges observations into a variant's entry and gives back the entry, whether or not it stays resident.
    pub fn merge(&self, variant_id: VariantId, observations: Vec<Observation>) -> Arc<VariantCells> {
        let merged = self.merge_all(vec![(variant_id, observations)]).pop();
        merged.map_or_else(|| Arc::new(VariantCells::empty(variant_id)), |(entry, _)| entry)
    }

    /// Merges the observations of some variants as [`Cache::merge`] does, those of one bundle in one step. Returns the
    /// entry of each, in the order given, with what the observations came to. Each variant comes once.
    pub fn merge_all(&self, observed: Vec<(VariantId, Vec<Observation>)>) -> Vec<(Arc<VariantCells>, Turns)> {
        let times = observed.iter().flat_map(|(_, observations)| observations);
        let newest = times.map(|observation| observation.call.began.as_millis()).max();
        let _writing = self.writing.lock();
        if let Some(newest) = newest {
            self.residents.observed(newest);
        }
        let directory = self.residents.directory();
        let mut merged = Vec::with_capacity(observed.len());
        let mut rest = observed.into_iter().peekable();
        while let Some(id) = rest.peek().map(|(variant_id, _)| directory.id_of(*variant_id)) {
            let of_bundle = std::iter::from_fn(|| rest.next_if(|(next, _)| directory.id_of(*next) == id));
            self.merge_into(id, of_bundle.collect(), &mut merged);
        }
        merged
    }

    fn merge_into(
        &self,
        id: BundleId,
        observed: Vec<(VariantId, Vec<Observation>)>,
        merged: &mut Vec<(Arc<VariantCells>, Turns)>,
    ) {
        let mut outcomes = Vec::with_capacity(observed.len());
        let entries = self.change(id, |bundle| {
            let merge = |(variant_id, observations)| {
                let (known, mut turns) = (bundle.entry(variant_id).cloned(), Turns::default());
                let entry = match &known {
                    Some(known) => known.merged_with_turns(observations, &mut turns),
                    None => VariantCells::empty(variant_id).merged_with_turns(observations, &mut turns),
                };
                outcomes.push((known, turns));
                entry
            };
            observed.into_iter().map(merge).collect()
        });
        for (entry, (known, turns)) in entries.into_iter().zip(outcomes) {
            if self.feed.is_followed() {
                let (number, changed) =
                    (Changes::from_count(entry.version()), entry.differences(known.as_deref()));
                self.feed.publish_cells(number, entry.variant_id(), changed);
            }
            merged.push((entry, turns));
        }
    }

    /// Lets nothing be served again that is held now. Only the loader's door for invalidation comes here: it sees to
    /// what is in flight as well.
    pub fn purge(&self, purge: &Purge, now: Moment) {
        let _writing = self.writing.lock();
        let directory = self.residents.directory();
        let mut bundles: Vec<BundleId> = match &purge.variants {
            PurgedVariants::These(variants) => {
                variants.iter().map(|variant_id| directory.id_of(*variant_id)).collect()
            }
            PurgedVariants::All => directory.ids(),
            PurgedVariants::OfProduct(_) => directory.ids_with(|entry| purge.names_entry(entry)),
        };
        // Variants that are named ascend, so that those of a bundle are neighbours.
        bundles.dedup();
        for id in bundles {
            self.change(id, |known| {
                let concerned = known.entries().filter(|entry| purge.names_entry(entry));
                concerned.map(|entry| entry.purged(purge.locations.as_deref())).collect()
            });
        }
        // What is held no longer may live on in answers that were made of it.
        let number = Changes::from_count(self.changes.fetch_add(1, Ordering::Release).wrapping_add(1));
        // Last: who sees the count sees all that was marked.
        self.purges.add(purge, now);
        if self.feed.is_followed() {
            self.feed.publish(Change { number, changed: Changed::Purge(purge.clone()) });
        }
    }

    /// How many purges there were so far. To be asked before a look, for [`Cache::purges_since`] after it.
    #[must_use]
    pub fn purges(&self) -> PurgeCount {
        self.purges.count()
    }

    /// The purges that came after a count: what they outdate must not be served.
    #[must_use]
    pub fn purges_since(&self, count: PurgeCount) -> PurgesSince {
        self.purges.since(count)
    }

    /// Every entry, ascending by variant. Looking does not count as using: it keeps nothing from being evicted.
    pub fn entries(&self) -> impl Iterator<Item = Arc<VariantCells>> + '_ {
        self.residents.directory().entries()
    }

    /// What is held, counted.
    #[must_use]
    pub fn residents(&self) -> &Residents {
        &self.residents
    }

    /// Lets moka take note of a look at a bundle, so that it knows what to evict. While the cache is less than half full
    /// there is nothing to know.
    #[inline]
    fn note_use(&self, bundle: &Bundle) {
        if self.max_bytes / 2 < self.residents.bytes() {
            let span = self.changes().count() / CHANGES_A_NOTE + 1;
            if bundle.is_first_use_in(span) {
                self.bundles.get(&bundle.id());
            }
        }
    }

    /// Replaces entries of a bundle by those that are made of it, each under a version of its own. The one place where
    /// entries change. Called under the lock for writing.
    fn change(
        &self,
        id: BundleId,
        make: impl FnOnce(&Bundle) -> Vec<VariantCells>,
    ) -> Vec<Arc<VariantCells>> {
        let mut number = self.changes.load(Ordering::Relaxed);
        let (mut changed, mut split_off) = (Vec::new(), Vec::new());
        self.bundles.entry(id).and_compute_with(|known| {
            // What is being evicted at this moment can be found still, so that it has to be changed as well.
            let known = known.map(Entry::into_value).or_else(|| self.residents.directory().get(id));
            let known = known.unwrap_or_else(|| Arc::new(Bundle::empty(id)));
            for entry in make(&known) {
                number = number.wrapping_add(1);
                changed.push(Arc::new(entry.with_version(number)));
            }
            if changed.is_empty() {
                return Op::Nop;
            }
            let mut bundles =
                self.residents.came(&changed, known.with(&changed, self.max_bytes / PARTS)).into_iter();
            let Some(bundle) = bundles.next() else { return Op::Nop };
            split_off.extend(bundles);
            Op::Put(bundle)
        });
        for bundle in split_off {
            self.bundles.insert(bundle.id(), bundle);
        }
        if self.max_bytes < self.residents.bytes() {
            // Moka evicts from time to time. The bound holds now.
            self.bundles.run_pending_tasks();
        }
        self.changes.store(number, Ordering::Release);
        changed
    }
}

impl EntryReader<'_> {
    /// What is known of a variant.
    #[inline]
    pub fn get(&mut self, variant_id: VariantId) -> Option<&Arc<VariantCells>> {
        if self.last.as_ref().is_none_or(|last| !last.spans(variant_id)) {
            self.last = self.cache.residents.directory().find(variant_id);
            if let Some(bundle) = &self.last {
                self.cache.note_use(bundle);
            }
        }
        self.last.as_ref()?.entry(variant_id)
    }

    /// Whether what is held of a variant is the entry of this version.
    #[must_use]
    pub fn is_current(&mut self, variant_id: VariantId, version: u64) -> bool {
        self.get(variant_id).is_some_and(|entry| entry.version() == version)
    }
}

impl TextReader<'_> {
    /// The changes so far when the reading began.
    #[must_use]
    pub fn changes(&self) -> Changes {
        self.changes
    }

    /// The texts of each variant's rows at the locations of a list, current or not.
    ///
    /// Looked up for all variants at first, so that the processor fetches what is found from memory meanwhile: many
    /// at a time.
    pub fn find(&self, list: LocationListId, variants: &[VariantId]) -> Vec<Option<&RowTexts>> {
        variants.iter().map(|variant_id| self.texts.get(list, *variant_id)).collect()
    }

    /// Whether texts that were found are of the entry that is held. The reader of entries began after this one.
    #[must_use]
    #[inline]
    pub fn is_current(&self, texts: &RowTexts, entries: &mut EntryReader<'_>) -> bool {
        if texts.stands_at(self.changes) {
            return true;
        }
        let is_current = entries.is_current(texts.variant_id(), texts.version());
        if is_current {
            texts.stood_at(self.changes);
        }
        is_current
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Cache").field("residents", &self.residents).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
