//! How old an answer may be, and that it says so.

use crate::gateway::{EXAMPLE, TK_ADMIN, TK_READER, TestApp};

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_cell_is_served_at_once_and_refreshed_behind_the_answer() {
    let app = TestApp::spawn().await;
    let shop = app.shop(EXAMPLE);
    app.example().await.rows();
    shop.set_quantity(1_061_514_767, 963_414, 99).unwrap();
    app.age(20);
    let stale = app.example().await;
    assert_eq!(stale.header("cache-status").unwrap().split(';').nth(1), Some(" fwd=stale"));
    assert!(20 <= stale.age() && !stale.text().contains("99"));
    shop.wait_for_answers(2).await;
    while !app.example().await.text().contains("\"qty_available\":99") {}
    assert_eq!(app.upstream_calls(EXAMPLE), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_may_want_it_fresher() {
    let app = TestApp::spawn().await;
    app.example().await.rows();
    app.age(8);
    assert!(app.example().header("cache-control", "max-age=10").await.is_hit());
    assert_eq!(app.upstream_calls(EXAMPLE), 1);
    app.example().header("cache-control", "max-age=5").await.rows();
    assert_eq!(app.upstream_calls(EXAMPLE), 2);
    app.example().header("cache-control", "no-cache").await.rows();
    assert_eq!(app.upstream_calls(EXAMPLE), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_may_take_it_older_or_only_from_the_cache() {
    let app = TestApp::spawn().await;
    app.example().header("cache-control", "only-if-cached").await.problem(504, "not-cached");
    assert_eq!(app.upstream_calls(EXAMPLE), 0);
    app.example().await.rows();
    app.age(500);
    app.example().header("cache-control", "only-if-cached").await.problem(504, "not-cached");
    let old = app.example().header("cache-control", "only-if-cached, max-stale=600").await;
    assert_eq!(old.rows().len(), 4);
    assert_eq!(app.upstream_calls(EXAMPLE), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_it_already_gets_a_304() {
    let app = TestApp::spawn().await;
    let first = app.example().await;
    let tag = first.header("etag").unwrap().to_owned();
    assert!(tag.starts_with('"'));
    let again = app.example().header("if-none-match", &tag).await;
    assert_eq!((again.status, again.body.len()), (304, 0));
    app.shop(EXAMPLE).set_quantity(1_061_514_767, 963_414, 3).unwrap();
    let changed = app.example().header("if-none-match", &tag).header("cache-control", "no-cache").await;
    assert_eq!(changed.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_read_before_a_purge_is_served_after_it_not_even_what_was_in_flight() {
    let app = TestApp::spawn().await;
    let shop = app.shop(EXAMPLE);
    let path = format!("/shops/{EXAMPLE}/cache");
    app.ask(reqwest::Method::DELETE, &path).key(TK_READER).await.problem(403, "forbidden");
    // The answer is made up before the purge, and arrives after it.
    let hold = shop.hold_answers();
    let early = tokio::spawn(app.example().into_future());
    shop.wait_for_requests(1).await;
    shop.wait_for_answers(1).await;
    shop.set_quantity(1_061_514_767, 963_414, 77).unwrap();
    assert_eq!(app.ask(reqwest::Method::DELETE, &path).key(TK_ADMIN).await.status, 204);
    hold.release();
    let late = app.example().await;
    assert!(late.text().contains("\"qty_available\":77"), "{}", late.text());
    assert!(early.await.unwrap().text().contains("\"qty_available\":77"));
}
