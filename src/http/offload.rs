//! Long work, done beside the threads that serve callers: on the runtime that calls Haravan.
//!
//! A thread that serves callers serves many; a quarter of a million cells in its way would keep all of them waiting.
//! What counts as long is said by [`Work`].

pub(crate) mod work;

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::task::JoinError;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use super::offload::work::Work;
use super::problem::Problem;
use crate::query::{Grid, Selection};
use crate::stock::shop::Shop;
use crate::stock::{ReadTerms, Reading};

/// Where long work is done.
#[derive(Debug, Clone)]
pub struct Offload {
    runtime: Handle,
}

impl Offload {
    /// On the threads of this runtime.
    #[must_use]
    pub fn new(runtime: Handle) -> Self {
        Self { runtime }
    }

    /// Reads what a selection needs of a grid of a shop; what is dropped halfway is given up, as [`Shop::read`] is.
    pub(crate) async fn read(
        &self,
        shop: &Arc<Shop>,
        grid: Grid,
        selection: Selection,
        terms: &ReadTerms,
    ) -> Result<(Reading, Selection), Problem> {
        if !Work::to_look_up(&grid).is_long() {
            return Ok(shop.read_rows(grid, selection, terms).await?);
        }
        let (shop, terms) = (Arc::clone(shop), *terms);
        let reading = async move { shop.read_rows(grid, selection, &terms).await };
        let reading = self.runtime.spawn(reading.in_current_span());
        Ok(AbortOnDropHandle::new(reading).await.map_err(broken)??)
    }

    /// Does something that is expected to be so much work.
    pub(crate) async fn work<T: Send + 'static>(
        &self,
        expected: Work,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        if !expected.is_long() {
            return Ok(work());
        }
        self.runtime.spawn_blocking(work).await.map_err(broken)
    }
}

/// The work panicked, or the runtime is on its way out.
fn broken(_: JoinError) -> Problem {
    Problem::Internal
}

#[cfg(test)]
mod tests {
    use std::thread;

    use tokio::runtime::Handle;

    use super::{Offload, Work};
    use crate::http::problem::Problem;

    #[tokio::test]
    async fn long_work_is_done_by_another_thread_than_short_work_and_may_break() {
        let (short, long) = (Work::to_read(1), Work::to_read(1_000_000));
        let offload = Offload::new(Handle::current());
        let here = thread::current().id();
        let done_by = |expected| offload.work(expected, || thread::current().id());
        assert_eq!(done_by(short).await.unwrap(), here);
        assert_ne!(done_by(long).await.unwrap(), here);
        let broken = offload.work(long, || panic!("as it should")).await;
        assert!(matches!(broken, Err::<(), _>(Problem::Internal)));
    }
}
