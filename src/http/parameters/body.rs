//! The JSON body: the same names, ids as arrays of numbers or strings, or as one comma-separated string.

use std::collections::HashMap;

use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use actix_web::web::{Bytes, Payload};
use actix_web::{HttpMessage, HttpRequest};
use serde_json::error::Category;
use serde_json::value::RawValue;

use super::{LINES, LISTS, ParameterError, known};
use crate::http::problem::Problem;

/// What a list may look like.
const LIST: &str = "an array of ids, or a string of comma-separated ids";
/// What a value may look like.
const VALUE: &str = "a string, a number or a boolean";

/// Reads a request's body of at most `max` bytes. A body that does not say what it is counts as JSON.
///
/// # Errors
/// It is longer, says that it is something else than JSON, or breaks off.
pub async fn read_body(request: &HttpRequest, payload: Payload, max: u64) -> Result<Bytes, Problem> {
    let mime = request.mime_type().map_err(|_| Problem::MediaType)?;
    let is_json = mime.is_none_or(|mime| {
        mime.type_() == mime::APPLICATION
            && (mime.subtype() == mime::JSON || mime.suffix() == Some(mime::JSON))
    });
    let encoding = request.headers().get(CONTENT_ENCODING);
    if !is_json || encoding.is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(Problem::MediaType);
    }
    let length = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if length.is_some_and(|length: u64| max < length) {
        return Err(Problem::BodyTooLarge { max });
    }
    let limit = usize::try_from(max).unwrap_or(usize::MAX);
    let body = payload.to_bytes_limited(limit).await.map_err(|_| Problem::BodyTooLarge { max })?;
    body.map_err(|_| Problem::Parameter(ParameterError::Request))
}

/// The known members of a JSON object as texts. Of a member given twice the last one counts.
pub(super) fn parse(body: &[u8]) -> Result<Vec<(&'static str, Vec<String>)>, ParameterError> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(ParameterError::EmptyBody);
    }
    // Raw values: neither the depth nor the size of what nobody asks for matters.
    let members: HashMap<String, &RawValue> =
        serde_json::from_slice(body).map_err(|error| match error.classify() {
            Category::Data => ParameterError::NotAnObject,
            Category::Io | Category::Syntax | Category::Eof => {
                ParameterError::NotJson { line: error.line(), column: error.column() }
            }
        })?;
    let known = members.into_iter().filter_map(|(name, raw)| Some((known(&name)?, raw)));
    known
        .map(|(parameter, raw)| {
            if parameter == LINES {
                // Read later, as it stands, by who knows what a line is.
                return Ok((parameter, vec![raw.get().to_owned()]));
            }
            let texts = if LISTS.contains(&parameter) { list(raw) } else { text(raw).map(|text| vec![text]) };
            let expected = if LISTS.contains(&parameter) { LIST } else { VALUE };
            Ok((parameter, texts.ok_or(ParameterError::Member { parameter, expected })?))
        })
        .collect()
}

/// A list's items: of an array each, of anything else the one.
fn list(raw: &RawValue) -> Option<Vec<String>> {
    if !raw.get().starts_with('[') {
        return id(raw).map(|item| vec![item]);
    }
    let items: Vec<&RawValue> = serde_json::from_str(raw.get()).ok()?;
    items.into_iter().map(id).collect()
}

/// An id, or several with commas, as text: whether it is one is not said here.
fn id(raw: &RawValue) -> Option<String> {
    if raw.get().starts_with(['t', 'f']) { None } else { text(raw) }
}

/// A string, a number as it was written, or a boolean.
fn text(raw: &RawValue) -> Option<String> {
    match raw.get().bytes().next()? {
        b'"' => serde_json::from_str(raw.get()).ok(),
        b'-' | b'0'..=b'9' | b't' | b'f' => Some(raw.get().to_owned()),
        _ => None,
    }
}
