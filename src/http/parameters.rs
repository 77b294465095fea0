//! Parameters, from the query string or from a JSON body, as texts under their names.
//!
//! Both forms say the same in the same names. A name nobody knows is ignored, as Haravan ignores it; a value
//! that cannot be read is never replaced by a default. What the texts mean is [`crate::query`]'s to say.

mod body;
mod order_lines;
mod query_string;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeMap;

use smallvec::{SmallVec, smallvec};

use crate::domain::id::{LocationId, VariantId};
use crate::domain::quantity::{Quantity, QuantityError};
use crate::query::{IdList, QueryError, Selection, Slice};
use crate::view::alert::AlertLevel;
use crate::view::availability::Pooling;
use crate::view::stock::GroupBy;

pub use body::read_body;
pub use order_lines::LineError;

/// The locations asked for.
pub const LOCATION_IDS: &str = "location_ids";
/// The variants asked for.
pub const VARIANT_IDS: &str = "variant_ids";
/// The same, as Haravan's documentation misspells it.
pub const VATIANT_IDS: &str = "vatiant_ids";

/// The lines of an order.
pub const LINES: &str = "lines";
/// The locations to use first.
pub const PREFER: &str = "prefer";

/// The names of id lists: repeated ones are joined.
const LISTS: [&str; 4] = [LOCATION_IDS, VARIANT_IDS, VATIANT_IDS, PREFER];

/// The names of single values.
const VALUES: [&str; 17] = [
    "limit",
    "page",
    "since_id",
    "updated_at_min",
    "order",
    "direction",
    "partial",
    "explain",
    "group_by",
    "breakdown",
    "level",
    "min_shortage",
    "pooling",
    "buffer",
    "cap",
    "threshold",
    "pickup",
];

/// How much of a value an error quotes, in characters.
const MAX_QUOTED: usize = 40;

/// Why parameters cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParameterError {
    /// A value is not what it should be.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// A value's percent-encoding is broken.
    #[error("{parameter}: the value is not percent-encoded UTF-8")]
    Encoding {
        /// The parameter's name.
        parameter: &'static str,
    },
    /// A single value was given more than once.
    #[error("{parameter}: given more than once, with different values")]
    Repeated {
        /// The parameter's name.
        parameter: &'static str,
    },
    /// The query string and the body both say something.
    #[error("{parameter}: given both in the query string and in the body")]
    GivenTwice {
        /// The parameter's name.
        parameter: &'static str,
    },
    /// A member of the body is of the wrong type.
    #[error("{parameter}: expected {expected}")]
    Member {
        /// The parameter's name.
        parameter: &'static str,
        /// What it should have been.
        expected: &'static str,
    },
    /// A line of an order is not what it should be.
    #[error(transparent)]
    Line(#[from] LineError),
    /// There is no body.
    #[error("the body is empty; expected a JSON object")]
    EmptyBody,
    /// The body is no JSON.
    #[error("the body is not JSON (line {line}, column {column})")]
    NotJson {
        /// The line at which it stops being JSON.
        line: usize,
        /// The column.
        column: usize,
    },
    /// The body is JSON, but no object.
    #[error("the body is not a JSON object")]
    NotAnObject,
    /// The request broke off, or contradicts itself.
    #[error("the request cannot be read")]
    Request,
}

/// What was given, by name: few names, so they are not worth a map.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parameters<'a> {
    given: SmallVec<[Given<'a>; 2]>,
}

/// A parameter, and all that it was given as.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Given<'a> {
    parameter: &'static str,
    values: SmallVec<[Cow<'a, str>; 1]>,
}

impl<'a> Parameters<'a> {
    /// Reads a query string.
    ///
    /// # Errors
    /// A value's encoding is broken, or a single value was given twice and differs.
    pub fn from_query(query: &'a str) -> Result<Self, ParameterError> {
        let mut parameters = Self::default();
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            // A name whose encoding is broken is nobody's.
            let Some(parameter) = query_string::decode(name).and_then(|name| known(&name)) else { continue };
            let value = query_string::decode(value).ok_or(ParameterError::Encoding { parameter })?;
            match parameters.given.iter_mut().find(|given| given.parameter == parameter) {
                Some(given) if LISTS.contains(&parameter) => given.values.push(value),
                Some(given) if given.values.contains(&value) => {}
                Some(_) => return Err(ParameterError::Repeated { parameter }),
                None => parameters.given.push(Given { parameter, values: smallvec![value] }),
            }
        }
        Ok(parameters)
    }

    /// Adds what a JSON body says.
    ///
    /// # Errors
    /// The body is no JSON object, a member has the wrong type, or the query string has given it too.
    pub fn and_body(mut self, body: &[u8]) -> Result<Self, ParameterError> {
        for (parameter, values) in body::parse(body)? {
            if self.given.iter().any(|given| given.parameter == parameter) {
                return Err(ParameterError::GivenTwice { parameter });
            }
            let values = values.into_iter().map(Cow::Owned).collect();
            self.given.push(Given { parameter, values });
        }
        Ok(self)
    }

    /// The same, to be kept for longer than what it was read from.
    #[must_use]
    pub fn into_owned(self) -> Parameters<'static> {
        let owned = |Given { parameter, values }: Given<'_>| {
            let values = values.into_iter().map(|value| Cow::Owned(value.into_owned())).collect();
            Given { parameter, values }
        };
        Parameters { given: self.given.into_iter().map(owned).collect() }
    }

    /// A single value.
    #[must_use]
    pub fn value(&self, name: &'static str) -> Option<&str> {
        self.values(name)?.first().map(Cow::as_ref)
    }

    fn values(&self, name: &'static str) -> Option<&[Cow<'a, str>]> {
        self.given.iter().find(|given| given.parameter == name).map(|given| &*given.values)
    }

    /// Whether a switch is on; off if it is not given.
    ///
    /// # Errors
    /// It is given, but neither `true` nor `false`.
    pub fn flag(&self, name: &'static str) -> Result<bool, QueryError> {
        match self.value(name).map(str::trim) {
            None | Some("false" | "0") => Ok(false),
            Some("true" | "1") => Ok(true),
            Some(value) => Err(bad_value(name, value, "true or false")),
        }
    }

    /// The variants asked for, if any were named, under either spelling.
    ///
    /// # Errors
    /// A list is none, or the two spellings name different variants.
    pub fn variants(&self) -> Result<Option<IdList<VariantId>>, QueryError> {
        let variants = self.ids::<VariantId>(VARIANT_IDS)?;
        let misspelled = self.ids::<VariantId>(VATIANT_IDS)?;
        match (variants, misspelled) {
            (Some(variants), Some(misspelled)) if variants != misspelled => {
                Err(QueryError::Contradiction { first: VARIANT_IDS, second: VATIANT_IDS })
            }
            (variants, misspelled) => Ok(variants.or(misspelled)),
        }
    }

    /// The locations asked for, if any were named.
    ///
    /// # Errors
    /// The list is none.
    pub fn locations(&self) -> Result<Option<IdList<LocationId>>, QueryError> {
        self.ids(LOCATION_IDS)
    }

    /// What is ordered of each variant.
    ///
    /// # Errors
    /// There are no lines, or one of them is none.
    pub fn lines(&self) -> Result<BTreeMap<VariantId, Quantity>, LineError> {
        order_lines::parse(self.value(LINES).ok_or(LineError::NoLines)?)
    }

    /// The locations to use first, in the order in which they were named; none if none were.
    ///
    /// # Errors
    /// One is no id.
    pub fn preferred(&self) -> Result<Vec<LocationId>, QueryError> {
        let items = self.values(PREFER).into_iter().flatten().flat_map(|item| item.split(','));
        let items = items.map(str::trim).filter(|item| !item.is_empty());
        items.map(|item| item.parse().map_err(|_| bad_value(PREFER, item, "a positive integer"))).collect()
    }

    /// Which rows are wanted, in what order.
    ///
    /// # Errors
    /// As [`Selection::parse`].
    pub fn selection(&self) -> Result<Selection, QueryError> {
        Selection::parse(|name| self.value(name))
    }

    /// `limit` and `page`.
    ///
    /// # Errors
    /// As [`Slice::parse`].
    pub fn slice(&self) -> Result<Option<Slice>, QueryError> {
        Slice::parse(self.value("limit").map(str::trim), self.value("page").map(str::trim))
    }

    /// `group_by`.
    ///
    /// # Errors
    /// It is something else.
    pub fn group_by(&self) -> Result<GroupBy, QueryError> {
        match self.value("group_by").map(str::trim) {
            None => Ok(GroupBy::default()),
            Some("variant") => Ok(GroupBy::Variant),
            Some("product") => Ok(GroupBy::Product),
            Some("location") => Ok(GroupBy::Location),
            Some(value) => Err(bad_value("group_by", value, "variant, product or location")),
        }
    }

    /// `level`.
    ///
    /// # Errors
    /// It is something else.
    pub fn level(&self) -> Result<Option<AlertLevel>, QueryError> {
        match self.value("level").map(str::trim) {
            None => Ok(None),
            Some("location") => Ok(Some(AlertLevel::Location)),
            Some("variant") => Ok(Some(AlertLevel::Variant)),
            Some(value) => Err(bad_value("level", value, "location or variant")),
        }
    }

    /// `pooling`.
    ///
    /// # Errors
    /// It is something else.
    pub fn pooling(&self) -> Result<Pooling, QueryError> {
        match self.value("pooling").map(str::trim) {
            None => Ok(Pooling::default()),
            Some("net") => Ok(Pooling::Net),
            Some("positive") => Ok(Pooling::Positive),
            Some(value) => Err(bad_value("pooling", value, "net or positive")),
        }
    }

    /// A quantity that is not below zero.
    ///
    /// # Errors
    /// It is something else.
    pub fn quantity(&self, name: &'static str) -> Result<Option<Quantity>, QueryError> {
        let Some(value) = self.value(name).map(str::trim) else { return Ok(None) };
        match Quantity::parse(value) {
            Ok(quantity) if !quantity.is_negative() => Ok(Some(quantity)),
            Err(QuantityError::OutOfRange) => Err(bad_value(
                name,
                value,
                "a decimal number of at least 0, of at most 38 significant digits",
            )),
            Ok(_) | Err(QuantityError::NotANumber) => {
                Err(bad_value(name, value, "a decimal number of at least 0"))
            }
        }
    }

    fn ids<I: Copy + Ord + std::str::FromStr + TryFrom<u64>>(
        &self,
        name: &'static str,
    ) -> Result<Option<IdList<I>>, QueryError> {
        let list = |items: &[Cow<'a, str>]| IdList::from_items(name, items.iter().map(Cow::as_ref));
        self.values(name).map(list).transpose()
    }
}

/// The parameter of this name, if there is one.
fn known(name: &str) -> Option<&'static str> {
    LISTS.into_iter().chain(VALUES).chain([LINES]).find(|known| *known == name)
}

fn bad_value(parameter: &'static str, value: &str, expected: &'static str) -> QueryError {
    let mut quoted: String = value.chars().take(MAX_QUOTED).collect();
    if quoted.len() < value.len() {
        quoted.push('…');
    }
    QueryError::BadValue { parameter, value: quoted, expected }
}
