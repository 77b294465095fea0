//! When calls start: the bucket, the order, the stops. Time is paused.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::bucket::BucketShape;
use super::resource::Resource;
use super::{CallOutcome, Errand, Governor, GovernorPolicy, NotAdmitted, Stop, Urgency};
use crate::domain::caller::CallerId;

fn governor(size: f64, max_in_flight: usize) -> Arc<Governor> {
    let bucket = BucketShape { size, leak_per_second: 4.0, headroom: 0.0 };
    Governor::new(GovernorPolicy { bucket, max_in_flight })
}

/// Of inventory.
fn errand(urgency: Urgency) -> Errand {
    Errand { urgency, ..Errand::new(Resource::INVENTORY) }
}

#[tokio::test(start_paused = true)]
async fn calls_beyond_the_bucket_start_at_the_leak_rate() {
    let governor = governor(80.0, 100);
    let start = Instant::now();
    for _ in 0..120 {
        governor.admit(errand(Urgency::New)).await.unwrap().settle(CallOutcome::Answered);
    }
    let elapsed = start.elapsed();
    assert!((Duration::from_secs(10)..Duration::from_millis(10_100)).contains(&elapsed), "{elapsed:?}");
}

#[tokio::test(start_paused = true)]
async fn a_429_holds_every_call_back() {
    let governor = governor(80.0, 8);
    let retry_after = Duration::from_millis(2_350);
    governor
        .admit(errand(Urgency::New))
        .await
        .unwrap()
        .settle(CallOutcome::Throttled { retry_after, whole_shop: true });
    let start = Instant::now();
    let _permit = governor.admit(errand(Urgency::New)).await.unwrap();
    assert_eq!(start.elapsed(), retry_after);
}

#[tokio::test(start_paused = true)]
async fn calls_in_flight_are_bounded() {
    let governor = governor(80.0, 2);
    let first = governor.admit(errand(Urgency::New)).await.unwrap();
    let _second = governor.admit(errand(Urgency::New)).await.unwrap();
    let third = tokio::spawn({
        let governor = Arc::clone(&governor);
        async move { governor.admit(errand(Urgency::New)).await.map(|_| ()) }
    });
    tokio::task::yield_now().await;
    assert!(!third.is_finished());
    first.settle(CallOutcome::Answered);
    third.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_is_under_way_has_every_second_turn_and_no_more() {
    let governor = governor(1.0, 1);
    let held = governor.admit(errand(Urgency::New)).await.unwrap();
    let (order, mut seen) = tokio::sync::mpsc::channel(16);
    for urgency in [Urgency::Continuation; 4].into_iter().chain([Urgency::New; 4]) {
        let (governor, order) = (Arc::clone(&governor), order.clone());
        tokio::spawn(async move {
            let permit = governor.admit(errand(urgency)).await.unwrap();
            order.send(urgency).await.unwrap();
            permit.settle(CallOutcome::Answered);
        });
    }
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    drop(held);
    for turn in 0..4 {
        let pair = [seen.recv().await.unwrap(), seen.recv().await.unwrap()];
        assert!(pair.contains(&Urgency::New) && pair.contains(&Urgency::Continuation), "{turn}: {pair:?}");
    }
}

/// Of a caller, about a resource.
fn errand_of(caller: u32, resource: &str) -> Errand {
    let resource = Resource::of_path(resource);
    Errand { callers: [CallerId::new(caller)].into_iter().collect(), ..Errand::new(resource) }
}

#[tokio::test(start_paused = true)]
async fn a_key_that_asks_without_end_takes_every_second_turn_and_no_more() {
    let governor = governor(1.0, 8);
    for _ in 0..100 {
        let governor = Arc::clone(&governor);
        tokio::spawn(async move {
            loop {
                governor.admit(errand_of(1, "products")).await.unwrap().settle(CallOutcome::Answered);
            }
        });
    }
    tokio::time::sleep(Duration::from_secs(10)).await;
    for _ in 0..20 {
        let asked = Instant::now();
        governor.admit(errand_of(2, "inventory_locations")).await.unwrap().settle(CallOutcome::Answered);
        assert!(asked.elapsed() <= Duration::from_millis(760), "{:?}", asked.elapsed());
        tokio::time::sleep(Duration::from_millis(700)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_saturated_bucket_is_used_to_the_full_and_never_overflows() {
    let governor = governor(80.0, 8);
    let sent = Arc::new(parking_lot::Mutex::new(Vec::new()));
    for caller in 0..20 {
        let (governor, sent) = (Arc::clone(&governor), Arc::clone(&sent));
        tokio::spawn(async move {
            loop {
                let permit = governor.admit(errand_of(caller, "inventory_locations")).await.unwrap();
                sent.lock().push(Instant::now());
                tokio::time::sleep(Duration::from_millis(300)).await;
                permit.settle(CallOutcome::Answered);
            }
        });
    }
    tokio::time::sleep(Duration::from_secs(90)).await;
    let sent = sent.lock().clone();
    let begun = sent[0] + Duration::from_secs(30);
    let minute = sent.iter().filter(|at| begun <= **at && **at < begun + Duration::from_secs(60)).count();
    assert!((233..=241).contains(&minute), "{minute} of 240");
    for (first, start) in sent.iter().enumerate() {
        for (last, end) in sent.iter().enumerate().skip(first) {
            let leaked = (*end - *start).as_millis() * 4 / 1_000;
            assert!(u128::try_from(last - first).unwrap() <= 80 + leaked, "{first} to {last}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_429_of_one_resource_holds_no_other_back() {
    let governor = governor(80.0, 8);
    let throttled = CallOutcome::Throttled { retry_after: Duration::from_secs(600), whole_shop: false };
    governor.admit(errand_of(1, "products")).await.unwrap().settle(throttled);
    let start = Instant::now();
    governor.admit(errand_of(1, "inventory_locations")).await.unwrap().settle(CallOutcome::Answered);
    assert_eq!(start.elapsed(), Duration::ZERO);
    governor.admit(errand_of(1, "products")).await.unwrap().settle(CallOutcome::Answered);
    assert_eq!(start.elapsed(), Duration::from_secs(600));
}

#[tokio::test(start_paused = true)]
async fn calls_without_end_are_turned_away_and_what_goes_on_is_not() {
    let governor = governor(1.0, 1);
    let _held = governor.admit(errand(Urgency::New)).await.unwrap();
    for _ in 0..1_024 {
        tokio::spawn({
            let governor = Arc::clone(&governor);
            async move { governor.admit(errand(Urgency::New)).await.map(drop) }
        });
        tokio::task::yield_now().await;
    }
    assert_eq!(governor.admit(errand(Urgency::New)).await.unwrap_err(), NotAdmitted::Crowded);
    let goes_on = governor.admit(errand(Urgency::Continuation));
    assert!(tokio::time::timeout(Duration::from_secs(1), goes_on).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn an_abandoned_wait_takes_nothing() {
    let governor = governor(80.0, 1);
    let held = governor.admit(errand(Urgency::New)).await.unwrap();
    let waiting = tokio::time::timeout(Duration::from_secs(1), governor.admit(errand(Urgency::Continuation)));
    assert!(waiting.await.is_err());
    drop(held);
    governor.admit(errand(Urgency::New)).await.unwrap().unused();
    assert_eq!(governor.status().in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_stops_the_shop_until_a_probe_succeeds() {
    let governor = governor(80.0, 8);
    governor.admit(errand(Urgency::New)).await.unwrap().settle(CallOutcome::Unauthorized);
    assert_eq!(
        governor.admit(errand(Urgency::New)).await.unwrap_err(),
        NotAdmitted::Stopped(Stop::Unauthorized)
    );
    tokio::time::advance(Duration::from_secs(31)).await;
    governor.admit(errand(Urgency::New)).await.unwrap().settle(CallOutcome::Answered);
    assert_eq!(governor.stopped(&Resource::INVENTORY), None);
}
