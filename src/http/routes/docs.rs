//! `/openapi.json`, `/openapi.yaml` and the Swagger UI at `/docs/`: no key needed, and nothing from elsewhere.

use std::io::Read;
use std::sync::{Arc, OnceLock};

use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, LOCATION};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use flate2::read::GzDecoder;
use utoipa_swagger_ui::Config;

use crate::http::problem::Problem;
use crate::http::state::Outcome;

/// Assets come from here; the UI sets styles inline and draws with `data:` images.
const POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:";

/// How the document is written, as JSON and as YAML; `None` if it cannot be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Writers {
    pub(crate) json: fn() -> Option<String>,
    pub(crate) yaml: fn() -> Option<String>,
}

/// The document in both spellings, made when first asked for, and the UI's settings.
pub(crate) struct Documents {
    json: OnceLock<Bytes>,
    yaml: OnceLock<Bytes>,
    write: Writers,
    ui: Arc<Config<'static>>,
}

impl Documents {
    pub(crate) fn new(write: Writers) -> Self {
        // No validator: it would show the document to a service elsewhere. The address is relative, for gateways that
        // are found below a path prefix.
        let ui = Config::from("../openapi.json")
            .try_it_out_enabled(true)
            .persist_authorization(true)
            .display_request_duration(true)
            .display_operation_id(true)
            .deep_linking(true)
            .doc_expansion("list")
            .filter(true)
            .validator_url("none");
        Self { json: OnceLock::new(), yaml: OnceLock::new(), write, ui: Arc::new(ui) }
    }
}

/// This document as JSON
///
/// An OpenAPI 3.1 document.
#[utoipa::path(
    get,
    path = "/openapi.json",
    tag = "Operations",
    security(()),
    responses((status = 200, description = "The document.", body = serde_json::Value, content_type = "application/json"))
)]
pub(crate) async fn get_openapi_json(documents: Data<Documents>) -> Outcome {
    Outcome(sent(&documents.json, documents.write.json, "application/json"))
}

/// This document as YAML
///
/// An OpenAPI 3.1 document, which readers of YAML 1.1 read alike.
#[utoipa::path(
    get,
    path = "/openapi.yaml",
    tag = "Operations",
    security(()),
    responses((status = 200, description = "The document.", body = serde_json::Value, content_type = "application/yaml"))
)]
pub(crate) async fn get_openapi_yaml(documents: Data<Documents>) -> Outcome {
    Outcome(sent(&documents.yaml, documents.write.yaml, "application/yaml"))
}

/// The UI's files.
pub(crate) async fn get_docs(documents: Data<Documents>, request: HttpRequest) -> Outcome {
    Outcome(asset(&documents, request.match_info().query("file")))
}

/// The UI's files refer to each other below `/docs/`; where that is, the caller knows.
pub(crate) async fn redirect_docs() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((LOCATION, "docs/")).finish()
}

fn sent(
    made: &OnceLock<Bytes>,
    write: fn() -> Option<String>,
    content_type: &'static str,
) -> Result<HttpResponse, Problem> {
    let text = match made.get() {
        Some(text) => text.clone(),
        None => {
            let text = write().ok_or(Problem::Internal)?;
            made.get_or_init(|| text.into()).clone()
        }
    };
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-cache")).content_type(content_type).body(text))
}

fn asset(documents: &Documents, file: &str) -> Result<HttpResponse, Problem> {
    let file = utoipa_swagger_ui::serve(file, Arc::clone(&documents.ui)).map_err(|_| Problem::Internal)?;
    let file = file.ok_or(Problem::NotFound)?;
    let bytes = if file.gzpipped { unpacked(&file.bytes)? } else { file.bytes.into_owned() };
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-cache"))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .content_type(file.content_type)
        .body(bytes))
}

/// A file as it was before it was packed into the program, where it takes a third of the room. What callers are sent
/// is packed again, in the way that they ask for.
fn unpacked(packed: &[u8]) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    GzDecoder::new(packed).read_to_end(&mut bytes).map_err(|_| Problem::Internal)?;
    Ok(bytes)
}
