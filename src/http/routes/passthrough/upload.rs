//! The body of a request that is passed through: a short one is read first, a long one goes on as it comes.

use std::future::Future;
use std::pin::pin;

use actix_web::HttpRequest;
use actix_web::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use actix_web::web::{Bytes, BytesMut, Payload};
use futures_util::StreamExt;

use crate::haravan::{ForwardedAnswer, Uploader};
use crate::http::problem::Problem;
use crate::http::request::parameters::body::unread;
use crate::stock::shop::{BodyCopy, ForwardError};

/// The longest body that is read before Haravan is called: such a call takes no longer than Haravan does, and nothing is
/// asked if the body breaks off. Source: ours; 200 lines of stock are 20 KB.
const SHORT: usize = 64 << 10;

/// A request's body.
pub(super) enum Incoming {
    /// The request has no body.
    None,
    /// It is here.
    Whole(Bytes),
    /// It comes.
    Coming(Parts),
}

/// A body that comes.
pub(super) struct Parts {
    /// What has come already.
    first: BytesMut,
    rest: Payload,
    length: Option<u64>,
    max: u64,
}

impl Incoming {
    /// Reads a body if it is short.
    ///
    /// # Errors
    /// It is longer than `max` bytes, breaks off, or comes too slowly.
    pub(super) async fn of(
        request: &HttpRequest,
        payload: Option<Payload>,
        max: u64,
    ) -> Result<Self, Problem> {
        let headers = request.headers();
        let has_body = headers.contains_key(CONTENT_LENGTH) || headers.contains_key(TRANSFER_ENCODING);
        let Some(rest) = payload.filter(|_| has_body) else { return Ok(Self::None) };
        let length: Option<u64> =
            headers.get(CONTENT_LENGTH).and_then(|text| text.to_str().ok()?.parse().ok());
        if length.is_some_and(|length| max < length) {
            return Err(too_large(max));
        }
        let mut parts = Parts { first: BytesMut::new(), rest, length, max };
        let is_short =
            length.is_none_or(|length| usize::try_from(length).is_ok_and(|length| length <= SHORT));
        while is_short && parts.first.len() <= SHORT {
            match parts.rest.next().await {
                Some(part) => parts.first.extend_from_slice(&part.map_err(|error| unread(Some(&error)))?),
                None => return Ok(Self::Whole(parts.first.freeze())),
            }
            if max < len(&parts.first) {
                return Err(too_large(max));
            }
        }
        Ok(Self::Coming(parts))
    }
}

impl Parts {
    /// The length of the whole, if the head says it.
    pub(super) fn length(&self) -> Option<u64> {
        self.length
    }

    /// Hands the body over as it comes.
    async fn pump(mut self, uploader: Uploader, copy: BodyCopy) -> Result<(), Problem> {
        let mut sent = 0_u64;
        let mut next = Some(Ok(self.first.split().freeze()));
        while let Some(part) = next {
            let part = part.map_err(|error| unread(Some(&error)))?;
            sent = sent.saturating_add(len(&part));
            if self.max < sent {
                return Err(too_large(self.max));
            }
            copy.add(&part);
            let is_taken = part.is_empty() || uploader.send(part).await;
            if !is_taken || !uploader.has_room().await {
                // Haravan takes no more: its answer says why.
                return Ok(());
            }
            next = self.rest.next().await;
        }
        copy.end();
        uploader.end().await;
        Ok(())
    }
}

/// The answer to a call whose body is handed over meanwhile.
pub(super) async fn pumped(
    forwarded: impl Future<Output = Result<ForwardedAnswer, ForwardError>>,
    parts: Parts,
    uploader: Uploader,
    copy: BodyCopy,
) -> Result<ForwardedAnswer, Problem> {
    let (mut forwarded, mut pump) = (pin!(forwarded), pin!(parts.pump(uploader, copy)));
    tokio::select! {
        biased;
        answer = &mut forwarded => return Ok(answer?),
        pumped = &mut pump => pumped?,
    }
    Ok(forwarded.await?)
}

fn len(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

fn too_large(max: u64) -> Problem {
    Problem::BodyTooLarge { max, setting: "passthrough.max_body" }
}
