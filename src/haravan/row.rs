//! A row's wire form.

use serde_json::value::RawValue;

use super::wire::members;
use crate::domain::cell::CellId;
use crate::domain::id::{LocationId, ProductId, RowId, VariantId};
use crate::domain::line::Line;
use crate::domain::row::Row;
use crate::domain::row_quantity::RowQuantity;
use crate::domain::timestamp::Timestamp;
use crate::metrics::UnreadableKind;

/// What is wrong with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// Not a JSON object.
    #[error("not an object")]
    NotARow,
    /// A field is missing, repeated or of the wrong kind.
    #[error("field {0} is missing, repeated or not as documented")]
    BadField(&'static str),
}

/// A row that is not as documented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableRow {
    /// Its cell, if both ids can be read.
    pub cell: Option<CellId>,
    /// Its id, if it can be read.
    pub id: Option<RowId>,
    /// What is wrong with it.
    pub problem: RowError,
}

impl UnreadableRow {
    /// The kind of oddity. A row whose cell is unknown may be any cell's row.
    #[must_use]
    pub fn kind(&self) -> UnreadableKind {
        if self.cell.is_none() { UnreadableKind::RowIds } else { UnreadableKind::RowFields }
    }
}

/// Every documented field.
const FIELDS: [&str; 9] = [
    "id",
    "loc_id",
    "product_id",
    "variant_id",
    "qty_onhand",
    "qty_commited",
    "qty_incoming",
    "qty_available",
    "updated_at",
];

/// Reads a row from its JSON text.
///
/// # Errors
/// What is wrong with it, and whose row it is as far as can be told.
pub fn parse_row(text: &str) -> Result<Row, UnreadableRow> {
    let nobody = |problem| UnreadableRow { cell: None, id: None, problem };
    let [
        id,
        loc_id,
        product_id,
        variant_id,
        qty_onhand,
        qty_commited,
        qty_incoming,
        qty_available,
        updated_at,
    ] = members(text, &FIELDS).ok_or_else(|| nobody(RowError::NotARow))?;
    let id = id.number().and_then(|number| RowId::new(number).ok());
    let variant_id = variant_id.number().and_then(|number| VariantId::new(number).ok());
    let loc_id = loc_id.number().and_then(|number| LocationId::new(number).ok());
    let cell = variant_id.zip(loc_id).map(|(variant_id, loc_id)| CellId { variant_id, loc_id });
    let unreadable = |problem| UnreadableRow { cell, id, problem };
    let bad = |field| unreadable(RowError::BadField(field));
    let mut row = Row {
        id: id.ok_or_else(|| bad("id"))?,
        loc_id: loc_id.ok_or_else(|| bad("loc_id"))?,
        product_id: product_id
            .number()
            .and_then(|number| ProductId::new(number).ok())
            .ok_or_else(|| bad("product_id"))?,
        variant_id: variant_id.ok_or_else(|| bad("variant_id"))?,
        qty_onhand: quantity("qty_onhand", qty_onhand.once()).map_err(unreadable)?,
        qty_commited: quantity("qty_commited", qty_commited.once()).map_err(unreadable)?,
        qty_incoming: quantity("qty_incoming", qty_incoming.once()).map_err(unreadable)?,
        qty_available: quantity("qty_available", qty_available.once()).map_err(unreadable)?,
        updated_at: updated_at
            .text()
            .and_then(|text| Timestamp::parse(&text).ok())
            .ok_or_else(|| bad("updated_at"))?,
        as_sent: None,
    };
    let mut canonical = Line::new();
    row.write_canonical(&mut canonical);
    // Most rows are written as they would be here, to the byte.
    if canonical.as_bytes() != text.as_bytes() {
        let sent = without_white_space(text);
        row.as_sent = (canonical.as_bytes() != sent.as_bytes()).then(|| sent.into_boxed_str());
    }
    Ok(row)
}

fn quantity(field: &'static str, raw: Option<&RawValue>) -> Result<RowQuantity, RowError> {
    let bad = RowError::BadField(field);
    RowQuantity::parse(raw.ok_or(bad)?.get()).map_err(|_| bad)
}

/// Valid JSON without the white space that means nothing.
pub(super) fn without_white_space(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut in_string = false;
    let mut escaped = false;
    for character in text.chars() {
        if in_string {
            in_string = escaped || character != '"';
            escaped = !escaped && character == '\\';
        } else if character == '"' {
            in_string = true;
        } else if character.is_ascii_whitespace() {
            continue;
        }
        kept.push(character);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::{RowError, parse_row};

    const ROW: &str = r#"{"id":1007549786,"loc_id":963414,"product_id":1028183686,"variant_id":1061514767,"qty_onhand":-3,"qty_commited":12,"qty_incoming":0,"qty_available":-15,"updated_at":"2021-07-08T01:47:17.6Z"}"#;

    fn written(text: &str) -> String {
        let mut out = Vec::new();
        parse_row(text).unwrap().write_json(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_documented_row_needs_no_text_of_its_own() {
        assert_eq!(parse_row(ROW).unwrap().as_sent, None);
        assert_eq!(written(ROW), ROW);
    }

    #[test]
    fn what_is_not_known_is_passed_on_to_the_byte() {
        for text in [
            ROW.replace("-15,", "-15,\"bin\": \"A \\\"1\\\" \\\\\",").as_str(),
            ROW.replace("-3", "5.50").as_str(),
            ROW.replace("-3", "5.0").as_str(),
            ROW.replace("-3", "1e2").as_str(),
            ROW.replace("-3", "-0").as_str(),
            ROW.replace("-3", "0.30000000000000004").as_str(),
            ROW.replace("-3", "9007199254740993").as_str(),
            ROW.replace("-3", "1E+30").as_str(),
            ROW.replace("-15", "-1e401").as_str(),
            ROW.replace("-15", "-1e99999999999999999999").as_str(),
            ROW.replace("12", &"9".repeat(5000)).as_str(),
            ROW.replace("17.6Z", "17.6+00:00").as_str(),
            ROW.replace("\"id\":1007549786,", "").replace('}', ",\"id\":1007549786}").as_str(),
        ] {
            assert_eq!(written(text), super::without_white_space(text));
        }
        assert!(written(&ROW.replace("-15,", "-15,\"bin\": \"A  1\",")).contains("\"bin\":\"A  1\""));
    }

    #[test]
    fn updated_at_is_given_back_as_it_came() {
        let text = ROW.replace("17.6Z", "17.6+00:00");
        assert_eq!(parse_row(&text).unwrap().updated_at_text(), "2021-07-08T01:47:17.6+00:00");
        assert_eq!(parse_row(ROW).unwrap().updated_at_text(), "2021-07-08T01:47:17.6Z");
    }

    #[test]
    fn ids_may_be_text_or_whole_decimals_and_are_given_back_as_they_came() {
        for (number, odd) in
            [("963414", "\"963414\""), ("1061514767", "1061514767.0"), ("1028183686", "1.028183686e9")]
        {
            let text = ROW.replace(number, odd);
            let row = parse_row(&text).unwrap();
            assert_eq!(row.cell_id(), parse_row(ROW).unwrap().cell_id());
            assert_eq!(written(&text), text);
        }
    }

    #[test]
    fn a_field_that_is_there_twice_cannot_be_read_and_one_that_is_not_known_is_passed_on() {
        let twice = |member: &str| ROW.replace('}', &format!(",{member}}}"));
        check(&twice("\"qty_onhand\":5"), RowError::BadField("qty_onhand"), true);
        check(&twice("\"variant_id\":1061514767"), RowError::BadField("variant_id"), false);
        check(&twice("\"id\":1"), RowError::BadField("id"), true);
        let unknown = twice("\"bin\":1,\"bin\":2");
        assert_eq!(written(&unknown), unknown);
    }

    #[track_caller]
    fn check(text: &str, problem: RowError, has_cell: bool) {
        let unreadable = parse_row(text).unwrap_err();
        assert_eq!((unreadable.problem, unreadable.cell.is_some()), (problem, has_cell), "{text}");
    }

    #[test]
    fn what_is_wrong_with_a_row_is_named() {
        check("[]", RowError::NotARow, false);
        check("5", RowError::NotARow, false);
        check(&ROW.replace("\"qty_onhand\":-3,", ""), RowError::BadField("qty_onhand"), true);
        check(&ROW.replace("-3", "\"-3\""), RowError::BadField("qty_onhand"), true);
        check(&ROW.replace("-3", "null"), RowError::BadField("qty_onhand"), true);
        check(&ROW.replace("-3", "true"), RowError::BadField("qty_onhand"), true);
        check("null", RowError::NotARow, false);
        check("{}", RowError::BadField("id"), false);
        check(&ROW.replace("963414", "0"), RowError::BadField("loc_id"), false);
        check(&ROW.replace("963414", "963414.5"), RowError::BadField("loc_id"), false);
        check(&ROW.replace("1061514767", "null"), RowError::BadField("variant_id"), false);
        check(&ROW.replace("2021-07-08T01:47:17.6Z", "soon"), RowError::BadField("updated_at"), true);
    }
}
