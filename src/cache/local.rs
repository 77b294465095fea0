//! One shop's cache: `quick_cache` bounds its bytes; this keeps the merge rule, the purges and the order of changes.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use parking_lot::Mutex;
use quick_cache::sync::Cache as Bounded;
use quick_cache::{Lifecycle, OptionsBuilder, Weighter};
use rustc_hash::FxBuildHasher;

use super::entry::{Observation, Turns, VariantCells};
use super::oversold::OversoldIndex;
use super::purges::{Purge, PurgeCount, PurgeLog, PurgesSince};
use super::row_text::{LocationListId, ReadTexts, RowTexts, Texts};
use crate::clock::Moment;
use crate::domain::id::{LocationId, VariantId};

/// How many changes a cache has seen: equal counts mean that nothing was written or purged in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Changes(u64);

impl Changes {
    /// The count, to be kept in an atomic.
    #[must_use]
    pub fn count(self) -> u64 {
        self.0
    }

    /// The changes of this count.
    #[must_use]
    pub fn from_count(count: u64) -> Self {
        Self(count)
    }
}

/// The fewest bytes a shard gets, so that an entry of many locations fits into one. Source: ours; 16 MiB are a
/// variant at 260,000 locations.
const MIN_SHARD_BYTES: u64 = 16 << 20;

/// The most shards: more would not make waiting any rarer.
const MAX_SHARDS: u64 = 32;

/// What an entry weighs, roughly: a hint from which tables grow. Source: a variant at ten locations.
const TYPICAL_WEIGHT: u64 = 1 << 10;

/// The cells of one shop that are held in memory.
pub struct Cache {
    entries: Bounded<VariantId, Arc<VariantCells>, EntryWeight, FxBuildHasher, Departures>,
    /// Rows of entries that were hit, as text.
    texts: Texts,
    held: Arc<Held>,
    changes: AtomicU64,
    purges: PurgeLog,
    /// Taken for read-modify-write only; readers never wait.
    writing: Mutex<()>,
}

/// Rows that stand ready as text, as they are held at a count of changes or later.
#[derive(Debug)]
pub struct HeldTexts<'a> {
    cache: &'a Cache,
    changes: Changes,
    texts: ReadTexts<'a>,
}

impl Cache {
    /// An empty cache of at most `max_bytes` of cells, and `text_bytes` of rows as text.
    #[must_use]
    pub fn new(max_bytes: u64, text_bytes: u64) -> Self {
        let held = Arc::new(Held::default());
        let items = usize::try_from(max_bytes / TYPICAL_WEIGHT).unwrap_or(usize::MAX).max(1);
        let shards = (max_bytes / MIN_SHARD_BYTES).clamp(1, MAX_SHARDS);
        let options = OptionsBuilder::new()
            .estimated_items_capacity(items)
            .weight_capacity(max_bytes)
            .shards(usize::try_from(shards).unwrap_or(1))
            .build();
        let departures = Departures(Arc::clone(&held));
        let entries = match options {
            Ok(options) => Bounded::with_options(options, EntryWeight, FxBuildHasher, departures),
            Err(_) => Bounded::with(items, max_bytes, EntryWeight, FxBuildHasher, departures),
        };
        let texts = Texts::new(text_bytes);
        let (changes, purges) = (AtomicU64::new(0), PurgeLog::default());
        Self { entries, texts, held, changes, purges, writing: Mutex::new(()) }
    }

    /// The changes so far. What was read since then and before they move on is still what is held.
    #[must_use]
    pub fn changes(&self) -> Changes {
        Changes(self.changes.load(Ordering::Acquire))
    }

    /// What is known of a variant.
    #[must_use]
    pub fn get(&self, variant_id: VariantId) -> Option<Arc<VariantCells>> {
        self.entries.get(&variant_id)
    }

    /// The name that texts of rows at these locations, ascending, go by.
    #[must_use]
    pub fn location_list(&self, locations: &Arc<[LocationId]>) -> LocationListId {
        self.texts.list(locations)
    }

    /// The rows that stand ready as text, as they are held now or later: to be read at once, since none comes or goes
    /// meanwhile.
    #[must_use]
    pub fn read_texts(&self) -> HeldTexts<'_> {
        let changes = self.changes();
        HeldTexts { cache: self, changes, texts: self.texts.read() }
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

    /// Whether what is held of a variant is the entry of this version.
    #[must_use]
    pub fn holds(&self, variant_id: VariantId, version: u64) -> bool {
        self.entries.get(&variant_id).is_some_and(|entry| entry.version() == version)
    }

    /// Merges observations into a variant's entry and gives back the entry, whether or not it stays resident.
    pub fn merge(&self, variant_id: VariantId, observations: Vec<Observation>) -> Arc<VariantCells> {
        self.merge_with_turns(variant_id, observations, &mut Turns::default())
    }

    /// Merges observations as [`Cache::merge`] does, and adds what there is to be told of it.
    pub fn merge_with_turns(
        &self,
        variant_id: VariantId,
        observations: Vec<Observation>,
        turns: &mut Turns,
    ) -> Arc<VariantCells> {
        let newest = observations.iter().map(|observation| observation.call.began.as_millis()).max();
        let _writing = self.writing.lock();
        if let Some(newest) = newest {
            self.held.newest.fetch_max(newest.saturating_add(1), Ordering::Relaxed);
        }
        let entry = match self.entries.get(&variant_id) {
            Some(known) => known.merged_with_turns(observations, turns),
            None => VariantCells::empty(variant_id).merged_with_turns(observations, turns),
        };
        self.put(variant_id, entry)
    }

    /// Lets nothing be served again that is held now. Only the loader's door for invalidation comes here: it sees to
    /// what is in flight as well.
    pub fn purge(&self, purge: &Purge, now: Moment) {
        let _writing = self.writing.lock();
        let variants: Vec<VariantId> = match &purge.variants {
            Some(variants) => variants.to_vec(),
            None => self.entries.iter().map(|(variant_id, _)| variant_id).collect(),
        };
        for variant_id in variants {
            if let Some(known) = self.entries.peek(&variant_id) {
                self.put(variant_id, known.purged(purge.locations.as_deref()));
            }
        }
        // What is held no longer may live on in answers that were made of it.
        self.changes.fetch_add(1, Ordering::Release);
        // Last: who sees the count sees all that was marked.
        self.purges.add(purge, now);
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

    /// The entries with the worst rows below zero, purged rows aside: at most `max`, the worst first.
    #[must_use]
    pub fn oversold(&self, max: usize) -> Vec<Arc<VariantCells>> {
        self.held.oversold.worst(max)
    }

    /// How many variants are held that have a row below zero, purged rows aside.
    #[must_use]
    pub fn oversold_variants(&self) -> usize {
        self.held.oversold.variants()
    }

    /// Every entry, in no order that means anything. Looking does not count as using: it keeps nothing from being
    /// evicted.
    pub fn entries(&self) -> impl Iterator<Item = Arc<VariantCells>> + '_ {
        self.entries.iter().map(|(_, entry)| entry)
    }

    /// When the newest observation that ever came in was made; none before the first.
    #[must_use]
    pub fn newest_observation(&self) -> Option<Moment> {
        self.held.newest.load(Ordering::Relaxed).checked_sub(1).map(Moment::from_millis)
    }

    /// How many cells are held.
    #[must_use]
    pub fn resident_cells(&self) -> u64 {
        u64::try_from(self.held.cells.load(Ordering::Relaxed)).unwrap_or(0)
    }

    /// How many rows are held whose available quantity is negative.
    #[must_use]
    pub fn negative_rows(&self) -> u64 {
        u64::try_from(self.held.negative_rows.load(Ordering::Relaxed)).unwrap_or(0)
    }

    /// The bytes they weigh.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.entries.weight()
    }

    /// Holds an entry under a version of its own. Called under the lock for writing.
    fn put(&self, variant_id: VariantId, entry: VariantCells) -> Arc<VariantCells> {
        let change = self.changes.load(Ordering::Relaxed).wrapping_add(1);
        let entry = Arc::new(entry.with_version(change));
        self.held.count(&entry, 1);
        self.held.oversold.came(&entry);
        self.entries.insert(variant_id, Arc::clone(&entry));
        self.changes.store(change, Ordering::Release);
        entry
    }
}

impl HeldTexts<'_> {
    /// The changes so far when the reading began.
    #[must_use]
    pub fn changes(&self) -> Changes {
        self.changes
    }

    /// The rows of each variant at the locations of a list that stand ready, held or not.
    ///
    /// Looked up for all variants at first, so that the processor fetches what is found from memory meanwhile: many
    /// at a time.
    pub fn find(&self, list: LocationListId, variants: &[VariantId]) -> Vec<Option<&RowTexts>> {
        variants.iter().map(|variant_id| self.texts.get(list, *variant_id)).collect()
    }

    /// Whether rows that were found are still what is held.
    #[must_use]
    #[inline]
    pub fn are_held(&self, texts: &RowTexts) -> bool {
        if texts.stands_at(self.changes) {
            return true;
        }
        let held = self.cache.holds(texts.variant_id(), texts.version());
        if held {
            texts.stood_at(self.changes);
        }
        held
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Cache").field("held", &self.held).finish_non_exhaustive()
    }
}

/// What an entry costs, in bytes.
#[derive(Debug, Clone)]
struct EntryWeight;

impl Weighter<VariantId, Arc<VariantCells>> for EntryWeight {
    fn weight(&self, _: &VariantId, entry: &Arc<VariantCells>) -> u64 {
        u64::try_from(entry.weight()).unwrap_or(u64::MAX)
    }
}

/// Counts what leaves: evicted, replaced, or too heavy to be let in.
#[derive(Debug, Clone)]
struct Departures(Arc<Held>);

impl Lifecycle<VariantId, Arc<VariantCells>> for Departures {
    type RequestState = ();

    fn on_evict(&self, (): &mut (), _: VariantId, entry: Arc<VariantCells>) {
        self.0.count(&entry, -1);
        self.0.oversold.left(&entry);
    }
}

/// What is held, counted as it comes and goes.
#[derive(Debug, Default)]
struct Held {
    cells: AtomicI64,
    negative_rows: AtomicI64,
    oversold: OversoldIndex,
    /// The newest observation so far, in milliseconds and one more; zero before the first.
    newest: AtomicU64,
}

impl Held {
    fn count(&self, entry: &VariantCells, sign: i64) {
        let signed = |count: usize| i64::try_from(count).unwrap_or(i64::MAX).saturating_mul(sign);
        self.cells.fetch_add(signed(entry.cells().len()), Ordering::Relaxed);
        self.negative_rows.fetch_add(signed(entry.negative_rows()), Ordering::Relaxed);
    }
}
