//! What passing through costs: time for each read, memory for a large body, and calls and time of a whole sync.
//!
//! `cargo bench --bench passthrough` takes three minutes, and fails where the gateway costs more than it may. The gateway
//! is a process of its own: this program once more, with the word `gateway` and a configuration.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::float_arithmetic,
    clippy::as_conversions,
    reason = "a benchmark prints, and may stop at the first surprise"
)]

#[path = "support/large_bodies.rs"]
mod large_bodies;
#[path = "support/one_gateway.rs"]
mod one_gateway;
#[path = "support/whole_sync.rs"]
mod whole_sync;

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Client;
use tokio::time::Instant;
use tonkho::sandbox::Sandbox;
use tonkho::sandbox::settings::{BucketSettings, GENERATED_SHOP, SandboxSettings};

use self::large_bodies::{BODY, LargeBodies};
use self::one_gateway::{Gateway, KEY};
use self::whole_sync::{Sync, play};

/// The allocator of the program itself: what it gives back to the system is part of what is measured.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The most that a read may take longer, at the median.
const MOST_OVERHEAD: Duration = Duration::from_millis(1);
/// The most bytes of a large body that the gateway may hold, over what it holds when it does nothing.
const MOST_HELD: u64 = 1 << 20;
/// The most calls, and the most time, of a sync through the gateway for one without it.
const MOST_CALLS: f64 = 1.02;
const MOST_TIME: f64 = 1.05;
/// The most that a second program may add, of the calls and the time of one.
const MOST_OF_SECOND: f64 = 0.5;

/// Bodies at once: an allocator takes memory by the megabyte, so one alone says little.
const BODIES: usize = 8;
/// Reads each way.
const READS: usize = 2_000;
/// So many calls that no bucket is in the way.
const NO_LIMIT: u32 = 10_000;

fn main() {
    // Fails if one is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut words = std::env::args().skip(1);
    if words.next().as_deref() == Some("gateway") {
        one_gateway::serve(&words.next().unwrap());
        return;
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        // All is measured before any of it fails.
        let complaints = [overhead().await, memory().await, syncs().await].concat();
        assert!(complaints.is_empty(), "{complaints:#?}");
    });
}

fn client() -> Client {
    Client::builder().no_proxy().build().unwrap()
}

fn token() -> String {
    format!("sandbox-{GENERATED_SHOP}")
}

/// A Haravan with this bucket, which answers after this time.
fn haravan(bucket: BucketSettings, latency: Duration) -> Sandbox {
    let mut settings = SandboxSettings { workers: 1, ..SandboxSettings::default() };
    for shop in &mut settings.shops {
        shop.bucket = bucket;
        shop.faults.latency_ms = u64::try_from(latency.as_millis()).unwrap();
    }
    Sandbox::start(settings).unwrap()
}

/// Reads the shop in turn directly and through the gateway, and compares the medians.
async fn overhead() -> Vec<String> {
    let no_limit = BucketSettings::new(NO_LIMIT, f64::from(NO_LIMIT));
    let sandbox = haravan(no_limit, Duration::ZERO);
    let gateway = Gateway::start(&sandbox.base_url(), no_limit, Duration::ZERO);
    let (client, token) = (client(), token());
    let mut took = [Vec::new(), Vec::new()];
    for _ in 0..READS {
        for ((base, key), took) in
            [(sandbox.base_url(), token.as_str()), (gateway.shop(), KEY)].into_iter().zip(&mut took)
        {
            let began = Instant::now();
            let answer = client.get(format!("{base}/com/shop.json")).bearer_auth(key).send().await.unwrap();
            assert_eq!(answer.status(), 200);
            answer.bytes().await.unwrap();
            took.push(began.elapsed());
        }
    }
    let [direct, through] = took.map(|mut took| {
        took.sort_unstable();
        took.get(READS / 2).copied().unwrap()
    });
    println!("\n## A read that is passed on\n");
    println!("- directly {direct:?}, through the gateway {through:?}, at the median of {READS}");
    sandbox.stop().await;
    unless(through <= direct + MOST_OVERHEAD, format!("a read takes more than {MOST_OVERHEAD:?} longer"))
}

/// Passes large bodies on, some at once and each way, with a reader that stops for a while; looks at what is held of each.
async fn memory() -> Vec<String> {
    println!("\n## Memory for bodies of {} MiB, {BODIES} at once\n", BODY >> 20);
    let no_limit = BucketSettings::new(NO_LIMIT, f64::from(NO_LIMIT));
    let haravan = LargeBodies::start();
    let gateway = Gateway::start(&haravan.url, no_limit, Duration::ZERO);
    let (client, base) = (client(), gateway.shop());
    let (small, large) = (format!("{base}/com/small.json"), format!("{base}/com/large.json"));
    // What is made once, such as threads and connections, is no part of a body.
    for _ in 0..4 {
        join_all((0..BODIES).map(|_| large_bodies::read(&client, &small))).await;
        join_all((0..BODIES).map(|_| large_bodies::write(&base, "/com/orders.json", 1 << 16))).await;
    }
    let mut complaints = Vec::new();
    for way in ["read", "written"] {
        let idle = gateway.forget_peak();
        if way == "read" {
            let lengths = join_all((0..BODIES).map(|_| large_bodies::read(&client, &large))).await;
            assert!(lengths.iter().all(|length| *length == BODY));
        } else {
            join_all((0..BODIES).map(|_| large_bodies::write(&base, "/com/orders.json", BODY))).await;
        }
        let held = gateway.peak().saturating_sub(idle) / BODIES as u64;
        println!("- {way}: {} KiB held of each, over {} KiB", held >> 10, idle >> 10);
        complaints.extend(unless(held <= MOST_HELD, format!("{way}: more than {MOST_HELD} bytes are held")));
    }
    complaints
}

/// Plays a sync directly, through a gateway, and twice at once through another.
async fn syncs() -> Vec<String> {
    println!("\n## A sync of a whole shop, twice as fast as with Haravan\n");
    println!("| | calls | seconds |");
    println!("|---|---|---|");
    let direct = play("directly", 1, false).await;
    let through = play("through the gateway", 1, true).await;
    let both = play("two programs at once through it", 2, true).await;
    let ratio = |other: &Sync| (other.calls as f64 / direct.calls as f64, other.seconds / direct.seconds);
    let (calls, time) = ratio(&through);
    println!("\n- through the gateway {calls:.3} of the calls and {time:.3} of the time");
    let (more_calls, more_time) = ratio(&both);
    let (more_calls, more_time) = (more_calls - 1.0, more_time - 1.0);
    println!("- the second program adds {more_calls:.3} of the calls and {more_time:.3} of the time");
    assert_eq!(through.rows, direct.rows, "every row comes");
    assert_eq!(both.rows, direct.rows.repeat(2), "every row comes, to both");
    [
        unless(calls <= MOST_CALLS && time <= MOST_TIME, "a sync costs more than it may".to_owned()),
        unless(
            more_calls <= MOST_OF_SECOND && more_time <= MOST_OF_SECOND,
            "a second program adds more than it may".to_owned(),
        ),
    ]
    .concat()
}

/// The complaint, unless all is well.
fn unless(is_well: bool, complaint: String) -> Vec<String> {
    if is_well { Vec::new() } else { vec![complaint] }
}
