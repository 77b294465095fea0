//! What flights tell one another about pages: calls on their way, doubts that are open, witnesses called.
//! Each is told on the board when it begins, and when it is dropped, however a flight ends.

use std::sync::Arc;

use crate::loader::Shared;
use crate::plan::Tile;
use crate::plan::pages::{CallNumber, Doubt};

/// A doubt that is not settled yet; its drop settles it.
pub(super) struct OpenDoubt<'a>(&'a Shared);

impl<'a> OpenDoubt<'a> {
    pub(super) fn new(shared: &'a Shared) -> Self {
        shared.board.lock().proof().doubts().opened();
        Self(shared)
    }
}

impl Drop for OpenDoubt<'_> {
    fn drop(&mut self) {
        self.0.board.lock().proof().doubts().closed();
    }
}

/// A tile asked again for its many rows; its drop lets another be called.
pub(super) struct Witness<'a> {
    shared: &'a Shared,
    pub(super) tile: Arc<Tile>,
}

impl<'a> Witness<'a> {
    pub(super) fn called(shared: &'a Shared, doubt: Doubt) -> Option<Self> {
        let tile = shared.board.lock().proof().call_witness(doubt)?;
        Some(Self { shared, tile: Arc::new(tile) })
    }
}

impl Drop for Witness<'_> {
    fn drop(&mut self) {
        self.shared.board.lock().proof().doubts().witness_heard();
        self.shared.call_ended.notify_waiters();
    }
}

/// A call on its way; its drop tells those who wait for evidence that none will come of it.
pub(super) struct CallSent<'a> {
    shared: &'a Shared,
    number: CallNumber,
    rows: Option<usize>,
}

impl<'a> CallSent<'a> {
    pub(super) fn new(shared: &'a Shared) -> Self {
        let number = shared.board.lock().call_sent();
        Self { shared, number, rows: None }
    }

    pub(super) fn ended(mut self, rows: Option<usize>) {
        self.rows = rows;
    }
}

impl Drop for CallSent<'_> {
    fn drop(&mut self) {
        let now = self.shared.parts.clock.now();
        self.shared.board.lock().proof().call_ended(self.number, self.rows, now);
        self.shared.call_ended.notify_waiters();
    }
}
