//! The cells of a reading, packed.

use std::sync::Arc;

use crate::cache::entry::{PackedCell, VariantCells};
use crate::cache::{PurgesSince, product_of};
use crate::clock::Moment;
use crate::coop::Pieces;
use crate::domain::cell::{CellId, LentCell, MissingReason};
use crate::domain::id::{LocationId, RowId, VariantId};
use crate::query::Grid;

/// Cells looked through at a stretch. Source: ours; some 200 µs of work.
const PIECE: usize = 32_768;

/// The cells of a grid, known or not.
#[derive(Debug, Clone)]
pub(super) struct GridCells {
    pub(super) grid: Grid,
    /// One for each variant of the grid.
    pub(super) entries: Vec<Option<Arc<VariantCells>>>,
    /// The cells that are unknown, ascending, whatever the entries say.
    pub(super) unknown: Vec<(CellId, MissingReason)>,
}

/// A cell with its entry, or why it is unknown.
type Found<'a> = Result<(&'a VariantCells, &'a PackedCell), MissingReason>;

impl GridCells {
    /// The entries, one for each variant of the grid.
    pub(super) fn entries(&self) -> impl Iterator<Item = (VariantId, Option<&VariantCells>)> {
        self.grid.variants.iter().copied().zip(self.entries.iter().map(Option::as_deref))
    }

    /// Every cell with its entry, or why it is unknown, by variant and location.
    pub(super) fn packed(&self) -> impl Iterator<Item = (CellId, Found<'_>)> {
        self.entries().flat_map(|(variant_id, entry)| self.packed_of(variant_id, entry))
    }

    /// A variant's cells, by location.
    pub(super) fn packed_of<'a>(
        &'a self,
        variant_id: VariantId,
        entry: Option<&'a VariantCells>,
    ) -> impl Iterator<Item = (CellId, Found<'a>)> {
        let mut cells = entry.map_or(&[][..], VariantCells::cells).iter().peekable();
        let mut unknown = self.unknown_of(variant_id).iter().peekable();
        self.grid.locations.iter().map(move |loc_id| {
            while cells.next_if(|cell| cell.loc_id() < *loc_id).is_some() {}
            let known = cells.next_if(|cell| cell.loc_id() == *loc_id);
            while unknown.next_if(|(cell, _)| cell.loc_id < *loc_id).is_some() {}
            let missing = unknown.next_if(|(cell, _)| cell.loc_id == *loc_id).map(|(_, reason)| *reason);
            let state = match (missing, entry, known) {
                (None, Some(entry), Some(packed)) => Ok((entry, packed)),
                (None, ..) => Err(MissingReason::Failed),
                (Some(reason), ..) => Err(reason),
            };
            (CellId { variant_id, loc_id: *loc_id }, state)
        })
    }

    /// Calls `show` with each of a variant's cells, by location.
    #[inline]
    pub(super) fn each_of<'a>(
        &'a self,
        variant_id: VariantId,
        entry: Option<&'a VariantCells>,
        mut show: impl FnMut(CellId, Found<'a>),
    ) {
        // Most variants' cells are those of the grid, and known.
        let whole = entry.filter(|entry| {
            PackedCell::are_at(entry.cells(), &self.grid.locations) && self.unknown_of(variant_id).is_empty()
        });
        let mut cells = whole.map_or(&[][..], VariantCells::cells).iter();
        let mut others = whole.is_none().then(|| self.packed_of(variant_id, entry));
        let mut next = || match whole {
            Some(entry) => {
                let cell = cells.next()?;
                Some((CellId { variant_id, loc_id: cell.loc_id() }, Ok((entry, cell))))
            }
            None => others.as_mut()?.next(),
        };
        // One call of `show`, so that it becomes part of the loop.
        while let Some((id, found)) = next() {
            show(id, found);
        }
    }

    /// The unknown cells of a variant, ascending.
    fn unknown_of(&self, variant_id: VariantId) -> &[(CellId, MissingReason)] {
        let after = self.unknown.partition_point(|(cell, _)| cell.variant_id <= variant_id);
        let (unknown, _) = self.unknown.split_at_checked(after).unwrap_or_default();
        let before = unknown.partition_point(|(cell, _)| cell.variant_id < variant_id);
        unknown.split_at_checked(before).unwrap_or_default().1
    }

    /// The cells that were read, or found to be refused, before one of these purges; ascending.
    pub(super) fn outdated<'a>(&'a self, since: &'a PurgesSince) -> impl Iterator<Item = CellId> + 'a {
        let mut pieces = Pieces::of(PIECE);
        let all = self.packed().inspect(move |_| pieces.done(1));
        all.filter_map(|(cell, found)| {
            let (product_id, observed_at) = match found {
                Ok((_, packed)) if packed.is_purged() => return Some(cell),
                Ok((entry, packed)) => (product_of(entry), packed.observed_at()),
                // When an id was refused is not known: it may have been before.
                Err(MissingReason::Refused) => (None, Moment::default()),
                Err(_) => return None,
            };
            since.outdate(cell.variant_id, product_id, cell.loc_id, observed_at).then_some(cell)
        })
    }

    /// Calls `show` with every row and its id, by variant and location.
    pub(super) fn for_each_row<'a>(&'a self, mut show: impl FnMut(RowId, &'a VariantCells, &'a PackedCell)) {
        let locations = &*self.grid.locations;
        for entry in self.entries.iter().flatten() {
            let mut wanted = locations.iter().peekable();
            for cell in entry.cells() {
                while wanted.next_if(|loc_id| **loc_id < cell.loc_id()).is_some() {}
                let Some(loc_id) = wanted.peek() else { break };
                if **loc_id == cell.loc_id()
                    && let Some(row_id) = cell.row_id()
                    && !cell.is_purged()
                    && !self.is_unknown(entry.variant_id(), cell.loc_id())
                {
                    show(row_id, entry, cell);
                }
            }
        }
    }

    fn is_unknown(&self, variant_id: VariantId, loc_id: LocationId) -> bool {
        let id = CellId { variant_id, loc_id };
        !self.unknown.is_empty() && self.unknown.binary_search_by_key(&id, |(cell, _)| *cell).is_ok()
    }
}

/// The cell as a view sees it.
#[inline]
pub(super) fn lent(found: Found<'_>) -> LentCell<'_> {
    match found {
        // No reading that is answered has a purged cell. If one had, the cell would be unknown.
        Ok((_, packed)) if packed.is_purged() => LentCell::Unknown(MissingReason::Failed),
        Ok((entry, packed)) => entry.lent(packed),
        Err(reason) => LentCell::Unknown(reason),
    }
}
