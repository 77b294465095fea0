//! The board of what is oversold in a shop: the worst rows among the cells held, and where they could come from.

use std::time::Duration;

use maud::{Markup, html};

use super::chart::Scale;
use crate::cache::freshness::Freshness;
use crate::clock::Clock;
use crate::domain::cell::CellId;
use crate::domain::id::{LocationId, OrgId};
use crate::domain::quantity::Quantity;
use crate::stock::shop::Shop;
use crate::ui::address::Address;
use crate::ui::i18n::language::{Language, Tongue};
use crate::view::alert::{Alert, AlertKind};
use crate::view::envelope::Context;
use crate::view::negative::{NegativeParameters, negative};

/// The most rows that are shown of one shop. Source: ours; more is read in the alerts of the API.
pub(in crate::ui) const MAX_ROWS: usize = 50;

/// What is oversold in a shop, the worst first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ui) struct Board {
    pub(in crate::ui) org_id: OrgId,
    pub(in crate::ui) rows: Vec<BoardRow>,
    /// How many rows are below zero, those that are not shown included.
    pub(in crate::ui) total: usize,
    /// Whether there may be more than `total`, none of them worse.
    pub(in crate::ui) is_cut: bool,
    /// Whether the locations' names are known.
    pub(in crate::ui) has_names: bool,
}

/// A row below zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ui) struct BoardRow {
    pub(in crate::ui) alert: Alert,
    /// Where it is short.
    pub(in crate::ui) place: Place,
    /// What the other locations could send, by their names.
    pub(in crate::ui) senders: Vec<(Place, Quantity)>,
    /// How long ago the row was read from Haravan.
    pub(in crate::ui) age: Duration,
    pub(in crate::ui) freshness: Freshness,
}

/// A location, as people call it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ui) struct Place {
    pub(in crate::ui) id: LocationId,
    pub(in crate::ui) name: Option<String>,
}

impl Board {
    /// The board of a shop as its cache is now. Asks Haravan for nothing.
    pub(in crate::ui) fn of(shop: &Shop, clock: &Clock) -> Self {
        let oversold = shop.reports().oversold();
        let book = shop.locations().held_book();
        let context = Context { shop: shop.org_id(), as_of: None, book: &book, warnings: Vec::new() };
        let answer = negative(oversold.cells(), context, NegativeParameters::default());
        let total = answer.count;
        let now = clock.now();
        let row = |alert: Alert| {
            let cell = CellId { variant_id: alert.variant_id, loc_id: alert.loc_id? };
            let observed_at = oversold.observed_at(cell)?;
            let place = |id| Place { id, name: book.name(id).map(str::to_owned) };
            let senders = alert.transfer_from.iter().map(|sent| (place(sent.loc_id), sent.quantity.clone()));
            Some(BoardRow {
                place: place(cell.loc_id),
                senders: senders.collect(),
                age: now.since(observed_at),
                freshness: oversold.freshness(observed_at),
                alert,
            })
        };
        let rows = answer.alerts.into_iter().take(MAX_ROWS).filter_map(row).collect();
        let (is_cut, has_names) = (oversold.is_cut(), book.is_readable());
        Self { org_id: shop.org_id(), rows, total, is_cut, has_names }
    }

    /// The board as it reads; what is said where nothing is oversold depends on whether `is_empty` is the cache.
    pub(in crate::ui) fn render(&self, tongue: Tongue) -> Markup {
        let words = tongue.language.words();
        let language = tongue.language;
        let scale = Scale::of(self.rows.iter().filter_map(|row| row.alert.qty_available.exact()));
        let of = if self.is_cut { words.oversold_at_least } else { words.oversold_of };
        html! {
            @if !self.has_names { p.note { (words.names_unknown) } }
            @if self.rows.len() < self.total || self.is_cut {
                p.note {
                    (words.oversold_more) " " (language.count(count(self.rows.len()))) " " (of) " "
                    (language.count(count(self.total))) "."
                }
            }
            table.board {
                thead {
                    tr {
                        th scope="col" { (words.where_short) }
                        th.number scope="col" { (words.available) }
                        th.drawn aria-hidden="true" {}
                        th.number.wide scope="col" { (words.onhand) }
                        th.number.wide scope="col" { (words.commited) }
                        th.number.wide scope="col" { (words.incoming) }
                        th scope="col" { (words.transfer_from) }
                        th.number.middle scope="col" { (words.read) }
                    }
                }
                tbody {
                    @for row in &self.rows { (row.render(tongue, self.org_id, &scale)) }
                }
            }
        }
    }
}

impl BoardRow {
    fn render(&self, tongue: Tongue, org_id: OrgId, scale: &Scale) -> Markup {
        let words = tongue.language.words();
        let language = tongue.language;
        let alert = &self.alert;
        let kind = match alert.kind {
            AlertKind::Physical => words.physical,
            // Nothing here is above zero, so that nothing is merely low.
            AlertKind::Overcommitted | AlertKind::LowStock => words.overcommitted,
        };
        html! {
            tr {
                th scope="row" {
                    (self.place.render())
                    span.sub {
                        a href=(Address::variant(tongue, org_id, alert.variant_id)) { (alert.variant_id) }
                        span.kind { (kind) }
                    }
                }
                td.number.short { (language.sent(&alert.qty_available)) }
                td.drawn { @if let Some(available) = alert.qty_available.exact() { (scale.bar(&available)) } }
                td.number.wide { (language.sent(&alert.qty_onhand)) }
                td.number.wide { (language.sent(&alert.qty_commited)) }
                td.number.wide { (language.sent(&alert.qty_incoming)) }
                td.senders { (self.senders(language)) }
                td.number.middle { (age(language, self.age, self.freshness)) }
            }
        }
    }

    fn senders(&self, language: Language) -> Markup {
        let words = language.words();
        let alert = &self.alert;
        html! {
            @for (place, quantity) in &self.senders {
                span.sender { b { (language.quantity(quantity)) } " " (place.render()) }
            }
            @if self.senders.is_empty() { span.none { (words.transfer_none) } }
            @if !alert.uncovered.exact().is_some_and(|uncovered| uncovered.is_zero()) && !self.senders.is_empty() {
                span.uncovered { (words.uncovered) " " b { (language.sent(&alert.uncovered)) } }
            }
            @if alert.covered_by_incoming { span.incoming { (words.covered_by_incoming) } }
        }
    }
}

impl Place {
    /// The name, set apart from the text around it whichever way it is written; the id where there is no name.
    pub(in crate::ui) fn render(&self) -> Markup {
        html! {
            @match self.name.as_deref().filter(|name| !name.trim().is_empty()) {
                Some(name) => bdi.place title=(self.id) { (name) },
                None => span.place { (self.id) },
            }
        }
    }
}

/// An age with its freshness, shown by colour and by word.
pub(in crate::ui) fn age(language: Language, age: Duration, freshness: Freshness) -> Markup {
    let words = language.words();
    let (class, word) = match freshness {
        Freshness::Fresh => ("fresh", words.fresh),
        Freshness::Stale => ("stale", words.stale),
        Freshness::Expired | Freshness::Unusable => ("old", words.old),
    };
    html! {
        span.age.(class) title=(word) { (language.age(age)) span.heard { " (" (word) ")" } }
    }
}

/// A length as the number it is.
pub(in crate::ui) fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
