//! The words that the parts of a loader share: what is lacking, and on what terms it is wanted.

use std::sync::Arc;

use crate::cache::entry::VariantCells;
use crate::clock::Moment;
use crate::domain::id::{LocationId, VariantId};

/// Cells of one variant that a caller lacks.
pub type Lack = (VariantId, Arc<[LocationId]>);

/// The part of a lack that has arrived: its variant's entry, and the locations.
pub(super) type Arrived = (Arc<VariantCells>, Arc<[LocationId]>);

/// A point in time, counted in completed flights. Cells missing then may have arrived since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Looked(pub(super) u64);

/// Which flights and which remembered refusals a question may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reuse {
    /// Flights that started before this moment are not joined. `None`: any flight is.
    pub flights_from: Option<Moment>,
    /// Refusals that flights found that started before this moment do not count. `None`: they count for a while.
    pub refusals_from: Option<Moment>,
}

/// Too many cells wait already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many cells wait for calls already")]
pub struct Overloaded;

/// The number of cells in these lacks.
pub(super) fn cells_of(lacks: &[Lack]) -> usize {
    lacks.iter().map(|(_, locations)| locations.len()).sum()
}
