//! An estimate of the calls that a question takes, made without asking Haravan.

use crate::coop::Pieces;
use crate::loader::lack::Lack;
use crate::plan::density::Density;
use crate::plan::pending::{Pending, Priority, Want, WantOwner};

/// Cells planned at a stretch. Source: ours; some 200 µs of work.
const PIECE: usize = 4_096;

/// Calls that would be made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Forecast {
    /// The tiles, in the order that they would be asked for: (variants, locations).
    pub tiles: Vec<(usize, usize)>,
    /// The calls. Each page of a tile is one.
    pub calls: usize,
    /// Cells that are in flight already.
    pub joined: usize,
}

/// Plans the tiles for these cells, and counts the calls that they take.
pub(super) fn plan(lacks: Vec<Lack>, density: &Density) -> Forecast {
    let mut pending = Pending::default();
    let wants =
        lacks.into_iter().map(|(variant_id, locations)| (variant_id, Want { waiter: NoCaller, locations }));
    pending.add(Priority::Interactive, wants);
    let mut forecast = Forecast::default();
    let mut pieces = Pieces::of(PIECE);
    while let Some(chosen) = pending.choose(density) {
        let cells = chosen.tile.cells();
        forecast.tiles.push((chosen.tile.variants.len(), chosen.tile.locations.len()));
        forecast.calls += density.pages(cells);
        pieces.done(cells);
    }
    forecast
}

/// The waiter of a forecast: no caller waits.
#[derive(Debug, Clone)]
struct NoCaller;

impl WantOwner for NoCaller {
    fn is_gone(&self) -> bool {
        false
    }

    fn want_was_split(&self) {}
}
