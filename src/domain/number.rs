//! A JSON number, taken apart as text: whatever its length, and whatever its exponent.

use std::cmp::Ordering;

/// The most significant digits of a number that is computed with. Zeros before the first and after the last digit
/// do not count. Source: ours, the contract's.
pub const MAX_DIGITS: usize = 38;

/// How far the digits of a number that is computed with stand from the decimal point, on either side.
///
/// It bounds the work of a sum and the length of its text, and keeps sums within what a caller's 64-bit floats reach:
/// 10^308. Source: ours.
pub const MAX_PLACES: i64 = 300;

/// The most decimals of a [`Value::Short`].
pub(super) const MAX_SCALE: usize = 18;

/// Larger than the length of any text, so that exponents beyond it need not be distinguished.
const FAR: i64 = 1 << 52;

/// A JSON number as text.
#[derive(Debug, Clone, Copy)]
pub struct JsonNumber<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
    exponent: i64,
}

/// What a number amounts to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value {
    /// `mantissa / 10^scale`.
    Short { mantissa: i64, scale: u8 },
    /// `coefficient * 10^exponent`; never zero.
    Long { coefficient: i128, exponent: i64 },
    /// More digits than [`MAX_DIGITS`], or further away than [`MAX_PLACES`]; never zero.
    Beyond,
}

/// Where the digits of a number stand that count.
#[derive(Debug, Clone, Copy)]
struct Significant {
    /// How many zeros come before them.
    zeros: usize,
    /// How many there are; zero has none.
    count: usize,
    /// What the last of them is to be multiplied by, as a power of ten.
    last: i64,
}

impl<'a> JsonNumber<'a> {
    /// Takes a text apart; `None` if it is no JSON number.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let (negative, rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (whole, rest) = digits(rest)?;
        if whole.len() != 1 && whole.starts_with('0') {
            return None;
        }
        let (fraction, rest) = match rest.strip_prefix('.') {
            Some(rest) => digits(rest)?,
            None => ("", rest),
        };
        let exponent = match rest.strip_prefix(['e', 'E']) {
            Some(rest) => exponent(rest)?,
            None if rest.is_empty() => 0,
            None => return None,
        };
        Some(Self { negative, whole, fraction, exponent })
    }

    /// Whether it is below zero.
    #[must_use]
    pub fn is_negative(&self) -> bool {
        self.negative && self.significant().count != 0
    }

    /// Compares with another number, exactly, both taken without sign.
    #[must_use]
    pub fn cmp_magnitude(&self, other: &Self) -> Ordering {
        let (ours, theirs) = (self.significant(), other.significant());
        let first = |significant: Significant| {
            (significant.count != 0).then(|| significant.last.saturating_add(length(significant.count)))
        };
        // Without zeros at the end, of two texts that begin alike the longer one is the larger number.
        first(ours).cmp(&first(theirs)).then_with(|| self.counting(ours).cmp(other.counting(theirs)))
    }

    /// What the number amounts to; a short one keeps the decimals that it was written with.
    pub(super) fn value(&self) -> Value {
        if self.exponent == 0
            && self.fraction.len() <= MAX_SCALE
            && let Some(mantissa) = self.mantissa()
        {
            return Value::Short { mantissa, scale: scale(self.fraction.len()) };
        }
        let significant = self.significant();
        let Significant { count, last, .. } = significant;
        if count == 0 {
            return Value::Short { mantissa: 0, scale: 0 };
        }
        if MAX_DIGITS < count || last < -MAX_PLACES || MAX_PLACES < last.saturating_add(length(count)) {
            return Value::Beyond;
        }
        // As many digits fit 128 bits.
        let magnitude = self
            .counting(significant)
            .fold(0_i128, |number, digit| number.saturating_mul(10).saturating_add(i128::from(digit - b'0')));
        let coefficient = if self.negative { -magnitude } else { magnitude };
        short(coefficient, last).unwrap_or(Value::Long { coefficient, exponent: last })
    }

    /// All digits as one number, if 64 bits hold it.
    fn mantissa(&self) -> Option<i64> {
        let magnitude = self
            .all()
            .try_fold(0_i64, |number, digit| number.checked_mul(10)?.checked_add(i64::from(digit - b'0')))?;
        Some(if self.negative { -magnitude } else { magnitude })
    }

    fn all(&self) -> impl DoubleEndedIterator<Item = u8> {
        self.whole.bytes().chain(self.fraction.bytes())
    }

    fn significant(&self) -> Significant {
        let zeros = self.all().take_while(|digit| *digit == b'0').count();
        let all = self.whole.len() + self.fraction.len();
        if zeros == all {
            return Significant { zeros, count: 0, last: 0 };
        }
        let after = self.all().rev().take_while(|digit| *digit == b'0').count();
        let last = self.exponent.saturating_sub(length(self.fraction.len())).saturating_add(length(after));
        Significant { zeros, count: all - zeros - after, last }
    }

    fn counting(&self, significant: Significant) -> impl Iterator<Item = u8> {
        self.all().skip(significant.zeros).take(significant.count)
    }
}

/// `coefficient * 10^exponent`, if it is short.
pub(super) fn short(coefficient: i128, exponent: i64) -> Option<Value> {
    let decimals = usize::try_from(exponent.checked_neg()?).unwrap_or(0);
    if MAX_SCALE < decimals {
        return None;
    }
    let zeros = u32::try_from(exponent.max(0)).ok()?;
    let mantissa = coefficient.checked_mul(10_i128.checked_pow(zeros)?)?;
    Some(Value::Short { mantissa: i64::try_from(mantissa).ok()?, scale: scale(decimals) })
}

/// The digits that a text begins with, at least one, and what follows them.
fn digits(text: &str) -> Option<(&str, &str)> {
    let count = text.bytes().take_while(u8::is_ascii_digit).count();
    if count == 0 { None } else { text.split_at_checked(count) }
}

/// The exponent after its `e`. Those that are further away than any text is long are alike.
fn exponent(text: &str) -> Option<i64> {
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (exponent, rest) = digits(rest)?;
    if !rest.is_empty() {
        return None;
    }
    let add = |number: i64, digit: u8| (number * 10 + i64::from(digit - b'0')).min(FAR);
    let magnitude = exponent.bytes().fold(0_i64, add);
    Some(if negative { -magnitude } else { magnitude })
}

fn length(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(FAR).min(FAR)
}

fn scale(decimals: usize) -> u8 {
    u8::try_from(decimals).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use super::{JsonNumber, Value};

    #[track_caller]
    fn check(text: &str, expected: Value) {
        assert_eq!(JsonNumber::parse(text).unwrap().value(), expected, "{text}");
    }

    fn short(mantissa: i64, scale: u8) -> Value {
        Value::Short { mantissa, scale }
    }

    #[test]
    fn what_is_no_json_number_is_refused() {
        for text in [
            "", "-", "+5", "05", "-05", "5.", ".5", "1e", "1e+", "1e5.", "1.e5", "0x1", "1 ", " 1", "NaN",
            "--1", "\"5\"", "null", "1e5e5", "１",
        ] {
            assert!(JsonNumber::parse(text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn short_numbers_keep_their_decimals() {
        check("5", short(5, 0));
        check("-15", short(-15, 0));
        check("5.50", short(550, 2));
        check("0.000000", short(0, 6));
        check("-0", short(0, 0));
        check("1e2", short(100, 0));
        check("1E+2", short(100, 0));
        check("-2.5E-1", short(-25, 2));
        check("1.50e-00", short(150, 2));
        check("9223372036854775807", short(i64::MAX, 0));
        check("-9223372036854775808", short(i64::MIN, 0));
        check("0.30000000000000004", short(30_000_000_000_000_004, 17));
        check(&format!("5.{}", "0".repeat(5000)), short(5, 0));
        check(&format!("7{}e-4999", "0".repeat(5000)), short(70, 0));
    }

    #[test]
    fn zero_is_zero_whatever_its_exponent() {
        for text in
            ["0e999999999999999999999999", "-0.000e-99999999999999", &format!("0.{}", "0".repeat(9999))]
        {
            check(text, short(0, 0));
            assert!(!JsonNumber::parse(text).unwrap().is_negative());
        }
    }

    #[test]
    fn long_numbers_are_exact_up_to_their_bounds() {
        check("9223372036854775808", Value::Long { coefficient: 9_223_372_036_854_775_808, exponent: 0 });
        check("1e30", Value::Long { coefficient: 1, exponent: 30 });
        check("-1e299", Value::Long { coefficient: -1, exponent: 299 });
        check("1e-300", Value::Long { coefficient: 1, exponent: -300 });
        let most = "9".repeat(38);
        check(&most, Value::Long { coefficient: most.parse().unwrap(), exponent: 0 });
        check(
            &format!("-0.00{most}000"),
            Value::Long { coefficient: -most.parse::<i128>().unwrap(), exponent: -40 },
        );
        for text in
            ["1e300", "1e-301", "-1e401", "-1e99999999999999999999", "12e299", &"9".repeat(39), "1.5e-300"]
        {
            check(text, Value::Beyond);
        }
        assert!(JsonNumber::parse("-1e99999999999999999999").unwrap().is_negative());
    }

    #[test]
    fn magnitudes_compare_exactly_however_they_are_written() {
        let zeros = "0".repeat(3000);
        let ascending = [
            vec!["0".to_owned(), "-0.0e7".to_owned()],
            vec!["1e-99999".to_owned()],
            vec!["-0.333333333333333333333333333333333333333333333".to_owned()],
            vec!["0.3333333333333333333333333333333333333333333331".to_owned()],
            vec![
                "5".to_owned(),
                "-5.0".to_owned(),
                "50e-1".to_owned(),
                format!("5.{zeros}"),
                format!("5{zeros}e-3000"),
            ],
            vec!["50".to_owned(), "5e1".to_owned()],
            vec!["5.1e1".to_owned()],
            vec![format!("1{zeros}"), "1e3000".to_owned()],
            vec!["-1e9999999999999999999999".to_owned()],
        ];
        for (place, alike) in ascending.iter().enumerate() {
            for (others_place, others) in ascending.iter().enumerate() {
                for (one, other) in alike.iter().flat_map(|one| others.iter().map(move |other| (one, other)))
                {
                    let order: Ordering =
                        JsonNumber::parse(one).unwrap().cmp_magnitude(&JsonNumber::parse(other).unwrap());
                    assert_eq!(order, place.cmp(&others_place), "{one} {other}");
                }
            }
        }
    }
}
