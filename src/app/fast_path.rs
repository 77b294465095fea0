//! The way of a hit: a service in front of the application, which gives what is ready before a route is looked for.
//!
//! What is no hit goes on to the application, with a deadline on its body if it has one.

use std::fmt;
use std::future::{Ready, ready};
use std::marker::PhantomData;
use std::mem;
use std::rc::Rc;

use actix_http::{HttpMessage, Request, Response};
use actix_service::{Service, Transform, forward_ready};
use actix_web::body::{EitherBody, MessageBody};
use actix_web::web::Bytes;
use futures_util::TryFutureExt;
use futures_util::future::{Either, LocalBoxFuture, MapOk};
use tokio::time::Instant;

use super::request_body::{Answered, timed};
use super::request_trace::{Decided, Sampling};
use super::traffic::WorkerTraffic;
use crate::http::connection::body_deadline::BodyDeadline;
use crate::http::fast_path::{FastPath, Hit};
use crate::http::request::ask::Ask;
use crate::http::request::paths::{self, AskedTarget};

/// What is put in front of a worker's application.
pub(super) struct Shortcut<B> {
    hits: FastPath,
    deadline: BodyDeadline,
    sampling: Sampling,
    worker: Rc<WorkerTraffic>,
    body: PhantomData<fn() -> B>,
}

/// An application with the shortcut in front of it.
#[derive(Debug)]
pub(super) struct Shortened<S, B> {
    app: S,
    hits: FastPath,
    deadline: BodyDeadline,
    sampling: Sampling,
    worker: Rc<WorkerTraffic>,
    body: PhantomData<fn() -> B>,
}

/// An answer by the shortcut, or by the application: to a request without a body, or to one with a body.
type Answer<B> = Response<EitherBody<Bytes, EitherBody<B, Answered<B>>>>;

/// An answer of the application on its way.
type Way<F, R, B, E> = Either<MapOk<F, fn(R) -> Answer<B>>, LocalBoxFuture<'static, Result<Answer<B>, E>>>;

impl<B> Shortcut<B> {
    /// The shortcut to these hits, for what this worker counts; bodies have this deadline.
    pub(super) fn new(
        hits: FastPath,
        deadline: BodyDeadline,
        sampling: Sampling,
        worker: Rc<WorkerTraffic>,
    ) -> Self {
        Self { hits, deadline, sampling, worker, body: PhantomData }
    }
}

impl<S, B> Transform<S, Request> for Shortcut<B>
where
    S: Service<Request>,
    S::Future: 'static,
    S::Response: Into<Response<B>>,
    B: MessageBody + 'static,
{
    type Response = Answer<B>;
    type Error = S::Error;
    type Transform = Shortened<S, B>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, app: S) -> Self::Future {
        let (hits, worker) = (self.hits.clone(), Rc::clone(&self.worker));
        let deadline = self.deadline.clone();
        ready(Ok(Shortened { app, hits, deadline, sampling: self.sampling, worker, body: PhantomData }))
    }
}

impl<S, B> Service<Request> for Shortened<S, B>
where
    S: Service<Request>,
    S::Future: 'static,
    S::Response: Into<Response<B>>,
    B: MessageBody + 'static,
{
    type Response = Answer<B>;
    type Error = S::Error;
    type Future = Either<Ready<Result<Answer<B>, S::Error>>, Way<S::Future, S::Response, B, S::Error>>;

    forward_ready!(app);

    fn call(&self, mut request: Request) -> Self::Future {
        if let Some(target) = paths::usual(&request.head().uri) {
            let asked = AskedTarget(mem::replace(&mut request.head_mut().uri, target));
            request.extensions_mut().insert(asked);
        }
        // What is traced goes the ordinary way, where the spans are; decided once, and for that way too.
        let decided = self.sampling.decide(request.headers());
        let is_traced = decided.is_some_and(Decided::is_traced);
        let hit = if is_traced { Err(Ask::default()) } else { self.hit(&request) };
        if let Some(decided) = decided {
            request.extensions_mut().insert(decided);
        }
        match hit {
            Ok(response) => return Either::Left(ready(Ok(response))),
            Err(Ask { caller: None, .. }) => {}
            Err(ask) => {
                request.extensions_mut().insert(ask);
            }
        }
        let body = timed(&mut request, &self.deadline);
        let answer = self.app.call(request);
        Either::Right(match body {
            None => Either::Left(answer.map_ok(by_the_app)),
            Some(body) => {
                let held = |answer| EitherBody::right(Answered::new(answer, body));
                let answer = answer
                    .map_ok(|response| response.into().map_body(|_, answer| EitherBody::right(held(answer))));
                Either::Right(Box::pin(answer))
            }
        })
    }
}

impl<S, B> Shortened<S, B> {
    fn hit(&self, request: &Request) -> Result<Answer<B>, Ask> {
        if self.worker.is_draining() {
            return Err(Ask::default());
        }
        let started = Instant::now();
        let Hit { response, source, caller } = self.hits.answer(request.head(), started)?;
        let response = Response::from(response).map_body(|_, body| EitherBody::left(body));
        let told = (response.status(), started.elapsed());
        let headers = (request.headers(), response.headers());
        self.worker.count_hit(source.route(), told, caller.name(), headers);
        Ok(response)
    }
}

impl<B> fmt::Debug for Shortcut<B> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Shortcut").field("hits", &self.hits).finish_non_exhaustive()
    }
}

fn by_the_app<R: Into<Response<B>>, B: MessageBody>(response: R) -> Answer<B> {
    response.into().map_body(|_, body| EitherBody::right(EitherBody::left(body)))
}
