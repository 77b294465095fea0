//! Which parameters a route takes, and what becomes of other names.
//!
//! A filter that is ignored widens the answer without a word. So a name that is nearly one that is known is an error
//! that names the right one; and where the interface is ours alone, so is every other name.

use super::error::ParameterError;
use super::names::{LINES, LISTS, LOCATION_IDS, MAX_QUOTED, PREFER, VARIANT_IDS, VATIANT_IDS};
use super::query_string;
use crate::query::quoted;
use crate::spelling::{near_miss, nearest};

/// What a route takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vocabulary {
    /// The names, the most frequent first.
    names: &'static [&'static str],
    /// What becomes of others.
    others: Others,
}

/// What becomes of a name that is not known, nor nearly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Others {
    /// It is ignored, as Haravan ignores it.
    Ignored,
    /// It is an error.
    Refused,
}

/// The rows of inventory.
pub const INVENTORY: Vocabulary = Vocabulary {
    names: &[
        LOCATION_IDS,
        VARIANT_IDS,
        VATIANT_IDS,
        "limit",
        "since_id",
        "page",
        "order",
        "direction",
        "updated_at_min",
        "partial",
        "explain",
    ],
    others: Others::Ignored,
};

/// The list of locations.
pub const LOCATIONS: Vocabulary = Vocabulary { names: &["limit", "page"], others: Others::Ignored };

/// Stock by variant, product or location.
pub const STOCK: Vocabulary =
    view(&[LOCATION_IDS, VARIANT_IDS, VATIANT_IDS, "group_by", "breakdown", "partial", "explain", "format"]);

/// Stock of the variant in the path.
pub const VARIANT_STOCK: Vocabulary = view(&[LOCATION_IDS, "partial", "explain", "format"]);

/// What may be promised.
pub const AVAILABILITY: Vocabulary = view(&[
    LOCATION_IDS,
    VARIANT_IDS,
    VATIANT_IDS,
    "pooling",
    "buffer",
    "cap",
    "threshold",
    "pickup",
    "partial",
    "explain",
    "format",
]);

/// Negative stock.
pub const NEGATIVE: Vocabulary =
    view(&[LOCATION_IDS, VARIANT_IDS, VATIANT_IDS, "level", "min_shortage", "partial", "explain", "format"]);

/// Low stock.
pub const LOW_STOCK: Vocabulary =
    view(&[LOCATION_IDS, VARIANT_IDS, VATIANT_IDS, "level", "threshold", "partial", "explain", "format"]);

/// Rows that do not add up.
pub const MISMATCH: Vocabulary =
    view(&[LOCATION_IDS, VARIANT_IDS, VATIANT_IDS, "partial", "explain", "format"]);

/// An order to plan.
pub const FULFILMENT: Vocabulary = view(&[LINES, LOCATION_IDS, PREFER, "partial", "explain", "format"]);

/// The cells to forget.
pub const PURGE: Vocabulary = view(&[LOCATION_IDS, VARIANT_IDS, VATIANT_IDS]);

/// The vocabulary of a route that Haravan does not have: it refuses names that it does not know.
const fn view(names: &'static [&'static str]) -> Vocabulary {
    Vocabulary { names, others: Others::Refused }
}

impl Vocabulary {
    /// The parameter that a name of a query string means; `None` if it is ignored.
    pub(super) fn sent(&self, name: &str) -> Result<Option<&'static str>, ParameterError> {
        match self.known(name) {
            Some(known) => Ok(Some(known)),
            None => match query_string::decode(name) {
                Some(name) => self.meant(&name),
                None => self.other(name),
            },
        }
    }

    /// The parameter that a name means; `None` if it is ignored.
    pub(super) fn meant(&self, name: &str) -> Result<Option<&'static str>, ParameterError> {
        match self.known(name).or_else(|| self.list_of(name)) {
            Some(known) => Ok(Some(known)),
            None => self.other(name),
        }
    }

    fn known(&self, name: &str) -> Option<&'static str> {
        self.names.iter().copied().find(|known| *known == name)
    }

    /// The list that a name in one of the array styles is an item of: `variant_ids[]`, `variant_ids[0]`.
    fn list_of(&self, name: &str) -> Option<&'static str> {
        let (list, index) = name.strip_suffix(']')?.split_once('[')?;
        let is_index = index.bytes().all(|byte| byte.is_ascii_digit());
        self.known(list).filter(|known| is_index && LISTS.contains(known))
    }

    /// The names, for somebody who used another.
    fn listed(&self) -> String {
        // Two spellings of one name would be taken for two parameters.
        let names: Vec<&str> = self.names.iter().copied().filter(|name| *name != VATIANT_IDS).collect();
        names.join(", ")
    }

    fn other(&self, name: &str) -> Result<Option<&'static str>, ParameterError> {
        let names = || self.names.iter().copied();
        if name.is_empty() {
            // `?&a=1`, `?=1`: nothing was named.
            return Ok(None);
        }
        let meant = match self.others {
            Others::Ignored => match near_miss(name, names()) {
                Some(meant) => Some(meant),
                None => return Ok(None),
            },
            Others::Refused => near_miss(name, names()).or_else(|| nearest(name, names())),
        };
        let name = quoted(name, MAX_QUOTED);
        Err(match meant {
            Some(meant) => ParameterError::Misspelled { name, meant },
            None => ParameterError::Unknown { name, known: self.listed() },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{INVENTORY, STOCK, Vocabulary};

    #[track_caller]
    fn check(vocabulary: Vocabulary, name: &str, expected: Result<Option<&str>, &str>) {
        let meant = vocabulary.sent(name).map_err(|error| error.to_string());
        assert_eq!(meant.as_ref().map(|meant| *meant).map_err(String::as_str), expected, "{name}");
    }

    #[test]
    fn array_styles_of_a_list_are_the_list() {
        for name in ["variant_ids", "variant_ids[]", "variant_ids[0]", "variant_ids%5B17%5D", "variant%5Fids"]
        {
            check(INVENTORY, name, Ok(Some("variant_ids")));
            check(STOCK, name, Ok(Some("variant_ids")));
        }
        check(INVENTORY, "limit[]", Err("limit[]: unknown parameter, did you mean limit?"));
        check(
            INVENTORY,
            "variant_ids[a]",
            Err("variant_ids[a]: unknown parameter, did you mean variant_ids?"),
        );
        check(INVENTORY, "variant_ids[", Err("variant_ids[: unknown parameter, did you mean variant_ids?"));
    }

    #[test]
    fn a_near_miss_is_an_error_everywhere_and_another_name_where_the_interface_is_ours() {
        for vocabulary in [INVENTORY, STOCK] {
            let named = "location_id: unknown parameter, did you mean location_ids?";
            check(vocabulary, "location_id", Err(named));
            check(vocabulary, "", Ok(None));
        }
        check(STOCK, "groups_by", Err("groups_by: unknown parameter, did you mean group_by?"));
        let known = "the parameters here are location_ids, variant_ids, group_by, breakdown, partial, explain, \
                     format";
        for name in ["fields", "_", "%zz", "limit"] {
            check(INVENTORY, name, Ok((name == "limit").then_some("limit")));
            check(STOCK, name, Err(&format!("{name}: unknown parameter; {known}")));
        }
        let long = "x".repeat(100);
        let shown = "x".repeat(40);
        check(STOCK, &long, Err(&format!("{shown}…: unknown parameter; {known}")));
    }
}
