//! A cell to add to a call, whose row proves that the page was not cut: the known row with the highest id.
//!
//! Rows come in the order of their ids and a clamp cuts the end. So where the sentinel's row came, every row with a
//! smaller id came too. Ids cost nothing up to [`MAX_IDS`] of a kind. Its row may have been deleted meanwhile: then
//! it does not come, the page proves nothing, and the next candidate takes its place.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::cell::CellId;
use crate::domain::id::RowId;
use crate::plan::{MAX_IDS, Tile};

/// Candidates kept. Source: ours; a shop deletes few of its newest rows at a time.
const KEPT: usize = 16;

/// The known rows with the highest ids of a shop.
#[derive(Debug, Clone, Default)]
pub struct Sentinels {
    highest: BTreeMap<RowId, CellId>,
}

/// A cell that is asked for beside a tile's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentinel {
    /// The cell.
    pub cell: CellId,
    /// The tile to ask: the cells that are wanted, and those that come with the sentinel.
    pub asked: Arc<Tile>,
}

impl Sentinels {
    /// Learns of a row.
    pub fn saw(&mut self, id: RowId, cell: CellId) {
        let lowest = self.highest.first_key_value().map(|(id, _)| *id);
        if self.highest.len() == KEPT && lowest.is_some_and(|lowest| id < lowest) {
            return;
        }
        self.highest.insert(id, cell);
        if KEPT < self.highest.len() {
            self.highest.pop_first();
        }
    }

    /// The row of a cell did not come, or the cell cannot be asked for.
    pub fn forget(&mut self, cell: CellId) {
        self.highest.retain(|_, candidate| *candidate != cell);
    }

    /// The sentinel for a tile, if its ids fit into the call and `fits` says that a page has room for its cells.
    #[must_use]
    pub fn best(&self, tile: &Tile, fits: impl FnOnce(usize) -> bool) -> Option<Sentinel> {
        let (_, cell) = self.highest.last_key_value()?;
        let asked = widened(tile, *cell)?;
        let fits = asked.variants.len() <= MAX_IDS && asked.locations.len() <= MAX_IDS && fits(asked.cells());
        fits.then(|| Sentinel { cell: *cell, asked: Arc::new(asked) })
    }
}

/// A tile that holds a cell besides.
fn widened(tile: &Tile, cell: CellId) -> Option<Tile> {
    let mut variants = tile.variants.clone();
    if let Err(place) = variants.binary_search(&cell.variant_id) {
        variants.insert(place, cell.variant_id);
    }
    let locations = match tile.locations.binary_search(&cell.loc_id) {
        Ok(_) => Arc::clone(&tile.locations),
        Err(place) => {
            let (before, after) = tile.locations.split_at_checked(place)?;
            before.iter().chain([&cell.loc_id]).chain(after).copied().collect()
        }
    };
    Some(Tile { variants, locations })
}

#[cfg(test)]
mod tests {
    use super::{KEPT, Sentinels};
    use crate::domain::cell::CellId;
    use crate::domain::id::{LocationId, RowId, VariantId};
    use crate::plan::Tile;

    fn cell(variant: u64, location: u64) -> CellId {
        CellId { variant_id: VariantId::new(variant).unwrap(), loc_id: LocationId::new(location).unwrap() }
    }

    fn tile(variants: std::ops::RangeInclusive<u64>, locations: std::ops::RangeInclusive<u64>) -> Tile {
        Tile {
            variants: variants.map(|id| VariantId::new(id).unwrap()).collect(),
            locations: locations.map(|id| LocationId::new(id).unwrap()).collect(),
        }
    }

    fn saw(sentinels: &mut Sentinels, id: u64, cell: CellId) {
        sentinels.saw(RowId::new(id).unwrap(), cell);
    }

    #[test]
    fn the_known_row_with_the_highest_id_is_added_to_a_tile() {
        let mut sentinels = Sentinels::default();
        assert_eq!(sentinels.best(&tile(1..=4, 1..=3), |_| true), None);
        saw(&mut sentinels, 70, cell(9, 2));
        saw(&mut sentinels, 90, cell(8, 7));
        saw(&mut sentinels, 80, cell(7, 2));
        let sentinel = sentinels.best(&tile(1..=4, 1..=3), |cells| cells == 20).unwrap();
        assert_eq!(sentinel.cell, cell(8, 7));
        let ids = |ids: &[VariantId]| ids.iter().map(|id| id.get()).collect::<Vec<_>>();
        assert_eq!(ids(&sentinel.asked.variants), [1, 2, 3, 4, 8]);
        assert_eq!(sentinel.asked.locations.len(), 4);
        assert!(sentinel.asked.locations.is_sorted());
    }

    #[test]
    fn no_more_ids_are_asked_for_than_a_call_takes_and_no_more_cells_than_a_page() {
        let mut sentinels = Sentinels::default();
        saw(&mut sentinels, 90, cell(60, 7));
        assert_eq!(sentinels.best(&tile(1..=50, 1..=3), |_| true), None);
        assert_eq!(sentinels.best(&tile(1..=3, 8..=57), |_| true), None);
        assert_eq!(sentinels.best(&tile(1..=3, 1..=3), |cells| cells < 16), None);
        let within = sentinels.best(&tile(51..=100, 1..=49), |_| true).unwrap();
        assert_eq!((within.asked.variants.len(), within.asked.locations.len()), (50, 49));
    }

    #[test]
    fn a_row_that_is_gone_is_followed_by_the_next_and_few_are_kept() {
        let mut sentinels = Sentinels::default();
        for id in 1..=1_000 {
            saw(&mut sentinels, id, cell(id, 1));
        }
        assert_eq!(sentinels.highest.len(), KEPT);
        sentinels.forget(cell(1_000, 1));
        assert_eq!(sentinels.best(&tile(1..=1, 1..=1), |_| true).unwrap().cell, cell(999, 1));
        saw(&mut sentinels, 3, cell(3, 1));
        saw(&mut sentinels, 2, cell(2, 1));
        assert!(
            !sentinels.highest.contains_key(&RowId::new(2).unwrap()),
            "it is older than all that are kept"
        );
    }
}
