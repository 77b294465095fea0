//! A window: a question in Haravan's own form, with its own limit, beginning and order. It is one call.
//!
//! Its rows go to the cache as those of any flight do, and so do the absences that its page proves. Callers who ask
//! for the same window wait for the same call.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::clock::Moment;
use crate::domain::cell::{CellId, MissingReason};
use crate::domain::id::RowId;
use crate::haravan::InventoryCall;

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
    /// How it ended, once it has.
    pub(in crate::loader) end: Arc<Mutex<Option<WindowEnd>>>,
}
