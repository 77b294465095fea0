//! How far a request's body is read ahead of the one who takes it.
//!
//! actix reads up to 128 KiB of a connection while nobody takes the body that comes on it, and hands out as much again. A
//! gateway that passes large bodies on would hold that for each of them. So a connection is shut while a body lies ready,
//! and opened for a part more each time its taker waits.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// The bytes after which a connection is read no further, until the body's taker waits again. What is read at once may go
/// beyond. Source: ours; actix stops handing out at as many.
const PART: usize = 32 << 10;

/// Whether a connection may be read: for the one who reads it, and for the one who takes a body off it.
#[derive(Debug, Clone)]
pub struct BodyWindow(Rc<State>);

#[derive(Debug)]
struct State {
    /// The bytes that may still be read.
    left: Cell<usize>,
    /// Whether a body is under way.
    has_taker: Cell<bool>,
    /// Who reads, if it found the window shut.
    reader: RefCell<Option<Waker>>,
}

impl Default for BodyWindow {
    /// Of a connection on which no body is under way.
    fn default() -> Self {
        Self(Rc::new(State {
            left: Cell::new(PART),
            has_taker: Cell::new(false),
            reader: RefCell::new(None),
        }))
    }
}

impl BodyWindow {
    /// A body begins: it is read when its taker waits for it.
    pub(super) fn shut(&self) {
        self.0.has_taker.set(true);
        self.0.left.set(0);
    }

    /// The taker waits: there may be a part more.
    pub(super) fn open(&self) {
        self.0.left.set(PART);
        self.wake();
    }

    /// No body is under way.
    pub(super) fn lift(&self) {
        self.0.has_taker.set(false);
        self.open();
    }

    /// Ready if something may be read. If not, whoever asks is woken when it may.
    pub(super) fn poll(&self, context: &Context<'_>) -> Poll<()> {
        if 0 < self.0.left.get() {
            return Poll::Ready(());
        }
        if self.0.has_taker.get() {
            *self.0.reader.borrow_mut() = Some(context.waker().clone());
        } else {
            // What has come may be the head of a body: it is looked at first.
            self.0.left.set(PART);
            context.waker().wake_by_ref();
        }
        Poll::Pending
    }

    /// So many bytes were read.
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

    /// How much is read before whoever reads has to wait.
    fn read(guard: &mut HeadGuard<DuplexStream>) -> usize {
        let mut part = vec![0; PART / 4];
        let mut length = 0;
        while let Some(read) = guard.read(&mut part).now_or_never() {
            length += read.unwrap();
        }
        length
    }

    #[tokio::test]
    async fn a_body_is_read_a_part_at_a_time_as_its_taker_waits() {
        let (_caller, mut guard, window) = full().await;
        window.shut();
        assert_eq!(read(&mut guard), 0);
        for _ in 0..3 {
            window.open();
            assert_eq!(read(&mut guard), PART);
        }
        assert_eq!(read(&mut guard), 0, "nobody waits");
    }

    #[tokio::test]
    async fn who_found_the_window_shut_is_woken_when_it_opens() {
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
    async fn between_bodies_all_is_read_with_a_look_at_what_came_after_each_part() {
        let (_caller, mut guard, window) = full().await;
        assert_eq!(read(&mut guard), PART);
        assert_eq!(read(&mut guard), PART, "whoever reads is woken at once");
        window.shut();
        window.lift();
        let mut rest = vec![0; LENGTH - 2 * PART];
        guard.read_exact(&mut rest).await.unwrap();
    }
}
