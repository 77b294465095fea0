//! The search for a variant's stock: a plain form, so that it works without scripts.

use maud::{Markup, html};

use super::layout::language_field;
use crate::domain::access::Scope;
use crate::ui::visit::Visit;

/// The longest text that is shown again in the form, in characters.
const LONGEST_TEXT: usize = 40;

/// Whether what was searched for makes sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ui) enum Input {
    /// It does, or nothing was.
    Fine,
    /// It is no id.
    Wrong,
}

/// The form, with what was searched for; nothing for who may not read stock.
pub(in crate::ui) fn form(visit: &Visit<'_>, input: Input) -> Markup {
    let words = visit.words();
    let shops = visit.shops();
    let may_search = visit.visitor.as_ref().is_ok_and(|visitor| visitor.may(Scope::Read));
    let text: String =
        visit.asked.variant_id.iter().flat_map(|text| text.chars()).take(LONGEST_TEXT).collect();
    let invalid = (input == Input::Wrong).then_some("true");
    let chosen = visit.named_shop().and_then(Result::ok).map(|shop| shop.org_id());
    html! {
        @if may_search && !shops.is_empty() {
            form.search method="get" action="/page/variant" role="search" aria-label=(words.search_title) {
                (language_field(visit))
                @if let [only] = shops.as_slice() {
                    input type="hidden" name="shop" value=(only.org_id());
                } @else {
                    label for="search-shop" { (words.search_shop) }
                    select #search-shop name="shop" {
                        @for shop in &shops {
                            option value=(shop.org_id()) selected[chosen == Some(shop.org_id())] {
                                (shop.name().unwrap_or_default()) " " (shop.org_id())
                            }
                        }
                    }
                }
                label for="search-variant" { (words.search_variant) }
                input #search-variant name="variant_id" type="text" inputmode="numeric" required autocomplete="off"
                    spellcheck="false" size="14" value=(text) aria-invalid=[invalid]
                    aria-describedby="search-hint";
                button type="submit" { (words.search_submit) }
                p.hint #search-hint { (words.search_hint) }
            }
        }
    }
}
