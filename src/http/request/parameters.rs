//! Parameters, from the query string or from a JSON body, as texts under their names.
//!
//! Both forms say the same in the same names; which names there are is a route's [`Vocabulary`]. A value that cannot be
//! read is never replaced by a default; a single one that is there and empty counts as not given, and so does a member
//! of a body that is null. What the texts mean is [`crate::query`]'s to say.

mod body;
pub mod error;
pub(crate) mod names;
mod order_lines;
mod query_string;
#[cfg(test)]
mod tests;
pub mod vocabulary;

use std::borrow::Cow;
use std::collections::BTreeMap;

use smallvec::{SmallVec, smallvec};

use error::{LineError, ParameterError, bounded};
use names::{LINES, LISTS, LOCATION_IDS, MAX_QUOTED, PREFER, VARIANT_IDS, VATIANT_IDS};

use super::accept::Form;
use crate::domain::id::{LocationId, VariantId};
use crate::domain::quantity::{Quantity, QuantityError};
use crate::query::{IdList, QueryError, Selection, Slice, quoted};
use crate::view::alert::AlertLevel;
use crate::view::availability::Pooling;
use crate::view::stock::GroupBy;

pub(crate) use body::read_body;
pub use vocabulary::Vocabulary;

/// What was given, by name: few names, so they are not worth a map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameters<'a> {
    vocabulary: &'static Vocabulary,
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
    /// A name is not one to be ignored, a value's encoding is broken, or a single value was given twice and differs.
    pub fn from_query(vocabulary: &'static Vocabulary, query: &'a str) -> Result<Self, ParameterError> {
        let mut parameters = Self { vocabulary, given: SmallVec::new() };
        let mut ignored = 0;
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let Some(parameter) = vocabulary.sent(name)? else {
                ignored += 1;
                bounded(ignored)?;
                continue;
            };
            let value = query_string::decode(value).ok_or(ParameterError::Encoding { parameter })?;
            let is_list = LISTS.contains(&parameter);
            if !is_list && value.trim().is_empty() {
                continue;
            }
            match parameters.given.iter_mut().find(|given| given.parameter == parameter) {
                Some(given) if is_list => given.values.push(value),
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
    /// The body is no JSON object, a member has the wrong type or a name that is not one to be ignored, or the query
    /// string has given it too.
    pub fn and_body(mut self, body: &[u8]) -> Result<Self, ParameterError> {
        let in_query = self.given.len();
        for (parameter, values) in body::parse(self.vocabulary, body)? {
            let values = values.into_iter().map(Cow::Owned);
            match self.given.iter().position(|given| given.parameter == parameter) {
                Some(place) if place < in_query => return Err(ParameterError::GivenTwice { parameter }),
                // A list in two of its spellings.
                Some(place) => self.given.iter_mut().skip(place).take(1).for_each(|given| {
                    given.values.extend(values.clone());
                }),
                None => self.given.push(Given { parameter, values: values.collect() }),
            }
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
        Parameters { vocabulary: self.vocabulary, given: self.given.into_iter().map(owned).collect() }
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
            Some(value) if value.eq_ignore_ascii_case("true") => Ok(true),
            Some(value) if value.eq_ignore_ascii_case("false") => Ok(false),
            Some(value) => Err(bad_value(name, value, "true or false")),
        }
    }

    /// The variants asked for, if any were named, under either spelling.
    ///
    /// # Errors
    /// A list is malformed, or the two spellings name different variants.
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
    /// The list is malformed.
    pub fn locations(&self) -> Result<Option<IdList<LocationId>>, QueryError> {
        self.ids(LOCATION_IDS)
    }

    /// Whether any locations were named, readable or not.
    #[must_use]
    pub fn name_locations(&self) -> bool {
        self.values(LOCATION_IDS).is_some()
    }

    /// What is ordered of each variant.
    ///
    /// # Errors
    /// There are no lines, or one of them is malformed.
    pub fn lines(&self) -> Result<BTreeMap<VariantId, Quantity>, LineError> {
        order_lines::parse(self.value(LINES).ok_or(LineError::NoLines)?)
    }

    /// The locations to use first, in the order in which they were named; empty if the request names no location.
    ///
    /// # Errors
    /// One of them is not an id.
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
        let choices =
            [("variant", GroupBy::Variant), ("product", GroupBy::Product), ("location", GroupBy::Location)];
        Ok(self.choice("group_by", choices, "variant, product or location")?.unwrap_or_default())
    }

    /// `level`.
    ///
    /// # Errors
    /// It is something else.
    pub fn level(&self) -> Result<Option<AlertLevel>, QueryError> {
        let choices = [("location", AlertLevel::Location), ("variant", AlertLevel::Variant)];
        self.choice("level", choices, "location or variant")
    }

    /// `pooling`.
    ///
    /// # Errors
    /// It is something else.
    pub fn pooling(&self) -> Result<Pooling, QueryError> {
        let choices = [("net", Pooling::Net), ("positive", Pooling::Positive)];
        Ok(self.choice("pooling", choices, "net or positive")?.unwrap_or_default())
    }

    /// `format`.
    ///
    /// # Errors
    /// It is something else.
    pub fn form(&self) -> Result<Option<Form>, QueryError> {
        let choices = [
            ("json", Form::Json),
            ("csv", Form::Csv),
            ("csv-excel", Form::CsvForExcel),
            ("ndjson", Form::Ndjson),
        ];
        self.choice("format", choices, "json, csv, csv-excel or ndjson")
    }

    /// One of a few words, in any case.
    fn choice<T, const N: usize>(
        &self,
        name: &'static str,
        choices: [(&str, T); N],
        expected: &'static str,
    ) -> Result<Option<T>, QueryError> {
        let Some(value) = self.value(name).map(str::trim) else { return Ok(None) };
        let chosen = choices.into_iter().find(|(word, _)| word.eq_ignore_ascii_case(value));
        chosen.map(|(_, choice)| Some(choice)).ok_or_else(|| bad_value(name, value, expected))
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

fn bad_value(parameter: &'static str, value: &str, expected: &'static str) -> QueryError {
    QueryError::BadValue { parameter, value: quoted(value, MAX_QUOTED), expected }
}
