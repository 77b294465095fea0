//! Ids that Haravan refuses never spoil an answer.

use tonkho::sandbox::faults::Faults;

use crate::gateway::{GENERATED, TestApp};
use crate::oracle::{self, Wanted};

#[tokio::test(flavor = "multi_thread")]
async fn a_poisoned_variant_does_not_spoil_its_batch() {
    let app = TestApp::spawn().await;
    let shop = app.shop(GENERATED);
    let wanted = Wanted {
        variant_ids: shop.variant_ids()[..120].to_vec(),
        location_ids: shop.location_ids()[..3].to_vec(),
        ..Wanted::default()
    };
    let bad = wanted.variant_ids[17];
    shop.set_faults(Faults { poisoned_variants: [bad].into(), ..Faults::default() });
    let answer = app.inventory(GENERATED, &wanted.query()).await;
    let good: Vec<_> = oracle::rows(&shop).into_iter().filter(|row| row.variant_id != bad).collect();
    assert_eq!(answer.rows(), wanted.answer(&good));
    assert_eq!(answer.header("x-tonkho-missing"), Some("3"));
    assert!(answer.missing().iter().all(|(variant, _, reason)| *variant == bad && reason == "refused"));
    let calls = app.upstream_calls(GENERATED);
    assert_eq!(app.inventory(GENERATED, &wanted.query()).await.missing().len(), 3);
    assert_eq!(app.upstream_calls(GENERATED), calls, "a refused id is remembered");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poisoned_location_is_told_from_the_variants_asked_with_it() {
    let app = TestApp::spawn().await;
    let shop = app.shop(GENERATED);
    let wanted = Wanted {
        variant_ids: shop.variant_ids()[..50].to_vec(),
        location_ids: shop.location_ids()[..6].to_vec(),
        ..Wanted::default()
    };
    let bad = wanted.location_ids[2];
    shop.set_faults(Faults { poisoned_locations: [bad].into(), ..Faults::default() });
    let answer = app.inventory(GENERATED, &wanted.query()).await;
    let good: Vec<_> = oracle::rows(&shop).into_iter().filter(|row| row.loc_id != bad).collect();
    assert_eq!(answer.rows(), wanted.answer(&good));
    assert_eq!(answer.missing().len(), 50);
    assert!(answer.missing().iter().all(|(_, location, _)| *location == bad));
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_that_are_not_the_shops_are_refused_alone() {
    let app = TestApp::spawn().await;
    let shop = app.shop(GENERATED);
    shop.set_faults(Faults { refuse_unknown_ids: true, ..Faults::default() });
    let wanted = Wanted {
        variant_ids: [&shop.variant_ids()[..10], &[7, 8]].concat(),
        location_ids: shop.location_ids()[..3].to_vec(),
        ..Wanted::default()
    };
    let answer = app.inventory(GENERATED, &wanted.query()).await;
    assert_eq!(answer.rows(), wanted.answer(&oracle::rows(&shop)));
    assert_eq!(answer.missing().len(), 6);
}
