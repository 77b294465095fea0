//! Exact quantities: Haravan mostly sends integers, but any JSON number may come, and sums lose no digit of it.

mod arithmetic;

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use bigdecimal::BigDecimal;
use bigdecimal::num_bigint::BigInt;
use rust_decimal::Decimal;

use super::number::{JsonNumber, MAX_SCALE, Value, short};

/// An exact decimal amount of goods; may be negative.
///
/// What is read has at most [`super::number::MAX_DIGITS`] significant digits, none of them further than
/// [`super::number::MAX_PLACES`] from the decimal point. Sums have as many as they need. It remembers how many
/// decimals it came with: `5.50` prints as `5.50`, and equals `5.5`.
#[derive(Clone)]
pub struct Quantity(Amount);

/// Nearly all quantities are whole numbers or have a few decimals, and those need no memory of their own.
#[derive(Clone)]
enum Amount {
    /// `mantissa / 10^scale`, of at most 18 decimals.
    Short { mantissa: i64, scale: u8 },
    /// What the other cannot hold.
    Long(Box<BigDecimal>),
}

/// Why a text is not a quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// Not a JSON number.
    #[error("not a number")]
    NotANumber,
    /// A number that is not computed with.
    #[error("a number of more than 38 significant digits, or further than 300 places from the decimal point")]
    OutOfRange,
}

impl Quantity {
    /// Nothing.
    pub const ZERO: Self = Self(Amount::Short { mantissa: 0, scale: 0 });

    /// Reads a JSON number (`5`, `-3`, `5.50`, `1e3`), exactly.
    ///
    /// # Errors
    /// The text is no JSON number, or one of too many digits.
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        match JsonNumber::parse(text).ok_or(QuantityError::NotANumber)?.value() {
            Value::Short { mantissa, scale } => Ok(Self::of_parts(mantissa, scale)),
            Value::Long { coefficient, exponent } => {
                Ok(shortest(BigDecimal::new(BigInt::from(coefficient), exponent.saturating_neg())))
            }
            Value::Beyond => Err(QuantityError::OutOfRange),
        }
    }

    /// `mantissa / 10^scale`, of at most 18 decimals.
    #[inline]
    pub(super) fn of_parts(mantissa: i64, scale: u8) -> Self {
        Self(Amount::Short { mantissa, scale })
    }

    /// The quantity as a whole number, when it is one of 64 bits written without decimals.
    #[must_use]
    pub fn as_integer(&self) -> Option<i64> {
        match self.0 {
            Amount::Short { mantissa, scale: 0 } => Some(mantissa),
            Amount::Short { .. } | Amount::Long(_) => None,
        }
    }

    /// Without trailing zeros after the decimal point: how sums are shown, so that integers stay integers.
    #[must_use]
    pub fn normalized(self) -> Self {
        match self.0 {
            Amount::Short { scale: 0, .. } => self,
            Amount::Short { mut mantissa, mut scale } => {
                while scale != 0 && mantissa % 10 == 0 {
                    mantissa /= 10;
                    scale -= 1;
                }
                Self::of_parts(mantissa, scale)
            }
            Amount::Long(big) => shortest(big.normalized()),
        }
    }

    /// Whether it is below zero.
    #[must_use]
    #[inline]
    pub fn is_negative(&self) -> bool {
        match &self.0 {
            Amount::Short { mantissa, .. } => *mantissa < 0,
            Amount::Long(big) => big.sign() == bigdecimal::num_bigint::Sign::Minus,
        }
    }

    /// Whether it is above zero.
    #[must_use]
    #[inline]
    pub fn is_positive(&self) -> bool {
        match &self.0 {
            Amount::Short { mantissa, .. } => 0 < *mantissa,
            Amount::Long(big) => big.sign() == bigdecimal::num_bigint::Sign::Plus,
        }
    }

    /// Whether it is zero.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        !self.is_negative() && !self.is_positive()
    }

    /// The quantity, or zero where it is negative.
    #[must_use]
    pub fn positive_part(self) -> Self {
        if self.is_negative() { Self::ZERO } else { self }
    }

    /// How far it is from zero.
    #[must_use]
    pub fn abs(self) -> Self {
        if self.is_negative() { -self } else { self }
    }

    /// How much of `whole` it is, both taken without sign, in thousandths, rounded: 0 to 1000. For drawings. Of
    /// nothing it is nothing.
    #[must_use]
    pub fn permille_of(&self, whole: &Self) -> u16 {
        let (part, whole) = (self.big().abs(), whole.big().abs());
        if whole.sign() == bigdecimal::num_bigint::Sign::NoSign {
            return 0;
        }
        if whole <= part {
            return 1000;
        }
        // In thousandths of the same unit, so that whole numbers are divided.
        let scale = part.fractional_digit_count().max(whole.fractional_digit_count());
        let unit = |big: BigDecimal| big.with_scale(scale).into_bigint_and_scale().0;
        let (part, whole) = (unit(part) * 1000_u32, unit(whole));
        let share = (part + &whole / 2_u32) / whole;
        u16::try_from(share).unwrap_or(1000)
    }

    #[cold]
    fn big(&self) -> BigDecimal {
        match &self.0 {
            Amount::Short { mantissa, scale } => BigDecimal::new(BigInt::from(*mantissa), i64::from(*scale)),
            Amount::Long(big) => big.as_ref().clone(),
        }
    }
}

/// The shortest form of an amount that may be long.
fn shortest(big: BigDecimal) -> Quantity {
    let (coefficient, scale) = big.as_bigint_and_scale();
    let parts = i128::try_from(coefficient.as_ref()).ok().zip(scale.checked_neg());
    match parts.and_then(|(coefficient, exponent)| short(coefficient, exponent)) {
        Some(Value::Short { mantissa, scale }) => Quantity::of_parts(mantissa, scale),
        _ => Quantity(Amount::Long(Box::new(big))),
    }
}

/// Two short amounts with the same number of decimals: their mantissas, each below 10^37, and the number.
fn aligned(one: &Amount, other: &Amount) -> Option<(i128, i128, u8)> {
    let (Amount::Short { mantissa, scale }, Amount::Short { mantissa: others, scale: others_scale }) =
        (one, other)
    else {
        return None;
    };
    let most = *scale.max(others_scale);
    if MAX_SCALE < usize::from(most) {
        return None;
    }
    let with_most = |mantissa: i64, scale: u8| i128::from(mantissa) * 10_i128.pow(u32::from(most - scale));
    Some((with_most(*mantissa, *scale), with_most(*others, *others_scale), most))
}

impl From<i64> for Quantity {
    #[inline]
    fn from(number: i64) -> Self {
        Self::of_parts(number, 0)
    }
}

impl From<i32> for Quantity {
    #[inline]
    fn from(number: i32) -> Self {
        Self::from(i64::from(number))
    }
}

impl From<Decimal> for Quantity {
    fn from(decimal: Decimal) -> Self {
        shortest(BigDecimal::new(BigInt::from(decimal.mantissa()), i64::from(decimal.scale())))
    }
}

impl Default for Quantity {
    fn default() -> Self {
        Self::ZERO
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (Amount::Short { mantissa, scale }, Amount::Short { mantissa: others, scale: others_scale })
                if scale == others_scale =>
            {
                mantissa.cmp(others)
            }
            _ => cmp_other(self, other),
        }
    }
}

#[cold]
fn cmp_other(one: &Quantity, other: &Quantity) -> Ordering {
    match aligned(&one.0, &other.0) {
        Some((one, other, _)) => one.cmp(&other),
        None => one.big().cmp(&other.big()),
    }
}

impl Hash for Quantity {
    /// Alike for whatever is equal: `5.0` hashes as `5`.
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        match &self.0 {
            Amount::Short { mantissa, scale: 0 } => mantissa.hash(state),
            Amount::Short { .. } | Amount::Long(_) => hash_other(self, state),
        }
    }
}

#[cold]
fn hash_other<H: Hasher>(quantity: &Quantity, state: &mut H) {
    match quantity.clone().normalized().0 {
        Amount::Short { mantissa, scale: 0 } => mantissa.hash(state),
        Amount::Short { mantissa, scale } => (mantissa, scale).hash(state),
        Amount::Long(big) => big.normalized().into_bigint_and_scale().hash(state),
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Amount::Short { mantissa, scale: 0 } => mantissa.fmt(formatter),
            Amount::Short { mantissa, scale } => {
                let scale = usize::from(*scale);
                let digits = format!("{:0width$}", mantissa.unsigned_abs(), width = scale + 1);
                let (whole, fraction) =
                    digits.split_at_checked(digits.len() - scale).unwrap_or((&digits, ""));
                let sign = if *mantissa < 0 { "-" } else { "" };
                write!(formatter, "{sign}{whole}.{fraction}")
            }
            Amount::Long(big) => formatter.write_str(&big.to_plain_string()),
        }
    }
}

impl fmt::Debug for Quantity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Quantity({self})")
    }
}

impl serde::Serialize for Quantity {
    /// A JSON number with every digit, never a float.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Amount::Short { mantissa, scale: 0 } => serializer.serialize_i64(*mantissa),
            Amount::Short { .. } | Amount::Long(_) => {
                serde_json::value::RawValue::from_string(self.to_string())
                    .map_err(serde::ser::Error::custom)?
                    .serialize(serializer)
            }
        }
    }
}

#[cfg(test)]
mod tests;
