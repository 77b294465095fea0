//! A call that is passed through: uncached, but governed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::time::Instant;
use tracing::{Instrument, Span};

use super::devices::Devices;
use crate::governor::Errand;
use crate::governor::resource::Resource;
use crate::haravan::{CallCause, Forwarded, NoAnswer, OTHER, UpstreamRequest};
use crate::stock::read_error::ReadError;
use crate::stock::terms::ReadTerms;

/// The caller that waits for a forwarded call. It is dropped when the caller leaves.
#[derive(Debug, Default)]
struct Asker {
    call_sent: AtomicBool,
}

/// Passes a GET through. `path` is below `/com/`.
///
/// The caller waits no longer than the terms say. A call that was sent by then is read to its end.
pub(super) async fn forward(
    devices: &Devices,
    path: &str,
    query: &str,
    terms: &ReadTerms,
) -> Result<Forwarded, ReadError> {
    let deadline = Instant::now() + terms.wait;
    let resource = Resource::of_path(path);
    let (upstream, client) = (devices.upstream.clone(), devices.client.clone());
    let (path, query): (Arc<str>, Arc<str>) = (path.into(), query.into());
    let callers = [terms.caller].into_iter().collect();
    let errand = Errand { callers, ..Errand::new(resource.clone()) };
    let asker = Arc::new(Asker::default());
    let asking = Arc::downgrade(&asker);
    // On the runtime that the pooled connections belong to.
    let call = async move {
        let is_awaited = || 0 < asking.strong_count();
        let request = UpstreamRequest {
            errand,
            cause: CallCause::Passthrough,
            template: OTHER,
            page: None,
            deadline: Some(deadline),
            is_awaited: &is_awaited,
        };
        let send = |on| {
            if let Some(asker) = asking.upgrade() {
                asker.call_sent.store(true, Ordering::Release);
            }
            client.clone().forward(Arc::clone(&path), Arc::clone(&query), on)
        };
        upstream.ask(request, None, send).await
    };
    let call = devices.tasks.runtime().spawn(call.instrument(Span::current()));
    let late = || {
        let (governor, sent) = (devices.upstream.governor(), asker.call_sent.load(Ordering::Acquire));
        if sent || !governor.is_rate_limited(&resource) {
            ReadError::Timeout
        } else {
            ReadError::RateLimited { retry_after: governor.wait_for(&resource, 1) }
        }
    };
    let rate_limited =
        || ReadError::RateLimited { retry_after: devices.upstream.governor().wait_for(&resource, 1) };
    match tokio::time::timeout_at(deadline, call).await {
        Err(_) | Ok(Ok(Err(NoAnswer::Late))) => Err(late()),
        Ok(Err(_)) => Err(ReadError::Failed),
        Ok(Ok(answer)) => answer.map_err(|no_answer| ReadError::of_no_answer(&no_answer, rate_limited)),
    }
}
