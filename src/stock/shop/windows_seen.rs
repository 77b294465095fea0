//! The windows that came lately.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::cache::PurgeCount;
use crate::haravan::InventoryCall;
use crate::loader::Window;

/// Most windows remembered for a shop. Source: ours; each is at most 250 ids, some 10 KB with its lists.
const REMEMBERED: usize = 64;

/// The windows that came lately, each with the purges that had come before it.
#[derive(Debug, Default)]
pub(in crate::stock) struct WindowsSeen {
    seen: Mutex<VecDeque<(Arc<Window>, PurgeCount)>>,
}

impl WindowsSeen {
    /// Remembers a window.
    pub(in crate::stock) fn remember(&self, window: Arc<Window>, purges: PurgeCount) {
        let mut seen = self.seen.lock();
        seen.retain(|(other, _)| other.call != window.call);
        if seen.len() == REMEMBERED {
            seen.pop_front();
        }
        seen.push_back((window, purges));
    }

    /// The window that came of the same call.
    pub(in crate::stock) fn get(&self, call: &InventoryCall) -> Option<(Arc<Window>, PurgeCount)> {
        self.seen.lock().iter().find(|(window, _)| window.call == *call).cloned()
    }
}
