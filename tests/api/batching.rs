//! A call to Haravan is the scarce thing: each is spent fully, and none is spent twice.

use std::collections::BTreeSet;

use serde_json::json;
use tonkho::sandbox::settings::GeneratedSettings;

use crate::gateway::{EXAMPLE, GENERATED, TestApp, grid};
use crate::oracle::{self, Wanted};

/// Haravan's limit: more ids than this, of either kind, and the call is refused.
const MAX_IDS: usize = 50;

/// Fails if a call had more ids than Haravan takes, an empty list, or was not ordered by id.
#[track_caller]
fn check_calls(app: &TestApp) {
    for call in app.shop(GENERATED).inventory_requests() {
        let counts = (call.variant_count, call.location_count);
        assert!((1..=MAX_IDS).contains(&call.variant_count), "{counts:?}");
        assert!((1..=MAX_IDS).contains(&call.location_count), "{counts:?}");
        assert_eq!((call.order.as_deref(), call.direction.as_deref()), (Some("id"), Some("asc")));
        assert_eq!(call.status, Some(200));
        let distinct: BTreeSet<u64> = call.variant_ids.iter().copied().collect();
        assert_eq!(distinct.len(), call.variant_count, "an id was sent twice");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_variants_are_one_call_and_fifty_one_are_two() {
    let app = TestApp::builder().every_cell_has_a_row().spawn().await;
    let shop = app.shop(GENERATED);
    let (variants, locations) = (shop.variant_ids(), shop.location_ids());
    app.inventory(GENERATED, &grid(&variants[..50], &locations[..1])).await.rows();
    assert_eq!(app.upstream_calls(GENERATED), 1);
    let wanted = Wanted {
        variant_ids: variants[100..151].to_vec(),
        location_ids: locations[..1].to_vec(),
        ..Wanted::default()
    };
    let answer = app.inventory(GENERATED, &wanted.query()).await;
    assert_eq!(answer.rows(), wanted.answer(&oracle::rows(&shop)));
    assert_eq!(app.upstream_calls(GENERATED), 3);
    check_calls(&app);
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_one_locations_are_two_calls() {
    let stock =
        GeneratedSettings { variants: 10, products: 5, locations: 60, ..GeneratedSettings::default() };
    let app = TestApp::builder().generated(stock).every_cell_has_a_row().spawn().await;
    let shop = app.shop(GENERATED);
    let wanted = Wanted {
        variant_ids: shop.variant_ids()[..4].to_vec(),
        location_ids: shop.location_ids()[..51].to_vec(),
        ..Wanted::default()
    };
    let answer = app.inventory(GENERATED, &wanted.query()).await;
    assert_eq!(answer.rows(), wanted.answer(&oracle::rows(&shop)));
    assert_eq!(app.upstream_calls(GENERATED), 2);
    check_calls(&app);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_makes_no_call() {
    let app = TestApp::spawn().await;
    let first = app.example().await;
    assert_eq!(first.cache_detail("calls"), 1);
    assert_eq!(first.cache_detail("fetched"), 4);
    let second = app.example().await;
    assert!(second.is_hit(), "{:?}", second.header("cache-status"));
    assert_eq!(second.body, first.body);
    assert_eq!(app.upstream_calls(EXAMPLE), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_mix_of_cached_cells_makes_no_call() {
    let app = TestApp::spawn().await;
    let shop = app.shop(GENERATED);
    let (variants, locations) = (shop.variant_ids(), shop.location_ids());
    app.inventory(GENERATED, &grid(&variants[..100], &locations)).await.rows();
    let calls = app.upstream_calls(GENERATED);
    let rows = oracle::rows(&shop);
    for step in 1..8 {
        let wanted = Wanted {
            variant_ids: variants[..100].iter().copied().step_by(step).collect(),
            location_ids: locations.iter().copied().skip(step).step_by(2).collect(),
            ..Wanted::default()
        };
        let answer = app.inventory(GENERATED, &wanted.query()).await;
        assert_eq!(answer.rows(), wanted.answer(&rows), "{step}");
        assert!(answer.is_hit(), "{step}");
    }
    assert_eq!(app.upstream_calls(GENERATED), calls);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_not_cached_is_asked_for() {
    let app = TestApp::spawn().await;
    let shop = app.shop(GENERATED);
    let (variants, locations) = (shop.variant_ids(), shop.location_ids());
    app.inventory(GENERATED, &grid(&variants[..30], &locations[..2])).await.rows();
    shop.clear_log();
    let answer = app.inventory(GENERATED, &grid(&variants[..40], &locations[..2])).await;
    let status = answer.header("cache-status").unwrap();
    assert!(status.starts_with("tonkho; fwd=partial"), "{status}");
    assert_eq!(answer.cache_detail("cells"), 80);
    assert_eq!(answer.cache_detail("fetched"), 20);
    let asked: BTreeSet<u64> =
        shop.inventory_requests().into_iter().flat_map(|call| call.variant_ids).collect();
    // One cell besides, which shows that the page was not cut.
    assert!(variants[30..40].iter().all(|id| asked.contains(id)) && asked.len() <= 11, "{asked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn that_there_is_no_row_is_cached_too() {
    let app = TestApp::spawn().await;
    let query = "variant_ids=1,2,3&location_ids=4,5";
    assert!(app.inventory(EXAMPLE, query).await.rows().is_empty());
    let again = app.inventory(EXAMPLE, query).await;
    assert!(again.is_hit());
    assert_eq!(again.text(), r#"{"inventory_locations":[]}"#);
    assert_eq!(app.upstream_calls(EXAMPLE), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn views_and_the_compatible_route_share_what_is_cached() {
    let app = TestApp::spawn().await;
    app.example().await.rows();
    let views =
        ["stock", "stock?group_by=location&", "stock?group_by=product&breakdown=true&", "alerts/negative"];
    for view in views {
        let separator = if view.contains('?') { "" } else { "?" };
        let ids = crate::gateway::EXAMPLE_QUERY;
        assert!(app.get(&format!("/shops/1000/{view}{separator}{ids}")).await.is_hit(), "{view}");
    }
    assert_eq!(app.upstream_calls(EXAMPLE), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_cold_variants_are_asked_for_in_calls_that_overlap() {
    let stock =
        GeneratedSettings { variants: 500, products: 200, locations: 5, ..GeneratedSettings::default() };
    let app = TestApp::builder().generated(stock).settings(|settings| settings.rate.max_in_flight = 16);
    let app = app.spawn().await;
    let shop = app.shop(GENERATED);
    shop.update_faults(|faults| faults.latency_ms = 200);
    let wanted =
        Wanted { variant_ids: shop.variant_ids(), location_ids: shop.location_ids(), ..Wanted::default() };
    let answer = app.inventory(GENERATED, &wanted.query()).await;
    assert_eq!(answer.rows(), wanted.answer(&oracle::rows(&shop)));
    // How long that takes, `benches/gateway.rs` measures. 500 variants are ten calls, all of them at once; a few more if a page was full to the brim.
    assert!((10..=12).contains(&app.upstream_calls(GENERATED)), "{} calls", app.upstream_calls(GENERATED));
    assert!(5 < shop.max_in_flight(), "{} in flight", shop.max_in_flight());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dense_shop_costs_hardly_more_calls_than_its_rows_fill() {
    let stock = GeneratedSettings {
        variants: 500,
        products: 200,
        locations: 10,
        density: 1.0,
        ..GeneratedSettings::default()
    };
    let app = TestApp::builder().generated(stock).spawn().await;
    let shop = app.shop(GENERATED);
    let body = json!({"variant_ids": shop.variant_ids(), "location_ids": shop.location_ids()});
    let answer = app.post("/shops/2000/com/inventory_locations.json", &body).await;
    assert_eq!(answer.rows().len(), 5_000);
    // 5,000 rows are 20 pages.
    assert!(app.upstream_calls(GENERATED) <= 22, "{} calls", app.upstream_calls(GENERATED));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_calls_are_in_flight_than_the_settings_allow() {
    let app = TestApp::builder().settings(|settings| settings.rate.max_in_flight = 3).spawn().await;
    let shop = app.shop(GENERATED);
    shop.update_faults(|faults| faults.latency_ms = 10);
    app.inventory(GENERATED, &grid(&shop.variant_ids(), &shop.location_ids())).await.rows();
    assert!(3 < app.upstream_calls(GENERATED));
    assert_eq!(shop.max_in_flight(), 3);
}
