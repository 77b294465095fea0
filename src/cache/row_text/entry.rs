//! The rows of one variant at some locations as text, ready to be joined to an answer: what a hit copies instead of
//! writing.
//!
//! A row's text is three times as large as its packed cell, so texts are kept of what is hit alone, in a bound of
//! their own. Callers name the same locations again and again, so a text holds the rows of just these: one look-up
//! and one comparison of ages a variant, however many locations there are.

use std::sync::atomic::{AtomicU64, Ordering};

use smallvec::SmallVec;

use crate::cache::changes::Changes;
use crate::cache::entry::VariantCells;
use crate::clock::Moment;
use crate::domain::id::{LocationId, RowId, VariantId};
use crate::domain::line::Line;
use crate::domain::row::Fingerprint;

/// The bytes a row takes up, roughly. Source: measured; documented rows have 180 to 230.
const ROW_BYTES: usize = 200;

/// What the cache's node and the reference counts cost. Source: as for entries, see `benches/`.
const OVERHEAD: usize = 160;

/// The number of rows that stand beside the rest of a text, so that reading them costs no look elsewhere.
const ROWS_AT_HAND: usize = 5;

/// The rows of one entry at some locations as text, and what there is to know of their cells.
#[derive(Debug)]
pub struct RowTexts {
    variant_id: VariantId,
    /// The version of the entry.
    version: u64,
    /// The changes at which the entry was last seen to be held.
    seen: AtomicU64,
    oldest: Moment,
    rows: SmallVec<[RowText; ROWS_AT_HAND]>,
    text: Box<[u8]>,
}

/// A row, and where its text is.
#[derive(Debug, Clone, Copy)]
struct RowText {
    id: RowId,
    fingerprint: Fingerprint,
    start: u32,
    end: u32,
}

impl RowTexts {
    /// The rows at these locations of an entry that is held at this count of changes; `None` if a cell is not known
    /// or may not be served.
    #[must_use]
    pub fn of(entry: &VariantCells, locations: &[LocationId], changes: Changes) -> Option<Self> {
        let mut text = Vec::with_capacity(locations.len() * ROW_BYTES);
        let mut line = Line::new();
        let mut rows = SmallVec::new();
        let mut oldest: Option<Moment> = None;
        for loc_id in locations {
            let cell = entry.cell(*loc_id).filter(|cell| cell.is_sound())?;
            oldest = Some(oldest.map_or(cell.observed_at(), |oldest| oldest.min(cell.observed_at())));
            let Some(id) = cell.row_id() else { continue };
            let written = text.len();
            let start = u32::try_from(written).ok()?;
            entry.write_row(cell, &mut line, &mut text);
            let fingerprint = Fingerprint::of(text.get(written..)?);
            text.push(b',');
            rows.push(RowText { id, fingerprint, start, end: u32::try_from(text.len()).ok()? });
        }
        Some(Self {
            variant_id: entry.variant_id(),
            version: entry.version(),
            seen: AtomicU64::new(changes.count()),
            oldest: oldest?,
            rows,
            text: text.into(),
        })
    }

    /// The variant.
    #[must_use]
    pub fn variant_id(&self) -> VariantId {
        self.variant_id
    }

    /// The version of the entry.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// When the oldest of the cells was confirmed, those without a row included.
    #[must_use]
    pub fn oldest(&self) -> Moment {
        self.oldest
    }

    /// The ids of the rows, by location.
    pub fn row_ids(&self) -> impl Iterator<Item = RowId> + '_ {
        self.rows.iter().map(|row| row.id)
    }

    /// The text of the row at a place among these, and a comma, with the fingerprint of the text; `None` if there is no
    /// such row.
    #[must_use]
    #[inline]
    pub fn text(&self, place: usize) -> Option<(&[u8], Fingerprint)> {
        let row = self.rows.get(place)?;
        let (start, end) = (usize::try_from(row.start).ok()?, usize::try_from(row.end).ok()?);
        Some((self.text.get(start..end)?, row.fingerprint))
    }

    /// Whether the entry was seen to be held at this count of changes.
    pub(in crate::cache) fn stands_at(&self, changes: Changes) -> bool {
        self.seen.load(Ordering::Relaxed) == changes.count()
    }

    /// Notes that it was.
    pub(in crate::cache) fn stood_at(&self, changes: Changes) {
        self.seen.store(changes.count(), Ordering::Relaxed);
    }

    /// The bytes this takes up.
    pub(in crate::cache) fn weight(&self) -> usize {
        let rows = if self.rows.spilled() { self.rows.capacity() * size_of::<RowText>() } else { 0 };
        OVERHEAD + size_of::<Self>() + rows + self.text.len()
    }
}
