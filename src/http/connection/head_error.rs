//! Why the head of a request cannot be read.

/// The longest URL, in bytes. Source: `http::Uri`, in which actix keeps it; a test asks on both sides of it.
pub(crate) const MAX_URL: usize = 65_534;
/// The longest head, in bytes. Source: actix-http, `h1::decoder::MAX_BUFFER_SIZE`.
pub(crate) const MAX_HEAD: usize = 131_072;

/// Why a head cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeadError {
    /// The URL is too long.
    #[error("the URL is longer than {MAX_URL} bytes: send long lists of ids in the body of a POST instead")]
    UrlTooLong,
    /// The head as a whole is too long.
    #[error("the head of the request is longer than {MAX_HEAD} bytes")]
    TooLong,
    /// The head did not come in time.
    #[error("the head of the request did not come in time")]
    Late,
    /// The head is no HTTP/1.
    #[error("the head of the request cannot be read: it is not as HTTP/1.1 has it")]
    Malformed,
}
