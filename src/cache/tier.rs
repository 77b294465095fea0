//! One shop's cache: moka bounds its bytes; this keeps the merge rule and the purges.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use moka::sync::Cache as Moka;
use parking_lot::Mutex;
use rustc_hash::FxBuildHasher;

use super::entry::{Observation, VariantCells};
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
    resident_cells: Arc<AtomicI64>,
    /// Taken for read-modify-write only; readers never wait.
    writing: Mutex<()>,
}

impl Cache {
    /// An empty cache of at most `max_bytes`.
    #[must_use]
    pub fn new(max_bytes: u64) -> Self {
        let resident_cells = Arc::new(AtomicI64::new(0));
        let evicted = Arc::clone(&resident_cells);
        let entries = Moka::builder()
            .max_capacity(max_bytes)
            .weigher(|_, entry: &Arc<VariantCells>| u32::try_from(entry.weight()).unwrap_or(u32::MAX))
            .eviction_listener(move |_, entry: Arc<VariantCells>, _| {
                evicted.fetch_sub(cell_count(&entry), Ordering::Relaxed);
            })
            .build_with_hasher(FxBuildHasher);
        Self { entries, resident_cells, writing: Mutex::new(()) }
    }

    /// What is known of a variant.
    #[must_use]
    pub fn get(&self, variant_id: VariantId) -> Option<Arc<VariantCells>> {
        self.entries.get(&variant_id)
    }

    /// Merges observations into a variant's entry and gives back the entry, whether or not it stays resident.
    pub fn merge(&self, variant_id: VariantId, observations: Vec<Observation>) -> Arc<VariantCells> {
        let _writing = self.writing.lock();
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

    /// How many cells are held.
    #[must_use]
    pub fn resident_cells(&self) -> u64 {
        u64::try_from(self.resident_cells.load(Ordering::Relaxed)).unwrap_or(0)
    }

    /// The bytes they weigh.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.entries.run_pending_tasks();
        self.entries.weighted_size()
    }

    /// When the oldest cell of an entry was confirmed, among these locations.
    #[must_use]
    pub fn oldest(entry: &VariantCells, locations: &[LocationId]) -> Option<Moment> {
        locations
            .iter()
            .filter_map(|loc_id| entry.cell(*loc_id))
            .map(super::entry::PackedCell::observed_at)
            .min()
    }

    fn put(&self, variant_id: VariantId, entry: &Arc<VariantCells>) {
        self.resident_cells.fetch_add(cell_count(entry), Ordering::Relaxed);
        self.entries.insert(variant_id, Arc::clone(entry));
    }
}

fn cell_count(entry: &VariantCells) -> i64 {
    i64::try_from(entry.cells().len()).unwrap_or(i64::MAX)
}
