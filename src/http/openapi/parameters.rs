//! The parameters of the routes as the OpenAPI document describes them. Nothing is parsed into these:
//! [`crate::http::request::parameters`] does that.

use utoipa::IntoParams;

use super::texts::{DirectionName, FormatName, IdText, OrderName};
use crate::view::alert::AlertLevel;
use crate::view::availability::Pooling;
use crate::view::stock::GroupBy;

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
    /// The path below Haravan's `/com/`; one of `passthrough.allow`.
    #[param(example = "products.json")]
    pub path: String,
}

/// The cells asked for.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct GridQuery {
    /// The locations, comma-separated. Left out: all the shop's locations. The parameter may be repeated, and
    /// `location_ids[]=1&location_ids[]=2` means the same. Blanks and empty items are ignored, repeats count once; a
    /// list without any id is an error, never "all".
    #[param(inline, example = "1007284,963414")]
    pub location_ids: Option<IdText>,
    /// The variants, comma-separated. The parameter may be repeated, and `variant_ids[]=1&variant_ids[]=2` means the
    /// same. Haravan's documentation misspells the name as `vatiant_ids`, which is understood too.
    #[param(inline, example = "1061514767,1064240649")]
    pub variant_ids: IdText,
}

/// The locations asked for.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LocationsQuery {
    /// The locations, comma-separated. Left out: all the shop's locations. The parameter may be repeated.
    #[param(inline, example = "1007284,963414")]
    pub location_ids: Option<IdText>,
}

/// The cells to forget.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PurgeQuery {
    /// Only cells of these variants, comma-separated.
    #[param(inline, example = "1061514767,1064240649")]
    pub variant_ids: Option<IdText>,
    /// Only cells at these locations, comma-separated.
    #[param(inline, example = "1007284,963414")]
    pub location_ids: Option<IdText>,
}

/// A page of a list.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// How many items a page has; more than Haravan's 250 too. Left out: all of them, or 250 if `page` is given.
    #[param(minimum = 1, example = 250)]
    pub limit: Option<u64>,
    /// Which page, from 1 on.
    #[param(minimum = 1, example = 1)]
    pub page: Option<u64>,
}

/// Which rows, in what order.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SelectionQuery {
    /// How many rows; more than Haravan's 250 too. Left out: every row, or 250 if `page` is given.
    #[param(minimum = 1, example = 250)]
    pub limit: Option<u64>,
    /// Which slice of `limit` rows, from 1 on.
    #[param(minimum = 1, example = 1)]
    pub page: Option<u64>,
    /// Only rows with a greater id, whatever the order.
    #[param(minimum = 0, example = 0)]
    pub since_id: Option<u64>,
    /// Only rows updated at or after this instant.
    #[param(format = DateTime, example = "2021-01-01T00:00:00Z")]
    pub updated_at_min: Option<String>,
    /// What rows are ordered by: `id` (the default) or `updated_at` (ties by id).
    #[param(example = "id")]
    pub order: Option<OrderName>,
    /// `asc` (the default) or `desc`.
    #[param(example = "asc")]
    pub direction: Option<DirectionName>,
}

/// How to answer.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AskQuery {
    /// `true`: if not every cell is there in time, the answer has those that are, and says what is missing.
    #[param(example = false)]
    pub partial: Option<bool>,
    /// `true`: a dry run. No call to Haravan is made; the answer says what the question would take.
    #[param(example = false)]
    pub explain: Option<bool>,
}

/// The form of a view.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FormatQuery {
    /// The form of the answer, whatever `Accept` says: `json`, `csv`, `csv-excel` (with a byte order mark, which Excel
    /// needs) or `ndjson`. Left out: `Accept` says.
    #[param(example = "json")]
    pub format: Option<FormatName>,
}

/// How stock is summed.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct StockQuery {
    /// What an item stands for.
    #[param(example = "variant")]
    pub group_by: Option<GroupBy>,
    /// `true`: each item lists its rows too.
    #[param(example = false)]
    pub breakdown: Option<bool>,
}

/// What may be promised.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AvailabilityQuery {
    /// Whether oversold locations count against the others (`net`, the default) or add nothing (`positive`).
    #[param(example = "net")]
    pub pooling: Option<Pooling>,
    /// Pieces of each variant that are not for sale: a decimal number of at least 0. Left out: none.
    #[param(pattern = r"^(0|[1-9][0-9]{0,14})(\.[0-9]{1,6})?$", example = "2")]
    pub buffer: Option<String>,
    /// The largest quantity that the answer shows: a decimal number of at least 0. Left out: no cap.
    #[param(pattern = r"^(0|[1-9][0-9]{0,14})(\.[0-9]{1,6})?$", example = "10")]
    pub cap: Option<String>,
    /// Stock at or below this quantity is low: a decimal number of at least 0. Left out: the shop's
    /// `low_stock_threshold`.
    #[param(pattern = r"^(0|[1-9][0-9]{0,14})(\.[0-9]{1,6})?$", example = "5")]
    pub threshold: Option<String>,
    /// `true`: list the locations that have stock.
    #[param(example = false)]
    pub pickup: Option<bool>,
}

/// Which negatives.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct NegativeQuery {
    /// What an alert is about: single rows, or variants summed over the locations asked for.
    #[param(example = "location")]
    pub level: Option<AlertLevel>,
    /// Only shortages of at least this much: a decimal number of at least 0.
    #[param(pattern = r"^(0|[1-9][0-9]{0,14})(\.[0-9]{1,6})?$", example = "1")]
    pub min_shortage: Option<String>,
}

/// What is low.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LowStockQuery {
    /// What an alert is about: single rows, or variants summed over the locations asked for. Left out: `variant`.
    #[param(example = "variant")]
    pub level: Option<AlertLevel>,
    /// Stock at or below this quantity is low: a decimal number of at least 0. Left out: the shop's
    /// `low_stock_threshold`.
    #[param(pattern = r"^(0|[1-9][0-9]{0,14})(\.[0-9]{1,6})?$", example = "5")]
    pub threshold: Option<String>,
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
