//! Exact quantities: Haravan mostly sends integers, but any JSON number must survive unchanged.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
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
#[derive(Clone, Copy)]
pub struct Quantity(Amount);

/// Nearly all quantities are whole numbers, and those need no decimal arithmetic.
#[derive(Debug, Clone, Copy)]
enum Amount {
    /// A number without decimals.
    Whole(i64),
    /// One with decimals, be they zeros, or beyond what the other holds.
    Decimal(Decimal),
}

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
    pub const ZERO: Self = Self(Amount::Whole(0));

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
        Ok(Self::from(decimal))
    }

    /// The quantity as a whole number, when it is one written without decimals.
    #[must_use]
    pub fn as_integer(self) -> Option<i64> {
        match self.0 {
            Amount::Whole(whole) => Some(whole),
            Amount::Decimal(_) => None,
        }
    }

    /// Without trailing zeros after the decimal point: how sums are shown, so that integers stay integers.
    #[must_use]
    pub fn normalized(self) -> Self {
        match self.0 {
            Amount::Whole(_) => self,
            Amount::Decimal(decimal) => Self::from(decimal.normalize()),
        }
    }

    /// Whether it is below zero.
    #[must_use]
    pub fn is_negative(self) -> bool {
        match self.0 {
            Amount::Whole(whole) => whole < 0,
            Amount::Decimal(decimal) => decimal.is_sign_negative() && !decimal.is_zero(),
        }
    }

    /// Whether it is zero.
    #[must_use]
    pub fn is_zero(self) -> bool {
        match self.0 {
            Amount::Whole(whole) => whole == 0,
            Amount::Decimal(decimal) => decimal.is_zero(),
        }
    }

    /// The quantity, or zero where it is negative.
    #[must_use]
    pub fn positive_part(self) -> Self {
        self.max(Self::ZERO)
    }

    /// How far it is from zero.
    #[must_use]
    pub fn abs(self) -> Self {
        if self.is_negative() { -self } else { self }
    }

    #[cold]
    fn add_decimal(&mut self, other: Self) {
        *self = Self::from(self.decimal().saturating_add(other.decimal()));
    }

    fn decimal(self) -> Decimal {
        match self.0 {
            Amount::Whole(whole) => Decimal::from(whole),
            Amount::Decimal(decimal) => decimal,
        }
    }

    /// How much of `whole` it is, both taken without sign, in thousandths, rounded: 0 to 1000. For drawings. Of
    /// nothing it is nothing.
    #[must_use]
    pub fn permille_of(self, whole: Self) -> u16 {
        let thousandths = self.decimal().abs().saturating_mul(Decimal::ONE_THOUSAND);
        let share = thousandths.checked_div(whole.decimal().abs()).unwrap_or_default();
        u16::try_from(share.round().mantissa()).unwrap_or(1000).min(1000)
    }
}

impl From<i64> for Quantity {
    fn from(number: i64) -> Self {
        Self(Amount::Whole(number))
    }
}

impl From<i32> for Quantity {
    fn from(number: i32) -> Self {
        Self(Amount::Whole(i64::from(number)))
    }
}

impl From<Decimal> for Quantity {
    fn from(decimal: Decimal) -> Self {
        let whole = if decimal.scale() == 0 { i64::try_from(decimal.mantissa()).ok() } else { None };
        Self(whole.map_or(Amount::Decimal(decimal), Amount::Whole))
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
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.0, other.0) {
            (Amount::Whole(one), Amount::Whole(other)) => one.cmp(&other),
            _ => self.decimal().cmp(&other.decimal()),
        }
    }
}

impl Hash for Quantity {
    /// Alike for whatever is equal: `5.0` hashes as `5`.
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self.0 {
            Amount::Whole(whole) => whole.hash(state),
            Amount::Decimal(decimal) => hash_decimal(decimal, state),
        }
    }
}

#[cold]
fn hash_decimal<H: Hasher>(decimal: Decimal, state: &mut H) {
    match Quantity::from(decimal.normalize()).0 {
        Amount::Whole(whole) => whole.hash(state),
        Amount::Decimal(decimal) => decimal.hash(state),
    }
}

impl Add for Quantity {
    type Output = Self;

    fn add(mut self, other: Self) -> Self {
        self += other;
        self
    }
}

impl AddAssign for Quantity {
    /// In place where both are whole: sums over many cells spend much of their time here.
    #[inline]
    fn add_assign(&mut self, other: Self) {
        if let (Amount::Whole(whole), Amount::Whole(more)) = (&mut self.0, other.0)
            && let Some(sum) = whole.checked_add(more)
        {
            *whole = sum;
        } else {
            self.add_decimal(other);
        }
    }
}

impl Sub for Quantity {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Neg for Quantity {
    type Output = Self;

    fn neg(self) -> Self {
        match self.0 {
            Amount::Whole(whole) if let Some(negative) = whole.checked_neg() => Self(Amount::Whole(negative)),
            _ => Self::from(-self.decimal()),
        }
    }
}

impl std::iter::Sum for Quantity {
    fn sum<I: Iterator<Item = Self>>(quantities: I) -> Self {
        quantities.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Amount::Whole(whole) => whole.fmt(formatter),
            Amount::Decimal(decimal) => decimal.fmt(formatter),
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
        match self.0 {
            Amount::Whole(whole) => serializer.serialize_i64(whole),
            Amount::Decimal(decimal) => serde_json::value::RawValue::from_string(decimal.to_string())
                .map_err(serde::ser::Error::custom)?
                .serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests;
