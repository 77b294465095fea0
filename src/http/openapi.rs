//! PLACEHOLDER: the document.

/// Why the document cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("the OpenAPI document cannot be written")]
pub struct DocumentError;

/// The document as JSON, with a line break at the end.
///
/// # Errors
/// See [`DocumentError`].
pub fn to_json_pretty() -> Result<String, DocumentError> {
    Ok("{}\n".to_owned())
}

/// The document as YAML, with a line break at the end.
///
/// # Errors
/// See [`DocumentError`].
pub fn to_yaml() -> Result<String, DocumentError> {
    Ok("{}\n".to_owned())
}
