//! `/shops/{org_id}/alerts/…`: what needs attention.

use actix_web::HttpResponse;
use actix_web::web::Payload;

use crate::http::openapi::answers::ViewAnswers;
use crate::http::openapi::parameters::{AskHeaders, ShopPath};
use crate::http::openapi::questions::{
    LowStockQuestion, LowStockReply, MismatchQuestion, MismatchReply, NegativeQuestion, NegativeReply,
};
use crate::http::problem::Problem;
use crate::http::question::Question;
use crate::http::question::view_answer::answer;
use crate::http::request::parameters::table::{
    LEVEL, LOW_STOCK, LOW_STOCK_LEVEL, MIN_SHORTAGE, MISMATCH, NEGATIVE, THRESHOLD,
};
use crate::http::state::Outcome;
use crate::http::state::access::Access;
use crate::view::alert::AlertLevel;
use crate::view::low_stock::{LowStockParameters, low_stock};
use crate::view::mismatch::mismatch;
use crate::view::negative::{NegativeParameters, negative};

/// Negative stock, and what could make up for it
///
/// Lists every row whose `qty_available` is below zero; with `level=variant`, every variant whose sum is. The worst comes
/// first. Each has the locations that could send what is short. No unit is promised twice.
#[utoipa::path(
    get,
    path = "/shops/{org_id}/alerts/negative",
    tag = "Views",
    params(ShopPath, NegativeQuestion, AskHeaders),
    responses(ViewAnswers<NegativeReply>)
)]
pub(crate) async fn get_negative_alerts(access: Access) -> Outcome {
    Outcome(negatives(&access, None).await)
}

/// Negative stock, for lists too long for a URL
///
/// Like `GET` on this path, with the same names in a JSON body.
#[utoipa::path(
    post,
    path = "/shops/{org_id}/alerts/negative",
    tag = "Views",
    params(ShopPath, AskHeaders),
    request_body = NegativeQuestion,
    responses(ViewAnswers<NegativeReply>)
)]
pub(crate) async fn post_negative_alerts(access: Access, payload: Payload) -> Outcome {
    Outcome(negatives(&access, Some(payload)).await)
}

/// Low stock, and what could fill it up
///
/// Lists every variant whose sum is from zero to the threshold; with `level=location`, every row whose `qty_available`
/// is. The lowest comes first. With `level=location` each has the locations that could send what lacks to the threshold
/// and keep the threshold themselves. What oversold rows need is not promised.
#[utoipa::path(
    get,
    path = "/shops/{org_id}/alerts/low-stock",
    tag = "Views",
    params(ShopPath, LowStockQuestion, AskHeaders),
    responses(ViewAnswers<LowStockReply>)
)]
pub(crate) async fn get_low_stock_alerts(access: Access) -> Outcome {
    Outcome(low_ones(&access, None).await)
}

/// Low stock, for lists too long for a URL
///
/// Like `GET` on this path, with the same names in a JSON body.
#[utoipa::path(
    post,
    path = "/shops/{org_id}/alerts/low-stock",
    tag = "Views",
    params(ShopPath, AskHeaders),
    request_body = LowStockQuestion,
    responses(ViewAnswers<LowStockReply>)
)]
pub(crate) async fn post_low_stock_alerts(access: Access, payload: Payload) -> Outcome {
    Outcome(low_ones(&access, Some(payload)).await)
}

/// Rows that do not add up
///
/// Lists every row whose `qty_available` is not `qty_onhand - qty_commited`. The largest difference comes first. Haravan
/// does not promise that the two are equal.
#[utoipa::path(
    get,
    path = "/shops/{org_id}/alerts/mismatch",
    tag = "Views",
    params(ShopPath, MismatchQuestion, AskHeaders),
    responses(ViewAnswers<MismatchReply>)
)]
pub(crate) async fn get_mismatch_alerts(access: Access) -> Outcome {
    Outcome(mismatches(&access, None).await)
}

/// Rows that do not add up, for lists too long for a URL
///
/// Like `GET` on this path, with the same names in a JSON body.
#[utoipa::path(
    post,
    path = "/shops/{org_id}/alerts/mismatch",
    tag = "Views",
    params(ShopPath, AskHeaders),
    request_body = MismatchQuestion,
    responses(ViewAnswers<MismatchReply>)
)]
pub(crate) async fn post_mismatch_alerts(access: Access, payload: Payload) -> Outcome {
    Outcome(mismatches(&access, Some(payload)).await)
}

async fn negatives(access: &Access, payload: Option<Payload>) -> Result<HttpResponse, Problem> {
    let (state, request) = (access.state(), access.request());
    let question = Question::read(access, &NEGATIVE, payload).await?;
    let level = question.parameters.get(&LEVEL)?.unwrap_or_default();
    let min_shortage = question.parameters.get(&MIN_SHORTAGE)?;
    let parameters = NegativeParameters { level, min_shortage };
    let form = question.form(request)?;
    let wanted = question.wanted(state).await?;
    answer(access, &question, (form, wanted), move |reading, context| {
        negative(&reading, context, parameters.clone())
    })
    .await
}

async fn low_ones(access: &Access, payload: Option<Payload>) -> Result<HttpResponse, Problem> {
    let (state, request) = (access.state(), access.request());
    let question = Question::read(access, &LOW_STOCK, payload).await?;
    let level = question.parameters.get(&LOW_STOCK_LEVEL)?.unwrap_or(AlertLevel::Variant);
    let threshold = question.parameters.get(&THRESHOLD)?;
    let threshold = threshold.unwrap_or_else(|| question.shop.low_stock_threshold().clone());
    let parameters = LowStockParameters { level, threshold };
    let form = question.form(request)?;
    let wanted = question.wanted(state).await?;
    answer(access, &question, (form, wanted), move |reading, context| {
        low_stock(&reading, context, parameters.clone())
    })
    .await
}

async fn mismatches(access: &Access, payload: Option<Payload>) -> Result<HttpResponse, Problem> {
    let (state, request) = (access.state(), access.request());
    let question = Question::read(access, &MISMATCH, payload).await?;
    let form = question.form(request)?;
    let wanted = question.wanted(state).await?;
    answer(access, &question, (form, wanted), |reading, context| mismatch(&reading, context)).await
}
