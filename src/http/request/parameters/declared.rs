//! What is declared of a parameter: everything that reads it or describes it takes that from here.

use std::borrow::Cow;
use std::marker::PhantomData;

use utoipa::openapi::{RefOr, Schema};

use super::error::ParameterError;

/// A parameter whose values are read as `T`.
#[derive(Debug)]
pub(crate) struct Parameter<T> {
    /// What is declared of it.
    pub(crate) declared: Declared,
    value: PhantomData<fn() -> T>,
}

/// What is declared of a parameter, whatever its values are read as.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Declared {
    /// Its name.
    pub(crate) name: &'static str,
    /// What its values look like.
    pub(crate) shape: Shape,
    /// An example, as it is written in a URL.
    pub(crate) example: &'static str,
    /// The lines that the document has on it in a URL; none of them for a spelling that it does not show.
    pub(crate) about: &'static [&'static str],
    /// What the document says of it in a body, if that differs.
    pub(crate) in_body: Option<&'static str>,
    /// Whether a URL without it is no question.
    pub(crate) is_needed: bool,
}

/// What values look like.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shape {
    /// Ids: of repeated lists all items count.
    Ids,
    /// The lines of an order.
    Lines,
    /// `true` or `false`.
    Flag,
    /// A decimal number of at least 0.
    Amount,
    /// A whole number of at least this much.
    Whole(u64),
    /// A date and time.
    Instant,
    /// One of a few words, with the name and the schema that they have together.
    Word(fn() -> (String, RefOr<Schema>)),
}

/// What the values of a parameter are read as.
pub(crate) trait Value: Sized {
    /// What they look like.
    const SHAPE: Shape;

    /// Reads what was given under a name: one text, or several if it is a list.
    ///
    /// # Errors
    /// It cannot be read.
    fn read(name: &'static str, given: &[Cow<'_, str>]) -> Result<Self, ParameterError>;
}

/// A parameter of this name, with an example as it is written in a URL.
pub(super) const fn parameter<T: Value>(name: &'static str, example: &'static str) -> Parameter<T> {
    let shape = T::SHAPE;
    let declared = Declared { name, shape, example, about: &[], in_body: None, is_needed: false };
    Parameter { declared, value: PhantomData }
}

impl<T> Parameter<T> {
    /// The same, with these lines about it.
    pub(super) const fn about(mut self, lines: &'static [&'static str]) -> Self {
        self.declared.about = lines;
        self
    }

    /// The same, with another text about it in a body.
    pub(super) const fn in_body(mut self, text: &'static str) -> Self {
        self.declared.in_body = Some(text);
        self
    }

    /// The same, needed in a URL or not.
    pub(super) const fn needed(mut self, is_needed: bool) -> Self {
        self.declared.is_needed = is_needed;
        self
    }
}

impl Declared {
    /// Whether repeated ones are joined.
    pub(super) fn is_list(&self) -> bool {
        matches!(self.shape, Shape::Ids)
    }

    /// Whether the document shows it.
    pub(crate) fn is_shown(&self) -> bool {
        !self.about.is_empty()
    }
}
