//! Cooperative yielding for long CPU work, so that short requests are not delayed.
//!
//! The kernel changes between two threads that are both busy only every few milliseconds, and a hit takes some
//! microseconds. So long work comes in pieces, each a fraction of a millisecond, and between two of them it yields.

/// Lets another thread go first, if one waits for this processor.
///
/// Never under a lock: the thread that goes first may want it.
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
    /// Pieces of this number of units.
    #[must_use]
    pub fn of(size: usize) -> Self {
        Self { size, left: size }
    }

    /// Counts units of work that are done.
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
