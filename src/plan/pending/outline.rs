//! How wide a tile should be.

use std::sync::Arc;

use super::lists::{shared, union};
use super::rows::Candidate;
use crate::domain::id::{LocationId, VariantId};
use crate::plan::density::Density;
use crate::plan::{MAX_IDS, Tile};

/// A tile that could be asked, and what it is worth.
pub(super) struct Outline {
    pub(super) tile: Tile,
    pub(super) cells_a_call: u64,
}

/// The locations that the candidates want together, if one call can ask for them.
pub(super) fn wide_locations(candidates: &[Candidate]) -> Option<Arc<[LocationId]>> {
    let mut wide: Arc<[LocationId]> = Arc::from([]);
    for (_, locations) in candidates {
        wide = if wide.is_empty() { Arc::clone(locations) } else { union(&wide, locations) };
        if MAX_IDS < wide.len() {
            return None;
        }
    }
    Some(wide)
}

/// The tile over these locations: the candidates that want some of them, as many as pay for a question that waits for
/// this many variants.
pub(super) fn outline(
    candidates: &[Candidate],
    locations: &Arc<[LocationId]>,
    waiting: usize,
    density: &Density,
) -> Outline {
    let mut covered = Vec::with_capacity(candidates.len());
    for (variant_id, wanted) in candidates {
        let wanted = shared(wanted, locations);
        if 0 < wanted {
            covered.push((*variant_id, wanted));
        }
    }
    covered.truncate(density.width(covered.len(), locations.len(), waiting * locations.len()));
    let cells: usize = covered.iter().map(|(_, wanted)| wanted).sum();
    let mut variants: Vec<VariantId> = covered.into_iter().map(|(variant_id, _)| variant_id).collect();
    variants.sort_unstable();
    let calls = density.expected_calls(variants.len() * locations.len());
    let tile = Tile { variants, locations: Arc::clone(locations) };
    Outline { tile, cells_a_call: cells_a_call(cells, calls) }
}

/// How many wanted cells a call brings, in thousandths: a whole number, so that outlines can be compared.
#[expect(clippy::float_arithmetic, reason = "an estimate, to compare two outlines")]
#[expect(clippy::as_conversions, reason = "saturates, as intended")]
fn cells_a_call(cells: usize, calls: f64) -> u64 {
    (f64::from(u32::try_from(cells).unwrap_or(u32::MAX)) * 1000.0 / calls) as u64
}
