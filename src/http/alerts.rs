//! `/shops/{org_id}/alerts/…`: what needs attention.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::accept::Form;
use super::edge::{Edge, Outcome};
use super::openapi::answers::ViewAnswers;
use super::openapi::bodies::{NegativeQuestion, NegativeReply};
use super::openapi::parameters::{AskHeaders, AskQuery, GridQuery, NegativeQuery, ShopPath};
use super::problem::Problem;
use super::question::Question;
use super::view_answer::answer;
use crate::view::negative::{NegativeParameters, negative};

/// Negative stock, and what could make up for it
///
/// Every row whose `qty_available` is below zero (or, with `level=variant`, every variant whose sum is), the worst
/// first, with the locations that could send what is short. No unit is promised twice.
#[utoipa::path(
    get,
    path = "/shops/{org_id}/alerts/negative",
    tag = "Views",
    params(ShopPath, GridQuery, NegativeQuery, AskQuery, AskHeaders),
    responses(ViewAnswers<NegativeReply>)
)]
pub(crate) async fn get_negative_alerts(edge: Data<Edge>, request: HttpRequest) -> Outcome {
    Outcome(negatives(&edge, &request, None).await)
}

/// Negative stock, for lists too long for a URL
///
/// As `GET` on this path, with the same names in a JSON body.
#[utoipa::path(
    post,
    path = "/shops/{org_id}/alerts/negative",
    tag = "Views",
    params(ShopPath, AskHeaders),
    request_body = NegativeQuestion,
    responses(ViewAnswers<NegativeReply>)
)]
pub(crate) async fn post_negative_alerts(
    edge: Data<Edge>,
    request: HttpRequest,
    payload: Payload,
) -> Outcome {
    Outcome(negatives(&edge, &request, Some(payload)).await)
}

async fn negatives(
    edge: &Edge,
    request: &HttpRequest,
    payload: Option<Payload>,
) -> Result<HttpResponse, Problem> {
    let question = Question::read(edge, request, payload).await?;
    let level = question.parameters.level()?.unwrap_or_default();
    let min_shortage = question.parameters.quantity("min_shortage")?;
    let parameters = NegativeParameters { level, min_shortage };
    let form = Form::of(request.headers())?;
    let wanted = question.wanted(edge).await?;
    answer(edge, request, &question, (form, wanted), move |snapshot, context| {
        negative(snapshot.cells(), context, parameters)
    })
    .await
}
