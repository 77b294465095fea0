//! The JSON body: the same names, ids as arrays of numbers or strings, or as one comma-separated string.

use std::collections::HashMap;

use actix_web::HttpRequest;
use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use actix_web::web::{Bytes, Payload};
use rust_decimal::Decimal;
use serde_json::error::Category;
use serde_json::value::RawValue;

use super::declared::{Declared, Shape};
use super::error::{ParameterError, bounded};
use super::vocabulary::Vocabulary;
use crate::http::connection::body_deadline::is_late;
use crate::http::problem::Problem;

/// What some libraries write before a text in UTF-8. Not allowed there, but a reader may ignore it (RFC 8259, 8.1).
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
/// What a list may look like.
const LIST: &str = "an array of ids, or a string of comma-separated ids";
/// What a value may look like.
const VALUE: &str = "a string, a number or a boolean";

/// Reads a request's body of at most `max` bytes. A body that does not say what it is counts as JSON.
///
/// # Errors
/// It is longer, says that it is something else than JSON, comes too slowly, or breaks off.
pub(crate) async fn read_body(request: &HttpRequest, payload: Payload, max: u64) -> Result<Bytes, Problem> {
    let is_json = request.headers().get(CONTENT_TYPE).is_none_or(says_json);
    let encoding = request.headers().get(CONTENT_ENCODING);
    if !is_json || encoding.is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(Problem::MediaType);
    }
    let length = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if length.is_some_and(|length: u64| max < length) {
        return Err(Problem::BodyTooLarge { max, setting: "limits.max_body" });
    }
    let limit = usize::try_from(max).unwrap_or(usize::MAX);
    let body = payload
        .to_bytes_limited(limit)
        .await
        .map_err(|_| Problem::BodyTooLarge { max, setting: "limits.max_body" })?;
    body.map_err(|error| unread(error.as_error()))
}

/// The problem of a body that could not be read to its end.
pub(crate) fn unread(error: Option<&PayloadError>) -> Problem {
    if error.is_some_and(is_late) { Problem::BodyLate } else { Problem::Parameter(ParameterError::Request) }
}

/// Whether a content type is JSON's, or that of something written as JSON (RFC 6839, 3.1). What it says of the charset
/// does not matter: JSON is UTF-8.
fn says_json(content_type: &HeaderValue) -> bool {
    let Ok(text) = content_type.to_str() else { return false };
    let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let subtype = essence.strip_prefix("application/").unwrap_or_default();
    subtype == "json" || subtype.ends_with("+json")
}

/// The known members of a JSON object as texts. Of a member given twice the last one counts; one that is null, or a
/// single value that is empty, is not given.
pub(super) fn parse(
    vocabulary: &Vocabulary,
    body: &[u8],
) -> Result<Vec<(&'static str, Vec<String>)>, ParameterError> {
    let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(ParameterError::EmptyBody);
    }
    // Raw values: neither the depth nor the size of members that are not read matters.
    let members: HashMap<String, &RawValue> =
        serde_json::from_slice(body).map_err(|error| match error.classify() {
            Category::Data => ParameterError::NotAnObject,
            Category::Io | Category::Syntax | Category::Eof => {
                ParameterError::NotJson { line: error.line(), column: error.column() }
            }
        })?;
    let mut given = Vec::new();
    let mut ignored = 0;
    for (name, raw) in members {
        let Some(parameter) = vocabulary.meant(&name)? else {
            ignored += 1;
            bounded(ignored)?;
            continue;
        };
        if let Some(texts) = member(parameter, raw)? {
            given.push((parameter.name, texts));
        }
    }
    Ok(given)
}

/// The value of a member; `None` if it is null.
fn member(declared: &Declared, raw: &RawValue) -> Result<Option<Vec<String>>, ParameterError> {
    if raw.get() == "null" {
        return Ok(None);
    }
    let parameter = declared.name;
    match declared.shape {
        // Read later, as it was sent, where it is known what a line is.
        Shape::Lines => Ok(Some(vec![raw.get().to_owned()])),
        Shape::Ids => list(raw).map(Some).ok_or(ParameterError::Member { parameter, expected: LIST }),
        Shape::Flag | Shape::Amount | Shape::Whole(_) | Shape::Instant | Shape::Word(_) => {
            let text = text(raw).ok_or(ParameterError::Member { parameter, expected: VALUE })?;
            Ok((!text.trim().is_empty()).then(|| vec![text]))
        }
    }
}

/// A list's items, with commas between them.
fn list(raw: &RawValue) -> Option<Vec<String>> {
    if !raw.get().starts_with('[') {
        return id(raw).map(|item| vec![item]);
    }
    let items: Vec<&RawValue> = serde_json::from_str(raw.get()).ok()?;
    // One text with commas, as a query string has it, and not a hundred thousand small ones.
    let mut joined = String::with_capacity(raw.get().len());
    for (place, item) in items.into_iter().enumerate() {
        if 0 < place {
            joined.push(',');
        }
        let written = item.get();
        if written.bytes().all(|byte| byte.is_ascii_digit()) {
            joined.push_str(written);
        } else {
            joined.push_str(&id(item)?);
        }
    }
    Some(vec![joined])
}

/// An id, or several with commas, as text: whether it is one is not said here.
fn id(raw: &RawValue) -> Option<String> {
    if raw.get().starts_with(['t', 'f']) { None } else { text(raw) }
}

/// A string, a number, or a boolean.
fn text(raw: &RawValue) -> Option<String> {
    let written = raw.get();
    match written.bytes().next()? {
        b'"' => serde_json::from_str(written).ok(),
        b'-' | b'0'..=b'9' => Some(whole(written).unwrap_or_else(|| written.to_owned())),
        b't' | b'f' => Some(written.to_owned()),
        _ => None,
    }
}

/// A whole number that was written with decimals or an exponent, without them: JSON knows one kind of number, and a
/// column of ids with a gap in it is a column of `616.0` to more than one library.
pub(super) fn whole(written: &str) -> Option<String> {
    let number = if written.contains(['e', 'E']) {
        Decimal::from_scientific(written)
    } else if written.contains('.') {
        Decimal::from_str_exact(written)
    } else {
        return None;
    };
    let number = number.ok()?.normalize();
    (number.scale() == 0).then(|| number.to_string())
}
