//! Pass-through: a few paths of Haravan's, forwarded as they are asked and answered.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};

use crate::http::access::keys;

use crate::http::openapi::answers::ForwardedAnswers;
use crate::http::openapi::parameters::{ForwardedPath, ShopPath, WaitHeaders};
use crate::http::problem::Problem;
use crate::http::request::cache_control;
use crate::http::response::headers::CACHE_STATUS;
use crate::http::state::Outcome;
use crate::http::state::access::Access;
use crate::stock::ReadTerms;

/// Another resource of Haravan's, forwarded
///
/// For the paths in `passthrough.allow` and keys with the scope `haravan`: asked of Haravan with the query string
/// as it is, uncached, but through the shop's rate governor. Status, content type and body come as Haravan sends
/// them.
#[utoipa::path(
    get,
    path = "/shops/{org_id}/com/{path}",
    tag = "Haravan-compatible",
    params(ShopPath, ForwardedPath, WaitHeaders),
    responses(ForwardedAnswers)
)]
pub(crate) async fn get_forwarded(access: Access) -> Outcome {
    Outcome(forward(&access).await)
}

/// Another resource of Haravan's, of the key's own shop
///
/// As `/shops/{org_id}/com/{path}`, for keys that are bound to exactly one shop.
#[utoipa::path(
    get,
    path = "/com/{path}",
    tag = "Haravan-compatible",
    params(ForwardedPath, WaitHeaders),
    responses(ForwardedAnswers)
)]
pub(crate) async fn get_own_forwarded(access: Access) -> Outcome {
    Outcome(forward(&access).await)
}

async fn forward(access: &Access) -> Result<HttpResponse, Problem> {
    let (state, request) = (access.state(), access.request());
    let path = request.match_info().query("path");
    if !state.passthrough.iter().any(|allowed| allowed == path) {
        access.admit()?;
        return Err(Problem::NotFound);
    }
    let shop = access.shop()?;
    let wait = cache_control::wait(request.headers()).unwrap_or(state.limits.default_wait);
    let wait = wait.min(state.limits.max_wait);
    let terms = ReadTerms { caller: keys::caller_of(request), wait, ..ReadTerms::default() };
    let forwarded = shop.forward(path, request.query_string(), &terms).await?;
    let status = StatusCode::from_u16(forwarded.status).map_err(|_| Problem::Internal)?;
    let mut response = HttpResponse::build(status);
    response.insert_header((CACHE_CONTROL, "private, no-store"));
    response.insert_header((CACHE_STATUS, "tonkho; fwd=bypass"));
    if let Some(content_type) = forwarded.content_type.and_then(|text| HeaderValue::try_from(text).ok()) {
        response.insert_header((CONTENT_TYPE, content_type));
    }
    Ok(response.body(forwarded.body))
}
