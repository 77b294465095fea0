//! What leave is asked for, and why it is refused.

use smallvec::SmallVec;

use super::breaker::Stop;
use super::resource::Resource;
use crate::domain::caller::CallerId;
use crate::plan::pending::Priority;

/// What leave is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Errand {
    /// What the call is about.
    pub resource: Resource,
    /// Whether it goes on with something.
    pub urgency: Urgency,
    /// How urgently the answer is wanted.
    pub priority: Priority,
    /// The callers that the call is made for: it may be the turn of each. Empty: of no caller.
    pub callers: SmallVec<[CallerId; 2]>,
    /// The question that it is a part of; zero if no question goes on.
    pub question: u64,
    /// Whether it is a tile, which is chosen when leave is given: its callers are those of `Governor::tiles_wanted`.
    pub is_tile: bool,
}

/// Whether a call goes on with something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// The next page, half or retry of something under way.
    Continuation,
    /// Something new.
    New,
}

/// Why leave is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotAdmitted {
    /// Calls for this resource are stopped; try again later.
    Stopped(Stop),
    /// Too many calls wait already.
    Crowded,
}

impl Errand {
    /// Something new and urgent, for no caller.
    #[must_use]
    pub fn new(resource: Resource) -> Self {
        let (urgency, priority) = (Urgency::New, Priority::Interactive);
        Self { resource, urgency, priority, callers: SmallVec::new(), question: 0, is_tile: false }
    }

    /// A tile that is still to be chosen.
    #[must_use]
    pub fn tile() -> Self {
        Self { is_tile: true, ..Self::new(Resource::INVENTORY) }
    }
}
