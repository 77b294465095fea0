//! What a caller asks in `Cache-Control` holds cell by cell: the young ones serve, only the others are asked for.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tonkho::domain::access::{KeyDigest, Scope, ShopAccess};
use tonkho::sandbox::faults::Failure;
use tonkho::settings::keys::KeySettings;

use crate::gateway::{EXAMPLE, EXAMPLE_QUERY, GENERATED, TestApp};

/// The key that has a `max_age`.
const TK_IMPATIENT: &str = "tk_impatient";

/// The variant whose cells are read first, and are eight seconds old.
const OLDER: u64 = 1_061_514_767;
/// The variant whose cells are read last.
const YOUNGER: u64 = 1_064_240_649;

/// A gateway that holds two cells of each variant, read eight seconds apart.
async fn of_two_ages() -> TestApp {
    let app = TestApp::spawn().await;
    app.inventory(EXAMPLE, &of(OLDER)).await.rows();
    app.age(8);
    app.inventory(EXAMPLE, &of(YOUNGER)).await.rows();
    app
}

fn of(variant_id: u64) -> String {
    format!("location_ids=963414,1007284&variant_ids={variant_id}")
}

/// Asks for all four cells on these terms: how many were asked of Haravan, and for which variants.
async fn asked_anew(app: &TestApp, cache_control: &str) -> (u64, Vec<u64>) {
    let before = app.upstream_calls(EXAMPLE);
    let answer = app.example().header("cache-control", cache_control).await;
    assert_eq!(answer.rows().len(), 4, "{cache_control}");
    if app.upstream_calls(EXAMPLE) == before {
        assert!(answer.is_hit(), "{cache_control}: {}", answer.shown());
        return (0, Vec::new());
    }
    let call = app.shop(EXAMPLE).inventory_requests().pop().unwrap();
    (answer.cache_detail("fetched"), call.variant_ids)
}

#[tokio::test(flavor = "multi_thread")]
async fn max_age_asks_for_the_older_cells_only() {
    let app = of_two_ages().await;
    assert_eq!(asked_anew(&app, "max-age=12").await, (0, vec![]));
    assert_eq!(asked_anew(&app, "max-age=6").await, (2, vec![OLDER]));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_cache_and_an_age_of_zero_ask_for_every_cell() {
    let app = of_two_ages().await;
    for directive in ["no-cache", "max-age=0", "NO-CACHE", "max-age=60, no-cache"] {
        // Ages are told apart by the millisecond.
        app.age(1);
        let (cells, variants) = asked_anew(&app, directive).await;
        assert_eq!((cells, variants.len()), (4, 2), "{directive}");
    }
}

/// A gateway with one more key, whose cells may be two seconds old.
async fn with_an_impatient_key() -> TestApp {
    let impatient = KeySettings {
        name: "impatient".to_owned(),
        sha256: KeyDigest::of_key(TK_IMPATIENT),
        shops: ShopAccess::All,
        scopes: Scope::ALL.into(),
        requests_per_second: None,
        max_age: Some(Duration::from_secs(2)),
    };
    TestApp::builder().settings(|settings| settings.keys.push(impatient)).spawn().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keys_own_max_age_holds_where_a_request_says_nothing() {
    let app = with_an_impatient_key().await;
    let rows = format!("/shops/1000/com/inventory_locations.json?{EXAMPLE_QUERY}");
    let view = format!("/shops/1000/stock?{EXAMPLE_QUERY}");
    let ask = |path: &str| app.ask(Method::GET, path).key(TK_IMPATIENT);
    for path in [&rows, &view] {
        // The answer stands ready for all others.
        for _ in 0..4 {
            app.get(path).await.ok();
        }
        app.age(3);
        let calls = app.upstream_calls(EXAMPLE);
        assert!(app.get(path).await.is_hit(), "{path}: for the others it is young enough");
        assert_eq!(ask(path).await.cache_detail("fetched"), 4, "{path}");
        assert_eq!(app.upstream_calls(EXAMPLE), calls + 1, "{path}");
        assert!(ask(path).await.is_hit(), "{path}: it is young again");
        app.age(3);
        for said in ["max-age=60", "max-stale=1", "no-transform", ""] {
            assert!(ask(path).header("cache-control", said).await.is_hit(), "{path} {said:?}");
        }
        assert_eq!(app.upstream_calls(EXAMPLE), calls + 1, "{path}");
        // An old way to ask for no cache, which says nothing here.
        assert_eq!(ask(path).header("pragma", "no-cache").await.cache_detail("fetched"), 4, "{path}");
        app.age(3);
    }
    let body = json!({ "variant_ids": [OLDER], "location_ids": [963_414] });
    let posted = app.post("/shops/1000/com/inventory_locations.json", &body).key(TK_IMPATIENT).await;
    assert_eq!(posted.cache_detail("fetched"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keys_own_max_age_is_a_promise_and_holds_for_combinations_and_locations() {
    let app = with_an_impatient_key().await;
    app.example().await.rows();
    let ask = |query: &str| {
        app.ask(Method::GET, &format!("/shops/1000/com/inventory_locations.json?{query}")).key(TK_IMPATIENT)
    };
    let combination = |locations: &str| format!("variant_ids={OLDER}&location_ids={locations}");
    assert!(ask(&combination("963414")).await.is_hit());
    app.age(3);
    assert_eq!(ask(&combination("1007284")).await.cache_detail("fetched"), 1);
    assert!(app.inventory(EXAMPLE, &combination("963414")).await.is_hit());
    // All locations: the list, too, is read anew.
    ask(&format!("variant_ids={OLDER}")).await.rows();
    let lists = app.shop(EXAMPLE).counters().locations;
    app.age(3);
    ask(&format!("variant_ids={OLDER}")).await.rows();
    assert!(lists < app.shop(EXAMPLE).counters().locations);
    app.fail(EXAMPLE, 1_000, Failure::Status500);
    app.age(3);
    ask(EXAMPLE_QUERY).await.problem(502, "upstream-failed");
    assert_eq!(app.example().await.rows().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_no_wish() {
    let app = of_two_ages().await;
    for directive in
        ["", "max-age", "max-age=-1", "max-age=soon", "min-fresh=100", "no-store", "\"no-cache", ","]
    {
        assert_eq!(asked_anew(&app, directive).await, (0, vec![]), "{directive:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_cell_that_is_not_cached_is_enough_for_only_if_cached_to_fail() {
    let app = TestApp::spawn().await;
    app.inventory(EXAMPLE, &of(OLDER)).await.rows();
    let cached = app.inventory(EXAMPLE, &of(OLDER)).header("cache-control", "only-if-cached").await;
    assert_eq!(cached.rows().len(), 2);
    for directive in ["only-if-cached", "only-if-cached, max-stale", "no-cache, only-if-cached"] {
        app.example().header("cache-control", directive).await.problem(504, "not-cached");
    }
    let none = app.inventory(EXAMPLE, &of(OLDER)).header("cache-control", "only-if-cached, no-cache").await;
    none.problem(504, "not-cached");
    assert_eq!(app.upstream_calls(EXAMPLE), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_if_cached_takes_stale_cells_without_having_them_refreshed() {
    let app = TestApp::spawn().await;
    app.example().await.rows();
    app.age(20);
    let stale = app.example().header("cache-control", "only-if-cached").await;
    assert_eq!((stale.rows().len(), stale.cache_detail("stale")), (4, 4));
    // What is asked next comes after a refresh, had there been one.
    app.inventory(EXAMPLE, "location_ids=5&variant_ids=6").await.rows();
    assert_eq!(app.upstream_calls(EXAMPLE), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn age_is_that_of_the_oldest_cell_used() {
    let app = of_two_ages().await;
    assert!(8 <= app.example().await.age());
    assert!(app.inventory(EXAMPLE, &of(YOUNGER)).await.age() < 8);
    let view = app.get(&format!("/shops/1000/stock?{EXAMPLE_QUERY}")).await;
    assert!(8 <= view.age());
    app.example().header("cache-control", "max-age=6").await.rows();
    assert!(app.example().await.age() < 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn views_and_locations_take_the_same_directives() {
    let app = of_two_ages().await;
    let view = app.get(&format!("/shops/1000/stock?{EXAMPLE_QUERY}"));
    let view = view.header("cache-control", "max-age=6").await;
    assert_eq!(view.cache_detail("fetched"), 2);
    let locations = || app.get("/shops/2000/com/locations.json");
    locations().header("cache-control", "only-if-cached").await.problem(504, "not-cached");
    let read = || app.shop(GENERATED).counters().locations;
    assert_eq!(read(), 0);
    locations().await.ok();
    let once = read();
    locations().header("cache-control", "max-age=3600").await.ok();
    locations().header("cache-control", "only-if-cached").await.ok();
    assert_eq!(read(), once);
    locations().header("cache-control", "no-cache").await.ok();
    assert_eq!(read(), once + 1, "that the page is whole was proven the first time");
}
