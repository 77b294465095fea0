//! The processor, which threads share: work that nobody waits for impatiently lets others go first.
//!
//! The kernel changes between two threads that are both busy only every few milliseconds, and a hit takes some
//! microseconds. So long work comes in pieces, each a fraction of a millisecond, and between two of them it yields.

/// Lets another thread go first, if one waits for this processor.
///
/// Never under a lock: whoever goes first may want it.
pub fn give_way() {
    std::thread::yield_now();
}

/// Counts work, and gives way after each piece of it.
#[derive(Debug, Clone, Copy)]
pub struct Pieces {
    size: usize,
    left: usize,
}

impl Pieces {
    /// Pieces of so many units.
    #[must_use]
    pub fn of(size: usize) -> Self {
        Self { size, left: size }
    }

    /// So many units are done.
    pub fn done(&mut self, units: usize) {
        match self.left.checked_sub(units) {
            Some(left) if 0 < left => self.left = left,
            _ => {
                self.left = self.size;
                give_way();
            }
        }
    }
}
