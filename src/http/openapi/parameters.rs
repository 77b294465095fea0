//! What routes take in paths and headers, as the OpenAPI document describes it. Nothing is parsed into these.

use utoipa::IntoParams;

/// The shop in the path.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct ShopPath {
    /// The shop: its Haravan org id.
    #[param(minimum = 1, example = 1000)]
    pub org_id: u64,
}

/// The variant in the path.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct VariantPath {
    /// The variant.
    #[param(minimum = 1, example = 1061514767)]
    pub variant_id: u64,
}

/// The forwarded path.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct ForwardedPath {
    /// The path below Haravan's `/com/`, slashes included. A pattern in `passthrough.allow` has to match it, for a
    /// write one in `passthrough.write`.
    #[param(example = "products.json")]
    pub path: String,
}

/// How long to wait.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
pub struct WaitHeaders {
    /// `wait=N` (RFC 7240): the seconds to wait for Haravan at most.
    #[param(nullable = false, rename = "Prefer", example = "wait=10")]
    pub prefer: Option<String>,
}

/// How fresh the answer should be, how long to wait, and what the caller has.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
pub struct AskHeaders {
    /// How fresh the answer should be (RFC 9111), cell by cell: `max-age=N`, `no-cache`, `max-stale=N`,
    /// `only-if-cached`.
    #[param(nullable = false, rename = "Cache-Control", example = "max-age=60")]
    pub cache_control: Option<String>,
    /// `wait=N` (RFC 7240): the seconds to wait for Haravan at most.
    #[param(nullable = false, rename = "Prefer", example = "wait=10")]
    pub prefer: Option<String>,
    /// The `ETag` of an answer that the caller has: if it still holds, the answer is 304 without a body.
    #[param(nullable = false, rename = "If-None-Match", example = "\"0123456789abcdef-1\"")]
    pub if_none_match: Option<String>,
}
