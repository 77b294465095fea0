//! What was written, before anyone asks what it means: the file's values with the environment's over them.
//!
//! A variable's text stays text until the key that takes it says what kind it wants, so that a token made of
//! digits is still a token. Every value remembers the variable it came from.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::environment::{Environment, Variable};
use super::mistakes::Mistakes;

/// What the names of variables that are settings begin with. Two underscores: container platforms make up
/// variables of their own that begin with a service's name and one.
pub(crate) const PREFIX: &str = "TONKHO__";

/// Between the parts of a variable's name.
const SEPARATOR: &str = "__";

/// Values by key.
pub(crate) type Table = BTreeMap<String, Node>;

/// A value, or values.
#[derive(Clone)]
pub(crate) enum Node {
    /// A TOML table.
    Table(Table),
    /// A TOML array.
    Array(Vec<Node>),
    /// Anything else.
    Leaf(Leaf),
}

/// A single value and where it was written.
#[derive(Clone)]
pub(crate) struct Leaf {
    /// The value as far as it is known.
    pub(crate) value: Scalar,
    /// The variable it came from; `None` if it is from the file.
    pub(crate) variable: Option<Rc<str>>,
}

/// A value that is neither a table nor an array.
#[derive(Clone)]
pub(crate) enum Scalar {
    /// From TOML: the kind is known.
    Toml(toml::Value),
    /// From a variable: the kind is for the key to say.
    Text(String),
}

/// A part of a variable's name. Indices come in the order of numbers, so that `…__10` follows `…__9`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Index(usize),
    Key(String),
}

/// Why a variable has no place in the tree.
#[derive(Debug, thiserror::Error)]
enum Misplaced {
    #[error("skips an entry: the list before it has {length}, so the next index is {length}")]
    Gap { length: usize },
    #[error("goes into a list, where an index such as 0 is expected")]
    NotAnIndex,
    #[error("goes into a value that has no parts")]
    NoParts,
}

/// The values of a file's table.
pub(crate) fn from_file(table: toml::Table) -> Table {
    table.into_iter().map(|(key, value)| (key, Node::from_toml(value, None))).collect()
}

/// `written` with every `TONKHO__…` variable in its place.
pub(crate) fn overlay(written: Table, environment: &Environment, mistakes: &mut Mistakes) -> Table {
    let mut placed: Vec<(Vec<Part>, Leaf)> = Vec::new();
    for name in environment.names_after(PREFIX) {
        match (parts(name), environment.get(name)) {
            (None, _) => mistakes.record(name, "unknown variable: expected TONKHO__SECTION__KEY in capitals"),
            (Some(parts), Variable::Text(text)) => {
                let value = Scalar::Text(text.to_owned());
                placed.push((parts, Leaf { value, variable: Some(name.into()) }));
            }
            (Some(_), Variable::NotText | Variable::Absent) => mistakes.record(name, "is not UTF-8"),
        }
    }
    // Wholes before their parts, lists from their start.
    placed.sort_by(|(one, _), (other, _)| one.cmp(other));
    let mut root = Node::Table(written);
    for (parts, leaf) in placed {
        let name = leaf.variable.clone();
        if let Err(misplaced) = root.place(&parts, leaf) {
            mistakes.record(name.as_deref().unwrap_or(PREFIX), misplaced.to_string());
        }
    }
    match root {
        Node::Table(table) => table,
        Node::Array(_) | Node::Leaf(_) => Table::new(),
    }
}

/// The parts of a variable's name; `None` if it is not written as one.
fn parts(name: &str) -> Option<Vec<Part>> {
    let part = |text: &str| match text.parse() {
        Ok(index) => Some(Part::Index(index)),
        Err(_) if text.is_empty() || text.contains(|letter: char| letter.is_lowercase()) => None,
        Err(_) => Some(Part::Key(text.to_lowercase())),
    };
    name.strip_prefix(PREFIX)?.split(SEPARATOR).map(part).collect()
}

/// The value that `text`, from `variable`, is in TOML.
fn parsed(text: &str, variable: Option<&Rc<str>>) -> Option<Node> {
    let value: toml::Value = text.trim().parse().ok()?;
    Some(Node::from_toml(value, variable))
}

impl Node {
    fn from_toml(value: toml::Value, variable: Option<&Rc<str>>) -> Self {
        match value {
            toml::Value::Table(table) => {
                let nodes = table.into_iter().map(|(key, value)| (key, Self::from_toml(value, variable)));
                Self::Table(nodes.collect())
            }
            toml::Value::Array(items) => {
                Self::Array(items.into_iter().map(|item| Self::from_toml(item, variable)).collect())
            }
            scalar => Self::Leaf(Leaf { value: Scalar::Toml(scalar), variable: variable.cloned() }),
        }
    }

    /// The same, with a variable's text read as TOML if that makes it a table or an array.
    pub(crate) fn unfolded(self) -> Self {
        let Self::Leaf(Leaf { value: Scalar::Text(text), variable }) = &self else { return self };
        match parsed(text, variable.as_ref()) {
            Some(unfolded @ (Self::Table(_) | Self::Array(_))) => unfolded,
            Some(Self::Leaf(_)) | None => self,
        }
    }

    /// The TOML value that this is; what a variable says is read as one.
    pub(crate) fn scalar(&self) -> Option<toml::Value> {
        let Self::Leaf(leaf) = self else { return None };
        match &leaf.value {
            Scalar::Toml(value) => Some(value.clone()),
            Scalar::Text(text) => text.trim().parse().ok(),
        }
    }

    /// The text that this is. A variable's is taken as it stands, unless it is in quotes.
    pub(crate) fn text(&self) -> Option<String> {
        let Self::Leaf(leaf) = self else { return None };
        match &leaf.value {
            Scalar::Toml(value) => value.as_str().map(str::to_owned),
            Scalar::Text(text) if text.starts_with(['"', '\'']) => {
                let unquoted: Option<toml::Value> = text.trim().parse().ok();
                Some(unquoted.and_then(|value| value.as_str().map(str::to_owned)).unwrap_or(text.clone()))
            }
            Scalar::Text(text) => Some(text.clone()),
        }
    }

    /// The items that this is; a variable's are separated by commas, or a TOML array.
    pub(crate) fn items(&self) -> Option<Vec<Self>> {
        match self {
            Self::Array(items) => Some(items.clone()),
            Self::Table(_) => None,
            Self::Leaf(Leaf { value: Scalar::Toml(_), .. }) => None,
            Self::Leaf(Leaf { value: Scalar::Text(text), variable }) if text.trim().starts_with('[') => {
                match parsed(text, variable.as_ref()) {
                    Some(Self::Array(items)) => Some(items),
                    Some(Self::Table(_) | Self::Leaf(_)) | None => None,
                }
            }
            Self::Leaf(Leaf { value: Scalar::Text(text), variable }) => {
                let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
                let leaf =
                    |item: &str| Leaf { value: Scalar::Text(item.to_owned()), variable: variable.clone() };
                Some(items.map(|item| Self::Leaf(leaf(item))).collect())
            }
        }
    }

    /// Where this was written: each variable that it, or a part of it, came from, and `None` for the file.
    pub(crate) fn origins(&self) -> BTreeSet<Option<Rc<str>>> {
        match self {
            Self::Table(table) if !table.is_empty() => table.values().flat_map(Self::origins).collect(),
            Self::Array(items) if !items.is_empty() => items.iter().flat_map(Self::origins).collect(),
            Self::Table(_) | Self::Array(_) => BTreeSet::from([None]),
            Self::Leaf(leaf) => BTreeSet::from([leaf.variable.clone()]),
        }
    }

    fn place(&mut self, parts: &[Part], leaf: Leaf) -> Result<(), Misplaced> {
        let Some((part, rest)) = parts.split_first() else {
            *self = Self::Leaf(leaf);
            return Ok(());
        };
        if let Self::Leaf(_) = self {
            *self = self.clone().unfolded();
        }
        match (self, part) {
            (Self::Table(table), part) => {
                let key = match part {
                    Part::Key(key) => key.clone(),
                    Part::Index(index) => index.to_string(),
                };
                table.entry(key).or_insert_with(|| Self::hollow(rest)).place(rest, leaf)
            }
            (Self::Array(items), Part::Index(index)) => {
                let length = items.len();
                if length == *index {
                    items.push(Self::hollow(rest));
                }
                items.get_mut(*index).ok_or(Misplaced::Gap { length })?.place(rest, leaf)
            }
            (Self::Array(_), Part::Key(_)) => Err(Misplaced::NotAnIndex),
            (Self::Leaf(_), _) => Err(Misplaced::NoParts),
        }
    }

    /// An empty place that takes what `rest` will put there.
    fn hollow(rest: &[Part]) -> Self {
        match rest.first() {
            Some(Part::Index(_)) => Self::Array(Vec::new()),
            Some(Part::Key(_)) | None => Self::Table(Table::new()),
        }
    }
}
