//! How observations change an entry, and how two entries of one variant are put together.

use std::cmp::Ordering;

use super::VariantCells;
use super::observation::{Finding, Observation};
use super::packed_cell::{PackedCell, pack};
use crate::cache::order::{CallTimes, Standing, Verdict};
use crate::domain::cell::CellId;
use crate::domain::id::{LocationId, RowId};
use crate::domain::row::Row;

/// What observations came to beside what is held now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Turns {
    /// Where a row is doubted, and one more call settles it.
    pub to_settle: Vec<LocationId>,
    /// The rows that went back in time, and were believed.
    pub went_back: Vec<(CellId, RowId)>,
}

impl VariantCells {
    /// This entry with observations merged in; see [`Reading::against`](crate::cache::order::Reading::against).
    #[must_use]
    pub fn merged(&self, observations: Vec<Observation>) -> Self {
        self.merged_with_turns(observations, &mut Turns::default())
    }

    /// This entry with observations merged in, and the rows that went back.
    #[must_use]
    pub fn merged_with_turns(&self, mut observations: Vec<Observation>, turns: &mut Turns) -> Self {
        observations.sort_by_key(|observation| observation.loc_id);
        let mut cells = Vec::with_capacity(self.cells().len() + observations.len());
        let mut odd = Vec::new();
        let mut known = self.cells().iter().peekable();
        for observation in observations {
            while let Some(cell) = known.next_if(|cell| cell.loc_id < observation.loc_id) {
                self.keep(cell, &mut cells, &mut odd);
            }
            if let Some(cell) = known.next_if(|cell| cell.loc_id == observation.loc_id) {
                self.keep(cell, &mut cells, &mut odd);
            }
            let Observation { loc_id, finding, call } = observation;
            let held = cells.last_mut().filter(|cell| cell.loc_id == loc_id);
            let row = match finding {
                Finding::Row(row) => Some(row),
                Finding::NoRow => None,
                Finding::Unchanged(unchanged) => {
                    // What is not known is not known to be unchanged.
                    if let Some(cell) = held {
                        cell.confirm(&unchanged, &call);
                    }
                    continue;
                }
            };
            match held {
                Some(cell) => self.settle(cell, row, &call, &mut odd, turns),
                None => cells.push(pack(loc_id, row, &call, &mut odd)),
            }
        }
        for cell in known {
            self.keep(cell, &mut cells, &mut odd);
        }
        Self { variant_id: self.variant_id, version: 0, cells: cells.into(), odd: odd.into() }
    }

    /// This entry and another one of the same variant put together. What the cache knew later decides between them:
    /// it has confirmed already what had to be.
    #[must_use]
    pub fn absorbed(&self, other: &Self) -> Self {
        let (first, second) = if other.version < self.version { (other, self) } else { (self, other) };
        let mut cells = Vec::with_capacity(first.cells().len().max(second.cells().len()));
        let mut odd = Vec::new();
        let (mut earlier, mut later) = (first.cells().iter().peekable(), second.cells().iter().peekable());
        loop {
            let order = match (earlier.peek(), later.peek()) {
                (None, None) => break,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(earlier), Some(later)) => earlier.loc_id.cmp(&later.loc_id),
            };
            let from_earlier = if order.is_le() { earlier.next() } else { None };
            let from_later = if order.is_ge() { later.next() } else { None };
            match (from_earlier, from_later) {
                (Some(earlier), Some(later)) if outlives(earlier, later) => {
                    first.keep(earlier, &mut cells, &mut odd);
                }
                (_, Some(later)) => second.keep(later, &mut cells, &mut odd),
                (Some(earlier), None) => first.keep(earlier, &mut cells, &mut odd),
                (None, None) => break,
            }
        }
        Self { variant_id: self.variant_id, version: 0, cells: cells.into(), odd: odd.into() }
    }

    /// Merges what a call found into the cell of the same place.
    fn settle(
        &self,
        cell: &mut PackedCell,
        row: Option<Box<Row>>,
        call: &CallTimes,
        odd: &mut Vec<Row>,
        turns: &mut Turns,
    ) {
        let held = cell.reading();
        let (id, rows) = (CellId { variant_id: self.variant_id, loc_id: cell.loc_id }, odd.len());
        let new = pack(cell.loc_id, row, call, odd);
        let reading = new.reading();
        let verdict = held.against(cell.standing, &reading);
        match verdict {
            Verdict::New | Verdict::WentBack => {
                *cell = new;
                if verdict == Verdict::WentBack {
                    turns.went_back.extend(reading.row.map(|row| (id, row.id)));
                }
                return;
            }
            Verdict::Doubt => {
                cell.standing = Standing::Doubted;
                if held.is_beyond_lag(reading.began) {
                    turns.to_settle.push(id.loc_id);
                }
            }
            Verdict::Held => {}
        }
        odd.truncate(rows);
    }
}

/// Whether a cell counts although a later entry of the same variant has this cell too.
fn outlives(cell: &PackedCell, later: &PackedCell) -> bool {
    match (cell.is_purged(), later.is_purged()) {
        (_, true) => true,
        (true, false) => false,
        (false, false) => cell.reading().against(cell.standing, &later.reading()) == Verdict::Held,
    }
}
