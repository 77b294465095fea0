//! The sandbox over real HTTP, in one file per part of its behaviour; here is what they share.

mod changes;
mod faults;
mod inventory;
mod order;
mod rate;
mod resources;
mod switches;

use reqwest::{Client, Response, StatusCode};
use serde_json::Value;

use super::Sandbox;
use super::handle::ShopHandle;
use super::settings::{BucketSettings, GeneratedSettings, SandboxSettings, ShopData, ShopSettings};

/// The cells of the document's example.
const EXAMPLE: &str = "location_ids=1007284,963414&variant_ids=1061514767,1064240649";

/// A generated shop small enough to make for every test.
const SMALL: GeneratedSettings = GeneratedSettings {
    seed: 5,
    locations: 10,
    products: 60,
    variants: 120,
    density: 0.6,
    negative: 0.02,
    mismatched: 0.0,
    decimals: 0.0,
};

/// A sandbox with the example and a small generated shop, and a client for both.
struct Fixture {
    sandbox: Sandbox,
    client: Client,
}

/// An answer read to its end.
struct Read {
    status: StatusCode,
    call_limit: Option<String>,
    retry_after: Option<String>,
    content_type: String,
    body: String,
}

impl Fixture {
    fn start() -> Self {
        let mut small = ShopSettings::new(2000, ShopData::Generated(SMALL));
        small.bucket = BucketSettings::new(10_000, 4.0);
        let shops = vec![ShopSettings::new(1000, ShopData::Example), small];
        let settings = SandboxSettings { shops, ..SandboxSettings::default() };
        // Another test may have been first.
        drop(rustls::crypto::ring::default_provider().install_default());
        let redirect = reqwest::redirect::Policy::none();
        let client = Client::builder().redirect(redirect).no_proxy().build().unwrap();
        Self { sandbox: Sandbox::start(settings).unwrap(), client }
    }

    fn shop(&self, org_id: u64) -> ShopHandle {
        self.sandbox.shop(org_id).unwrap()
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.sandbox.base_url())
    }

    async fn send(&self, org_id: u64, path: &str) -> reqwest::Result<Response> {
        self.client.get(self.url(path)).bearer_auth(format!("sandbox-{org_id}")).send().await
    }

    async fn get(&self, org_id: u64, path: &str) -> Read {
        Read::to_end(self.send(org_id, path).await.unwrap()).await
    }

    async fn inventory(&self, org_id: u64, query: &str) -> Read {
        self.get(org_id, &format!("/com/inventory_locations.json?{query}")).await
    }
}

impl Read {
    async fn to_end(response: Response) -> Self {
        let header = |name: &str| Some(response.headers().get(name)?.to_str().unwrap().to_owned());
        Self {
            status: response.status(),
            call_limit: header("x-haravan-api-call-limit"),
            retry_after: header("retry-after"),
            content_type: header("content-type").unwrap_or_default(),
            body: response.text().await.unwrap(),
        }
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    fn errors(&self) -> String {
        self.json()["errors"].as_str().unwrap().to_owned()
    }

    fn list(&self, name: &str) -> Vec<Value> {
        assert_eq!(self.status, 200, "{}", self.body);
        self.json()[name].as_array().unwrap().clone()
    }

    fn rows(&self) -> Vec<Value> {
        self.list("inventory_locations")
    }

    fn row_ids(&self) -> Vec<u64> {
        self.rows().iter().map(|row| row["id"].as_u64().unwrap()).collect()
    }
}

/// Ids as a query writes them.
fn csv(ids: &[u64]) -> String {
    ids.iter().map(u64::to_string).collect::<Vec<_>>().join(",")
}

/// Fifty variants of the shop in all its locations.
fn wide_query(shop: &ShopHandle) -> String {
    let variants = shop.variant_ids();
    format!("variant_ids={}&location_ids={}", csv(&variants[..50]), csv(&shop.location_ids()))
}
