//! Content codings: smaller on the wire, the same to read (RFC 9110, 8.4 and 12.5.3).

use std::collections::BTreeSet;
use std::io::Read;

use reqwest::Method;

use crate::answer::Answer;
use crate::gateway::{GENERATED, TK_ALL, TestApp, grid};

/// What a body is when its coding is taken off.
#[track_caller]
fn decoded(answer: &Answer) -> Vec<u8> {
    let mut plain = Vec::new();
    let body = answer.body.as_slice();
    let read = match answer.header("content-encoding") {
        None => return body.to_vec(),
        Some("gzip") => flate2::read::GzDecoder::new(body).read_to_end(&mut plain),
        Some("br") => brotli::Decompressor::new(body, 4_096).read_to_end(&mut plain),
        Some("zstd") => zstd::stream::read::Decoder::new(body).unwrap().read_to_end(&mut plain),
        other => panic!("{other:?} is no coding of ours: {}", answer.shown()),
    };
    read.unwrap();
    plain
}

/// Paths with answers that are worth a coding, of every kind there is, and how each is accepted.
fn paths(app: &TestApp) -> Vec<(String, &'static str)> {
    let shop = app.shop(GENERATED);
    let cells = grid(&shop.variant_ids()[..50], &shop.location_ids()[..10]);
    let json = "application/json";
    vec![
        (format!("/shops/2000/com/inventory_locations.json?{cells}"), json),
        ("/shops/2000/com/locations.json".to_owned(), json),
        (format!("/shops/2000/stock?{cells}"), json),
        (format!("/shops/2000/stock?{cells}"), "text/csv"),
        (format!("/shops/2000/stock?{cells}"), "application/x-ndjson"),
        (format!("/shops/2000/alerts/negative?{cells}"), json),
        (format!("/shops/2000/availability?{cells}"), json),
        ("/openapi.json".to_owned(), json),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coded_body_is_the_plain_one_once_it_is_decoded() {
    let app = TestApp::spawn().await;
    for (path, form) in paths(&app) {
        // Read once, so that `as_of` is the same in every answer.
        app.get(&path).header("accept", form).await;
        let plain = app.get(&path).header("accept", form).await;
        assert_eq!((plain.status, plain.header("content-encoding")), (200, None), "{path}");
        for coding in ["gzip", "br", "zstd"] {
            let coded = app.get(&path).header("accept", form).header("accept-encoding", coding).await;
            assert_eq!(coded.header("content-encoding"), Some(coding), "{path}: {}", coded.status);
            assert_eq!(coded.header("content-type"), plain.header("content-type"), "{path}");
            assert!(coded.body.len() < plain.body.len(), "{path} as {coding}");
            assert!(decoded(&coded) == plain.body, "{path} as {coding} is another body");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_that_may_be_coded_says_that_it_depends_on_accept_encoding() {
    let app = TestApp::spawn().await;
    for (path, form) in paths(&app) {
        if path == "/openapi.json" {
            continue;
        }
        for coding in ["identity", "gzip", "br", "zstd"] {
            let answer = app.get(&path).header("accept", form).header("accept-encoding", coding).await;
            let vary = answer.headers.get_all("vary").iter().map(|line| line.to_str().unwrap());
            let vary = vary.collect::<Vec<_>>().join(",").to_ascii_lowercase();
            assert!(vary.contains("accept-encoding"), "{path} as {coding}: {vary:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coding_of_weight_zero_or_of_another_world_is_not_used() {
    let app = TestApp::spawn().await;
    let (path, _) = paths(&app).remove(0);
    for (accepted, not) in [
        ("gzip;q=0", "gzip"),
        ("gzip;q=0.000, br", "gzip"),
        ("br;q=0, gzip;q=0, zstd;q=0, *", "gzip br zstd"),
        ("*;q=0, gzip", "br zstd"),
        ("identity", "gzip br zstd"),
        ("identity, *;q=0", "gzip br zstd"),
        ("compress", "gzip br zstd"),
        ("", "gzip br zstd"),
    ] {
        let answer = app.get(&path).header("accept-encoding", accepted).await;
        assert_eq!(answer.status, 200, "{accepted}");
        let coding = answer.header("content-encoding").unwrap_or("identity");
        assert!(!not.split(' ').any(|not| not == coding), "{accepted:?} was answered with {coding}");
        decoded(&answer);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_coding_that_weighs_most_is_used() {
    let app = TestApp::spawn().await;
    let (path, _) = paths(&app).remove(0);
    for (accepted, coding) in [
        ("gzip;q=0.5, br;q=0.9, zstd;q=0.1", "br"),
        ("gzip, br;q=0.2", "gzip"),
        ("zstd;q=1, gzip;q=0.1", "zstd"),
        ("GZIP", "gzip"),
    ] {
        let answer = app.get(&path).header("accept-encoding", accepted).await;
        assert_eq!(answer.header("content-encoding"), Some(coding), "{accepted}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_takes_no_plain_answer_gets_a_coded_one_and_who_takes_none_is_told() {
    let app = TestApp::spawn().await;
    for (path, form) in paths(&app) {
        for accepted in ["identity;q=0, gzip", "*;q=0, zstd;q=0.1", "identity;q=0, *"] {
            let answer = app.get(&path).header("accept", form).header("accept-encoding", accepted).await;
            assert!(answer.header("content-encoding").is_some(), "{path} as {accepted}: {}", answer.status);
            decoded(&answer);
        }
        let none =
            app.get(&path).header("accept", form).header("accept-encoding", "identity;q=0, *;q=0").await;
        none.problem(406, "not-acceptable");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strong_tag_is_of_the_coded_bytes() {
    let app = TestApp::spawn().await;
    for (path, form) in paths(&app).into_iter().filter(|(path, _)| path.contains("/com/")) {
        let mut tags = BTreeSet::new();
        for coding in ["identity", "gzip", "br", "zstd"] {
            let ask = || app.get(&path).header("accept", form).header("accept-encoding", coding);
            let tag = ask().await.header("etag").unwrap().to_owned();
            assert!(tag.starts_with('"'), "{tag}");
            assert_eq!(ask().await.header("etag"), Some(tag.as_str()), "{path} as {coding}, twice");
            assert!(tags.insert(tag), "{path} as {coding} has the tag of another coding");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_a_coded_answer_gets_a_304_for_its_tag() {
    let app = TestApp::spawn().await;
    for (path, form) in paths(&app) {
        if path == "/openapi.json" {
            continue;
        }
        for coding in ["identity", "gzip", "br", "zstd"] {
            let ask = || app.get(&path).header("accept", form).header("accept-encoding", coding);
            let first = ask().await;
            let tag = first.header("etag").unwrap().to_owned();
            let again = ask().header("if-none-match", &tag).await;
            assert_eq!((again.status, again.body.len()), (304, 0), "{path} as {coding}: {}", again.shown());
            assert_eq!(again.header("etag"), Some(tag.as_str()), "{path} as {coding}");
            assert_eq!(again.header("content-encoding"), None, "{path} as {coding}: {}", again.shown());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_problem_may_be_coded_too_and_stays_one() {
    let app = TestApp::spawn().await;
    for coding in ["identity", "gzip", "br", "zstd"] {
        let answer = app.get("/nowhere").header("accept-encoding", coding).await;
        assert_eq!((answer.status, answer.header("content-type")), (404, Some("application/problem+json")));
        let body: serde_json::Value = serde_json::from_slice(&decoded(&answer)).unwrap();
        assert_eq!(body["type"], "urn:tonkho:problem:not-found", "{coding}");
    }
    let head = app.ask(Method::HEAD, "/nowhere").key(TK_ALL).header("accept-encoding", "gzip").await;
    assert_eq!((head.status, head.body.len()), (404, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_answer_that_is_coded_is_given_again_as_it_was() {
    let app = TestApp::spawn().await;
    let shop = app.shop(GENERATED);
    let question = grid(&shop.variant_ids()[..60], &shop.location_ids());
    let ask = || app.inventory(GENERATED, &question).header("accept-encoding", "br");
    let first = ask().await;
    assert_eq!((first.status, first.header("content-encoding")), (200, Some("br")));
    for _ in 0..4 {
        let again = ask().await;
        assert!(again.is_hit(), "{}", again.shown());
        assert_eq!((&again.body, again.header("etag")), (&first.body, first.header("etag")));
        assert_eq!(again.header("content-encoding"), Some("br"));
    }
}
