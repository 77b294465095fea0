//! What an answer rests on, and whether it still does: so that a made answer can be given again without a look at
//! its cells.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::Snapshot;
use super::reading::Held;
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
    /// How old the oldest cell is now, and for how long all of them stay fresh.
    pub(super) fn at(self, now: Moment) -> (Duration, Duration) {
        (now.since(self.oldest), self.fresh_until.since(now))
    }
}

/// What an answer rests on: entries of one shop's cache, and a book of its locations.
#[derive(Debug)]
pub struct Basis {
    /// Each variant with the version of its entry.
    entries: Box<[(VariantId, u64)]>,
    /// The cache's changes when these were last seen to be the entries held.
    seen: AtomicU64,
    lifetime: Lifetime,
    /// The locations that the question or the answer took from the shop's list.
    book: Option<Arc<LocationBook>>,
    cells: usize,
}

impl Basis {
    /// Entries by their versions, held at this count of changes; when the oldest cell was confirmed, and until when
    /// it is fresh; a book of locations, if anything was taken from one; and how many cells there are.
    pub(super) fn new(
        entries: Box<[(VariantId, u64)]>,
        changes: Changes,
        lifetime: Lifetime,
        book: Option<Arc<LocationBook>>,
        cells: usize,
    ) -> Self {
        Self { entries, seen: AtomicU64::new(changes.count()), lifetime, book, cells }
    }

    /// How many cells the answer is made of.
    #[must_use]
    pub fn cells(&self) -> usize {
        self.cells
    }

    /// How old the oldest of them is now, and for how long all of them stay fresh.
    #[must_use]
    pub fn age_at(&self, now: Moment) -> (Duration, Duration) {
        self.lifetime.at(now)
    }

    /// The bytes it takes up.
    #[must_use]
    pub fn weight(&self) -> usize {
        size_of::<Self>() + size_of_val(&*self.entries)
    }

    /// Whether the cache still holds these very entries. Nothing changed is the usual case, and one comparison; after
    /// a change each entry is looked at, once.
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
    /// What an answer rests on that was made of a snapshot and, if it took anything from there, of this book of the
    /// shop's locations. None if it cannot be given again: not every cell was fresh in the cache.
    #[must_use]
    pub fn basis(&self, snapshot: &Snapshot, book: Option<Arc<LocationBook>>) -> Option<Basis> {
        let Held { changes, oldest } = snapshot.held()?;
        let entries = snapshot.entries().map(|(variant_id, entry)| Some((variant_id, entry?.version())));
        let fresh_until = oldest.plus(self.freshness().fresh);
        let cells = snapshot.grid().cells();
        Some(Basis::new(
            entries.collect::<Option<_>>()?,
            changes,
            Lifetime { oldest, fresh_until },
            book,
            cells,
        ))
    }

    /// Whether an answer that rests on this may be given now, as if it had just been made.
    #[must_use]
    pub fn upholds(&self, basis: &Basis, now: Moment) -> bool {
        let is_current = |book| self.current_book(now).is_some_and(|current| Arc::ptr_eq(&current, book));
        now <= basis.lifetime.fresh_until
            && basis.is_held(self.cache())
            && basis.book.as_ref().is_none_or(is_current)
    }
}
