//! The last answer of a connection whose request cannot be read: the problem, and time to read it.
//!
//! The caller may still be sending. A connection that is closed on unread bytes is reset, and the reset overtakes
//! the answer; so after the answer only our half is closed, and what still comes is read and thrown away, for a
//! while (RFC 9112, section 9.6).

use std::fmt::Write;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use super::head_error::HeadError;
use super::request_id::RequestId;
use crate::http::problem::{PROBLEM_JSON, Problem};

/// How long it takes at most.
const LINGER: Duration = Duration::from_secs(5);
/// How many bytes are thrown away at most: several times the bodies that are taken by default.
const LINGER_BYTES: usize = 16 << 20;
/// How many of them at once.
const LINGER_CHUNK: usize = 8 << 10;

/// The last answer of a connection, under way.
#[derive(Debug)]
pub(crate) struct LingeringClose {
    answer: Vec<u8>,
    /// Bytes of the answer that are written.
    written: usize,
    stage: Stage,
    /// Bytes thrown away.
    discarded: usize,
    deadline: Pin<Box<Sleep>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Writing,
    Closing,
    Lingering,
    Over,
}

impl LingeringClose {
    /// The problem of such a head, with this `Date` line.
    pub(crate) fn new(error: HeadError, date: &[u8]) -> Self {
        Self {
            answer: answer(error, date),
            written: 0,
            stage: Stage::Writing,
            discarded: 0,
            deadline: Box::pin(sleep(LINGER)),
        }
    }

    /// Ready once everything is said, and heard or given up.
    pub(crate) fn poll<T: AsyncRead + AsyncWrite>(
        &mut self,
        context: &mut Context<'_>,
        mut io: Pin<&mut T>,
    ) -> Poll<io::Result<()>> {
        if self.stage != Stage::Over && self.deadline.as_mut().poll(context).is_ready() {
            self.stage = Stage::Over;
        }
        loop {
            match self.stage {
                Stage::Writing => match self.answer.get(self.written..).unwrap_or_default() {
                    [] => self.stage = Stage::Closing,
                    rest => match ready!(io.as_mut().poll_write(context, rest))? {
                        0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                        written => self.written = self.written.saturating_add(written),
                    },
                },
                Stage::Closing => {
                    ready!(io.as_mut().poll_shutdown(context))?;
                    self.stage = Stage::Lingering;
                }
                Stage::Lingering => {
                    let mut space = [0; LINGER_CHUNK];
                    let mut buffer = ReadBuf::new(&mut space);
                    let read = ready!(io.as_mut().poll_read(context, &mut buffer));
                    let more = buffer.filled().len();
                    self.discarded = self.discarded.saturating_add(more);
                    // Hung up, broken, or without end.
                    if more == 0 || read.is_err() || LINGER_BYTES <= self.discarded {
                        self.stage = Stage::Over;
                    }
                }
                Stage::Over => return Poll::Ready(Ok(())),
            }
        }
    }
}

/// The whole answer. Its path and its caller's request id are in the head that could not be read.
fn answer(error: HeadError, date: &[u8]) -> Vec<u8> {
    let request_id = RequestId::for_header(None);
    let request_id = request_id.as_str();
    let problem = Problem::Head(error);
    let status = problem.kind().status;
    tracing::info!(status = status.as_u16(), request_id, %error, "answered a request that cannot be read");
    let body = serde_json::to_vec(&problem.body_without_path(request_id)).unwrap_or_default();
    let mut head = String::new();
    // Writing to a string does not fail.
    let _written = write!(
        head,
        "HTTP/1.1 {status}\r\n\
         content-type: {PROBLEM_JSON}\r\n\
         content-length: {}\r\n\
         cache-control: no-store\r\n\
         x-request-id: {request_id}\r\n\
         connection: close\r\n",
        body.len()
    );
    [head.as_bytes(), date, b"\r\n\r\n", &body].concat()
}
