//! What one loader has learnt serves the next one.

use super::fake::{Fake, Setting, cells, lacks};
use super::in_seconds;
use crate::domain::cell::MissingReason;
use crate::loader::Reuse;

const BUCKET: (f64, f64) = (80.0, 0.001);

#[tokio::test(start_paused = true)]
async fn a_loader_that_is_given_what_another_learnt_behaves_as_that_one() {
    let setting = Setting::new(Fake::dense(100, 20).poisoned([17])).with_bucket(BUCKET.0, BUCKET.1);
    setting.loader.load(lacks(1..=50, 1..=20)).unwrap().finish(in_seconds(60)).await;
    let next = setting.succeeded(BUCKET);
    let plan = |of: &Setting| of.loader.forecast(&lacks(51..=100, 1..=20), Reuse::default());
    assert_eq!(plan(&next), plan(&setting));
    assert_ne!(
        plan(&next),
        plan(&Setting::new(Fake::dense(100, 20))),
        "a loader that knows nothing plans otherwise"
    );
    let level = |of: &Setting| of.upstream.governor().status().bucket_level;
    assert!((level(&next) - level(&setting)).abs() < 0.01, "the bucket is as full as it was");

    let before = setting.fake.calls();
    let refused = next.loader.load(lacks([17], 1..=20)).unwrap().finish(in_seconds(60)).await;
    assert!(refused.missing.iter().all(|(_, reason)| *reason == MissingReason::Refused));
    assert_eq!(setting.fake.calls(), before, "a refused id is not asked for again");
    let loaded = next.loader.load(lacks(51..=60, 1..=20)).unwrap().finish(in_seconds(60)).await;
    assert_eq!((cells(&loaded).len(), setting.fake.calls() - before), (200, 1), "one page");
}
