//! Why parameters cannot be read.

use crate::query::QueryError;

/// The most parameters that are ignored in one request: each is compared with the known ones. Source: ours.
pub(super) const MOST_IGNORED: usize = 1_000;

/// How much of a value an error quotes, in characters.
pub(super) const MAX_QUOTED: usize = 40;

/// Why parameters cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParameterError {
    /// A value is not what it should be.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// A value's percent-encoding is broken.
    #[error("{parameter}: the value is not percent-encoded UTF-8")]
    Encoding {
        /// The parameter's name.
        parameter: &'static str,
    },
    /// A name is nearly one that is known.
    #[error("{name}: unknown parameter, did you mean {meant}?")]
    Misspelled {
        /// The name, shortened.
        name: String,
        /// The name that was probably meant.
        meant: &'static str,
    },
    /// The route does not take this name.
    #[error("{name}: unknown parameter; the parameters here are {known}")]
    Unknown {
        /// The name, shortened.
        name: String,
        /// The names that the route takes.
        known: String,
    },
    /// More names than anybody would send are not known.
    #[error("more than {MOST_IGNORED} parameters are unknown")]
    TooManyUnknown,
    /// A single value was given more than once.
    #[error("{parameter}: given more than once, with different values")]
    Repeated {
        /// The parameter's name.
        parameter: &'static str,
    },
    /// The query string and the body both say something.
    #[error("{parameter}: given both in the query string and in the body")]
    GivenTwice {
        /// The parameter's name.
        parameter: &'static str,
    },
    /// A member of the body is of the wrong type.
    #[error("{parameter}: expected {expected}")]
    Member {
        /// The parameter's name.
        parameter: &'static str,
        /// What it should have been.
        expected: &'static str,
    },
    /// A line of an order is not what it should be.
    #[error(transparent)]
    Line(#[from] LineError),
    /// There is no body.
    #[error("the body is empty; expected a JSON object")]
    EmptyBody,
    /// The body is no JSON.
    #[error("the body is not JSON (line {line}, column {column})")]
    NotJson {
        /// The line at which it stops being JSON.
        line: usize,
        /// The column.
        column: usize,
    },
    /// The body is JSON, but no object.
    #[error("the body is not a JSON object")]
    NotAnObject,
    /// The request broke off, or contradicts itself.
    #[error("the request cannot be read")]
    Request,
}

/// Why the lines of an order cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// There is no list, or nothing in it.
    #[error("lines: expected an array of at least one object with variant_id and quantity")]
    NoLines,
    /// A line is no object.
    #[error("lines[{index}]: expected an object with variant_id and quantity")]
    NotAnObject {
        /// The line's place, from 0 on.
        index: usize,
    },
    /// A line says something twice.
    #[error("lines[{index}]: variant_id and quantity may be given once each")]
    Repeated {
        /// The line's place, from 0 on.
        index: usize,
    },
    /// A line lacks something.
    #[error("lines[{index}].{member}: missing; expected {expected}")]
    Missing {
        /// The line's place, from 0 on.
        index: usize,
        /// What it lacks.
        member: &'static str,
        /// What it should have been.
        expected: &'static str,
    },
    /// A value in a line cannot be read.
    #[error("lines[{index}].{member}: {value:?} is not {expected}")]
    BadValue {
        /// The line's place, from 0 on.
        index: usize,
        /// The value's name.
        member: &'static str,
        /// The value, shortened.
        value: String,
        /// What it should have been.
        expected: &'static str,
    },
}

/// No more than [`MOST_IGNORED`] names may be ignored.
pub(super) fn bounded(ignored: usize) -> Result<(), ParameterError> {
    if ignored <= MOST_IGNORED { Ok(()) } else { Err(ParameterError::TooManyUnknown) }
}
