//! How far a cache has changed.

/// How many changes a cache has seen: equal counts mean that nothing was written or purged in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Changes(u64);

impl Changes {
    /// The count, to be kept in an atomic.
    #[must_use]
    pub fn count(self) -> u64 {
        self.0
    }

    /// The changes of this count.
    #[must_use]
    pub fn from_count(count: u64) -> Self {
        Self(count)
    }
}
