//! A gateway and a Haravan to test: started on ports that the system chooses, stopped when dropped.

use std::collections::BTreeSet;
use std::future::IntoFuture;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::time::Duration;

use reqwest::header::HeaderValue;
use reqwest::{Client, Method, RequestBuilder};
use secrecy::SecretString;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, block_in_place};
use tonkho::app::{App, AppError};
use tonkho::clock::Clock;
use tonkho::domain::access::{KeyDigest, Scope, ShopAccess};
use tonkho::domain::id::OrgId;
use tonkho::domain::id::host::HostName;
use tonkho::sandbox::Sandbox;
use tonkho::sandbox::faults::{Failure, Faults};
use tonkho::sandbox::handle::ShopHandle;
use tonkho::sandbox::settings::{BucketSettings, GeneratedSettings, SandboxSettings, ShopData};
use tonkho::settings::Settings;
use tonkho::settings::base_url::BaseUrl;
use tonkho::settings::keys::KeySettings;
use tonkho::settings::shops::ShopSettings;

use crate::answer::Answer;

/// The shop of the documentation's example.
pub(crate) const EXAMPLE: u64 = 1000;
/// The shop with generated stock.
pub(crate) const GENERATED: u64 = 2000;

/// The key with every scope for every shop: used where a test does not say otherwise.
pub(crate) const TK_ALL: &str = "tk_all";
/// Reads shop 1000 and no other.
pub(crate) const TK_ONE: &str = "tk_one";
/// Reads every shop, and may do nothing else.
pub(crate) const TK_READER: &str = "tk_reader";
/// Has paths forwarded, and may do nothing else.
pub(crate) const TK_HARAVAN: &str = "tk_haravan";
/// Sees states and empties caches, and may do nothing else.
pub(crate) const TK_ADMIN: &str = "tk_admin";
/// Does everything, but only in shop 1000.
pub(crate) const TK_ONE_ADMIN: &str = "tk_one_admin";

/// Where the both variants of the example have rows.
pub(crate) const EXAMPLE_QUERY: &str = "location_ids=963414,1007284&variant_ids=1061514767,1064240649";

/// So many calls, and so many a second, that no bucket is in the way.
const NO_LIMIT: u32 = 10_000;

/// A gateway that runs, and the Haravan it asks.
pub(crate) struct TestApp {
    addr: SocketAddr,
    clock: Clock,
    sandbox: Option<Sandbox>,
    http: Client,
    runtime: Handle,
    stop: Option<oneshot::Sender<()>>,
    ended: Option<JoinHandle<Result<(), AppError>>>,
}

/// A gateway in the making.
pub(crate) struct Builder {
    settings: Settings,
    haravan: SandboxSettings,
    /// Hosts that mean a shop.
    hosts: Vec<(u64, HostName)>,
}

/// A request in the making; awaiting it sends it.
pub(crate) struct Ask(RequestBuilder);

impl TestApp {
    /// A gateway with nothing special to it.
    pub(crate) async fn spawn() -> Self {
        Self::builder().spawn().await
    }

    /// A gateway whose call limits are out of the way, over a Haravan where nothing goes wrong.
    pub(crate) fn builder() -> Builder {
        let mut haravan = SandboxSettings { workers: 1, ..SandboxSettings::default() };
        for shop in &mut haravan.shops {
            shop.bucket = BucketSettings::new(NO_LIMIT, f64::from(NO_LIMIT));
        }
        let mut settings = Settings::default();
        settings.server.listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        settings.server.workers = Some(2);
        // Whoever waits for the end says so.
        settings.server.shutdown_grace = Duration::ZERO;
        settings.rate.bucket = NO_LIMIT;
        settings.rate.leak_per_second = f64::from(NO_LIMIT);
        settings.rate.headroom = 0;
        let all = ShopAccess::All;
        let one = ShopAccess::Only(BTreeSet::from([org(EXAMPLE)]));
        settings.keys = vec![
            key(TK_ALL, all.clone(), &Scope::ALL),
            key(TK_ONE, one.clone(), &[Scope::Read]),
            key(TK_READER, all.clone(), &[Scope::Read]),
            key(TK_HARAVAN, all.clone(), &[Scope::Haravan]),
            key(TK_ADMIN, all, &[Scope::Admin]),
            key(TK_ONE_ADMIN, one, &Scope::ALL),
        ];
        let small = GeneratedSettings { variants: 300, products: 120, ..GeneratedSettings::default() };
        Builder { settings, haravan, hosts: Vec::new() }.generated(small)
    }

    /// Sends bytes as they are over a connection of their own, and reads until it is closed.
    pub(crate) async fn raw(&self, request: &[u8]) -> String {
        String::from_utf8(self.raw_bytes(request).await).unwrap()
    }

    /// The same, whatever comes back.
    pub(crate) async fn raw_bytes(&self, request: &[u8]) -> Vec<u8> {
        let mut connection = TcpStream::connect(self.addr).await.unwrap();
        connection.write_all(request).await.unwrap();
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).await.unwrap();
        answer
    }

    /// Lets everything that is cached age.
    pub(crate) fn age(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// The local Haravan.
    pub(crate) fn sandbox(&self) -> &Sandbox {
        self.sandbox.as_ref().unwrap()
    }

    /// A connection of its own, over which nothing was sent yet.
    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.addr).await.unwrap()
    }

    /// A shop's controls at the local Haravan.
    pub(crate) fn shop(&self, org_id: u64) -> ShopHandle {
        self.sandbox().shop(org_id).unwrap()
    }

    /// Calls for inventory that a shop got so far.
    pub(crate) fn upstream_calls(&self, org_id: u64) -> u64 {
        self.shop(org_id).counters().inventory
    }

    /// What fails next at Haravan, for both kinds of resource.
    pub(crate) fn fail(&self, org_id: u64, count: u64, failure: Failure) {
        self.shop(org_id).set_faults(Faults::failing(count, failure));
    }

    /// A `GET` with the key that may do everything.
    pub(crate) fn get(&self, path: &str) -> Ask {
        self.ask(Method::GET, path).key(TK_ALL)
    }

    /// A `POST` of JSON with the key that may do everything.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Ask {
        self.ask(Method::POST, path)
            .key(TK_ALL)
            .header("content-type", "application/json")
            .body(body.to_string())
    }

    /// The compatible route of a shop.
    pub(crate) fn inventory(&self, org_id: u64, query: &str) -> Ask {
        self.get(&format!("/shops/{org_id}/com/inventory_locations.json?{query}"))
    }

    /// The document's own question.
    pub(crate) fn example(&self) -> Ask {
        self.inventory(EXAMPLE, EXAMPLE_QUERY)
    }

    /// A request without a key.
    pub(crate) fn ask(&self, method: Method, path: &str) -> Ask {
        Ask(self.http.request(method, format!("http://{}{path}", self.addr)))
    }

    /// The value of a metric with exactly these labels; zero if there is none.
    pub(crate) async fn metric(&self, series: &str) -> f64 {
        let metrics = self.ask(Method::GET, "/metrics").await.text();
        let value = metrics.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        value.map_or(0.0, |value| value.parse().unwrap())
    }

    /// Tells the gateway to stop; [`TestApp::ended`] tells when it has.
    pub(crate) fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    /// Waits until the gateway has stopped.
    pub(crate) async fn ended(&mut self) {
        self.ended.take().unwrap().await.unwrap().unwrap();
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // Fails if it has ended by itself, which is as good.
            let _ = stop.send(());
        }
        let (ended, sandbox) = (self.ended.take(), self.sandbox.take());
        let end = async {
            if let Some(ended) = ended {
                let _ = ended.await;
            }
            if let Some(sandbox) = sandbox {
                sandbox.stop().await;
            }
        };
        block_in_place(|| self.runtime.block_on(end));
    }
}

impl Builder {
    /// Changes the settings of the gateway; what `[rate]` and `[cache]` say goes for both shops.
    pub(crate) fn settings(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    /// Changes the local Haravan.
    pub(crate) fn haravan(mut self, change: impl FnOnce(&mut SandboxSettings)) -> Self {
        change(&mut self.haravan);
        self
    }

    /// Gives shop 2000 another stock.
    pub(crate) fn generated(self, stock: GeneratedSettings) -> Self {
        self.haravan(|haravan| haravan.shops[1].data = ShopData::Generated(stock))
    }

    /// Gives shop 2000 a row for every cell, so that no page leaves a doubt: what is asked for can be counted.
    pub(crate) fn every_cell_has_a_row(self) -> Self {
        self.haravan(|haravan| {
            if let ShopData::Generated(stock) = &mut haravan.shops[1].data {
                stock.density = 1.0;
            }
        })
    }

    /// A bucket of this size that leaks so fast, here and there; all of it is the gateway's.
    pub(crate) fn bucket(self, size: u32, leak_per_second: f64) -> Self {
        self.haravan(|haravan| {
            for shop in &mut haravan.shops {
                shop.bucket = BucketSettings::new(size, leak_per_second);
            }
        })
        .settings(|settings| {
            settings.rate.bucket = size;
            settings.rate.leak_per_second = leak_per_second;
        })
    }

    /// Admits one more key.
    pub(crate) fn limited_key(self, name: &str, requests_per_second: f64) -> Self {
        let limited = KeySettings {
            requests_per_second: Some(requests_per_second),
            ..key(name, ShopAccess::All, &Scope::ALL)
        };
        self.settings(|settings| settings.keys.push(limited))
    }

    /// Gives a shop one more host.
    pub(crate) fn host(mut self, org_id: u64, host: &str) -> Self {
        self.hosts.push((org_id, HostName::parse(host).unwrap()));
        self
    }

    /// Starts both.
    pub(crate) async fn spawn(self) -> TestApp {
        let Self { mut settings, haravan, hosts } = self;
        let tokens: Vec<_> = haravan.shops.iter().map(|shop| (shop.org_id, shop.token.clone())).collect();
        let sandbox = Sandbox::start(haravan).unwrap();
        // A test may have named another place.
        if settings.haravan.base_url == BaseUrl::default() {
            settings.haravan.base_url = BaseUrl::parse(&sandbox.base_url()).unwrap();
        }
        for (org_id, token) in tokens {
            settings.shops.push(ShopSettings {
                org_id: org(org_id),
                name: None,
                token: SecretString::from(token),
                hosts: hosts.iter().filter(|(of, _)| *of == org_id).map(|(_, host)| host.clone()).collect(),
                rate: settings.rate,
                cache: settings.cache,
                low_stock_threshold: 5_u32.into(),
                exclude_locations: Vec::new(),
            });
        }
        let app = App::build(settings).unwrap();
        let (stop, stopped) = oneshot::channel();
        let (addr, clock) = (app.addr(), app.clock().clone());
        let ended = tokio::spawn(app.run_until(async {
            let _ = stopped.await;
        }));
        TestApp {
            addr,
            clock,
            sandbox: Some(sandbox),
            // Answers are read as they come: codings are asked for, and taken off, by name.
            http: Client::builder().no_proxy().no_gzip().build().unwrap(),
            runtime: Handle::current(),
            stop: Some(stop),
            ended: Some(ended),
        }
    }
}

impl Ask {
    /// Sends this key, and no other.
    pub(crate) fn key(self, key: &str) -> Self {
        self.header("authorization", &format!("Bearer {key}"))
    }

    /// Sets a header.
    pub(crate) fn header(self, name: &'static str, value: &str) -> Self {
        let value = HeaderValue::from_str(value).unwrap();
        Self(self.0.headers([(name.parse().unwrap(), value)].into_iter().collect()))
    }

    /// Sends this body.
    pub(crate) fn body(self, body: impl Into<reqwest::Body>) -> Self {
        Self(self.0.body(body))
    }
}

impl IntoFuture for Ask {
    type Output = Answer;
    type IntoFuture = Pin<Box<dyn Future<Output = Answer> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async { Answer::read(self.0.send().await.unwrap()).await })
    }
}

/// Ids with commas between them.
pub(crate) fn list(ids: &[u64]) -> String {
    ids.iter().map(u64::to_string).collect::<Vec<_>>().join(",")
}

/// A query for all cells of these variants and locations.
pub(crate) fn grid(variants: &[u64], locations: &[u64]) -> String {
    format!("variant_ids={}&location_ids={}", list(variants), list(locations))
}

fn org(org_id: u64) -> OrgId {
    OrgId::new(org_id).unwrap()
}

fn key(text: &str, shops: ShopAccess, scopes: &[Scope]) -> KeySettings {
    KeySettings {
        name: format!("the key {text}"),
        sha256: KeyDigest::of_key(text),
        shops,
        scopes: scopes.iter().copied().collect(),
        requests_per_second: None,
        max_age: None,
    }
}
