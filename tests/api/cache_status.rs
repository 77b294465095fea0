//! `Cache-Status` says where an answer came from, as RFC 9211 has it: read by a library, not by eye.

use sfv::{BareItem, Item, List, ListEntry, Parser};
use tonkho::sandbox::faults::Failure;

use crate::answer::Answer;
use crate::gateway::{EXAMPLE, EXAMPLE_QUERY, TK_HARAVAN, TestApp};

/// What may stand after `fwd=`. Source: RFC 9211, 2.2.
const REASONS: [&str; 8] =
    ["bypass", "method", "uri-miss", "vary-miss", "miss", "request", "stale", "partial"];

/// A `Cache-Status` of one cache.
#[derive(Debug, Default, PartialEq, Eq)]
struct CacheStatus {
    hit: bool,
    fwd: Option<String>,
    collapsed: bool,
    ttl: Option<i64>,
    detail: Option<String>,
}

impl CacheStatus {
    /// The one of an answer; it holds nothing that the standard does not know, and nothing of another type.
    #[track_caller]
    fn of(answer: &Answer) -> Self {
        let lines: Vec<_> = answer.headers.get_all("cache-status").iter().collect();
        assert_eq!(lines.len(), 1, "{}", answer.shown());
        let caches: List = Parser::new(lines[0].as_bytes()).parse().unwrap();
        let [ListEntry::Item(Item { bare_item: BareItem::Token(cache), params })] = caches.as_slice() else {
            panic!("not one cache: {caches:?}");
        };
        assert_eq!(cache.as_str(), "tonkho");
        let mut status = Self::default();
        for (key, value) in params {
            match (key.as_str(), value) {
                ("hit", BareItem::Boolean(hit)) => status.hit = *hit,
                ("fwd", BareItem::Token(reason)) => status.fwd = Some(reason.as_str().to_owned()),
                ("collapsed", BareItem::Boolean(collapsed)) => status.collapsed = *collapsed,
                ("ttl", BareItem::Integer(seconds)) => status.ttl = Some((*seconds).into()),
                ("detail", BareItem::String(detail)) => status.detail = Some(detail.as_str().to_owned()),
                other => panic!("no parameter of Cache-Status: {other:?}"),
            }
        }
        assert!(status.hit != status.fwd.is_some(), "either a hit or forwarded: {status:?}");
        assert!(status.fwd.as_deref().is_none_or(|reason| REASONS.contains(&reason)), "{status:?}");
        status
    }

    fn reason(&self) -> &str {
        self.fwd.as_deref().unwrap_or("hit")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_answer_is_forwarded_and_a_second_is_a_hit_that_says_for_how_long() {
    let app = TestApp::spawn().await;
    let cold = app.example().await;
    assert_eq!(CacheStatus::of(&cold).reason(), "uri-miss");
    assert_eq!((cold.cache_detail("cells"), cold.cache_detail("fetched")), (4, 4));
    assert_eq!((cold.cache_detail("stale"), cold.cache_detail("calls")), (0, 1));
    let hit = CacheStatus::of(&app.example().await);
    assert!(hit.hit && hit.ttl.is_some_and(|ttl| (0..=15).contains(&ttl)), "{hit:?}");
    app.age(10);
    let later = CacheStatus::of(&app.example().await);
    assert!(later.hit && later.ttl.is_some_and(|ttl| (0..=5).contains(&ttl)), "{later:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_cached_in_part_is_forwarded_in_part() {
    let app = TestApp::spawn().await;
    app.inventory(EXAMPLE, "location_ids=963414,1007284&variant_ids=1061514767").await.rows();
    let answer = app.example().await;
    assert_eq!(CacheStatus::of(&answer).reason(), "partial");
    assert_eq!((answer.cache_detail("cells"), answer.cache_detail("fetched")), (4, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stale_and_served_says_so() {
    let app = TestApp::spawn().await;
    app.example().await.rows();
    app.age(20);
    let answer = app.example().await;
    assert_eq!(CacheStatus::of(&answer).reason(), "stale");
    assert_eq!((answer.cache_detail("stale"), answer.cache_detail("fetched")), (4, 0));
    assert_eq!(answer.cache_detail("calls"), 1, "the refresh");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_asked_for_another_question_is_told_as_collapsed() {
    let app = TestApp::spawn().await;
    let shop = app.shop(EXAMPLE);
    let hold = shop.hold();
    let questions = futures_util::future::join(app.example().into_future(), app.example().into_future());
    let questions = tokio::spawn(questions);
    shop.wait_for_requests(1).await;
    hold.release();
    let (first, second) = questions.await.unwrap();
    // Which of the two came first is not told; that the other cost nothing is, however late it came.
    let statuses = [CacheStatus::of(&first), CacheStatus::of(&second)];
    assert!(statuses.iter().any(|status| status.reason() == "uri-miss" && !status.collapsed), "{statuses:?}");
    assert!(statuses.iter().any(|status| status.collapsed || status.hit), "{statuses:?}");
    assert_eq!(app.upstream_calls(EXAMPLE), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_with_cells_missing_is_no_hit() {
    let app = TestApp::spawn().await;
    app.fail(EXAMPLE, 1_000, Failure::Status500);
    let answer = app.inventory(EXAMPLE, &format!("{EXAMPLE_QUERY}&partial=true")).await;
    assert_eq!(answer.missing().len(), 4);
    let status = CacheStatus::of(&answer);
    assert!(!status.hit && status.detail.is_some(), "{status:?}");
    assert_eq!(answer.cache_detail("fetched"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_answer_about_stock_has_one() {
    let app = TestApp::builder()
        .settings(|settings| settings.passthrough.allow = vec!["shop.json".parse().unwrap()])
        .spawn()
        .await;
    let rows = app.example().await;
    for (path, reason) in [
        (format!("/shops/1000/com/inventory_locations.json?{EXAMPLE_QUERY}"), "hit"),
        (format!("/shops/1000/stock?{EXAMPLE_QUERY}"), "hit"),
        (format!("/shops/1000/alerts/negative?{EXAMPLE_QUERY}"), "hit"),
        (format!("/shops/1000/availability?{EXAMPLE_QUERY}"), "hit"),
        ("/shops/1000/stock/1061514767?location_ids=963414".to_owned(), "hit"),
        ("/shops/2000/com/locations.json".to_owned(), "uri-miss"),
        ("/shops/2000/com/locations.json".to_owned(), "hit"),
    ] {
        assert_eq!(CacheStatus::of(&app.get(&path).await).reason(), reason, "{path}");
        // What is of the same millisecond is not told from what was just read, where locations are asked for.
        app.age(1);
    }
    let forwarded = app.ask(reqwest::Method::GET, "/shops/1000/com/shop.json").key(TK_HARAVAN).await;
    assert_eq!(CacheStatus::of(&forwarded).reason(), "bypass");
    let known = app.example().header("if-none-match", rows.header("etag").unwrap()).await;
    assert_eq!((known.status, CacheStatus::of(&known).reason()), (304, "hit"));
}
