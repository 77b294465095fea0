//! Questions in Haravan's own manner, with a `limit`: never more calls than without the gateway, and the same rows.

use std::time::Duration;

use tonkho::sandbox::settings::GeneratedSettings;

use crate::gateway::{GENERATED, TestApp};
use crate::oracle::{self, OracleRow, Wanted};

async fn app(density: f64, variants: usize, locations: usize) -> TestApp {
    let stock =
        GeneratedSettings { variants, products: 40, locations, density, ..GeneratedSettings::default() };
    // Nothing is refreshed while a slow machine counts calls.
    let app = TestApp::builder().settings(|settings| settings.cache.fresh = Duration::from_secs(600));
    app.generated(stock).spawn().await
}

/// So many of the shop's variants from a place on, at all its locations.
fn wanted(app: &TestApp, first: usize, count: usize, limit: usize) -> Wanted {
    let shop = app.shop(GENERATED);
    Wanted {
        variant_ids: shop.variant_ids()[first..first + count].to_vec(),
        location_ids: shop.location_ids(),
        limit: Some(limit),
        ..Wanted::default()
    }
}

/// Asks, holds the answer against Haravan's rows, and gives back how many calls it took.
async fn cost(app: &TestApp, wanted: &Wanted) -> u64 {
    cost_of(app, wanted, &oracle::rows(&app.shop(GENERATED))).await
}

/// The same, of a shop that has these rows.
async fn cost_of(app: &TestApp, wanted: &Wanted, rows: &[OracleRow]) -> u64 {
    let before = app.upstream_calls(GENERATED);
    let answer = app.inventory(GENERATED, &wanted.query()).await;
    assert_eq!(answer.rows(), wanted.answer(rows), "{}", wanted.query());
    app.upstream_calls(GENERATED) - before
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_is_passed_on_and_costs_one_call() {
    let app = app(1.0, 150, 24).await;
    for first in [0, 50, 100] {
        assert_eq!(cost(&app, &wanted(&app, first, 50, 250)).await, 1);
    }
    let calls = app.shop(GENERATED).inventory_requests();
    assert!(calls.iter().all(|call| call.limit.as_deref() == Some("250") && call.variant_count == 50));
    assert_eq!(cost(&app, &wanted(&app, 0, 50, 250)).await, 0, "it is remembered while it is fresh");
    let answer = app.inventory(GENERATED, &wanted(&app, 0, 50, 250).query()).await;
    assert!(answer.is_hit());
    app.age(601);
    let answer = app.inventory(GENERATED, &wanted(&app, 50, 50, 40).query()).await;
    assert_eq!((answer.rows().len(), answer.cache_detail("calls")), (40, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_by_since_id_or_by_number_cost_one_call_each() {
    for density in [1.0, 0.4] {
        let app = app(density, 60, 50).await;
        let mut pages = wanted(&app, 0, 20, 50);
        let rows = oracle::rows(&app.shop(GENERATED));
        let all = Wanted { limit: None, ..pages.clone() }.answer(&rows).len();
        let (mut calls, mut last) = (0, 50);
        while last == 50 {
            calls += cost(&app, &pages).await;
            let page = pages.answer(&rows);
            last = page.len();
            let id = |row: &String| rows.iter().find(|other| other.text == *row).unwrap().id;
            pages.since_id = page.last().map(id).or(pages.since_id);
        }
        let most = u64::try_from(all / 50 + 1).unwrap();
        assert!(calls <= most, "{calls} calls by since_id for {all} rows");
        let numbered = Wanted { page: Some(1), ..wanted(&app, 30, 20, 50) };
        for page in 1..=4 {
            assert!(cost(&app, &Wanted { page: Some(page), ..numbered.clone() }).await <= 1, "page {page}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_orders_are_passed_on_too() {
    let app = app(1.0, 150, 24).await;
    let base = wanted(&app, 0, 50, 60);
    let descending = Wanted { descending: true, ..base.clone() };
    assert_eq!(cost(&app, &descending).await, 1);
    let newest = Wanted { by_updated_at: true, ..descending.clone() };
    let oldest = Wanted { by_updated_at: true, ..base.clone() };
    assert_eq!(cost(&app, &newest).await + cost(&app, &oldest).await, 2);
    let middle = oracle::rows(&app.shop(GENERATED))[600].updated_at.to_string();
    let later = Wanted { updated_at_min: Some(middle), ..base };
    assert_eq!(cost(&app, &later).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_page_is_given_again_after_a_purge() {
    let app = app(1.0, 60, 24).await;
    let asked = wanted(&app, 0, 50, 250);
    assert_eq!(cost(&app, &asked).await, 1);
    let shop = app.shop(GENERATED);
    let first = oracle::rows(&shop).into_iter().min_by_key(|row| row.id).unwrap();
    shop.set_quantity(first.variant_id, first.loc_id, -7).unwrap();
    let purge = app.ask(reqwest::Method::DELETE, &format!("/shops/{GENERATED}/cache"));
    assert_eq!(purge.key(crate::gateway::TK_ALL).await.status, 204);
    assert_eq!(cost(&app, &asked).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_id_does_not_spoil_a_page() {
    let app = app(1.0, 60, 24).await;
    let shop = app.shop(GENERATED);
    let asked = wanted(&app, 0, 50, 250);
    shop.update_faults(|faults| {
        faults.poisoned_variants.insert(asked.variant_ids[7]);
    });
    let answer = app.inventory(GENERATED, &asked.query()).await;
    assert_eq!((answer.status, answer.rows().len()), (200, 250));
    assert_eq!(answer.header("x-tonkho-missing"), Some("24"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clamped_page_is_filled_up_by_the_next() {
    let app = app(0.5, 60, 24).await;
    let asked = wanted(&app, 0, 50, 250);
    app.shop(GENERATED).update_faults(|faults| faults.page_clamp = Some(50));
    assert!(cost(&app, &asked).await <= 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_ask_for_one_page_share_its_call_and_explain_tells_it() {
    let app = app(1.0, 60, 24).await;
    let query = wanted(&app, 0, 50, 250).query();
    let explained = app.inventory(GENERATED, &format!("{query}&explain=true")).await.json();
    assert_eq!((&explained["calls"], &explained["tiles"][0]["variants"]), (&1.into(), &50.into()));
    app.shop(GENERATED).update_faults(|faults| faults.latency_ms = 300);
    let asked = (0..5).map(|_| async { app.inventory(GENERATED, &query).await });
    for answer in futures_util::future::join_all(asked).await {
        assert_eq!(answer.rows().len(), 250);
    }
    assert_eq!(app.upstream_calls(GENERATED), 1);
    let explained = app.inventory(GENERATED, &format!("{query}&explain=true")).await.json();
    assert_eq!(explained["calls"], 0);
}

/// A question such as programs ask: some variants at some locations, with a limit or without, from an id on or not.
fn any_question(app: &TestApp, rows: &[OracleRow], random: &mut fastrand::Rng) -> Wanted {
    let shop = app.shop(GENERATED);
    let some = |random: &mut fastrand::Rng, ids: Vec<u64>, most: usize| {
        let count = random.usize(1..=most.min(ids.len()));
        let mut chosen = random.choose_multiple(ids, count);
        chosen.sort_unstable();
        chosen
    };
    let variant_ids = some(random, shop.variant_ids(), 50);
    let location_ids = some(random, shop.location_ids(), 24);
    let is_small = variant_ids.len() * location_ids.len() <= 250;
    let limit = if is_small && random.bool() { None } else { Some(random.usize(1..=250)) };
    let since_id = random.bool().then(|| random.choice(rows).unwrap().id);
    let (by_updated_at, descending) = (random.u8(0..5) == 0, random.u8(0..5) == 0);
    Wanted { variant_ids, location_ids, since_id, limit, by_updated_at, descending, ..Wanted::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn random_questions_in_haravans_own_manner_cost_no_more_calls_and_get_the_same_rows() {
    for (seed, density) in [(1, 1.0), (2, 0.8), (3, 0.4), (4, 0.1)] {
        let app = app(density, 300, 24).await;
        let rows = oracle::rows(&app.shop(GENERATED));
        let mut random = fastrand::Rng::with_seed(seed);
        let (mut calls, mut dear) = (0, Vec::new());
        for _ in 0..60 {
            let question = any_question(&app, &rows, &mut random);
            let cost = cost_of(&app, &question, &rows).await;
            calls += cost;
            if 1 < cost {
                dear.push((cost, question.query()));
            }
        }
        // One for the first question, and for the few pages that look like clamped ones.
        assert!(calls <= 60 + 2, "{calls} calls for 60 questions at density {density}: {dear:?}");
        app.age(3_600);
        app.shop(GENERATED).update_faults(|faults| {
            faults.page_clamp = Some(50 * random.u32(1..=4));
            faults.page_clamp_after = random.u64(0..10);
        });
        for _ in 0..20 {
            cost_of(&app, &any_question(&app, &rows, &mut random), &rows).await;
        }
    }
}
