//! The pump: turns what waits into flights, one for each permit of the governor, until nothing waits.

use std::sync::Arc;
use std::time::Duration;

use tracing::Instrument;

use super::flight::Flight;
use super::shared::{Shared, reason_of};
use crate::governor::Errand;

/// How long a call waits to be filled up while others are under way. With nothing under way it does not wait.
const GATHERING: Duration = Duration::from_millis(1);

impl Shared {
    /// Starts the pump if something waits and it does not run.
    pub(super) fn start_pump(self: &Arc<Self>) {
        let Some(busy) = self.state.lock().claim_pump() else { return };
        let shared = Arc::clone(self);
        self.parts.tasks.spawn("pump", async move { shared.pump(busy).await });
    }

    async fn pump(self: Arc<Self>, busy: bool) {
        if busy && !self.state.lock().fills_a_call() {
            tokio::time::sleep(GATHERING).await;
        }
        loop {
            self.announce_callers(&self.state.lock());
            let permit = match self.parts.upstream.governor().admit(Errand::tile()).await {
                Ok(permit) => permit,
                Err(not_admitted) => {
                    self.state.lock().queue.fail(reason_of(not_admitted));
                    self.call_ended.notify_waiters();
                    return;
                }
            };
            let start = self.state.lock().start_next(permit.turn().caller, self.parts.clock.now());
            let Some(start) = start else {
                permit.unused();
                self.call_ended.notify_waiters();
                return;
            };
            self.parts.metrics.upstream_batch(start.tile.cells());
            let span = start.span.clone();
            let flight = Flight::new(Arc::clone(&self), start);
            self.parts.tasks.spawn("flight", flight.fly(permit).instrument(span));
        }
    }
}
