//! A flight for a window: one call in Haravan's own form.

use std::sync::Arc;

use super::Flight;
use super::answer::Rest;
use super::pages::Walk;
use crate::cache::entry::Unchanged;
use crate::domain::cell::MissingReason;
use crate::governor::Permit;
use crate::loader::window::{Window, WindowAsked, WindowEnd};

impl Flight {
    /// Asks for a window, and notes what came of it.
    pub(in crate::loader) async fn fly_window(&mut self, window: WindowAsked, permit: Permit) {
        let WindowAsked { call, confirms_from, end } = window;
        let began = self.shared.parts.clock.now();
        let tile = (*call.tile).clone();
        let (walk, answer) = {
            let mut asking = self.asking_for(&tile, &call);
            let walk = self.walk(&mut asking, Some(permit)).await;
            (walk, asking.answer)
        };
        let is_odd = answer.has_untold || !answer.unreadable.is_empty();
        let window = |is_last| {
            let mut rows: Vec<_> = answer.rows.iter().map(|(cell, (row, _))| (row.id, *cell)).collect();
            rows.sort_unstable();
            Arc::new(Window { call: call.clone(), rows, is_last, began })
        };
        let told = match &walk {
            Walk::Complete | Walk::Full if is_odd => WindowEnd::Unfit,
            Walk::Complete => WindowEnd::Came(window(true)),
            Walk::Full => WindowEnd::Came(window(false)),
            Walk::Refused | Walk::Denied | Walk::Unpageable => WindowEnd::Unfit,
            Walk::Failed(reason) => WindowEnd::Missing(*reason),
        };
        let rest = match (&walk, call.updated_at_min, confirms_from) {
            // What follows an id says nothing of the rows before it.
            (Walk::Complete, None, _) if call.since_id == 0 => Rest::NoRow,
            (Walk::Complete, Some(updated_at_min), Some(observed_from)) if call.since_id == 0 => {
                Rest::Unchanged(Unchanged { observed_from, updated_at_min })
            }
            _ => Rest::Unknown(MissingReason::Failed),
        };
        *end.lock() = Some(told);
        self.note(&tile, answer, rest);
    }
}
