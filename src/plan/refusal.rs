//! Finding the ids that Haravan refuses: one of them spoils a whole call with a 422.
//!
//! [`search`] tells the refused ids of a tile from the others, [`axis`] those of one kind. [`budget`] says how many
//! calls a question may spend on that.

mod axis;
pub mod budget;
pub mod search;

use std::collections::BTreeSet;

use crate::domain::cell::CellId;
use crate::domain::id::{LocationId, VariantId};

/// Ids that Haravan refuses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refusals {
    /// Variants.
    pub variants: BTreeSet<VariantId>,
    /// Locations.
    pub locations: BTreeSet<LocationId>,
    /// Cells that were refused alone, where nothing tells which of the two ids is the cause.
    pub cells: BTreeSet<CellId>,
}

impl Refusals {
    /// Adds what another search found.
    pub fn extend(&mut self, other: Self) {
        self.variants.extend(other.variants);
        self.locations.extend(other.locations);
        self.cells.extend(other.cells);
    }

    /// What another set does not hold.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        Self {
            variants: self.variants.difference(&other.variants).copied().collect(),
            locations: self.locations.difference(&other.locations).copied().collect(),
            cells: self.cells.difference(&other.cells).copied().collect(),
        }
    }

    /// Whether all these ids are among them.
    fn concerns_all(&self, variants: &BTreeSet<VariantId>, locations: &BTreeSet<LocationId>) -> bool {
        variants.is_subset(&self.variants) && locations.is_subset(&self.locations)
    }

    /// Whether a cell cannot be asked for.
    #[must_use]
    pub fn concern(&self, cell: CellId) -> bool {
        self.variants.contains(&cell.variant_id)
            || self.locations.contains(&cell.loc_id)
            || self.cells.contains(&cell)
    }
}
