//! A window: a question in Haravan's own form, with its own limit, beginning and order. It is one call.
//!
//! Its rows go to the cache as those of any flight do, and so do the absences that its page proves. Callers who ask
//! for the same window wait for the same call.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::clock::{Clock, Moment};
use crate::domain::cell::{CellId, MissingReason};
use crate::domain::id::RowId;
use crate::haravan::InventoryCall;
use crate::plan::Tile;

/// How long before an observation a row's `updated_at` may lie and still have escaped it. Source: ours; the lag of a
/// replica and the five minutes by which clocks may differ, with a margin.
const OVERLAP: Duration = Duration::from_mins(6);

/// The rows of a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// The call that asked for it.
    pub call: InventoryCall,
    /// Its rows, by id.
    pub rows: Vec<(RowId, CellId)>,
    /// Whether no row follows.
    pub is_last: bool,
    /// When its call was sent.
    pub began: Moment,
}

/// How a window ended.
#[derive(Debug, Clone)]
pub enum WindowEnd {
    /// With these rows.
    Came(Arc<Window>),
    /// One call cannot answer it: ids are refused, or the page makes no sense. Ask for its cells instead.
    Unfit,
    /// It did not come, for this reason.
    Missing(MissingReason),
}

/// A window that was asked for, and where its end is written.
#[derive(Debug, Clone)]
pub(in crate::loader) struct WindowAsked {
    /// The call to make.
    pub(in crate::loader) call: InventoryCall,
    /// Cells that were observed at this moment or later are confirmed if nothing comes of them. `None` confirms none.
    pub(in crate::loader) confirms_from: Option<Moment>,
    /// How it ended, once it has.
    pub(in crate::loader) end: Arc<Mutex<Option<WindowEnd>>>,
}

impl WindowAsked {
    /// A window that brings rows and confirms nothing.
    pub(in crate::loader) fn new(call: InventoryCall) -> Self {
        Self { call, confirms_from: None, end: Arc::default() }
    }

    /// A window for what has changed of a tile since `observed_from`. It confirms the rest.
    pub(in crate::loader) fn of_changes(tile: Arc<Tile>, observed_from: Moment, clock: &Clock) -> Self {
        let updated_at_min = Some(clock.wall(observed_from.minus(OVERLAP)));
        let call = InventoryCall { updated_at_min, ..InventoryCall::after(tile, 0) };
        Self { confirms_from: Some(observed_from), ..Self::new(call) }
    }

    /// Whether another one asks for the same.
    pub(in crate::loader) fn is_same_as(&self, other: &Self) -> bool {
        self.call == other.call && self.confirms_from == other.confirms_from
    }
}
