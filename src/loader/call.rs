//! One call for rows, made once: bounded in time, shown in the trace, judged for the governor.

use std::time::Duration;

use tracing::Instrument;

use super::LoaderParts;
use crate::governor::CallOutcome;
use crate::haravan::{CallError, INVENTORY, InventoryCall, InventoryPage, Reply};
use crate::trace::{self, Call};

/// How long to wait after a 429 whose `Retry-After` cannot be read. Source: doc's own example, `2.0`.
const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(2);

/// Asks for a page, the tile's number `page`, having asked for it `resends` times before.
pub(super) async fn send(
    parts: &LoaderParts,
    call: InventoryCall,
    page: usize,
    resends: u32,
) -> Reply<InventoryPage> {
    let span = trace::call(Call { template: INVENTORY, page: Some(page), resends });
    let asked = parts.source.inventory(call).instrument(span.clone());
    let reply = tokio::time::timeout(parts.call_timeout, asked).await;
    let reply = reply.unwrap_or(Reply { call_limit: None, result: Err(CallError::Timeout) });
    trace::called(&span, reply.end(|page| (200, Some(page.length))));
    reply
}

/// How a call went, as far as the governor cares.
pub(super) fn outcome_of(result: &Result<InventoryPage, CallError>) -> CallOutcome {
    match result {
        Ok(_) => CallOutcome::Answered,
        Err(CallError::Throttled { retry_after }) => {
            CallOutcome::Throttled { retry_after: retry_after.unwrap_or(DEFAULT_RETRY_AFTER) }
        }
        Err(CallError::Unauthorized { .. }) => CallOutcome::Unauthorized,
        Err(CallError::IdsRefused | CallError::Rejected { .. }) => CallOutcome::Refused,
        Err(
            CallError::ServerError { .. }
            | CallError::UnexpectedStatus { .. }
            | CallError::Timeout
            | CallError::Connection
            | CallError::Unreadable { .. },
        ) => CallOutcome::Failed,
    }
}
