//! A call that is passed through: uncached, but governed; and what it means for the cells if it is a write.

mod errors;
mod write;

use std::pin::pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::task::{JoinError, JoinHandle};
use tokio::time::{Instant, timeout_at};
use tracing::{Instrument, Span};

use self::write::Write;
use super::Shop;
use crate::governor::Errand;
use crate::governor::resource::Resource;
use crate::haravan::{
    CallCause, CallError, Connection, ForwardBody, ForwardRequest, ForwardedAnswer, NoAnswer, OTHER,
    Progress, Reply, Resend, Sending, UpstreamRequest, Waited, head_of,
};
use crate::stock::read_error::ReadError;
use crate::stock::terms::ReadTerms;

pub use self::errors::ForwardError;
pub use self::write::BodyCopy;

/// How long a write that is not answered in time may still take. Source: ours; Haravan ends its own calls sooner.
const LATE_WRITE: Duration = Duration::from_secs(60);

/// Whether a call was sent, and whether its caller still waits for it.
#[derive(Debug, Default)]
struct Passage {
    state: AtomicU8,
    /// When it was sent first.
    sent: OnceLock<Instant>,
}

/// Something may have been sent.
const SENT: u8 = 1;
/// The caller has left.
const LEFT: u8 = 2;

/// The caller that waits for a forwarded call. It is dropped when the caller leaves.
struct Asker(Arc<Passage>);

impl Passage {
    /// Begins to send, unless the caller has left.
    fn send(&self) -> bool {
        let send = |state: u8| (state & LEFT == 0).then_some(state | SENT);
        let is_sent = self.state.fetch_update(Ordering::AcqRel, Ordering::Acquire, send).is_ok();
        if is_sent {
            self.sent.get_or_init(Instant::now);
        }
        is_sent
    }

    /// The caller leaves.
    fn leave(&self) {
        self.state.fetch_or(LEFT, Ordering::AcqRel);
    }

    fn is_sent(&self) -> bool {
        self.state.load(Ordering::Acquire) & SENT != 0
    }

    /// Whether the caller waited longer for the call to be sent than for its answer.
    fn was_sent_late(&self, asked: Instant) -> bool {
        self.sent.get().is_some_and(|sent| sent.elapsed() < sent.saturating_duration_since(asked))
    }

    fn is_left(&self) -> bool {
        self.state.load(Ordering::Acquire) & LEFT != 0
    }
}

impl Drop for Asker {
    fn drop(&mut self) {
        self.0.leave();
    }
}

impl Shop {
    /// Passes a request through.
    ///
    /// The caller waits for the head of the answer, no longer than the terms say. A call that was sent by then goes on
    /// to its end. `copy` is what is known of a body that comes in parts.
    ///
    /// # Errors
    /// Haravan could not be asked, or did not answer. Every answer of its own is an answer here, a 429 that outlasts
    /// the wait included.
    pub async fn forward(
        self: &Arc<Self>,
        request: ForwardRequest,
        (body, copy): (ForwardBody, BodyCopy),
        terms: &ReadTerms,
    ) -> Result<ForwardedAnswer, ForwardError> {
        let asked = Instant::now();
        let deadline = asked + terms.wait;
        let progress = body.progress();
        let passage = Arc::new(Passage::default());
        let asker = Asker(Arc::clone(&passage));
        let throttled = Arc::new(Mutex::new(None));
        let resource = Resource::of_path(&request.path);
        let write = (!request.method.is_read()).then(|| Write::new(&request.path, copy));
        let call = Call {
            shop: Arc::clone(self),
            request,
            resource: resource.clone(),
            terms: *terms,
            deadline,
            passage: Arc::clone(&passage),
            throttled: Arc::clone(&throttled),
            write: write.clone(),
        };
        // On the runtime that the pooled connections belong to.
        let call = self.devices.tasks.runtime().spawn(call.made(body).instrument(Span::current()));
        let ended = waited(call, deadline, || {
            let last = progress.as_ref().filter(|_| passage.is_sent()).map(Progress::last);
            last.map(|last| last + terms.wait)
        });
        let ended = ended.await;
        drop(asker);
        let governor = self.devices.upstream.governor();
        let rate_limited = || ReadError::RateLimited { retry_after: governor.wait_for(&resource, 1) };
        let no_answer = match ended {
            Some(Ok(Ok(answer))) => return Ok(answer),
            Some(Ok(Err(no_answer))) => Some(no_answer),
            Some(Err(_)) => Some(NoAnswer::Error(CallError::Timeout)),
            None => None,
        };
        let is_over =
            matches!(no_answer, None | Some(NoAnswer::Late | NoAnswer::Error(CallError::Throttled { .. })));
        if let Some(answer) = throttled.lock().take().filter(|_| is_over) {
            return Ok(answer);
        }
        match (no_answer, write) {
            (Some(NoAnswer::Error(error)), Some(write)) if may_be_carried_out(&error) => {
                // The call has seen to it already, unless it panicked.
                note_done(self, &write);
                Err(ForwardError::EndUnknown { is_late: error == CallError::Timeout })
            }
            (None, Some(write)) if passage.is_sent() => {
                // It counts as done, though it goes on.
                note_done(self, &write);
                Err(ForwardError::EndUnknown { is_late: true })
            }
            (None | Some(NoAnswer::Late), _) => {
                // What was not sent, or was at the last moment, waited for the bucket, unless a slow Haravan holds all
                // the places.
                let is_slow = governor.is_full() && !governor.is_rate_limited(&resource);
                let is_late = is_slow || passage.is_sent() && !passage.was_sent_late(asked);
                Err(if is_late { ReadError::Timeout } else { rate_limited() }.into())
            }
            (Some(no_answer), _) => Err(ReadError::of_no_answer(&no_answer, rate_limited).into()),
        }
    }
}

/// Waits for a call until the deadline, which moves on as long as the body does.
async fn waited<T>(
    call: JoinHandle<T>,
    mut deadline: Instant,
    moved: impl Fn() -> Option<Instant>,
) -> Option<Result<T, JoinError>> {
    let mut call = pin!(call);
    loop {
        if let Ok(ended) = timeout_at(deadline, &mut call).await {
            return Some(ended);
        }
        deadline = moved().filter(|later| deadline < *later)?;
    }
}

/// A write is done, or counts as done: nothing is served any more that was read before now of what it changes.
fn note_done(shop: &Shop, write: &Write) {
    for purge in write.purges() {
        shop.invalidate(&purge);
    }
}

/// Lets a write whose answer did not come in time go on to its end.
fn leave_to_end(shop: &Arc<Shop>, write: &Write, sending: Sending) {
    let (later, write) = (Arc::clone(shop), write.clone());
    shop.devices.tasks.spawn("a write without an answer in time", async move {
        // However it ends, it is done then.
        let _ = tokio::time::timeout(LATE_WRITE, sending).await;
        note_done(&later, &write);
    });
}

/// A call as it is made, whether or not its caller stays.
struct Call {
    shop: Arc<Shop>,
    request: ForwardRequest,
    resource: Resource,
    terms: ReadTerms,
    deadline: Instant,
    passage: Arc<Passage>,
    throttled: Arc<Mutex<Option<ForwardedAnswer>>>,
    write: Option<Write>,
}

impl Call {
    async fn made(self, body: ForwardBody) -> Result<ForwardedAnswer, NoAnswer> {
        let Self { shop, request, resource, terms, deadline, passage, throttled, write } = self;
        let errand = Errand { callers: [terms.caller].into_iter().collect(), ..Errand::new(resource) };
        let is_read = request.method.is_read();
        let is_awaited = || !passage.is_left();
        let is_long = matches!(body, ForwardBody::Coming(_));
        let mut body = Some(body);
        let asked = UpstreamRequest {
            errand,
            cause: CallCause::Passthrough,
            template: OTHER,
            page: None,
            deadline: Some(deadline),
            is_awaited: &is_awaited,
            resend: if is_read { Resend::Patient } else { Resend::Never },
            is_long,
        };
        let send = |on: Connection| {
            let body = body.take().unwrap_or(ForwardBody::None);
            let (progress, patience) = (body.progress(), shop.devices.client.patience());
            let may_send = passage.send();
            let sending =
                may_send.then(|| shop.devices.client.forward(&request, body, on, Arc::clone(&throttled)));
            let (shop, write) = (&shop, write.clone());
            async move {
                let Some(mut sending) = sending else {
                    return Reply { call_limit: None, result: Err(CallError::Timeout) };
                };
                let reply = match head_of(&mut sending, progress.as_ref(), patience).await {
                    Waited::Ended(reply) => reply,
                    Waited::Silent => {
                        if let Some(write) = &write {
                            leave_to_end(shop, write, sending);
                        }
                        Reply { call_limit: None, result: Err(CallError::Timeout) }
                    }
                };
                if let Some(write) = write.filter(|_| is_carried_out(&reply)) {
                    // Before the answer is passed on, and before other calls start.
                    note_done(shop, &write);
                }
                reply
            }
        };
        shop.devices.upstream.ask(asked, None, send).await
    }
}

/// Whether a write counts as done: not if Haravan refused it as a whole, or was not reached.
fn is_carried_out(reply: &Reply<ForwardedAnswer>) -> bool {
    match &reply.result {
        Ok(answer) => !matches!(answer.status, 401 | 403),
        Err(error) => may_be_carried_out(error),
    }
}

/// Whether a write that ended so may have been carried out.
fn may_be_carried_out(error: &CallError) -> bool {
    match error {
        CallError::Throttled { .. } => false,
        CallError::Connection { cause } => !cause.is_before_sending(),
        _ => true,
    }
}
