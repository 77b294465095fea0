//! The bodies of the questions that views are asked, as the OpenAPI document describes them. Nothing is parsed into
//! these: [`crate::http::request::parameters`] does that.

use serde::Serialize;
use utoipa::ToSchema;

use super::bodies::{GridQuestion, Ids};
use super::texts::{Amount, FormatName};
use crate::view::alert::AlertLevel;
use crate::view::availability::Pooling;

/// A question for one variant's stock.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"location_ids": [1007284, 963414]}))]
pub struct VariantStockQuestion {
    /// The locations. Left out: all the shop's locations.
    #[schema(example = json!([1007284, 963414]))]
    pub location_ids: Option<Ids>,
    /// If not every cell is there in time, the answer has those that are, and says what is missing.
    #[schema(example = false)]
    pub partial: Option<bool>,
    /// A dry run. No call to Haravan is made; the answer says what the question would take.
    #[schema(example = false)]
    pub explain: Option<bool>,
    /// The form of the answer. Left out: `Accept` says.
    #[schema(example = "json")]
    pub format: Option<FormatName>,
}

/// A question for what can be sold.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"location_ids": [1007284, 963414], "variant_ids": [1061514767, 1064240649], "pooling": "positive", "cap": 10}))]
pub struct AvailabilityQuestion {
    /// The cells asked for.
    #[serde(flatten)]
    pub grid: GridQuestion,
    /// Whether oversold locations count against the others (`net`, the default) or add nothing (`positive`).
    pub pooling: Option<Pooling>,
    /// Pieces of each variant that are not for sale. Left out: none.
    #[schema(example = 2)]
    pub buffer: Option<Amount>,
    /// The largest quantity that the answer shows. Left out: no cap.
    #[schema(example = 10)]
    pub cap: Option<Amount>,
    /// Stock at or below this quantity is low. Left out: the shop's `low_stock_threshold`.
    #[schema(example = 5)]
    pub threshold: Option<Amount>,
    /// Whether the locations that have stock are listed.
    #[schema(example = false)]
    pub pickup: Option<bool>,
    /// The form of the answer. Left out: `Accept` says.
    #[schema(example = "json")]
    pub format: Option<FormatName>,
}

/// A question for low stock.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"location_ids": [1007284, 963414], "variant_ids": [1061514767, 1064240649], "threshold": 5}))]
pub struct LowStockQuestion {
    /// The cells asked for.
    #[serde(flatten)]
    pub grid: GridQuestion,
    /// What an alert is about. Left out: `variant`.
    pub level: Option<AlertLevel>,
    /// Stock at or below this quantity is low. Left out: the shop's `low_stock_threshold`.
    #[schema(example = 5)]
    pub threshold: Option<Amount>,
    /// The form of the answer. Left out: `Accept` says.
    #[schema(example = "json")]
    pub format: Option<FormatName>,
}

/// A question for rows that do not add up.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"location_ids": [1007284, 963414], "variant_ids": [1061514767, 1064240649]}))]
pub struct MismatchQuestion {
    /// The cells asked for.
    #[serde(flatten)]
    pub grid: GridQuestion,
    /// The form of the answer. Left out: `Accept` says.
    #[schema(example = "json")]
    pub format: Option<FormatName>,
}

/// An order to plan.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"lines": [{"variant_id": 1061514767, "quantity": 2}], "location_ids": [1007284, 963414], "prefer": [1007284]}))]
pub struct FulfilmentQuestion {
    /// What is ordered. Lines of one variant add up.
    #[schema(min_items = 1)]
    pub lines: Vec<OrderLine>,
    /// The locations that may send. Left out: all the shop's locations.
    #[schema(example = json!([1007284, 963414]))]
    pub location_ids: Option<Ids>,
    /// The locations to use first, the most wanted first. Fewer locations count more than preferred ones.
    #[schema(example = json!([1007284]))]
    pub prefer: Option<Ids>,
    /// If not every cell is there in time, the answer has those that are, and says what is missing.
    #[schema(example = false)]
    pub partial: Option<bool>,
    /// A dry run. No call to Haravan is made; the answer says what the question would take.
    #[schema(example = false)]
    pub explain: Option<bool>,
    /// The form of the answer. Left out: `Accept` says.
    #[schema(example = "json")]
    pub format: Option<FormatName>,
}

/// A line of an order.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrderLine {
    /// The variant.
    #[schema(minimum = 1, example = 1061514767)]
    pub variant_id: u64,
    /// Pieces ordered: a whole number.
    #[schema(minimum = 1, maximum = 999999999999999_u64, example = 2)]
    pub quantity: u64,
}
