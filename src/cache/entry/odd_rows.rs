//! The rows of one variant that do not fit the packed form. Most variants have none, and pay eight bytes for that.

use std::mem::size_of;

use crate::domain::row::Row;

/// Rows, by their places.
#[derive(Debug, Clone, Default)]
pub(super) struct OddRows(Option<Box<Kept>>);

/// A pointer to a slice takes 16 bytes, one to this takes eight.
#[derive(Debug, Clone)]
struct Kept {
    rows: Box<[Row]>,
}

impl OddRows {
    /// The row at a place.
    pub(super) fn get(&self, place: usize) -> Option<&Row> {
        self.0.as_ref()?.rows.get(place)
    }

    /// The bytes of the rows and their texts.
    pub(super) fn weight(&self) -> usize {
        let rows = self.0.iter().flat_map(|kept| kept.rows.iter());
        rows.map(|row| size_of::<Row>() + row.as_sent.as_deref().map_or(0, str::len)).sum()
    }
}

impl From<Vec<Row>> for OddRows {
    fn from(rows: Vec<Row>) -> Self {
        Self((!rows.is_empty()).then(|| Box::new(Kept { rows: rows.into() })))
    }
}
