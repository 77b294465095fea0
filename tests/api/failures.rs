//! Haravan is slow, wrong or down: the answer is right, or says what is not, and nothing is lost.

use std::time::Duration;

use tonkho::sandbox::faults::{Failure, Faults};

use crate::gateway::{EXAMPLE, EXAMPLE_QUERY, GENERATED, TestApp, grid};
use crate::oracle::{self, Wanted};

#[tokio::test(flavor = "multi_thread")]
async fn a_passing_failure_is_asked_again_and_nobody_notices() {
    for failure in [
        Failure::Status500,
        Failure::Status503,
        Failure::Html502,
        Failure::Html403,
        Failure::Status408,
        Failure::Status425,
        Failure::Reset,
        Failure::CutBody,
        Failure::CutChunked,
        Failure::GarbledJson,
        Failure::GarbledUtf8,
        Failure::WrongContentType,
        Failure::HugeBody,
        Failure::EmptyObject,
        Failure::EmptyBody,
    ] {
        let app = TestApp::spawn().await;
        let told = format!("{failure:?}");
        app.fail(EXAMPLE, 1, failure);
        let answer = app.example().await;
        assert_eq!(answer.status, 200, "{told}: {}", answer.shown());
        assert_eq!(answer.rows().len(), 4, "{told}");
        assert_eq!(app.upstream_calls(EXAMPLE), 2, "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lasting_failure_is_told_and_not_asked_for_ever() {
    let app = TestApp::spawn().await;
    app.fail(EXAMPLE, 1_000, Failure::Status500);
    for _ in 0..20 {
        app.example().await.problem(502, "upstream-failed");
    }
    assert!(app.upstream_calls(EXAMPLE) <= 10, "{} calls", app.upstream_calls(EXAMPLE));
    let partial = app.inventory(EXAMPLE, &format!("{EXAMPLE_QUERY}&partial=true")).await;
    assert_eq!(partial.missing().len(), 4);
    assert!(partial.missing().iter().all(|(.., reason)| reason == "failed"));
    assert_eq!(partial.header("x-tonkho-missing"), Some("4"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unexpected_redirect_is_not_followed() {
    let app = TestApp::spawn().await;
    app.fail(EXAMPLE, 1_000, Failure::Redirect);
    app.example().await.problem(502, "upstream-failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_haravan_that_does_not_answer_is_told_as_a_timeout() {
    let app = TestApp::builder()
        .settings(|settings| settings.limits.default_wait = Duration::from_millis(300))
        .spawn()
        .await;
    app.fail(EXAMPLE, 1_000, Failure::Timeout);
    app.example().await.problem(504, "upstream-timeout");
    let partial = app.inventory(EXAMPLE, &format!("{EXAMPLE_QUERY}&partial=true")).await;
    assert!(partial.missing().iter().all(|(.., reason)| reason == "timeout"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_drips_is_cut_off_by_the_request_timeout() {
    let app = TestApp::builder()
        .settings(|settings| settings.haravan.request_timeout = Duration::from_secs(1))
        .spawn()
        .await;
    app.fail(EXAMPLE, 1, Failure::SlowDrip);
    assert_eq!(app.example().await.rows().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn old_cells_serve_when_haravan_fails_and_say_so() {
    let app = TestApp::spawn().await;
    app.example().await.rows();
    app.age(120);
    app.fail(EXAMPLE, 1_000, Failure::Status500);
    let answer = app.example().await;
    assert_eq!(answer.rows().len(), 4);
    assert!(120 <= answer.age());
    assert!(answer.header("cache-status").unwrap().contains("stale=4"), "{}", answer.shown());
    app.age(600);
    app.example().await.problem(502, "upstream-failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_cannot_be_read_is_reported_and_the_rest_is_kept() {
    let app = TestApp::spawn().await;
    app.shop(EXAMPLE).set_faults(Faults {
        odd_row_every: 4,
        drop_fields: ["qty_onhand".to_owned()].into(),
        ..Faults::default()
    });
    app.example().await.problem(502, "upstream-failed");
    let partial = app.inventory(EXAMPLE, &format!("{EXAMPLE_QUERY}&partial=true")).await;
    assert_eq!((partial.rows().len(), partial.missing().len()), (3, 1), "{}", partial.shown());
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_nobody_asked_for_and_rows_sent_twice_change_nothing() {
    let app = TestApp::spawn().await;
    let shop = app.shop(GENERATED);
    let wanted = Wanted {
        variant_ids: shop.variant_ids()[..30].to_vec(),
        location_ids: shop.location_ids()[..5].to_vec(),
        ..Wanted::default()
    };
    shop.set_faults(Faults { extra_rows: 7, duplicate_rows: 3, ..Faults::default() });
    let answer = app.inventory(GENERATED, &wanted.query()).await;
    assert_eq!(answer.rows(), wanted.answer(&oracle::rows(&shop)));
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_nobody_knows_are_passed_on() {
    let app = TestApp::spawn().await;
    let shop = app.shop(EXAMPLE);
    let row = shop.rows().remove(0);
    let text = row.json.replace("\"qty_onhand\"", "\"bin\":\"A-1\",\"qty_onhand\"");
    shop.put_row(&text).unwrap();
    assert!(app.example().await.rows().contains(&text));
    assert!(app.example().await.rows().contains(&text), "from the cache, too");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clamp_costs_calls_never_rows() {
    for (clamp, after) in [(50, 0), (100, 0), (10, 0), (50, 3), (100, 7), (20, 1), (20, 2), (37, 1), (7, 1)] {
        let app = TestApp::spawn().await;
        let shop = app.shop(GENERATED);
        shop.set_faults(Faults { page_clamp: Some(clamp), page_clamp_after: after, ..Faults::default() });
        let wanted = Wanted {
            variant_ids: shop.variant_ids(),
            location_ids: shop.location_ids(),
            ..Wanted::default()
        };
        let answer = app.inventory(GENERATED, &wanted.query()).await;
        assert_eq!(answer.rows(), wanted.answer(&oracle::rows(&shop)), "clamped to {clamp} after {after}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clamp_of_any_length_costs_calls_never_rows() {
    for (clamp, after) in [1, 2, 3, 7].into_iter().flat_map(|clamp| [(clamp, 0), (clamp, 1)]) {
        let app = TestApp::spawn().await;
        let shop = app.shop(EXAMPLE);
        shop.set_faults(Faults { page_clamp: Some(clamp), page_clamp_after: after, ..Faults::default() });
        let told = format!("clamped to {clamp} after {after}");
        let answer = app.example().await;
        assert_eq!(answer.rows().len(), 4, "{told}");
        assert_eq!(answer.header("x-tonkho-missing"), None, "{told}");
        // With cells that have no row, it is never the count of rows that tells the end.
        let wanted = Wanted {
            variant_ids: [shop.variant_ids(), vec![7, 8]].concat(),
            location_ids: [shop.location_ids(), vec![5]].concat(),
            ..Wanted::default()
        };
        let purge = app.ask(reqwest::Method::DELETE, "/shops/1000/cache").key(crate::gateway::TK_ALL);
        assert_eq!(purge.await.status / 100, 2, "{told}");
        let all = app.inventory(EXAMPLE, &wanted.query()).await;
        assert_eq!(all.rows(), wanted.answer(&oracle::rows(&shop)), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_leaves_cells_without_a_row_costs_one_more_call() {
    let app = TestApp::spawn().await;
    let beside = format!("{EXAMPLE_QUERY},7");
    assert_eq!(app.inventory(EXAMPLE, &beside).await.rows().len(), 4);
    assert_eq!(app.upstream_calls(EXAMPLE), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_haravan_that_ignores_order_or_since_id_loses_no_rows() {
    for faults in [
        Faults { ignore_order: true, ..Faults::default() },
        Faults { ignore_since_id: true, page_clamp: Some(100), ..Faults::default() },
    ] {
        let app = TestApp::spawn().await;
        let shop = app.shop(GENERATED);
        shop.set_faults(faults);
        let wanted = Wanted {
            variant_ids: shop.variant_ids()[..60].to_vec(),
            location_ids: shop.location_ids(),
            ..Wanted::default()
        };
        let answer = app.inventory(GENERATED, &wanted.query()).await;
        assert_eq!(answer.rows(), wanted.answer(&oracle::rows(&shop)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_token_is_told_and_not_tried_again_in_a_loop() {
    for failure in [Failure::Unauthorized, Failure::Forbidden] {
        let app = TestApp::spawn().await;
        app.fail(EXAMPLE, 1_000, failure);
        for _ in 0..10 {
            app.example().await.problem(502, "upstream-unauthorized");
        }
        assert_eq!(app.upstream_calls(EXAMPLE), 1);
        let status = app.get("/shops").await.ok();
        assert_eq!(status["shops"][0]["stopped"], "unauthorized", "{status}");
        // The other shop does not notice.
        let shop = app.shop(GENERATED);
        let query = grid(&shop.variant_ids()[..2], &shop.location_ids()[..2]);
        assert_eq!(app.inventory(GENERATED, &query).await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_429_means_wait() {
    let app = TestApp::spawn().await;
    app.shop(EXAMPLE).set_faults(Faults {
        throttle_next: 2,
        retry_after: Some("0.15".to_owned()),
        ..Faults::default()
    });
    assert_eq!(app.example().await.rows().len(), 4);
    assert_eq!(app.shop(EXAMPLE).counters().throttled, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lying_header_slows_down_at_worst() {
    for header in ["abc", "0/80", "9999/10000", "-1/-1", ""] {
        let app = TestApp::spawn().await;
        app.shop(EXAMPLE)
            .set_faults(Faults { call_limit_header: Some(header.to_owned()), ..Faults::default() });
        assert_eq!(app.example().await.rows().len(), 4, "{header}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_bucket_is_told_with_the_time_to_wait() {
    let app = TestApp::builder()
        .bucket(3, 0.1)
        .settings(|settings| settings.limits.default_wait = Duration::from_millis(200))
        .spawn()
        .await;
    let shop = app.shop(GENERATED);
    let query = grid(&shop.variant_ids()[..250], &shop.location_ids()[..1]);
    let refused = app.inventory(GENERATED, &query).await;
    refused.problem(429, "rate-limited");
    let seconds: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((10..=60).contains(&seconds), "{seconds}");
    let partial = app.inventory(GENERATED, &format!("{query}&partial=true")).await;
    assert!(partial.missing().iter().all(|(.., reason)| reason == "rate-limited"), "{}", partial.shown());
    assert_eq!(shop.counters().throttled, 0, "no 429 was provoked");
}
