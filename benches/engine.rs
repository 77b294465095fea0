//! What the engine spends: upstream calls against their bound, planning time, bytes a cell, the bucket's use.
//!
//! `cargo bench --bench engine` prints tables; every figure is a count or a ratio, so that they hold on any machine.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::as_conversions,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    reason = "a benchmark prints, and may stop at the first surprise"
)]

#[path = "support/memory.rs"]
mod memory;

use std::sync::Arc;
use std::time::Duration;

use memory::{Memory, Source};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::time::Instant;
use tonkho::cache::Cache;
use tonkho::clock::Clock;
use tonkho::domain::id::{LocationId, OrgId, VariantId};
use tonkho::governor::bucket::BucketShape;
use tonkho::governor::{Governor, GovernorPolicy};
use tonkho::haravan::{Connection, InventoryCall, InventorySource, Oddities, Upstream, UpstreamParts};
use tonkho::loader::{Lack, Loader, LoaderParts};
use tonkho::metrics::Metrics;
use tonkho::plan::Tile;
use tonkho::plan::density::Density;
use tonkho::plan::pending::{Pending, Priority, Want, WantOwner};
use tonkho::tasks::Tasks;

const LATENCY: Duration = Duration::from_millis(50);

fn main() {
    // Memory is measured in processes of its own, where nothing was freed before.
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.iter().position(|argument| argument == "--cells") {
        Some(at) => return bytes_a_cell(&arguments[at + 1..]),
        None if arguments.iter().any(|argument| argument == "--bound") => return flat_under_a_bound(),
        None => {}
    }
    calls_for_cold_questions();
    calls_for_many_at_once();
    planning_time();
    bucket_use();
    overhead();
    println!("\n## Memory at 1 M resident cells\n");
    for (variants, locations, density) in
        [("41667", "24", "1"), ("41667", "24", "0.4"), ("200000", "5", "1"), ("1000000", "1", "1")]
    {
        // Variants of one product have ids in a row; those of products that are made one by one do not.
        for ids_apart in ["1", "1000"] {
            in_a_fresh_process(&["--cells", variants, locations, density, ids_apart]);
        }
    }
    println!("\n## 10 M distinct cells through a bound of 256 MiB\n");
    in_a_fresh_process(&["--bound"]);
}

fn in_a_fresh_process(arguments: &[&str]) {
    let program = std::env::current_exe().unwrap();
    assert!(std::process::Command::new(program).args(arguments).status().unwrap().success());
}

/// A runtime whose clock jumps from wait to wait.
fn driven() -> Runtime {
    Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
}

fn loader(memory: &Arc<Memory>, bucket: BucketShape, cache: &Arc<Cache>) -> Loader {
    let (org_id, clock, call_timeout) = (OrgId::new(1).unwrap(), Clock::start(), Duration::from_secs(60));
    let metrics = Metrics::new().unwrap().shop(org_id);
    let upstream = Upstream::new(UpstreamParts {
        governor: Governor::new(GovernorPolicy { bucket, max_in_flight: 8 }),
        clock: clock.clone(),
        call_timeout,
        metrics: metrics.clone(),
    });
    Loader::new(LoaderParts {
        source: Arc::new(Source(Arc::clone(memory))),
        upstream,
        cache: Arc::clone(cache),
        clock: clock.clone(),
        tasks: Tasks::new(Handle::current()),
        call_timeout,
        max_pending_cells: usize::MAX,
        oddities: Arc::new(Oddities::new(org_id, clock, metrics.clone())),
        metrics,
    })
}

const UNLIMITED: BucketShape = BucketShape { size: 1e9, leak_per_second: 1e9, headroom: 0.0 };

fn lacks(variants: impl Iterator<Item = u64>, locations: u64) -> Vec<Lack> {
    let locations: Arc<[LocationId]> = (1..=locations).map(|id| LocationId::new(id).unwrap()).collect();
    variants.map(|id| (VariantId::new(id).unwrap(), Arc::clone(&locations))).collect()
}

async fn ask(loader: &Loader, lacks: Vec<Lack>) {
    let load = loader.load(lacks).unwrap();
    let loaded = load.finish(Instant::now() + Duration::from_secs(100_000)).await;
    assert_eq!(loaded.missing.len(), 0);
}

fn calls_for_cold_questions() {
    println!("\n## Calls for a cold V x L question\n");
    println!(
        "| V x L | density | naive 50x50 | 250-cell tiles | bound | first ever | ratio | known | ratio |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for (variants, locations) in [(50_u64, 5_u64), (500, 5), (1_000, 20), (10_000, 24)] {
        for density in [1.0, 0.5, 0.1, 0.01] {
            let (first, known, memory) = driven().block_on(async {
                let memory = Memory::new(density, LATENCY);
                let cache = Arc::new(Cache::new(1 << 30, 0));
                let loader = loader(&memory, UNLIMITED, &cache);
                ask(&loader, lacks(1..=variants, locations)).await;
                let first = memory.calls();
                // Another part of the same shop, now that its density is known.
                let elsewhere = 1_000_000;
                ask(&loader, lacks(elsewhere + 1..=elsewhere + 1_000, locations)).await;
                let before = memory.calls();
                ask(&loader, lacks(2 * elsewhere + 1..=2 * elsewhere + variants, locations)).await;
                (first, memory.calls() - before, memory)
            });
            let bound_of = |offset| bound(&memory, offset, variants, locations);
            let (bound, naive) = bound_of(0);
            let (known_bound, _) = bound_of(2_000_000);
            let small = variants.div_ceil(50) * locations.div_ceil(5);
            println!(
                "| {variants} x {locations} | {density} | {naive} | {small} | {bound} | {first} | {:.3} | {known} | {:.3} |",
                first as f64 / bound as f64,
                known as f64 / known_bound as f64,
            );
        }
    }
}

/// The least number of calls, and what a sweep of full tiles takes.
fn bound(memory: &Memory, offset: u64, variants: u64, locations: u64) -> (u64, u64) {
    let (mut rows, mut naive) = (0, 0);
    for first in (1..=variants).step_by(50) {
        let mut tile = 0;
        for variant in first..(first + 50).min(variants + 1) {
            tile +=
                (1..=locations).filter(|location| memory.has_row(offset + variant, *location)).count() as u64;
        }
        rows += tile;
        naive += tile.div_ceil(250).max(1);
    }
    let tiles = variants.div_ceil(50) * locations.div_ceil(50);
    (tiles.max(rows.div_ceil(250)), naive)
}

fn calls_for_many_at_once() {
    println!("\n## Calls for many questions at once (500 variants x 5 locations, density 1)\n");
    let identical = driven().block_on(async {
        let memory = Memory::new(1.0, LATENCY);
        let cache = Arc::new(Cache::new(1 << 30, 0));
        let loader = loader(&memory, UNLIMITED, &cache);
        let asked = (0..1_000).map(|_| ask(&loader, lacks(1..=500, 5)));
        futures_util::future::join_all(asked).await;
        memory.calls()
    });
    println!("- 1,000 identical questions: {identical} calls; one plan's: 10");
    let scattered = driven().block_on(async {
        let memory = Memory::new(1.0, LATENCY);
        let cache = Arc::new(Cache::new(1 << 30, 0));
        let loader = loader(&memory, UNLIMITED, &cache);
        let mut random = fastrand::Rng::with_seed(7);
        let mut asked = Vec::new();
        for _ in 0..1_000 {
            let mut variants = random.choose_multiple(1..=500_u64, 20);
            variants.sort_unstable();
            asked.push(ask(&loader, lacks(variants.into_iter(), 5)));
        }
        futures_util::future::join_all(asked).await;
        memory.calls()
    });
    println!(
        "- 1,000 questions of 20 random variants: {scattered} calls; the union's: 10 ({:.2} x)",
        scattered as f64 / 10.0
    );
}

#[derive(Debug, Clone)]
struct Nobody;

impl WantOwner for Nobody {
    fn is_gone(&self) -> bool {
        false
    }

    fn want_was_split(&self) {}
}

fn planning_time() {
    println!("\n## Planning\n");
    for (variants, locations) in [(10_000_u64, 24_u64), (20_000, 24), (41_667, 24), (240_000, 1)] {
        let mut times = Vec::new();
        let mut tiles = 0;
        for _ in 0..5 {
            let mut density = Density::default();
            density.learn(10_000, 4_000);
            let wants = lacks(1..=variants, locations);
            let started = Instant::now();
            let mut pending = Pending::default();
            pending.add(
                Priority::Interactive,
                wants
                    .iter()
                    .map(|(id, locations)| (*id, Want { waiter: Nobody, locations: Arc::clone(locations) })),
            );
            tiles = std::iter::from_fn(|| pending.choose(&density)).count();
            times.push(started.elapsed());
        }
        times.sort_unstable();
        println!(
            "- {} cells ({variants} x {locations}): {:.1} ms in all, {tiles} tiles",
            variants * locations,
            times[2].as_secs_f64() * 1e3
        );
    }
}

fn bucket_use() {
    println!("\n## A saturated bucket (80 places, 4 a second, 4 left free), 60 driven seconds\n");
    driven().block_on(async {
        let memory = Memory::new(1.0, Duration::from_millis(200));
        let cache = Arc::new(Cache::new(1 << 30, 0));
        let bucket = BucketShape { size: 80.0, leak_per_second: 4.0, headroom: 4.0 };
        let loader = loader(&memory, bucket, &cache);
        let load = loader.load(lacks(1..=100_000, 5)).unwrap();
        let _ = load.finish(Instant::now() + Duration::from_secs(60)).await;
        let allowed = 76.0 + 60.0 * 4.0;
        println!(
            "- {} calls of {allowed} allowed: {:.1} %",
            memory.calls(),
            memory.calls() as f64 / allowed * 100.0
        );
    });
}

fn overhead() {
    println!("\n## Over the critical path of a cold question, real time, upstream of 50 ms\n");
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap();
    runtime.block_on(async {
        let memory = Memory::new(1.0, LATENCY);
        let cache = Arc::new(Cache::new(1 << 30, 0));
        let loader = loader(&memory, UNLIMITED, &cache);
        let (mut direct, mut asked) = (Vec::new(), Vec::new());
        for round in 0..41_u64 {
            let first = round * 1_000 + 1;
            let started = Instant::now();
            let calls = (0..8).map(|part| {
                let from = first + part * 50;
                let variants = (from..from + 50).map(|id| VariantId::new(id).unwrap()).collect();
                let locations = (1..=5).map(|id| LocationId::new(id).unwrap()).collect();
                let call = InventoryCall::after(Arc::new(Tile { variants, locations }), 0);
                Handle::current().spawn(Source(Arc::clone(&memory)).inventory(call, Connection::Pooled))
            });
            futures_util::future::join_all(calls).await;
            direct.push(started.elapsed());
            let started = Instant::now();
            ask(&loader, lacks(first..first + 400, 5)).await;
            asked.push(started.elapsed());
        }
        direct.sort_unstable();
        asked.sort_unstable();
        let (direct, asked) = (direct[20].as_secs_f64() * 1e3, asked[20].as_secs_f64() * 1e3);
        println!(
            "- 400 x 5, 8 calls at once: p50 {asked:.2} ms, the calls alone {direct:.2} ms: {:.2} ms over",
            asked - direct
        );
    });
}

/// Resident set size in bytes.
fn resident() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

fn fill(memory: &Arc<Memory>, cache: &Arc<Cache>, variants: u64, locations: u64, ids_apart: u64) {
    driven().block_on(async {
        let loader = loader(memory, UNLIMITED, cache);
        for first in (1..=variants).step_by(1_000) {
            let ids = (first..(first + 1_000).min(variants + 1)).map(|number| number * ids_apart);
            ask(&loader, lacks(ids, locations)).await;
        }
    });
}

fn bytes_a_cell(arguments: &[String]) {
    let (variants, locations): (u64, u64) = (arguments[0].parse().unwrap(), arguments[1].parse().unwrap());
    let (memory, ids_apart) =
        (Memory::new(arguments[2].parse().unwrap(), Duration::ZERO), arguments[3].parse().unwrap());
    let cache = Arc::new(Cache::new(1 << 34, 0));
    // What the first questions cost once is not the cells'.
    fill(&memory, &cache, 2_000, locations, ids_apart);
    let (before, cells_before) = (resident(), cache.residents().cells());
    fill(&memory, &cache, variants, locations, ids_apart);
    let weighed = cache.residents().bytes() as f64 / cache.residents().cells() as f64;
    let grown = resident().saturating_sub(before) as f64 / (cache.residents().cells() - cells_before) as f64;
    println!(
        "- {variants} x {locations}, density {}, ids {ids_apart} apart: {grown:.0} bytes a cell by RSS, {weighed:.0} as weighed",
        arguments[2]
    );
}

fn flat_under_a_bound() {
    let memory = Memory::new(0.4, Duration::ZERO);
    let cache = Arc::new(Cache::new(256 << 20, 0));
    fill(&memory, &cache, 41_667, 24, 1);
    let at_one = resident();
    let mut most = at_one;
    driven().block_on(async {
        let loader = loader(&memory, UNLIMITED, &cache);
        for first in (41_668..=416_670_u64).step_by(1_000) {
            ask(&loader, lacks(first..first + 1_000, 24)).await;
            most = most.max(resident());
        }
    });
    println!(
        "- RSS {:.0} MiB after 1 M cells, at most {:.0} MiB after; {} cells held, weighing {:.0} MiB",
        at_one as f64 / 1048576.0,
        most as f64 / 1048576.0,
        cache.residents().cells(),
        cache.residents().bytes() as f64 / 1048576.0,
    );
}
