//! Bars, drawn as SVG by attributes alone: the policy lets in no inline style. The figures stand beside them as text, so
//! the drawings are hidden from those who listen.

use maud::{Markup, html};

use crate::domain::quantity::Quantity;

/// What all bars of one chart are drawn to: how far they reach to either side of nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::ui) struct Scale {
    below: Quantity,
    above: Quantity,
}

impl Scale {
    /// The scale on which each of these fits.
    pub(in crate::ui) fn of(quantities: impl IntoIterator<Item = Quantity>) -> Self {
        quantities.into_iter().fold(Self::default(), |scale, quantity| Self {
            below: scale.below.max(-&quantity),
            above: scale.above.max(quantity),
        })
    }

    /// A bar from nothing to the quantity: to the left and in another colour if it is below.
    pub(in crate::ui) fn bar(&self, quantity: &Quantity) -> Markup {
        let reach = self.below.clone() + self.above.clone();
        let zero = self.below.permille_of(&reach);
        // What is not nothing is to be seen.
        let width = quantity.permille_of(&reach).max(if quantity.is_zero() { 0 } else { 6 });
        let (x, class) =
            if quantity.is_negative() { (zero.saturating_sub(width), "below") } else { (zero, "above") };
        html! {
            svg.bar viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true" focusable="false" {
                rect.ground x="0" y="0" width="1000" height="10" {}
                rect class=(class) x=(x) y="0" width=(width) height="10" {}
                @if zero != 0 { rect.zero x=(zero) y="0" width="3" height="10" {} }
            }
        }
    }
}

/// A bar of parts, one after the other, each with its colour's class; the parts are thousandths of the whole.
pub(in crate::ui) fn parts(parts: &[(&'static str, u16)]) -> Markup {
    let mut at = 0_u16;
    let placed: Vec<(&str, u16, u16)> = parts
        .iter()
        .map(|(class, width)| {
            let x = at;
            at = at.saturating_add(*width);
            (*class, x, *width)
        })
        .collect();
    html! {
        svg.bar viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true" focusable="false" {
            rect.ground x="0" y="0" width="1000" height="10" {}
            @for (class, x, width) in placed {
                @if width != 0 { rect class=(class) x=(x) y="0" width=(width) height="10" {} }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Scale, parts};
    use crate::domain::quantity::Quantity;

    #[track_caller]
    fn check(all: &[i64], quantity: i64, expected: &str) {
        let drawn = Scale::of(all.iter().copied().map(Quantity::from)).bar(&quantity.into()).into_string();
        assert!(drawn.contains(expected), "{quantity} of {all:?}: {drawn}");
    }

    #[test]
    fn bars_start_from_nothing_and_the_negative_ones_go_left() {
        check(&[-25, 75], -25, r#"<rect class="below" x="0" y="0" width="250" height="10">"#);
        check(&[-25, 75], 75, r#"<rect class="above" x="250" y="0" width="750" height="10">"#);
        check(&[-25, 75], -5, r#"<rect class="below" x="200" y="0" width="50" height="10">"#);
        check(&[10, 40], 10, r#"<rect class="above" x="0" y="0" width="250" height="10">"#);
        check(&[-10, -40], -40, r#"<rect class="below" x="0" y="0" width="1000" height="10">"#);
    }

    #[test]
    fn little_is_seen_and_nothing_is_not() {
        check(&[1_000_000, 1], 1, r#"width="6""#);
        check(&[1_000_000, 0], 0, r#"width="0""#);
        check(&[0], 0, r#"width="0""#);
    }

    #[test]
    fn parts_follow_one_another() {
        let drawn = parts(&[("fresh", 600), ("stale", 0), ("old", 400)]).into_string();
        assert!(drawn.contains(r#"<rect class="fresh" x="0" y="0" width="600""#), "{drawn}");
        assert!(drawn.contains(r#"<rect class="old" x="600" y="0" width="400""#), "{drawn}");
        assert!(!drawn.contains("stale"), "{drawn}");
    }

    #[test]
    fn drawings_use_no_inline_style() {
        assert!(!parts(&[("fresh", 1)]).into_string().contains("style"));
    }
}
