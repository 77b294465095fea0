//! The settings file: from a path to a table, or to the one mistake that says why not.
//!
//! Messages give line and column and never the line itself, which may hold a token.

use std::io::Read;
use std::path::Path;

use super::mistakes::Mistake;
use super::tree::{self, Table};

/// The largest settings file that is read, in bytes. Some ten thousand shops fit.
const MAX_FILE_BYTES: u64 = 4 << 20;

/// Why the bytes of a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    /// The operating system refused.
    #[error("cannot read it: {0}")]
    Refused(#[from] std::io::Error),
    /// It is larger than it may be.
    #[error("is larger than {max_bytes} bytes")]
    TooLarge {
        /// The most that would have been read.
        max_bytes: u64,
    },
}

/// The table in the file at `path`.
pub(crate) fn read(path: &Path) -> Result<Table, Mistake> {
    let bytes = bytes_of(path, MAX_FILE_BYTES).map_err(|error| mistake(path, error.to_string()))?;
    let text = std::str::from_utf8(&bytes).map_err(|error| {
        let (line, column) = position(&bytes, error.valid_up_to());
        mistake(path, format!("line {line}, column {column}: is not UTF-8"))
    })?;
    parse(path, text)
}

/// The table in the file at `path`; an empty one if there is no such file.
pub(crate) fn read_if_there_is_one(path: &Path) -> Result<Table, Mistake> {
    // Anything but a certain "no" is left to the reading, which can say what is wrong.
    if matches!(path.try_exists(), Ok(false)) { Ok(Table::new()) } else { read(path) }
}

/// The table in `text`, which came from `path`.
pub(crate) fn parse(path: &Path, text: &str) -> Result<Table, Mistake> {
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let (line, column) = position(text.as_bytes(), error.span().map_or(0, |span| span.start));
        // The parser's message may run over several lines; its first says what it is.
        let what = error.message().lines().next().unwrap_or("cannot be parsed");
        mistake(path, format!("line {line}, column {column}: is not TOML: {what}"))
    })?;
    Ok(tree::from_file(table))
}

/// The bytes of a file that is at most `max_bytes` long.
pub(crate) fn bytes_of(path: &Path, max_bytes: u64) -> Result<Vec<u8>, ReadError> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(max_bytes.saturating_add(1)).read_to_end(&mut bytes)?;
    let within = u64::try_from(bytes.len()).is_ok_and(|length| length <= max_bytes);
    if within { Ok(bytes) } else { Err(ReadError::TooLarge { max_bytes }) }
}

/// Line and column, both from 1, of a byte; columns count characters.
fn position(bytes: &[u8], offset: usize) -> (usize, usize) {
    let before = bytes.get(..offset).unwrap_or(bytes);
    let line = before.split(|byte| *byte == b'\n').count();
    let last = before.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    (line, String::from_utf8_lossy(last).chars().count().saturating_add(1))
}

fn mistake(path: &Path, problem: String) -> Mistake {
    Mistake { path: path.display().to_string(), problem }
}

#[cfg(test)]
mod tests {
    use super::{position, read_if_there_is_one};

    #[test]
    fn a_file_that_need_not_be_there_is_read_if_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tonkho.toml");
        assert!(read_if_there_is_one(&path).is_ok_and(|table| table.is_empty()));
        std::fs::write(&path, "[rate]\nbucket = 40\n").unwrap();
        assert!(read_if_there_is_one(&path).is_ok_and(|table| table.contains_key("rate")));
    }

    #[test]
    fn a_folder_in_its_place_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let refusal = read_if_there_is_one(folder.path()).err().unwrap();
        assert!(refusal.problem.starts_with("cannot read it: "), "{refusal}");
    }

    #[test]
    fn columns_count_characters() {
        assert_eq!(position("a = 1\nữ = x".as_bytes(), 12), (2, 5));
        assert_eq!(position(b"", 0), (1, 1));
    }
}
