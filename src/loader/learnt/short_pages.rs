//! Short pages that may have been cut, and the probes that settle the doubt.
//!
//! A probe is a call for a tile that is known to have more rows than the short page. If its page is longer, no clamp
//! cut the short one.

use crate::domain::id::VariantId;
use crate::plan::Tile;
use crate::plan::page_end::probe::ProbeTiles;
use crate::plan::page_end::rule::{CallNumber, Doubt};

/// The short pages in doubt, and what could settle the doubt.
#[derive(Debug, Clone, Default)]
pub(in crate::loader) struct ShortPages {
    open: usize,
    probes: ProbeTiles,
    /// Whether a probe is in flight.
    probe_sent: bool,
    /// No later than the last probe's call. Doubts older than that were put to that probe.
    last_probe: CallNumber,
}

impl ShortPages {
    /// The same without the flights that wait.
    pub(super) fn without_calls(&self) -> Self {
        Self { open: 0, probe_sent: false, ..self.clone() }
    }

    /// Notes that a flight waits for evidence about its page.
    pub(in crate::loader) fn opened(&mut self) {
        self.open += 1;
    }

    /// Notes that the flight waits no more.
    pub(in crate::loader) fn closed(&mut self) {
        self.open -= 1;
    }

    /// How many flights wait for evidence.
    pub(in crate::loader) fn open(&self) -> usize {
        self.open
    }

    /// Notes the rows that came of a tile, each by its variant.
    pub(in crate::loader) fn saw(&mut self, tile: &Tile, rows: impl Iterator<Item = VariantId>) {
        self.probes.saw(tile, rows);
    }

    /// Whether a probe is in flight.
    pub(in crate::loader) fn is_probe_sent(&self) -> bool {
        self.probe_sent
    }

    /// Returns a tile to probe for: it is known to have more rows than the page in doubt. One such call settles all
    /// open doubts, and later ones, where the next page would settle only its own. A short page is probed once.
    pub(in crate::loader) fn send_probe(&mut self, doubt: Doubt, next_call: CallNumber) -> Option<Tile> {
        if self.probe_sent || doubt.is_older_than(self.last_probe) {
            return None;
        }
        let (probe, rows) = self.probes.best()?;
        if !doubt.is_below(rows) {
            return None;
        }
        self.probe_sent = true;
        self.last_probe = next_call;
        Some(probe)
    }

    /// Notes the end of the probe.
    pub(in crate::loader) fn probe_ended(&mut self) {
        self.probe_sent = false;
    }
}
