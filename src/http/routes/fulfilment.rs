//! `POST /shops/{org_id}/fulfilment`: which locations could send an order.

use actix_web::HttpResponse;
use actix_web::web::Payload;

use crate::http::openapi::answers::ViewAnswers;
use crate::http::openapi::parameters::{AskHeaders, ShopPath};
use crate::http::openapi::questions::{FulfilmentQuestion, FulfilmentReply};
use crate::http::problem::Problem;
use crate::http::question::Question;
use crate::http::question::view_answer::answer;
use crate::http::request::parameters::error::LineError;
use crate::http::request::parameters::table::{FULFILMENT, LINES, PREFER};
use crate::http::state::Outcome;
use crate::http::state::access::Access;
use crate::query::IdList;
use crate::view::fulfilment::{FulfilmentParameters, fulfilment};

/// Which locations could send an order
///
/// Tells whether the locations that sell can cover every line, and plans which of them send what. The plan uses as few
/// locations as possible, preferred ones first. A location sends no more than it has available. Nothing is reserved. CSV
/// and NDJSON have a line for each variant that a location would send.
#[utoipa::path(
    post,
    path = "/shops/{org_id}/fulfilment",
    tag = "Views",
    params(ShopPath, AskHeaders),
    request_body = FulfilmentQuestion,
    responses(ViewAnswers<FulfilmentReply>)
)]
pub(crate) async fn post_fulfilment(access: Access, payload: Payload) -> Outcome {
    Outcome(planned(&access, payload).await)
}

async fn planned(access: &Access, payload: Payload) -> Result<HttpResponse, Problem> {
    let (state, request) = (access.state(), access.request());
    let question = Question::read(access, &FULFILMENT, Some(payload)).await?;
    let demand = question.meant(state, |given| given.get(&LINES)).await?.ok_or(LineError::NoLines)?;
    let prefer = question.parameters.get(&PREFER)?.unwrap_or_default();
    let variants = IdList::from_ids(demand.keys().copied().collect());
    let variants = variants.ok_or(LineError::NoLines)?;
    let parameters = FulfilmentParameters { demand, prefer };
    let form = question.form(request)?;
    let wanted = question.wanted_of(state, variants).await?;
    answer(access, &question, (form, wanted), move |reading, context| {
        fulfilment(&reading, context, &parameters)
    })
    .await
}
