//! Parameters, from the query string or from a JSON body, as texts under their names.
//!
//! Both forms say the same in the same names; which names there are is a route's [`Vocabulary`]. A value that cannot be
//! read is never replaced by a default; a single one that is there and empty counts as not given, and so does a member
//! of a body that is null. What the texts mean is [`crate::query`]'s to say.

pub(crate) mod body;
pub(crate) mod declared;
pub mod error;
mod order_lines;
mod query_string;
pub mod table;
#[cfg(test)]
mod tests;
mod values;
mod vocabulary;

use std::borrow::Cow;

use smallvec::{SmallVec, smallvec};

use crate::domain::id::{LocationId, VariantId};
use crate::query::{IdList, QueryError, Selection, Slice};
use declared::{Parameter, Value};
use error::{ParameterError, bounded};
use table::{
    DIRECTION, LIMIT, LOCATION_IDS, ORDER, PAGE, SINCE_ID, UPDATED_AT_MIN, VARIANT_IDS, VATIANT_IDS,
};

pub(crate) use body::read_body;
pub use vocabulary::Vocabulary;

/// What was given, as texts by name: few names, so they are not worth a map.
#[derive(Debug)]
pub(crate) struct Texts<'a> {
    vocabulary: &'static Vocabulary,
    given: SmallVec<[Given<'a>; 2]>,
}

/// Parameters whose lists of cells are read. That takes the texts, so nothing reads a list for the second time.
#[derive(Debug)]
pub struct Parameters<'a> {
    texts: Texts<'a>,
    variants: Result<Option<IdList<VariantId>>, ParameterError>,
    locations: Result<Option<IdList<LocationId>>, ParameterError>,
}

/// A parameter, and all that it was given as.
#[derive(Debug)]
struct Given<'a> {
    parameter: &'static str,
    values: SmallVec<[Cow<'a, str>; 1]>,
}

impl<'a> Texts<'a> {
    /// Takes a query string apart.
    ///
    /// # Errors
    /// A name is not one to be ignored, a value's encoding is broken, or a single value was given twice and differs.
    pub(crate) fn from_query(
        vocabulary: &'static Vocabulary,
        query: &'a str,
    ) -> Result<Self, ParameterError> {
        let mut texts = Self { vocabulary, given: SmallVec::new() };
        let mut ignored = 0;
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let Some(declared) = vocabulary.sent(name)? else {
                ignored += 1;
                bounded(ignored)?;
                continue;
            };
            let (parameter, is_list) = (declared.name, declared.is_list());
            let value = query_string::decode(value).ok_or(ParameterError::Encoding { parameter })?;
            if !is_list && value.trim().is_empty() {
                continue;
            }
            match texts.given.iter_mut().find(|given| given.parameter == parameter) {
                Some(given) if is_list => given.values.push(value),
                Some(given) if given.values.contains(&value) => {}
                Some(_) => return Err(ParameterError::Repeated { parameter }),
                None => texts.given.push(Given { parameter, values: smallvec![value] }),
            }
        }
        Ok(texts)
    }

    /// Adds what a JSON body says.
    ///
    /// # Errors
    /// The body is no JSON object, a member has the wrong type or a name that is not one to be ignored, or the query
    /// string has given it too.
    pub(crate) fn and_body(mut self, body: &[u8]) -> Result<Self, ParameterError> {
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

    /// Reads the lists of cells.
    pub(crate) fn read(mut self) -> Parameters<'a> {
        let variants = self.take_variants();
        let locations = self.take(&LOCATION_IDS);
        Parameters { texts: self, variants, locations }
    }

    /// The same, to be kept for longer than what it was read from.
    pub(crate) fn into_owned(self) -> Texts<'static> {
        let owned = |Given { parameter, values }: Given<'_>| {
            let values = values.into_iter().map(|value| Cow::Owned(value.into_owned())).collect();
            Given { parameter, values }
        };
        Texts { vocabulary: self.vocabulary, given: self.given.into_iter().map(owned).collect() }
    }

    /// The variants asked for, if any were named, under either spelling.
    fn take_variants(&mut self) -> Result<Option<IdList<VariantId>>, ParameterError> {
        match (self.take(&VARIANT_IDS)?, self.take(&VATIANT_IDS)?) {
            (Some(variants), Some(misspelled)) if variants != misspelled => {
                let (first, second) = (VARIANT_IDS.declared.name, VATIANT_IDS.declared.name);
                Err(QueryError::Contradiction { first, second }.into())
            }
            (variants, misspelled) => Ok(variants.or(misspelled)),
        }
    }

    /// Reads a parameter, and forgets its text.
    fn take<T: Value>(&mut self, parameter: &Parameter<T>) -> Result<Option<T>, ParameterError> {
        let name = parameter.declared.name;
        let Some(place) = self.given.iter().position(|given| given.parameter == name) else {
            return Ok(None);
        };
        T::read(name, &self.given.remove(place).values).map(Some)
    }
}

impl<'a> Parameters<'a> {
    /// Reads a query string.
    ///
    /// # Errors
    /// A name is not one to be ignored, a value's encoding is broken, or a single value was given twice and differs.
    pub fn from_query(vocabulary: &'static Vocabulary, query: &'a str) -> Result<Self, ParameterError> {
        Texts::from_query(vocabulary, query).map(Texts::read)
    }

    /// The same, to be kept for longer than what it was read from.
    #[must_use]
    pub fn into_owned(self) -> Parameters<'static> {
        let Self { texts, variants, locations } = self;
        Parameters { texts: texts.into_owned(), variants, locations }
    }

    /// Whether they were read in these words.
    #[must_use]
    pub(crate) fn are_of(&self, vocabulary: &'static Vocabulary) -> bool {
        std::ptr::eq(self.texts.vocabulary, vocabulary)
    }

    /// What a parameter was given as, if it was given.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn get<T: Value>(&self, parameter: &Parameter<T>) -> Result<Option<T>, ParameterError> {
        let name = parameter.declared.name;
        let given = self.texts.given.iter().find(|given| given.parameter == name);
        given.map(|given| T::read(name, &given.values)).transpose()
    }

    /// Whether a switch is on; off if it is not given.
    ///
    /// # Errors
    /// It is given, but neither `true` nor `false`.
    pub(crate) fn is_on(&self, switch: &Parameter<bool>) -> Result<bool, ParameterError> {
        Ok(self.get(switch)?.unwrap_or_default())
    }

    /// The variants asked for, if any were named, under either spelling.
    ///
    /// # Errors
    /// A list is malformed, or the two spellings name different variants.
    pub fn variants(&self) -> Result<Option<IdList<VariantId>>, ParameterError> {
        self.variants.clone()
    }

    /// The locations asked for, if any were named.
    ///
    /// # Errors
    /// The list is malformed.
    pub fn locations(&self) -> Result<Option<IdList<LocationId>>, ParameterError> {
        self.locations.clone()
    }

    /// Whether any locations were named, readable or not.
    #[must_use]
    pub fn name_locations(&self) -> bool {
        !matches!(self.locations, Ok(None))
    }

    /// Which rows are wanted, in what order.
    ///
    /// # Errors
    /// A value that Haravan's documentation does not allow.
    pub fn selection(&self) -> Result<Selection, ParameterError> {
        Ok(Selection {
            since_id: self.get(&SINCE_ID)?.unwrap_or_default(),
            updated_at_min: self.get(&UPDATED_AT_MIN)?,
            order: self.get(&ORDER)?.unwrap_or_default(),
            direction: self.get(&DIRECTION)?.unwrap_or_default(),
            slice: self.slice()?,
        })
    }

    /// `limit` and `page`.
    ///
    /// # Errors
    /// One of them is no integer of at least 1.
    pub fn slice(&self) -> Result<Option<Slice>, ParameterError> {
        Ok(Slice::of(self.get(&LIMIT)?, self.get(&PAGE)?))
    }
}
