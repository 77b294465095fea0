//! `/shops` and `/shops/{org_id}/cache`: for operators.

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;

use crate::cache::Purge;
use crate::http::offload::work::Work;
use crate::http::openapi::answers::{PurgeAnswers, ShopListAnswers};
use crate::http::openapi::parameters::ShopPath;
use crate::http::openapi::questions::PurgeQuestion;
use crate::http::openapi::shop_list::{ShopList, ShopState};
use crate::http::problem::Problem;
use crate::http::request::parameters::Parameters;
use crate::http::request::parameters::table::PURGE;
use crate::http::state::Outcome;
use crate::http::state::access::Access;
use crate::query::IdList;

/// The state of each shop
///
/// Lists the shops that the key may read. Each has its bucket, its queue, the cells held, the hit ratio and the last error
/// at Haravan. The key needs the scope `admin`.
#[utoipa::path(get, path = "/shops", tag = "Operations", responses(ShopListAnswers))]
pub(crate) async fn list_shops(access: Access) -> Outcome {
    Outcome(list(&access))
}

/// Purge a shop's cache
///
/// Nothing that was read from Haravan before this request is served after it. That holds for calls under way, too. Without
/// `variant_ids` it is about all variants, without `location_ids` about all locations. The key needs the scope `admin`.
#[utoipa::path(
    delete,
    path = "/shops/{org_id}/cache",
    tag = "Operations",
    params(ShopPath, PurgeQuestion),
    responses(PurgeAnswers)
)]
pub(crate) async fn delete_cache(access: Access) -> Outcome {
    Outcome(purge(&access).await)
}

fn list(access: &Access) -> Result<HttpResponse, Problem> {
    let state = access.state();
    let caller = access.caller()?;
    let shops = state.shops.all();
    let readable = shops.iter().filter(|(org_id, _)| caller.may_read(**org_id));
    let shops = readable.map(|(_, shop)| ShopState::of(shop.status(), &state.clock)).collect();
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "private, no-store")).json(ShopList { shops }))
}

async fn purge(access: &Access) -> Result<HttpResponse, Problem> {
    let (state, request) = (access.state(), access.request());
    let shop = access.shop()?;
    let parameters = Parameters::from_query(&PURGE, request.query_string())?;
    let variants = parameters.variants()?.map(IdList::into_ids);
    let named = variants.as_deref().map(<[_]>::len);
    let purge = Purge { variants: variants.into(), locations: parameters.locations()?.map(IdList::into_ids) };
    let held = usize::try_from(shop.status().resident_cells).unwrap_or(usize::MAX);
    let expected = Work::to_purge(named, held);
    // Once begun it comes to its end, whether its caller waits for that or not.
    state.offload.work(expected, move || shop.invalidate(&purge)).await?;
    Ok(HttpResponse::NoContent().finish())
}
