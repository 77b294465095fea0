//! A request's body on its way to a handler: timed while it is read, and kept until the answer is sent.

use std::cell::RefCell;
use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_http::{Payload, Request};
use actix_web::body::{BodySize, MessageBody};
use actix_web::web::Bytes;

use crate::http::connection::body_deadline::{BodyDeadline, SharedBody};
use crate::http::connection::body_window::BodyWindow;

/// An answer to a request that has a body.
///
/// actix goes on to read the rest of a body in chunks after it was dropped, without a deadline. A connection whose
/// body is held, but not read to its end, is closed after the answer, as one with a body of a known length is.
pub(super) struct Answered<B> {
    answer: Pin<Box<B>>,
    _body: SharedBody,
}

impl<B> Answered<B> {
    pub(super) fn new(answer: B, body: SharedBody) -> Self {
        Self { answer: Box::pin(answer), _body: body }
    }
}

/// Puts a deadline on a request's body; `None` if it has none.
pub(super) fn timed(request: &mut Request, deadline: &BodyDeadline) -> Option<SharedBody> {
    let body = match request.payload() {
        Payload::None => return None,
        body => Rc::new(RefCell::new(body.take())),
    };
    let window = request.conn_data::<BodyWindow>().cloned().unwrap_or_default();
    let timed = deadline.timed(Rc::clone(&body), window);
    *request.payload() = Payload::Stream { payload: Box::pin(timed) };
    Some(body)
}

impl<B: MessageBody> MessageBody for Answered<B> {
    type Error = B::Error;

    fn size(&self) -> BodySize {
        self.answer.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        self.answer.as_mut().poll_next(context)
    }
}

impl<B> fmt::Debug for Answered<B> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Answered").finish_non_exhaustive()
    }
}
