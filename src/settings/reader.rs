//! Walks a table key by key, and at the end knows which keys were not read.
//!
//! A reader never stops at a mistake: it records it and goes on, so that one run finds them all.

use super::kind::Kind;
use super::mistakes::Mistakes;
use super::tree::{Node, PREFIX, Table};
use crate::spelling::nearest;

/// The longest part of a key that is shown in a message, in characters.
const MAX_SHOWN_KEY: usize = 64;

/// What is said of a value where a table belongs.
const NOT_A_TABLE: &str = "expected a table";

/// One table, and where it is.
pub(crate) struct Reader<'m> {
    path: String,
    table: Table,
    known: Vec<&'static str>,
    mistakes: &'m mut Mistakes,
}

impl<'m> Reader<'m> {
    /// The table of the whole file.
    pub(crate) fn root(table: Table, mistakes: &'m mut Mistakes) -> Self {
        Self { path: String::new(), table, known: Vec::new(), mistakes }
    }

    /// The value of `key`: `None` if it is not set, and also, with a mistake, if it is not of this kind.
    pub(crate) fn value<T>(&mut self, key: &'static str, kind: &Kind<T>) -> Option<T> {
        self.known.push(key);
        let node = self.table.remove(key)?;
        match kind.read(&node) {
            Ok(value) => Some(value),
            Err(problem) => {
                self.refuse(key, problem);
                None
            }
        }
    }

    /// Reads the table at `key` to its end; an empty one if it is not set.
    pub(crate) fn section<T>(&mut self, key: &'static str, read: impl FnOnce(&mut Reader<'_>) -> T) -> T {
        self.known.push(key);
        let path = self.path_of(key);
        let table = match self.table.remove(key).map(Node::unfolded) {
            None => Table::new(),
            Some(Node::Table(table)) => table,
            Some(Node::Array(_) | Node::Leaf(_)) => {
                self.refuse(key, NOT_A_TABLE);
                Table::new()
            }
        };
        Reader { path, table, known: Vec::new(), mistakes: self.mistakes }.read_through(read)
    }

    /// Reads each table of the list at `key` to its end, with its index; an empty list if it is not set. What
    /// is not a table is left out.
    pub(crate) fn each<T>(
        &mut self,
        key: &'static str,
        mut read: impl FnMut(usize, &mut Reader<'_>) -> T,
    ) -> Vec<T> {
        self.known.push(key);
        let items = match self.table.remove(key).map(Node::unfolded) {
            None => Vec::new(),
            Some(Node::Array(items)) => items,
            Some(Node::Table(_) | Node::Leaf(_)) => {
                self.refuse(key, format!("expected a list of tables: [[{key}]]"));
                Vec::new()
            }
        };
        let path = self.path_of(key);
        let tables = items.into_iter().enumerate().filter_map(|(index, item)| {
            let path = format!("{path}[{index}]");
            let Node::Table(table) = item.unfolded() else {
                self.mistakes.record(path, NOT_A_TABLE);
                return None;
            };
            let reader = Reader { path, table, known: Vec::new(), mistakes: self.mistakes };
            Some(reader.read_through(|reader| read(index, reader)))
        });
        tables.collect()
    }

    /// Whether `key` is set and has not been read yet.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Records a mistake at `key`.
    pub(crate) fn refuse(&mut self, key: &str, problem: impl Into<String>) {
        let path = self.path_of(key);
        self.mistakes.record(path, problem);
    }

    /// Records a mistake at this table itself.
    pub(crate) fn refuse_whole(&mut self, problem: impl Into<String>) {
        self.mistakes.record(self.path.clone(), problem);
    }

    /// Whether none of `keys` is known to be wrong: what they say together can be judged.
    pub(crate) fn sound(&self, keys: &[&str]) -> bool {
        keys.iter().all(|key| !self.mistakes.has(&self.path_of(key)))
    }

    /// Records every key that was not asked for.
    pub(crate) fn finish(&mut self) {
        for (key, node) in std::mem::take(&mut self.table) {
            let meant = nearest(&key, self.known.iter().copied());
            let path = self.path_of(&shown(&key));
            for origin in node.origins() {
                if let Some(variable) = origin {
                    let parts = variable.strip_prefix(&*variable_of(&path)).unwrap_or_default();
                    let meant = meant.map(|name| format!("{}{parts}", variable_of(&self.path_of(name))));
                    self.mistakes.record(&*variable, with_hint("unknown variable", meant));
                } else {
                    let meant = meant.map(|name| self.path_of(name));
                    self.mistakes.record(path.clone(), with_hint("unknown key", meant));
                }
            }
        }
    }

    fn read_through<T>(mut self, read: impl FnOnce(&mut Reader<'_>) -> T) -> T {
        let value = read(&mut self);
        self.finish();
        value
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}

fn with_hint(problem: &str, meant: Option<String>) -> String {
    meant.map_or_else(|| problem.to_owned(), |meant| format!("{problem}, did you mean {meant}?"))
}

/// A key as a message shows it: quoted unless TOML lets it stand bare, and not endless.
fn shown(key: &str) -> String {
    let short: String = key.chars().take(MAX_SHOWN_KEY).collect();
    let bare = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
    if !short.is_empty() && short.chars().all(bare) { short } else { format!("{short:?}") }
}

/// The variable that sets the key at `path`.
fn variable_of(path: &str) -> String {
    let parts = path.replace("].", "__").replace(['[', '.'], "__").replace(']', "");
    format!("{PREFIX}{}", parts.to_uppercase())
}
