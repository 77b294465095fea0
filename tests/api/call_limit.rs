//! `X-Haravan-Api-Call-Limit`: how full the shop's bucket is, on each answer on Haravan's own paths.

use std::time::Duration;

use reqwest::Method;

use crate::answer::Answer;
use crate::gateway::{EXAMPLE, EXAMPLE_QUERY, GENERATED, TK_ALL, TK_ONE, TestApp, grid};

const ROWS: &str = "/shops/1000/com/inventory_locations.json";

/// A gateway whose buckets have 20 places, and leak so slowly that they keep their level.
async fn with_a_tight_bucket() -> TestApp {
    TestApp::builder()
        .bucket(20, 0.001)
        .settings(|settings| settings.limits.default_wait = Duration::from_millis(200))
        .spawn()
        .await
}

/// Places taken, as an answer says.
#[track_caller]
fn level(answer: &Answer) -> u64 {
    let told = answer.header("x-haravan-api-call-limit").unwrap_or_else(|| panic!("{}", answer.shown()));
    let (level, size) = told.split_once('/').unwrap();
    assert_eq!(size, "20", "{told}");
    level.parse().unwrap()
}

fn calls(app: &TestApp, org_id: u64) -> u64 {
    let counters = app.shop(org_id).counters();
    counters.inventory + counters.locations
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_answered_on_haravans_paths_says_how_full_the_bucket_is() {
    let app = with_a_tight_bucket().await;
    let rows = format!("{ROWS}?{EXAMPLE_QUERY}");
    let first = app.get(&rows).await;
    assert_eq!((first.status, level(&first)), (200, calls(&app, EXAMPLE)));
    let etag = first.header("etag").unwrap().to_owned();
    app.get("/shops/1000/com/locations.json").await.ok();
    let taken = calls(&app, EXAMPLE);
    assert!(2 <= taken, "{taken}");
    for _ in 0..4 {
        // From cells, then as it stands ready; the same unchanged; and the ordinary way.
        let hit = app.get(&rows).await;
        assert!(hit.is_hit());
        let unchanged = app.get(&rows).header("if-none-match", &etag).await;
        assert_eq!(unchanged.status, 304);
        let ordinary = app.get(&rows).header("prefer", "wait=1").await;
        let other_base = app.get(&rows.replace("/com/", "/admin/")).await;
        let own =
            app.ask(Method::GET, &format!("/com/inventory_locations.json?{EXAMPLE_QUERY}")).key(TK_ONE).await;
        let locations = app.get("/shops/1000/admin/locations.json").await;
        let explained = app.get(&format!("{rows}&explain=true")).await;
        let wrong = app.get(&format!("{ROWS}?variant_ids=x")).await;
        wrong.problem(400, "invalid-parameter");
        let absent = app.get(&rows).header("cache-control", "no-cache, only-if-cached").await;
        absent.problem(504, "not-cached");
        for answer in [hit, unchanged, ordinary, other_base, own, locations, explained, wrong, absent] {
            assert_eq!(level(&answer), taken, "{}", answer.shown());
        }
    }
    let news = app.get(&rows).header("cache-control", "no-cache").await;
    assert_eq!(level(&news), taken + 1);
    assert_eq!(level(&app.get(&rows).await), taken + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_passed_on_has_haravans_own_level_or_else_the_governors() {
    let app = with_a_tight_bucket().await;
    for path in ["/shops/1000/com/shop.json", "/shops/1000/admin/shop.json"] {
        app.shop(EXAMPLE).update_faults(|faults| faults.call_limit_header = Some("7/80".to_owned()));
        let told = app.get(path).await;
        assert_eq!((told.status, told.header("x-haravan-api-call-limit")), (200, Some("7/80")));
        app.shop(EXAMPLE).update_faults(|faults| faults.call_limit_header = Some(String::new()));
        assert!(8 <= level(&app.get(path).await));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_bucket_says_so_with_its_429() {
    let app = with_a_tight_bucket().await;
    let shop = app.shop(GENERATED);
    let (variants, locations) = (shop.variant_ids(), shop.location_ids());
    let mut refused = None;
    for variant in variants {
        let answer = app.inventory(GENERATED, &grid(&[variant], &locations[..1])).await;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
        assert_eq!(level(&answer), calls(&app, GENERATED));
    }
    let refused = refused.unwrap();
    refused.problem(429, "rate-limited");
    assert_eq!(level(&refused), 20);
    assert!(refused.header("retry-after").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn other_paths_and_those_who_may_not_read_the_shop_are_told_nothing() {
    let app = with_a_tight_bucket().await;
    let view = format!("/shops/1000/stock?{EXAMPLE_QUERY}");
    for _ in 0..4 {
        let answer = app.get(&view).await;
        assert_eq!((answer.status, answer.header("x-haravan-api-call-limit")), (200, None));
    }
    let unknown = app.ask(Method::GET, ROWS).await;
    unknown.problem(401, "unauthenticated");
    let closed = app.ask(Method::GET, "/shops/2000/com/locations.json").key(TK_ONE).await;
    closed.problem(403, "forbidden");
    let nowhere = app.ask(Method::GET, "/shops/9999/com/locations.json").key(TK_ALL).await;
    nowhere.problem(403, "forbidden");
    for answer in [unknown, closed, nowhere] {
        assert_eq!(answer.header("x-haravan-api-call-limit"), None, "{}", answer.shown());
    }
}
