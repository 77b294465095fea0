//! What calls a question would take, had it been asked.

use super::{Lack, Loader, Reuse, cells_of};
use crate::coop::{Pieces, give_way};
use crate::plan::density::Density;
use crate::plan::pending::{Pending, Priority, Waiter, Want};

/// Variants looked up under the board's lock at a time. Source: ours; with fifty locations some 100 µs of work.
const AT_A_TIME: usize = 64;

/// Cells planned at a stretch. Source: ours; some 200 µs of work.
const PIECE: usize = 4_096;

/// Calls that would be made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Forecast {
    /// The tiles, in the order that they would be asked: (variants, locations).
    pub tiles: Vec<(usize, usize)>,
    /// The calls: a tile's pages are calls of their own.
    pub calls: usize,
    /// Cells that are on their way already.
    pub joined: usize,
}

impl Loader {
    /// The calls that getting these cells would take, beside what is on its way and were nothing else wanted. Cells
    /// that are known to be refused take none.
    #[must_use]
    pub fn forecast(&self, lacks: &[Lack], reuse: Reuse) -> Forecast {
        let now = self.shared.parts.clock.now();
        let (mut to_ask, mut refused) = (Vec::new(), Vec::new());
        for part in lacks.chunks(AT_A_TIME) {
            to_ask.extend(self.shared.board.lock().to_ask(part, (now, reuse), &mut refused));
            give_way();
        }
        let joined = cells_of(lacks) - cells_of(&to_ask) - refused.len();
        let density = self.shared.board.lock().density().clone();
        Forecast { joined, ..plan(to_ask, &density) }
    }
}

/// The tiles in which these cells would be asked for, and the calls that they take.
pub(super) fn plan(lacks: Vec<Lack>, density: &Density) -> Forecast {
    let mut pending = Pending::default();
    let wants =
        lacks.into_iter().map(|(variant_id, locations)| (variant_id, Want { waiter: Nobody, locations }));
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

/// Waits for a forecast.
#[derive(Debug, Clone)]
struct Nobody;

impl Waiter for Nobody {
    fn is_gone(&self) -> bool {
        false
    }

    fn want_was_split(&self) {}
}
