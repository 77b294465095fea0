//! The patience with a connection that makes no headway in the midst of something.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Sleep, sleep};

/// A wait for headway. It costs nothing until headway fails to come.
#[derive(Debug, Default)]
pub(crate) struct Stall {
    timer: Option<Pin<Box<Sleep>>>,
}

impl Stall {
    /// Ready once there was no headway for so long, counted from the first time that this was asked.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>, limit: Duration) -> Poll<()> {
        self.timer.get_or_insert_with(|| Box::pin(sleep(limit))).as_mut().poll(context)
    }

    /// There was headway.
    pub(crate) fn clear(&mut self) {
        if self.timer.is_some() {
            self.timer = None;
        }
    }
}
