//! `/`: the shops at a glance, and what is oversold in each. Refreshing it asks Haravan for nothing.

use std::sync::Arc;

use actix_web::web::{Data, block};
use actix_web::{HttpRequest, HttpResponse};
use maud::{Markup, html};

use super::address::Address;
use super::i18n::language::Tongue;
use super::parts::board::{Board, count};
use super::parts::layout::{Page, Reload};
use super::parts::search::{self, Input};
use super::parts::shop_card::{ShopCard, Watched};
use super::visit::Visit;
use crate::clock::Clock;
use crate::domain::access::Scope;
use crate::http::problem::Problem;
use crate::http::state::HttpState;
use crate::stock::shop::Shop;

/// Seconds between two refreshes by the script. Source: ours; fresh cells are served for 15 s by default.
const REFRESHED_EVERY: u32 = 10;

/// How often the shops are looked at for one page, where a purge comes during every look. Source: ours; the page
/// refreshes itself.
const MOST_LOOKS: u32 = 3;

/// What the visitor's key lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sight {
    stock: bool,
    status: bool,
}

/// The shops, or one of them.
pub(crate) async fn get_overview(edge: Data<HttpState>, request: HttpRequest) -> HttpResponse {
    let visit = Visit::new(&edge, &request);
    let outcome = overview(&visit).await;
    visit.answer(outcome)
}

async fn overview(visit: &Visit<'_>) -> Result<Page, Problem> {
    let visitor = visit.visitor.as_ref().map_err(Problem::clone)?;
    let sight = Sight { stock: visitor.may(Scope::Read), status: visitor.may(Scope::Admin) };
    let named = visit.named_shop().transpose()?;
    let shops = named.clone().map_or_else(|| visit.shops(), |shop| vec![shop]);
    let cards = cards(visit, shops, sight).await?;
    let title = match (&named, visit.words()) {
        (Some(shop), _) => shop.name().map_or_else(|| shop.org_id().to_string(), str::to_owned),
        (None, words) => words.shops_title.to_owned(),
    };
    let main = html! {
        div.toolbar {
            (search::form(visit, Input::Fine))
            (pulse(visit))
        }
        @if named.is_some() {
            p.back { a href=(Address::overview(visit.tongue)) { (visit.words().all_shops) } }
        }
        (live(visit.tongue, &cards, sight))
    };
    Ok(Page { title, main, reload: Reload::Live })
}

/// The shops' cards; made again if a purge came meanwhile.
async fn cards(visit: &Visit<'_>, shops: Vec<Arc<Shop>>, sight: Sight) -> Result<Vec<ShopCard>, Problem> {
    let purges = || shops.iter().map(|shop| shop.purges()).collect::<Vec<_>>();
    let mut looks = 0;
    loop {
        let seen = purges();
        let (shops, clock) = (shops.clone(), visit.edge.clock.clone());
        // Milliseconds of work for each shop: not on a thread that serves others.
        let cards = block(move || shops.iter().map(|shop| card(shop, sight, &clock)).collect());
        let cards = cards.await.map_err(|_| Problem::Internal)?;
        looks += 1;
        if seen == purges() || MOST_LOOKS <= looks {
            return Ok(cards);
        }
    }
}

fn card(shop: &Arc<Shop>, sight: Sight, clock: &Clock) -> ShopCard {
    let watched =
        || Watched { freshness_stats: shop.reports().freshness_stats(), board: Board::of(shop, clock) };
    ShopCard {
        org_id: shop.org_id(),
        name: shop.name().map(str::to_owned),
        stock: sight.stock.then(watched),
        status: sight.status.then(|| shop.status()),
        now: clock.now(),
    }
}

/// How old the content is, for the script to tell; and what it says when it cannot refresh.
fn pulse(visit: &Visit<'_>) -> Markup {
    let words = visit.words();
    html! {
        p.pulse #pulse data-every=(REFRESHED_EVERY) data-updated=(words.pulse_updated) data-late=(words.pulse_late)
            data-ended=(words.pulse_ended) data-news=(words.pulse_news)
        {
            span #pulse-text { noscript { (words.pulse_loaded) } }
            " " a #pulse-sign-in href=(visit.address()) hidden { (words.pulse_sign_in) }
        }
        p.heard #news role="status" aria-live="polite" {}
    }
}

/// The part that is refreshed.
fn live(tongue: Tongue, cards: &[ShopCard], sight: Sight) -> Markup {
    let words = tongue.language.words();
    let boards = || cards.iter().filter_map(|card| Some((card, card.stock.as_ref()?)));
    let below: usize = boards().map(|(_, watched)| watched.board.total).sum();
    html! {
        div #live data-below=(count(below)) {
            section.shops aria-labelledby="shops" {
                h1 #shops { (words.shops_title) }
                @if cards.is_empty() { p.note { (words.shops_none) } }
                div.cards { @for card in cards { (card.render(tongue)) } }
                @if !sight.status { p.note { (words.needs_admin) } }
                @if !sight.stock { p.note { (words.needs_read) } }
            }
            @if sight.stock && !cards.is_empty() {
                section.oversold aria-labelledby="oversold" {
                    h1 #oversold { (words.oversold_title) }
                    p.note { (words.oversold_scope) }
                    div.boards { @for (card, watched) in boards() { (board(tongue, card, watched)) } }
                }
            }
        }
    }
}

fn board(tongue: Tongue, card: &ShopCard, watched: &Watched) -> Markup {
    let words = tongue.language.words();
    let id = format!("oversold-{}", card.org_id);
    html! {
        section.shop-board aria-labelledby=(id) {
            h2 id=(id) { (card.title()) }
            @if !watched.board.rows.is_empty() {
                (watched.board.render(tongue))
            } @else if watched.freshness_stats.cells() == 0 {
                p.empty { (words.oversold_empty) }
            } @else {
                p.empty { (words.oversold_none) }
            }
        }
    }
}
