//! How far a request's body is read before its handler wants it.
//!
//! actix reads 128 KiB of a connection ahead, and keeps as much again for the handler. A gateway that passes large bodies
//! on would hold that for each of them. So a connection is read no further while the handler has a part of the body, and
//! one part further each time the handler waits.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// The bytes that are read at a time. One read may bring more. Source: ours; actix keeps as much for a handler.
const PART: usize = 32 << 10;

/// Whether a connection may be read. The connection and the body that comes on it share it.
#[derive(Debug, Clone)]
pub struct BodyWindow(Rc<State>);

#[derive(Debug)]
struct State {
    /// The bytes that may still be read.
    left: Cell<usize>,
    /// Whether a request has a body that is not read to its end.
    has_body: Cell<bool>,
    /// Wakes the task that reads the connection, if that found the window shut.
    reader: RefCell<Option<Waker>>,
}

impl Default for BodyWindow {
    /// The window of a connection without a body.
    fn default() -> Self {
        Self(Rc::new(State { left: Cell::new(PART), has_body: Cell::new(false), reader: RefCell::new(None) }))
    }
}

impl BodyWindow {
    /// A body begins. It is read when its handler waits for it.
    pub(super) fn shut(&self) {
        self.0.has_body.set(true);
        self.0.left.set(0);
    }

    /// The handler waits: one more part may be read.
    pub(super) fn open(&self) {
        self.0.left.set(PART);
        self.wake();
    }

    /// The body is read to its end, or given up.
    pub(super) fn lift(&self) {
        self.0.has_body.set(false);
        self.open();
    }

    /// Ready if the connection may be read. If not, the task is woken when it may.
    pub(super) fn poll(&self, context: &Context<'_>) -> Poll<()> {
        if 0 < self.0.left.get() {
            return Poll::Ready(());
        }
        if self.0.has_body.get() {
            *self.0.reader.borrow_mut() = Some(context.waker().clone());
        } else {
            // These bytes may hold the head of a request with a body, so actix has to see them first.
            self.0.left.set(PART);
            context.waker().wake_by_ref();
        }
        Poll::Pending
    }

    /// Counts bytes that were read.
    pub(super) fn read(&self, bytes: usize) {
        self.0.left.set(self.0.left.get().saturating_sub(bytes));
    }

    fn wake(&self) {
        if let Some(reader) = self.0.reader.take() {
            reader.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    use super::{BodyWindow, PART};
    use crate::http::connection::head_guard::HeadGuard;

    const LENGTH: usize = 8 * PART;

    /// A connection on which much has come, and its window.
    async fn full() -> (DuplexStream, HeadGuard<DuplexStream>, BodyWindow) {
        let (mut caller, connection) = duplex(LENGTH);
        caller.write_all(&vec![b'{'; LENGTH]).await.unwrap();
        let guard = HeadGuard::new(connection);
        let window = guard.window();
        (caller, guard, window)
    }

    /// The bytes that are read before the reader has to wait.
    fn read(guard: &mut HeadGuard<DuplexStream>) -> usize {
        let mut part = vec![0; PART / 4];
        let mut length = 0;
        while let Some(read) = guard.read(&mut part).now_or_never() {
            length += read.unwrap();
        }
        length
    }

    #[tokio::test]
    async fn a_body_is_read_one_part_each_time_its_handler_waits() {
        let (_caller, mut guard, window) = full().await;
        window.shut();
        assert_eq!(read(&mut guard), 0);
        for _ in 0..3 {
            window.open();
            assert_eq!(read(&mut guard), PART);
        }
        assert_eq!(read(&mut guard), 0, "the handler does not wait");
    }

    #[tokio::test]
    async fn a_reader_that_found_the_window_shut_is_woken_when_it_opens() {
        let (_caller, mut guard, window) = full().await;
        window.shut();
        let mut part = vec![0; PART];
        let reading = tokio::task::LocalSet::new();
        let read = reading.run_until(async move {
            let read = tokio::task::spawn_local(async move { guard.read(&mut part).await.unwrap() });
            // So that it reads first.
            tokio::task::yield_now().await;
            window.open();
            read.await.unwrap()
        });
        assert_eq!(read.await, PART);
    }

    #[tokio::test]
    async fn without_a_body_a_connection_is_read_to_its_end_with_a_pause_after_each_part() {
        let (_caller, mut guard, window) = full().await;
        assert_eq!(read(&mut guard), PART);
        assert_eq!(read(&mut guard), PART, "the reader is woken at once");
        window.shut();
        window.lift();
        let mut rest = vec![0; LENGTH - 2 * PART];
        guard.read_exact(&mut rest).await.unwrap();
    }
}
