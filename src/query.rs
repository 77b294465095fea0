//! A question, read from what the caller sent: id lists, filters, order. Texts end here; types go on.

mod error;
mod id_list;
mod selection;

use std::sync::Arc;

use crate::domain::id::{LocationId, VariantId};

pub use error::QueryError;
pub(crate) use error::quoted;
pub use id_list::IdList;
pub use selection::{Direction, Order, Selection, Slice};

/// The cells a question is about: every variant at every location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grid {
    /// Distinct variants, ascending.
    pub variants: Arc<[VariantId]>,
    /// Distinct locations, ascending.
    pub locations: Arc<[LocationId]>,
}

impl Grid {
    /// The grid of two lists.
    ///
    /// # Errors
    /// It would hold more than `max_cells` cells.
    pub fn new(
        variants: IdList<VariantId>,
        locations: IdList<LocationId>,
        max_cells: usize,
    ) -> Result<Self, QueryError> {
        let grid = Self { variants: variants.into_ids(), locations: locations.into_ids() };
        if grid.cells() <= max_cells {
            return Ok(grid);
        }
        Err(QueryError::TooManyCells {
            variants: grid.variants.len(),
            locations: grid.locations.len(),
            cells: grid.cells(),
            max: max_cells,
        })
    }

    /// How many cells it holds.
    #[must_use]
    pub fn cells(&self) -> usize {
        self.variants.len().saturating_mul(self.locations.len())
    }
}
