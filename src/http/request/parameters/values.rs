//! What the values of parameters are read as, each kind with the words for what it should have been.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::str::FromStr;

use utoipa::ToSchema;

use super::declared::{Shape, Value};
use super::error::{MAX_QUOTED, ParameterError};
use super::order_lines;
use crate::domain::id::{LocationId, VariantId};
use crate::domain::quantity::{Quantity, QuantityError};
use crate::domain::timestamp::Timestamp;
use crate::http::request::accept::Form;
use crate::query::{Direction, IdList, Order, QueryError, quoted};
use crate::view::alert::AlertLevel;
use crate::view::availability::Pooling;
use crate::view::stock::GroupBy;

/// A value that is one of a few words, in any case.
trait Word: ToSchema + Copy + 'static {
    /// The words, and what they mean.
    const WORDS: &'static [(&'static str, Self)];
    /// All words, for the error about another one.
    const EXPECTED: &'static str;
}

impl Word for GroupBy {
    const WORDS: &'static [(&'static str, Self)] =
        &[("variant", Self::Variant), ("product", Self::Product), ("location", Self::Location)];
    const EXPECTED: &'static str = "variant, product or location";
}

impl Word for AlertLevel {
    const WORDS: &'static [(&'static str, Self)] =
        &[("location", Self::Location), ("variant", Self::Variant)];
    const EXPECTED: &'static str = "location or variant";
}

impl Word for Pooling {
    const WORDS: &'static [(&'static str, Self)] = &[("net", Self::Net), ("positive", Self::Positive)];
    const EXPECTED: &'static str = "net or positive";
}

impl Word for Form {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("json", Self::Json),
        ("csv", Self::Csv),
        ("csv-excel", Self::CsvForExcel),
        ("ndjson", Self::Ndjson),
    ];
    const EXPECTED: &'static str = "json, csv, csv-excel or ndjson";
}

impl Word for Order {
    const WORDS: &'static [(&'static str, Self)] = &[("id", Self::Id), ("updated_at", Self::UpdatedAt)];
    const EXPECTED: &'static str = "id or updated_at";
}

impl Word for Direction {
    const WORDS: &'static [(&'static str, Self)] = &[("asc", Self::Ascending), ("desc", Self::Descending)];
    const EXPECTED: &'static str = "asc or desc";
}

impl<T: Word> Value for T {
    const SHAPE: Shape = Shape::Word(|| (T::name().into_owned(), T::schema()));

    fn read(name: &'static str, given: &[Cow<'_, str>]) -> Result<Self, ParameterError> {
        let text = single(given);
        let meant = T::WORDS.iter().find(|(word, _)| word.eq_ignore_ascii_case(text));
        meant.map(|(_, meant)| *meant).ok_or_else(|| bad_value(name, text, T::EXPECTED))
    }
}

impl Value for bool {
    const SHAPE: Shape = Shape::Flag;

    fn read(name: &'static str, given: &[Cow<'_, str>]) -> Result<Self, ParameterError> {
        match single(given) {
            "false" | "0" => Ok(false),
            "true" | "1" => Ok(true),
            text if text.eq_ignore_ascii_case("true") => Ok(true),
            text if text.eq_ignore_ascii_case("false") => Ok(false),
            text => Err(bad_value(name, text, "true or false")),
        }
    }
}

impl Value for Quantity {
    const SHAPE: Shape = Shape::Amount;

    fn read(name: &'static str, given: &[Cow<'_, str>]) -> Result<Self, ParameterError> {
        let text = single(given);
        let expected = match Self::parse(text) {
            Ok(quantity) if !quantity.is_negative() => return Ok(quantity),
            Ok(_) | Err(QuantityError::NotANumber) => "a decimal number of at least 0",
            Err(QuantityError::OutOfRange) => {
                "a decimal number of at least 0, of at most 38 significant digits"
            }
        };
        Err(bad_value(name, text, expected))
    }
}

impl Value for u64 {
    const SHAPE: Shape = Shape::Whole(0);

    fn read(name: &'static str, given: &[Cow<'_, str>]) -> Result<Self, ParameterError> {
        let text = single(given);
        whole_number(text).ok_or_else(|| bad_value(name, text, "an integer of at least 0"))
    }
}

impl Value for NonZeroU64 {
    const SHAPE: Shape = Shape::Whole(1);

    fn read(name: &'static str, given: &[Cow<'_, str>]) -> Result<Self, ParameterError> {
        let text = single(given);
        let number = whole_number(text).and_then(Self::new);
        number.ok_or_else(|| bad_value(name, text, "an integer of at least 1"))
    }
}

impl Value for Timestamp {
    const SHAPE: Shape = Shape::Instant;

    fn read(name: &'static str, given: &[Cow<'_, str>]) -> Result<Self, ParameterError> {
        let text = single(given);
        let expected = "a date and time such as 2018-11-16T10:36:20.691Z";
        Self::parse(text).map_err(|_| bad_value(name, text, expected))
    }
}

impl<I: Copy + Ord + FromStr + TryFrom<u64>> Value for IdList<I> {
    const SHAPE: Shape = Shape::Ids;

    fn read(name: &'static str, given: &[Cow<'_, str>]) -> Result<Self, ParameterError> {
        Ok(Self::from_items(name, given.iter().map(Cow::as_ref))?)
    }
}

/// Locations in the order in which they were named.
impl Value for Vec<LocationId> {
    const SHAPE: Shape = Shape::Ids;

    fn read(name: &'static str, given: &[Cow<'_, str>]) -> Result<Self, ParameterError> {
        let items = given.iter().flat_map(|list| list.split(','));
        let items = items.map(str::trim).filter(|item| !item.is_empty());
        items.map(|item| item.parse().map_err(|_| bad_value(name, item, "a positive integer"))).collect()
    }
}

/// What is ordered of each variant.
impl Value for BTreeMap<VariantId, Quantity> {
    const SHAPE: Shape = Shape::Lines;

    fn read(_: &'static str, given: &[Cow<'_, str>]) -> Result<Self, ParameterError> {
        Ok(order_lines::parse(single(given))?)
    }
}

/// The text of a parameter that is no list.
fn single<'a>(given: &'a [Cow<'_, str>]) -> &'a str {
    given.first().map(|text| text.trim()).unwrap_or_default()
}

fn whole_number(text: &str) -> Option<u64> {
    let has_only_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| has_only_digits)
}

fn bad_value(parameter: &'static str, value: &str, expected: &'static str) -> ParameterError {
    QueryError::BadValue { parameter, value: quoted(value, MAX_QUOTED), expected }.into()
}
