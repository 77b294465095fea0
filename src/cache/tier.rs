//! One shop's cache: moka bounds its bytes; this keeps the merge rule and the purges.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use moka::sync::Cache as Moka;
use parking_lot::Mutex;
use rustc_hash::FxBuildHasher;

use super::entry::{Observation, VariantCells};
use super::oversold::OversoldIndex;
use crate::clock::Moment;
use crate::domain::id::{LocationId, VariantId};

/// Which cells a purge concerns; none of a kind means all of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Purge {
    /// These variants, ascending.
    pub variants: Option<Arc<[VariantId]>>,
    /// These locations, ascending.
    pub locations: Option<Arc<[LocationId]>>,
}

impl Purge {
    /// Whether the purge concerns a cell.
    #[must_use]
    pub fn concerns(&self, variant_id: VariantId, loc_id: LocationId) -> bool {
        self.variants.as_ref().is_none_or(|variants| variants.binary_search(&variant_id).is_ok())
            && self.locations.as_ref().is_none_or(|locations| locations.binary_search(&loc_id).is_ok())
    }
}

/// The cells of one shop that are held in memory.
#[derive(Debug)]
pub struct Cache {
    entries: Moka<VariantId, Arc<VariantCells>, FxBuildHasher>,
    held: Arc<Held>,
    /// Taken for read-modify-write only; readers never wait.
    writing: Mutex<()>,
}

impl Cache {
    /// An empty cache of at most `max_bytes`.
    #[must_use]
    pub fn new(max_bytes: u64) -> Self {
        let held = Arc::new(Held::default());
        let left = Arc::clone(&held);
        let entries = Moka::builder()
            .max_capacity(max_bytes)
            .weigher(|_, entry: &Arc<VariantCells>| u32::try_from(entry.weight()).unwrap_or(u32::MAX))
            .eviction_listener(move |_, entry: Arc<VariantCells>, _| {
                left.count(&entry, -1);
                left.oversold.left(&entry);
            })
            .build_with_hasher(FxBuildHasher);
        Self { entries, held, writing: Mutex::new(()) }
    }

    /// What is known of a variant.
    #[must_use]
    pub fn get(&self, variant_id: VariantId) -> Option<Arc<VariantCells>> {
        self.entries.get(&variant_id)
    }

    /// Merges observations into a variant's entry and gives back the entry, whether or not it stays resident.
    pub fn merge(&self, variant_id: VariantId, observations: Vec<Observation>) -> Arc<VariantCells> {
        let newest = observations.iter().map(|observation| observation.observed_at.as_millis()).max();
        let _writing = self.writing.lock();
        if let Some(newest) = newest {
            self.held.newest.fetch_max(newest.saturating_add(1), Ordering::Relaxed);
        }
        let entry = match self.entries.get(&variant_id) {
            Some(known) => known.merged(observations),
            None => VariantCells::empty(variant_id).merged(observations),
        };
        let entry = Arc::new(entry);
        self.put(variant_id, &entry);
        entry
    }

    /// Lets nothing that is held be served again. What is in flight is the loader's to refuse.
    pub fn purge(&self, purge: &Purge) {
        let _writing = self.writing.lock();
        let variants: Vec<VariantId> = match &purge.variants {
            Some(variants) => variants.to_vec(),
            None => self.entries.iter().map(|(variant_id, _)| *variant_id).collect(),
        };
        for variant_id in variants {
            if let Some(known) = self.entries.get(&variant_id) {
                self.put(variant_id, &Arc::new(known.purged(purge.locations.as_deref())));
            }
        }
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
        self.entries.run_pending_tasks();
        self.entries.weighted_size()
    }

    fn put(&self, variant_id: VariantId, entry: &Arc<VariantCells>) {
        self.held.count(entry, 1);
        self.held.oversold.came(entry);
        self.entries.insert(variant_id, Arc::clone(entry));
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
