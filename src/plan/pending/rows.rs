//! The cells that wait, by variant.

use std::collections::hash_map::Entry;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::lists::{difference, union};
use super::priority::{ByPriority, Priority};
use super::want::{Want, WantOwner, split};
use crate::domain::id::{LocationId, VariantId};
use crate::plan::Tile;

/// A variant that might go into a tile, and the locations wanted of it.
pub(super) type Candidate = (VariantId, Arc<[LocationId]>);

/// The wants of all who wait for a variant.
type Wants<W> = Vec<Want<W>>;

/// The cells that wait, by variant.
#[derive(Debug)]
pub(super) struct Rows<W> {
    rows: FxHashMap<VariantId, PendingVariant<W>>,
    cells: ByPriority<usize>,
}

/// A variant that waits.
#[derive(Debug)]
struct PendingVariant<W> {
    priority: Priority,
    /// The union of what is wanted, ascending.
    locations: Arc<[LocationId]>,
    wants: Wants<W>,
}

impl<W> Default for Rows<W> {
    fn default() -> Self {
        Self { rows: FxHashMap::default(), cells: ByPriority::default() }
    }
}

impl<W: WantOwner> Rows<W> {
    /// How many cells wait with this priority.
    pub(super) fn cells_of(&self, priority: Priority) -> usize {
        *self.cells.of(priority)
    }

    /// How many variants wait.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The variants that wait, in no order.
    pub(super) fn variants(&self) -> impl Iterator<Item = VariantId> {
        self.rows.keys().copied()
    }

    /// Whether a variant waits.
    pub(super) fn holds_variant(&self, variant_id: VariantId) -> bool {
        self.rows.contains_key(&variant_id)
    }

    /// Whether a cell waits.
    pub(super) fn holds(&self, variant_id: VariantId, loc_id: LocationId) -> bool {
        self.rows.get(&variant_id).is_some_and(|row| row.locations.binary_search(&loc_id).is_ok())
    }

    /// Whether all wants are one caller's.
    pub(super) fn are_one_callers(&self) -> bool {
        let callers = self.rows.values().flat_map(|row| &row.wants).map(|want| want.waiter.caller());
        callers.is_sorted_by(|left, right| left == right)
    }

    /// Makes room for this number of further variants.
    pub(super) fn reserve(&mut self, variants: usize) {
        self.rows.reserve(variants);
    }

    /// Adds a want. Returns how many of its cells were waiting already.
    pub(super) fn add(&mut self, priority: Priority, variant_id: VariantId, want: Want<W>) -> usize {
        match self.rows.entry(variant_id) {
            Entry::Vacant(vacant) => {
                *self.cells.of_mut(priority) += want.locations.len();
                let locations = Arc::clone(&want.locations);
                vacant.insert(PendingVariant { priority, locations, wants: vec![want] });
                0
            }
            Entry::Occupied(mut occupied) => {
                let row = occupied.get_mut();
                let before = row.locations.len();
                let locations = union(&row.locations, &want.locations);
                let joined = before + want.locations.len() - locations.len();
                *self.cells.of_mut(row.priority) -= before;
                row.priority = row.priority.min(priority);
                *self.cells.of_mut(row.priority) += locations.len();
                row.locations = locations;
                row.wants.push(want);
                joined
            }
        }
    }

    /// Returns the locations that are still wanted of a variant. Forgets the wants of callers that have left.
    pub(super) fn wanted(&mut self, variant_id: VariantId) -> Option<Arc<[LocationId]>> {
        let row = self.rows.get_mut(&variant_id)?;
        if row.wants.iter().any(|want| want.waiter.is_gone()) {
            row.wants.retain(|want| !want.waiter.is_gone());
            let before = row.locations.len();
            row.locations = row.wants.iter().fold(Arc::from([]), |all, want| union(&all, &want.locations));
            *self.cells.of_mut(row.priority) -= before - row.locations.len();
        }
        if row.wants.is_empty() {
            self.rows.remove(&variant_id);
            return None;
        }
        Some(Arc::clone(&row.locations))
    }

    /// Removes a tile's cells. Returns the wants for them.
    pub(super) fn take(&mut self, tile: &Tile) -> Vec<(VariantId, Wants<W>)> {
        let mut taken = Vec::with_capacity(tile.variants.len());
        for variant_id in &tile.variants {
            let Entry::Occupied(mut occupied) = self.rows.entry(*variant_id) else { continue };
            let row = occupied.get_mut();
            let rest = difference(&row.locations, &tile.locations);
            *self.cells.of_mut(row.priority) -= row.locations.len() - rest.len();
            let wants = if rest.is_empty() {
                occupied.remove().wants
            } else {
                row.locations = rest;
                let (wants, rest) = split(std::mem::take(&mut row.wants), &tile.locations);
                row.wants = rest;
                wants
            };
            taken.push((*variant_id, wants));
        }
        taken
    }

    /// Removes everything. Returns the wants.
    pub(super) fn drain(&mut self) -> Vec<(VariantId, Wants<W>)> {
        self.cells = ByPriority::default();
        self.rows.drain().map(|(variant_id, row)| (variant_id, row.wants)).collect()
    }
}
