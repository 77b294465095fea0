//! Big questions' work, done beside the threads that serve callers: on the runtime that calls Haravan.
//!
//! A thread that serves callers serves many; a quarter of a million cells in its way would keep all of them waiting.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::task::JoinError;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use super::problem::Problem;
use crate::query::{Grid, Selection};
use crate::stock::shop::Shop;
use crate::stock::{ReadTerms, Snapshot};

/// Questions of more cells than this are answered aside. Source: ours; some 200 µs of work.
const MANY_CELLS: usize = 1_000;

/// Where the work of big questions is done.
#[derive(Debug, Clone)]
pub struct Aside {
    runtime: Handle,
}

impl Aside {
    /// On the threads of this runtime.
    #[must_use]
    pub fn new(runtime: Handle) -> Self {
        Self { runtime }
    }

    /// Reads what a selection needs of a grid of a shop; what is dropped halfway is given up, as [`Shop::read`] is.
    pub(super) async fn read(
        &self,
        shop: &Arc<Shop>,
        grid: Grid,
        selection: Selection,
        terms: &ReadTerms,
    ) -> Result<(Snapshot, Selection), Problem> {
        if grid.cells() <= MANY_CELLS {
            return Ok(shop.read_rows(grid, selection, terms).await?);
        }
        let (shop, terms) = (Arc::clone(shop), *terms);
        let reading = async move { shop.read_rows(grid, selection, &terms).await };
        let reading = self.runtime.spawn(reading.in_current_span());
        Ok(AbortOnDropHandle::new(reading).await.map_err(broken)??)
    }

    /// Makes an answer of so many cells.
    pub(super) async fn work<T: Send + 'static>(
        &self,
        cells: usize,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        if cells <= MANY_CELLS {
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

    use super::{Aside, MANY_CELLS};
    use crate::http::problem::Problem;

    #[tokio::test]
    async fn much_work_is_done_by_another_thread_than_little_and_may_break() {
        let aside = Aside::new(Handle::current());
        let here = thread::current().id();
        let done_by = |cells| aside.work(cells, || thread::current().id());
        assert_eq!(done_by(MANY_CELLS).await.unwrap(), here);
        assert_ne!(done_by(MANY_CELLS + 1).await.unwrap(), here);
        let broken = aside.work(MANY_CELLS + 1, || panic!("as it should")).await;
        assert!(matches!(broken, Err::<(), _>(Problem::Internal)));
    }
}
