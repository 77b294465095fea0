//! `/shops/{org_id}/availability`: what a storefront may promise.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};

use crate::http::openapi::answers::ViewAnswers;
use crate::http::openapi::bodies::AvailabilityReply;
use crate::http::openapi::parameters::{
    AskHeaders, AskQuery, AvailabilityQuery, FormatQuery, GridQuery, ShopPath,
};
use crate::http::openapi::questions::AvailabilityQuestion;
use crate::http::problem::Problem;
use crate::http::question::Question;
use crate::http::question::view_answer::answer;
use crate::http::request::parameters::vocabulary::AVAILABILITY;
use crate::http::state::{Edge, Outcome};
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
    params(ShopPath, GridQuery, AvailabilityQuery, AskQuery, FormatQuery, AskHeaders),
    responses(ViewAnswers<AvailabilityReply>)
)]
pub(crate) async fn get_availability(edge: Data<Edge>, request: HttpRequest) -> Outcome {
    Outcome(promised(&edge, &request, None).await)
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
pub(crate) async fn post_availability(edge: Data<Edge>, request: HttpRequest, payload: Payload) -> Outcome {
    Outcome(promised(&edge, &request, Some(payload)).await)
}

async fn promised(
    edge: &Edge,
    request: &HttpRequest,
    payload: Option<Payload>,
) -> Result<HttpResponse, Problem> {
    let question = Question::read(edge, &AVAILABILITY, request, payload).await?;
    let asked = &question.parameters;
    let parameters = AvailabilityParameters {
        pooling: asked.pooling()?,
        buffer: asked.quantity("buffer")?.unwrap_or_default(),
        cap: asked.quantity("cap")?,
        threshold: asked
            .quantity("threshold")?
            .unwrap_or_else(|| question.shop.low_stock_threshold().clone()),
        pickup: asked.flag("pickup")?,
    };
    let form = question.form(request)?;
    let wanted = question.wanted(edge).await?;
    answer(edge, request, &question, (form, wanted), move |snapshot, context| {
        availability(&snapshot, context, parameters.clone())
    })
    .await
}
