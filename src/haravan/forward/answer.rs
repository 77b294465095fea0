//! An answer that is passed through: its head, and its body as it comes.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::Body;
use hyper::Response;
use hyper::body::Incoming;
use hyper::header::CONTENT_LENGTH;
use tokio::time::timeout;

use super::PassedHeader;
use crate::haravan::call::CallAnswer;
use crate::haravan::pool::cause_of;

/// The headers that come from Haravan with an answer, in lower case.
const ANSWER_HEADERS: [&str; 9] = [
    "allow",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-type",
    "link",
    "location",
    "retry-after",
    "x-haravan-api-call-limit",
];

/// An answer of Haravan's whose body is still to come.
#[derive(Debug)]
pub struct ForwardedAnswer {
    /// The status.
    pub status: u16,
    /// The headers that go on to the caller, as they came.
    pub headers: Vec<PassedHeader>,
    /// The length that the head says, if it says one.
    pub length: Option<u64>,
    /// The body.
    pub body: AnswerBody,
}

/// The body of an answer, read as fast as its caller takes it.
pub struct AnswerBody {
    /// Where the rest comes from; `None` once all has come.
    coming: Option<Incoming>,
    /// What has come and was not taken yet.
    here: Bytes,
    /// The most bytes that may still come.
    left: u64,
    /// The longest silence.
    patience: Duration,
}

/// The most bytes that are read of an answer that may be given up for another. Source: ours; a 429 has a sentence.
const SHORT: usize = 64 << 10;

/// The most bytes that are handed on at once: what sends them copies them. Source: ours.
const PART: usize = 16 << 10;

/// Why a body broke off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BrokenOff {
    /// Nothing came for too long.
    #[error("nothing came for too long")]
    Silent,
    /// It is longer than allowed.
    #[error("it is longer than passthrough.max_body")]
    TooLong,
    /// The connection broke.
    #[error("the connection broke")]
    Connection,
}

impl ForwardedAnswer {
    pub(super) fn of(response: Response<Incoming>, max_body: u64, patience: Duration) -> Self {
        let (head, body) = response.into_parts();
        let all = ANSWER_HEADERS.iter().flat_map(|name| {
            head.headers.get_all(*name).iter().map(|value| (*name, value.as_bytes().to_vec()))
        });
        let length = head.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        Self {
            status: head.status.as_u16(),
            headers: all.collect(),
            length,
            body: AnswerBody { coming: Some(body), here: Bytes::new(), left: max_body, patience },
        }
    }

    /// The same with its body read, if that is short. What is longer, or breaks off, is left out.
    pub(super) async fn read(mut self) -> Self {
        let mut whole = BytesMut::new();
        while let Ok(Some(part)) = self.body.next().await {
            whole.extend_from_slice(&part);
            if SHORT < whole.len() {
                whole.clear();
                break;
            }
        }
        self.length = u64::try_from(whole.len()).ok();
        (self.body.coming, self.body.here) = (None, whole.freeze());
        self
    }

    /// Whether it says that its body is longer than allowed.
    #[must_use]
    pub fn is_too_long(&self) -> bool {
        self.length.is_some_and(|length| self.body.left < length)
    }
}

impl AnswerBody {
    /// The next part; `None` at the end.
    ///
    /// # Errors
    /// The body broke off.
    pub async fn next(&mut self) -> Result<Option<Bytes>, BrokenOff> {
        // What is no data says nothing that is passed on.
        while self.here.is_empty() {
            let Some(coming) = &mut self.coming else { return Ok(None) };
            let frame = poll_fn(|context| Pin::new(&mut *coming).poll_frame(context));
            let frame = timeout(self.patience, frame).await.map_err(|_| BrokenOff::Silent)?;
            let Some(frame) = frame else {
                self.coming = None;
                return Ok(None);
            };
            let frame = frame.map_err(|error| {
                let error = cause_of(&error).as_str();
                tracing::debug!(error, "an answer that is passed through broke off");
                BrokenOff::Connection
            })?;
            let part = frame.into_data().unwrap_or_default();
            let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
            self.left = self.left.checked_sub(length).ok_or(BrokenOff::TooLong)?;
            self.here = part;
        }
        Ok(Some(self.here.split_to(PART.min(self.here.len()))))
    }
}

impl CallAnswer for ForwardedAnswer {
    fn status(&self) -> u16 {
        self.status
    }

    fn rows(&self) -> Option<usize> {
        None
    }
}

impl fmt::Debug for AnswerBody {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("AnswerBody").field("left", &self.left).finish_non_exhaustive()
    }
}
