//! The bodies of the Haravan-compatible routes, written row by row.

use actix_web::web::Bytes;

use super::etag::{EntityTag, Parts};
use crate::coop::Pieces;
use crate::domain::line::Line;
use crate::domain::row::Fingerprint;
use crate::haravan::SentLocation;
use crate::query::{Direction, Order, Selection, Slice};
use crate::stock::{FreshRead, Reading};
use crate::view::envelope::{MAX_MISSING, Missing, name_untold};

/// The bytes a row takes up, roughly. Source: measured; documented rows have 180 to 230.
const ROW_BYTES: usize = 240;

/// How many rows are made room for at first; a question for more makes more room as it finds them.
const USUAL_ROWS: usize = 1024;

/// Rows written at a stretch: more than a thread that serves callers ever writes here, so that it never gives way.
/// Source: measured; some 600 µs of work.
const PIECE: usize = 1_024;

/// Rows compared, or found, at a stretch. Source: ours; some 200 µs of work.
const PIECE_OF_SORTING: usize = 16_384;

/// A body of rows, and what distinguishes it from others.
#[derive(Debug, Default)]
pub(crate) struct RowsBody {
    bytes: Vec<u8>,
    /// Each row, in order, and what follows the rows.
    parts: Parts,
    has_rows: bool,
}

impl RowsBody {
    /// The body and its tag.
    pub(crate) fn into_tagged(self) -> (Bytes, EntityTag) {
        let etag = self.parts.tag(self.bytes.len());
        (self.bytes.into(), etag)
    }

    fn open(&mut self, rows: usize) {
        self.bytes.reserve(rows.saturating_mul(ROW_BYTES).saturating_add(ROW_BYTES));
        self.bytes.extend_from_slice(b"{\"inventory_locations\":[");
    }

    fn push(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        if self.has_rows {
            self.bytes.push(b',');
        }
        self.has_rows = true;
        self.note(write);
    }

    fn close(&mut self, write_rest: impl FnOnce(&mut Vec<u8>)) {
        self.note(|out| {
            out.push(b']');
            write_rest(out);
            out.push(b'}');
        });
    }

    fn note(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let start = self.bytes.len();
        write(&mut self.bytes);
        let fingerprint = Fingerprint::of(self.bytes.get(start..).unwrap_or_default());
        self.parts.add(fingerprint);
    }
}

/// `{"inventory_locations":[…]}` with the selected rows of a reading. Cells that are not known are named after the
/// rows, in `missing` (the first 100) and `missing_total`.
///
/// The number of cells of each variant that are unknown besides: those at locations whose ids cannot be read.
pub(crate) fn inventory_body(reading: &Reading, selection: &Selection, untold: u64) -> RowsBody {
    let mut body = RowsBody::default();
    if selection.order == Order::Id && selection.updated_at_min.is_none() {
        write_by_id(reading, selection, &mut body);
    } else {
        let mut rows = reading.rows();
        selection.apply(&mut rows);
        body.open(rows.len());
        for row in &rows {
            body.push(|out| row.write_json(out));
        }
    }
    body.close(|out| write_missing(reading, untold, out));
    body
}

/// The same of a fresh read, whose rows are text already. `None` if rows are chosen or ordered by more than their ids.
pub(crate) fn fresh_body(fresh_read: &mut FreshRead<'_>, selection: &Selection) -> Option<RowsBody> {
    if selection.order != Order::Id || selection.updated_at_min.is_some() {
        return None;
    }
    let rows = fresh_read.rows_mut();
    if 0 < selection.since_id {
        rows.retain(|row| selection.since_id < row.id());
    }
    rows.sort_unstable();
    if selection.direction == Direction::Descending {
        rows.reverse();
    }
    if selection.slice.is_some() {
        *rows = sliced(rows, selection.slice).to_vec();
    }
    let mut body = RowsBody::default();
    body.open(rows.len());
    let RowsBody { bytes, parts, .. } = &mut body;
    fresh_read.write_rows(bytes, |fingerprint| parts.add(fingerprint));
    body.close(|_| {});
    Some(body)
}

/// `{"locations":[…]}` with a slice of the locations, each as it was sent.
pub(crate) fn locations_body(locations: &[SentLocation], slice: Option<Slice>) -> Vec<u8> {
    let mut out = b"{\"locations\":[".to_vec();
    for (place, sent) in sliced(locations, slice).iter().enumerate() {
        if 0 < place {
            out.push(b',');
        }
        out.extend_from_slice(sent.as_sent.as_bytes());
    }
    out.extend_from_slice(b"]}");
    out
}

/// The usual case: rows are found, ordered and cut by their ids alone, and written as they lie packed.
fn write_by_id(reading: &Reading, selection: &Selection, body: &mut RowsBody) {
    let mut packed = Vec::with_capacity(reading.grid().cells().min(USUAL_ROWS));
    let mut pieces = Pieces::of(PIECE_OF_SORTING);
    reading.for_each_row(|id, entry, cell| {
        pieces.done(1);
        if selection.since_id < id.get() {
            packed.push((id, entry, cell));
        }
    });
    let mut pieces = Pieces::of(PIECE_OF_SORTING);
    packed.sort_unstable_by(|(left, ..), (right, ..)| {
        pieces.done(1);
        match selection.direction {
            Direction::Ascending => left.cmp(right),
            Direction::Descending => right.cmp(left),
        }
    });
    let wanted = sliced(&packed, selection.slice);
    body.open(wanted.len());
    let mut line = Line::new();
    let mut pieces = Pieces::of(PIECE);
    for (_, entry, cell) in wanted {
        body.push(|out| entry.write_row(cell, &mut line, out));
        pieces.done(1);
    }
}

fn write_missing(reading: &Reading, untold: u64, out: &mut Vec<u8>) {
    let unknown = reading.unknown();
    if unknown.is_empty() && untold == 0 {
        return;
    }
    let variants = &*reading.grid().variants;
    let untold_cells =
        u64::try_from(variants.len()).map_or(u64::MAX, |variants| variants.saturating_mul(untold));
    let total = u64::try_from(unknown.len()).map_or(u64::MAX, |unknown| unknown.saturating_add(untold_cells));
    let missing = unknown.iter().take(MAX_MISSING).map(|(cell, reason)| Missing {
        variant_id: cell.variant_id,
        loc_id: Some(cell.loc_id),
        reason: *reason,
    });
    let mut missing: Vec<Missing> = missing.collect();
    name_untold(&mut missing, variants, untold);
    out.extend_from_slice(b",\"missing\":");
    // Ids and words of ours written into memory: that cannot fail.
    let _ = serde_json::to_writer(&mut *out, &missing);
    out.extend_from_slice(b",\"missing_total\":");
    out.extend_from_slice(itoa::Buffer::new().format(total).as_bytes());
}

/// The part of a list that a slice names.
fn sliced<T>(items: &[T], slice: Option<Slice>) -> &[T] {
    let Some(Slice { skip, take }) = slice else { return items };
    let skip = usize::try_from(skip).unwrap_or(usize::MAX);
    let items = items.get(skip..).unwrap_or_default();
    let take = usize::try_from(take).unwrap_or(usize::MAX);
    items.get(..take).unwrap_or(items)
}

#[cfg(test)]
mod tests;
