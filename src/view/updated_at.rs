//! When a row last changed, as views show it: as Haravan wrote it.

use std::cmp::Ordering;
use std::fmt;

use serde::Serialize;

use crate::domain::row::Row;
use crate::domain::timestamp::Timestamp;

/// When a row last changed: as Haravan wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(untagged)]
pub enum UpdatedAt {
    /// Written as we would.
    Plain(Timestamp),
    /// Written in another way.
    AsSent(Box<str>),
}

/// The newest of some rows' instants, with the text of the row that has it.
#[derive(Debug, Clone, Default)]
pub(super) struct Newest(Option<(Timestamp, UpdatedAt)>);

impl UpdatedAt {
    /// What the row says.
    pub(super) fn of(row: &Row) -> Self {
        match row.as_sent {
            None => Self::Plain(row.updated_at),
            Some(_) => Self::of_text(row.updated_at, &row.updated_at_text()),
        }
    }

    /// What is written for an instant.
    pub(super) fn of_text(instant: Timestamp, text: &str) -> Self {
        if instant.to_string() == text { Self::Plain(instant) } else { Self::AsSent(text.into()) }
    }
}

impl Newest {
    /// Takes a row into account. Of one instant in two spellings the longer counts, so that the order of rows does
    /// not matter; of those with equal [`Timestamp`]s, the one whose text is last in the alphabet.
    #[inline]
    pub(super) fn see(&mut self, row: &Row) {
        let changes_nothing = self.0.as_ref().is_some_and(|(newest, text)| {
            row.updated_at < *newest
                || (row.updated_at == *newest
                    && row.as_sent.is_none()
                    && matches!(text, UpdatedAt::Plain(known) if row.updated_at.digits() <= known.digits()))
        });
        if !changes_nothing {
            self.replace(row.updated_at, UpdatedAt::of(row));
        }
    }

    /// Takes an instant into account that is written as we would write it.
    pub(super) fn see_plain(&mut self, instant: Timestamp) {
        self.replace(instant, UpdatedAt::Plain(instant));
    }

    /// Takes into account what another has seen.
    pub(super) fn merge(&mut self, other: &Self) {
        if let Some((instant, text)) = &other.0 {
            self.replace(*instant, text.clone());
        }
    }

    /// The text of the newest.
    pub(super) fn text(&self) -> Option<UpdatedAt> {
        self.0.as_ref().map(|(_, text)| text.clone())
    }

    fn replace(&mut self, instant: Timestamp, text: UpdatedAt) {
        let is_newer = self.0.as_ref().is_none_or(|(newest, known)| {
            newest.cmp(&instant).then_with(|| by_spelling(instant, known, &text)) == Ordering::Less
        });
        if is_newer {
            self.0 = Some((instant, text));
        }
    }
}

/// Orders two spellings of what counts as one instant.
#[cold]
fn by_spelling(instant: Timestamp, one: &UpdatedAt, other: &UpdatedAt) -> Ordering {
    let (one, other) = (one.to_string(), other.to_string());
    if instant.is_clamped() {
        return one.cmp(&other);
    }
    (one.len(), one).cmp(&(other.len(), other))
}

impl fmt::Display for UpdatedAt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(instant) => instant.fmt(formatter),
            Self::AsSent(text) => formatter.write_str(text),
        }
    }
}
