//! The rows of a shop: kept as JSON text, found by (variant, location), and asked for in pages.

use std::cmp::Ordering;

use jiff::Timestamp;
use rust_decimal::Decimal;
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::raw::RawObject;

/// Why a text is not taken as a row.
#[derive(Debug, Error)]
#[error("a row needs the whole numbers id, loc_id and variant_id: {0}")]
pub struct RowError(#[from] serde_json::Error);

/// A row as it stands, for tests that compare answers with the truth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RowSnapshot {
    /// The row's own id.
    pub id: u64,
    /// The location.
    pub loc_id: u64,
    /// The variant.
    pub variant_id: u64,
    /// The variant's product; 0 if the row does not say.
    pub product_id: u64,
    /// The time of the last change, as spelled in the row.
    pub updated_at: String,
    /// The row's JSON text, exactly as it is answered.
    pub json: String,
}

/// A row with what it is found and ordered by.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) id: u64,
    pub(super) loc_id: u64,
    pub(super) variant_id: u64,
    pub(super) product_id: u64,
    /// Unreadable times count as the earliest.
    pub(super) updated_at: Timestamp,
    pub(super) json: String,
    place: u64,
}

/// How rows are placed when the question names no order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Placing {
    /// As they came.
    AsGiven,
    /// Stable, and unlike any order one could rely on.
    Scrambled,
}

/// The order of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// None asked for.
    Unordered,
    /// By row id, upwards.
    Id,
    /// By row id, downwards.
    IdDescending,
    /// By time of change, then id, upwards.
    UpdatedAt,
    /// By time of change, then id, downwards.
    UpdatedAtDescending,
}

/// What a page is to hold.
#[derive(Debug)]
pub(super) struct PageQuery<'a> {
    pub(super) variant_ids: &'a [u64],
    pub(super) location_ids: &'a [u64],
    pub(super) since_id: Option<u64>,
    pub(super) updated_at_min: Option<Timestamp>,
    pub(super) order: Order,
    pub(super) limit: usize,
}

/// All rows of a shop.
#[derive(Debug)]
pub(super) struct Store {
    placing: Placing,
    rows: FxHashMap<(u64, u64), Row>,
    next_place: u64,
}

/// The fields a row is found by; the rest of its text is passed on unread.
#[derive(Deserialize)]
struct RowKeys {
    id: u64,
    loc_id: u64,
    variant_id: u64,
    #[serde(default)]
    product_id: u64,
    #[serde(default)]
    updated_at: String,
}

impl RowSnapshot {
    pub(super) fn of(row: &Row) -> Self {
        let keys: Option<RowKeys> = serde_json::from_str(&row.json).ok();
        Self {
            id: row.id,
            loc_id: row.loc_id,
            variant_id: row.variant_id,
            product_id: row.product_id,
            updated_at: keys.map(|keys| keys.updated_at).unwrap_or_default(),
            json: row.json.clone(),
        }
    }
}

impl Row {
    /// Reads the keys of a row's text and keeps the text.
    pub(super) fn parse(json: &str) -> Result<Self, RowError> {
        let keys: RowKeys = serde_json::from_str(json)?;
        Ok(Self {
            id: keys.id,
            loc_id: keys.loc_id,
            variant_id: keys.variant_id,
            product_id: keys.product_id,
            updated_at: keys.updated_at.parse().unwrap_or(Timestamp::MIN),
            json: json.trim().to_owned(),
            place: 0,
        })
    }

    /// A row whose keys are known already; `json` must say the same.
    pub(super) fn known(keys: (u64, u64, u64, u64), updated_at: Timestamp, json: String) -> Self {
        let (id, loc_id, variant_id, product_id) = keys;
        Self { id, loc_id, variant_id, product_id, updated_at, json, place: 0 }
    }

    /// A row of a cell that had none, changed now. The keys are its id, its location, its variant and its product.
    pub(super) fn new(keys: (u64, u64, u64, u64), available: Decimal) -> Result<Self, RowError> {
        let (id, loc_id, variant_id, product_id) = keys;
        let json = RawObject::default()
            .raw("id", id)
            .raw("loc_id", loc_id)
            .raw("product_id", product_id)
            .raw("variant_id", variant_id)
            .raw("qty_onhand", available)
            .raw("qty_commited", 0)
            .raw("qty_incoming", 0)
            .raw("qty_available", available)
            .text("updated_at", &format!("{:.3}", Timestamp::now()));
        Self::parse(&json.to_string())
    }

    /// Some of the quantities; zero for what is missing or does not fit.
    pub(super) fn quantities<const N: usize>(&self, fields: [&str; N]) -> [Decimal; N] {
        let object: RawObject = serde_json::from_str(&self.json).unwrap_or_default();
        fields.map(|field| object.get(field).and_then(|text| text.parse().ok()).unwrap_or(Decimal::ZERO))
    }

    /// The row with another quantity, changed now (or just after its last change, if that is later).
    ///
    /// `qty_onhand` follows, so that available is on hand less committed; every other field stays as it was.
    pub(super) fn with_available(&self, available: Decimal, now: Timestamp) -> Result<Self, RowError> {
        let mut object: RawObject = serde_json::from_str(&self.json)?;
        let [commited] = self.quantities(["qty_commited"]);
        object.set("qty_onhand", available.saturating_add(commited));
        object.set("qty_available", available);
        let later = Timestamp::from_millisecond(self.updated_at.as_millisecond().saturating_add(1));
        let changed = later.map_or(now, |later| later.max(now));
        object.set("updated_at", format_args!("\"{changed:.3}\""));
        Ok(Self { place: self.place, ..Self::parse(&object.to_string())? })
    }
}

impl Store {
    pub(super) fn new(placing: Placing) -> Self {
        Self { placing, rows: FxHashMap::default(), next_place: 0 }
    }

    /// Inserts a row, or replaces the one in its cell, which keeps its place.
    pub(super) fn put(&mut self, mut row: Row) {
        let cell = (row.variant_id, row.loc_id);
        row.place = match (self.rows.get(&cell), self.placing) {
            (Some(old), _) => old.place,
            (None, Placing::Scrambled) => scramble(row.id),
            (None, Placing::AsGiven) => self.next_place,
        };
        self.next_place = self.next_place.saturating_add(1);
        self.rows.insert(cell, row);
    }

    pub(super) fn get(&self, variant_id: u64, loc_id: u64) -> Option<&Row> {
        self.rows.get(&(variant_id, loc_id))
    }

    pub(super) fn delete(&mut self, variant_id: u64, loc_id: u64) -> Option<Row> {
        self.rows.remove(&(variant_id, loc_id))
    }

    /// The highest row id, or 0.
    pub(super) fn newest_id(&self) -> u64 {
        self.rows.values().map(|row| row.id).max().unwrap_or(0)
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Every row, by id.
    pub(super) fn snapshots(&self) -> Vec<RowSnapshot> {
        let mut rows: Vec<_> = self.rows.values().map(RowSnapshot::of).collect();
        rows.sort_unstable_by_key(|row| row.id);
        rows
    }

    /// One row.
    pub(super) fn snapshot(&self, variant_id: u64, loc_id: u64) -> Option<RowSnapshot> {
        self.get(variant_id, loc_id).map(RowSnapshot::of)
    }

    /// The rows of a page. Filters come first, then the order, then the limit: paging by `since_id` without
    /// an order loses rows, as it may upstream (guess).
    pub(super) fn page(&self, query: &PageQuery<'_>) -> Vec<&Row> {
        let mut rows: Vec<&Row> = self
            .asked_for(query.variant_ids, query.location_ids)
            .filter(|row| query.since_id.is_none_or(|since| since < row.id))
            .filter(|row| query.updated_at_min.is_none_or(|min| min <= row.updated_at))
            .collect();
        rows.sort_unstable_by(|left, right| query.order.compare(left, right));
        rows.truncate(query.limit);
        rows
    }

    /// The rows in the cells asked for, each once.
    pub(super) fn asked_for(&self, variant_ids: &[u64], location_ids: &[u64]) -> impl Iterator<Item = &Row> {
        let variants: FxHashSet<u64> = variant_ids.iter().copied().collect();
        let locations: FxHashSet<u64> = location_ids.iter().copied().collect();
        variants.into_iter().flat_map(move |variant| {
            let rows: Vec<&Row> =
                locations.iter().filter_map(|loc| self.rows.get(&(variant, *loc))).collect();
            rows
        })
    }

    /// Some rows outside the question: those of the lowest ids.
    pub(super) fn strangers(&self, query: &PageQuery<'_>, count: usize) -> Vec<&Row> {
        let asked = |row: &Row| {
            query.variant_ids.contains(&row.variant_id) && query.location_ids.contains(&row.loc_id)
        };
        if count == 0 {
            return Vec::new();
        }
        let mut strangers: Vec<&Row> = self.rows.values().filter(|row| !asked(row)).collect();
        strangers.sort_unstable_by_key(|row| row.id);
        strangers.truncate(count);
        strangers
    }
}

impl Order {
    /// Reads `order` and `direction`; what is not understood counts as left out (guess).
    pub(super) fn parse(order: Option<&str>, direction: Option<&str>) -> Self {
        let descending = direction.is_some_and(|text| text.eq_ignore_ascii_case("desc"));
        match (order, descending) {
            (Some("id"), false) => Self::Id,
            (Some("id"), true) => Self::IdDescending,
            (Some("updated_at"), false) => Self::UpdatedAt,
            (Some("updated_at"), true) => Self::UpdatedAtDescending,
            _ => Self::Unordered,
        }
    }

    fn compare(self, left: &Row, right: &Row) -> Ordering {
        let by_time = |left: &Row, right: &Row| (left.updated_at, left.id).cmp(&(right.updated_at, right.id));
        match self {
            Self::Unordered => (left.place, left.id).cmp(&(right.place, right.id)),
            Self::Id => left.id.cmp(&right.id),
            Self::IdDescending => right.id.cmp(&left.id),
            Self::UpdatedAt => by_time(left, right),
            Self::UpdatedAtDescending => by_time(right, left),
        }
    }
}

/// Spreads ids over all numbers (the finaliser of splitmix64).
fn scramble(id: u64) -> u64 {
    let mixed = (id ^ (id >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &str = r#"{"id":7,"loc_id":1,"product_id":3,"variant_id":2,"qty_onhand":5.50,"qty_commited":2,"qty_incoming":1.0,"qty_available":3.50,"updated_at":"2021-07-08T01:47:17.6Z","bin":"A 1"}"#;

    #[test]
    fn a_changed_quantity_leaves_the_other_fields_as_they_were() {
        let row = Row::parse(ROW).unwrap();
        let changed = row.with_available(9.into(), "2026-01-02T03:04:05.678901Z".parse().unwrap()).unwrap();
        let expected = r#"{"id":7,"loc_id":1,"product_id":3,"variant_id":2,"qty_onhand":11,"qty_commited":2,"qty_incoming":1.0,"qty_available":9,"updated_at":"2026-01-02T03:04:05.678Z","bin":"A 1"}"#;
        assert_eq!(changed.json, expected);
    }

    #[test]
    fn a_change_is_later_than_the_one_before_even_if_the_clock_is_not() {
        let row = Row::parse(ROW).unwrap();
        let changed = row.with_available(1.into(), Timestamp::UNIX_EPOCH).unwrap();
        assert!(row.updated_at < changed.updated_at);
    }

    #[test]
    fn a_row_without_ids_is_refused() {
        assert!(Row::parse(r#"{"id":1,"loc_id":2}"#).is_err());
        assert!(Row::parse("[]").is_err());
    }
}
