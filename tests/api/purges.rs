//! Nothing that was read from Haravan before a purge is served after it, whatever an answer waited for meanwhile.

use std::future::IntoFuture;

use reqwest::Method;
use serde_json::json;
use tonkho::sandbox::faults::{Failure, Faults};

use crate::gateway::{EXAMPLE, EXAMPLE_QUERY, GENERATED, TK_ADMIN, TK_ALL, TestApp, grid};

/// A cell of the example that has a row.
const VARIANT: u64 = 1_061_514_767;
const LOCATION: u64 = 963_414;
/// A quantity that no row of the example has.
const CHANGED: i64 = 7_777;

/// Rows, a view, and a view as CSV.
fn ways(query: &str) -> [String; 3] {
    ["com/inventory_locations.json?", "stock?", "stock?format=csv&"]
        .map(|route| format!("/shops/{EXAMPLE}/{route}{query}"))
}

/// The cell that changes, alone: what is told of it is its quantity.
fn one_cell() -> String {
    format!("location_ids={LOCATION}&variant_ids={VARIANT}")
}

async fn purge(app: &TestApp, query: &str) {
    let answer = app.ask(Method::DELETE, &format!("/shops/{EXAMPLE}/cache{query}")).key(TK_ADMIN).await;
    assert_eq!(answer.status, 204, "{}", answer.shown());
}

/// The quantity changes, and the cache is purged.
async fn change_and_purge(app: &TestApp) {
    app.shop(EXAMPLE).set_quantity(VARIANT, LOCATION, CHANGED).unwrap();
    purge(app, "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partial_answer_whose_wait_ends_holds_nothing_from_before_a_purge() {
    let app = TestApp::spawn().await;
    let shop = app.shop(EXAMPLE);
    // One variant is fresh in the cache, the other's call is held up until after the wait.
    app.inventory(EXAMPLE, &format!("location_ids=963414,1007284&variant_ids={VARIANT}")).await.rows();
    let hold = shop.hold();
    let paths = ways(&format!("{EXAMPLE_QUERY}&partial=true"));
    let early = paths.map(|path| tokio::spawn(app.get(&path).header("prefer", "wait=1").into_future()));
    shop.wait_for_requests(2).await;
    change_and_purge(&app).await;
    for answer in early {
        let answer = answer.await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.shown());
        assert_eq!(answer.header("x-tonkho-missing"), Some("4"), "{}", answer.shown());
        if answer.text().starts_with('{') {
            assert!(answer.missing().iter().all(|(_, _, reason)| reason == "timeout"), "{}", answer.shown());
        }
    }
    hold.release();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_cell_that_would_do_if_haravan_fails_does_not_after_a_purge() {
    let app = TestApp::spawn().await;
    let shop = app.shop(EXAMPLE);
    app.example().await.rows();
    app.age(300);
    let hold = shop.hold();
    let [partial, ..] = ways(&format!("{EXAMPLE_QUERY}&partial=true"));
    let [_, strict, _] = ways(EXAMPLE_QUERY);
    let early = tokio::spawn(app.get(&partial).header("prefer", "wait=1").into_future());
    let strict = tokio::spawn(app.get(&strict).header("prefer", "wait=1").into_future());
    shop.wait_for_requests(2).await;
    change_and_purge(&app).await;
    let answer = early.await.unwrap();
    assert_eq!(answer.missing().len(), 4, "{}", answer.shown());
    strict.await.unwrap().problem(504, "upstream-timeout");
    hold.release();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_waits_for_the_list_of_locations_holds_nothing_from_before_a_purge() {
    let [_, json, csv] = ways(&one_cell());
    let mismatch = format!("/shops/{EXAMPLE}/alerts/mismatch?{EXAMPLE_QUERY}");
    for path in [json, csv, mismatch] {
        let app = TestApp::spawn().await;
        let shop = app.shop(EXAMPLE);
        app.example().await.rows();
        let hold = shop.hold_location_answers();
        let early = tokio::spawn(app.get(&path).into_future());
        shop.wait_for_location_answers(1).await;
        change_and_purge(&app).await;
        hold.release();
        let answer = early.await.unwrap();
        assert_eq!(answer.status, 200, "{path}: {}", answer.shown());
        assert!(!answer.is_hit(), "{path}: {}", answer.shown());
        if path.contains("/stock") {
            assert!(answer.text().contains(&CHANGED.to_string()), "{path}: {}", answer.shown());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_locations_that_was_read_before_a_purge_names_no_cells_after_it() {
    let app = TestApp::spawn().await;
    let shop = app.shop(EXAMPLE);
    let hold = shop.hold_location_answers();
    let list = tokio::spawn(app.get(&format!("/shops/{EXAMPLE}/com/locations.json")).into_future());
    let path = format!("/shops/{EXAMPLE}/stock?variant_ids={VARIANT}&group_by=location");
    let all = tokio::spawn(app.get(&path).into_future());
    shop.wait_for_location_answers(1).await;
    shop.put_row(&format!(
        r#"{{"id":99,"loc_id":4711,"product_id":1,"variant_id":{VARIANT},"qty_onhand":1,"qty_commited":0,"qty_incoming":0,"qty_available":1,"updated_at":"2026-01-01T00:00:00Z"}}"#
    ))
    .unwrap();
    purge(&app, "").await;
    hold.release();
    let list = list.await.unwrap();
    assert!(list.text().contains("4711"), "{}", list.shown());
    let all = all.await.unwrap();
    assert!(all.text().contains("4711"), "{}", all.shown());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_id_is_asked_anew_after_a_purge_and_by_who_wants_nothing_from_the_cache() {
    let app = TestApp::spawn().await;
    let shop = app.shop(EXAMPLE);
    let refuse = |variants: &[u64], locations: &[u64]| {
        shop.set_faults(Faults {
            poisoned_variants: variants.iter().copied().collect(),
            poisoned_locations: locations.iter().copied().collect(),
            ..Faults::default()
        });
    };
    for (variants, locations) in [(&[VARIANT][..], &[][..]), (&[][..], &[LOCATION][..])] {
        for query in ["", &format!("?variant_ids={VARIANT}"), &format!("?location_ids={LOCATION}")] {
            refuse(variants, locations);
            assert_eq!(app.example().await.missing().len(), 2);
            refuse(&[], &[]);
            assert_eq!(app.example().await.missing().len(), 2, "it is remembered");
            purge(&app, query).await;
            let refused = app.example().await.missing();
            assert!(
                !refused.iter().any(|(variant, location, _)| (*variant, *location) == (VARIANT, LOCATION)),
                "{query}: {refused:?}"
            );
            purge(&app, "").await;
            assert_eq!(app.example().await.rows().len(), 4);
            purge(&app, "").await;
        }
        refuse(variants, locations);
        assert_eq!(app.example().await.missing().len(), 2);
        refuse(&[], &[]);
        let wish = |directive: &str| app.example().header("cache-control", directive);
        assert_eq!(wish("max-age=5").await.missing().len(), 2, "an age is no reason to ask for refused ids");
        assert_eq!(wish("no-cache").await.rows().len(), 4);
        purge(&app, "").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_refused_ids_the_one_that_was_mended_is_told_by_who_wants_nothing_from_the_cache() {
    let app = TestApp::spawn().await;
    let shop = app.shop(EXAMPLE);
    let refuse = |variants: &[u64]| {
        let poisoned_variants = variants.iter().copied().collect();
        shop.set_faults(Faults { poisoned_variants, ..Faults::default() });
    };
    refuse(&[VARIANT, 1_064_240_649]);
    assert_eq!(app.example().await.missing().len(), 4);
    refuse(&[1_064_240_649]);
    assert_eq!(app.example().await.missing().len(), 4);
    let told = app.example().header("cache-control", "no-cache").await.missing();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.iter().all(|(variant, ..)| *variant == 1_064_240_649), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_turns_out_refused_by_a_call_from_before_a_purge_is_asked_anew() {
    let app = TestApp::spawn().await;
    let shop = app.shop(EXAMPLE);
    shop.set_faults(Faults { poisoned_variants: [VARIANT].into(), ..Faults::default() });
    let hold = shop.hold_answers();
    let path = format!(
        "/shops/{EXAMPLE}/com/inventory_locations.json?location_ids={LOCATION}&variant_ids={VARIANT}"
    );
    let early = tokio::spawn(app.get(&path).into_future());
    shop.wait_for_answers(1).await;
    shop.set_faults(Faults::default());
    purge(&app, "").await;
    hold.release();
    assert_eq!(early.await.unwrap().rows().len(), 1);
    assert_eq!(app.get(&path).await.rows().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_wants_nothing_from_before_the_question_does_not_join_a_call_from_before_it() {
    for directive in ["no-cache", "max-age=1"] {
        let app = TestApp::spawn().await;
        let shop = app.shop(EXAMPLE);
        let hold = shop.hold_answers();
        let early = tokio::spawn(app.example().into_future());
        shop.wait_for_answers(1).await;
        shop.set_quantity(VARIANT, LOCATION, CHANGED).unwrap();
        app.age(3);
        let late = tokio::spawn(app.example().header("cache-control", directive).into_future());
        shop.wait_for_answers(2).await;
        hold.release();
        let late = late.await.unwrap();
        assert!(late.text().contains(&CHANGED.to_string()), "{directive}: {}", late.shown());
        assert!(late.age() < 2, "{directive}: {}", late.shown());
        assert_eq!(early.await.unwrap().rows().len(), 4);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_began_within_the_age_that_is_wished_for_is_joined() {
    let app = TestApp::spawn().await;
    let shop = app.shop(EXAMPLE);
    let hold = shop.hold_answers();
    let early = tokio::spawn(app.example().into_future());
    shop.wait_for_answers(1).await;
    app.age(3);
    let late = tokio::spawn(app.example().header("cache-control", "max-age=10").into_future());
    let other = tokio::spawn(app.example().into_future());
    // Whatever these asked for would have come by the time this has.
    let marker = tokio::spawn(app.inventory(EXAMPLE, "location_ids=5&variant_ids=6").into_future());
    shop.wait_for_answers(2).await;
    hold.release();
    for answer in [early, late, other] {
        assert_eq!(answer.await.unwrap().rows().len(), 4);
    }
    marker.await.unwrap().rows();
    let asked = shop.inventory_requests();
    assert_eq!(asked.iter().filter(|call| call.variant_ids.contains(&VARIANT)).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_leaves_what_is_good_enough_and_what_is_cached() {
    let app = TestApp::builder().settings(|settings| settings.limits.max_pending_cells = 4).spawn().await;
    let shop = app.shop(GENERATED);
    let (variants, locations) = (shop.variant_ids(), shop.location_ids());
    let part = |variants: &[u64]| grid(variants, &locations[..1]);
    for four in variants[..8].chunks(4) {
        app.inventory(GENERATED, &part(four)).await.rows();
    }
    let all = part(&variants[..8]);
    let fresh = app.inventory(GENERATED, &all).await;
    assert!(fresh.is_hit());
    app.age(300);
    let old = app.inventory(GENERATED, &all).await;
    assert_eq!(old.rows(), fresh.rows());
    assert_eq!(old.cache_detail("stale"), 8);
    // An age that is asked for is a promise.
    let stock = |query: &str| app.get(&format!("/shops/2000/stock?{query}"));
    stock(&all).header("cache-control", "max-age=5").await.problem(503, "rate-limited");
    let cold = part(&variants[4..12]);
    stock(&part(&variants[8..16])).await.problem(503, "rate-limited");
    let partial = app.inventory(GENERATED, &format!("{cold}&partial=true")).await;
    let missing = partial.missing();
    assert_eq!(missing.len(), 4, "{}", partial.shown());
    assert!(missing.iter().all(|(_, _, reason)| reason == "rate-limited"), "{missing:?}");
    let view = stock(&format!("{cold}&partial=true")).await.ok();
    assert_eq!((&view["complete"], &view["missing_total"]), (&json!(false), &json!(4)));
}

#[tokio::test(flavor = "multi_thread")]
async fn explaining_counts_no_call_for_what_is_refused_or_on_its_way() {
    let app = TestApp::builder().every_cell_has_a_row().spawn().await;
    let shop = app.shop(GENERATED);
    let (variants, locations) = (shop.variant_ids(), shop.location_ids());
    let two = grid(&variants[..2], &locations[..1]);
    let explained = async |cache_control: &str| {
        let path = format!("{two}&explain=true");
        app.inventory(GENERATED, &path).header("cache-control", cache_control).await.ok()
    };
    shop.set_faults(Faults { poisoned_variants: [variants[0]].into(), ..Faults::default() });
    app.inventory(GENERATED, &grid(&variants[..1], &locations[..1])).await;
    let hold = shop.hold_answers();
    let came = app.upstream_calls(GENERATED);
    let flight =
        tokio::spawn(app.inventory(GENERATED, &grid(&variants[1..2], &locations[..1])).into_future());
    shop.wait_for_answers(came + 1).await;
    let cost = explained("").await;
    assert_eq!((&cost["calls"], &cost["tiles"]), (&json!(0), &json!([])), "{cost}");
    assert_eq!(cost["cells"], json!({"asked": 2, "fresh": 0, "stale": 0, "absent": 2}));
    // Who wants nothing from before asks for both.
    let cost = explained("no-cache").await;
    assert_eq!((&cost["calls"], cost["tiles"][0]["variants"].as_u64()), (&json!(1), Some(2)), "{cost}");
    hold.release();
    flight.await.unwrap().rows();
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_stood_ready_are_not_given_after_a_purge_whoever_asks_how() {
    let app = TestApp::spawn().await;
    let mut tags = Vec::new();
    for path in ways(&one_cell()) {
        for _ in 0..3 {
            app.get(&path).await;
        }
        tags.push(app.get(&path).await.header("etag").unwrap().to_owned());
    }
    change_and_purge(&app).await;
    for (path, tag) in ways(&one_cell()).iter().zip(&tags) {
        let answer = app.get(path).header("if-none-match", tag).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(answer.text().contains(&CHANGED.to_string()), "{path}: {}", answer.shown());
        purge(&app, "").await;
        let head = app.ask(Method::HEAD, path).key(TK_ALL).header("if-none-match", tag).await;
        assert_eq!(head.status, 200, "{path}");
        purge(&app, "").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn when_haravan_fails_after_a_purge_the_old_cells_do_not_come_back() {
    let app = TestApp::spawn().await;
    app.example().await.rows();
    purge(&app, &format!("?variant_ids={VARIANT}")).await;
    app.age(300);
    app.fail(EXAMPLE, 1_000, Failure::Status500);
    let answer = app.inventory(EXAMPLE, &format!("{EXAMPLE_QUERY}&partial=true")).await;
    let missing = answer.missing();
    assert_eq!(missing.len(), 2, "{}", answer.shown());
    assert!(missing.iter().all(|(variant, ..)| *variant == VARIANT));
    app.example().await.problem(502, "upstream-failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_rows_that_was_read_before_a_purge_is_not_given_after_it() {
    let app = TestApp::builder().every_cell_has_a_row().spawn().await;
    let shop = app.shop(GENERATED);
    let (variants, locations) = (shop.variant_ids(), shop.location_ids());
    let (variants, locations) = (&variants[..50], &locations[..10]);
    let in_grid = shop
        .rows()
        .into_iter()
        .filter(|row| variants.contains(&row.variant_id) && locations.contains(&row.loc_id));
    let first = in_grid.min_by_key(|row| row.id).unwrap();
    let query = format!("{}&limit=20", grid(variants, locations));
    // In flight, and held as a page that came before.
    for (number, quantity) in [(1, 7_777), (2, 8_888)] {
        let hold = shop.hold_answers();
        shop.clear_log();
        let purge = || app.ask(Method::DELETE, &format!("/shops/{GENERATED}/cache")).key(TK_ADMIN);
        if number == 1 {
            let early = tokio::spawn(app.inventory(GENERATED, &query).into_future());
            shop.wait_for_answers(1).await;
            shop.set_quantity(first.variant_id, first.loc_id, quantity).unwrap();
            assert_eq!(purge().await.status, 204);
            hold.release();
            let early = early.await.unwrap();
            assert!(early.text().contains(&quantity.to_string()), "{}", early.shown());
        } else {
            hold.release();
            app.inventory(GENERATED, &query).await.rows();
            shop.set_quantity(first.variant_id, first.loc_id, quantity).unwrap();
            assert_eq!(purge().await.status, 204);
        }
        let answer = app.inventory(GENERATED, &query).await;
        assert!(answer.text().contains(&quantity.to_string()), "{}", answer.shown());
        assert_eq!(answer.rows().len(), 20);
    }
}
