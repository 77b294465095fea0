//! A shop at a glance: how much is oversold, how fresh its cells are; and for operators its calls and its cache.

use maud::{Markup, html};

use super::board::{Board, count};
use super::chart;
use crate::clock::Moment;
use crate::domain::id::OrgId;
use crate::stock::FreshnessStats;
use crate::stock::shop::ShopStatus;
use crate::ui::address::Address;
use crate::ui::i18n::format::permille;
use crate::ui::i18n::language::Tongue;

/// What a visitor sees of a shop.
#[derive(Debug)]
pub(in crate::ui) struct ShopCard {
    pub(in crate::ui) org_id: OrgId,
    pub(in crate::ui) name: Option<String>,
    /// For who may read stock.
    pub(in crate::ui) stock: Option<Watched>,
    /// For operators.
    pub(in crate::ui) status: Option<ShopStatus>,
    pub(in crate::ui) now: Moment,
}

/// A shop's stock as far as it is held.
#[derive(Debug)]
pub(in crate::ui) struct Watched {
    pub(in crate::ui) freshness_stats: FreshnessStats,
    pub(in crate::ui) board: Board,
}

impl ShopCard {
    /// The shop's name, or its id.
    pub(in crate::ui) fn title(&self) -> Markup {
        html! {
            @match self.name.as_deref().filter(|name| !name.trim().is_empty()) {
                Some(name) => { bdi { (name) } " " span.id { (self.org_id) } },
                None => (self.org_id),
            }
        }
    }

    pub(in crate::ui) fn render(&self, tongue: Tongue) -> Markup {
        let id = format!("shop-{}", self.org_id);
        html! {
            article.card aria-labelledby=(id) {
                header {
                    h2 id=(id) { a href=(Address::shop(tongue, Some(self.org_id))) { (self.title()) } }
                    @if let Some(status) = &self.status { (state(tongue, status)) }
                }
                dl.figures {
                    @if let Some(watched) = &self.stock { (negative_rows(tongue, &watched.board)) }
                    @if let Some(status) = &self.status { (calls(tongue, status)) }
                }
                @if let Some(watched) = &self.stock { (freshness(tongue, watched.freshness_stats)) }
                @if let Some(status) = &self.status { (self.cache(tongue, status)) }
            }
        }
    }

    fn cache(&self, tongue: Tongue, status: &ShopStatus) -> Markup {
        let (language, words) = (tongue.language, tongue.language.words());
        let waiting = status.queue.iter().map(|(_, cells)| *cells).sum();
        html! {
            dl.details {
                div { dt { (words.held) } dd {
                    (language.count(status.resident_cells)) " · " (language.bytes(status.cache_bytes))
                } }
                div { dt { (words.queue) } dd { (language.count(count(waiting))) } }
                div { dt { (words.in_flight) } dd { (language.count(count(status.in_flight))) } }
            }
            @if let Some((error, moment)) = &status.last_error {
                p.error {
                    span.label { (words.last_error) } " "
                    (language.age(self.now.since(*moment))) " " (words.ago) ": " (error)
                }
            }
        }
    }
}

fn state(tongue: Tongue, status: &ShopStatus) -> Markup {
    let words = tongue.language.words();
    let (class, text) = match status.stopped {
        None => ("ok", words.state_ok),
        Some("unauthorized") => ("bad", words.state_unauthorized),
        Some(_) => ("bad", words.state_failing),
    };
    html! { p.state.(class) { (text) } }
}

fn negative_rows(tongue: Tongue, board: &Board) -> Markup {
    let (language, words) = (tongue.language, tongue.language.words());
    let class = if board.total == 0 { "calm" } else { "short" };
    html! {
        div {
            dt { (words.negative_rows) }
            dd.(class) { @if board.is_cut { "≥" } (language.count(count(board.total))) }
        }
    }
}

fn calls(tongue: Tongue, status: &ShopStatus) -> Markup {
    let (language, words) = (tongue.language, tongue.language.words());
    let width = permille(status.bucket_level, status.bucket_size).parse().unwrap_or(0);
    let class = if width < 800 { "used" } else { "below" };
    html! {
        div {
            dt { (words.hit_ratio) }
            dd { @match status.hit_ratio { Some(ratio) => (language.ratio(ratio)), None => "–" } }
        }
        div {
            dt { (words.bucket) }
            dd {
                (format!("{:.0}", status.bucket_level)) " "
                span.of { (words.bucket_of) " " (format!("{:.0}", status.bucket_size)) }
                (chart::parts(&[(class, width)]))
            }
        }
    }
}

fn freshness(tongue: Tongue, freshness_stats: FreshnessStats) -> Markup {
    let (language, words) = (tongue.language, tongue.language.words());
    let all = freshness_stats.cells();
    let share = |part: usize| {
        let thousandths = part.saturating_mul(1000).checked_div(all).unwrap_or(0);
        u16::try_from(thousandths).unwrap_or(1000)
    };
    let kinds = [
        ("fresh", words.fresh, freshness_stats.fresh),
        ("stale", words.stale, freshness_stats.stale),
        ("old", words.old, freshness_stats.old),
    ];
    html! {
        section.freshness aria-label=(words.freshness) {
            @if all == 0 {
                p.note { (words.cells_none) }
            } @else {
                (chart::parts(&kinds.map(|(class, _, cells)| (class, share(cells)))))
                ul {
                    @for (class, word, cells) in kinds {
                        li.(class) { (language.share(cells, all)) " " (word) }
                    }
                    @if freshness_stats.sampled { li.plain { "(" (words.freshness_sampled) ")" } }
                    @if let Some(newest) = freshness_stats.newest {
                        li.newest { (words.newest) " " (language.age(newest)) " " (words.ago) }
                    }
                }
            }
        }
    }
}
