//! Questions at the same time share their calls, and a caller that hangs up takes nobody's work with it.

use futures_util::future::join_all;

use crate::gateway::{EXAMPLE, GENERATED, TestApp, grid};
use crate::oracle::{self, Wanted};

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_identical_cold_questions_at_once_cost_one_plans_calls() {
    let app = TestApp::builder().every_cell_has_a_row().spawn().await;
    let shop = app.shop(GENERATED);
    let wanted = Wanted {
        variant_ids: shop.variant_ids()[..100].to_vec(),
        location_ids: shop.location_ids()[..2].to_vec(),
        ..Wanted::default()
    };
    let hold = shop.hold();
    let questions = (0..1_000).map(|_| app.inventory(GENERATED, &wanted.query()).into_future());
    let questions = tokio::spawn(join_all(questions));
    shop.wait_for_requests(2).await;
    hold.release();
    let answers = questions.await.unwrap();
    let expected = wanted.answer(&oracle::rows(&shop));
    for answer in &answers {
        assert_eq!(answer.rows(), expected);
    }
    assert_eq!(app.upstream_calls(GENERATED), 2);
    assert_eq!(answers.len(), 1_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_flight_for_another_question_is_waited_for_and_not_asked_again() {
    let app = TestApp::builder().every_cell_has_a_row().spawn().await;
    let shop = app.shop(GENERATED);
    let (variants, locations) = (shop.variant_ids(), shop.location_ids());
    let hold = shop.hold();
    let first = tokio::spawn(app.inventory(GENERATED, &grid(&variants[..30], &locations[..1])).into_future());
    shop.wait_for_requests(1).await;
    // Twenty of these are on their way already, twenty are not.
    let second =
        tokio::spawn(app.inventory(GENERATED, &grid(&variants[10..50], &locations[..1])).into_future());
    shop.wait_for_requests(2).await;
    hold.release();
    first.await.unwrap().rows();
    let second = second.await.unwrap();
    second.rows();
    assert_eq!((second.cache_detail("joined"), second.cache_detail("fetched")), (20, 20));
    let asked: Vec<usize> = shop.inventory_requests().iter().map(|call| call.variant_count).collect();
    assert_eq!(asked, [30, 20]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_wholly_in_flight_is_told_as_collapsed() {
    let app = TestApp::spawn().await;
    let shop = app.shop(EXAMPLE);
    let hold = shop.hold();
    let first = tokio::spawn(app.example().into_future());
    shop.wait_for_requests(1).await;
    let second = tokio::spawn(app.example().into_future());
    hold.release();
    first.await.unwrap().rows();
    let second = second.await.unwrap();
    let status = second.header("cache-status").unwrap();
    assert!(status.contains("; collapsed") || second.is_hit(), "{status}");
    assert_eq!(app.upstream_calls(EXAMPLE), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_hangs_up_loses_nobodys_work() {
    let app = TestApp::spawn().await;
    let shop = app.shop(EXAMPLE);
    let hold = shop.hold();
    let leaver = tokio::spawn(app.example().into_future());
    shop.wait_for_requests(1).await;
    let stayer = tokio::spawn(app.example().into_future());
    leaver.abort();
    assert!(leaver.await.unwrap_err().is_cancelled());
    hold.release();
    assert_eq!(stayer.await.unwrap().rows().len(), 4);
    assert_eq!(app.upstream_calls(EXAMPLE), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_last_caller_left_behind_is_cached_all_the_same() {
    let app = TestApp::spawn().await;
    let shop = app.shop(EXAMPLE);
    let hold = shop.hold();
    let leaver = tokio::spawn(app.example().into_future());
    shop.wait_for_requests(1).await;
    leaver.abort();
    hold.release();
    let answer = app.example().await;
    assert_eq!(answer.rows().len(), 4);
    // It joined the call, or found what the call brought; either way there was no other.
    assert_eq!(app.upstream_calls(EXAMPLE), 1);
}
