//! How long a made answer may be given again: while the cache entries it was made of are unchanged and fresh.
//! Checking this does not look at the cells.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::reading::AllFresh;
use super::reading::Reading;
use super::shop::Shop;
use crate::cache::{Cache, Changes};
use crate::clock::Moment;
use crate::domain::id::VariantId;
use crate::domain::location::LocationBook;

/// When the oldest cell of an answer was confirmed, and the last moment at which all of them are fresh.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lifetime {
    pub(super) oldest: Moment,
    pub(super) fresh_until: Moment,
}

impl Lifetime {
    /// The age of the oldest cell, and how long all cells stay fresh.
    pub(super) fn at(self, now: Moment) -> (Duration, Duration) {
        (now.since(self.oldest), self.fresh_until.since(now))
    }
}

/// What an answer was made of: entries of one shop's cache, and a book of its locations.
#[derive(Debug)]
pub struct Validity {
    /// Each variant with the version of its entry.
    entries: Box<[(VariantId, u64)]>,
    /// The cache's count of changes when it was last seen to hold these entries.
    seen: AtomicU64,
    lifetime: Lifetime,
    /// The book of locations, if the question or the answer used one.
    book: Option<Arc<LocationBook>>,
    cells: usize,
}

impl Validity {
    /// The validity of an answer of `cells` cells, made of `entries` that the cache held at this count of `changes`.
    pub(super) fn new(
        entries: Box<[(VariantId, u64)]>,
        changes: Changes,
        lifetime: Lifetime,
        book: Option<Arc<LocationBook>>,
        cells: usize,
    ) -> Self {
        Self { entries, seen: AtomicU64::new(changes.count()), lifetime, book, cells }
    }

    /// The number of cells the answer is made of.
    #[must_use]
    pub fn cells(&self) -> usize {
        self.cells
    }

    /// The age of the oldest cell, and how long all cells stay fresh.
    #[must_use]
    pub fn age_at(&self, now: Moment) -> (Duration, Duration) {
        self.lifetime.at(now)
    }

    /// Whether everything in the answer is at most this old. An answer that used a book of locations never is, since the
    /// age of the book is not kept here.
    #[must_use]
    pub fn is_within(&self, max_age: Duration, now: Moment) -> bool {
        self.book.is_none() && now.since(self.lifetime.oldest) <= max_age
    }

    /// The bytes it takes up.
    #[must_use]
    pub fn weight(&self) -> usize {
        size_of::<Self>() + size_of_val(&*self.entries)
    }

    /// Whether the cache still holds exactly these entries. Usually nothing changed, which is one comparison. After a
    /// change each entry is checked, once.
    fn is_held(&self, cache: &Cache) -> bool {
        let changes = cache.changes();
        if Changes::from_count(self.seen.load(Ordering::Relaxed)) == changes {
            return true;
        }
        let mut reader = cache.reader();
        let held = self.entries.iter().all(|(variant_id, version)| reader.is_current(*variant_id, *version));
        if held {
            self.seen.store(changes.count(), Ordering::Relaxed);
        }
        held
    }
}

impl Shop {
    /// The validity of an answer made of a reading and, if it used one, of a book of the shop's locations.
    /// `None` if the answer cannot be given again: not every cell was fresh in the cache.
    #[must_use]
    pub fn validity(&self, reading: &Reading, book: Option<Arc<LocationBook>>) -> Option<Validity> {
        let AllFresh { changes, oldest } = reading.all_fresh()?;
        let entries = reading.entries().map(|(variant_id, entry)| Some((variant_id, entry?.version())));
        let fresh_until = oldest.plus(self.devices.freshness.fresh);
        let cells = reading.grid().cells();
        Some(Validity::new(
            entries.collect::<Option<_>>()?,
            changes,
            Lifetime { oldest, fresh_until },
            book,
            cells,
        ))
    }

    /// Whether a cached answer is still current: its entries are unchanged and fresh.
    #[must_use]
    pub fn is_current(&self, validity: &Validity, now: Moment) -> bool {
        let book_is_current =
            |book| self.locations().current_book(now).is_some_and(|current| Arc::ptr_eq(&current, book));
        now <= validity.lifetime.fresh_until
            && validity.is_held(&self.devices.cache)
            && validity.book.as_ref().is_none_or(book_is_current)
    }
}
