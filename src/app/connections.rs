//! The connections that callers hold open, over all workers.
//!
//! A connection is counted when it is accepted and when it is closed, never in between: what is served over it costs
//! nothing here.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How many connections are open.
#[derive(Debug, Default)]
pub(super) struct Connections {
    open: AtomicUsize,
}

/// A connection's place among those that are open; its drop gives the place back.
#[derive(Debug)]
pub(super) struct Place(Arc<Connections>);

/// A connection that holds a place for as long as it is open.
#[derive(Debug)]
pub(super) struct Placed<T> {
    io: T,
    _place: Place,
}

impl Connections {
    /// Takes a place for a connection that was just accepted.
    pub(super) fn enter(self: &Arc<Self>) -> Place {
        self.open.fetch_add(1, Ordering::AcqRel);
        Place(Arc::clone(self))
    }

    /// How many connections are open.
    pub(super) fn open(&self) -> usize {
        self.open.load(Ordering::Acquire)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::AcqRel);
    }
}

impl<T> Placed<T> {
    pub(super) fn new(io: T, place: Place) -> Self {
        Self { io, _place: place }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Placed<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Placed<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}
