//! The stream of a cache's changes, for readers that follow it: event streams, alerts, replicas.
//!
//! The cache publishes under its lock for writing, so that changes come in their order. It never waits for a reader: a
//! reader that is too slow loses the oldest changes, and learns how many it lost.

use std::sync::{Arc, OnceLock};

use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::broadcast::{Receiver, Sender, channel};

use super::changes::Changes;
use super::purges::Purge;
use crate::domain::id::{LocationId, VariantId};

/// How many changes are kept for readers that are slow. Source: ours; five seconds of calls at four a second, of fifty
/// variants each.
const KEPT: usize = 1_024;

/// The most locations that a change names. Source: ours; it bounds what the kept changes weigh, to 1 MiB a shop.
const MOST_NAMED: usize = 64;

/// One change of a cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The count of changes that includes it. Counts ascend, with gaps.
    pub number: Changes,
    /// What changed.
    pub changed: Changed,
}

/// What a change changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed {
    /// Cells of a variant were observed.
    Cells {
        /// The variant.
        variant_id: VariantId,
        /// The locations, ascending, where something else is known than before. Empty if all was confirmed. `None` if
        /// they are too many to be named.
        locations: Option<Arc<[LocationId]>>,
    },
    /// Cells were purged: those that are held and those that are not.
    Purge(Purge),
}

/// Follows the changes of a cache.
#[derive(Debug)]
pub struct ChangeReader {
    since: Changes,
    receiver: Receiver<Change>,
}

/// Why a reader has no next change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FeedError {
    /// The reader was too slow. It has to read anew what it knows, and can go on.
    #[error("the reader was too slow and lost {0} changes")]
    Lagged(u64),
    /// The cache is gone.
    #[error("the cache is gone")]
    Closed,
}

/// Where a cache publishes. Costs nothing until it is followed.
#[derive(Debug, Default)]
pub(super) struct Feed(OnceLock<Sender<Change>>);

impl Feed {
    /// Whether anything that is published is read.
    pub(super) fn is_followed(&self) -> bool {
        self.0.get().is_some_and(|sender| 0 < sender.receiver_count())
    }

    /// Begins to follow what is published from now on.
    pub(super) fn follow(&self, since: Changes) -> ChangeReader {
        let receiver = self.0.get_or_init(|| channel(KEPT).0).subscribe();
        ChangeReader { since, receiver }
    }

    /// Publishes that cells of a variant were observed.
    pub(super) fn publish_cells(&self, number: Changes, variant_id: VariantId, changed: Vec<LocationId>) {
        let locations = (changed.len() <= MOST_NAMED).then(|| changed.into());
        self.publish(Change { number, changed: Changed::Cells { variant_id, locations } });
    }

    /// Publishes a change. Without a reader there is nothing to do.
    pub(super) fn publish(&self, change: Change) {
        if let Some(sender) = self.0.get() {
            // Fails if the last reader has just left.
            let _ = sender.send(change);
        }
    }
}

impl ChangeReader {
    /// The count of changes when the reader began: all later ones come.
    #[must_use]
    pub fn since(&self) -> Changes {
        self.since
    }

    /// Waits for the next change.
    ///
    /// # Errors
    /// The reader was too slow, or the cache is gone.
    pub async fn next(&mut self) -> Result<Change, FeedError> {
        self.receiver.recv().await.map_err(|error| match error {
            RecvError::Lagged(lost) => FeedError::Lagged(lost),
            RecvError::Closed => FeedError::Closed,
        })
    }

    /// Returns the next change. Returns `None` if no change has come yet.
    ///
    /// # Errors
    /// The reader was too slow, or the cache is gone.
    pub fn try_next(&mut self) -> Result<Option<Change>, FeedError> {
        match self.receiver.try_recv() {
            Ok(change) => Ok(Some(change)),
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Lagged(lost)) => Err(FeedError::Lagged(lost)),
            Err(TryRecvError::Closed) => Err(FeedError::Closed),
        }
    }
}

#[cfg(test)]
mod tests;
