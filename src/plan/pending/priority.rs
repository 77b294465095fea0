//! How urgently cells are wanted.

/// How urgently cells are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// A caller waits for the answer.
    Interactive,
    /// A stale answer was served; the cells should become fresh.
    Refresh,
    /// No caller asked: the shop is filled with the budget that is left over.
    Mirror,
}

impl Priority {
    /// All of them, most urgent first.
    pub const ALL: [Self; 3] = [Self::Interactive, Self::Refresh, Self::Mirror];

    /// The priority's name in metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Interactive => "interactive",
            Self::Refresh => "refresh",
            Self::Mirror => "mirror",
        }
    }
}

/// One thing for each priority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct ByPriority<T> {
    interactive: T,
    refresh: T,
    mirror: T,
}

impl<T> ByPriority<T> {
    /// The thing for a priority.
    pub(super) fn of(&self, priority: Priority) -> &T {
        match priority {
            Priority::Interactive => &self.interactive,
            Priority::Refresh => &self.refresh,
            Priority::Mirror => &self.mirror,
        }
    }

    /// The thing for a priority, to be changed.
    pub(super) fn of_mut(&mut self, priority: Priority) -> &mut T {
        match priority {
            Priority::Interactive => &mut self.interactive,
            Priority::Refresh => &mut self.refresh,
            Priority::Mirror => &mut self.mirror,
        }
    }
}
