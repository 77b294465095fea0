//! `POST /shops/{org_id}/fulfilment`: which locations could send an order.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};

use crate::http::openapi::answers::ViewAnswers;
use crate::http::openapi::bodies::FulfilmentReply;
use crate::http::openapi::parameters::{AskHeaders, ShopPath};
use crate::http::openapi::questions::FulfilmentQuestion;
use crate::http::problem::Problem;
use crate::http::question::Question;
use crate::http::question::view_answer::answer;
use crate::http::request::parameters::vocabulary::FULFILMENT;
use crate::http::request::parameters::{LineError, ParameterError, Parameters};
use crate::http::state::{Edge, Outcome};
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
pub(crate) async fn post_fulfilment(edge: Data<Edge>, request: HttpRequest, payload: Payload) -> Outcome {
    Outcome(planned(&edge, &request, payload).await)
}

async fn planned(edge: &Edge, request: &HttpRequest, payload: Payload) -> Result<HttpResponse, Problem> {
    let question = Question::read(edge, &FULFILMENT, request, Some(payload)).await?;
    let demand = question.meant(edge, Parameters::lines).await?;
    let prefer = question.parameters.preferred()?;
    let variants = IdList::from_ids(demand.keys().copied().collect());
    let variants = variants.ok_or(ParameterError::Line(LineError::NoLines))?;
    let parameters = FulfilmentParameters { demand, prefer };
    let form = question.form(request)?;
    let wanted = question.wanted_of(edge, variants).await?;
    answer(edge, request, &question, (form, wanted), move |snapshot, context| {
        fulfilment(&snapshot, context, &parameters)
    })
    .await
}
