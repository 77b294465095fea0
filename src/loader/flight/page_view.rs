//! A page before its rows are taken: which rows belong to its tile, which do not, and which are unknown.

use rustc_hash::FxHashSet;

use crate::domain::cell::CellId;
use crate::domain::id::RowId;
use crate::haravan::{InventoryPage, Oddities, UnreadableRow};
use crate::metrics::UnreadableKind;
use crate::plan::{MAX_PAGE, Tile};

/// A page, as far as the asking for further pages cares.
pub(super) struct PageView {
    /// The highest id among the tile's own rows, or among all rows if the page has no row of the tile.
    pub(super) last_id: u64,
    /// Whether the rows that `last_id` is taken from came in the order of their ids.
    pub(super) is_sorted: bool,
    /// Rows in the page. Zero if it is as good as empty.
    pub(super) rows: usize,
    /// Whether it holds rows that were not asked for. Then its length is no evidence.
    pub(super) has_foreign: bool,
    /// Whether it holds no other rows.
    pub(super) is_foreign: bool,
    /// The rows that were not asked for, by their ids if these can be read.
    foreign: Vec<Option<RowId>>,
    /// The tile's rows that cannot be read, and those that may be any cell's.
    unreadable: Vec<(UnreadableKind, Option<RowId>)>,
}

impl PageView {
    /// The view of a page that was asked for after `since_id`.
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
        // Rows with ids no higher than the one asked for are noise. They say nothing of what follows.
        let are_told = foreign_ids.iter().all(Option::is_some);
        let is_noise = is_foreign && are_told && page.length < MAX_PAGE && last_foreign <= since_id;
        let (last_id, is_sorted) = if is_foreign {
            (last_foreign, foreign_ids.is_sorted())
        } else {
            (own_ids.iter().copied().chain(told).max().map_or(0, RowId::get), are_in_order(&own_ids))
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

    /// Reports to operators what was odd, including the rows that repeat a cell.
    pub(super) fn report(&self, repeated: &[RowId], oddities: &Oddities) {
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

/// Whether ids ascend, leaving out repetitions: a row that is sent twice breaks no order.
fn are_in_order(ids: &[RowId]) -> bool {
    let mut seen = FxHashSet::default();
    ids.is_sorted() || ids.iter().filter(|id| seen.insert(**id)).is_sorted()
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{PageView, has_foreign_rows};
    use crate::domain::id::{LocationId, VariantId};
    use crate::haravan::{InventoryPage, parse_row};
    use crate::plan::Tile;

    /// Looks at a page of these rows (id, variant), asked for variants 1 to 9 after an id.
    fn view(since_id: u64, rows: &[(u64, u64)]) -> PageView {
        let row = |(id, variant): &(u64, u64)| {
            let text = format!(
                "{{\"id\":{id},\"loc_id\":1,\"product_id\":1,\"variant_id\":{variant},\"qty_onhand\":0,\
                 \"qty_commited\":0,\"qty_incoming\":0,\"qty_available\":0,\"updated_at\":\"2021-07-08T01:47:17Z\"}}"
            );
            parse_row(&text).unwrap()
        };
        let rows: Vec<_> = rows.iter().map(row).collect();
        let page = InventoryPage { length: rows.len(), rows, unreadable: Vec::new() };
        let variants = (1..=9).map(|number| VariantId::new(number).unwrap()).collect();
        let tile = Tile { variants, locations: Arc::from([LocationId::new(1).unwrap()]) };
        let view = PageView::of(&page, &tile, since_id);
        assert_eq!(view.has_foreign, has_foreign_rows(&page, &tile));
        view
    }

    #[test]
    fn only_the_tiles_own_rows_tell_where_to_go_on() {
        let seen = view(0, &[(5, 1), (7, 2), (900, 77)]);
        assert_eq!((seen.last_id, seen.is_sorted, seen.rows), (7, true, 3));
        assert!(seen.has_foreign && !seen.is_foreign);
    }

    #[test]
    fn a_page_of_nothing_but_foreign_rows_is_empty_only_if_none_follows_the_id_asked_for() {
        let noise = view(7, &[(3, 77), (7, 78)]);
        assert_eq!((noise.rows, noise.is_foreign), (0, true));
        let more = view(7, &[(3, 77), (900, 78)]);
        assert_eq!((more.rows, more.last_id, more.is_sorted), (2, 900, true));
        assert_eq!(view(7, &[]).rows, 0);
    }

    #[test]
    fn a_row_that_is_sent_twice_breaks_no_order() {
        assert!(view(0, &[(5, 1), (7, 2), (5, 1)]).is_sorted);
        assert!(!view(0, &[(7, 2), (5, 1)]).is_sorted);
    }
}
