//! The sandbox's own routes under `/_sandbox`: what a shop was asked, what it has, and what goes wrong.
//!
//! They need no token, pass no bucket and are not counted. Every body is JSON.
//!
//! - `GET /shops`
//! - `GET|PUT|PATCH /shops/{org}/faults`: `PUT` replaces all faults, `PATCH` those it names
//! - `GET /shops/{org}/counters`
//! - `GET|DELETE /shops/{org}/requests`
//! - `GET|PUT|DELETE /shops/{org}/rows[?variant_id=&loc_id=]`: `PUT` takes a row or a list of rows
//! - `DELETE /connections`: those that are open are not answered any more, without a word
//! - `PUT /shops/{org}/bucket`: `{"size":80,"leak_per_second":4.0}`

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::web::{self, Bytes, Data, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use thiserror::Error;

use super::answer::Answer;
use super::faults::Faults;
use super::handle::ShopHandle;
use super::mishap;
use super::raw::RawObject;
use super::request::Asked;
use super::serve::State;
use super::settings::BucketSettings;

/// The most bytes of rows taken at once.
const MAX_BODY: usize = 64 << 20;

/// Which rows are meant; both ids name one cell.
#[derive(Debug)]
struct RowFilter {
    variant_id: Option<u64>,
    loc_id: Option<u64>,
}

/// Why a switch does not turn.
#[derive(Debug, Error)]
enum SwitchError {
    /// The org id is no shop's.
    #[error("there is no shop {0:?} here")]
    NoShop(String),
    /// The body or the query is not understood.
    #[error("{0}")]
    Misread(#[from] serde_json::Error),
    /// Both ids are needed to name a cell.
    #[error("a row is named by variant_id and loc_id, both whole numbers")]
    NoCell,
    /// The cell named has no row.
    #[error("there is no row in this cell")]
    NoRow,
    /// A row's text is not taken.
    #[error("{0}")]
    Row(#[from] super::store::RowError),
}

/// Adds the routes.
pub(super) fn configure(config: &mut ServiceConfig) {
    let shop = web::scope("/shops/{org}")
        .service(web::resource("/faults").get(get_faults).put(put_faults).patch(patch_faults))
        .service(web::resource("/counters").get(get_counters))
        .service(web::resource("/requests").get(get_requests).delete(delete_requests))
        .service(web::resource("/rows").get(get_rows).put(put_rows).delete(delete_row))
        .service(web::resource("/bucket").put(put_bucket));
    config.service(
        web::scope("/_sandbox")
            .app_data(web::PayloadConfig::new(MAX_BODY))
            .service(web::resource("/shops").get(list_shops))
            .service(web::resource("/connections").delete(kill_connections))
            .service(shop)
            .default_service(web::to(unknown)),
    );
}

impl ResponseError for SwitchError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::NoShop(_) | Self::NoRow => StatusCode::NOT_FOUND,
            Self::Misread(_) | Self::NoCell | Self::Row(_) => StatusCode::BAD_REQUEST,
        }
    }

    fn error_response(&self) -> HttpResponse {
        mishap::send(Answer::refusal(self.status_code().as_u16(), &self.to_string()), "")
    }
}

impl RowFilter {
    /// Reads the query; anything that is no id counts as left out.
    fn parse(request: &HttpRequest) -> Self {
        let asked = Asked::parse(request.method(), request.path(), request.query_string());
        let id = |name: &str| asked.param(name).and_then(|text| text.parse().ok());
        Self { variant_id: id("variant_id"), loc_id: id("loc_id") }
    }
}

async fn list_shops(state: Data<State>) -> HttpResponse {
    let shops: Vec<String> = state.shops.iter().map(|shop| ShopHandle::new(shop.clone()).summary()).collect();
    mishap::send(Answer::list("shops", &shops), "")
}

async fn kill_connections(state: Data<State>) -> HttpResponse {
    state.kill_connections();
    HttpResponse::NoContent().finish()
}

async fn get_faults(state: Data<State>, org: Path<String>) -> Result<HttpResponse, SwitchError> {
    json(&find(&state, &org)?.faults())
}

async fn put_faults(state: Data<State>, org: Path<String>, body: Bytes) -> Result<HttpResponse, SwitchError> {
    let shop = find(&state, &org)?;
    let faults: Faults = serde_json::from_slice(&body)?;
    shop.set_faults(faults);
    json(&shop.faults())
}

async fn patch_faults(
    state: Data<State>,
    org: Path<String>,
    body: Bytes,
) -> Result<HttpResponse, SwitchError> {
    let shop = find(&state, &org)?;
    let patch: Map<String, Value> = serde_json::from_slice(&body)?;
    let mut merged = serde_json::to_value(shop.faults())?;
    if let Value::Object(fields) = &mut merged {
        fields.extend(patch);
    }
    shop.set_faults(serde_json::from_value(merged)?);
    json(&shop.faults())
}

async fn get_counters(state: Data<State>, org: Path<String>) -> Result<HttpResponse, SwitchError> {
    json(&find(&state, &org)?.counters())
}

async fn get_requests(state: Data<State>, org: Path<String>) -> Result<HttpResponse, SwitchError> {
    let records = find(&state, &org)?.requests();
    json(&BTreeMap::from([("requests", records)]))
}

async fn delete_requests(state: Data<State>, org: Path<String>) -> Result<HttpResponse, SwitchError> {
    find(&state, &org)?.clear_log();
    Ok(HttpResponse::NoContent().finish())
}

async fn get_rows(
    state: Data<State>,
    org: Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, SwitchError> {
    let filter = RowFilter::parse(&request);
    let mut rows = find(&state, &org)?.rows();
    rows.retain(|row| {
        filter.variant_id.is_none_or(|id| id == row.variant_id)
            && filter.loc_id.is_none_or(|id| id == row.loc_id)
    });
    let texts: Vec<String> = rows.into_iter().map(|row| row.json).collect();
    Ok(mishap::send(Answer::list("rows", &texts), ""))
}

async fn put_rows(state: Data<State>, org: Path<String>, body: Bytes) -> Result<HttpResponse, SwitchError> {
    let shop = find(&state, &org)?;
    let rows: Vec<&RawValue> = match body.trim_ascii_start().first() {
        Some(b'[') => serde_json::from_slice(&body)?,
        _ => vec![serde_json::from_slice(&body)?],
    };
    for row in &rows {
        shop.put_row(row.get())?;
    }
    Ok(mishap::send(Answer::object(&RawObject::default().raw("rows", rows.len())), ""))
}

async fn delete_row(
    state: Data<State>,
    org: Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, SwitchError> {
    let shop = find(&state, &org)?;
    let RowFilter { variant_id: Some(variant_id), loc_id: Some(loc_id) } = RowFilter::parse(&request) else {
        return Err(SwitchError::NoCell);
    };
    shop.delete_row(variant_id, loc_id).ok_or(SwitchError::NoRow)?;
    Ok(HttpResponse::NoContent().finish())
}

async fn put_bucket(state: Data<State>, org: Path<String>, body: Bytes) -> Result<HttpResponse, SwitchError> {
    let shop = find(&state, &org)?;
    let settings: BucketSettings = serde_json::from_slice(&body)?;
    shop.reshape_bucket(settings);
    json(&settings)
}

async fn unknown() -> HttpResponse {
    mishap::send(Answer::refusal(404, "there is no such switch"), "")
}

fn find(state: &State, org: &str) -> Result<ShopHandle, SwitchError> {
    let shop = org.parse().ok().and_then(|org_id| state.shop(org_id));
    shop.cloned().map(ShopHandle::new).ok_or_else(|| SwitchError::NoShop(org.to_owned()))
}

fn json(value: &impl Serialize) -> Result<HttpResponse, SwitchError> {
    let body = serde_json::to_string(value)?;
    Ok(mishap::send(Answer { status: 200, body, rows: 0 }, ""))
}
