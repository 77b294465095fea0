//! A shop held against what Haravan had said, over a hundred thousand questions under a driven clock.
//!
//! Rows change, go, come back and are read late; answers overtake each other, fail and are purged; Haravan lags behind
//! itself, is restored and has clocks that are wrong. Every answer is judged by the history of each of its cells.
//! `TONKHO_TRUTH_READS` asks for more questions than usual, and `TONKHO_TRUTH_SEED` plays one world again.

mod haravan;
mod judge;
mod reader;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use haravan::{Haravan, Shared, World};
use judge::Judge;
use secrecy::SecretString;
use tokio::runtime::{Builder, Handle};
use tokio::task::JoinSet;

use super::{Shop, ShopParts};
use crate::cache::freshness::FreshnessPolicy;
use crate::clock::Clock;
use crate::domain::id::OrgId;
use crate::domain::quantity::Quantity;
use crate::governor::GovernorPolicy;
use crate::governor::bucket::BucketShape;
use crate::haravan::{self as client, HaravanPolicy, ProxyPolicy, ShopClient};
use crate::loader::{Loader, LoaderParts};
use crate::metrics::Metrics;
use crate::tasks::Tasks;

/// Questions asked in one world.
const READS_A_WORLD: u64 = 500;

/// Worlds played where nothing else is asked for.
const WORLDS: u64 = 200;

/// Later worlds that once showed a fault: they are always played too.
const HARD_WORLDS: [u64; 1] = [1_903];

/// Programs that ask at the same time.
const READERS: u64 = 5;

const FRESHNESS: FreshnessPolicy = FreshnessPolicy {
    fresh: Duration::from_secs(5),
    stale_while_revalidate: Duration::from_secs(5),
    stale_if_error: Duration::from_secs(60),
};

/// A shop whose loader asks the Haravan in memory.
fn shop(haravan: &Arc<Haravan>, clock: &Clock, client: ShopClient) -> Arc<Shop> {
    let metrics = Metrics::new().unwrap().shop(OrgId::new(1).unwrap());
    let bucket = BucketShape { size: 40.0, leak_per_second: 20.0, headroom: 0.0 };
    let mut shop = Shop::start(ShopParts {
        org_id: OrgId::new(1).unwrap(),
        name: None,
        client,
        governor: GovernorPolicy { bucket, max_in_flight: 8 },
        freshness: FRESHNESS,
        cache_bytes: 1 << 20,
        text_bytes: 1 << 20,
        request_timeout: Duration::from_secs(3),
        max_pending_cells: 10_000,
        exclude_locations: BTreeSet::new(),
        low_stock_threshold: Quantity::ZERO,
        clock: clock.clone(),
        tasks: Tasks::new(Handle::current()),
        metrics: metrics.clone(),
    });
    let started = Arc::get_mut(&mut shop).unwrap();
    started.devices.loader = Loader::new(LoaderParts {
        source: Arc::new(Shared(Arc::clone(haravan))),
        upstream: started.devices.upstream.clone(),
        cache: Arc::clone(&started.devices.cache),
        clock: clock.clone(),
        tasks: Tasks::new(Handle::current()),
        call_timeout: Duration::from_secs(4),
        max_pending_cells: 10_000,
        metrics,
        oddities: Arc::clone(&started.devices.oddities),
    });
    shop
}

/// Plays one world; every answer is judged.
async fn play(seed: u64, client: ShopClient) {
    // Retries are jittered by this.
    fastrand::seed(seed);
    let clock = Clock::start();
    let haravan = Arc::new(Haravan::new(World::of(seed), seed, clock.clone()));
    let shop = shop(&haravan, &clock, client);
    let judge = Arc::new(Judge::new(Arc::clone(&haravan), clock.clone()));
    let mut readers = JoinSet::new();
    for number in 0..READERS {
        let reader = reader::Reader::new(Arc::clone(&shop), Arc::clone(&judge), seed ^ number);
        readers.spawn(reader.read(READS_A_WORLD / READERS));
    }
    let events = tokio::spawn(reader::happen(haravan, Arc::clone(&shop), judge, seed));
    while let Some(ended) = readers.join_next().await {
        if let Err(found) = ended.unwrap() {
            panic!("seed {seed}: {found}");
        }
    }
    events.abort();
}

#[expect(clippy::disallowed_methods, reason = "whoever runs the tests asks for a longer run")]
fn asked_for(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[test]
fn every_answer_is_what_haravan_said_last() {
    let policy = HaravanPolicy {
        base_url: "http://127.0.0.1:1".to_owned(),
        connect_timeout: Duration::from_secs(1),
        request_timeout: Duration::from_secs(1),
        proxy: ProxyPolicy::Never,
    };
    let client = client::Haravan::new(&policy).unwrap().shop(&SecretString::from("token")).unwrap();
    let worlds = asked_for("TONKHO_TRUTH_READS").map_or(WORLDS, |reads| reads.div_ceil(READS_A_WORLD));
    let seeds = match asked_for("TONKHO_TRUTH_SEED") {
        Some(seed) => vec![seed],
        None => (0..worlds).chain(HARD_WORLDS).collect(),
    };
    for seed in seeds {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(play(seed, client.clone()));
    }
}
