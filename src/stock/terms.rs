//! How a caller wants its question answered.

use std::time::Duration;

use crate::cache::freshness::FreshnessWish;
use crate::clock::Moment;
use crate::domain::caller::CallerId;

/// How a caller wants its question answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReadTerms {
    /// How fresh the answer should be.
    pub freshness: FreshnessWish,
    /// When the question was asked. `None` means when its read begins. What was observed later is fresh, whatever is
    /// wished for.
    pub asked_at: Option<Moment>,
    /// Who asks.
    pub caller: CallerId,
    /// How long the caller waits at most.
    pub wait: Duration,
    /// What to do when some cells do not come in that time.
    pub incomplete: Incomplete,
}

/// What to do when some cells do not come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Incomplete {
    /// Fail.
    #[default]
    Refuse,
    /// Answer with the cells that came, and name the missing ones.
    Answer,
}
