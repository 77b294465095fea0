//! What an answer of Haravan's said of a cell, and when.

use crate::cache::order::CallTimes;
use crate::clock::Moment;
use crate::domain::id::LocationId;
use crate::domain::row::Row;
use crate::domain::timestamp::Timestamp;

/// What an upstream answer said of one cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// This row.
    Row(Box<Row>),
    /// That there is no row.
    NoRow,
    /// That nothing has changed: the call named an `updated_at_min`, and nothing came of the cell.
    Unchanged(Unchanged),
}

/// What a call with `updated_at_min` confirms where nothing came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unchanged {
    /// Cells that were observed at this moment or later are confirmed: `updated_at_min` lies before it, by an overlap.
    pub observed_from: Moment,
    /// The `updated_at_min` of the call. A held row of this time or a later one should have come: that it did not
    /// confirms nothing.
    pub updated_at_min: Timestamp,
}

/// A finding, its place, and when it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// The location.
    pub loc_id: LocationId,
    /// What was found.
    pub finding: Finding,
    /// When the call that found it was under way.
    pub call: CallTimes,
}
