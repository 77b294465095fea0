//! Who asks, as far as turns go.

/// A caller: a key's number. It says who takes turns with whom, and nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallerId(u32);

impl CallerId {
    /// No caller: the work is for the cache, or for all.
    pub const NONE: Self = Self(0);

    /// The caller of this number.
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }
}
