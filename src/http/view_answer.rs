//! From a question to a view's answer, in the form the caller accepts.

use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use futures_util::future::try_join;
use futures_util::{StreamExt, stream};
use serde::Serialize;

use super::accept::Form;
use super::edge::Edge;
use super::etag;
use super::problem::Problem;
use super::question::{Question, Wanted, worked_out};
use crate::stock::Snapshot;
use crate::view::availability::AvailabilityAnswer;
use crate::view::envelope::{Context, Envelope};
use crate::view::fulfilment::FulfilmentAnswer;
use crate::view::lines::{Chunks, Tabular};
use crate::view::low_stock::LowStockAnswer;
use crate::view::mismatch::MismatchAnswer;
use crate::view::negative::NegativeAnswer;
use crate::view::stock::{StockAnswer, VariantStockAnswer};

/// An answer of a view's.
pub(super) trait Answer: Serialize + Tabular + Send + 'static {
    /// What it says of itself.
    fn envelope_mut(&mut self) -> &mut Envelope;
}

/// Every answer has its envelope in a field of this name.
macro_rules! answers {
    ($($answer:ty),+ $(,)?) => {$(
        impl Answer for $answer {
            fn envelope_mut(&mut self) -> &mut Envelope {
                &mut self.envelope
            }
        }
    )+};
}

answers!(
    StockAnswer,
    VariantStockAnswer,
    AvailabilityAnswer,
    NegativeAnswer,
    LowStockAnswer,
    MismatchAnswer,
    FulfilmentAnswer
);

/// An answer's content.
enum Content {
    Whole(Vec<u8>),
    Lines(Chunks),
}

/// Reads the cells that are wanted and makes of them what `view` does.
pub(super) async fn answer<A: Answer>(
    edge: &Edge,
    request: &HttpRequest,
    question: &Question,
    (form, wanted): (Form, Wanted),
    view: impl FnOnce(&Snapshot, Context<'_>) -> A + Send + 'static,
) -> Result<HttpResponse, Problem> {
    let grid = match wanted {
        Wanted::Answer(grid) => grid,
        Wanted::Cost(explained) => return Ok(explained),
    };
    let cells = grid.cells();
    let terms = question.terms();
    let book = async { Ok(question.shop.location_book(&terms).await) };
    let (snapshot, book) = try_join(question.shop.read(grid, &terms), book).await?;
    let provenance = question.provenance(edge, &snapshot);
    let shop = question.shop.org_id();
    let as_of = snapshot.oldest().map(|oldest| edge.clock.wall(oldest));
    let work = move || {
        // The tag is of everything but `as_of`, which is told once the tag is made.
        let context = Context { shop, as_of: None, book: &book, warnings: Vec::new() };
        let mut answer = view(&snapshot, context);
        let etag = etag::weak(&answer, form.media_type());
        answer.envelope_mut().as_of = as_of;
        content(answer, form).map(|content| (etag, content))
    };
    let (etag, content) = worked_out(cells, work).await??;
    Ok(provenance.respond(request, &etag, |response| send(response, form, content)))
}

fn content(answer: impl Answer, form: Form) -> Result<Content, Problem> {
    match form {
        Form::Json => serde_json::to_vec(&answer).map(Content::Whole).map_err(|_| Problem::Internal),
        Form::Csv => Ok(Content::Lines(answer.into_csv())),
        Form::Ndjson => Ok(Content::Lines(answer.into_ndjson())),
    }
}

fn send(response: &mut HttpResponseBuilder, form: Form, content: Content) -> HttpResponse {
    response.content_type(form.content_type());
    match content {
        Content::Whole(body) => response.body(body),
        Content::Lines(chunks) => {
            response.streaming(stream::iter(chunks).map(|chunk| chunk.map(Bytes::from)))
        }
    }
}
