//! The lines of an order: `[{"variant_id": 1061514767, "quantity": 2}, …]`.
//!
//! Lines of one variant add up. What is wrong with a line is said with its place, counted from 0.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::body::whole;
use super::error::{LineError, MAX_QUOTED};
use crate::domain::id::VariantId;
use crate::domain::quantity::Quantity;
use crate::query::quoted;

/// What a line's variant is.
const VARIANT: &str = "a positive integer";
/// What a line's quantity is.
const PIECES: &str = "a whole number from 1 to 999999999999999";
/// The most pieces of a line. Source: ours; no shop holds 10^15 of a thing.
const MAX_PIECES: i64 = 999_999_999_999_999;

/// A line as it was sent; what else it holds is ignored.
#[derive(Deserialize)]
struct SentLine<'a> {
    #[serde(borrow)]
    variant_id: Option<&'a RawValue>,
    #[serde(borrow)]
    quantity: Option<&'a RawValue>,
}

/// Reads the lines of an order: what is ordered of each variant.
pub(super) fn parse(text: &str) -> Result<BTreeMap<VariantId, Quantity>, LineError> {
    let lines: Vec<&RawValue> = serde_json::from_str(text).map_err(|_| LineError::NoLines)?;
    let mut ordered = BTreeMap::<VariantId, Quantity>::new();
    for (index, line) in lines.into_iter().enumerate() {
        let (variant_id, quantity) = line_of(index, line)?;
        *ordered.entry(variant_id).or_default() += quantity;
    }
    if ordered.is_empty() {
        return Err(LineError::NoLines);
    }
    Ok(ordered.into_iter().map(|(variant_id, sum)| (variant_id, sum.normalized())).collect())
}

fn line_of(index: usize, line: &RawValue) -> Result<(VariantId, Quantity), LineError> {
    // An array would be taken for the members in their order.
    if !line.get().starts_with('{') {
        return Err(LineError::NotAnObject { index });
    }
    // It is an object, and its values may be anything: only a member that is there twice is an error.
    let sent: SentLine<'_> = serde_json::from_str(line.get()).map_err(|_| LineError::Repeated { index })?;
    let variant_id = value(index, "variant_id", sent.variant_id, VARIANT, |text| text.parse().ok())?;
    let quantity = value(index, "quantity", sent.quantity, PIECES, pieces)?;
    Ok((variant_id, quantity))
}

/// Reads a value that is a number, or a string that holds one.
fn value<T>(
    index: usize,
    member: &'static str,
    sent: Option<&RawValue>,
    expected: &'static str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<T, LineError> {
    let Some(raw) = sent else { return Err(LineError::Missing { index, member, expected }) };
    let text: String = match raw.get() {
        written if written.starts_with('"') => serde_json::from_str(written).unwrap_or_default(),
        written => written.to_owned(),
    };
    let whole = whole(raw.get());
    read(whole.as_deref().unwrap_or(text.trim())).ok_or_else(|| LineError::BadValue {
        index,
        member,
        value: quoted(&text, MAX_QUOTED),
        expected,
    })
}

/// Whole pieces, at least one.
fn pieces(text: &str) -> Option<Quantity> {
    let quantity = Quantity::parse(text).ok()?.normalized();
    let whole = quantity.as_integer()?;
    (0 < whole && whole <= MAX_PIECES).then_some(quantity)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[track_caller]
    fn check(text: &str, expected: Result<&[(u64, &str)], &str>) {
        let read = parse(text).map_err(|error| error.to_string());
        let read = read.map(|ordered| {
            ordered.into_iter().map(|(id, quantity)| (id.get(), quantity.to_string())).collect::<Vec<_>>()
        });
        let expected = expected
            .map(|lines| lines.iter().map(|(id, quantity)| (*id, (*quantity).to_owned())).collect::<Vec<_>>())
            .map_err(str::to_owned);
        assert_eq!(read, expected, "{text}");
    }

    #[test]
    fn numbers_and_strings_are_read_alike_and_what_else_a_line_holds_is_ignored() {
        check(r#"[{"variant_id":7,"quantity":2}]"#, Ok(&[(7, "2")]));
        check(r#"[{"variant_id":7.0,"quantity":2}]"#, Ok(&[(7, "2")]));
        check(r#" [ {"quantity":" 2 ","sku":{"a":[1]},"variant_id":"7"} ]"#, Ok(&[(7, "2")]));
        check(
            r#"[{"variant_id":7,"quantity":2.0},{"variant_id":3,"quantity":1e3}]"#,
            Ok(&[(3, "1000"), (7, "2")]),
        );
    }

    #[test]
    fn lines_of_one_variant_add_up_exactly() {
        let line = r#"{"variant_id":7,"quantity":999999999999999}"#;
        let lines = vec![line; 10_001].join(",");
        check(&format!("[{lines}]"), Ok(&[(7, "10000999999999989999")]));
    }

    #[test]
    fn a_list_without_lines_is_no_order() {
        let named = "lines: expected an array of at least one object with variant_id and quantity";
        for text in ["[]", "{}", "null", "5", "\"7:2\"", "[", ""] {
            check(text, Err(named));
        }
    }

    #[test]
    fn what_is_wrong_with_a_line_is_said_with_its_place() {
        let second = |line: &str| format!(r#"[{{"variant_id":7,"quantity":2}},{line}]"#);
        for (line, named) in [
            ("5", "lines[1]: expected an object with variant_id and quantity"),
            ("null", "lines[1]: expected an object with variant_id and quantity"),
            ("[7,2]", "lines[1]: expected an object with variant_id and quantity"),
            ("{}", "lines[1].variant_id: missing; expected a positive integer"),
            (
                r#"{"variant_id":null,"quantity":1}"#,
                "lines[1].variant_id: missing; expected a positive integer",
            ),
            (
                r#"{"variant_id":7}"#,
                "lines[1].quantity: missing; expected a whole number from 1 to 999999999999999",
            ),
            (
                r#"{"variant_id":7,"quantity":1,"quantity":1}"#,
                "lines[1]: variant_id and quantity may be given once each",
            ),
            (r#"{"variant_id":0,"quantity":1}"#, "lines[1].variant_id: \"0\" is not a positive integer"),
            (r#"{"variant_id":[7],"quantity":1}"#, "lines[1].variant_id: \"[7]\" is not a positive integer"),
            (
                r#"{"variant_id":"7,8","quantity":1}"#,
                "lines[1].variant_id: \"7,8\" is not a positive integer",
            ),
        ] {
            check(&second(line), Err(named));
        }
    }

    #[test]
    fn a_quantity_is_a_whole_number_of_pieces_that_can_be_summed_exactly() {
        for (quantity, quoted) in [
            ("0", "0"),
            ("-0", "-0"),
            ("-1", "-1"),
            ("1.5", "1.5"),
            ("1e15", "1e15"),
            ("1e999999999", "1e999999999"),
            ("1e-400", "1e-400"),
            ("true", "true"),
            ("{}", "{}"),
            ("[1]", "[1]"),
            ("\"\"", ""),
            ("\"two\"", "two"),
            ("\"+1\"", "+1"),
        ] {
            let text = format!(r#"[{{"variant_id":7,"quantity":{quantity}}}]"#);
            let named =
                format!("lines[0].quantity: {quoted:?} is not a whole number from 1 to 999999999999999");
            check(&text, Err(&named));
        }
        let long = format!(r#"[{{"variant_id":7,"quantity":"{}"}}]"#, "9".repeat(100));
        let quoted = "9".repeat(40);
        let named =
            format!("lines[0].quantity: \"{quoted}…\" is not a whole number from 1 to 999999999999999");
        check(&long, Err(&named));
    }
}
