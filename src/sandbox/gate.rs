//! A gate that holds requests up while anyone asks it to, so that tests can arrange what happens first.

use std::sync::Arc;

use tokio::sync::watch;

/// Keeps a gate shut until it is released or dropped.
#[derive(Debug)]
#[must_use = "the gate opens as soon as this is dropped"]
pub struct Hold {
    holds: Arc<watch::Sender<usize>>,
}

/// Open unless held.
#[derive(Debug, Default)]
pub(super) struct Gate {
    holds: Arc<watch::Sender<usize>>,
}

impl Hold {
    /// Opens the gate, unless another hold keeps it shut.
    pub fn release(self) {}
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.holds.send_modify(|holds| *holds = holds.saturating_sub(1));
    }
}

impl Gate {
    /// Shuts the gate.
    pub(super) fn hold(&self) -> Hold {
        self.holds.send_modify(|holds| *holds = holds.saturating_add(1));
        Hold { holds: Arc::clone(&self.holds) }
    }

    /// Waits until the gate is free.
    pub(super) async fn pass(&self) {
        let mut holds = self.holds.subscribe();
        // Fails only when the gate is gone, and then nothing holds it.
        drop(holds.wait_for(|holds| *holds == 0).await);
    }
}
