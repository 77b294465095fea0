//! Pass-through: every other path of Haravan's, asked and answered as it is.

mod answer;
mod target;
mod upload;

use std::sync::Arc;

use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};

use self::answer::passed_on;
use self::target::Target;
use self::upload::{Incoming, pumped};
use crate::haravan::{ForwardBody, ForwardMethod, ForwardRequest, PassedHeader, REQUEST_HEADERS, upload};
use crate::http::access::keys;
use crate::http::openapi::answers::{DeletionAnswers, ForwardedAnswers, WriteAnswers};
use crate::http::openapi::bodies::ForwardedBody;
use crate::http::openapi::parameters::{ForwardedPath, ShopPath, WaitHeaders};
use crate::http::problem::Problem;
use crate::http::request::cache_control;
use crate::http::state::access::Access;
use crate::http::state::{Outcome, Passthrough};
use crate::stock::ReadTerms;
use crate::stock::shop::BodyCopy;

/// Declares the handlers of a method, with their documentation.
macro_rules! passed {
    (
        $method:ident $forward:ident, $of_shop:ident, $of_own:ident $(, $payload:ident)?;
        $(#[doc = $title:literal])+
        => $($body:tt)*
    ) => {
        $(#[doc = $title])+
        ///
        /// Path, query string and body go on byte for byte, uncached, through the shop's rate governor. Status, body and
        /// the headers about it come as Haravan sends them.
        #[utoipa::path(
            $method,
            path = "/shops/{org_id}/com/{path}",
            tag = "Haravan-compatible",
            params(ShopPath, ForwardedPath, WaitHeaders),
            $($body)*
        )]
        pub(crate) async fn $of_shop(access: Access $(, $payload: Payload)?) -> Outcome {
            let body = passed!(@body $($payload)?);
            Outcome(pass(&access, ForwardMethod::$forward, body).await)
        }

        $(#[doc = $title])+
        ///
        /// As `/shops/{org_id}/com/{path}`, for the shop that the host means, or else the one that the key is bound to.
        #[utoipa::path(
            $method,
            path = "/com/{path}",
            tag = "Haravan-compatible",
            params(ForwardedPath, WaitHeaders),
            $($body)*
        )]
        pub(crate) async fn $of_own(access: Access $(, $payload: Payload)?) -> Outcome {
            let body = passed!(@body $($payload)?);
            Outcome(pass(&access, ForwardMethod::$forward, body).await)
        }
    };
    (@body) => { None };
    (@body $payload:ident) => { Some($payload) };
}

passed! {
    get Get, get_forwarded, get_own_forwarded;
    /// Another resource of Haravan's, read
    => responses(ForwardedAnswers)
}
passed! {
    post Post, post_forwarded, post_own_forwarded, payload;
    /// A write to Haravan
    => request_body = ForwardedBody, responses(WriteAnswers)
}
passed! {
    put Put, put_forwarded, put_own_forwarded, payload;
    /// A change at Haravan
    => request_body = ForwardedBody, responses(WriteAnswers)
}
passed! {
    delete Delete, delete_forwarded, delete_own_forwarded, payload;
    /// A deletion at Haravan
    => responses(DeletionAnswers)
}

/// `HEAD` goes to Haravan as `HEAD`.
pub(crate) async fn head_forwarded(access: Access) -> Outcome {
    Outcome(pass(&access, ForwardMethod::Head, None).await)
}

async fn pass(
    access: &Access,
    method: ForwardMethod,
    payload: Option<Payload>,
) -> Result<HttpResponse, Problem> {
    let (state, request) = (access.state(), access.request());
    let shop = access.shop()?;
    let Target { path, query } = Target::of(request.uri())?;
    check_allowed(&state.passthrough, method, &path)?;
    let wait = cache_control::wait(request.headers()).unwrap_or(state.limits.default_wait);
    let wait = wait.min(state.limits.max_wait);
    let terms = ReadTerms { caller: keys::caller_of(request), wait, ..ReadTerms::default() };
    let max_body = state.passthrough.max_body;
    let asked = ForwardRequest { method, path, query, headers: passed_headers(request), max_body };
    let answer = match Incoming::of(request, payload, max_body).await? {
        Incoming::None => shop.forward(asked, (ForwardBody::None, BodyCopy::of(&[])), &terms).await?,
        Incoming::Whole(body) => {
            let copy = BodyCopy::of(&body);
            shop.forward(asked, (ForwardBody::Whole(body), copy), &terms).await?
        }
        Incoming::Coming(parts) => {
            let (uploader, coming) = upload(parts.length());
            let copy = BodyCopy::to_come(&asked.path);
            let forwarded = shop.forward(asked, (ForwardBody::Coming(coming), copy.clone()), &terms);
            pumped(forwarded, parts, uploader, copy).await?
        }
    };
    passed_on(request, answer, method, max_body)
}

/// Whether a pattern allows this path.
fn check_allowed(passthrough: &Passthrough, method: ForwardMethod, path: &str) -> Result<(), Problem> {
    let (patterns, setting) = if method.is_read() {
        (&passthrough.allow, "passthrough.allow")
    } else {
        (&passthrough.write, "passthrough.write")
    };
    let is_allowed = patterns.iter().any(|pattern| pattern.matches(path));
    if is_allowed { Ok(()) } else { Err(Problem::NotPassedThrough { setting }) }
}

/// The headers of a request that go on to Haravan.
fn passed_headers(request: &HttpRequest) -> Arc<[PassedHeader]> {
    let all = REQUEST_HEADERS
        .into_iter()
        .flat_map(|name| request.headers().get_all(name).map(move |value| (name, value.as_bytes().to_vec())));
    all.collect()
}
