//! No key takes the others' share: how long a small question of one key waits beside another key's work, with the
//! bucket as Haravan has it and nearly used up, and calls of 300 ms.

use std::time::Duration;

use tokio::time::Instant;

use super::fake::{Fake, Setting, cells, lacks};
use crate::domain::caller::CallerId;
use crate::governor::resource::Resource;
use crate::governor::{CallOutcome, Errand, Urgency};
use crate::haravan::{
    CallAnswer, CallCause, CallError, LOCATIONS, OTHER, Reply, Resend, Upstream, UpstreamRequest,
};
use crate::loader::Reuse;

/// Who takes all it can get.
const GREEDY: CallerId = CallerId::new(1);
/// Who asks for one cell at a time.
const SMALL: CallerId = CallerId::new(2);

const LATENCY: Duration = Duration::from_millis(300);

/// How long a small question may wait, at p99.
const PATIENCE: Duration = Duration::from_secs(2);

/// An answer that holds nothing.
struct Nothing;

impl CallAnswer for Nothing {
    fn status(&self) -> u16 {
        200
    }

    fn rows(&self) -> Option<usize> {
        None
    }
}

/// A shop whose bucket is nearly used up.
async fn setting(fake: Fake) -> Setting {
    let setting = Setting::new(fake.slow(LATENCY)).with_bucket(80.0, 4.0);
    for _ in 0..78 {
        let permit = setting.upstream.governor().admit(Errand::new(Resource::of_path("shop.json"))).await;
        permit.unwrap().settle(CallOutcome::Answered);
    }
    setting
}

/// Asks for cells of variants from this on.
async fn load(
    setting: &Setting,
    caller: CallerId,
    variants: std::ops::RangeInclusive<u64>,
    locations: u64,
) -> usize {
    let loader = setting.loader.clone();
    let load =
        loader
            .load_since(caller, loader.looks(), lacks(variants, 1..=locations), Reuse::default(), |_| false);
    cells(&load.unwrap().finish(Instant::now() + Duration::from_secs(600)).await).len()
}

/// Asks for one cell after the other, and checks how long they take.
async fn check_small_questions(setting: &Setting, first: u64) {
    let mut waits = Vec::new();
    for variant in first..first + 120 {
        let asked = Instant::now();
        // Its tile brings cells of others too.
        assert!(1 <= load(setting, SMALL, variant..=variant, 1).await);
        waits.push(asked.elapsed());
        tokio::time::sleep(Duration::from_millis(330)).await;
    }
    waits.sort_unstable();
    let ninety_nine = waits[118];
    assert!(ninety_nine <= PATIENCE, "{waits:?}");
}

/// Calls a resource, again and again.
async fn poll(upstream: Upstream, errand: Errand, answers: bool) {
    let cause =
        if errand.resource == Resource::LOCATIONS { CallCause::Locations } else { CallCause::Passthrough };
    let template = if answers { LOCATIONS } else { OTHER };
    loop {
        for urgency in [Urgency::New, Urgency::Continuation] {
            let request = UpstreamRequest {
                errand: Errand { urgency, ..errand.clone() },
                cause,
                template,
                page: None,
                deadline: None,
                is_awaited: &|| true,
                resend: Resend::Usual,
                is_long: false,
            };
            let send = |_| async {
                tokio::time::sleep(LATENCY).await;
                let result = if answers { Ok(Nothing) } else { Err(CallError::ServerError { status: 500 }) };
                Reply { call_limit: None, result }
            };
            let failed = upstream.ask(request, None, send).await.is_err();
            // A program that polls takes some time for it.
            tokio::time::sleep(if failed { Duration::from_millis(50) } else { Duration::ZERO }).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn readings_of_the_list_of_locations_without_end_keep_no_question_waiting() {
    let setting = setting(Fake::dense(200, 1)).await;
    for _ in 0..10 {
        tokio::spawn(poll(setting.upstream.clone(), Errand::new(Resource::LOCATIONS), true));
    }
    check_small_questions(&setting, 1).await;
}

#[tokio::test(start_paused = true)]
async fn polling_a_path_that_fails_keeps_no_question_waiting() {
    let setting = setting(Fake::dense(200, 1)).await;
    let callers = || [GREEDY].into_iter().collect();
    for _ in 0..10 {
        let errand = Errand { callers: callers(), ..Errand::new(Resource::of_path("products.json")) };
        tokio::spawn(poll(setting.upstream.clone(), errand, false));
    }
    check_small_questions(&setting, 1).await;
}

#[tokio::test(start_paused = true)]
async fn forty_cold_questions_of_one_key_keep_no_other_waiting() {
    let setting = std::sync::Arc::new(setting(Fake::dense(30_000, 5)).await);
    for asker in 0..40 {
        let setting = std::sync::Arc::clone(&setting);
        tokio::spawn(async move {
            for round in 0..10 {
                let first = 1_000 + (round * 40 + asker) * 50;
                load(&setting, GREEDY, first..=first + 49, 5).await;
            }
        });
    }
    tokio::task::yield_now().await;
    check_small_questions(&setting, 1).await;
}

#[tokio::test(start_paused = true)]
async fn questions_full_of_refused_ids_keep_no_other_waiting() {
    let setting = std::sync::Arc::new(setting(Fake::dense(5_200, 50)).await);
    for variant in 201..=5_200 {
        setting.fake.poison(variant);
    }
    for asker in 0..4 {
        let setting = std::sync::Arc::clone(&setting);
        tokio::spawn(async move {
            for round in 0..25 {
                let first = 201 + (round * 4 + asker) * 50;
                load(&setting, GREEDY, first..=first + 49, 50).await;
            }
        });
    }
    tokio::task::yield_now().await;
    check_small_questions(&setting, 1).await;
}

#[tokio::test(start_paused = true)]
async fn a_question_of_a_quarter_of_a_million_cells_keeps_no_other_waiting() {
    let setting = std::sync::Arc::new(setting(Fake::dense(10_200, 24)).await);
    let huge = tokio::spawn({
        let setting = std::sync::Arc::clone(&setting);
        async move { load(&setting, GREEDY, 201..=10_200, 24).await }
    });
    tokio::task::yield_now().await;
    check_small_questions(&setting, 1).await;
    huge.abort();
}

#[tokio::test(start_paused = true)]
async fn a_question_is_kept_no_longer_than_twice_its_own_calls_by_anothers() {
    let setting = std::sync::Arc::new(setting(Fake::dense(10_500, 24)).await);
    tokio::spawn({
        let setting = std::sync::Arc::clone(&setting);
        async move { load(&setting, GREEDY, 501..=10_500, 24).await }
    });
    tokio::time::sleep(Duration::from_secs(10)).await;
    let (asked, before) = (Instant::now(), setting.fake.calls());
    load(&setting, SMALL, 1..=500, 5).await;
    let calls = setting.fake.calls() - before;
    // Ten calls of its own, every second turn, four turns a second; and the calls that were on their way.
    assert!(calls <= 2 * 10 + 4, "{calls} calls in {:?}", asked.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_saturated_shop_uses_its_bucket_to_the_full() {
    let setting = std::sync::Arc::new(setting(Fake::dense(10_000, 24)).await);
    tokio::spawn({
        let setting = std::sync::Arc::clone(&setting);
        async move { load(&setting, GREEDY, 1..=10_000, 24).await }
    });
    tokio::time::sleep(Duration::from_secs(5)).await;
    let before = setting.fake.sent().len();
    tokio::time::sleep(Duration::from_secs(60)).await;
    let calls = setting.fake.sent().len() - before;
    assert!((233..=241).contains(&calls), "{calls} of 240");
}
