//! `/shops/{org_id}/availability`: what a storefront may promise.

use actix_web::HttpResponse;
use actix_web::web::Payload;

use crate::http::openapi::answers::ViewAnswers;
use crate::http::openapi::parameters::{AskHeaders, ShopPath};
use crate::http::openapi::questions::{AvailabilityQuestion, AvailabilityReply};
use crate::http::problem::Problem;
use crate::http::question::Question;
use crate::http::question::view_answer::answer;
use crate::http::request::parameters::table::{AVAILABILITY, BUFFER, CAP, PICKUP, POOLING, THRESHOLD};
use crate::http::state::Outcome;
use crate::http::state::access::Access;
use crate::view::availability::{AvailabilityParameters, availability};

/// What a storefront may promise
///
/// Tells whether each variant can be sold, and how much of it, from the locations asked for that sell. While cells are
/// missing, `available` is `true` only if the known cells prove it. With `pooling=positive` they do if they hold enough.
/// With `pooling=net`, the default, an oversold location counts against the others, so every cell at a location that
/// sells must be known.
#[utoipa::path(
    get,
    path = "/shops/{org_id}/availability",
    tag = "Views",
    params(ShopPath, AvailabilityQuestion, AskHeaders),
    responses(ViewAnswers<AvailabilityReply>)
)]
pub(crate) async fn get_availability(access: Access) -> Outcome {
    Outcome(promised(&access, None).await)
}

/// What a storefront may promise, for lists too long for a URL
///
/// Like `GET` on this path, with the same names in a JSON body.
#[utoipa::path(
    post,
    path = "/shops/{org_id}/availability",
    tag = "Views",
    params(ShopPath, AskHeaders),
    request_body = AvailabilityQuestion,
    responses(ViewAnswers<AvailabilityReply>)
)]
pub(crate) async fn post_availability(access: Access, payload: Payload) -> Outcome {
    Outcome(promised(&access, Some(payload)).await)
}

async fn promised(access: &Access, payload: Option<Payload>) -> Result<HttpResponse, Problem> {
    let (state, request) = (access.state(), access.request());
    let question = Question::read(access, &AVAILABILITY, payload).await?;
    let asked = &question.parameters;
    let parameters = AvailabilityParameters {
        pooling: asked.get(&POOLING)?.unwrap_or_default(),
        buffer: asked.get(&BUFFER)?.unwrap_or_default(),
        cap: asked.get(&CAP)?,
        threshold: asked.get(&THRESHOLD)?.unwrap_or_else(|| question.shop.low_stock_threshold().clone()),
        pickup: asked.is_on(&PICKUP)?,
    };
    let form = question.form(request)?;
    let wanted = question.wanted(state).await?;
    answer(access, &question, (form, wanted), move |reading, context| {
        availability(&reading, context, parameters.clone())
    })
    .await
}
