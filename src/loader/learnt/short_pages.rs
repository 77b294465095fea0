//! The pages in doubt, and the witnesses called for them.

use crate::domain::id::VariantId;
use crate::plan::Tile;
use crate::plan::pages::{CallNumber, Doubt};
use crate::plan::witness::Witnesses;

/// The doubts that are open, and what could clear them.
#[derive(Debug, Default)]
pub(in crate::loader) struct Doubts {
    open: usize,
    witnesses: Witnesses,
    /// Whether a witness is on its way.
    witness_called: bool,
    /// No later than the last witness's call: doubts older than that were put to it.
    last_witness: CallNumber,
}

impl Doubts {
    /// A flight waits for evidence about its page.
    pub(in crate::loader) fn opened(&mut self) {
        self.open += 1;
    }

    /// It does not any more.
    pub(in crate::loader) fn closed(&mut self) {
        self.open -= 1;
    }

    /// How many are open.
    pub(in crate::loader) fn open(&self) -> usize {
        self.open
    }

    /// These rows came of a tile, each given by its variant.
    pub(in crate::loader) fn saw(&mut self, tile: &Tile, rows: impl Iterator<Item = VariantId>) {
        self.witnesses.saw(tile, rows);
    }

    /// Whether a witness is on its way.
    pub(in crate::loader) fn is_witness_called(&self) -> bool {
        self.witness_called
    }

    /// A tile to ask because it is known to have more rows than a page in doubt: one call for all doubts that are
    /// open, and evidence for those to come, where the next page would tell of one alone. A doubt that a witness
    /// left standing gets no other.
    pub(in crate::loader) fn call_witness(&mut self, doubt: Doubt, next_call: CallNumber) -> Option<Tile> {
        if self.witness_called || doubt.is_older_than(self.last_witness) {
            return None;
        }
        let (witness, rows) = self.witnesses.best()?;
        if !doubt.is_below(rows) {
            return None;
        }
        self.witness_called = true;
        self.last_witness = next_call;
        Some(witness)
    }

    /// The witness was heard.
    pub(in crate::loader) fn witness_heard(&mut self) {
        self.witness_called = false;
    }
}
