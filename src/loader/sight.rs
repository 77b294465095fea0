//! What a page looks like before its rows are taken: what belongs to its tile, what does not, and what cannot be told.

use crate::domain::cell::CellId;
use crate::domain::id::RowId;
use crate::haravan::{InventoryPage, Oddities, UnreadableRow};
use crate::metrics::UnreadableKind;
use crate::plan::{MAX_PAGE, Tile};

/// What a page looks like, as far as the asking of further pages cares.
pub(super) struct PageSight {
    /// The highest id among the tile's own rows; among all rows, where the page has none of the tile's.
    pub(super) last_id: u64,
    /// Whether the rows that tell `last_id` came in the order of their ids.
    pub(super) is_sorted: bool,
    /// Rows in the page; zero if it is as good as empty.
    pub(super) rows: usize,
    /// Whether it holds rows that nobody asked for: its length is no evidence then.
    pub(super) has_foreign: bool,
    /// Whether it holds nothing else.
    pub(super) is_foreign: bool,
    /// The rows that nobody asked for, by their ids as far as they can be told.
    foreign: Vec<Option<RowId>>,
    /// The tile's rows that cannot be read, and those that may be anybody's.
    unreadable: Vec<(UnreadableKind, Option<RowId>)>,
}

impl PageSight {
    /// Looks at a page that was asked for after `since_id`.
    pub(super) fn of(page: &InventoryPage, tile: &Tile, since_id: u64) -> Self {
        let within = |cell: CellId| tile.contains(cell.variant_id, cell.loc_id);
        let (own, foreign): (Vec<_>, Vec<_>) = page.rows.iter().partition(|row| within(row.cell_id()));
        let (own_odd, foreign_odd): (Vec<_>, Vec<_>) =
            page.unreadable.iter().partition(|row| row.cell.is_none_or(within));
        let foreign_ids: Vec<Option<RowId>> =
            foreign.iter().map(|row| Some(row.id)).chain(foreign_odd.iter().map(|row| row.id)).collect();
        let is_foreign = own.is_empty() && own_odd.is_empty() && !foreign_ids.is_empty();
        let told = own_odd.iter().filter(|row| row.cell.is_some()).filter_map(|row| row.id);
        let own_ids: Vec<RowId> = own.iter().map(|row| row.id).collect();
        let last_foreign = foreign_ids.iter().flatten().max().map_or(0, |id| id.get());
        // After an id, rows with no higher one are noise that says nothing of what follows.
        let is_noise = is_foreign && page.length < MAX_PAGE && last_foreign <= since_id;
        let (last_id, is_sorted) = if is_foreign {
            (last_foreign, foreign_ids.is_sorted())
        } else {
            (own_ids.iter().copied().chain(told).max().map_or(0, RowId::get), own_ids.is_sorted())
        };
        Self {
            last_id,
            is_sorted,
            rows: if is_noise { 0 } else { page.length },
            has_foreign: !foreign_ids.is_empty(),
            is_foreign,
            foreign: foreign_ids,
            unreadable: own_odd.into_iter().map(kind_and_id).collect(),
        }
    }

    /// Tells operators what was odd, the rows that came twice for one cell included.
    pub(super) fn tell(&self, repeated: &[RowId], oddities: &Oddities) {
        let note = |kind, id: Option<RowId>| oddities.note(kind, id.map(RowId::get));
        for id in &self.foreign {
            note(UnreadableKind::RowForeign, *id);
        }
        for (kind, id) in &self.unreadable {
            note(*kind, *id);
        }
        for id in repeated {
            note(UnreadableKind::RowRepeated, Some(*id));
        }
    }
}

/// Whether a page holds rows of cells that its call did not ask for.
pub(super) fn has_foreign_rows(page: &InventoryPage, tile: &Tile) -> bool {
    let foreign = |cell: CellId| !tile.contains(cell.variant_id, cell.loc_id);
    page.rows.iter().any(|row| foreign(row.cell_id()))
        || page.unreadable.iter().any(|row| row.cell.is_some_and(foreign))
}

fn kind_and_id(row: &UnreadableRow) -> (UnreadableKind, Option<RowId>) {
    (row.kind(), row.id)
}
