//! A call that clears many doubts at once: a tile that is known to have more rows than any page in doubt.
//!
//! Its page is asked for after the doubtful ones came. Is it longer than they are, no clamp cut them
//! ([`rule`](super::rule)); is it not, although more rows are known, then one did.

use std::collections::VecDeque;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::domain::id::{LocationId, VariantId};
use crate::plan::{MAX_IDS, MAX_PAGE, Tile};

/// Tiles remembered.
const REMEMBERED: usize = 32;

/// The tiles that a probe may ask for: those lately walked, with the rows that they are known to hold.
#[derive(Debug, Clone, Default)]
pub struct ProbeTiles {
    walked: VecDeque<Walked>,
}

/// A tile's variants that have rows, with how many.
#[derive(Debug, Clone)]
struct Walked {
    locations: Arc<[LocationId]>,
    rows: FxHashMap<VariantId, usize>,
}

impl ProbeTiles {
    /// Remembers the rows that came of a tile, each by its variant.
    pub fn saw(&mut self, tile: &Tile, rows: impl Iterator<Item = VariantId>) {
        let mut walked = Walked { locations: Arc::clone(&tile.locations), rows: FxHashMap::default() };
        for variant_id in rows {
            *walked.rows.entry(variant_id).or_default() += 1;
        }
        if self.walked.len() == REMEMBERED {
            self.walked.pop_front();
        }
        self.walked.push_back(walked);
    }

    /// The tile with the most rows that can be put together from those seen, and how many of them a page holds.
    #[must_use]
    pub fn best(&self) -> Option<(Tile, usize)> {
        let mut grids: FxHashMap<&[LocationId], FxHashMap<VariantId, usize>> = FxHashMap::default();
        for walked in &self.walked {
            grids.entry(&walked.locations).or_default().extend(&walked.rows);
        }
        let (locations, variants, rows) = grids
            .into_iter()
            .map(|(locations, rows)| {
                let mut rows: Vec<(usize, VariantId)> =
                    rows.into_iter().map(|(id, rows)| (rows, id)).collect();
                rows.sort_unstable_by(|left, right| right.cmp(left));
                rows.truncate(MAX_IDS);
                let sum = rows.iter().map(|(rows, _)| rows).sum::<usize>();
                (locations, rows, sum.min(MAX_PAGE))
            })
            .max_by_key(|(.., rows)| *rows)?;
        let mut variants: Vec<VariantId> = variants.into_iter().map(|(_, id)| id).collect();
        variants.sort_unstable();
        (0 < rows).then(|| (Tile { variants, locations: Arc::from(locations) }, rows))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{ProbeTiles, REMEMBERED};
    use crate::domain::id::{LocationId, VariantId};
    use crate::plan::{MAX_IDS, Tile};

    fn tile(variants: &[u64], locations: &[u64]) -> Tile {
        Tile {
            variants: variants.iter().map(|id| VariantId::new(*id).unwrap()).collect(),
            locations: locations.iter().map(|id| LocationId::new(*id).unwrap()).collect(),
        }
    }

    fn saw(probes: &mut ProbeTiles, locations: &[u64], rows: &[u64]) {
        let rows_of = rows.iter().map(|id| VariantId::new(*id).unwrap());
        probes.saw(&tile(rows, locations), rows_of);
    }

    #[test]
    fn nothing_seen_is_no_probe() {
        let mut probes = ProbeTiles::default();
        assert_eq!(probes.best(), None);
        saw(&mut probes, &[1], &[]);
        assert_eq!(probes.best(), None);
    }

    #[test]
    fn the_variants_with_the_most_rows_are_put_together_across_tiles() {
        let mut probes = ProbeTiles::default();
        saw(&mut probes, &[1, 2], &[1, 1, 2]);
        saw(&mut probes, &[1, 2], &[3, 3]);
        saw(&mut probes, &[9], &[4]);
        assert_eq!(probes.best(), Some((tile(&[1, 2, 3], &[1, 2]), 5)));
    }

    #[test]
    fn a_witness_takes_no_more_variants_than_a_call_does() {
        let mut probes = ProbeTiles::default();
        for first in [1, 51] {
            let rows: Vec<u64> =
                (first..first + 50).flat_map(|id| vec![id; 1 + usize::from(id % 2 == 0)]).collect();
            saw(&mut probes, &[1, 2], &rows);
        }
        let (tile, rows) = probes.best().unwrap();
        assert_eq!((tile.variants.len(), rows), (MAX_IDS, 100), "every even variant has two rows");
        assert!(tile.variants.iter().all(|id| id.get() % 2 == 0));
    }

    #[test]
    fn a_tile_seen_long_ago_is_forgotten() {
        let mut probes = ProbeTiles::default();
        saw(&mut probes, &[1], &[1, 2, 3]);
        for _ in 0..REMEMBERED {
            saw(&mut probes, &[2], &[9]);
        }
        let locations = probes.best().unwrap().0.locations;
        assert_eq!(locations, Arc::from([LocationId::new(2).unwrap()]));
    }
}
