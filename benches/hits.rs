//! Hits against what actix does with ready-made bytes, and against nginx's cache with the same: one worker on one
//! core, `wrk` on the other, interleaved rounds, medians; and views over a quarter of a million cells.
//!
//! `cargo bench --bench hits` takes six minutes; `-- beside` measures hits beside long questions alone. It needs
//! `taskset`, `chrt` and `wrk`; nginx is left out where it is not.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::float_arithmetic,
    clippy::as_conversions,
    clippy::indexing_slicing,
    reason = "a benchmark prints, and may stop at the first surprise"
)]

#[path = "support/nginx.rs"]
mod nginx;
#[path = "support/servers.rs"]
mod servers;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use nginx::Nginx;
use reqwest::Client;
use serde_json::Value;
use servers::{KEY, LARGE_SHOP, SMALL_SHOP, Server};
use tokio::time::Instant;

/// As in the program itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUNDS: usize = 9;
const ROWS: [usize; 3] = [1, 50, 250];
/// The processor of who serves, and that of who asks.
const SERVES: &str = "0";
const ASKS: &str = "1";
/// Locations of the questions for rows.
const LOCATIONS: usize = 5;

/// The variants of an order that can be split in more ways than are searched.
const ORDERED: usize = 42;

/// A new combination is one half with another: so many halves there are, and pairs enough that hardly any comes twice.
const HALVES: usize = 2048;

/// A shop as the questions need it.
struct Shop {
    org_id: u64,
    variants: Vec<u64>,
    locations: Vec<u64>,
    /// Rows of each variant at the first [`LOCATIONS`].
    rows: Vec<usize>,
    /// What there is to sell of each variant, over all locations.
    sellable: Vec<f64>,
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    // Fails if one is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match words.first().map(String::as_str) {
        Some("haravan") => runtime.block_on(servers::serve_haravan()),
        Some("gateway") => runtime.block_on(servers::serve_gateway(&words[1])),
        Some("ask") => runtime.block_on(ask(&words[1], &words[2])),
        Some("repeat") => runtime.block_on(repeat(&words[1], &words[2], &words[3], &words[4])),
        Some("ready-bytes") => servers::serve_ready_bytes(&words[1..]),
        _ => runtime.block_on(measure(&words)),
    }
}

async fn measure(words: &[String]) {
    let only_beside = words.iter().any(|word| word == "beside");
    let folder = tempfile::tempdir().unwrap();
    // It shares its processor with whoever measures, and must not hold them up.
    let haravan = Server::start_idle(ASKS, &["haravan"]);
    let gateway = Server::start(SERVES, &["gateway", &haravan.url]);
    let client = Client::builder().no_proxy().no_gzip().build().unwrap();
    let shop = Shop::read(&client, LARGE_SHOP, &haravan.url, &gateway.url).await;
    let small = Shop::read(&client, SMALL_SHOP, &haravan.url, &gateway.url).await;
    let questions: Vec<String> = ROWS.iter().map(|rows| shop.question(*rows)).collect();
    let mut files = Vec::new();
    for (rows, question) in ROWS.iter().zip(&questions) {
        let body = get(&client, &format!("{}{question}", gateway.url)).await;
        let file = folder.path().join(rows.to_string());
        std::fs::write(&file, body).unwrap();
        files.push(file.to_str().unwrap().to_owned());
    }
    if only_beside {
        beside_a_cold_question(&gateway.url, folder.path(), &shop, &questions[1]);
        beside_long_questions(&gateway.url, folder.path(), &shop, &questions[1]);
        return;
    }
    let mut words = vec!["ready-bytes"];
    words.extend(files.iter().map(String::as_str));
    let ceiling = Server::start(SERVES, &words);
    let nginx = Nginx::start(SERVES, folder.path(), &ceiling.url);
    let rounds = Rounds { gateway: &gateway.url, ceiling: &ceiling.url, nginx: nginx.as_ref() };
    rounds.repeated(&questions);
    rounds.combined(folder.path(), &small);
    rounds.combined(folder.path(), &shop);
    beside_a_cold_question(&gateway.url, folder.path(), &shop, &questions[1]);
    beside_long_questions(&gateway.url, folder.path(), &shop, &questions[1]);
    whole_shop(&client, &gateway.url, &shop).await;
}

/// Who is compared.
struct Rounds<'a> {
    gateway: &'a str,
    ceiling: &'a str,
    nginx: Option<&'a Nginx>,
}

impl Rounds<'_> {
    fn repeated(&self, questions: &[String]) {
        println!("\n## A repeated question, against ready-made bytes (at least 0.9) and nginx's cache\n");
        println!("| rows | requests a second | of ready-made bytes | of nginx |\n|---|---|---|---|");
        for (number, question) in questions.iter().enumerate() {
            let (mut ours, mut ceiling, mut nginx) = (Vec::new(), Vec::new(), Vec::new());
            for _ in 0..ROUNDS {
                ceiling.push(requests_a_second(&format!("{}/{number}", self.ceiling), None));
                ours.push(requests_a_second(&format!("{}{question}", self.gateway), None));
                if let Some(server) = self.nginx {
                    nginx.push(requests_a_second(&format!("{}/{number}", server.url), None));
                }
            }
            let of_nginx = self.nginx.map_or("-".to_owned(), |_| ratio(&ours, &nginx));
            let median = median(&mut ours.clone());
            println!("| {} | {median:.0} | {} | {of_nginx} |", ROWS[number], ratio(&ours, &ceiling));
        }
    }

    fn combined(&self, folder: &Path, shop: &Shop) {
        println!(
            "\n## A new combination of cached cells of {} variants (at least 0.7 / 0.6 of ready-made bytes)\n",
            shop.variants.len()
        );
        println!(
            "| rows, about | requests a second | of ready-made bytes | asked for as lengthily |\n|---|---|---|---|"
        );
        for (number, rows) in ROWS.iter().enumerate().skip(1) {
            let script = shop.script(folder, *rows, &shop.path());
            let lengthy = shop.script(folder, *rows, &format!("/{number}"));
            let (mut ours, mut ceiling, mut lengthily) = (Vec::new(), Vec::new(), Vec::new());
            for _ in 0..ROUNDS {
                ceiling.push(requests_a_second(&format!("{}/{number}", self.ceiling), None));
                ours.push(requests_a_second(self.gateway, Some(&script)));
                lengthily.push(requests_a_second(self.ceiling, Some(&lengthy)));
            }
            let median = median(&mut ours.clone());
            println!("| {rows} | {median:.0} | {} | {} |", ratio(&ours, &ceiling), ratio(&ours, &lengthily));
        }
    }
}

fn beside_a_cold_question(gateway: &str, folder: &Path, shop: &Shop, question: &str) {
    println!("\n## FastPath beside a cold question of 10,000 x 24 (p99 at most 5 x p50)\n");
    println!("| round | p50 | p99 | of p50 | the cold question took |\n|---|---|---|---|---|");
    let url = format!("{gateway}{question}");
    let (p50, p99) = latencies(&url);
    println!("| alone | {p50:.0} µs | {p99:.0} µs | {:.1} | - |", p99 / p50);
    let body = folder.join("everything");
    std::fs::write(&body, shop.everything()).unwrap();
    let body = body.to_str().unwrap();
    let mut times = Vec::new();
    for round in 1..=ROUNDS {
        let asking = Server::start_idle(ASKS, &["ask", &format!("{gateway}{}", shop.path()), body]);
        let (p50, p99) = latencies(&url);
        let took: f64 = asking.said().parse().unwrap();
        println!("| {round} | {p50:.0} µs | {p99:.0} µs | {:.1} | {took:.1} s |", p99 / p50);
        times.push(p99 / p50);
    }
    println!("\nMedian: {:.1} x p50", median(&mut times));
}

fn beside_long_questions(gateway: &str, folder: &Path, shop: &Shop, question: &str) {
    println!("\n## The slowest hit beside questions that are long, asked again and again\n");
    println!("| beside | p50 | p99 | slowest |\n|---|---|---|---|");
    let url = format!("{gateway}{question}");
    let show = |beside: &str| {
        let Latencies { p50, p99, slowest } = latencies_of(&url);
        println!("| {beside} | {p50:.0} µs | {p99:.0} µs | {:.1} ms |", slowest / 1e3);
    };
    show("nothing");
    let everything = shop.everything();
    let explained = format!(r#"{{"explain":true,{}"#, &everything[1..]);
    let of_shop = |path: &str| format!("{gateway}/shops/{}/{path}", shop.org_id);
    let long = [
        ("explain of all cells", of_shop("stock"), explained, "application/json", "identity"),
        ("an order of 1,008 cells", of_shop("fulfilment"), shop.order(), "application/json", "identity"),
        ("stock of all cells, CSV", of_shop("stock"), everything.clone(), "text/csv", "identity"),
        ("all rows, brotli", format!("{gateway}{}", shop.path()), everything, "application/json", "br"),
    ];
    for (number, (beside, url, body, accept, coding)) in long.into_iter().enumerate() {
        let file = folder.join(format!("long-{number}"));
        std::fs::write(&file, body).unwrap();
        let _asking = Server::start_idle(ASKS, &["repeat", &url, file.to_str().unwrap(), accept, coding]);
        show(beside);
    }
}

/// Asks a question whose body is in a file again and again, until it is killed.
async fn repeat(url: &str, file: &str, accept: &str, coding: &str) {
    println!();
    let client = Client::builder().no_proxy().no_gzip().build().unwrap();
    let body = std::fs::read(file).unwrap();
    loop {
        let request = client.post(url).bearer_auth(KEY).header("content-type", "application/json");
        let request = request.header("accept", accept).header("accept-encoding", coding);
        let answer = request.body(body.clone()).send().await.unwrap();
        let status = answer.status();
        let body = answer.bytes().await.unwrap();
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
    }
}

/// Asks a question whose body is in a file, past the cache; says how many seconds that took. Sits where it does not
/// take the processor from those who measure, or are measured.
async fn ask(url: &str, file: &str) {
    println!();
    let client = Client::builder().no_proxy().no_gzip().build().unwrap();
    let request = client.post(url).bearer_auth(KEY).header("content-type", "application/json");
    let request = request.header("cache-control", "no-cache").header("prefer", "wait=60");
    let request = request.body(std::fs::read(file).unwrap());
    let started = Instant::now();
    let answer = request.send().await.unwrap();
    let status = answer.status();
    let body = answer.bytes().await.unwrap();
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
    println!("{}", started.elapsed().as_secs_f64());
}

async fn whole_shop(client: &Client, gateway: &str, shop: &Shop) {
    println!(
        "\n## /stock over the whole shop from the cache, one core (at most 30 ms; CSV: first byte in 10 ms)\n"
    );
    for accept in ["application/json", "text/csv"] {
        let (mut first, mut last) = (Vec::new(), Vec::new());
        let mut size = 0;
        for _ in 0..ROUNDS {
            let ask = client.post(format!("{gateway}/shops/{}/stock", shop.org_id)).bearer_auth(KEY);
            let ask = ask.header("accept", accept).header("content-type", "application/json");
            let ask = ask.body(shop.everything());
            let started = Instant::now();
            let mut answer = ask.send().await.unwrap();
            assert_eq!(answer.status(), 200);
            size = answer.chunk().await.unwrap().map_or(0, |chunk| chunk.len());
            first.push(started.elapsed().as_secs_f64() * 1e3);
            while let Some(chunk) = answer.chunk().await.unwrap() {
                size += chunk.len();
            }
            last.push(started.elapsed().as_secs_f64() * 1e3);
        }
        let (first, last) = (median(&mut first), median(&mut last));
        println!("- {accept}: first byte {first:.1} ms, last byte {last:.1} ms, {size} bytes");
    }
}

impl Shop {
    /// Learns what there is, and fills the gateway's cache with it.
    async fn read(client: &Client, org_id: u64, haravan: &str, gateway: &str) -> Self {
        let token = format!("sandbox-{org_id}");
        let listing = |path: String| {
            let request = client.get(format!("{haravan}/com/{path}")).bearer_auth(&token);
            async move { json(request.send().await.unwrap()).await }
        };
        let ids = |list: &Value| {
            list.as_array().unwrap().iter().map(|item| item["id"].as_u64().unwrap()).collect::<Vec<_>>()
        };
        let mut locations = ids(&listing("locations.json".to_owned()).await["locations"]);
        let mut variants = Vec::new();
        for page in 1.. {
            let products = listing(format!("products.json?page={page}&fields=id,variants")).await;
            let products = products["products"].as_array().unwrap().clone();
            if products.is_empty() {
                break;
            }
            variants.extend(products.iter().flat_map(|product| ids(&product["variants"])));
        }
        locations.sort_unstable();
        variants.sort_unstable();
        let sellable = vec![0.0; variants.len()];
        let mut shop = Self { org_id, rows: vec![0; variants.len()], sellable, variants, locations };
        let body = shop.everything();
        let url = format!("{gateway}{}", shop.path());
        let filled = client.post(url).bearer_auth(KEY).header("content-type", "application/json");
        let filled = filled.header("prefer", "wait=60").body(body).send().await.unwrap();
        let filled = json(filled).await;
        for row in filled["inventory_locations"].as_array().expect("rows") {
            let variant = shop.variants.binary_search(&row["variant_id"].as_u64().unwrap()).unwrap();
            if shop.locations[..LOCATIONS].contains(&row["loc_id"].as_u64().unwrap()) {
                shop.rows[variant] += 1;
            }
            shop.sellable[variant] += row["qty_available"].as_f64().unwrap().max(0.0);
        }
        shop
    }

    /// A question with exactly so many rows.
    fn question(&self, rows: usize) -> String {
        for first in 0..self.variants.len() {
            let mut sum = 0;
            let last = (first..self.variants.len()).find(|at| {
                sum += self.rows[*at];
                rows <= sum
            });
            if let (Some(last), true) = (last, sum == rows) {
                return format!(
                    "{}{}",
                    self.path(),
                    query(&list(&self.variants[first..=last]), &self.locations())
                );
            }
        }
        panic!("no run of variants has {rows} rows");
    }

    /// A script for `wrk` that asks a path for other variants each time, with about so many rows. It does no
    /// more than to join strings, so that whoever answers is what is measured.
    fn script(&self, folder: &Path, rows: usize, path: &str) -> PathBuf {
        let density = self.rows.iter().sum::<usize>() as f64 / self.rows.len() as f64;
        let half = (rows as f64 / density / 2.0).round() as usize;
        let mut random = fastrand::Rng::with_seed(7);
        let mut script = "local halves={".to_owned();
        for _ in 0..HALVES {
            write!(script, "'{}',", list(&random.choose_multiple(self.variants.iter().copied(), half)))
                .unwrap();
        }
        let query = query("'..halves[random(#halves)]..','..halves[random(#halves)]..'", &self.locations());
        write!(
            script,
            "}}\nlocal random=math.random\nmath.randomseed(7)\nrequest=function()\n \
             return 'GET {path}{query} HTTP/1.1\\r\\nHost: localhost\\r\\nAuthorization: Bearer {KEY}\\r\\n\\r\\n'\nend\n"
        )
        .unwrap();
        let file = folder.join(format!("combined-{rows}-{}.lua", path.len()));
        std::fs::write(&file, script).unwrap();
        file
    }

    fn path(&self) -> String {
        format!("/shops/{}/com/inventory_locations.json", self.org_id)
    }

    /// The locations that questions for rows name.
    fn locations(&self) -> String {
        list(&self.locations[..LOCATIONS])
    }

    /// The body of an order of the variants that there is most of: enough of each that no location has it alone.
    fn order(&self) -> String {
        let mut most: Vec<usize> = (0..self.variants.len()).collect();
        most.sort_by(|left, right| self.sellable[*right].total_cmp(&self.sellable[*left]));
        let line = |variant: &usize| {
            let quantity = (self.sellable[*variant] * 0.4).floor().max(1.0);
            format!(r#"{{"variant_id":{},"quantity":{quantity}}}"#, self.variants[*variant])
        };
        let lines: Vec<String> = most.iter().take(ORDERED).map(line).collect();
        format!(r#"{{"lines":[{}],"location_ids":"{}"}}"#, lines.join(","), list(&self.locations))
    }

    /// The body of a question for the whole shop.
    fn everything(&self) -> String {
        let (variants, locations) = (list(&self.variants), list(&self.locations));
        format!(r#"{{"variant_ids":"{variants}","location_ids":"{locations}"}}"#)
    }
}

fn query(variants: &str, locations: &str) -> String {
    format!("?variant_ids={variants}&location_ids={locations}")
}

fn list(ids: &[u64]) -> String {
    ids.iter().map(u64::to_string).collect::<Vec<_>>().join(",")
}

async fn json(answer: reqwest::Response) -> Value {
    assert_eq!(answer.status(), 200);
    serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
}

async fn get(client: &Client, url: &str) -> Vec<u8> {
    let answer = client.get(url).bearer_auth(KEY).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.bytes().await.unwrap().to_vec()
}

fn wrk(url: &str, script: Option<&Path>, seconds: u32) -> String {
    let mut command = Command::new("taskset");
    command.args(["-c", ASKS, "wrk", "-t1", "-c16", "--latency"]).arg(format!("-d{seconds}s"));
    command.args(["-H", &format!("Authorization: Bearer {KEY}")]);
    if let Some(script) = script {
        command.arg("-s").arg(script);
    }
    let output = command.arg(url).output().expect("wrk (on Debian: apt-get install wrk)");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!text.contains("Non-2xx"), "{text}");
    text
}

fn requests_a_second(url: &str, script: Option<&Path>) -> f64 {
    let text = wrk(url, script, 1);
    let rate = text.lines().find_map(|line| line.strip_prefix("Requests/sec:"));
    rate.unwrap().trim().parse().unwrap()
}

/// The median and the 99th percentile, in microseconds.
fn latencies(url: &str) -> (f64, f64) {
    let Latencies { p50, p99, .. } = latencies_of(url);
    (p50, p99)
}

/// How long answers took, in microseconds.
struct Latencies {
    p50: f64,
    p99: f64,
    slowest: f64,
}

fn latencies_of(url: &str) -> Latencies {
    let text = wrk(url, None, 3);
    let line = |name: &str| text.lines().find_map(|line| line.trim().strip_prefix(name)).unwrap().trim();
    // `Latency` is followed by the average, the deviation, the maximum and a share.
    let slowest = text.lines().find_map(|line| line.trim().strip_prefix("Latency   ")).unwrap();
    Latencies {
        p50: microseconds(line("50%")),
        p99: microseconds(line("99%")),
        slowest: microseconds(slowest.split_whitespace().nth(2).unwrap()),
    }
}

fn microseconds(text: &str) -> f64 {
    let split = text.find(|letter: char| letter.is_alphabetic()).unwrap();
    let (number, unit) = text.split_at(split);
    let unit = match unit {
        "us" => 1.0,
        "ms" => 1e3,
        _ => 1e6,
    };
    number.parse::<f64>().unwrap() * unit
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The median of the rounds' ratios.
fn ratio(ours: &[f64], theirs: &[f64]) -> String {
    let mut ratios: Vec<f64> = ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect();
    format!("{:.2}", median(&mut ratios))
}
