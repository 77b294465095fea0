//! A quantity of a row, as views show it: digit for digit as Haravan sent it.

use std::cmp::Ordering;
use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::domain::number::JsonNumber;
use crate::domain::quantity::Quantity;
use crate::domain::row::{Row, SentTexts};
use crate::domain::row_quantity::RowQuantity;

use super::updated_at::UpdatedAt;

/// A number to show: one of ours, or one that a row spells in its own way.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SentQuantity(Spelling);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Spelling {
    /// As it is written here.
    Plain(Quantity),
    /// The JSON number that was sent.
    AsSent(Box<str>),
}

/// What views show of a row besides its ids.
#[derive(Debug)]
pub(crate) struct SentFields {
    pub(crate) qty_onhand: SentQuantity,
    pub(crate) qty_commited: SentQuantity,
    pub(crate) qty_incoming: SentQuantity,
    pub(crate) qty_available: SentQuantity,
    pub(crate) updated_at: UpdatedAt,
}

impl SentFields {
    /// What the row says, in its own words.
    pub(crate) fn of(row: &Row) -> Self {
        let texts = row.sent_texts();
        let quantity = |held: RowQuantity, text: fn(&SentTexts<'_>) -> String| {
            SentQuantity::of(held, texts.as_ref().map(text))
        };
        Self {
            qty_onhand: quantity(row.qty_onhand, |texts| texts.qty_onhand.to_owned()),
            qty_commited: quantity(row.qty_commited, |texts| texts.qty_commited.to_owned()),
            qty_incoming: quantity(row.qty_incoming, |texts| texts.qty_incoming.to_owned()),
            qty_available: quantity(row.qty_available, |texts| texts.qty_available.to_owned()),
            updated_at: match &texts {
                Some(texts) => UpdatedAt::of_text(row.updated_at, &texts.updated_at),
                None => UpdatedAt::Plain(row.updated_at),
            },
        }
    }
}

impl SentQuantity {
    fn of(held: RowQuantity, text: Option<String>) -> Self {
        let plain = held.short();
        Self(match (plain, text) {
            (Some(plain), None) => Spelling::Plain(plain),
            (Some(plain), Some(text)) if plain.to_string() == text => Spelling::Plain(plain),
            (_, Some(text)) => Spelling::AsSent(text.into_boxed_str()),
            // No row holds a long number without the text that it stands in.
            (None, None) => Spelling::Plain(Quantity::ZERO),
        })
    }

    /// The number, if it is one that is computed with.
    #[must_use]
    pub fn exact(&self) -> Option<Quantity> {
        match &self.0 {
            Spelling::Plain(quantity) => Some(quantity.clone()),
            Spelling::AsSent(text) => Quantity::parse(text).ok(),
        }
    }

    /// Whether it is below zero.
    #[must_use]
    pub fn is_negative(&self) -> bool {
        match &self.0 {
            Spelling::Plain(quantity) => quantity.is_negative(),
            Spelling::AsSent(text) => JsonNumber::parse(text).is_some_and(|number| number.is_negative()),
        }
    }

    /// How far it is from zero.
    #[must_use]
    pub fn abs(self) -> Self {
        Self(match self.0 {
            Spelling::Plain(quantity) => Spelling::Plain(quantity.abs()),
            Spelling::AsSent(text) => match text.strip_prefix('-') {
                Some(magnitude) => Spelling::AsSent(magnitude.into()),
                None => Spelling::AsSent(text),
            },
        })
    }

    /// Compares with another number, exactly, both taken without sign.
    #[must_use]
    pub fn cmp_magnitude(&self, other: &Self) -> Ordering {
        if let (Spelling::Plain(one), Spelling::Plain(other)) = (&self.0, &other.0) {
            return one.clone().abs().cmp(&other.clone().abs());
        }
        let (one, other) = (self.to_string(), other.to_string());
        // Both are JSON numbers.
        let numbers = JsonNumber::parse(&one).zip(JsonNumber::parse(&other));
        numbers.map_or(Ordering::Equal, |(one, other)| one.cmp_magnitude(&other))
    }
}

impl From<Quantity> for SentQuantity {
    fn from(quantity: Quantity) -> Self {
        Self(Spelling::Plain(quantity))
    }
}

impl fmt::Display for SentQuantity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Spelling::Plain(quantity) => quantity.fmt(formatter),
            Spelling::AsSent(text) => formatter.write_str(text),
        }
    }
}

impl Serialize for SentQuantity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Spelling::Plain(quantity) => quantity.serialize(serializer),
            Spelling::AsSent(text) => RawValue::from_string(text.to_string())
                .map_err(serde::ser::Error::custom)?
                .serialize(serializer),
        }
    }
}
