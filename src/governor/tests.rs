//! When calls start: the bucket, the order, the stops. Time is paused.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::bucket::BucketShape;
use super::resource::Resource;
use super::{CallOutcome, Errand, Governor, GovernorPolicy, Stop, Urgency};

fn governor(size: f64, max_in_flight: usize) -> Arc<Governor> {
    let bucket = BucketShape { size, leak_per_second: 4.0, headroom: 0.0 };
    Governor::new(GovernorPolicy { bucket, max_in_flight })
}

/// Of inventory.
fn errand(urgency: Urgency) -> Errand {
    Errand { resource: Resource::INVENTORY, urgency }
}

#[tokio::test(start_paused = true)]
async fn calls_beyond_the_bucket_start_at_the_leak_rate() {
    let governor = governor(80.0, 100);
    let start = Instant::now();
    for _ in 0..120 {
        governor.admit(&errand(Urgency::New)).await.unwrap().settle(CallOutcome::Answered);
    }
    let elapsed = start.elapsed();
    assert!((Duration::from_secs(10)..Duration::from_millis(10_100)).contains(&elapsed), "{elapsed:?}");
}

#[tokio::test(start_paused = true)]
async fn a_429_holds_every_call_back() {
    let governor = governor(80.0, 8);
    let retry_after = Duration::from_millis(2_350);
    governor
        .admit(&errand(Urgency::New))
        .await
        .unwrap()
        .settle(CallOutcome::Throttled { retry_after, whole_shop: true });
    let start = Instant::now();
    let _permit = governor.admit(&errand(Urgency::New)).await.unwrap();
    assert_eq!(start.elapsed(), retry_after);
}

#[tokio::test(start_paused = true)]
async fn calls_in_flight_are_bounded() {
    let governor = governor(80.0, 2);
    let first = governor.admit(&errand(Urgency::New)).await.unwrap();
    let _second = governor.admit(&errand(Urgency::New)).await.unwrap();
    let third = tokio::spawn({
        let governor = Arc::clone(&governor);
        async move { governor.admit(&errand(Urgency::New)).await.map(|_| ()) }
    });
    tokio::task::yield_now().await;
    assert!(!third.is_finished());
    first.settle(CallOutcome::Answered);
    third.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_is_under_way_goes_before_what_is_new() {
    let governor = governor(80.0, 1);
    let held = governor.admit(&errand(Urgency::New)).await.unwrap();
    let (order, mut seen) = tokio::sync::mpsc::channel(2);
    for urgency in [Urgency::New, Urgency::Continuation] {
        let (governor, order) = (Arc::clone(&governor), order.clone());
        tokio::spawn(async move {
            let permit = governor.admit(&errand(urgency)).await.unwrap();
            order.send(urgency).await.unwrap();
            permit.settle(CallOutcome::Answered);
        });
    }
    for _ in 0..5 {
        tokio::task::yield_now().await;
    }
    drop(held);
    assert_eq!(seen.recv().await, Some(Urgency::Continuation));
    assert_eq!(seen.recv().await, Some(Urgency::New));
}

#[tokio::test(start_paused = true)]
async fn an_abandoned_wait_takes_nothing() {
    let governor = governor(80.0, 1);
    let held = governor.admit(&errand(Urgency::New)).await.unwrap();
    let errand_of_one = errand(Urgency::Continuation);
    let waiting = tokio::time::timeout(Duration::from_secs(1), governor.admit(&errand_of_one));
    assert!(waiting.await.is_err());
    drop(held);
    governor.admit(&errand(Urgency::New)).await.unwrap().unused();
    assert_eq!(governor.status().in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_stops_the_shop_until_a_probe_succeeds() {
    let governor = governor(80.0, 8);
    governor.admit(&errand(Urgency::New)).await.unwrap().settle(CallOutcome::Unauthorized);
    assert_eq!(governor.admit(&errand(Urgency::New)).await.unwrap_err(), Stop::Unauthorized);
    tokio::time::advance(Duration::from_secs(31)).await;
    governor.admit(&errand(Urgency::New)).await.unwrap().settle(CallOutcome::Answered);
    assert_eq!(governor.stopped(&Resource::INVENTORY), None);
}
