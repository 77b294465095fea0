//! What a request asks, whichever route it took, and answers to it that stand: what they are made of was not overtaken
//! by a purge when they are handed out.
//!
//! A question waits more than once: for cells, for the list of locations, for its turn beside other work. A purge may
//! come during any of these. So the last thing before an answer is given is a look at the purges that came since what
//! it is made of was read; what they overtake is read again, while there is time from Haravan, and else from what is
//! held by then.

pub(crate) mod explanation;
pub(crate) mod view_answer;

use std::sync::Arc;
use std::time::Duration;

use actix_web::web::{Bytes, Payload};
use actix_web::{HttpRequest, HttpResponse};
use tokio::time::Instant;

use self::explanation::ExplanationBody;
use super::access::keys;
use super::offload::work::Work;
use super::problem::Problem;
use super::request::accept::Form;
use super::request::ask::Ask;
use super::request::cache_control;
use super::request::parameters::table::{EXPLAIN, FORMAT, PARTIAL};
use super::request::parameters::{Parameters, Texts, Vocabulary, read_body};
use super::response::headers::CacheHeaders;
use super::state::HttpState;
use super::state::access::Access;
use crate::cache::freshness::FreshnessWish;
use crate::cache::{KnownProducts, PurgeCount};
use crate::clock::Moment;
use crate::domain::id::{LocationId, VariantId};
use crate::domain::location::LocationBook;
use crate::query::{Grid, IdList, Selection};
use crate::stock::shop::Shop;
use crate::stock::{Incomplete, ReadError, ReadTerms, Reading, Validity};

/// How often an answer is made once the wait is over, because yet another purge came meanwhile. Source: ours.
const MOST_LATE: u32 = 4;

/// What a request asks: a shop, the cells of a grid, and on what terms.
#[derive(Debug)]
pub(crate) struct Question {
    /// The shop, which the caller may read.
    pub(crate) shop: Arc<Shop>,
    /// What else was asked for.
    pub(crate) parameters: Arc<Parameters<'static>>,
    /// How many bytes they were written in, beyond a URL's.
    written: usize,
    terms: ReadTerms,
    /// Whether only the cost is asked for.
    explain: bool,
    /// The wait that was granted, if the caller asked for one.
    granted: Option<Duration>,
    asked_at: Instant,
    /// Purges that had come before anything was read.
    seen: PurgeCount,
}

/// Whether a question is answered, or only its cost.
#[derive(Debug)]
pub(crate) enum Wanted {
    /// The answer.
    Answer(Grid),
    /// What it would take.
    Cost(HttpResponse),
}

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

impl Question {
    /// Reads a request in the words of its route, its body too if it has one, and makes sure that its caller may ask.
    pub(crate) async fn read(
        access: &Access,
        vocabulary: &'static Vocabulary,
        payload: Option<Payload>,
    ) -> Result<Self, Problem> {
        let asked_at = Instant::now();
        let (state, request) = (access.state(), access.request());
        let (shop, caller) = access.shop_and_caller()?;
        let seen = shop.purges();
        let (parameters, written) = match payload {
            None => (Ask::parameters(request, vocabulary)?, 0),
            Some(payload) => {
                let texts = Texts::from_query(vocabulary, request.query_string())?.into_owned();
                let body = read_body(request, payload, state.limits.max_body).await?;
                let written = body.len();
                (with_body(state, texts, body).await?, written)
            }
        };
        let parameters = Arc::new(parameters);
        let incomplete = if parameters.is_on(&PARTIAL)? { Incomplete::Answer } else { Incomplete::Refuse };
        let explain = parameters.is_on(&EXPLAIN)?;
        let granted = cache_control::wait(request.headers()).map(|wait| wait.min(state.limits.max_wait));
        let terms = ReadTerms {
            freshness: cache_control::freshness(request.headers(), caller.max_age()),
            asked_at: Some(state.clock.at(asked_at)),
            caller: keys::caller_of(request),
            wait: granted.unwrap_or(state.limits.default_wait),
            incomplete,
        };
        Ok(Self { shop, parameters, written, terms, explain, granted, asked_at, seen })
    }

    /// The form of a view that the caller wants: `format` says so, or `Accept`.
    pub(crate) fn form(&self, request: &HttpRequest) -> Result<Form, Problem> {
        match self.parameters.get(&FORMAT)? {
            Some(form) => Ok(form),
            None => Form::of(request.headers()),
        }
    }

    /// The terms, with what is left of the wait.
    pub(crate) fn terms(&self) -> ReadTerms {
        ReadTerms { wait: self.terms.wait.saturating_sub(self.asked_at.elapsed()), ..self.terms }
    }

    /// Whether nothing is left of the wait.
    pub(crate) fn is_over(&self) -> bool {
        self.terms().wait.is_zero()
    }

    /// The purges that had come before the list of locations was read, if the question's locations are from there.
    fn list_seen(&self) -> Result<Option<PurgeCount>, Problem> {
        Ok(self.asks_all_locations().then_some(self.seen))
    }

    /// The grid of the same variants at all locations, as they are listed now; without time to read that, as it was.
    async fn at_all_locations_now(&self, state: &HttpState, grid: Grid) -> Result<Grid, Problem> {
        match self.all_locations().await {
            Ok(locations) => {
                let variants = IdList::from_ids(grid.variants.to_vec()).ok_or(Problem::VariantsNeeded)?;
                Ok(Grid::new(variants, locations, state.limits.max_cells)?)
            }
            Err(_) if self.is_over() => Ok(grid),
            Err(problem) => Err(problem),
        }
    }

    /// The grid of the lists that were given.
    pub(crate) async fn wanted(&self, state: &HttpState) -> Result<Wanted, Problem> {
        let variants = self.parameters.variants()?.ok_or(Problem::VariantsNeeded)?;
        self.wanted_of(state, variants).await
    }

    /// The grid of these variants at the locations that were given: at all of them, if none were.
    pub(crate) async fn wanted_of(
        &self,
        state: &HttpState,
        variants: IdList<VariantId>,
    ) -> Result<Wanted, Problem> {
        let locations = match self.parameters.locations()? {
            Some(locations) => locations,
            None => self.all_locations().await?,
        };
        let grid = Grid::new(variants, locations, state.limits.max_cells)?;
        if !self.explain {
            return Ok(Wanted::Answer(grid));
        }
        let (shop, terms, expected) = (Arc::clone(&self.shop), self.terms(), Work::to_explain(&grid));
        let selection = self.parameters.selection()?;
        let explained = move || ExplanationBody::from(shop.explain_rows(&grid, &selection, &terms));
        let explanation = state.offload.work(expected, explained).await?;
        Ok(Wanted::Cost(HttpResponse::Ok().insert_header(("Cache-Control", "no-store")).json(explanation)))
    }

    /// What some of the parameters mean. Long texts are read beside this thread.
    pub(crate) async fn meant<T, E>(
        &self,
        state: &HttpState,
        read: impl FnOnce(&Parameters<'static>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, Problem>
    where
        T: Send + 'static,
        E: Into<Problem> + Send + 'static,
    {
        let parameters = Arc::clone(&self.parameters);
        state.offload.work(Work::to_read(self.written), move || read(&parameters)).await?.map_err(Into::into)
    }

    /// Every location of the shop. Who asks for the cost alone causes no call for them either: the list that was read
    /// last will do, however old.
    async fn all_locations(&self) -> Result<IdList<LocationId>, Problem> {
        let mut terms = self.terms();
        if self.explain {
            terms.freshness = FreshnessWish { only_if_cached: true, no_cache: false, ..terms.freshness };
        }
        match self.shop.locations().ids(&terms).await {
            Ok(locations) => IdList::from_ids(locations).ok_or(Problem::NoLocations),
            Err(error @ ReadError::NotCached) if self.explain => {
                let held = self.shop.locations().held_book();
                IdList::from_ids(held.ids().collect()).ok_or(Problem::Read(error))
            }
            Err(ReadError::Unauthorized) if self.shop.locations().is_forbidden() => {
                Err(Problem::LocationsNeeded)
            }
            Err(error) => Err(Problem::Read(error)),
        }
    }

    /// A book of locations as this question means it: one about all locations is about those too whose id cannot be
    /// read.
    pub(crate) fn book(&self, book: Arc<LocationBook>) -> Arc<LocationBook> {
        if self.asks_all_locations() && 0 < book.unlisted() { Arc::new(book.of_all()) } else { book }
    }

    /// How many cells of each variant it is about that cannot be asked for, since the location's id cannot be read.
    pub(crate) fn untold_cells(&self) -> u64 {
        if self.asks_all_locations() { self.shop.locations().held_book().unlisted() } else { 0 }
    }

    fn asks_all_locations(&self) -> bool {
        !self.parameters.name_locations()
    }

    /// What an answer to this question rests on that was made of a reading and a book of locations, if it can be
    /// given again.
    pub(crate) fn validity(&self, reading: &Reading, book: &Arc<LocationBook>) -> Option<Validity> {
        // Only what a URL asks is ever given again.
        if 0 < self.written {
            return None;
        }
        // All locations are those of the book, unless the list was read anew in between.
        let named = self.parameters.name_locations();
        let all = || book.ids().eq(reading.grid().locations.iter().copied());
        (named || all()).then(|| self.shop.validity(reading, Some(Arc::clone(book))))?
    }

    /// The same of rows, which take nothing from the book but which locations there are.
    pub(crate) fn validity_of_rows(&self, state: &HttpState, reading: &Reading) -> Option<Validity> {
        if self.parameters.name_locations() {
            return if 0 < self.written { None } else { self.shop.validity(reading, None) };
        }
        self.validity(reading, &self.shop.locations().current_book(state.clock.now())?)
    }

    /// What an answer made of a reading says of itself.
    pub(crate) fn cache_headers(&self, state: &HttpState, reading: &Reading) -> CacheHeaders {
        let age = |oldest: Moment| state.clock.now().since(oldest);
        let cache_headers = CacheHeaders::of(reading, reading.oldest().map(age));
        let untold = usize::try_from(self.untold_cells()).unwrap_or(usize::MAX);
        let untold = untold.saturating_mul(reading.grid().variants.len());
        CacheHeaders {
            wait: self.granted,
            missing: cache_headers.missing.saturating_add(untold),
            ..cache_headers
        }
    }

    /// What an answer that is no grid's says of itself.
    pub(crate) fn cache_headers_since(
        &self,
        state: &HttpState,
        read_at: Moment,
        cached: bool,
    ) -> CacheHeaders {
        CacheHeaders {
            age: Some(state.clock.now().since(read_at)),
            cache_status: if cached { "tonkho; hit" } else { "tonkho; fwd=uri-miss" }.into(),
            wait: self.granted,
            ..CacheHeaders::default()
        }
    }
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

/// Adds what a JSON body says, and reads its lists. A long one is read beside this thread.
async fn with_body(
    state: &HttpState,
    texts: Texts<'static>,
    body: Bytes,
) -> Result<Parameters<'static>, Problem> {
    // The body is taken apart, then its lists are read.
    let expected = Work::to_read(body.len()).and(Work::to_read(body.len()));
    Ok(state.offload.work(expected, move || texts.and_body(&body).map(Texts::read)).await??)
}
