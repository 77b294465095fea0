//! Who pays for a call, should its ids be refused: a question may have only so many calls refused.

use std::sync::Arc;

use crate::loader::Shared;
use crate::loader::state::Departure;
use crate::loader::waiter::Ticket;
use crate::plan::refusal::budget::{Leave, Spent};

/// What a call is for, as far as its payer cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The cells of a tile.
    Answer,
    /// To tell refused ids from others. Nothing is searched for callers that have left.
    Search,
}

/// A call that is paid for; its drop says that nothing is known of the call's ids.
pub(super) struct Charge<'a> {
    shared: &'a Shared,
    payer: Arc<Ticket>,
    spent: Spent,
}

impl Shared {
    /// Waits until somebody pays for a call of a flight. `None` if too many calls were refused already, or if nobody
    /// waits for what a search would find.
    ///
    /// The wait ends with the calls under way of those who wait, whose ends are bounded in time.
    pub(super) async fn charge(&self, departure: &Departure, purpose: Purpose) -> Option<Charge<'_>> {
        loop {
            let ended = self.call_ended.notified();
            match self.try_charge(departure, purpose) {
                (Leave::Given, Some(payer)) => {
                    return Some(Charge { shared: self, payer, spent: Spent::Neither });
                }
                (Leave::Later, _) => ended.await,
                (Leave::Given | Leave::Denied, _) => return None,
            }
        }
    }

    /// Finds one of those who wait for a flight whose budget allows a call.
    fn try_charge(&self, departure: &Departure, purpose: Purpose) -> (Leave, Option<Arc<Ticket>>) {
        let board = self.board.lock();
        let mut best = Leave::Denied;
        for waiter in board.waiters_of(departure) {
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
    /// The call ended like this.
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
