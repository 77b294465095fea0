//! Which question pays for a call if its ids are refused: the refused calls of a question are limited.

use std::sync::Arc;

use crate::loader::shared::Shared;
use crate::loader::state::FlightStart;
use crate::loader::waiter::Waiter;
use crate::plan::refusal::budget::{Leave, Spent};

/// The purpose of a call, as far as its payer cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The cells of a tile.
    Answer,
    /// To find the refused ids. Callers that have left pay for no search.
    Search,
}

/// A call that is paid for. Dropping it notes that nothing is known of the call's ids.
pub(super) struct Charge<'a> {
    shared: &'a Shared,
    payer: Arc<Waiter>,
    spent: Spent,
}

impl Shared {
    /// Waits until a question pays for a call of a flight. `None` if too many calls were refused already, or if no
    /// caller waits for what a search would find.
    ///
    /// The wait ends when the calls under way of these questions end. Those are bounded in time.
    pub(super) async fn charge(&self, start: &FlightStart, purpose: Purpose) -> Option<Charge<'_>> {
        loop {
            let ended = self.call_ended.notified();
            match self.try_charge(start, purpose) {
                (Leave::Given, Some(payer)) => {
                    return Some(Charge { shared: self, payer, spent: Spent::Neither });
                }
                (Leave::Later, _) => ended.await,
                (Leave::Given | Leave::Denied, _) => return None,
            }
        }
    }

    /// Finds a waiter of a flight whose budget allows a call.
    fn try_charge(&self, start: &FlightStart, purpose: Purpose) -> (Leave, Option<Arc<Waiter>>) {
        let state = self.state.lock();
        let mut best = Leave::Denied;
        for waiter in state.flights.waiters_of(start) {
            if purpose == Purpose::Search && waiter.has_left() {
                continue;
            }
            match waiter.budget().lock().take() {
                Leave::Given => return (Leave::Given, Some(Arc::clone(waiter))),
                Leave::Later => best = Leave::Later,
                Leave::Denied => {}
            }
        }
        (best, None)
    }
}

impl Charge<'_> {
    /// Notes how the call ended.
    pub(super) fn spend(mut self, spent: Spent) {
        self.spent = spent;
    }
}

impl Drop for Charge<'_> {
    fn drop(&mut self) {
        self.payer.budget().lock().settle(self.spent);
        self.shared.call_ended.notify_waiters();
    }
}
