//! What is around every page: its head, who looks, the languages.

use std::time::Duration;

use maud::{DOCTYPE, Markup, html};

use crate::ui::address::Address;
use crate::ui::assets::{MARK, REFRESH, STYLE};
use crate::ui::i18n::language::Language;
use crate::ui::visit::Visit;

/// How often a page is loaded anew by a browser without scripts.
const RELOADED_EVERY: Duration = Duration::from_secs(30);
/// The longest time after which a page that brought trouble tries again by itself.
const LONGEST_RETRY: Duration = Duration::from_secs(300);

/// What is inside the frame.
#[derive(Debug)]
pub(in crate::ui) struct Page {
    pub(in crate::ui) title: String,
    pub(in crate::ui) main: Markup,
    pub(in crate::ui) reload: Reload,
}

/// When a page is shown anew by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ui) enum Reload {
    /// Never.
    None,
    /// Again and again: by the script, or, without scripts, by loading it.
    Live,
    /// Once, to see whether the trouble is over.
    Retry(Duration),
}

/// A page in its frame.
pub(in crate::ui) fn frame(visit: &Visit<'_>, page: Page) -> Markup {
    let words = visit.words();
    html! {
        (DOCTYPE)
        html lang=(visit.tongue.language.tag()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                title { (page.title) " · tonkho" }
                link rel="icon" type="image/svg+xml" href=(MARK.href());
                link rel="stylesheet" href=(STYLE.href());
                @match page.reload {
                    Reload::None => {}
                    Reload::Live => {
                        script src=(REFRESH.href()) defer {}
                        noscript { meta http-equiv="refresh" content=(RELOADED_EVERY.as_secs()); }
                    }
                    Reload::Retry(after) => {
                        meta http-equiv="refresh" content=(after.min(LONGEST_RETRY).as_secs().saturating_add(1));
                    }
                }
            }
            body {
                a.skip href="#main" { (words.skip) }
                (masthead(visit))
                main #main { (page.main) }
            }
        }
    }
}

fn masthead(visit: &Visit<'_>) -> Markup {
    let words = visit.words();
    html! {
        header.masthead {
            a.brand href=(Address::overview(visit.tongue)) {
                img src=(MARK.href()) alt="" width="28" height="28";
                span { "tonkho" }
            }
            p.tagline { (words.tagline) }
            nav.languages aria-label=(words.language) {
                @for language in Language::ALL {
                    @let current = (language == visit.tongue.language).then_some("true");
                    a href=(visit.address().in_language(language)) lang=(language.tag())
                        hreflang=(language.tag()) aria-current=[current] { (language.own_name()) }
                }
            }
            @if let Ok(visitor) = &visit.visitor {
                @if visitor.has_session {
                    form.leave method="post" action="/page/sign-out" {
                        (language_field(visit))
                        span.who { span.label { (words.signed_in_as) } " " bdi { (visitor.name()) } }
                        button.plain type="submit" { (words.sign_out) }
                    }
                }
            }
        }
    }
}

/// Carries the chosen language through a form.
pub(in crate::ui) fn language_field(visit: &Visit<'_>) -> Markup {
    html! {
        @if visit.tongue.is_chosen {
            input type="hidden" name="lang" value=(visit.tongue.language.tag());
        }
    }
}
