//! What real programs spend: their questions put to the local Haravan directly, and through the gateway, one after the
//! other, with the calls of both counted beside each other.
//!
//! `cargo bench --bench programs` takes seconds, and fails where the gateway spends more.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::float_arithmetic,
    clippy::as_conversions,
    reason = "a benchmark prints, and may stop at the first surprise"
)]

use std::collections::BTreeSet;

use reqwest::Client;
use secrecy::SecretString;
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonkho::app::App;
use tonkho::domain::access::{KeyDigest, Scope, ShopAccess};
use tonkho::domain::id::OrgId;
use tonkho::sandbox::Sandbox;
use tonkho::sandbox::handle::ShopHandle;
use tonkho::sandbox::settings::{
    BucketSettings, GENERATED_SHOP, GeneratedSettings, SandboxSettings, ShopData,
};
use tonkho::settings::Settings;
use tonkho::settings::base_url::BaseUrl;
use tonkho::settings::keys::KeySettings;
use tonkho::settings::sections::RateSettings;
use tonkho::settings::shops::ShopSettings;

const KEY: &str = "tk_bench";

/// So many calls that no bucket is in the way.
const NO_LIMIT: u32 = 1_000_000;

/// Most calls through the gateway for one without it, after the shop's first question.
const MOST: f64 = 1.02;

/// Questions of a program.
const QUESTIONS: usize = 100;

/// How a program asks.
#[derive(Debug, Clone, Copy)]
struct Program {
    name: &'static str,
    variants: usize,
    locations: usize,
    /// What else it says; it goes on by `since_id` until a page is short if it says `since_id`.
    more: &'static str,
    questions: usize,
}

const PROGRAMS: [Program; 5] = [
    Program { name: "1 x 10", variants: 1, locations: 10, more: "", questions: QUESTIONS },
    Program { name: "4 x 10", variants: 4, locations: 10, more: "", questions: QUESTIONS },
    Program { name: "50 x 1", variants: 50, locations: 1, more: "", questions: QUESTIONS },
    Program {
        name: "50 x 24, limit=250",
        variants: 50,
        locations: 24,
        more: "&limit=250",
        questions: QUESTIONS,
    },
    Program {
        name: "20 x 50, by since_id, limit=50",
        variants: 20,
        locations: 50,
        more: "&limit=50&order=id&direction=asc&since_id=",
        questions: QUESTIONS / 5,
    },
];

/// A running gateway and the Haravan behind it.
struct Stage {
    sandbox: Sandbox,
    gateway: String,
    client: Client,
    stop: oneshot::Sender<()>,
    running: JoinHandle<()>,
}

impl Stage {
    fn set(program: &Program, density: f64) -> Self {
        let variants = program.variants * (program.questions + 1);
        let stock = GeneratedSettings {
            variants,
            products: variants.div_ceil(3),
            locations: program.locations,
            density,
            ..GeneratedSettings::default()
        };
        let mut behind = SandboxSettings { workers: 1, ..SandboxSettings::default() };
        for shop in &mut behind.shops {
            shop.bucket = BucketSettings::new(NO_LIMIT, f64::from(NO_LIMIT));
            if shop.org_id == GENERATED_SHOP {
                shop.data = ShopData::Generated(stock.clone());
            }
        }
        let sandbox = Sandbox::start(behind).unwrap();
        let mut settings = Settings::default();
        settings.server.listen = "127.0.0.1:0".parse().unwrap();
        settings.server.workers = Some(1);
        settings.haravan.base_url = BaseUrl::parse(&sandbox.base_url()).unwrap();
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
            token: SecretString::from(token()),
            hosts: Vec::new(),
            rate: RateSettings {
                bucket: NO_LIMIT,
                leak_per_second: f64::from(NO_LIMIT),
                ..RateSettings::default()
            },
            cache: settings.cache,
            low_stock_threshold: 5.into(),
            exclude_locations: Vec::new(),
        });
        let app = App::build(settings).unwrap();
        let gateway = format!("http://{}/shops/{GENERATED_SHOP}", app.addr());
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(async move {
            app.run_until(async { drop(stopped.await) }).await.unwrap();
        });
        Self { sandbox, gateway, client: Client::builder().no_proxy().build().unwrap(), stop, running }
    }

    fn shop(&self) -> ShopHandle {
        self.sandbox.shop(GENERATED_SHOP).unwrap()
    }

    fn calls(&self) -> u64 {
        self.shop().counters().inventory
    }

    /// Asks what a program asks with one of its questions: the ids of the rows that came, in order.
    async fn ask(&self, base: &str, key: &str, program: &Program, question: usize) -> Vec<u64> {
        let (variants, locations) = (self.shop().variant_ids(), self.shop().location_ids());
        let list = |ids: &[u64]| ids.iter().map(u64::to_string).collect::<Vec<_>>().join(",");
        let from = question * program.variants;
        let variants = list(variants.get(from..from + program.variants).unwrap());
        let grid = format!("variant_ids={variants}&location_ids={}{}", list(&locations), program.more);
        let pages = program.more.ends_with("since_id=");
        let mut ids: Vec<u64> = Vec::new();
        loop {
            let since = if pages { ids.last().copied().unwrap_or(0).to_string() } else { String::new() };
            let url = format!("{base}/com/inventory_locations.json?{grid}{since}");
            let answer = self.client.get(url).bearer_auth(key).send().await.unwrap();
            assert_eq!(answer.status(), 200);
            let answer: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
            let rows = answer.get("inventory_locations").unwrap().as_array().unwrap();
            ids.extend(rows.iter().map(|row| row.get("id").unwrap().as_u64().unwrap()));
            if !pages || rows.len() < 50 {
                return ids;
            }
        }
    }

    async fn strike(self) {
        let _ = self.stop.send(());
        self.running.await.unwrap();
        self.sandbox.stop().await;
    }
}

fn token() -> String {
    format!("sandbox-{GENERATED_SHOP}")
}

#[tokio::main]
async fn main() {
    // Fails if one is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    println!("\n## Calls of programs, one question after the other, cold, after the shop's first\n");
    println!("| each question | density | directly | through the gateway | ratio | first question |");
    println!("|---|---|---|---|---|---|");
    let mut worst: f64 = 0.0;
    for program in PROGRAMS {
        for density in [1.0, 0.8, 0.4, 0.1] {
            worst = worst.max(replay(&program, density).await);
        }
    }
    println!("\n- at worst {worst:.3} calls for one");
    assert!(worst <= MOST, "more than {MOST}");
}

/// Plays a program both ways, prints what it cost, and gives back the ratio.
async fn replay(program: &Program, density: f64) -> f64 {
    let stage = Stage::set(program, density);
    let haravan = stage.sandbox.base_url();
    let mut rows = Vec::new();
    let mut direct = 0;
    for question in 0..=program.questions {
        let before = stage.calls();
        rows.push(stage.ask(&haravan, &token(), program, question).await);
        direct += if question == 0 { 0 } else { stage.calls() - before };
    }
    let (mut first, mut through) = (0, 0);
    for (question, expected) in rows.iter().enumerate() {
        let before = stage.calls();
        let mut came = stage.ask(&stage.gateway, KEY, program, question).await;
        let cost = stage.calls() - before;
        let mut expected = expected.clone();
        // Haravan's own order is unspecified where none is asked for, and with it what a full page holds.
        if program.more.contains("order") || expected.len() < 250 {
            came.sort_unstable();
            expected.sort_unstable();
            assert_eq!(came, expected, "question {question}");
        }
        *(if question == 0 { &mut first } else { &mut through }) += cost;
    }
    let ratio = through as f64 / direct as f64;
    println!("| {} | {density} | {direct} | {through} | {ratio:.3} | {first} |", program.name);
    stage.strike().await;
    ratio
}
