//! Quantities against their texts, and against whole numbers of any length.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use bigdecimal::num_bigint::BigInt;
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy};
use proptest::{prop_assert, prop_assert_eq, prop_oneof, proptest};

use super::{Quantity, QuantityError};
use crate::domain::row_quantity::RowQuantity;

/// How many decimals the reference has: more than any quantity.
const PLACES: usize = 300;

#[track_caller]
fn check(text: &str, expected: Result<&str, QuantityError>) {
    let read = Quantity::parse(text).map(|quantity| serde_json::to_string(&quantity).unwrap());
    assert_eq!(read.as_deref(), expected.as_ref().copied(), "{text:?}");
}

#[test]
fn every_json_number_is_kept_to_the_digit() {
    for text in [
        "5",
        "-15",
        "5.0",
        "5.50",
        "10.0000000000",
        "999999999999999",
        "0.30000000000000004",
        "33.333333333333336",
        "9007199254740993",
        "-99999999999999999999999999999999999999",
        "0.0000000000000000000000000000000000001",
        "12345678901234567890.123456789012345678",
    ] {
        check(text, Ok(text));
    }
    check("1e3", Ok("1000"));
    check("-2.5E-1", Ok("-0.25"));
    check("1e30", Ok("1000000000000000000000000000000"));
    check("-1e299", Ok(&format!("-1{}", "0".repeat(299))));
    check("1e-20", Ok("0.00000000000000000001"));
}

#[test]
fn what_is_not_a_number_or_has_too_many_digits_is_refused() {
    for text in ["", "abc", "\"5\"", "null", "true", "NaN", "+5", "05", "5.", ".5", "[5]", " 5"] {
        check(text, Err(QuantityError::NotANumber));
    }
    for text in ["1e300", "-1e4000", "1e-301", "123456789012345678901.123456789012345678"] {
        check(text, Err(QuantityError::OutOfRange));
    }
}

#[test]
fn sums_are_exact_where_floats_are_not() {
    let sum: Quantity = ["0.1", "0.2", "0.7"].iter().map(|text| Quantity::parse(text).unwrap()).sum();
    assert_eq!(sum.clone().normalized().to_string(), "1");
    assert_eq!(sum.normalized().as_integer(), Some(1));
}

#[test]
fn a_share_is_told_in_thousandths_whatever_the_signs() {
    let share = |part, whole| {
        let [part, whole] = [part, whole].map(|text| Quantity::parse(text).unwrap());
        part.permille_of(&whole)
    };
    assert_eq!(share("-15", "30"), 500);
    assert_eq!(share("2.5", "-7.5"), 333);
    assert_eq!(share("7", "3"), 1000);
    assert_eq!(share("5", "0"), 0);
    assert_eq!(share("0", "0"), 0);
    assert_eq!(share("999999999999999", "0.000001"), 1000);
    assert_eq!(share("0.000001", "999999999999999"), 0);
    assert_eq!(share("1e290", "4e290"), 250);
    assert_eq!(share("1e-290", "1e290"), 0);
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
    check_sum(&["1e30", "1e-8"], "1000000000000000000000000000000.00000001");
    check_sum(&["1e30", "0.30000000000000004", "-1e30"], "0.30000000000000004");
    check_sum(
        &["9007199254740993", "0.30000000000000004", "33.333333333333336"],
        "9007199254741026.63333333333333604",
    );
}

#[test]
fn how_a_number_was_written_changes_neither_order_nor_equality_nor_hash() {
    let parse = |text| Quantity::parse(text).unwrap();
    let hash = |quantity| BuildHasherDefault::<DefaultHasher>::default().hash_one(quantity);
    for (one, other) in [
        ("5", "5.0"),
        ("5.50", "5.5"),
        ("0", "-0.00"),
        ("-3", "-3.0"),
        ("1000", "1e3"),
        ("1000000000000000000000", "1e21"),
        ("0.5000000000000000000000", "5e-1"),
        ("-0.00000000000000000000010", "-1e-22"),
    ] {
        assert_eq!(parse(one), parse(other), "{one} {other}");
        assert_eq!(hash(parse(one)), hash(parse(other)), "{one} {other}");
    }
    let ascending = [
        "-1e290",
        "-1e30",
        "-5",
        "-4.5",
        "-0.1",
        "-1e-290",
        "0",
        "1e-290",
        "0.000001",
        "4.999",
        "5",
        "5.001",
        "6",
        "9007199254740992",
        "9007199254740993",
        "1e30",
    ]
    .map(parse);
    assert!(ascending.is_sorted_by(|one, other| one < other));
    for quantity in ascending {
        assert_eq!(&quantity - &quantity, Quantity::ZERO);
        assert_eq!(-(-&quantity), quantity);
        assert_eq!(quantity.clone().abs() == quantity, !quantity.is_negative());
    }
}

#[test]
fn whole_numbers_beyond_64_bits_are_exact_too() {
    let most = Quantity::from(i64::MAX);
    assert_eq!((most.clone() + 1.into()).to_string(), "9223372036854775808");
    assert_eq!((most.clone() + 1.into() - 1.into()).as_integer(), Some(i64::MAX));
    assert_eq!((-Quantity::from(i64::MIN)).to_string(), "9223372036854775808");
    assert!(most < most.clone() + 1.into());
}

#[test]
fn negative_zero_is_not_negative() {
    for text in ["-0", "-0.0", "-0e5", "-0.00000000000000000000000000"] {
        assert!(!Quantity::parse(text).unwrap().is_negative());
        assert!(!RowQuantity::parse(text).unwrap().is_negative());
    }
}

/// The text of a number of at most 38 digits, and the number in units of the reference.
fn number() -> impl Strategy<Value = (String, BigInt)> {
    let digits = prop_oneof![3 => 1_usize..=4, 2 => 15_usize..=20, 2 => 21_usize..=38];
    let exponent = prop_oneof![3 => Just(0_i64), 2 => -6_i64..=6, 2 => -40_i64..=40, 1 => -260_i64..=260];
    let digits = digits.prop_flat_map(|count| vec(0_u8..10, count));
    (proptest::bool::ANY, digits, exponent, 0_usize..=3).prop_map(|(negative, digits, exponent, decimals)| {
        let digits: String = digits.iter().map(|digit| char::from(b'0' + digit)).collect();
        let sign = if negative { "-" } else { "" };
        // The same number with some of its digits behind the point.
        let decimals = decimals.min(digits.len() - 1);
        let (whole, fraction) = digits.split_at(digits.len() - decimals);
        let whole = whole.trim_start_matches('0');
        let whole = if whole.is_empty() { "0" } else { whole };
        let point = if fraction.is_empty() { String::new() } else { format!(".{fraction}") };
        let scale = exponent + i64::try_from(decimals).unwrap();
        let power = if scale == 0 { String::new() } else { format!("e{scale}") };
        let zeros = usize::try_from(i64::try_from(PLACES).unwrap() + exponent).unwrap();
        let units: BigInt = format!("{sign}{digits}{}", "0".repeat(zeros)).parse().unwrap();
        (format!("{sign}{whole}{point}{power}"), units)
    })
}

/// The reference's number as the shortest decimal.
fn shortest(units: &BigInt) -> String {
    let text = units.magnitude().to_string();
    let text = format!("{text:0>width$}", width = PLACES + 1);
    let (whole, fraction) = text.split_at(text.len() - PLACES);
    let text = format!("{whole}.{fraction}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if *units < BigInt::ZERO { format!("-{text}") } else { text.to_owned() }
}

proptest! {
    #[test]
    fn sums_are_those_of_whole_numbers_of_any_length(numbers in vec(number(), 0..30)) {
        let quantities = || numbers.iter().map(|(text, _)| Quantity::parse(text).unwrap());
        let sum: Quantity = quantities().sum();
        let expected: BigInt = numbers.iter().map(|(_, units)| units).sum();
        prop_assert_eq!(sum.clone().normalized().to_string(), shortest(&expected));
        let negative = quantities().fold(Quantity::ZERO, |left, quantity| left - quantity);
        prop_assert_eq!(negative.normalized().to_string(), shortest(&-&expected));
        prop_assert_eq!(sum.is_negative(), expected < BigInt::ZERO);
        prop_assert_eq!(sum.is_positive(), BigInt::ZERO < expected);
        prop_assert_eq!(sum.is_zero(), expected == BigInt::ZERO);
        let magnitude = if expected < BigInt::ZERO { -expected } else { expected };
        prop_assert_eq!(sum.abs().normalized().to_string(), shortest(&magnitude));
    }

    #[test]
    fn quantities_compare_and_hash_as_whole_numbers_do(
        (one, units) in number(),
        (other, others) in number(),
        zeros in 0_usize..30,
    ) {
        let hash = |quantity: &Quantity| BuildHasherDefault::<DefaultHasher>::default().hash_one(quantity);
        let [one, other] = [one, other].map(|text| Quantity::parse(&text).unwrap());
        prop_assert_eq!(one.cmp(&other), units.cmp(&others));
        prop_assert_eq!(one == other, units == others);
        prop_assert_eq!(hash(&one) == hash(&other), units == others);
        let plain = one.clone().normalized().to_string();
        prop_assert_eq!(hash(&one), hash(&one.clone().normalized()));
        // Zeros at the end change nothing.
        let point = if plain.contains('.') { "" } else { "." };
        let padded = Quantity::parse(&format!("{plain}{point}0{}", "0".repeat(zeros))).unwrap();
        prop_assert!(padded == one && hash(&padded) == hash(&one));
    }

    #[test]
    fn a_row_holds_the_number_that_it_was_sent((text, units) in number()) {
        let held = RowQuantity::parse(&text).unwrap();
        prop_assert!(held.is_exact());
        prop_assert_eq!(held.is_negative(), units < BigInt::ZERO);
        if let Some(short) = held.short() {
            prop_assert_eq!(short.normalized().to_string(), shortest(&units));
        }
    }
}
