//! The Haravan-compatible routes: a client of Haravan changes its base URL and its token, and nothing else.

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Payload};

use crate::domain::access::Scope;
use crate::http::offload::work::Work;
use crate::http::openapi::answers::{InventoryAnswers, LocationsAnswers};
use crate::http::openapi::parameters::{AskHeaders, ShopPath};
use crate::http::openapi::questions::{InventoryQuestion, LocationsQuestion};
use crate::http::problem::Problem;
use crate::http::question::{Material, Prepared, Question, Uses, Wanted, made};
use crate::http::request::accept::Form;
use crate::http::request::parameters::table::{INVENTORY, LOCATIONS};
use crate::http::response::coding::Coding;
use crate::http::response::etag::EntityTag;
use crate::http::response::headers::EncodedBody;
use crate::http::response::rows::{inventory_body, locations_body};
use crate::http::state::Outcome;
use crate::http::state::access::{Access, GuardedRoute};
use crate::stock::ReadError;

/// The route for rows.
pub(crate) const INVENTORY_ROUTE: GuardedRoute =
    GuardedRoute::new(Scope::Read, "/shops/{org_id}/com/inventory_locations.json");
/// The same for keys that are bound to one shop; its pattern is the path itself.
pub(crate) const OWN_INVENTORY_ROUTE: GuardedRoute =
    GuardedRoute::new(Scope::Read, "/com/inventory_locations.json");

/// Inventory rows, as Haravan answers them
///
/// Haravan's `GET /com/inventory_locations.json`, for any number of ids. The answer has the rows of the variants asked
/// for at the locations asked for. Each row is exactly as Haravan sent it, with fields that are not documented here. Rows
/// are ordered by id unless `order` says otherwise. All rows come unless `limit` or `page` says otherwise.
///
/// An id that Haravan refuses does not spoil the answer: its cells are named in `missing`, with the reason `refused`.
#[utoipa::path(
    get,
    path = "/shops/{org_id}/com/inventory_locations.json",
    tag = "Haravan-compatible",
    params(ShopPath, InventoryQuestion, AskHeaders),
    responses(InventoryAnswers)
)]
pub(crate) async fn get_inventory_locations(access: Access) -> Outcome {
    Outcome(inventory(&access, None).await)
}

/// Inventory rows, for lists too long for a URL
///
/// Like `GET` on this path, with the same names in a JSON body. A parameter may be in the query string instead, but not
/// in both. A URL has at most 65,534 bytes, which is about 5,900 ids of ten digits.
#[utoipa::path(
    post,
    path = "/shops/{org_id}/com/inventory_locations.json",
    tag = "Haravan-compatible",
    params(ShopPath, AskHeaders),
    request_body = InventoryQuestion,
    responses(InventoryAnswers)
)]
pub(crate) async fn post_inventory_locations(access: Access, payload: Payload) -> Outcome {
    Outcome(inventory(&access, Some(payload)).await)
}

/// Inventory rows of the key's own shop
///
/// Like `/shops/{org_id}/com/inventory_locations.json`, for the shop that the host means, or else the one that the key is
/// bound to. The path is Haravan's own.
#[utoipa::path(
    get,
    path = "/com/inventory_locations.json",
    tag = "Haravan-compatible",
    params(InventoryQuestion, AskHeaders),
    responses(InventoryAnswers)
)]
pub(crate) async fn get_own_inventory_locations(access: Access) -> Outcome {
    Outcome(inventory(&access, None).await)
}

/// Inventory rows of the key's own shop, for lists too long for a URL
///
/// Like `POST /shops/{org_id}/com/inventory_locations.json`, for the shop that the host means, or else the one that the
/// key is bound to.
#[utoipa::path(
    post,
    path = "/com/inventory_locations.json",
    tag = "Haravan-compatible",
    params(AskHeaders),
    request_body = InventoryQuestion,
    responses(InventoryAnswers)
)]
pub(crate) async fn post_own_inventory_locations(access: Access, payload: Payload) -> Outcome {
    Outcome(inventory(&access, Some(payload)).await)
}

/// The shop's locations, as Haravan lists them
///
/// Haravan's `GET /com/locations.json`, cached. All pages are joined: the answer has all locations unless `limit` or
/// `page` says otherwise.
#[utoipa::path(
    get,
    path = "/shops/{org_id}/com/locations.json",
    tag = "Haravan-compatible",
    params(ShopPath, LocationsQuestion, AskHeaders),
    responses(LocationsAnswers)
)]
pub(crate) async fn get_locations(access: Access) -> Outcome {
    Outcome(locations(&access).await)
}

/// The locations of the key's own shop
///
/// As `/shops/{org_id}/com/locations.json`, for the shop that the host means, or else the one that the key is bound to.
#[utoipa::path(
    get,
    path = "/com/locations.json",
    tag = "Haravan-compatible",
    params(LocationsQuestion, AskHeaders),
    responses(LocationsAnswers)
)]
pub(crate) async fn get_own_locations(access: Access) -> Outcome {
    Outcome(locations(&access).await)
}

async fn inventory(access: &Access, payload: Option<Payload>) -> Result<HttpResponse, Problem> {
    let (state, request) = (access.state(), access.request());
    let question = Question::read(access, &INVENTORY, payload).await?;
    let selection = question.parameters.selection()?;
    let grid = match question.wanted(state).await? {
        Wanted::Answer(grid) => grid,
        Wanted::Cost(explained) => return Ok(explained),
    };
    let coding = Coding::of(request.headers())?;
    let prepare = |Material { reading, selection, .. }: Material| {
        let untold = question.untold_cells();
        let cache_headers = question.cache_headers(state, &reading);
        let validity = question.validity_of_rows(state, &reading).filter(|_| untold == 0);
        let expected = Work::to_answer(reading.grid(), coding);
        let work = move || {
            let (body, etag) = inventory_body(&reading, &selection, untold).into_tagged();
            EncodedBody::new(body, etag, coding, Form::Json.content_type())
        };
        Prepared { known: (cache_headers, validity), expected, work }
    };
    let ((cache_headers, validity), encoded) =
        made(state, &question, (grid, Uses::Rows(selection)), prepare).await?;
    let encoded = encoded?;
    let response = cache_headers.respond_encoded(request, &encoded);
    if let Some(validity) = validity {
        state.keep_ready(access, question.shop.org_id(), coding, encoded, validity);
    }
    Ok(response)
}

async fn locations(access: &Access) -> Result<HttpResponse, Problem> {
    let (state, request) = (access.state(), access.request());
    let question = Question::read(access, &LOCATIONS, None).await?;
    let slice = question.parameters.slice()?;
    let asked_at = state.clock.now();
    let coding = Coding::of(request.headers())?;
    let (cache_headers, encoded) = loop {
        let seen = question.shop.purges();
        let list = question.shop.locations().list(&question.terms()).await?;
        let cache_headers =
            question.cache_headers_since(state, list.observed_at, list.observed_at < asked_at);
        let body = Bytes::from(locations_body(&list.locations, slice));
        let etag = EntityTag::strong(&body);
        let expected = Work::to_code(body.len(), coding);
        let work = move || EncodedBody::new(body, etag, coding, Form::Json.content_type());
        let encoded = state.offload.work(expected, work).await??;
        // A purge may have come while it was coded.
        if !question.shop.purges_since(seen).reach_locations() {
            break (cache_headers, encoded);
        }
        if question.is_over() {
            return Err(Problem::Read(ReadError::Timeout));
        }
    };
    Ok(cache_headers.respond_encoded(request, &encoded))
}
