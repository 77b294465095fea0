//! What is wrong with the settings: a list, so that an operator mends all of it in one go.
//!
//! The text is for people and nothing branches on it. It never holds a secret, and never a value that came
//! from the environment: the code that records a mistake sees to that.

use std::fmt;

/// One thing to mend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Where: a key such as `shops[0].token_file`, a variable such as `TONKHO__RATE__BUKET`, or a file's
    /// name.
    pub path: String,
    /// What is wrong there, in one line, without a full stop.
    pub problem: String,
}

/// Settings that cannot be used. Displays as one line per mistake.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", lines(.mistakes))]
pub struct SettingsError {
    /// Every mistake found, in the order of the sections; never empty.
    pub mistakes: Vec<Mistake>,
}

/// The mistakes found so far.
#[derive(Debug, Default)]
pub(crate) struct Mistakes {
    found: Vec<Mistake>,
}

fn lines(mistakes: &[Mistake]) -> String {
    let lines: Vec<String> = mistakes.iter().map(Mistake::to_string).collect();
    lines.join("\n")
}

impl fmt::Display for Mistake {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.path, self.problem)
    }
}

impl From<Mistake> for SettingsError {
    fn from(mistake: Mistake) -> Self {
        Self { mistakes: vec![mistake] }
    }
}

impl Mistakes {
    pub(crate) fn record(&mut self, path: impl Into<String>, problem: impl Into<String>) {
        self.found.push(Mistake { path: path.into(), problem: problem.into() });
    }

    /// Whether the value at exactly `path` is already known to be wrong, so that what follows from it stays
    /// unsaid.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.found.iter().any(|mistake| mistake.path == path)
    }

    pub(crate) fn into_result<T>(self, good: T) -> Result<T, SettingsError> {
        if self.found.is_empty() { Ok(good) } else { Err(SettingsError { mistakes: self.found }) }
    }
}
