//! A shop's Haravan token, from whichever of the three places the settings name.
//!
//! No message quotes a token, nor a name or a path that could be one written under the wrong key.

use std::path::Path;

use secrecy::{ExposeSecret, SecretString};

use super::environment::{Environment, Variable};
use super::file;

/// The longest token, in bytes; what a file may hold.
const MAX_TOKEN_BYTES: u64 = 64 << 10;
/// The longest name of a variable that a message quotes.
const MAX_QUOTED_NAME: usize = 64;

/// Why there is no token. Displays with nothing secret.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TokenError {
    #[error("holds an empty token")]
    Empty,
    #[error("holds characters that an HTTP header cannot carry, or blanks")]
    NotAHeaderValue,
    #[error("cannot read {path}: {cause}")]
    Unreadable { path: String, cause: std::io::Error },
    #[error("is larger than {MAX_TOKEN_BYTES} bytes: not a token")]
    TooLarge,
    #[error("names {variable}, which is not set")]
    NotSet { variable: String },
    #[error("names {variable}, which is empty")]
    EmptyVariable { variable: String },
}

/// A token as it stands.
pub(crate) fn written(token: &SecretString) -> Result<SecretString, TokenError> {
    checked(token.expose_secret().as_bytes())
}

/// The token in the file at `path`, relative to the working directory.
pub(crate) fn in_file(path: &Path) -> Result<SecretString, TokenError> {
    let bytes = file::bytes_of(path, MAX_TOKEN_BYTES).map_err(|error| match error {
        file::ReadError::Refused(cause) => TokenError::Unreadable { path: quoted_path(path), cause },
        file::ReadError::TooLarge { .. } => TokenError::TooLarge,
    })?;
    checked(&bytes)
}

/// The token in the variable called `name`.
pub(crate) fn in_variable(name: &str, environment: &Environment) -> Result<SecretString, TokenError> {
    match environment.get(name) {
        Variable::Absent => Err(TokenError::NotSet { variable: quoted_name(name) }),
        Variable::NotText => Err(TokenError::NotAHeaderValue),
        Variable::Text(text) => match checked(text.as_bytes()) {
            Err(TokenError::Empty) => Err(TokenError::EmptyVariable { variable: quoted_name(name) }),
            other => other,
        },
    }
}

fn checked(bytes: &[u8]) -> Result<SecretString, TokenError> {
    let end = bytes
        .iter()
        .rposition(|byte| !matches!(byte, b'\r' | b'\n'))
        .map_or(0, |last| last.saturating_add(1));
    let token = bytes.get(..end).unwrap_or_default();
    if token.is_empty() {
        return Err(TokenError::Empty);
    }
    match std::str::from_utf8(token) {
        Ok(text) if text.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(SecretString::from(text)),
        Ok(_) | Err(_) => Err(TokenError::NotAHeaderValue),
    }
}

/// A path, unless it might be the token itself.
fn quoted_path(path: &Path) -> String {
    let text = path.display().to_string();
    if text.contains(['/', '\\', '.']) { text } else { "the file it names".to_owned() }
}

/// A variable's name, unless it might be the token itself: Haravan's tokens are not in capitals.
fn quoted_name(name: &str) -> String {
    let usual = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    if name.len() <= MAX_QUOTED_NAME && name.bytes().all(usual) {
        name.to_owned()
    } else {
        "a variable".to_owned()
    }
}
