//! What Haravan would have said: worked out naively from every row a shop has, on texts, with none of our code.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::Value;
use serde_json::value::RawValue;
use tonkho::sandbox::handle::ShopHandle;

/// A row, as text and as what the oracle needs of it.
#[derive(Debug, Clone)]
pub(crate) struct OracleRow {
    pub(crate) id: u64,
    pub(crate) loc_id: u64,
    pub(crate) variant_id: u64,
    pub(crate) onhand: Decimal,
    pub(crate) commited: Decimal,
    pub(crate) incoming: Decimal,
    pub(crate) available: Decimal,
    pub(crate) updated_at: Timestamp,
    pub(crate) text: String,
}

/// Which rows are wanted, in the words of Haravan's parameters.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    pub(crate) variant_ids: Vec<u64>,
    pub(crate) location_ids: Vec<u64>,
    pub(crate) since_id: Option<u64>,
    pub(crate) updated_at_min: Option<String>,
    pub(crate) by_updated_at: bool,
    pub(crate) descending: bool,
    pub(crate) limit: Option<usize>,
    pub(crate) page: Option<usize>,
}

/// Every row of a shop.
pub(crate) fn rows(shop: &ShopHandle) -> Vec<OracleRow> {
    shop.rows().into_iter().map(|row| OracleRow::read(row.json)).collect()
}

/// The locations, of those that `locations.json` lists, whose stock can be sold.
pub(crate) fn selling(locations: &Value) -> BTreeSet<u64> {
    let listed = locations["locations"].as_array().unwrap().iter();
    let sells = |location: &&Value| {
        location["location_type"] != "ontheroad" && location["is_unavailable_quantity"] != true
    };
    listed.filter(sells).map(|location| location["id"].as_u64().unwrap()).collect()
}

impl OracleRow {
    fn read(text: String) -> Self {
        let fields: std::collections::BTreeMap<String, Box<RawValue>> = serde_json::from_str(&text).unwrap();
        let whole = |name: &str| fields[name].get().parse().unwrap();
        let decimal = |name: &str| fields[name].get().parse().unwrap();
        let updated_at: String = serde_json::from_str(fields["updated_at"].get()).unwrap();
        Self {
            id: whole("id"),
            loc_id: whole("loc_id"),
            variant_id: whole("variant_id"),
            onhand: decimal("qty_onhand"),
            commited: decimal("qty_commited"),
            incoming: decimal("qty_incoming"),
            available: decimal("qty_available"),
            updated_at: updated_at.parse().unwrap(),
            text,
        }
    }
}

impl Wanted {
    /// The texts of the rows wanted, in the order wanted.
    pub(crate) fn answer(&self, rows: &[OracleRow]) -> Vec<String> {
        let variants: BTreeSet<u64> = self.variant_ids.iter().copied().collect();
        let locations: BTreeSet<u64> = self.location_ids.iter().copied().collect();
        let mut wanted: Vec<&OracleRow> = rows
            .iter()
            .filter(|row| variants.contains(&row.variant_id) && locations.contains(&row.loc_id))
            .filter(|row| self.since_id.is_none_or(|since| since < row.id))
            .filter(|row| self.min().is_none_or(|min| min <= row.updated_at))
            .collect();
        wanted.sort_by_key(|row| row.id);
        if self.by_updated_at {
            // Stable: ties stay in the order of their ids, either way.
            wanted.sort_by_key(|row| row.updated_at);
            if self.descending {
                wanted.sort_by_key(|row| std::cmp::Reverse(row.updated_at));
            }
        } else if self.descending {
            wanted.reverse();
        }
        let texts = wanted.into_iter().map(|row| row.text.clone());
        if self.limit.is_none() && self.page.is_none() {
            return texts.collect();
        }
        let limit = self.limit.unwrap_or(250);
        texts.skip((self.page.unwrap_or(1) - 1) * limit).take(limit).collect()
    }

    /// The query string that asks for it.
    pub(crate) fn query(&self) -> String {
        let mut query = crate::gateway::grid(&self.variant_ids, &self.location_ids);
        let mut add = |name: &str, value: String| query.push_str(&format!("&{name}={value}"));
        if let Some(since) = self.since_id {
            add("since_id", since.to_string());
        }
        if let Some(min) = &self.updated_at_min {
            add("updated_at_min", min.replace('+', "%2B"));
        }
        if self.by_updated_at {
            add("order", "updated_at".to_owned());
        }
        if self.descending {
            add("direction", "desc".to_owned());
        }
        if let Some(limit) = self.limit {
            add("limit", limit.to_string());
        }
        if let Some(page) = self.page {
            add("page", page.to_string());
        }
        query
    }

    fn min(&self) -> Option<Timestamp> {
        self.updated_at_min.as_ref().map(|text| text.parse().unwrap())
    }
}

/// A JSON number, exactly.
#[track_caller]
pub(crate) fn decimal(value: &Value) -> Decimal {
    match value.to_string().parse() {
        Ok(decimal) => decimal,
        Err(error) => panic!("{value}: {error}"),
    }
}
