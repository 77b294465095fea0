//! The connections that callers hold open, over all workers: how many there are, and how many there may be.
//!
//! A connection is counted when it is accepted and when it is closed, never in between: what is served over it costs
//! nothing here.
//!
//! There may be fewer than the process may have files open, or calls to Haravan and probes could not be made any more.
//! Connections beyond that are few and short: they may ask the probes, and the newest takes the place of the oldest. So
//! a probe, which asks at once, is answered whatever others do.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::oneshot;

use crate::metrics::ConnectionMetrics;

/// How many connections beyond the most that are served may be open for the probes. Source: ours; a probe is answered
/// in a millisecond.
pub(super) const BEYOND: usize = 16;

/// The connections that are open.
#[derive(Debug)]
pub(super) struct Connections {
    /// How many are served at once.
    most: usize,
    served: AtomicUsize,
    beyond: Mutex<Beyond>,
    metrics: ConnectionMetrics,
}

/// Connections beyond the most that are served, the oldest first.
#[derive(Debug, Default)]
struct Beyond {
    /// What the next one is called.
    next: u64,
    places: VecDeque<(u64, oneshot::Sender<Infallible>)>,
}

/// What becomes of a connection that was just accepted.
#[derive(Debug)]
pub(super) enum Admission {
    /// It is served.
    Served(Place),
    /// It may ask the probes, until its place is needed.
    Probes(Place, Needed),
}

/// A connection's place among those that are open; its drop gives the place back.
#[derive(Debug)]
pub(super) struct Place {
    connections: Arc<Connections>,
    /// What it is called, if it is beyond the most that are served.
    beyond: Option<u64>,
}

/// Ends once another connection needs the place.
#[derive(Debug)]
pub(super) struct Needed(oneshot::Receiver<Infallible>);

/// A connection that holds a place for as long as it is open.
#[derive(Debug)]
pub(super) struct Placed<T> {
    io: T,
    _place: Place,
}

impl Connections {
    /// The most connections that are served at once.
    pub(super) fn new(most: usize, metrics: ConnectionMetrics) -> Self {
        Self { most, served: AtomicUsize::new(0), beyond: Mutex::default(), metrics }
    }

    /// How many are served at once.
    pub(super) fn most(&self) -> usize {
        self.most
    }

    /// Finds a place for a connection that was just accepted.
    pub(super) fn admit(self: &Arc<Self>) -> Admission {
        self.metrics.open.inc();
        let one_more = |served: usize| (served < self.most).then(|| served.saturating_add(1));
        let connections = Arc::clone(self);
        match self.served.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more) {
            Ok(_) => Admission::Served(Place { connections, beyond: None }),
            Err(_) => {
                self.metrics.beyond.inc();
                let (name, needed) = self.beyond.lock().enter();
                Admission::Probes(Place { connections, beyond: Some(name) }, needed)
            }
        }
    }

    /// How many are open.
    pub(super) fn open(&self) -> usize {
        self.served.load(Ordering::Acquire).saturating_add(self.beyond.lock().places.len())
    }
}

impl Beyond {
    /// Takes a place, that of the oldest if all are taken.
    fn enter(&mut self) -> (u64, Needed) {
        if BEYOND <= self.places.len() {
            // The drop of its sender is the signal.
            self.places.pop_front();
        }
        let (held, needed) = oneshot::channel();
        let name = self.next;
        self.next = name.wrapping_add(1);
        self.places.push_back((name, held));
        (name, Needed(needed))
    }

    fn leave(&mut self, name: u64) {
        self.places.retain(|(held, _)| *held != name);
    }
}

impl Needed {
    /// Ends once another connection needs the place.
    pub(super) async fn by_another(self) {
        // Nothing is ever sent.
        let _dropped = self.0.await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Self { connections, beyond } = self;
        connections.metrics.open.dec();
        match beyond {
            Some(name) => connections.beyond.lock().leave(*name),
            None => {
                connections.served.fetch_sub(1, Ordering::AcqRel);
            }
        }
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
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Placed<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_util::FutureExt;

    use super::{Admission, BEYOND, Connections, Needed, Place};
    use crate::metrics::Metrics;

    fn connections(most: usize) -> Arc<Connections> {
        Arc::new(Connections::new(most, Metrics::new().unwrap().connections()))
    }

    fn served(connections: &Arc<Connections>) -> Option<Place> {
        match connections.admit() {
            Admission::Served(place) => Some(place),
            Admission::Probes(..) => None,
        }
    }

    fn beyond(connections: &Arc<Connections>) -> (Place, Needed) {
        match connections.admit() {
            Admission::Served(_) => panic!("there was room"),
            Admission::Probes(place, needed) => (place, needed),
        }
    }

    #[test]
    fn a_place_that_is_given_back_is_taken_again() {
        let connections = connections(2);
        let (first, _second) = (served(&connections).unwrap(), served(&connections).unwrap());
        let (waiting, _) = beyond(&connections);
        assert_eq!(connections.open(), 3);
        drop((first, waiting));
        assert_eq!(connections.open(), 1);
        assert!(served(&connections).is_some());
    }

    #[test]
    fn beyond_the_most_the_newest_takes_the_place_of_the_oldest() {
        let connections = connections(0);
        let mut held: Vec<_> = (0..BEYOND).map(|_| beyond(&connections)).collect();
        let newest = beyond(&connections);
        assert_eq!(connections.open(), BEYOND);
        let needed = |(_, needed): (Place, Needed)| needed.by_another().now_or_never().is_some();
        assert!(needed(held.remove(0)), "the oldest should have been told");
        assert!(!needed(held.remove(0)) && !needed(newest), "the others should not");
        assert_eq!(connections.open(), BEYOND - 2);
    }
}
