//! A quantity as a row holds it: in 16 bytes if it is short, else in the row's text.

use super::number::{JsonNumber, Value};
use super::quantity::{Quantity, QuantityError};

/// One of a row's quantities: any JSON number.
///
/// Nearly all are whole numbers or have a few decimals, and those stand here. Any other is read from the text that
/// the row keeps ([`super::row::Row::as_sent`]) when it is asked for. Two are equal if they are written alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RowQuantity(Held);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Held {
    /// `mantissa / 10^scale`.
    Short { mantissa: i64, scale: u8 },
    /// A number that the row's text holds; never zero.
    InText { negative: bool, exact: bool },
}

impl RowQuantity {
    /// Nothing.
    pub const ZERO: Self = Self(Held::Short { mantissa: 0, scale: 0 });

    /// Reads a JSON number, whatever its length and its exponent.
    ///
    /// # Errors
    /// The text is no JSON number.
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        let number = JsonNumber::parse(text).ok_or(QuantityError::NotANumber)?;
        let negative = number.is_negative();
        Ok(Self(match number.value() {
            Value::Short { mantissa, scale } => Held::Short { mantissa, scale },
            Value::Long { .. } => Held::InText { negative, exact: true },
            Value::Beyond => Held::InText { negative, exact: false },
        }))
    }

    /// The quantity as a whole number, when it is a short one without decimals.
    #[must_use]
    #[inline]
    pub fn as_integer(self) -> Option<i64> {
        match self.0 {
            Held::Short { mantissa, scale: 0 } => Some(mantissa),
            Held::Short { .. } | Held::InText { .. } => None,
        }
    }

    /// The quantity, if it stands here and not in the row's text.
    #[must_use]
    #[inline]
    pub fn short(self) -> Option<Quantity> {
        match self.0 {
            Held::Short { mantissa, scale } => Some(Quantity::of_parts(mantissa, scale)),
            Held::InText { .. } => None,
        }
    }

    /// Whether it is below zero.
    #[must_use]
    #[inline]
    pub fn is_negative(self) -> bool {
        match self.0 {
            Held::Short { mantissa, .. } => mantissa < 0,
            Held::InText { negative, .. } => negative,
        }
    }

    /// Whether it can be computed with exactly.
    #[must_use]
    #[inline]
    pub fn is_exact(self) -> bool {
        match self.0 {
            Held::Short { .. } => true,
            Held::InText { exact, .. } => exact,
        }
    }
}

impl From<i64> for RowQuantity {
    #[inline]
    fn from(mantissa: i64) -> Self {
        Self(Held::Short { mantissa, scale: 0 })
    }
}

impl From<i32> for RowQuantity {
    #[inline]
    fn from(number: i32) -> Self {
        Self::from(i64::from(number))
    }
}
