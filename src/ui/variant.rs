//! `/page/variant`: where a variant's stock is. It reads like any other question, and may call Haravan.

use std::time::Duration;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use maud::{Markup, html};
use tokio::time::Instant;

use super::address::Address;
use super::i18n::format::local_minute;
use super::i18n::language::Language;
use super::i18n::words::Words;
use super::parts::board::Place;
use super::parts::chart::Scale;
use super::parts::layout::{Page, Reload};
use super::parts::search::{self, Input};
use super::visit::{Visit, Visitor};
use crate::cache::freshness::FreshnessWish;
use crate::domain::access::Scope;
use crate::domain::caller::CallerId;
use crate::domain::cell::{Cell, MissingReason};
use crate::domain::id::{LocationId, VariantId};
use crate::domain::location::{LocationBook, LocationClass};
use crate::domain::quantity::Quantity;
use crate::domain::row::Row;
use crate::http::problem::Problem;
use crate::http::state::HttpState;
use crate::query::{Grid, IdList, QueryError};
use crate::stock::shop::Shop;
use crate::stock::{Incomplete, ReadError, ReadTerms, Reading};
use crate::view::envelope::Context;
use crate::view::sent_quantity::SentFields;
use crate::view::stock::variant_stock;
use crate::view::tally::StockSums;

/// How long somebody who looks waits for Haravan. Source: ours; longer, and people press the button again.
const PATIENCE: Duration = Duration::from_secs(5);

/// A variant's stock, a line a location.
#[derive(Debug)]
struct Listing {
    variant_id: VariantId,
    sums: StockSums,
    /// The most at hand first, those below zero after the empty ones, and what is unknown last.
    lines: Vec<Line>,
    /// Locations that have no row.
    no_rows: u64,
    has_names: bool,
    /// How old the oldest cell is.
    age: Option<Duration>,
}

/// A location's line.
#[derive(Debug)]
struct Line {
    place: Place,
    class: LocationClass,
    row: Result<Row, MissingReason>,
}

/// A variant's stock at every location of a shop.
pub(crate) async fn get_variant(edge: Data<HttpState>, request: HttpRequest) -> HttpResponse {
    let visit = Visit::new(&edge, &request);
    let outcome = variant(&visit).await;
    visit.answer(outcome)
}

async fn variant(visit: &Visit<'_>) -> Result<Page, Problem> {
    let visitor = visit.visitor.as_ref().map_err(Problem::clone)?;
    if !visitor.may(Scope::Read) {
        return Err(Problem::LacksScope(Scope::Read));
    }
    let shop = visit.named_shop().unwrap_or(Err(Problem::ShopClosed))?;
    let variants: IdList<VariantId> =
        IdList::parse("variant_id", visit.asked.variant_id.as_deref().unwrap_or_default())?;
    let [variant_id] = *variants.ids() else {
        let item = String::new();
        return Err(Problem::from(QueryError::NotAnId { parameter: "variant_id", item }));
    };
    let deadline = Instant::now() + PATIENCE.min(visit.edge.limits.max_wait);
    let listing = loop {
        let seen = shop.purges();
        let listing = read(visit, &shop, (variants.clone(), variant_id), deadline).await?;
        // The list that named the locations may have been purged since.
        if !shop.purges_since(seen).reach_locations() || deadline <= Instant::now() {
            break listing;
        }
    };
    let title = format!("{} {variant_id}", visit.words().variant);
    let address = Address::variant(visit.tongue, shop.org_id(), variant_id);
    let main = html! {
        div.toolbar { (search::form(visit, Input::Fine)) }
        p.back { a href=(Address::overview(visit.tongue)) { (visit.words().back) } }
        section.variant aria-labelledby="variant" {
            h1 #variant {
                (visit.words().variant) " " span.id { (variant_id) }
                " · " bdi { (shop.name().unwrap_or_default()) } " " span.id { (shop.org_id()) }
            }
            (listing.render(visit.tongue.language, &address.to_string()))
        }
    };
    Ok(Page { title, main, reload: Reload::None })
}

async fn read(
    visit: &Visit<'_>,
    shop: &Shop,
    (variants, variant_id): (IdList<VariantId>, VariantId),
    deadline: Instant,
) -> Result<Listing, Problem> {
    // Of the browser's `Cache-Control`, which every reload sends, the page takes no notice.
    let max_age = visit.visitor.as_ref().ok().and_then(Visitor::max_age);
    let terms = || ReadTerms {
        freshness: FreshnessWish { max_age, ..FreshnessWish::default() },
        asked_at: None,
        caller: CallerId::NONE,
        wait: deadline.saturating_duration_since(Instant::now()),
        incomplete: Incomplete::Answer,
    };
    let locations = match shop.locations().ids(&terms()).await {
        Ok(locations) => IdList::from_ids(locations).ok_or(Problem::NoLocations)?,
        Err(ReadError::Unauthorized) if shop.locations().is_forbidden() => {
            return Err(Problem::LocationsNeeded);
        }
        Err(error) => return Err(Problem::Read(error)),
    };
    let grid = Grid::new(variants, locations, visit.edge.limits.max_cells)?;
    let snapshot = shop.read(grid, &terms()).await?;
    let book = shop.locations().held_book();
    let now = visit.edge.clock.now();
    let age = snapshot.oldest().map(|oldest| now.since(oldest));
    let context = Context { shop: shop.org_id(), as_of: None, book: &book, warnings: Vec::new() };
    let sums = variant_stock(variant_id, &snapshot, context).stock.sums;
    let lines = lines(&snapshot, &book);
    Ok(Listing { variant_id, no_rows: sums.no_rows, sums, lines, has_names: book.is_readable(), age })
}

fn lines(snapshot: &Reading, book: &LocationBook) -> Vec<Line> {
    let line = |loc_id: LocationId, row| Line {
        place: Place { id: loc_id, name: book.name(loc_id).map(str::to_owned) },
        class: book.class(loc_id),
        row,
    };
    let told = snapshot.cells().filter_map(|(id, cell)| match cell {
        Cell::Row(row) => Some(line(id.loc_id, Ok(row))),
        Cell::NoRow => None,
        Cell::Unknown(reason) => Some(line(id.loc_id, Err(reason))),
    });
    let mut lines: Vec<Line> = told.collect();
    lines.sort_by_key(|line| {
        let available = line.row.as_ref().ok().and_then(Row::available);
        (available.is_none(), std::cmp::Reverse(available), line.place.id)
    });
    lines
}

impl Listing {
    fn render(&self, language: Language, again: &str) -> Markup {
        let words = language.words();
        let unknown = self.lines.iter().filter_map(|line| line.row.as_ref().err());
        let is_refused =
            self.sums.rows == 0 && unknown.clone().any(|reason| *reason == MissingReason::Refused);
        html! {
            @if is_refused {
                p.empty { (words.variant_refused) }
            } @else if self.lines.is_empty() {
                p.empty { (words.no_rows_at_all) }
            } @else {
                @if unknown.count() != 0 { p.warning role="status" { (words.variant_incomplete) } }
                @if !self.has_names { p.warning { (words.locations_unreadable) } }
                (self.sums(language))
                (self.table(language))
            }
            p.note {
                @if self.no_rows != 0 && !self.lines.is_empty() {
                    (words.no_rows) ": " (language.count(self.no_rows)) ". "
                }
                @if let Some(age) = self.age {
                    (words.oldest_read) " " (language.age(age)) " " (words.ago) ". "
                }
                a href=(again) { (words.read_again) }
            }
        }
    }

    fn sums(&self, language: Language) -> Markup {
        let words = language.words();
        let known =
            |sum: Option<&Quantity>| sum.map_or(words.unknown.to_owned(), |sum| language.quantity(sum));
        let class = |sum: Option<&Quantity>| {
            if sum.is_some_and(|sum| !sum.is_zero()) { "short" } else { "calm" }
        };
        let available = self.sums.qty_available.as_ref().filter(|sum| sum.is_negative());
        html! {
            dl.figures {
                div {
                    dt { (words.sums_sellable) }
                    dd {
                        @if !self.sums.complete && self.sums.sellable.is_some() {
                            span.of { (words.at_least) " " }
                        }
                        (known(self.sums.sellable.as_ref()))
                    }
                }
                div {
                    dt { (words.sums_oversold) }
                    dd.(class(self.sums.qty_oversold.as_ref())) { (known(self.sums.qty_oversold.as_ref())) }
                }
                div {
                    dt { (words.sums_available) }
                    dd.(class(available)) { (known(self.sums.qty_available.as_ref())) }
                }
                div { dt { (words.incoming) } dd { (known(self.sums.qty_incoming.as_ref())) } }
            }
        }
    }

    fn table(&self, language: Language) -> Markup {
        let words = language.words();
        let rows = self.lines.iter().filter_map(|line| line.row.as_ref().ok());
        let scale = Scale::of(rows.filter_map(Row::available));
        html! {
            table.board.places {
                caption.heard { (words.variant) " " (self.variant_id) }
                thead {
                    tr {
                        th scope="col" { (words.location) }
                        th.number scope="col" { (words.available) }
                        th.drawn aria-hidden="true" {}
                        th.number.roomy scope="col" { (words.onhand) }
                        th.number.roomy scope="col" { (words.commited) }
                        th.number.middle scope="col" { (words.incoming) }
                        th.number.wide scope="col" { (words.changed) " (" (words.changed_where) ")" }
                    }
                }
                tbody { @for line in &self.lines { (line.render(language, &scale)) } }
            }
        }
    }
}

impl Line {
    fn render(&self, language: Language, scale: &Scale) -> Markup {
        let words = language.words();
        let class = match self.class {
            LocationClass::Sellable => None,
            LocationClass::Transit => Some(words.class_transit),
            LocationClass::Unavailable => Some(words.class_unavailable),
            LocationClass::Unknown => Some(words.class_unknown),
        };
        html! {
            tr {
                th scope="row" {
                    (self.place.render())
                    span.sub {
                        span.loc { (self.place.id) }
                        @if let Some(class) = class { span.set-apart { (class) } }
                        @if let Ok(sent) = self.row.as_ref().map(SentFields::of) {
                            span.when-narrow {
                                (words.onhand) " " (language.sent(&sent.qty_onhand)) " · "
                                (words.commited) " " (language.sent(&sent.qty_commited))
                            }
                        }
                    }
                }
                @match &self.row {
                    Ok(row) => (quantities(row, language, scale)),
                    Err(reason) => td.none colspan="6" { (words.unknown) ": " (why(*reason, words)) },
                }
            }
        }
    }
}

fn quantities(row: &Row, language: Language, scale: &Scale) -> Markup {
    let sent = SentFields::of(row);
    let changed = sent.updated_at.to_string();
    html! {
        td.number.short[row.qty_available.is_negative()] { b { (language.sent(&sent.qty_available)) } }
        td.drawn { @if let Some(available) = row.available() { (scale.bar(&available)) } }
        td.number.roomy { (language.sent(&sent.qty_onhand)) }
        td.number.roomy { (language.sent(&sent.qty_commited)) }
        td.number.middle { (language.sent(&sent.qty_incoming)) }
        td.number.wide { time datetime=(changed) { (local_minute(row.updated_at, &changed)) } }
    }
}

fn why(reason: MissingReason, words: &Words) -> &'static str {
    match reason {
        MissingReason::Timeout => words.reason_timeout,
        MissingReason::RateLimited => words.reason_rate_limited,
        MissingReason::Failed => words.reason_failed,
        MissingReason::Unauthorized => words.reason_unauthorized,
        MissingReason::Refused => words.reason_refused,
    }
}
