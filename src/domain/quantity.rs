//! Exact quantities: Haravan mostly sends integers, but any JSON number must survive unchanged.

use std::fmt;
use std::ops::{Add, AddAssign, Neg, Sub};

use rust_decimal::Decimal;

/// The largest magnitude of a quantity, exclusive. With [`MAX_SCALE`] it keeps every sum over
/// [`MAX_SUMMANDS`] quantities exact. Source: ours; no shop holds 10^15 of a thing.
const MAX_MAGNITUDE: i64 = 1_000_000_000_000_000;

/// The most significant decimal places of a quantity (trailing zeros do not count).
const MAX_SCALE: u32 = 6;

/// How many quantities can be summed without losing a digit: far more than `limits.max_cells` allows.
pub const MAX_SUMMANDS: u64 = 50_000_000;

/// An exact decimal amount of goods; may be negative.
///
/// It remembers how many decimals it came with: `5.50` prints as `5.50`, and equals `5.5`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub struct Quantity(Decimal);

/// Why a text is not a quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// Not a JSON number.
    #[error("not a number")]
    NotANumber,
    /// A number, but beyond what sums can hold exactly.
    #[error("a number beyond 10^15 or with more than 6 decimals")]
    OutOfRange,
}

impl Quantity {
    /// Nothing.
    pub const ZERO: Self = Self(Decimal::ZERO);

    /// Reads a JSON number (`5`, `-3`, `5.50`, `1e3`), exactly.
    ///
    /// # Errors
    /// The text is no JSON number, or too large or too fine to be summed exactly.
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        let number: &serde_json::value::RawValue =
            serde_json::from_str(text).map_err(|_| QuantityError::NotANumber)?;
        let text = number.get();
        if !text.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
            return Err(QuantityError::NotANumber);
        }
        let decimal = if text.contains(['e', 'E']) {
            Decimal::from_scientific(text)
        } else {
            Decimal::from_str_exact(text)
        }
        .map_err(|_| QuantityError::OutOfRange)?;
        if decimal.abs() >= Decimal::from(MAX_MAGNITUDE) || decimal.normalize().scale() > MAX_SCALE {
            return Err(QuantityError::OutOfRange);
        }
        Ok(Self(decimal))
    }

    /// The quantity as a whole number, when it is one written without decimals.
    #[must_use]
    pub fn as_integer(self) -> Option<i64> {
        if self.0.scale() == 0 { i64::try_from(self.0.mantissa()).ok() } else { None }
    }

    /// A whole number of pieces; one beyond what a quantity can hold counts as the largest there is.
    pub(super) fn from_whole(number: i128) -> Self {
        let largest = if number.is_negative() { Decimal::MIN } else { Decimal::MAX };
        Self(Decimal::try_from_i128_with_scale(number, 0).unwrap_or(largest))
    }

    /// Without trailing zeros after the decimal point: how sums are shown, so that integers stay integers.
    #[must_use]
    pub fn normalized(self) -> Self {
        Self(self.0.normalize())
    }

    /// Whether it is below zero.
    #[must_use]
    pub fn is_negative(self) -> bool {
        self.0.is_sign_negative() && !self.0.is_zero()
    }

    /// Whether it is zero.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.0.is_zero()
    }

    /// The quantity, or zero where it is negative.
    #[must_use]
    pub fn positive_part(self) -> Self {
        self.max(Self::ZERO)
    }

    /// How far it is from zero.
    #[must_use]
    pub fn abs(self) -> Self {
        Self(self.0.abs())
    }

    /// How much of `whole` it is, both taken without sign, in thousandths, rounded: 0 to 1000. For drawings. Of
    /// nothing it is nothing.
    #[must_use]
    pub fn permille_of(self, whole: Self) -> u16 {
        let thousandths = self.0.abs().saturating_mul(Decimal::ONE_THOUSAND);
        let share = thousandths.checked_div(whole.0.abs()).unwrap_or_default();
        u16::try_from(share.round().mantissa()).unwrap_or(1000).min(1000)
    }
}

impl From<i64> for Quantity {
    fn from(number: i64) -> Self {
        Self(Decimal::from(number))
    }
}

impl From<i32> for Quantity {
    fn from(number: i32) -> Self {
        Self(Decimal::from(number))
    }
}

impl From<Decimal> for Quantity {
    fn from(decimal: Decimal) -> Self {
        Self(decimal)
    }
}

impl Add for Quantity {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Quantity {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Quantity {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Neg for Quantity {
    type Output = Self;

    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl std::iter::Sum for Quantity {
    fn sum<I: Iterator<Item = Self>>(quantities: I) -> Self {
        quantities.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl fmt::Debug for Quantity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Quantity({})", self.0)
    }
}

impl serde::Serialize for Quantity {
    /// A JSON number with every digit, never a float.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.as_integer() {
            Some(integer) => serializer.serialize_i64(integer),
            None => serde_json::value::RawValue::from_string(self.0.to_string())
                .map_err(serde::ser::Error::custom)?
                .serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Quantity, QuantityError};

    #[track_caller]
    fn check(text: &str, expected: Result<&str, QuantityError>) {
        let read = Quantity::parse(text).map(|quantity| serde_json::to_string(&quantity).unwrap());
        assert_eq!(read.as_deref(), expected.as_ref().copied(), "{text:?}");
    }

    #[test]
    fn every_json_number_is_kept_to_the_digit() {
        check("5", Ok("5"));
        check("-15", Ok("-15"));
        check("5.0", Ok("5.0"));
        check("5.50", Ok("5.50"));
        check("10.0000000000", Ok("10.0000000000"));
        check("1e3", Ok("1000"));
        check("-2.5E-1", Ok("-0.25"));
        check("999999999999999", Ok("999999999999999"));
    }

    #[test]
    fn what_is_not_a_number_or_cannot_be_summed_exactly_is_refused() {
        for text in ["", "abc", "\"5\"", "null", "true", "NaN", "+5", "05", "5.", ".5", "[5]"] {
            check(text, Err(QuantityError::NotANumber));
        }
        for text in ["1e15", "1000000000000000", "-1e400", "0.0000001", "1e-400"] {
            check(text, Err(QuantityError::OutOfRange));
        }
    }

    #[test]
    fn sums_are_exact_where_floats_are_not() {
        let sum: Quantity = ["0.1", "0.2", "0.7"].iter().map(|text| Quantity::parse(text).unwrap()).sum();
        assert_eq!(sum.normalized().to_string(), "1");
        assert_eq!(sum.normalized().as_integer(), Some(1));
    }

    #[test]
    fn a_share_is_told_in_thousandths_whatever_the_signs() {
        let share = |part, whole| {
            let [part, whole] = [part, whole].map(|text| Quantity::parse(text).unwrap());
            part.permille_of(whole)
        };
        assert_eq!(share("-15", "30"), 500);
        assert_eq!(share("2.5", "-7.5"), 333);
        assert_eq!(share("7", "3"), 1000);
        assert_eq!(share("5", "0"), 0);
        assert_eq!(share("0", "0"), 0);
        assert_eq!(share("999999999999999", "0.000001"), 1000);
        assert_eq!(share("0.000001", "999999999999999"), 0);
    }

    #[test]
    fn negative_zero_is_not_negative() {
        assert!(!Quantity::parse("-0").unwrap().is_negative());
        assert!(!Quantity::parse("-0.0").unwrap().is_negative());
    }
}
