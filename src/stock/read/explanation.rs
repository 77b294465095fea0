//! What a question would take, estimated without asking Haravan.

use std::time::Duration;

use super::lookup::Lookup;
use crate::loader::{Forecast, Reuse};
use crate::query::Grid;
use crate::stock::shop::Devices;
use crate::stock::terms::ReadTerms;

/// An estimate of what a question takes, made without asking Haravan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// Cells asked for.
    pub asked: usize,
    /// Cells that would be served fresh.
    pub fresh: usize,
    /// Cells that would be served stale.
    pub stale: usize,
    /// Cells that are not cached, or too old.
    pub absent: usize,
    /// The tiles that would be asked for, those for stale cells last: (variants, locations).
    pub tiles: Vec<(usize, usize)>,
    /// Calls expected, those for stale cells and for further pages included.
    pub calls: usize,
    /// How long the bucket and the queue would make the caller wait. No caller waits for the refresh of stale cells.
    pub wait: Duration,
}

impl Explanation {
    /// Estimates what reading a grid would take of which this is cached.
    pub(super) fn of(
        devices: &Devices,
        (grid, terms): (&Grid, &ReadTerms),
        lookup: &Lookup,
        reuse: Reuse,
    ) -> Self {
        let Forecast { mut tiles, mut calls, joined } = devices.loader.forecast(&lookup.missing, reuse);
        let wait = if calls == 0 && joined == 0 {
            Duration::ZERO
        } else {
            devices.wait_for(calls.saturating_add(devices.loader.queued_calls()))
        };
        // No caller waits for these.
        if !terms.freshness.only_if_cached {
            let refreshed = devices.loader.forecast(&lookup.stale, Reuse::default());
            tiles.extend(refreshed.tiles);
            calls += refreshed.calls;
        }
        Self {
            asked: grid.cells(),
            fresh: lookup.tally.hit,
            stale: lookup.tally.stale,
            absent: grid.cells() - lookup.tally.hit - lookup.tally.stale,
            tiles,
            calls,
            wait,
        }
    }

    /// The same question, answered by one call for its whole grid.
    pub(super) fn with_one_call(self, devices: &Devices, grid: &Grid) -> Self {
        let tiles = vec![(grid.variants.len(), grid.locations.len())];
        let wait = devices.wait_for(devices.loader.queued_calls().saturating_add(1));
        Self { tiles, calls: 1, wait, ..self }
    }

    /// The same question, answered without a call.
    pub(super) fn without_calls(self) -> Self {
        Self { tiles: Vec::new(), calls: 0, wait: Duration::ZERO, ..self }
    }
}
