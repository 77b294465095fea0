//! Every parameter, declared once: its type, name, example and documentation; and which routes take it.
//!
//! What is read of a request, which names a route knows, and both forms in the OpenAPI document (in a URL, in a body)
//! come from here. A new parameter is a new entry, and its place in the list of a route.

use std::collections::BTreeMap;
use std::num::NonZeroU64;

use super::declared::{Declared, Parameter, parameter};
use super::vocabulary::{Others, Vocabulary};
use crate::domain::id::{LocationId, VariantId};
use crate::domain::quantity::Quantity;
use crate::domain::timestamp::Timestamp;
use crate::http::request::accept::Form;
use crate::query::{Direction, IdList, Order};
use crate::view::alert::AlertLevel;
use crate::view::availability::Pooling;
use crate::view::stock::GroupBy;

/// Declares parameters: `NAME: type = parameter(…);` under what the document says of it in a URL, line by line.
macro_rules! parameters {
    ($($(#[doc = $about:literal])+ $name:ident: $type:ty = $declared:expr;)+) => {$(
        $(#[doc = $about])+
        pub(crate) const $name: Parameter<$type> = $declared.about(&[$($about),+]);
    )+};
}

parameters! {
    /// The locations, comma-separated. Left out: all the shop's locations. The parameter may be repeated, and
    /// `location_ids[]=1&location_ids[]=2` means the same. Blanks and empty items are ignored, repeats count once; a
    /// list without any id is an error, never "all".
    LOCATION_IDS: IdList<LocationId> = parameter("location_ids", "1007284,963414")
        .in_body("The locations. Left out: all the shop's locations.");
    /// The locations, comma-separated. Left out: all the shop's locations. The parameter may be repeated.
    VARIANT_LOCATION_IDS: IdList<LocationId> = LOCATION_IDS;
    /// The locations that may send. Left out: all the shop's locations.
    SENDING_LOCATION_IDS: IdList<LocationId> = parameter(LOCATION_IDS.declared.name, "1007284,963414");
    /// Only cells at these locations, comma-separated.
    PURGED_LOCATION_IDS: IdList<LocationId> = LOCATION_IDS;

    /// The variants, comma-separated. The parameter may be repeated, and `variant_ids[]=1&variant_ids[]=2` means the
    /// same. Haravan's documentation misspells the name as `vatiant_ids`, which is understood too.
    VARIANT_IDS: IdList<VariantId> = parameter("variant_ids", "1061514767,1064240649")
        .in_body("The variants. Needed.")
        .needed(true);
    /// Only cells of these variants, comma-separated.
    PURGED_VARIANT_IDS: IdList<VariantId> = VARIANT_IDS.needed(false);

    /// How many rows; more than Haravan's 250 too. Left out: every row, or 250 if `page` is given.
    LIMIT: NonZeroU64 = parameter("limit", "250")
        .in_body("How many rows. Left out: every row, or 250 if `page` is given.");
    /// How many items a page has; more than Haravan's 250 too. Left out: all of them, or 250 if `page` is given.
    LOCATIONS_LIMIT: NonZeroU64 = LIMIT;
    /// Which slice of `limit` rows, from 1 on.
    PAGE: NonZeroU64 = parameter("page", "1");
    /// Which page, from 1 on.
    LOCATIONS_PAGE: NonZeroU64 = PAGE;
    /// Only rows with a greater id, whatever the order.
    SINCE_ID: u64 = parameter("since_id", "0");
    /// Only rows updated at or after this instant.
    UPDATED_AT_MIN: Timestamp = parameter("updated_at_min", "2021-01-01T00:00:00Z");
    /// What rows are ordered by: `id` (the default) or `updated_at` (ties by id).
    ORDER: Order = parameter("order", "id");
    /// `asc` (the default) or `desc`.
    DIRECTION: Direction = parameter("direction", "asc");

    /// `true`: if not every cell is there in time, the answer has those that are, and says what is missing.
    PARTIAL: bool = parameter("partial", "false")
        .in_body("If not every cell is there in time, the answer has those that are, and says what is missing.");
    /// `true`: a dry run. No call to Haravan is made; the answer says what the question would take.
    EXPLAIN: bool = parameter("explain", "false")
        .in_body("A dry run. No call to Haravan is made; the answer says what the question would take.");
    /// The form of the answer, whatever `Accept` says: `json`, `csv`, `csv-excel` (with a byte order mark, which Excel
    /// needs) or `ndjson`. Left out: `Accept` says.
    FORMAT: Form = parameter("format", "json").in_body("The form of the answer. Left out: `Accept` says.");

    /// What an item stands for.
    GROUP_BY: GroupBy = parameter("group_by", "variant");
    /// `true`: each item lists its rows too.
    BREAKDOWN: bool = parameter("breakdown", "false").in_body("Whether each item lists its rows too.");

    /// Whether oversold locations count against the others (`net`, the default) or add nothing (`positive`).
    POOLING: Pooling = parameter("pooling", "net");
    /// Pieces of each variant that are not for sale: a decimal number of at least 0. Left out: none.
    BUFFER: Quantity = parameter("buffer", "2")
        .in_body("Pieces of each variant that are not for sale. Left out: none.");
    /// The largest quantity that the answer shows: a decimal number of at least 0. Left out: no cap.
    CAP: Quantity = parameter("cap", "10")
        .in_body("The largest quantity that the answer shows. Left out: no cap.");
    /// Stock at or below this quantity is low: a decimal number of at least 0. Left out: the shop's
    /// `low_stock_threshold`.
    THRESHOLD: Quantity = parameter("threshold", "5")
        .in_body("Stock at or below this quantity is low. Left out: the shop's `low_stock_threshold`.");
    /// `true`: list the locations that have stock.
    PICKUP: bool = parameter("pickup", "false").in_body("Whether the locations that have stock are listed.");

    /// What an alert is about: single rows, or variants summed over the locations asked for.
    LEVEL: AlertLevel = parameter("level", "location").in_body("What an alert is about.");
    /// What an alert is about: single rows, or variants summed over the locations asked for. Left out: `variant`.
    LOW_STOCK_LEVEL: AlertLevel = parameter(LEVEL.declared.name, "variant")
        .in_body("What an alert is about. Left out: `variant`.");
    /// Only shortages of at least this much: a decimal number of at least 0.
    MIN_SHORTAGE: Quantity = parameter("min_shortage", "1").in_body("Only shortages of at least this much.");

    /// What is ordered. Lines of one variant add up.
    LINES: BTreeMap<VariantId, Quantity> = parameter("lines", r#"[{"variant_id": 1061514767, "quantity": 2}]"#)
        .needed(true);
    /// The locations to use first, the most wanted first. Fewer locations count more than preferred ones.
    PREFER: Vec<LocationId> = parameter("prefer", "1007284");
}

/// The variants, as Haravan's documentation misspells them; the document does not show it.
pub(crate) const VATIANT_IDS: Parameter<IdList<VariantId>> = parameter("vatiant_ids", "");

/// The cells asked for.
const GRID: &[Declared] = &[LOCATION_IDS.declared, VARIANT_IDS.declared, VATIANT_IDS.declared];
/// How to answer.
const TERMS: &[Declared] = &[PARTIAL.declared, EXPLAIN.declared];

/// The rows of inventory.
pub static INVENTORY: Vocabulary = Vocabulary {
    cells: GRID,
    own: &[
        LIMIT.declared,
        PAGE.declared,
        SINCE_ID.declared,
        UPDATED_AT_MIN.declared,
        ORDER.declared,
        DIRECTION.declared,
    ],
    terms: TERMS,
    form: &[],
    others: Others::Ignored,
};

/// The list of locations.
pub static LOCATIONS: Vocabulary = Vocabulary {
    cells: &[],
    own: &[LOCATIONS_LIMIT.declared, LOCATIONS_PAGE.declared],
    terms: &[],
    form: &[],
    others: Others::Ignored,
};

/// The cells to forget.
pub static PURGE: Vocabulary = Vocabulary {
    cells: &[PURGED_VARIANT_IDS.declared, PURGED_LOCATION_IDS.declared, VATIANT_IDS.declared],
    own: &[],
    terms: &[],
    form: &[],
    others: Others::Refused,
};

/// Stock by variant, product or location.
pub static STOCK: Vocabulary = view(GRID, &[GROUP_BY.declared, BREAKDOWN.declared]);
/// Stock of the variant in the path.
pub static VARIANT_STOCK: Vocabulary = view(&[VARIANT_LOCATION_IDS.declared], &[]);
/// What may be promised.
pub static AVAILABILITY: Vocabulary =
    view(GRID, &[POOLING.declared, BUFFER.declared, CAP.declared, THRESHOLD.declared, PICKUP.declared]);
/// Negative stock.
pub static NEGATIVE: Vocabulary = view(GRID, &[LEVEL.declared, MIN_SHORTAGE.declared]);
/// Low stock.
pub static LOW_STOCK: Vocabulary = view(GRID, &[LOW_STOCK_LEVEL.declared, THRESHOLD.declared]);
/// Rows that do not add up.
pub static MISMATCH: Vocabulary = view(GRID, &[]);
/// An order to plan.
pub static FULFILMENT: Vocabulary =
    view(&[LINES.declared, SENDING_LOCATION_IDS.declared, PREFER.declared], &[]);

/// The vocabulary of a view: which cells it is about, and what it takes besides.
const fn view(cells: &'static [Declared], own: &'static [Declared]) -> Vocabulary {
    Vocabulary { cells, own, terms: TERMS, form: &[FORMAT.declared], others: Others::Refused }
}
