//! What flights share about the ends of pages: calls under way, short pages in doubt, probes.
//!
//! Each guard notes its beginning in the state, and its end when it is dropped, however the flight ends.

use std::sync::Arc;

use crate::loader::shared::Shared;
use crate::plan::Tile;
use crate::plan::page_end::rule::{CallNumber, Doubt};

/// A short page in doubt. Dropping it ends the wait for evidence.
pub(super) struct OpenShortPage<'a>(&'a Shared);

impl<'a> OpenShortPage<'a> {
    pub(super) fn new(shared: &'a Shared) -> Self {
        shared.state.lock().learnt.pages.short_pages().opened();
        Self(shared)
    }
}

impl Drop for OpenShortPage<'_> {
    fn drop(&mut self) {
        self.0.state.lock().learnt.pages.short_pages().closed();
    }
}

/// A probe: a tile that is asked for again because of its many rows. Dropping it lets another be sent.
pub(super) struct Probe<'a> {
    shared: &'a Shared,
    pub(super) tile: Arc<Tile>,
}

impl<'a> Probe<'a> {
    pub(super) fn send(shared: &'a Shared, doubt: Doubt) -> Option<Self> {
        let tile = shared.state.lock().learnt.pages.send_probe(doubt)?;
        Some(Self { shared, tile: Arc::new(tile) })
    }
}

impl Drop for Probe<'_> {
    fn drop(&mut self) {
        self.shared.state.lock().learnt.pages.short_pages().probe_ended();
        self.shared.call_ended.notify_waiters();
    }
}

/// A call under way. Dropping it wakes those who wait for evidence.
pub(super) struct CallSent<'a> {
    shared: &'a Shared,
    number: CallNumber,
    rows: Option<usize>,
}

impl<'a> CallSent<'a> {
    pub(super) fn new(shared: &'a Shared) -> Self {
        let number = shared.state.lock().learnt.pages.call_sent();
        Self { shared, number, rows: None }
    }

    pub(super) fn ended(mut self, rows: Option<usize>) {
        self.rows = rows;
    }
}

impl Drop for CallSent<'_> {
    fn drop(&mut self) {
        let now = self.shared.parts.clock.now();
        self.shared.state.lock().learnt.pages.call_ended(self.number, self.rows, now);
        self.shared.call_ended.notify_waiters();
    }
}
