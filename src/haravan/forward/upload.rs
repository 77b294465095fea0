//! A body on its way to Haravan in parts: from the one who reads it off the caller's connection to the one who sends it.
//!
//! A body that is not ended was broken off: Haravan must not take a part of it for the whole.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// Parts that wait to be sent. Source: ours; a part is what the edge reads at once, some 32 KiB.
const PARTS: usize = 1;

/// A part of a body, or its end.
#[derive(Debug)]
enum Part {
    Bytes(Bytes),
    End,
}

/// The end of a body that Haravan reads.
#[derive(Debug)]
pub struct Upload {
    parts: mpsc::Receiver<Part>,
    /// How many bytes are still to come, if that is known.
    left: Option<u64>,
    is_ended: bool,
    progress: Progress,
}

/// The end of a body that is filled.
#[derive(Debug)]
pub struct Uploader {
    parts: mpsc::Sender<Part>,
}

/// When a part was sent last.
#[derive(Debug, Clone)]
pub struct Progress(Arc<Mutex<Instant>>);

/// A body of this length, if it is known, and what fills it.
#[must_use]
pub fn upload(length: Option<u64>) -> (Uploader, Upload) {
    let (sender, parts) = mpsc::channel(PARTS);
    let progress = Progress(Arc::new(Mutex::new(Instant::now())));
    (Uploader { parts: sender }, Upload { parts, left: length, is_ended: false, progress })
}

impl Progress {
    /// When a part was sent last, or else when the body began.
    #[must_use]
    pub fn last(&self) -> Instant {
        *self.0.lock()
    }
}

impl Uploader {
    /// Waits until there is room for a part, so that none is read too early. Returns whether one is wanted: not if the
    /// call has ended.
    pub async fn has_room(&self) -> bool {
        self.parts.reserve().await.is_ok()
    }

    /// Hands over a part, once there is room for it. Returns whether more is wanted: not if the call has ended.
    pub async fn send(&self, part: Bytes) -> bool {
        self.parts.send(Part::Bytes(part)).await.is_ok()
    }

    /// Says that the body is whole.
    pub async fn end(self) {
        // Fails if the call has ended, which is as good.
        let _ = self.parts.send(Part::End).await;
    }
}

impl Upload {
    /// When a part was sent last.
    pub(super) fn progress(&self) -> Progress {
        self.progress.clone()
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if self.is_ended {
            return Poll::Ready(None);
        }
        let Poll::Ready(part) = self.parts.poll_recv(context) else { return Poll::Pending };
        *self.progress.0.lock() = Instant::now();
        Poll::Ready(match part {
            Some(Part::Bytes(bytes)) => {
                let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                self.left = self.left.map(|left| left.saturating_sub(length));
                Some(Ok(Frame::data(bytes)))
            }
            Some(Part::End) => {
                self.is_ended = true;
                None
            }
            None => {
                self.is_ended = true;
                Some(Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the caller's body broke off")))
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.is_ended
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
