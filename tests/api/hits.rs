//! Answers that stand ready, and rows that are at hand: given without a call, and never when they should not be.

use crate::gateway::{
    EXAMPLE, EXAMPLE_QUERY, GENERATED, TK_ADMIN, TK_ALL, TK_HARAVAN, TK_ONE, TestApp, grid, list,
};
use crate::oracle::{self, Wanted};

/// Answers are kept when a question comes for the second time, and given from the third on: more than enough.
const REPEATS: usize = 5;

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_question_is_given_the_same_bytes_without_a_call() {
    let app = TestApp::spawn().await;
    let first = app.example().await;
    for _ in 0..REPEATS {
        let again = app.example().await;
        assert!(again.is_hit(), "{}", again.shown());
        assert_eq!((&again.body, again.header("etag")), (&first.body, first.header("etag")));
        assert_eq!(again.header("content-type"), Some("application/json"));
        assert_eq!(again.header("vary"), first.header("vary"));
        assert_eq!(again.header("cache-control"), first.header("cache-control"));
        assert_eq!(again.header("x-request-id").map(str::len), Some(32));
    }
    assert_eq!(app.upstream_calls(EXAMPLE), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_at_hand_is_what_the_ordinary_way_answers() {
    let app = TestApp::spawn().await;
    let shop = app.shop(GENERATED);
    let rows = oracle::rows(&shop);
    let (variants, locations) = (shop.variant_ids(), shop.location_ids());
    for part in variants.chunks(100) {
        app.inventory(GENERATED, &grid(part, &locations)).await.rows();
    }
    let calls = app.upstream_calls(GENERATED);
    let mut random = fastrand::Rng::with_seed(20);
    for round in 0..60_usize {
        let variant_ids = random.choose_multiple(variants.iter().copied(), 1 + round % 40);
        let location_ids = random.choose_multiple(locations.iter().copied(), 1 + round % 7);
        let middle = rows[rows.len() / 2].id;
        let wanted = Wanted {
            variant_ids,
            location_ids,
            since_id: (round % 5 == 1).then_some(middle),
            descending: round % 3 == 1,
            by_updated_at: round % 7 == 3,
            limit: (round % 4 == 2).then_some(10),
            page: (round % 8 == 6).then_some(2),
            updated_at_min: (round % 11 == 5).then(|| "2025-06-01T00:00:00Z".to_owned()),
        };
        let hit = app.inventory(GENERATED, &wanted.query()).await;
        assert!(hit.is_hit(), "{}", hit.shown());
        assert_eq!(hit.rows(), wanted.answer(&rows), "{wanted:?}");
        // A wish that changes nothing sends the same question the ordinary way.
        let ordinary = app.inventory(GENERATED, &wanted.query()).header("prefer", "wait=9").await;
        assert_eq!((hit.header("etag"), &hit.body), (ordinary.header("etag"), &ordinary.body));
    }
    assert_eq!(app.upstream_calls(GENERATED), calls);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_stood_ready_says_how_old_it_is_and_goes_stale_with_its_cells() {
    let app = TestApp::spawn().await;
    for _ in 0..REPEATS {
        app.example().await.rows();
    }
    app.age(9);
    let aged = app.example().await;
    assert!(aged.is_hit() && (9..12).contains(&aged.age()), "{}", aged.shown());
    app.age(15);
    let stale = app.example().await;
    assert!(stale.header("cache-status").unwrap().contains("fwd=stale"), "{}", stale.shown());
    app.shop(EXAMPLE).wait_for_answers(2).await;
    while !app.example().await.is_hit() {}
    assert_eq!(app.upstream_calls(EXAMPLE), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_stood_ready_outlives_a_purge() {
    let app = TestApp::spawn().await;
    for _ in 0..REPEATS {
        app.example().await.rows();
    }
    app.shop(EXAMPLE).set_quantity(1_061_514_767, 963_414, 77).unwrap();
    assert!(!app.example().await.text().contains("77"));
    let purge = app.ask(reqwest::Method::DELETE, "/shops/1000/cache?variant_ids=1061514767").key(TK_ADMIN);
    assert_eq!(purge.await.status, 204);
    assert!(app.example().await.text().contains("\"qty_available\":77"));
    assert!(app.example().await.text().contains("\"qty_available\":77"));
}

#[tokio::test(flavor = "multi_thread")]
async fn news_for_one_question_is_news_for_every_answer_that_stood_ready() {
    let app = TestApp::spawn().await;
    let one = "location_ids=963414&variant_ids=1061514767";
    for _ in 0..REPEATS {
        app.example().await.rows();
        app.inventory(EXAMPLE, one).await.rows();
    }
    app.shop(EXAMPLE).set_quantity(1_061_514_767, 963_414, 41).unwrap();
    let news = app.inventory(EXAMPLE, one).header("cache-control", "no-cache").await;
    assert!(news.text().contains("\"qty_available\":41"));
    for _ in 0..REPEATS {
        assert!(app.example().await.text().contains("\"qty_available\":41"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_stands_ready_is_for_those_alone_who_may_read_it() {
    let app = TestApp::spawn().await;
    let path = format!("/shops/1000/com/inventory_locations.json?{EXAMPLE_QUERY}");
    for _ in 0..REPEATS {
        app.get(&path).await.rows();
    }
    let ask = || app.ask(reqwest::Method::GET, &path);
    ask().await.problem(401, "unauthenticated");
    ask().key("tk_wrong").await.problem(401, "unauthenticated");
    ask().key(TK_HARAVAN).await.problem(403, "forbidden");
    assert!(ask().key(TK_ONE).await.is_hit());
    let foreign = path.replace("1000", "2000");
    app.ask(reqwest::Method::GET, &foreign).key(TK_ONE).await.problem(403, "forbidden");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bound_path_never_gives_another_shops_answer() {
    let app = TestApp::spawn().await;
    let path = format!("/com/inventory_locations.json?{EXAMPLE_QUERY}");
    for _ in 0..REPEATS {
        let own = app.ask(reqwest::Method::GET, &path).key(TK_ONE).await;
        assert_eq!(own.rows().len(), 4);
    }
    app.ask(reqwest::Method::GET, &path).key(TK_ALL).await.problem(403, "forbidden");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keys_own_limit_holds_for_hits() {
    let app = TestApp::builder().limited_key("tk_slow", 2.0).spawn().await;
    let path = format!("/shops/1000/com/inventory_locations.json?{EXAMPLE_QUERY}");
    for _ in 0..REPEATS {
        app.get(&path).await.rows();
    }
    let mut refused = 0;
    for _ in 0..10 {
        let answer = app.ask(reqwest::Method::GET, &path).key("tk_slow").await;
        if answer.status == 429 {
            answer.problem(429, "too-many-requests");
            refused += 1;
        }
    }
    assert!(0 < refused);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_coding_has_a_tag_of_its_own_that_a_304_honours() {
    let app = TestApp::spawn().await;
    let shop = app.shop(GENERATED);
    let query = grid(&shop.variant_ids()[..40], &shop.location_ids());
    let plain = app.inventory(GENERATED, &query).await;
    let mut tags = vec![plain.header("etag").unwrap().to_owned()];
    for coding in ["gzip", "br", "zstd"] {
        for _ in 0..REPEATS {
            let coded = app.inventory(GENERATED, &query).header("accept-encoding", coding).await;
            assert_eq!(coded.header("content-encoding"), Some(coding));
            assert!(coded.body.len() < plain.body.len() / 2);
            let tag = coded.header("etag").unwrap().to_owned();
            let same = app.inventory(GENERATED, &query).header("accept-encoding", coding);
            let same = same.header("if-none-match", &tag).await;
            assert_eq!((same.status, same.body.len(), same.header("etag")), (304, 0, Some(&*tag)));
            if !tags.contains(&tag) {
                tags.push(tag);
            }
        }
    }
    assert_eq!(tags.len(), 4, "{tags:?}");
    let other = app.inventory(GENERATED, &query).header("if-none-match", &tags[1]).await;
    assert_eq!(other.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn hits_are_counted_like_everything_else() {
    let app = TestApp::spawn().await;
    for _ in 0..REPEATS {
        app.example().await.rows();
    }
    let route = r#"route="/shops/{org_id}/com/inventory_locations.json""#;
    let answered = format!(r#"tonkho_http_requests_total{{method="GET",{route},status="200"}}"#);
    assert_eq!(app.metric(&answered).await, 5.0);
    assert_eq!(app.metric(r#"tonkho_cells_total{result="hit",shop="1000"}"#).await, 16.0);
    assert_eq!(app.metric(r#"tonkho_cells_total{result="fetched",shop="1000"}"#).await, 4.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_locations_are_those_listed_now() {
    let app = TestApp::spawn().await;
    let shop = app.shop(GENERATED);
    let query = format!("variant_ids={}", list(&shop.variant_ids()[..3]));
    let first = app.inventory(GENERATED, &query).await;
    for _ in 0..REPEATS {
        assert_eq!(app.inventory(GENERATED, &query).await.body, first.body);
    }
    let purge = app.ask(reqwest::Method::DELETE, "/shops/2000/cache").key(TK_ADMIN);
    assert_eq!(purge.await.status, 204);
    let before = app.upstream_calls(GENERATED);
    assert_eq!(app.inventory(GENERATED, &query).await.body, first.body);
    assert!(before < app.upstream_calls(GENERATED));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_told_as_ever() {
    let app = TestApp::spawn().await;
    for _ in 0..REPEATS {
        app.example().await.rows();
    }
    for wrong in ["&limit=0", "&partial=maybe", "&order=name", "&since_id=x", "&updated_at_min=soon"] {
        app.inventory(EXAMPLE, &format!("{EXAMPLE_QUERY}{wrong}")).await.problem(400, "invalid-parameter");
    }
    let explained = app.inventory(EXAMPLE, &format!("{EXAMPLE_QUERY}&explain=true")).await.ok();
    assert_eq!(explained["cells"]["fresh"], 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_kept_where_nothing_may_be() {
    let app = TestApp::builder().settings(|settings| settings.cache.ready_bytes = 0).spawn().await;
    let first = app.example().await;
    for _ in 0..REPEATS {
        let again = app.example().await;
        assert!(again.is_hit());
        assert_eq!(again.body, first.body);
    }
    assert_eq!(app.upstream_calls(EXAMPLE), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_stands_ready_in_each_of_its_forms_until_its_cells_change() {
    let app = TestApp::spawn().await;
    let path = format!("/shops/1000/stock?{EXAMPLE_QUERY}&breakdown=true");
    app.example().await.rows();
    for form in ["application/json", "text/csv", "application/x-ndjson"] {
        let ask = || app.get(&path).header("accept", form);
        let first = ask().await;
        for _ in 0..REPEATS {
            let again = ask().await;
            assert!(again.is_hit(), "{}", again.shown());
            assert_eq!((&again.body, again.header("etag")), (&first.body, first.header("etag")));
            assert_eq!(again.header("content-type"), first.header("content-type"));
        }
    }
    let route = r#"route="/shops/{org_id}/stock""#;
    let answered = format!(r#"tonkho_http_requests_total{{method="GET",{route},status="200"}}"#);
    assert_eq!(app.metric(&answered).await, 18.0);
    app.shop(EXAMPLE).set_quantity(1_061_514_767, 963_414, 7).unwrap();
    app.example().header("cache-control", "no-cache").await.rows();
    let changed = app.get(&path).await.ok();
    assert_eq!(changed["stock"][0]["locations"][0]["qty_available"], 7);
    assert_eq!(app.upstream_calls(EXAMPLE), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_answer_is_written_as_it_is_sent_and_reads_the_same() {
    let app = TestApp::spawn().await;
    let shop = app.shop(GENERATED);
    let query = grid(&shop.variant_ids(), &shop.location_ids());
    let long = app.get(&format!("/shops/2000/stock?{query}&breakdown=true")).await;
    assert_eq!((long.header("content-length"), long.header("etag").is_some()), (None, true));
    let body = long.ok();
    assert_eq!(body["stock"].as_array().unwrap().len(), shop.variant_ids().len());
    assert!(body["totals"]["rows"].as_u64().unwrap() > 1_000 && body["complete"] == true);
    let short = app.get(&format!("/shops/2000/stock?{query}&group_by=location")).await;
    assert!(short.header("content-length").is_some());
    assert_eq!(short.ok()["totals"], body["totals"]);
}
