//! The OpenAPI document, generated from the handlers.

use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::shop_list::ShopList;
use super::{bodies, questions, yaml};
use crate::http::problem::ProblemBody;
use crate::http::routes::{
    alerts, availability, compatible, docs, fulfilment, health, passthrough, shops, stock,
};

#[derive(Debug, OpenApi)]
#[openapi(
    info(
        title = "tonkho",
        description = include_str!("guide.md"),
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    // Relative to where the document is: below a path prefix, the routes are there too.
    servers((url = ".", description = "This gateway")),
    tags(
        (name = "Haravan-compatible", description = "Haravan's own routes: rows and locations as Haravan sends them."),
        (name = "Views", description = "Answers about stock, from the same cells."),
        (name = "Operations", description = "For those who run the gateway.")
    ),
    security(("bearer" = []), ("apiKey" = []), ("haravanToken" = [])),
    paths(
        compatible::get_inventory_locations,
        compatible::post_inventory_locations,
        compatible::get_locations,
        passthrough::get_forwarded,
        passthrough::post_forwarded,
        passthrough::put_forwarded,
        passthrough::delete_forwarded,
        compatible::get_own_inventory_locations,
        compatible::post_own_inventory_locations,
        compatible::get_own_locations,
        passthrough::get_own_forwarded,
        passthrough::post_own_forwarded,
        passthrough::put_own_forwarded,
        passthrough::delete_own_forwarded,
        stock::get_stock,
        stock::post_stock,
        stock::get_variant_stock,
        stock::post_variant_stock,
        availability::get_availability,
        availability::post_availability,
        alerts::get_negative_alerts,
        alerts::post_negative_alerts,
        alerts::get_low_stock_alerts,
        alerts::post_low_stock_alerts,
        alerts::get_mismatch_alerts,
        alerts::post_mismatch_alerts,
        fulfilment::post_fulfilment,
        shops::list_shops,
        shops::delete_cache,
        health::get_liveness,
        health::get_readiness,
        health::get_metrics,
        docs::get_openapi_json,
        docs::get_openapi_yaml,
    ),
    components(schemas(
        ProblemBody,
        questions::InventoryReply,
        bodies::Locations,
        bodies::Forwarded,
        questions::StockReply,
        questions::VariantStockReply,
        questions::AvailabilityReply,
        questions::NegativeReply,
        questions::LowStockReply,
        questions::MismatchReply,
        questions::FulfilmentReply,
        ShopList,
    )),
    modifiers(&Keys, &Bodies)
)]
struct Document;

/// How a key is sent.
struct Keys;

impl Modify for Keys {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("The key, `tk_` included. In the demo: `tk_demo`."))
            .build();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
        let api_key = ApiKeyValue::with_description(
            "X-API-Key",
            "The same key, for clients that cannot set `Authorization`.",
        );
        components.add_security_scheme("apiKey", SecurityScheme::ApiKey(ApiKey::Header(api_key)));
        let haravan_token = ApiKeyValue::with_description(
            "X-Haravan-Access-Token",
            "The same key, for clients that know only Haravan's own header.",
        );
        components.add_security_scheme("haravanToken", SecurityScheme::ApiKey(ApiKey::Header(haravan_token)));
    }
}

/// What has no body cannot have a wrong one.
struct Bodies;

impl Modify for Bodies {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        for path in document.paths.paths.values_mut() {
            for operation in path.get.iter_mut().filter(|operation| operation.request_body.is_none()) {
                operation.responses.responses.remove("413");
                operation.responses.responses.remove("415");
            }
        }
    }
}

/// The document.
#[must_use]
pub fn document() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

/// Why the document cannot be written. It can: a test shows it.
#[derive(Debug, thiserror::Error)]
#[error("the OpenAPI document cannot be written")]
pub struct DocumentError;

/// The document as JSON, with a line break at the end.
///
/// # Errors
/// See [`DocumentError`].
pub fn to_json_pretty() -> Result<String, DocumentError> {
    document().to_pretty_json().map(|text| text + "\n").map_err(|_| DocumentError)
}

/// The document as YAML, with a line break at the end.
///
/// # Errors
/// See [`DocumentError`].
pub fn to_yaml() -> Result<String, DocumentError> {
    document().to_yaml().map(|text| yaml::with_quotes(&text)).map_err(|_| DocumentError)
}

#[cfg(test)]
mod tests;
