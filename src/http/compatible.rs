//! The Haravan-compatible routes: a client of Haravan changes its base URL and its token, and nothing else.

use actix_web::web::{Bytes, Data, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::accept::Form;
use super::coding::Coding;
use super::edge::{Edge, Outcome};
use super::etag::EntityTag;
use super::openapi::answers::{InventoryAnswers, LocationsAnswers};
use super::openapi::bodies::InventoryQuestion;
use super::openapi::parameters::{AskHeaders, AskQuery, GridQuery, PageQuery, SelectionQuery, ShopPath};
use super::parameters::vocabulary::{INVENTORY, LOCATIONS};
use super::problem::Problem;
use super::question::{Question, Wanted};
use super::reply::Whole;
use super::rows::{inventory_body, locations_body};
use super::standing::{Material, Uses, made};

/// The pattern of the route for rows.
pub(super) const INVENTORY_ROUTE: &str = "/shops/{org_id}/com/inventory_locations.json";
/// The same for keys that are bound to one shop; it is the path itself.
pub(super) const OWN_INVENTORY_ROUTE: &str = "/com/inventory_locations.json";

/// Inventory rows, as Haravan answers them
///
/// Haravan's `GET /com/inventory_locations.json`, for any number of ids: the rows of every variant asked for at
/// every location asked for, each exactly as Haravan sent it, fields that are not documented here included. Rows
/// come in the order of their ids unless `order` says otherwise, and all of them unless `limit` or `page` says
/// otherwise.
///
/// Ids that Haravan refuses never spoil the answer: they are named in `missing`, with the reason `refused`.
#[utoipa::path(
    get,
    path = "/shops/{org_id}/com/inventory_locations.json",
    tag = "Haravan-compatible",
    params(ShopPath, GridQuery, SelectionQuery, AskQuery, AskHeaders),
    responses(InventoryAnswers)
)]
pub(crate) async fn get_inventory_locations(edge: Data<Edge>, request: HttpRequest) -> Outcome {
    Outcome(inventory(&edge, &request, None).await)
}

/// Inventory rows, for lists too long for a URL
///
/// As `GET` on this path, with the same names in a JSON body. A parameter may be in the query string instead, but
/// not in both. URLs end at 65,534 bytes, which is about 5,900 ids of ten digits.
#[utoipa::path(
    post,
    path = "/shops/{org_id}/com/inventory_locations.json",
    tag = "Haravan-compatible",
    params(ShopPath, AskHeaders),
    request_body = InventoryQuestion,
    responses(InventoryAnswers)
)]
pub(crate) async fn post_inventory_locations(
    edge: Data<Edge>,
    request: HttpRequest,
    payload: Payload,
) -> Outcome {
    Outcome(inventory(&edge, &request, Some(payload)).await)
}

/// Inventory rows of the key's own shop
///
/// As `/shops/{org_id}/com/inventory_locations.json`, for keys that are bound to exactly one shop: the path is
/// Haravan's own.
#[utoipa::path(
    get,
    path = "/com/inventory_locations.json",
    tag = "Haravan-compatible",
    params(GridQuery, SelectionQuery, AskQuery, AskHeaders),
    responses(InventoryAnswers)
)]
pub(crate) async fn get_own_inventory_locations(edge: Data<Edge>, request: HttpRequest) -> Outcome {
    Outcome(inventory(&edge, &request, None).await)
}

/// Inventory rows of the key's own shop, for lists too long for a URL
///
/// As `POST /shops/{org_id}/com/inventory_locations.json`, for keys that are bound to exactly one shop.
#[utoipa::path(
    post,
    path = "/com/inventory_locations.json",
    tag = "Haravan-compatible",
    params(AskHeaders),
    request_body = InventoryQuestion,
    responses(InventoryAnswers)
)]
pub(crate) async fn post_own_inventory_locations(
    edge: Data<Edge>,
    request: HttpRequest,
    payload: Payload,
) -> Outcome {
    Outcome(inventory(&edge, &request, Some(payload)).await)
}

/// The shop's locations, as Haravan lists them
///
/// Haravan's `GET /com/locations.json`, cached and with all its pages joined: all locations, unless `limit` or
/// `page` says otherwise.
#[utoipa::path(
    get,
    path = "/shops/{org_id}/com/locations.json",
    tag = "Haravan-compatible",
    params(ShopPath, PageQuery, AskHeaders),
    responses(LocationsAnswers)
)]
pub(crate) async fn get_locations(edge: Data<Edge>, request: HttpRequest) -> Outcome {
    Outcome(locations(&edge, &request).await)
}

/// The locations of the key's own shop
///
/// As `/shops/{org_id}/com/locations.json`, for keys that are bound to exactly one shop.
#[utoipa::path(
    get,
    path = "/com/locations.json",
    tag = "Haravan-compatible",
    params(PageQuery, AskHeaders),
    responses(LocationsAnswers)
)]
pub(crate) async fn get_own_locations(edge: Data<Edge>, request: HttpRequest) -> Outcome {
    Outcome(locations(&edge, &request).await)
}

async fn inventory(
    edge: &Edge,
    request: &HttpRequest,
    payload: Option<Payload>,
) -> Result<HttpResponse, Problem> {
    let question = Question::read(edge, &INVENTORY, request, payload).await?;
    let selection = question.parameters.selection()?;
    let grid = match question.wanted(edge).await? {
        Wanted::Answer(grid) => grid,
        Wanted::Cost(explained) => return Ok(explained),
    };
    let coding = Coding::of(request.headers())?;
    let untold = question.untold_cells();
    let prepare = |Material { snapshot, selection, .. }: Material| {
        let provenance = question.provenance(edge, &snapshot);
        let work = move || {
            let (body, etag) = inventory_body(&snapshot, &selection, untold).into_tagged();
            Whole::new(body, etag, coding, Form::Json.content_type())
        };
        (provenance, work)
    };
    let (provenance, whole) = made(edge, &question, (grid, Uses::Rows(selection)), prepare).await?;
    Ok(provenance.respond_whole(request, &whole?))
}

async fn locations(edge: &Edge, request: &HttpRequest) -> Result<HttpResponse, Problem> {
    let question = Question::read(edge, &LOCATIONS, request, None).await?;
    let slice = question.parameters.slice()?;
    let asked_at = edge.clock.now();
    let list = question.shop.locations(&question.terms()).await?;
    let provenance = question.provenance_since(edge, list.observed_at, list.observed_at < asked_at);
    let body = Bytes::from(locations_body(&list.locations, slice));
    let (etag, coding) = (EntityTag::strong(&body), Coding::of(request.headers())?);
    let whole = Whole::new(body, etag, coding, Form::Json.content_type())?;
    Ok(provenance.respond_whole(request, &whole))
}
