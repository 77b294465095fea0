//! A list of a shop's locations, how long it serves, and what a reading of it brings.

use std::sync::Arc;
use std::time::Duration;

use crate::cache::freshness::FreshnessPolicy;
use crate::clock::Moment;
use crate::domain::location::LocationBook;
use crate::haravan::SentLocation;
use crate::stock::read_error::ReadError;

/// How long locations serve. Source: ours; a shop opens a store now and then.
pub(super) const POLICY: FreshnessPolicy = FreshnessPolicy {
    fresh: Duration::from_secs(300),
    stale_while_revalidate: Duration::from_secs(3_600),
    stale_if_error: Duration::from_secs(86_400),
};

/// A shop's locations as Haravan listed them, all pages joined.
#[derive(Debug, Clone)]
pub struct LocationList {
    /// In Haravan's order, each with its JSON as sent.
    pub locations: Vec<SentLocation>,
    /// When they were read.
    pub observed_at: Moment,
    pub(super) book: Arc<LocationBook>,
    /// The book to use when the list cannot be read any more.
    pub(super) outdated: Arc<LocationBook>,
}

impl LocationList {
    /// Names and classes.
    #[must_use]
    pub fn book(&self) -> Arc<LocationBook> {
        Arc::clone(&self.book)
    }
}

/// Why a reading brought no list.
#[derive(Debug, Clone, Copy)]
pub(super) struct Failure {
    pub(super) error: ReadError,
    /// Haravan answered that the token may not read it.
    pub(super) is_forbidden: bool,
}

pub(super) type ListOutcome = Result<Arc<LocationList>, Failure>;
