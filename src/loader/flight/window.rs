//! A flight for a window: one call in Haravan's own form.

use std::sync::Arc;

use super::Flight;
use super::pages::Walk;
use crate::domain::cell::MissingReason;
use crate::governor::Permit;
use crate::loader::window::{Window, WindowAsked, WindowEnd};

impl Flight {
    /// Asks for a window, and notes what came of it.
    pub(in crate::loader) async fn fly_window(&mut self, window: WindowAsked, permit: Permit) {
        let WindowAsked { call, end } = window;
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
        let told = match walk {
            Walk::Complete | Walk::Full if is_odd => WindowEnd::Unfit,
            Walk::Complete => WindowEnd::Came(window(true)),
            Walk::Full => WindowEnd::Came(window(false)),
            Walk::Refused | Walk::Denied | Walk::Unpageable => WindowEnd::Unfit,
            Walk::Failed(reason) => WindowEnd::Missing(reason),
        };
        let tells_all = matches!(walk, Walk::Complete) && call.since_id == 0 && call.updated_at_min.is_none();
        *end.lock() = Some(told);
        // Cells whose rows did not come have none only where every row of the tile came.
        self.note(&tile, answer, (!tells_all).then_some(MissingReason::Failed));
    }
}
