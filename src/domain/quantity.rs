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
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self.normalized().0 {
            Amount::Whole(whole) => whole.hash(state),
            Amount::Decimal(decimal) => decimal.hash(state),
        }
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
mod tests {
    use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

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

    #[track_caller]
    fn check_sum(summands: &[&str], expected: &str) {
        let sum: Quantity = summands.iter().map(|text| Quantity::parse(text).unwrap()).sum();
        assert_eq!(serde_json::to_string(&sum.normalized()).unwrap(), expected, "{summands:?}");
    }

    #[test]
    fn whole_numbers_and_decimals_add_up_exactly_in_any_mixture() {
        check_sum(&[], "0");
        check_sum(&["5", "-15", "3"], "-7");
        check_sum(&["5.50", "1", "-0.25"], "6.25");
        check_sum(&["5.0", "-5"], "0");
        check_sum(&["-0", "0.000001"], "0.000001");
        check_sum(&["999999999999999"; 20_000], "19999999999999980000");
        check_sum(&["-999999999999999.999999"; 1_000], "-999999999999999999.999");
    }

    #[test]
    fn how_a_number_was_written_changes_neither_order_nor_equality_nor_hash() {
        let parse = |text| Quantity::parse(text).unwrap();
        let hash = |quantity| BuildHasherDefault::<DefaultHasher>::default().hash_one(quantity);
        for (one, other) in [("5", "5.0"), ("5.50", "5.5"), ("0", "-0.00"), ("-3", "-3.0"), ("1000", "1e3")] {
            assert_eq!(parse(one), parse(other), "{one} {other}");
            assert_eq!(hash(parse(one)), hash(parse(other)), "{one} {other}");
        }
        let ascending = ["-5", "-4.5", "-0.1", "0", "0.000001", "4.999", "5", "5.001", "6"].map(parse);
        assert!(ascending.is_sorted_by(|one, other| one < other));
        for quantity in ascending {
            assert_eq!(quantity - quantity, Quantity::ZERO);
            assert_eq!(-(-quantity), quantity);
            assert_eq!(quantity.abs() == quantity, !quantity.is_negative());
        }
    }

    #[test]
    fn whole_numbers_beyond_64_bits_are_exact_too() {
        let most = Quantity::from(i64::MAX);
        assert_eq!((most + 1.into()).to_string(), "9223372036854775808");
        assert_eq!((most + 1.into() - 1.into()).as_integer(), Some(i64::MAX));
        assert_eq!((-Quantity::from(i64::MIN)).to_string(), "9223372036854775808");
        assert!(most < most + 1.into());
    }

    #[test]
    fn negative_zero_is_not_negative() {
        assert!(!Quantity::parse("-0").unwrap().is_negative());
        assert!(!Quantity::parse("-0.0").unwrap().is_negative());
    }
}
