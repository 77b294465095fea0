//! A program that copies a whole shop: products page by page, then rows, 50 variants and 20 locations at a time.
//!
//! Everything is twice as fast as with Haravan: the bucket, its answers, and how long a cell is fresh. Much faster, and
//! the milliseconds that the gateway waits for questions to join would look like more than they are.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and may stop at the first surprise"
)]

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Client;
use serde_json::Value;
use tokio::time::Instant;
use tonkho::sandbox::settings::{BucketSettings, GENERATED_SHOP};

use super::one_gateway::{Gateway, KEY};
use super::{client, haravan, token};

/// Haravan's 4 a second, 2 s of `Retry-After`, 250 ms for an answer, and the 15 s that a cell is fresh.
const BUCKET: BucketSettings = BucketSettings { size: 80, leak_per_second: 8.0, retry_after_ms: 1_000 };
const LATENCY: Duration = Duration::from_millis(125);
const FRESH: Duration = Duration::from_millis(7_500);

const VARIANTS: usize = 50;
const LOCATIONS: usize = 20;
/// The most rows of a page.
const PAGE: usize = 250;

/// What a sync cost, and the ids of the rows that it found.
pub(crate) struct Sync {
    pub(crate) calls: u64,
    pub(crate) seconds: f64,
    pub(crate) rows: Vec<u64>,
}

/// Plays some programs at once against a shop that nobody has asked yet, and prints what it cost.
pub(crate) async fn play(name: &str, programs: usize, through: bool) -> Sync {
    let sandbox = haravan(BUCKET, LATENCY);
    let gateway = through.then(|| Gateway::start(&sandbox.base_url(), BUCKET, FRESH));
    let (base, key) = match &gateway {
        Some(gateway) => (gateway.shop(), KEY.to_owned()),
        None => (sandbox.base_url(), token()),
    };
    let began = Instant::now();
    let rows = join_all((0..programs).map(|_| Program::new(&base, &key).copies())).await.concat();
    let seconds = began.elapsed().as_secs_f64();
    let calls = sandbox.shop(GENERATED_SHOP).unwrap().counters().requests;
    println!("| {name} | {calls} | {seconds:.2} |");
    sandbox.stop().await;
    Sync { calls, seconds, rows }
}

/// One program, which asks one question after the other.
struct Program {
    client: Client,
    base: String,
    key: String,
}

impl Program {
    fn new(base: &str, key: &str) -> Self {
        Self { client: client(), base: base.to_owned(), key: key.to_owned() }
    }

    async fn copies(self) -> Vec<u64> {
        let mut variants = Vec::new();
        for page in 1.. {
            let products = self.list("products", &format!("products.json?limit=50&page={page}")).await;
            if products.is_empty() {
                break;
            }
            for product in &products {
                variants.extend(ids(product.get("variants").unwrap().as_array().unwrap()));
            }
        }
        let locations = ids(&self.list("locations", "locations.json?limit=50").await);
        let mut rows = Vec::new();
        for variants in variants.chunks(VARIANTS) {
            for locations in locations.chunks(LOCATIONS) {
                rows.extend(self.rows(variants, locations).await);
            }
        }
        rows.sort_unstable();
        rows
    }

    /// The ids of the rows of a question, going on after the last until a page is short.
    async fn rows(&self, variants: &[u64], locations: &[u64]) -> Vec<u64> {
        let list = |ids: &[u64]| ids.iter().map(u64::to_string).collect::<Vec<_>>().join(",");
        let grid = format!("variant_ids={}&location_ids={}", list(variants), list(locations));
        let mut rows: Vec<u64> = Vec::new();
        loop {
            let since = rows.last().copied().unwrap_or(0);
            let page = format!("limit={PAGE}&order=id&direction=asc&since_id={since}");
            let page =
                self.list("inventory_locations", &format!("inventory_locations.json?{grid}&{page}")).await;
            rows.extend(ids(&page));
            if page.len() < PAGE {
                return rows;
            }
        }
    }

    /// Asks, and waits where it is told to.
    async fn list(&self, name: &str, path: &str) -> Vec<Value> {
        loop {
            let url = format!("{}/com/{path}", self.base);
            let answer = self.client.get(url).bearer_auth(&self.key).send().await.unwrap();
            if answer.status() == 429 {
                let wait = answer.headers().get("retry-after").unwrap().to_str().unwrap();
                tokio::time::sleep(Duration::from_secs_f64(wait.parse().unwrap())).await;
                continue;
            }
            assert_eq!(answer.status(), 200);
            let answer: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
            return answer.get(name).unwrap().as_array().unwrap().clone();
        }
    }
}

fn ids(items: &[Value]) -> Vec<u64> {
    items.iter().map(|item| item.get("id").unwrap().as_u64().unwrap()).collect()
}
