//! The servers of the hit benchmark, each a process of its own: this program once more, with a word that says which.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark may stop at the first surprise"
)]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use actix_web::web::{self, Bytes};
use actix_web::{App as Routes, HttpResponse, HttpServer};
use secrecy::SecretString;
use tonkho::app::App;
use tonkho::domain::access::{KeyDigest, Scope, ShopAccess};
use tonkho::domain::id::OrgId;
use tonkho::sandbox::Sandbox;
use tonkho::sandbox::settings::{
    BucketSettings, GENERATED_SHOP, GeneratedSettings, SandboxSettings, ShopData, ShopSettings,
};
use tonkho::settings::Settings;
use tonkho::settings::base_url::BaseUrl;
use tonkho::settings::keys::KeySettings;
use tonkho::settings::sections::{CacheSettings, RateSettings};

pub(crate) const KEY: &str = "tk_bench";

/// A bucket that leaks as many calls as anybody likes, and has a size that real ones may have: each hit says it.
const PLACES: u32 = 1_000;
const LEAK_PER_SECOND: f64 = 10_000.0;
/// A large shop, most of whose cells have no row.
pub(crate) const LARGE_SHOP: u64 = GENERATED_SHOP;
const LARGE: (usize, usize) = (10_000, 24);
/// A small one, all of whose cells have one.
pub(crate) const SMALL_SHOP: u64 = 3000;
const SMALL: (usize, usize) = (500, 5);

/// A process that serves; killed when dropped.
pub(crate) struct Server {
    child: Child,
    /// What it says of itself when it is ready: its URL.
    pub(crate) url: String,
    said: BufReader<ChildStdout>,
}

impl Server {
    /// Starts this program once more, on this processor.
    pub(crate) fn start(processor: &str, words: &[&str]) -> Self {
        Self::run(&["taskset", "-c", processor], words)
    }

    /// The same, but so that whoever else wants the processor has it first.
    pub(crate) fn start_idle(processor: &str, words: &[&str]) -> Self {
        Self::run(&["chrt", "--idle", "0", "taskset", "-c", processor], words)
    }

    fn run(launcher: &[&str], words: &[&str]) -> Self {
        let (program, arguments) = launcher.split_first().unwrap();
        let mut command = Command::new(program);
        command.args(arguments).arg(std::env::current_exe().unwrap()).args(words);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("taskset and chrt, of util-linux");
        let mut said = BufReader::new(child.stdout.take().unwrap());
        let mut url = String::new();
        said.read_line(&mut url).unwrap();
        Self { child, url: url.trim().to_owned(), said }
    }

    /// The next line that it says.
    pub(crate) fn said(mut self) -> String {
        let mut line = String::new();
        self.said.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Fails if it has ended by itself, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A Haravan without a call limit.
pub(crate) async fn serve_haravan() {
    let mut settings = SandboxSettings { workers: 1, ..SandboxSettings::default() };
    let generated = |(variants, locations), density| {
        let products = variants / 3;
        GeneratedSettings { variants, locations, products, density, ..GeneratedSettings::default() }
    };
    let density = GeneratedSettings::default().density;
    settings.shops = vec![
        ShopSettings::new(LARGE_SHOP, ShopData::Generated(generated(LARGE, density))),
        ShopSettings::new(SMALL_SHOP, ShopData::Generated(generated(SMALL, 1.0))),
    ];
    for shop in &mut settings.shops {
        shop.bucket = BucketSettings::new(PLACES, LEAK_PER_SECOND);
    }
    let sandbox = Sandbox::start(settings).unwrap();
    println!("{}", sandbox.base_url());
    std::future::pending::<()>().await;
}

/// A gateway with one worker, whose cells stay fresh for the whole benchmark.
pub(crate) async fn serve_gateway(haravan: &str) {
    let mut settings = Settings::default();
    settings.server.listen = "127.0.0.1:0".parse().unwrap();
    settings.server.workers = Some(1);
    settings.haravan.base_url = BaseUrl::parse(haravan).unwrap();
    settings.cache.fresh = Duration::from_secs(3600);
    settings.keys.push(KeySettings {
        name: "bench".to_owned(),
        sha256: KeyDigest::of_key(KEY),
        shops: ShopAccess::All,
        scopes: BTreeSet::from([Scope::Read]),
        requests_per_second: None,
        max_age: None,
    });
    settings.shops = [LARGE_SHOP, SMALL_SHOP].map(|org_id| shop_settings(org_id, settings.cache)).into();
    let app = App::build(settings).unwrap();
    println!("http://{}", app.addr());
    app.run_until(std::future::pending()).await.unwrap();
}

fn shop_settings(org_id: u64, cache: CacheSettings) -> tonkho::settings::shops::ShopSettings {
    tonkho::settings::shops::ShopSettings {
        org_id: OrgId::new(org_id).unwrap(),
        name: None,
        token: SecretString::from(format!("sandbox-{org_id}")),
        hosts: Vec::new(),
        rate: RateSettings { bucket: PLACES, leak_per_second: LEAK_PER_SECOND, ..RateSettings::default() },
        cache,
        low_stock_threshold: 5.into(),
        exclude_locations: Vec::new(),
    }
}

/// The ceiling: what actix does when there is nothing to do but to send bytes. `/0` is the first file, and so on.
pub(crate) fn serve_ready_bytes(files: &[String]) {
    let bodies: Vec<Bytes> = files.iter().map(|file| std::fs::read(file).unwrap().into()).collect();
    let served = actix_web::rt::System::new().block_on(async move {
        let server = HttpServer::new(move || {
            bodies.iter().enumerate().fold(Routes::new(), |routes, (number, body)| {
                let body = body.clone();
                let answer = move || {
                    let body = body.clone();
                    async move { HttpResponse::Ok().content_type("application/json").body(body) }
                };
                routes.route(&format!("/{number}"), web::get().to(answer))
            })
        });
        let server = server.workers(1).bind("127.0.0.1:0").unwrap();
        println!("http://{}", server.addrs().first().unwrap());
        server.run().await
    });
    served.unwrap();
}
