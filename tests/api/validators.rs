//! `ETag` and `If-None-Match`: who has an answer already is told so, in a few bytes (RFC 9110, 8.8.3 and 13.1.2).

use reqwest::Method;

use crate::answer::Answer;
use crate::gateway::{EXAMPLE, EXAMPLE_QUERY, TK_ALL, TestApp};

fn stock() -> String {
    format!("/shops/1000/stock?{EXAMPLE_QUERY}")
}

#[track_caller]
fn tag(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.shown());
    let tags: Vec<_> = answer.headers.get_all("etag").iter().collect();
    assert_eq!(tags.len(), 1, "{}", answer.shown());
    tags[0].to_str().unwrap().to_owned()
}

#[track_caller]
fn is_not_modified(answer: &Answer) {
    assert_eq!((answer.status, answer.body.len()), (304, 0), "{}", answer.shown());
    assert_eq!(answer.header("content-type"), None, "{}", answer.shown());
    for header in ["etag", "cache-control", "cache-status", "vary", "age", "x-request-id"] {
        assert!(answer.header(header).is_some(), "{header}: {}", answer.shown());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_are_strong_on_compatible_routes_and_weak_on_views() {
    let app = TestApp::spawn().await;
    for (path, weak) in [
        (format!("/shops/1000/com/inventory_locations.json?{EXAMPLE_QUERY}"), false),
        ("/shops/1000/com/locations.json".to_owned(), false),
        (stock(), true),
        ("/shops/1000/stock/1061514767".to_owned(), true),
        (format!("/shops/1000/alerts/negative?{EXAMPLE_QUERY}"), true),
        (format!("/shops/1000/availability?{EXAMPLE_QUERY}"), true),
    ] {
        let tag = tag(&app.get(&path).await);
        assert_eq!(tag.starts_with("W/\""), weak, "{path}: {tag}");
        assert!(weak || tag.starts_with('"'), "{path}: {tag}");
        assert!(tag.ends_with('"'), "{path}: {tag}");
        is_not_modified(&app.get(&path).header("if-none-match", &tag).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn if_none_match_compares_weakly_takes_lists_and_takes_anything_for_a_star() {
    let app = TestApp::spawn().await;
    for (path, tag) in [
        (stock(), tag(&app.get(&stock()).await)),
        (format!("/shops/1000/com/inventory_locations.json?{EXAMPLE_QUERY}"), tag(&app.example().await)),
    ] {
        let opaque = tag.trim_start_matches("W/").to_owned();
        for known in [
            opaque.clone(),
            format!("W/{opaque}"),
            format!("\"x\", {tag}, \"y\""),
            "*".to_owned(),
            format!(" {tag} "),
        ] {
            is_not_modified(&app.get(&path).header("if-none-match", &known).await);
        }
        for unknown in ["\"x\"", "", "W/\"x\", \"y\"", opaque.trim_matches('"')] {
            assert_eq!(app.get(&path).header("if-none-match", unknown).await.status, 200, "{unknown}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_views_tag_does_not_depend_on_when_the_cells_were_read() {
    let app = TestApp::spawn().await;
    let first = app.get(&stock()).await;
    app.age(5);
    let later = app.get(&stock()).header("cache-control", "no-cache").await;
    assert_ne!(first.json()["as_of"], later.json()["as_of"]);
    assert_eq!(tag(&first), tag(&later));
    let known =
        app.get(&stock()).header("if-none-match", &tag(&first)).header("cache-control", "no-cache").await;
    is_not_modified(&known);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_changes_with_what_is_said_and_with_the_form_it_is_said_in() {
    let app = TestApp::spawn().await;
    let json = tag(&app.get(&stock()).await);
    let csv = tag(&app.get(&stock()).header("accept", "text/csv").await);
    let lines = tag(&app.get(&stock()).header("accept", "application/x-ndjson").await);
    assert!(json != csv && csv != lines && json != lines, "{json} {csv} {lines}");
    is_not_modified(&app.get(&stock()).header("accept", "text/csv").header("if-none-match", &csv).await);
    let other = app.get(&stock()).header("accept", "text/csv").header("if-none-match", &json).await;
    assert_eq!(other.status, 200);
    let rows = tag(&app.example().await);
    app.shop(EXAMPLE).set_quantity(1_061_514_767, 963_414, 3).unwrap();
    for (path, before) in
        [(stock(), json), (format!("/shops/1000/com/inventory_locations.json?{EXAMPLE_QUERY}"), rows)]
    {
        let fresh = || app.get(&path).header("cache-control", "no-cache");
        let after = fresh().header("if-none-match", &before).await;
        assert_ne!(tag(&after), before, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_is_as_conditional_as_a_get() {
    let app = TestApp::spawn().await;
    let tag = tag(&app.get(&stock()).await);
    let head = |known: &str| app.ask(Method::HEAD, &stock()).key(TK_ALL).header("if-none-match", known);
    is_not_modified(&head(&tag).await);
    assert_eq!(head("\"x\"").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_kept_by_nobody_but_its_caller_and_never_without_asking_again() {
    let app = TestApp::spawn().await;
    for path in [stock(), format!("/shops/1000/com/inventory_locations.json?{EXAMPLE_QUERY}")] {
        let answer = app.get(&path).await;
        assert_eq!(answer.header("cache-control"), Some("private, no-cache"), "{path}");
        let vary =
            answer.headers.get_all("vary").iter().map(|line| line.to_str().unwrap().to_ascii_lowercase());
        let vary = vary.collect::<Vec<_>>().join(", ");
        for named in ["accept-encoding", "authorization", "x-api-key", "x-haravan-access-token"] {
            assert!(vary.contains(named), "{path}: {vary}");
        }
    }
    let view = app.get(&stock()).await;
    let vary = view.header("vary").unwrap().to_ascii_lowercase();
    assert!(vary.split(',').any(|name| name.trim() == "accept"), "{vary}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_answer_differs_in_nothing_but_where_it_came_from() {
    let app = TestApp::spawn().await;
    for path in [stock(), format!("/shops/1000/com/inventory_locations.json?{EXAMPLE_QUERY}")] {
        for coding in ["identity", "gzip"] {
            let ask =
                || app.get(&path).header("accept-encoding", coding).header("cache-control", "max-age=60");
            let mut seen = Vec::new();
            for _ in 0..4 {
                let answer = ask().await;
                let mut headers = answer.headers.clone();
                for own in ["date", "x-request-id", "age", "cache-status"] {
                    assert!(headers.remove(own).is_some(), "{own} is missing: {}", answer.shown());
                }
                let named =
                    headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()));
                let mut named: Vec<_> = named.collect();
                named.sort();
                seen.push((answer.status, named, answer.body));
            }
            assert!(seen.windows(2).all(|pair| pair[0] == pair[1]), "{path} as {coding}: {seen:?}");
        }
    }
}
