//! How the page reads: hostile names, empty shops, both languages.

use std::time::Duration;

use super::i18n::language::{Language, Tongue};
use super::i18n::words::english::EN;
use super::i18n::words::vietnamese::VI;
use super::parts::board::{Board, BoardRow, Place};
use super::parts::shop_card::{ShopCard, Watched};
use crate::cache::freshness::Freshness;
use crate::clock::Moment;
use crate::domain::id::{LocationId, OrgId, ProductId, VariantId};
use crate::domain::quantity::Quantity;
use crate::domain::timestamp::Timestamp;
use crate::stock::FreshnessStats;
use crate::stock::shop::ShopStatus;
use crate::view::alert::{Alert, AlertKind};
use crate::view::updated_at::UpdatedAt;

const ENGLISH: Tongue = Tongue { language: Language::English, is_chosen: false };

/// What nobody calls a shop, and somebody will.
const HOSTILE: [&str; 6] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "</bdi></td></table><h1>",
    "&lt;b&gt; & <b>",
    "\u{202e}gnorw si siht",
];

fn place(name: Option<&str>) -> Place {
    Place { id: LocationId::new(963_414).unwrap(), name: name.map(str::to_owned) }
}

fn row(name: Option<&str>, available: i64, sent: i64) -> BoardRow {
    let quantity = Quantity::from;
    let alert = Alert {
        id: None,
        loc_id: Some(LocationId::new(963_414).unwrap()),
        product_id: Some(ProductId::new(1).unwrap()),
        variant_id: VariantId::new(1_061_514_767).unwrap(),
        qty_onhand: quantity(0_i64).into(),
        qty_commited: quantity(-available).into(),
        qty_incoming: quantity(0_i64).into(),
        qty_available: quantity(available).into(),
        updated_at: Some(UpdatedAt::Plain(Timestamp::from_parts(0, 0))),
        location_name: name.map(str::to_owned),
        kind: AlertKind::Overcommitted,
        shortage: quantity(-available).into(),
        covered_by_incoming: false,
        surplus_elsewhere: None,
        transfer_from: Vec::new(),
        coverable: quantity(sent),
        uncovered: quantity(-available - sent).into(),
        complete: true,
    };
    let senders = if sent == 0 { Vec::new() } else { vec![(place(name), quantity(sent))] };
    BoardRow { place: place(name), senders, age: Duration::from_secs(7), freshness: Freshness::Fresh, alert }
}

fn board(rows: Vec<BoardRow>) -> Board {
    let total = rows.len();
    Board { org_id: OrgId::new(1000).unwrap(), rows, total, is_cut: false, has_names: true }
}

fn rendered(rows: Vec<BoardRow>) -> String {
    board(rows).render(ENGLISH).into_string()
}

fn card(name: Option<&str>, stock: Option<Watched>, status: Option<ShopStatus>) -> String {
    let org_id = OrgId::new(1000).unwrap();
    let card = ShopCard { org_id, name: name.map(str::to_owned), stock, status, now: Moment::default() };
    card.render(ENGLISH).into_string()
}

fn status(name: &str, error: &str) -> ShopStatus {
    ShopStatus {
        bucket_usable: 76.0,
        org_id: OrgId::new(1000).unwrap(),
        name: Some(name.to_owned()),
        bucket_level: 40.0,
        bucket_size: 80.0,
        in_flight: 1,
        queue: vec![("interactive", 1_200), ("refresh", 34)],
        resident_cells: 12_345,
        negative_rows: 3,
        cache_bytes: 5 * 1024 * 1024,
        hit_ratio: Some(0.937),
        last_error: Some((error.to_owned(), Moment::default())),
        paused_for: Duration::ZERO,
        resources: Vec::new(),
        stopped: Some("failing"),
    }
}

/// Fails where a text was taken for markup, or is not shown as it is.
#[track_caller]
fn check_harmless(html: &str, hostile: &str) {
    for wrong in ["<script", "<img", "& <b>", "</bdi></td>", "onerror=alert(1)>", "<h1>"] {
        assert!(!html.contains(wrong), "{hostile} became markup: {html}");
    }
    let escaped =
        hostile.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    assert!(html.contains(&format!("{escaped}</bdi>")), "{hostile} is not told as it is: {html}");
}

#[test]
fn hostile_names_stay_text() {
    for hostile in HOSTILE {
        check_harmless(&rendered(vec![row(Some(hostile), -15, 5)]), hostile);
        check_harmless(&card(Some(hostile), None, Some(status(hostile, hostile))), hostile);
    }
}

#[test]
fn nothing_is_styled_or_scripted_inline() {
    let html = rendered(vec![row(Some("Kho"), -15, 5)]) + &card(None, None, Some(status("Kho", "timeout")));
    for wrong in [" style=", " onclick=", "javascript:", "<style", "http:"] {
        assert!(!html.contains(wrong), "{wrong}: {html}");
    }
}

#[test]
fn a_name_is_set_apart_from_the_text_around_it_and_an_id_stands_in_for_none() {
    assert!(
        rendered(vec![row(Some("محل دبي"), -1, 0)])
            .contains("<bdi class=\"place\" title=\"963414\">محل دبي</bdi>")
    );
    let long = "Kho ".repeat(500);
    assert!(rendered(vec![row(Some(&long), -1, 0)]).contains(&long));
    for nameless in [None, Some(""), Some("  ")] {
        assert!(rendered(vec![row(nameless, -1, 0)]).contains("<span class=\"place\">963414</span>"));
    }
    assert!(card(Some(" "), None, None).contains(">1000</a>"));
}

#[test]
fn a_row_tells_what_is_short_and_where_it_could_come_from() {
    let html = rendered(vec![row(Some("Kho"), -1_500, 500), row(Some("Kho"), -7, 0)]);
    for told in [
        "<td class=\"number short\">−1,500</td>",
        "<b>500</b> <bdi class=\"place\" title=\"963414\">Kho</bdi>",
        "still short <b>1,000</b>",
        "href=\"/page/variant?shop=1000&amp;variant_id=1061514767\">1061514767</a>",
        "<span class=\"none\">nowhere</span>",
        "<span class=\"age fresh\" title=\"fresh\">7\u{202f}s",
    ] {
        assert!(html.contains(told), "{told}: {html}");
    }
    assert!(!html.contains("Shown are the worst"), "{html}");
}

#[test]
fn a_board_that_is_not_all_says_so() {
    let whole = board(vec![row(None, -1, 0)]);
    let more = Board { total: 1_234, ..whole.clone() }.render(ENGLISH).into_string();
    assert!(more.contains("Shown are the worst 1 of 1,234."), "{more}");
    let cut = Board { is_cut: true, has_names: false, ..whole }.render(ENGLISH).into_string();
    assert!(cut.contains("Shown are the worst 1 of at least 1."), "{cut}");
    assert!(cut.contains(EN.names_unknown), "{cut}");
}

#[test]
fn an_operator_sees_the_calls_and_the_cache_and_nobody_else_does() {
    let html = card(Some("Kho"), None, Some(status("Kho", "Haravan answered 500")));
    for told in [
        "93%",
        "40 <span class=\"of\">of 80</span>",
        "12,345 · 5.0\u{202f}MiB",
        "1,234",
        "Haravan answered 500",
    ] {
        assert!(html.contains(told), "{told}: {html}");
    }
    assert!(html.contains(EN.state_failing), "{html}");
    assert!(!html.contains(EN.negative_rows), "{html}");
    let freshness_stats =
        FreshnessStats { fresh: 3, stale: 1, old: 0, sampled: true, newest: Some(Duration::from_secs(9)) };
    let html =
        card(Some("Kho"), Some(Watched { freshness_stats, board: board(vec![row(None, -1, 0)]) }), None);
    for told in ["75% fresh", "25% stale", "0% old", EN.freshness_sampled, "Last read 9\u{202f}s ago"] {
        assert!(html.contains(told), "{told}: {html}");
    }
    for hidden in [EN.hit_ratio, EN.bucket, EN.held] {
        assert!(!html.contains(hidden), "{hidden}: {html}");
    }
}

#[test]
fn an_empty_cache_is_told_as_such() {
    let watched = Watched { freshness_stats: FreshnessStats::default(), board: board(Vec::new()) };
    let html = card(None, Some(watched), None);
    assert!(html.contains(EN.cells_none) && html.contains("<dd class=\"calm\">0</dd>"), "{html}");
}

#[test]
fn both_languages_say_everything_and_leave_the_same_gaps() {
    for words in [EN, VI] {
        assert!(!format!("{words:?}").contains(": \"\""), "{words:?}");
        for text in [words.pulse_updated, words.pulse_late, words.pulse_ended] {
            assert_eq!(text.matches("{age}").count(), 1, "{text}");
        }
        assert_eq!(words.pulse_news.matches("{count}").count(), 1);
    }
}
