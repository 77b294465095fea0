//! Why a question cannot be asked.

/// How much of a wrong text an error quotes, in characters.
pub(super) const MAX_QUOTED: usize = 40;

/// Why a question cannot be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// An id list holds something that is no id.
    #[error("{parameter}: {item:?} is not a positive integer")]
    NotAnId {
        /// The parameter's name.
        parameter: &'static str,
        /// The item, shortened.
        item: String,
    },
    /// An id list was given, but is empty: it never means "all".
    #[error("{parameter}: the list holds no id, and an empty list never means all")]
    EmptyList {
        /// The parameter's name.
        parameter: &'static str,
    },
    /// A parameter's value cannot be read.
    #[error("{parameter}: {value:?} is not {expected}")]
    BadValue {
        /// The parameter's name.
        parameter: &'static str,
        /// The value, shortened.
        value: String,
        /// What it should have been.
        expected: &'static str,
    },
    /// Two spellings of one parameter say different things.
    #[error("{first} and {second} are two spellings of one parameter and must not differ")]
    Contradiction {
        /// The spelling that works at Haravan.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
    /// More cells than one question may ask for.
    #[error(
        "{variants} variants x {locations} locations are {cells} cells; at most {max} are allowed in one question"
    )]
    TooManyCells {
        /// Distinct variants asked for.
        variants: usize,
        /// Distinct locations asked for.
        locations: usize,
        /// Their product.
        cells: usize,
        /// The most that is allowed (`limits.max_cells`).
        max: usize,
    },
}

/// At most `max` characters of what a caller sent, for an error message.
pub(crate) fn quoted(text: &str, max: usize) -> String {
    let mut quoted: String = text.chars().take(max).collect();
    if quoted.len() < text.len() {
        quoted.push('…');
    }
    quoted
}
