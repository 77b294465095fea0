//! What ids that Haravan refuses cost, and whom.

use std::time::Duration;

use super::fake::{Fake, Setting, cells, lacks};
use super::in_seconds;
use crate::domain::cell::MissingReason;
use crate::loader::Loaded;

/// How many cells are missing for this reason.
fn missing(loaded: &Loaded, reason: MissingReason) -> usize {
    loaded.missing.iter().filter(|(_, missing)| *missing == reason).count()
}

#[tokio::test(start_paused = true)]
async fn a_question_of_ids_that_are_all_refused_ends_after_thirty_two_calls() {
    let setting = Setting::new(Fake::dense(50, 50).poisoned(1..=50));
    let loaded = setting.loader.load(lacks(1..=50, 1..=50)).unwrap().finish(in_seconds(600)).await;
    assert_eq!(cells(&loaded).len(), 0);
    assert_eq!(loaded.missing.len(), 2_500);
    assert!(setting.fake.calls() <= 32, "{} calls", setting.fake.calls());
}

#[tokio::test(start_paused = true)]
async fn thousands_of_refused_ids_cost_no_more_than_fifty() {
    let setting = Setting::new(Fake::dense(5_000, 1).poisoned(1..=5_000));
    let loaded = setting.loader.load(lacks(1..=5_000, 1..=1)).unwrap().finish(in_seconds(600)).await;
    assert_eq!(missing(&loaded, MissingReason::Failed) + missing(&loaded, MissingReason::Refused), 5_000);
    assert!(setting.fake.calls() <= 32, "{} calls", setting.fake.calls());
}

#[tokio::test(start_paused = true)]
async fn a_few_refused_ids_among_many_are_all_found_and_remembered() {
    let bad = (1..=20).map(|number| number * 97);
    let setting = Setting::new(Fake::dense(2_000, 5).poisoned(bad));
    let loaded = setting.loader.load(lacks(1..=2_000, 1..=5)).unwrap().finish(in_seconds(600)).await;
    assert_eq!(missing(&loaded, MissingReason::Refused), 100);
    assert_eq!(loaded.missing.len(), 100);
    assert_eq!(cells(&loaded).len(), 9_900);
    let calls = setting.fake.calls();
    assert!(calls <= 230, "{calls} calls");
    let again = setting.loader.load(lacks(1..=2_000, 1..=5)).unwrap().finish(in_seconds(600)).await;
    assert_eq!(again.missing.len(), 100);
    assert_eq!(setting.fake.calls(), calls + 40, "no refused id is asked for again");
}

#[tokio::test(start_paused = true)]
async fn ids_that_were_accepted_once_are_no_suspects() {
    let setting = Setting::new(Fake::dense(50, 4).poisoned([50]));
    setting.loader.load(lacks(1..=49, 1..=4)).unwrap().finish(in_seconds(600)).await;
    let calls = setting.fake.calls();
    let loaded = setting.loader.load(lacks(1..=50, 1..=4)).unwrap().finish(in_seconds(600)).await;
    assert_eq!(missing(&loaded, MissingReason::Refused), 4);
    assert_eq!(cells(&loaded).len(), 196);
    assert_eq!(setting.fake.calls(), calls + 2, "one that is refused, and one without the only suspect");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_searched_for_a_caller_that_has_left() {
    let setting = Setting::new(Fake::dense(50, 5).poisoned(1..=50).slow(Duration::from_secs(1)));
    let load = setting.loader.load(lacks(1..=50, 1..=5)).unwrap();
    setting.fake.wait_for_calls(3).await;
    drop(load);
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert!(setting.fake.calls() <= 4, "{} calls", setting.fake.calls());
}

#[tokio::test(start_paused = true)]
async fn a_shared_flight_goes_on_for_the_question_that_may_still_spend() {
    let setting = Setting::new(Fake::dense(100, 5).poisoned(51..=100).slow(Duration::from_secs(1)));
    let refused = setting.loader.load(lacks(51..=100, 1..=5)).unwrap();
    let good = setting.loader.load(lacks(1..=60, 1..=5)).unwrap();
    let good = good.finish(in_seconds(600)).await;
    assert_eq!(cells(&good).len(), 250);
    assert_eq!(good.missing.len(), 50);
    assert_eq!(refused.finish(in_seconds(600)).await.missing.len(), 250);
}
