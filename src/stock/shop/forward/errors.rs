//! Why a request that was to be passed through has no answer.

use crate::stock::read_error::ReadError;

/// Why a request that was to be passed through has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ForwardError {
    /// Haravan was not asked, or a read has no answer: asking again is safe.
    #[error("{0}")]
    NoAnswer(#[from] ReadError),
    /// A write was sent, and its end is not known.
    #[error("the write was sent to Haravan, and {}: it may have been carried out", why(*is_late))]
    EndUnknown {
        /// Whether no answer came in time; otherwise it was lost.
        is_late: bool,
    },
}

fn why(is_late: bool) -> &'static str {
    if is_late { "no answer came in the time allowed" } else { "the answer was lost" }
}
