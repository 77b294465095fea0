//! `/shops/{org_id}/stock`: stock by variant, product or location.

use actix_web::HttpResponse;
use actix_web::web::Payload;

use crate::domain::id::VariantId;
use crate::http::openapi::answers::ViewAnswers;
use crate::http::openapi::parameters::{AskHeaders, ShopPath, VariantPath};
use crate::http::openapi::questions::{StockQuestion, StockReply, VariantStockQuestion, VariantStockReply};
use crate::http::problem::Problem;
use crate::http::question::view_answer::{answer, is_many};
use crate::http::question::{Question, Wanted};
use crate::http::request::parameters::table::{BREAKDOWN, GROUP_BY, STOCK, VARIANT_STOCK};
use crate::http::state::Outcome;
use crate::http::state::access::Access;
use crate::query::IdList;
use crate::view::envelope::Context;
use crate::view::stock::stream::StockStream;
use crate::view::stock::{GroupBy, StockParameters, stock, variant_stock};

/// Stock by variant, product or location
///
/// Sums the quantities of the cells asked for, by `group_by`. Each `qty_*` is the sum over all locations asked for, as
/// Haravan's own product page shows it: a negative quantity counts against the others. `sellable` is the sum of what can
/// be sold.
#[utoipa::path(
    get,
    path = "/shops/{org_id}/stock",
    tag = "Views",
    params(ShopPath, StockQuestion, AskHeaders),
    responses(ViewAnswers<StockReply>)
)]
pub(crate) async fn get_stock(access: Access) -> Outcome {
    Outcome(grouped(&access, None).await)
}

/// Stock by variant, product or location, for lists too long for a URL
///
/// Like `GET` on this path, with the same names in a JSON body.
#[utoipa::path(
    post,
    path = "/shops/{org_id}/stock",
    tag = "Views",
    params(ShopPath, AskHeaders),
    request_body = StockQuestion,
    responses(ViewAnswers<StockReply>)
)]
pub(crate) async fn post_stock(access: Access, payload: Payload) -> Outcome {
    Outcome(grouped(&access, Some(payload)).await)
}

/// Stock of one variant, with its rows
///
/// The variant's item as in `/shops/{org_id}/stock`. The rows that it sums are in `locations`.
#[utoipa::path(
    get,
    path = "/shops/{org_id}/stock/{variant_id}",
    tag = "Views",
    params(ShopPath, VariantPath, VariantStockQuestion, AskHeaders),
    responses(ViewAnswers<VariantStockReply>)
)]
pub(crate) async fn get_variant_stock(access: Access) -> Outcome {
    Outcome(single(&access, None).await)
}

/// Stock of one variant, for lists too long for a URL
///
/// Like `GET` on this path, with the same names in a JSON body.
#[utoipa::path(
    post,
    path = "/shops/{org_id}/stock/{variant_id}",
    tag = "Views",
    params(ShopPath, VariantPath, AskHeaders),
    request_body = VariantStockQuestion,
    responses(ViewAnswers<VariantStockReply>)
)]
pub(crate) async fn post_variant_stock(access: Access, payload: Payload) -> Outcome {
    Outcome(single(&access, Some(payload)).await)
}

async fn grouped(access: &Access, payload: Option<Payload>) -> Result<HttpResponse, Problem> {
    let (state, request) = (access.state(), access.request());
    let question = Question::read(access, &STOCK, payload).await?;
    let group_by = question.parameters.get(&GROUP_BY)?.unwrap_or_default();
    let breakdown = question.parameters.is_on(&BREAKDOWN)?;
    let parameters = StockParameters { group_by, breakdown };
    let form = question.form(request)?;
    let wanted = question.wanted(state).await?;
    let has_many_variants = matches!(&wanted, Wanted::Answer(grid) if is_many(grid.variants.len()));
    if group_by == GroupBy::Variant && has_many_variants {
        let view = move |reading, context: Context<'_>| StockStream::new(reading, context, breakdown);
        return answer(access, &question, (form, wanted), view).await;
    }
    answer(access, &question, (form, wanted), move |reading, context| stock(&reading, context, parameters))
        .await
}

async fn single(access: &Access, payload: Option<Payload>) -> Result<HttpResponse, Problem> {
    let (state, request) = (access.state(), access.request());
    let question = Question::read(access, &VARIANT_STOCK, payload).await?;
    let list = IdList::parse("variant_id", request.match_info().query("variant_id"))?;
    let variant_id: VariantId = match list.ids() {
        [variant_id] => *variant_id,
        _ => return Err(Problem::NotFound),
    };
    let form = question.form(request)?;
    let wanted = question.wanted_of(state, list).await?;
    answer(access, &question, (form, wanted), move |reading, context| {
        variant_stock(variant_id, &reading, context)
    })
    .await
}
