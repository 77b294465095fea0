//! How long a request's body may take: a caller that sends it a byte at a time would hold a connection for ever.
//!
//! Only the time that the handler waits for the body counts: a handler that is busy makes no body late. Each byte that came
//! earns time for more, so that a long body over a slow line arrives, and a length that is only claimed earns nothing.

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::web::Bytes;
use futures_util::Stream;
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::body_window::BodyWindow;

/// The bytes that earn a body a second more. Source: ours; a line for telephones carries several times that.
const BYTES_A_SECOND: u64 = 16 << 10;
/// What is left to a body that is under way when the gateway stops.
const AT_STOP: Duration = Duration::from_millis(500);

/// How long bodies may take.
#[derive(Debug, Clone)]
pub struct BodyDeadline {
    timeout: Duration,
    stopping: CancellationToken,
}

/// A body, and whether it is read to its end: for the one that reads it, and the one that answers.
pub type SharedBody = Rc<RefCell<Payload>>;

/// A body that comes in time, or ends in an error that [`is_late`].
pub struct TimedBody {
    body: SharedBody,
    window: BodyWindow,
    deadline: BodyDeadline,
    received: u64,
    /// How long the handler has waited, without the present wait.
    waited: Duration,
    /// When the present wait began.
    since: Option<Instant>,
    /// None until the body is waited for.
    wait: Option<Wait>,
}

/// The wait for more of a body.
struct Wait {
    timer: Pin<Box<Sleep>>,
    stopping: Pin<Box<WaitForCancellationFutureOwned>>,
    /// Whether the gateway stops: the timer's end is the body's.
    is_last: bool,
}

impl BodyDeadline {
    /// Bodies have this long, and a second more for each [`BYTES_A_SECOND`]; less once the gateway stops.
    #[must_use]
    pub fn new(timeout: Duration, stopping: CancellationToken) -> Self {
        Self { timeout, stopping }
    }

    /// A request's body, whose head has just come, and the window of the connection that it comes on.
    #[must_use]
    pub fn timed(&self, body: SharedBody, window: BodyWindow) -> TimedBody {
        window.shut();
        let (deadline, waited) = (self.clone(), Duration::ZERO);
        TimedBody { body, window, deadline, received: 0, waited, since: None, wait: None }
    }
}

/// Whether a body could not be read because it did not come in time.
pub(crate) fn is_late(error: &PayloadError) -> bool {
    matches!(error, PayloadError::Io(cause) if cause.kind() == io::ErrorKind::TimedOut)
}

impl TimedBody {
    /// Ready once the body is late.
    fn poll_late(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let since = *self.since.get_or_insert_with(Instant::now);
        let earned = Duration::from_secs(self.received / BYTES_A_SECOND);
        // It is never earlier than it was before, so the timer is set again only when it has run out.
        let ends = since + (self.deadline.timeout + earned).saturating_sub(self.waited);
        let wait = self.wait.get_or_insert_with(|| Wait {
            timer: Box::pin(sleep_until(ends)),
            stopping: Box::pin(self.deadline.stopping.clone().cancelled_owned()),
            is_last: false,
        });
        if !wait.is_last && wait.stopping.as_mut().poll(context).is_ready() {
            wait.is_last = true;
            wait.timer.as_mut().reset(ends.min(Instant::now() + AT_STOP));
        }
        while wait.timer.as_mut().poll(context).is_ready() {
            if wait.is_last || ends <= Instant::now() {
                return Poll::Ready(());
            }
            wait.timer.as_mut().reset(ends);
        }
        Poll::Pending
    }
}

impl Stream for TimedBody {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut *this.body.borrow_mut()).poll_next(context);
        match polled {
            Poll::Pending => {
                this.window.open();
                this.poll_late(context).map(|()| Some(Err(PayloadError::Io(io::ErrorKind::TimedOut.into()))))
            }
            Poll::Ready(Some(Ok(bytes))) => {
                if let Some(since) = this.since.take() {
                    this.waited += since.elapsed();
                }
                let more = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                this.received = this.received.saturating_add(more);
                Poll::Ready(Some(Ok(bytes)))
            }
            Poll::Ready(ended) => {
                this.window.lift();
                Poll::Ready(ended)
            }
        }
    }
}

impl Drop for TimedBody {
    fn drop(&mut self) {
        self.window.lift();
    }
}

impl fmt::Debug for TimedBody {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TimedBody").field("received", &self.received).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;
    use std::time::Duration;

    use actix_web::dev::Payload;
    use actix_web::error::PayloadError;
    use actix_web::web::Bytes;
    use futures_util::stream;
    use futures_util::{FutureExt, StreamExt};
    use tokio::sync::mpsc;
    use tokio::time::{Instant, advance};
    use tokio_util::sync::CancellationToken;

    use super::{AT_STOP, BYTES_A_SECOND, BodyDeadline, BodyWindow, TimedBody, is_late};

    const TIMEOUT: Duration = Duration::from_secs(10);
    const MOMENT: Duration = Duration::from_millis(1);

    /// A body that comes as a test sends it.
    struct Sent {
        sender: mpsc::UnboundedSender<Bytes>,
        body: TimedBody,
        stopping: CancellationToken,
    }

    impl Sent {
        fn begin() -> Self {
            let (sender, received) = mpsc::unbounded_channel();
            let chunks = stream::unfold(received, |mut received: mpsc::UnboundedReceiver<Bytes>| async {
                let bytes = received.recv().await?;
                Some((Ok::<_, PayloadError>(bytes), received))
            });
            let payload: Payload = Payload::Stream { payload: Box::pin(chunks) };
            let body = Rc::new(RefCell::new(payload));
            let stopping = CancellationToken::new();
            let body = BodyDeadline::new(TIMEOUT, stopping.clone()).timed(body, BodyWindow::default());
            Self { sender, body, stopping }
        }

        fn send(&self, bytes: usize) {
            self.sender.send(Bytes::from(vec![b' '; bytes])).unwrap();
        }

        /// Whether the body is late now; it takes what has come.
        fn is_late_now(&mut self) -> bool {
            loop {
                match self.body.next().now_or_never() {
                    Some(Some(Ok(_))) => {}
                    Some(Some(Err(error))) => return is_late(&error),
                    Some(None) | None => return false,
                }
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stops_coming_is_late() {
        let mut sent = Sent::begin();
        assert!(!sent.is_late_now());
        advance(TIMEOUT - MOMENT).await;
        sent.send(1);
        assert!(!sent.is_late_now(), "a byte just before the end earns no second");
        advance(MOMENT * 2).await;
        assert!(sent.is_late_now());
    }

    #[tokio::test(start_paused = true)]
    async fn a_busy_handler_makes_no_body_late() {
        let mut sent = Sent::begin();
        for _ in 0..2 {
            sent.send(1);
            assert!(matches!(sent.body.next().now_or_never(), Some(Some(Ok(_)))));
            advance(TIMEOUT * 2).await;
            assert!(!sent.is_late_now(), "the handler did not wait until now");
            advance(TIMEOUT / 2).await;
        }
        advance(MOMENT).await;
        assert!(sent.is_late_now(), "both waits together are too long");
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_body_has_the_longer_the_more_of_it_came() {
        let mut sent = Sent::begin();
        for _ in 0..30 {
            sent.send(usize::try_from(BYTES_A_SECOND).unwrap());
            assert!(!sent.is_late_now());
            advance(Duration::from_secs(1)).await;
        }
        assert!(!sent.is_late_now());
        advance(TIMEOUT).await;
        assert!(sent.is_late_now());
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_has_little_time_left_when_the_gateway_stops() {
        let mut sent = Sent::begin();
        assert!(!sent.is_late_now());
        sent.stopping.cancel();
        assert!(!sent.is_late_now());
        advance(AT_STOP + MOMENT).await;
        assert!(sent.is_late_now());
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_is_whole_is_never_late() {
        let started = Instant::now();
        let Sent { sender, mut body, stopping: _ } = Sent::begin();
        sender.send(Bytes::from_static(b"{}")).unwrap();
        drop(sender);
        advance(TIMEOUT * 2).await;
        assert_eq!(body.next().await.unwrap().unwrap(), "{}");
        assert!(body.next().await.is_none());
        assert_eq!(started.elapsed(), TIMEOUT * 2);
    }
}
