//! Quantities against their texts, and against 128-bit integers.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy};
use proptest::{prop_assert_eq, prop_oneof, proptest};

use super::{MAX_MAGNITUDE, Quantity, QuantityError};

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

/// A quantity, with a number of decimals that may be zeros, and its millionths.
fn quantity() -> impl Strategy<Value = (Quantity, i128)> {
    let whole = prop_oneof![
        4 => -100_i64..100,
        1 => -(MAX_MAGNITUDE - 1)..MAX_MAGNITUDE,
        1 => Just(i64::MAX),
        1 => Just(i64::MIN + 1),
    ];
    (whole, 0_i64..1_000_000, 0_usize..=6).prop_map(|(whole, millionths, decimals)| {
        // Beyond what is read, whole numbers come of sums alone.
        if decimals == 0 || MAX_MAGNITUDE <= whole.abs() {
            return (Quantity::from(whole), i128::from(whole) * 1_000_000);
        }
        let unit = 10_i64.pow(6 - u32::try_from(decimals).unwrap());
        let millionths = millionths / unit * unit;
        let sign = if whole < 0 { "-" } else { "" };
        let fraction = &format!("{millionths:06}")[..decimals];
        let quantity = Quantity::parse(&format!("{sign}{}.{fraction}", whole.abs())).unwrap();
        let magnitude = i128::from(whole.abs()) * 1_000_000 + i128::from(millionths);
        (quantity, if whole < 0 { -magnitude } else { magnitude })
    })
}

/// The millionths as the shortest decimal.
fn shortest(millionths: i128) -> String {
    let sign = if millionths < 0 { "-" } else { "" };
    let (whole, rest) = (millionths.abs() / 1_000_000, millionths.abs() % 1_000_000);
    let text = format!("{sign}{whole}.{rest:06}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

proptest! {
    #[test]
    fn sums_are_those_of_128_bit_integers(summands in vec(quantity(), 0..40)) {
        let sum: Quantity = summands.iter().map(|(quantity, _)| *quantity).sum();
        let expected: i128 = summands.iter().map(|(_, millionths)| millionths).sum();
        prop_assert_eq!(sum.normalized().to_string(), shortest(expected));
        let negative = summands.iter().fold(Quantity::ZERO, |left, (quantity, _)| left - *quantity);
        prop_assert_eq!(negative.normalized().to_string(), shortest(-expected));
        prop_assert_eq!(sum.is_negative(), expected < 0);
        prop_assert_eq!(sum.is_zero(), expected == 0);
        prop_assert_eq!(sum.abs().normalized().to_string(), shortest(expected.abs()));
    }

    #[test]
    fn quantities_compare_and_hash_as_128_bit_integers_do(
        (one, in_millionths) in quantity(),
        (other, others) in quantity(),
    ) {
        let hash = |quantity| BuildHasherDefault::<DefaultHasher>::default().hash_one(quantity);
        prop_assert_eq!(one.cmp(&other), in_millionths.cmp(&others));
        prop_assert_eq!(one == other, in_millionths == others);
        prop_assert_eq!(hash(one) == hash(other), in_millionths == others);
        prop_assert_eq!(hash(one), hash(one.normalized()));
    }
}

#[test]
fn negative_zero_is_not_negative() {
    assert!(!Quantity::parse("-0").unwrap().is_negative());
    assert!(!Quantity::parse("-0.0").unwrap().is_negative());
}
