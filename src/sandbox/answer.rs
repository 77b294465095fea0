//! The body and status of an answer, before anything happens to it on the way.

use super::raw::RawObject;

/// The JSON content type as Haravan spells it.
pub(super) const JSON: &str = "application/json; charset=utf-8";

/// An answer that is ready to be sent, or to be spoilt.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
    /// How many rows, locations or products it holds.
    pub(super) rows: usize,
}

impl Answer {
    /// A list under its name: `{"locations":[…]}`.
    pub(super) fn list(name: &str, items: &[impl AsRef<str>]) -> Self {
        let list = super::raw::list(items);
        Self { status: 200, body: RawObject::default().raw(name, list).to_string(), rows: items.len() }
    }

    /// Anything else that went well.
    pub(super) fn object(object: &RawObject) -> Self {
        Self { status: 200, body: object.to_string(), rows: 0 }
    }

    /// A refusal: `{"errors":"…"}`.
    pub(super) fn refusal(status: u16, message: &str) -> Self {
        Self { status, body: RawObject::default().text("errors", message).to_string(), rows: 0 }
    }
}
