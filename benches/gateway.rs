//! The whole gateway over HTTP, in front of the local Haravan: cold questions, and a saturated bucket in real time.
//!
//! `cargo bench --bench gateway` takes a good minute, most of it spent watching the bucket.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::float_arithmetic,
    clippy::as_conversions,
    reason = "a benchmark prints, and may stop at the first surprise"
)]

use std::collections::BTreeSet;
use std::time::Duration;

use reqwest::Client;
use secrecy::SecretString;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tonkho::app::App;
use tonkho::domain::access::{KeyDigest, Scope, ShopAccess};
use tonkho::domain::id::OrgId;
use tonkho::sandbox::Sandbox;
use tonkho::sandbox::handle::ShopHandle;
use tonkho::sandbox::settings::{BucketSettings, GENERATED_SHOP, SandboxSettings};
use tonkho::settings::Settings;
use tonkho::settings::base_url::BaseUrl;
use tonkho::settings::keys::KeySettings;
use tonkho::settings::sections::RateSettings;
use tonkho::settings::shops::ShopSettings;

const KEY: &str = "tk_bench";

/// A running gateway and the Haravan behind it.
struct Stage {
    sandbox: Sandbox,
    base_url: String,
    client: Client,
    stop: oneshot::Sender<()>,
    running: JoinHandle<()>,
}

impl Stage {
    /// Both sides with this bucket.
    fn set(size: u32, leak_per_second: f64) -> Self {
        let mut behind = SandboxSettings::default();
        for shop in &mut behind.shops {
            shop.bucket = BucketSettings::new(size, leak_per_second);
        }
        let sandbox = Sandbox::start(behind).unwrap();
        let mut settings = Settings::default();
        settings.server.listen = "127.0.0.1:0".parse().unwrap();
        settings.haravan.base_url = BaseUrl::parse(&sandbox.base_url()).unwrap();
        settings.limits.max_wait = Duration::from_secs(600);
        settings.keys.push(KeySettings {
            name: "bench".to_owned(),
            sha256: KeyDigest::of_key(KEY),
            shops: ShopAccess::All,
            scopes: BTreeSet::from([Scope::Read]),
            requests_per_second: None,
            max_age: None,
        });
        settings.shops.push(ShopSettings {
            org_id: OrgId::new(GENERATED_SHOP).unwrap(),
            name: None,
            token: SecretString::from(format!("sandbox-{GENERATED_SHOP}")),
            hosts: Vec::new(),
            rate: RateSettings { bucket: size, leak_per_second, ..RateSettings::default() },
            cache: settings.cache,
            low_stock_threshold: 5.into(),
            exclude_locations: Vec::new(),
        });
        let app = App::build(settings).unwrap();
        let base_url = format!("http://{}", app.addr());
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(async move {
            app.run_until(async { drop(stopped.await) }).await.unwrap();
        });
        Self { sandbox, base_url, client: Client::new(), stop, running }
    }

    fn shop(&self) -> ShopHandle {
        self.sandbox.shop(GENERATED_SHOP).unwrap()
    }

    /// Asks for a grid, and gives back the answer's status and the time it took.
    async fn ask(&self, variants: &[u64], locations: &[u64], more: &str) -> (u16, Duration) {
        let list = |ids: &[u64]| ids.iter().map(u64::to_string).collect::<Vec<_>>().join(",");
        let body =
            format!(r#"{{"variant_ids":"{}","location_ids":"{}"{more}}}"#, list(variants), list(locations));
        let url = format!("{}/shops/{GENERATED_SHOP}/com/inventory_locations.json", self.base_url);
        let started = Instant::now();
        let request = self.client.post(url).bearer_auth(KEY).header("content-type", "application/json");
        let answer = request.header("prefer", "wait=60").body(body).send().await.unwrap();
        let status = answer.status().as_u16();
        answer.bytes().await.unwrap();
        (status, started.elapsed())
    }

    async fn strike(self) {
        let _ = self.stop.send(());
        self.running.await.unwrap();
        self.sandbox.stop().await;
    }
}

#[tokio::main]
async fn main() {
    // Fails if one is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    cold_question().await;
    saturated_bucket().await;
}

async fn cold_question() {
    println!("\n## A cold question: 500 variants x 5 locations, 200 ms upstream\n");
    let stage = Stage::set(1_000_000, 1_000_000.0);
    let shop = stage.shop();
    shop.update_faults(|faults| faults.latency_ms = 200);
    let (variants, locations) = (shop.variant_ids(), shop.location_ids());
    let mut times = Vec::new();
    for part in variants.chunks_exact(500).take(9) {
        let (status, time) = stage.ask(part, locations.get(..5).unwrap(), "").await;
        assert_eq!(status, 200);
        times.push(time.as_secs_f64() * 1e3);
    }
    let calls = shop.counters().inventory as f64 / times.len() as f64;
    times.sort_by(f64::total_cmp);
    let median = times.get(4).unwrap();
    println!(
        "- median {median:.0} ms with {calls:.1} calls each: {:.2} x 200 ms (less than 3 x)",
        median / 200.0
    );
    stage.strike().await;
}

async fn saturated_bucket() {
    println!("\n## A saturated bucket (80 places, 4 a second, 4 left free), 60 real seconds\n");
    let stage = Stage::set(80, 4.0);
    let shop = stage.shop();
    shop.update_faults(|faults| faults.latency_ms = 50);
    let (variants, locations) = (shop.variant_ids(), shop.location_ids());
    // Nothing is ever fetched twice, and pages are short: more calls are wanted than the bucket can give.
    shop.update_faults(|faults| faults.page_clamp = Some(50));
    let (status, time) = stage.ask(&variants, &locations, r#","partial":true"#).await;
    let counters = shop.counters();
    let allowed = 76.0 + 4.0 * time.as_secs_f64();
    println!(
        "- {} calls in {:.1} s (answer {status}), {allowed:.0} allowed: {:.1} % used, {} refused with 429",
        counters.requests,
        time.as_secs_f64(),
        counters.requests as f64 / allowed * 100.0,
        counters.throttled,
    );
    stage.strike().await;
}
