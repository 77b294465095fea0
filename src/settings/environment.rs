//! The process environment, as a value: the only file that reads it.
//!
//! Everything else takes an [`Environment`], so that tests pass a map and never change the process.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;

/// A copy of environment variables. Its `Debug` shows how many there are and nothing else: values may be
/// secrets.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, OsString>,
}

/// What a variable holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variable<'a> {
    /// It is not set.
    Absent,
    /// It is set, to bytes that are not UTF-8.
    NotText,
    /// It is set.
    Text(&'a str),
}

impl Environment {
    /// The variables of this process, as they are now. Those whose names are not UTF-8 are left out.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
    pub fn of_the_process() -> Self {
        let named = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
        Self { variables: named.collect() }
    }

    pub(crate) fn get(&self, name: &str) -> Variable<'_> {
        match self.variables.get(name).map(|value| value.to_str()) {
            None => Variable::Absent,
            Some(None) => Variable::NotText,
            Some(Some(text)) => Variable::Text(text),
        }
    }

    /// The names that begin with `prefix`, in order.
    pub(crate) fn names_after(&self, prefix: &str) -> impl Iterator<Item = &str> {
        self.variables.keys().map(String::as_str).filter(move |name| name.starts_with(prefix))
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Environment({} variables)", self.variables.len())
    }
}

impl<N: Into<String>, V: Into<OsString>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Self { variables: pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect() }
    }
}
