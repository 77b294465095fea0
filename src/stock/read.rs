//! The read path: what is cached, what is in flight, what Haravan says, and nothing that a purge has overtaken.

mod lookup;
mod request;
mod windows;

use std::time::Duration;

use tokio::time::Instant;

pub use self::request::Explanation;
use self::request::ReadRequest;
use self::windows::WindowRequest;
use super::read_error::ReadError;
use super::reading::{ReadTally, Reading};
use super::shop::Shop;
use super::terms::ReadTerms;
use crate::query::{Grid, Selection};
use crate::trace::{self, CellCounts};

/// How often cells are looked up again after the wait is over, because another purge came meanwhile. Cells that are
/// still overtaken then are unknown. Source: ours; a lookup takes milliseconds at most.
const MOST_LATE_LOOKS: u32 = 4;

impl Shop {
    /// Reads a grid: fresh cells from the cache, stale ones while they are refreshed, the rest from Haravan.
    ///
    /// If a purge came before the answer, the answer holds nothing that was observed before the purge. Safe to drop
    /// at any time: the calls go on for the other callers that want the cells.
    ///
    /// # Errors
    /// Not every cell could be had, and the terms refuse an incomplete answer. Cells that Haravan refuses make
    /// no error.
    pub async fn read(&self, grid: Grid, terms: &ReadTerms) -> Result<Reading, ReadError> {
        let request = ReadRequest::new(&self.devices, &grid, terms);
        let mut late_looks = 0;
        let reading = loop {
            let seen = self.purges();
            let reading = request.read_once().await?;
            let since = self.purges_since(seen);
            if !reading.is_outdated(&since) {
                break reading.after(since.until());
            }
            if request.deadline <= Instant::now() {
                late_looks += 1;
                if MOST_LATE_LOOKS < late_looks {
                    break request.without_outdated(reading, &since)?;
                }
            }
        };
        Ok(self.counted(reading))
    }

    /// Estimates what reading a grid would take. Asks Haravan for nothing.
    #[must_use]
    pub fn explain(&self, grid: &Grid, terms: &ReadTerms) -> Explanation {
        ReadRequest::new(&self.devices, grid, terms).explain()
    }

    /// Reads what a selection needs of a grid: all of its cells or, in one call, only the rows that are wanted.
    /// Returns the selection that is still to be applied.
    ///
    /// # Errors
    /// As [`Shop::read`].
    pub async fn read_rows(
        &self,
        grid: Grid,
        selection: Selection,
        terms: &ReadTerms,
    ) -> Result<(Reading, Selection), ReadError> {
        let deadline = Instant::now() + terms.wait;
        let request = ReadRequest::new(&self.devices, &grid, terms);
        if let Some((reading, rest)) = (WindowRequest { request, selection: &selection }).read().await? {
            return Ok((self.counted(reading), rest));
        }
        let terms = ReadTerms { wait: deadline.saturating_duration_since(Instant::now()), ..*terms };
        Ok((self.read(grid, &terms).await?, selection))
    }

    /// Estimates what [`Shop::read_rows`] would take. Asks Haravan for nothing.
    #[must_use]
    pub fn explain_rows(&self, grid: &Grid, selection: &Selection, terms: &ReadTerms) -> Explanation {
        let explained = self.explain(grid, terms);
        let request = ReadRequest::new(&self.devices, grid, terms);
        match (WindowRequest { request, selection }).is_held() {
            None => explained,
            Some(true) => Explanation { tiles: Vec::new(), calls: 0, wait: Duration::ZERO, ..explained },
            Some(false) => {
                let tiles = vec![(grid.variants.len(), grid.locations.len())];
                let queued = self.devices.loader.queued_calls();
                let wait = self.devices.wait_for(queued.saturating_add(1));
                Explanation { tiles, calls: 1, wait, ..explained }
            }
        }
    }

    /// Counts a reading, and shows it in the trace.
    fn counted(&self, reading: Reading) -> Reading {
        trace::cells(|| counts_of(&reading));
        self.counter.count(reading.tally());
        reading
    }
}

/// The counts of a reading, for traces.
fn counts_of(reading: &Reading) -> CellCounts {
    let ReadTally { hit, stale, fetched, joined, calls, .. } = reading.tally();
    let (asked, missing) = (reading.grid().cells(), reading.unknown().len());
    CellCounts { asked, hit, stale, fetched, joined, missing, calls }
}
