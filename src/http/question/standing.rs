//! Answers that stand: what they are made of was not overtaken by a purge when they are handed out.
//!
//! A question waits more than once: for cells, for the list of locations, for its turn beside other work. A purge may
//! come during any of these. So the last thing before an answer is given is a look at the purges that came since what
//! it is made of was read; what they overtake is read again, while there is time from Haravan, and else from what is
//! held by then.

use std::sync::Arc;

use crate::cache::{KnownProducts, PurgeCount};
use crate::domain::location::LocationBook;
use crate::http::offload::work::Work;
use crate::http::problem::Problem;
use crate::http::question::Question;
use crate::http::state::HttpState;
use crate::query::{Grid, Selection};
use crate::stock::{ReadError, Reading};

/// How often an answer is made once the wait is over, because yet another purge came meanwhile. Source: ours.
const MOST_LATE: u32 = 4;

/// What an answer took from the list of locations: both are read before the cells are, or beside them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Uses {
    /// Nothing, but for the grid if the question names no locations; of the rows those that are selected.
    Rows(Selection),
    /// Names and classes.
    CellsAndBook,
}

/// What an answer is made of.
#[derive(Debug)]
pub(crate) struct Material {
    /// The cells.
    pub(crate) reading: Reading,
    /// Names and classes; `None` if the answer does not use them.
    pub(crate) book: Option<Arc<LocationBook>>,
    /// What is still to be selected of the rows.
    pub(crate) selection: Selection,
}

/// An answer that is to be made.
#[derive(Debug)]
pub(crate) struct Prepared<X, W> {
    /// What is known of it at once.
    pub(crate) known: X,
    /// How much work the rest is expected to be.
    pub(crate) expected: Work,
    /// The rest.
    pub(crate) work: W,
}

/// What there was of purges when things were read.
#[derive(Debug, Clone)]
struct Standing {
    grid: Grid,
    products: KnownProducts,
    cells: PurgeCount,
    book: Option<PurgeCount>,
    /// `None` where the question names its locations.
    list: Option<PurgeCount>,
}

impl Standing {
    /// Whether no purge has come since that concerns what was read.
    fn holds(&self, question: &Question) -> bool {
        let list_holds = |seen: &PurgeCount| !question.shop.purges_since(*seen).reach_locations();
        let since = question.shop.purges_since(self.cells);
        !since.touch(&self.grid.variants, &self.products, &self.grid.locations)
            && self.book.as_ref().is_none_or(list_holds)
            && self.list.as_ref().is_none_or(list_holds)
    }
}

/// Reads a grid's cells, and makes of them what `prepare` says: something that is known at once, and work that gives
/// the answer, done aside if it is long. Both are of the same material, and stand when this returns.
pub(crate) async fn made<X, T, W>(
    state: &HttpState,
    question: &Question,
    (mut grid, uses): (Grid, Uses),
    prepare: impl Fn(Material) -> Prepared<X, W>,
) -> Result<(X, T), Problem>
where
    T: Send + 'static,
    W: FnOnce() -> T + Send + 'static,
{
    let mut list = question.list_seen()?;
    let mut late = 0;
    loop {
        if list.is_some_and(|seen| question.shop.purges_since(seen).reach_locations()) {
            list = Some(question.shop.purges());
            grid = question.at_all_locations_now(state, grid).await?;
        }
        let (material, standing) = read(state, question, (&grid, uses), list).await?;
        if standing.holds(question) {
            let Prepared { known, expected, work } = prepare(material);
            let answer = state.offload.work(expected, work).await?;
            if standing.holds(question) {
                return Ok((known, answer));
            }
        }
        if question.is_over() {
            late += 1;
            if MOST_LATE < late {
                return Err(Problem::Read(ReadError::Timeout));
            }
        }
    }
}

async fn read(
    state: &HttpState,
    question: &Question,
    (grid, uses): (&Grid, Uses),
    list: Option<PurgeCount>,
) -> Result<(Material, Standing), Problem> {
    let shop = &question.shop;
    let seen = shop.purges();
    let terms = question.terms();
    let book = async {
        match uses {
            Uses::Rows(_) => Ok(None),
            Uses::CellsAndBook => Ok(Some(shop.locations().book(&terms).await)),
        }
    };
    let selection = match uses {
        Uses::Rows(selection) => selection,
        Uses::CellsAndBook => Selection::default(),
    };
    let cells = state.offload.read(shop, grid.clone(), selection, &terms);
    let ((reading, selection), book) = futures_util::future::try_join(cells, book).await?;
    let (products, cells) = (KnownProducts::from(&reading), reading.seen());
    let standing = Standing { grid: grid.clone(), products, cells, book: book.as_ref().map(|_| seen), list };
    Ok((Material { reading, book, selection }, standing))
}
