//! From a question to a view's answer, in the form the caller accepts.

use std::io;
use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::web::Bytes;
use futures_util::{Stream, stream};

use super::{Material, Prepared, Question, Uses, Wanted, made};
use crate::domain::cell::CellId;
use crate::http::offload::work::Work;
use crate::http::problem::Problem;
use crate::http::request::accept::Form;
use crate::http::response::coding::Coding;
use crate::http::response::etag::EntityTag;
use crate::http::response::headers::EncodedBody;
use crate::http::state::access::Access;
use crate::query::Grid;
use crate::stock::Reading;
use crate::view::envelope::{Answer, Context};
use crate::view::lines::Chunks;

/// Up to so many bytes, an answer is sent as a whole, and may stand ready to be given again; a longer one is written
/// as it is sent. Source: ours; some 600 items.
const MOST_WHOLE: usize = 256 << 10;

/// An answer of more items is taken to be longer than that, and not written to find out. Source: ours; few lines are
/// shorter than 65 bytes.
const MOST_ITEMS: usize = 4_000;

/// U+FEFF in UTF-8.
const BYTE_ORDER_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];
/// The most cells with two rows that warnings name. Source: ours.
const MOST_NAMED: usize = 20;

/// What an answer takes besides putting each cell of the grid into it.
fn more_work<A: Answer>(grid: &Grid) -> Work {
    if A::CHOOSES_LOCATIONS { Work::to_choose(grid) } else { Work::NONE }
}

/// Whether an answer of this many items is too long to stand in memory as text.
pub(crate) fn is_many(items: usize) -> bool {
    MOST_ITEMS < items
}

/// An answer's content.
enum Content {
    Whole(EncodedBody),
    Streamed { etag: EntityTag, chunks: Chunks },
}

/// Reads the cells that are wanted and makes of them what `view` does.
pub(crate) async fn answer<A: Answer>(
    access: &Access,
    question: &Question,
    (form, wanted): (Form, Wanted),
    view: impl Fn(Reading, Context<'_>) -> A + Send + Sync + 'static,
) -> Result<HttpResponse, Problem> {
    let (state, request) = (access.state(), access.request());
    let grid = match wanted {
        Wanted::Answer(grid) => grid,
        Wanted::Cost(explained) => return Ok(explained),
    };
    let shop = question.shop.org_id();
    let coding = Coding::of(request.headers())?;
    let view = Arc::new(view);
    let prepare = |Material { reading, book, .. }: Material| {
        let cache_headers = question.cache_headers(state, &reading);
        let book = book.unwrap_or_else(|| question.shop.locations().held_book());
        let validity = question.validity(&reading, &book);
        let book = question.book(book);
        // A kept answer lacks nothing, and needs no warning.
        let warnings = warnings_of(&question.shop.reports().repeated_in(reading.grid()));
        let validity = validity.filter(|_| book.untold_cells() == 0 && warnings.is_empty());
        let as_of = reading.oldest().map(|oldest| state.clock.wall(oldest));
        let view = Arc::clone(&view);
        let expected = Work::to_answer(reading.grid(), coding).and(more_work::<A>(reading.grid()));
        let work = move || {
            // The tag is of everything but `as_of`, which is set once the tag is made.
            let context = Context { shop, as_of: None, book: &book, warnings };
            let mut answer = view(reading, context);
            let etag = EntityTag::weak(&answer, form.media_type());
            answer.envelope_mut().as_of = as_of;
            content(answer, form, etag, coding)
        };
        Prepared { known: (cache_headers, validity), expected, work }
    };
    let ((cache_headers, validity), content) =
        made(state, question, (grid, Uses::CellsAndBook), prepare).await?;
    Ok(match content? {
        Content::Whole(encoded) => {
            let response = cache_headers.respond_encoded(request, &encoded);
            if let Some(validity) = validity {
                state.keep_ready(access, shop, coding, encoded, validity);
            }
            response
        }
        Content::Streamed { etag, chunks } => cache_headers.respond(request, etag, |response| {
            response.content_type(form.content_type()).streaming(in_turns(chunks))
        }),
    })
}

/// What to know of cells for which Haravan sent two rows.
fn warnings_of(repeated: &[CellId]) -> Vec<String> {
    let about = |CellId { variant_id, loc_id }: &CellId| {
        format!("two rows came for variant {variant_id} at location {loc_id}: the newer one counts")
    };
    let mut warnings: Vec<String> = repeated.iter().take(MOST_NAMED).map(about).collect();
    if MOST_NAMED < repeated.len() {
        warnings.push(format!("more cells for which two rows came: {}", repeated.len() - MOST_NAMED));
    }
    warnings
}

/// An answer in the form that was asked for: whole if it is short.
fn content(answer: impl Answer, form: Form, etag: EntityTag, coding: Coding) -> Result<Content, Problem> {
    let is_long = is_many(answer.items());
    let chunks = match form {
        Form::Json => answer.into_json(),
        Form::Csv => Ok(answer.into_csv()),
        Form::CsvForExcel => Ok(marked(answer.into_csv())),
        Form::Ndjson => Ok(answer.into_ndjson()),
    };
    let mut chunks = chunks.map_err(|_| Problem::Internal)?;
    if is_long {
        return Ok(Content::Streamed { etag, chunks });
    }
    let mut written = Vec::new();
    while written.len() <= MOST_WHOLE {
        let Some(chunk) = chunks.next() else {
            return EncodedBody::new(written.into(), etag, coding, form.content_type()).map(Content::Whole);
        };
        written.append(&mut chunk.map_err(|_| Problem::Internal)?);
    }
    let chunks = Box::new(std::iter::once(Ok(written)).chain(chunks));
    Ok(Content::Streamed { etag, chunks })
}

/// The chunks after a byte order mark.
fn marked(chunks: Chunks) -> Chunks {
    Box::new(std::iter::once(Ok(BYTE_ORDER_MARK.to_vec())).chain(chunks))
}

/// The chunks of a body. Each is made when it is wanted; before another one is, whoever else is served by this thread
/// gets a turn, and what was made is sent.
fn in_turns(chunks: Chunks) -> impl Stream<Item = io::Result<Bytes>> {
    stream::unfold((chunks, true), async |(mut chunks, is_first)| {
        if !is_first {
            tokio::task::yield_now().await;
        }
        let chunk = chunks.next()?;
        Some((chunk.map(Bytes::from), (chunks, false)))
    })
}
