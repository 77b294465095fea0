//! `demo`: a sandbox and a gateway over it in one process, and what to paste to see it work.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use secrecy::SecretString;
use tokio::time::Instant;
use tonkho::app::App;
use tonkho::domain::access::{KeyDigest, Scope, ShopAccess};
use tonkho::domain::id::OrgId;
use tonkho::domain::id::host::HostName;
use tonkho::sandbox::Sandbox;
use tonkho::sandbox::settings::{BucketSettings, EXAMPLE_SHOP, GENERATED_SHOP, SandboxSettings};
use tonkho::settings::Settings;
use tonkho::settings::base_url::BaseUrl;
use tonkho::settings::keys::KeySettings;
use tonkho::settings::shops::ShopSettings;
use tonkho::telemetry;

use super::{Failure, reachable, sandbox, say, signals};

/// The key that is admitted everywhere.
const KEY: &str = "tk_demo";
/// Variants in the line that asks for alerts: few enough to read the line, enough to see some.
const VARIANTS_SHOWN: usize = 5;
/// How many seconds' worth of calls a bucket holds. Source: Haravan doc, 80 places at 4 calls a second.
const BUCKET_SECONDS: u32 = 20;
/// Only what matters when tonkho is tried out.
const LOG: &str = "warn";

pub(crate) async fn run(listen: SocketAddr, calls_per_second: u32) -> Result<(), Failure> {
    let stop = signals::shutdown_signal()?;
    let haravan = sandbox::start(sandbox_settings(calls_per_second))?;
    let settings = settings(listen, calls_per_second, &haravan)?;
    let telemetry = telemetry::start(&settings.telemetry).map_err(Failure::failed)?;
    let app = App::build(settings).map_err(Failure::failed)?;
    say(&what_to_try(app.addr(), &haravan))?;
    let ended = app.run_until(stop).await.map_err(Failure::failed);
    haravan.stop().await;
    telemetry.stop(Instant::now()).await;
    ended
}

fn sandbox_settings(calls_per_second: u32) -> SandboxSettings {
    let mut settings = SandboxSettings::default();
    for shop in &mut settings.shops {
        shop.bucket = BucketSettings::new(bucket_size(calls_per_second), f64::from(calls_per_second));
    }
    settings
}

fn bucket_size(calls_per_second: u32) -> u32 {
    calls_per_second.saturating_mul(BUCKET_SECONDS)
}

fn settings(listen: SocketAddr, calls_per_second: u32, haravan: &Sandbox) -> Result<Settings, Failure> {
    let mut settings = Settings::default();
    settings.server.listen = listen;
    settings.rate.bucket = bucket_size(calls_per_second);
    settings.rate.leak_per_second = f64::from(calls_per_second);
    settings.haravan.base_url = BaseUrl::parse(&haravan.base_url()).map_err(Failure::failed)?;
    settings.keys = vec![KeySettings {
        name: "demo".to_owned(),
        sha256: KeyDigest::of_key(KEY),
        shops: ShopAccess::All,
        scopes: BTreeSet::from(Scope::ALL),
        requests_per_second: None,
        max_age: None,
    }];
    for (org_id, name) in [(EXAMPLE_SHOP, "Cửa hàng mẫu"), (GENERATED_SHOP, "Cửa hàng lớn")] {
        settings.shops.push(ShopSettings {
            org_id: OrgId::new(org_id).map_err(Failure::failed)?,
            name: Some(name.to_owned()),
            token: SecretString::from(format!("sandbox-{org_id}")),
            // As the sandbox calls the shop.
            hosts: vec![
                HostName::parse(&format!("sandbox-{org_id}.myharavan.com")).map_err(Failure::failed)?,
            ],
            rate: settings.rate,
            cache: settings.cache,
            low_stock_threshold: 5_u32.into(),
            exclude_locations: Vec::new(),
        });
    }
    settings.telemetry.log = LOG.to_owned();
    Ok(settings)
}

/// The URLs, and lines to paste.
fn what_to_try(addr: SocketAddr, haravan: &Sandbox) -> String {
    let gateway = format!("http://{}", reachable(addr));
    let sandbox = haravan.base_url();
    let variants = oversold_variants(haravan).join(",");
    let paths = [
        format!(
            "shops/{EXAMPLE_SHOP}/com/inventory_locations.json?location_ids=963414,1007284&variant_ids=1061514767,1064240649"
        ),
        format!("shops/{EXAMPLE_SHOP}/stock?variant_ids=1061514767,1064240649&breakdown=true"),
        format!("shops/{GENERATED_SHOP}/alerts/negative?variant_ids={variants}"),
    ];
    let lines = paths.map(|path| format!("curl -s -H 'Authorization: Bearer {KEY}' '{gateway}/{path}'\n"));
    format!(
        "gateway:  {gateway}\n\
         page:     {gateway}/ (asks for the key)\n\
         docs:     {gateway}/docs/\n\
         metrics:  {gateway}/metrics\n\
         sandbox:  {sandbox} (a Haravan look-alike; tokens sandbox-{EXAMPLE_SHOP}, sandbox-{GENERATED_SHOP})\n\
         key:      {KEY} (every scope, shops {EXAMPLE_SHOP} and {GENERATED_SHOP})\n\
         \n\
         Try it, and once more to see it answered without a call to Haravan:\n\
         \n\
         {}\n\
         ctrl-c stops it.\n",
        lines.concat()
    )
}

/// Some variants of the generated shop that have a negative row somewhere.
fn oversold_variants(haravan: &Sandbox) -> Vec<String> {
    let rows = haravan.shop(GENERATED_SHOP).map(|shop| shop.rows()).unwrap_or_default();
    let oversold = rows.iter().filter(|row| row.json.contains(r#""qty_available":-"#));
    let variants: BTreeSet<u64> = oversold.map(|row| row.variant_id).collect();
    variants.into_iter().take(VARIANTS_SHOWN).map(|variant| variant.to_string()).collect()
}

#[cfg(test)]
mod tests {
    use tonkho::sandbox::Sandbox;
    use tonkho::sandbox::settings::SandboxSettings;

    use super::{KEY, oversold_variants, sandbox_settings, settings, what_to_try};

    #[tokio::test]
    async fn there_are_three_lines_to_paste_each_with_the_key() {
        let haravan = Sandbox::start(SandboxSettings::default()).unwrap();
        assert_eq!(oversold_variants(&haravan).len(), 5);
        let text = what_to_try("0.0.0.0:8080".parse().unwrap(), &haravan);
        let lines: Vec<_> = text.lines().filter(|line| line.starts_with("curl ")).collect();
        assert_eq!(lines.len(), 3, "{text}");
        let start = format!("curl -s -H 'Authorization: Bearer {KEY}' 'http://127.0.0.1:8080/shops/");
        assert!(lines.iter().all(|line| line.starts_with(&start)), "{text}");
    }

    #[tokio::test]
    async fn the_gateway_of_the_demo_calls_the_sandbox() {
        let haravan = Sandbox::start(SandboxSettings::default()).unwrap();
        let settings = settings("127.0.0.1:0".parse().unwrap(), 4, &haravan).unwrap();
        assert_eq!(settings.haravan.base_url.as_str(), haravan.base_url());
        assert_eq!(settings.shops.iter().map(|shop| shop.org_id.get()).collect::<Vec<_>>(), [1000, 2000]);
        assert!(settings.shops.iter().all(|shop| haravan.shop(shop.org_id.get()).is_some()));
    }

    #[tokio::test]
    async fn both_halves_of_the_demo_know_the_same_call_limit() {
        for calls_per_second in [4, 1_000] {
            let allowed = sandbox_settings(calls_per_second);
            let haravan = Sandbox::start(allowed.clone()).unwrap();
            let settings = settings("127.0.0.1:0".parse().unwrap(), calls_per_second, &haravan).unwrap();
            for (shop, held) in allowed.shops.iter().zip(&settings.shops) {
                assert_eq!((shop.bucket.size, held.rate.bucket), (20 * calls_per_second, shop.bucket.size));
                assert!((shop.bucket.leak_per_second - held.rate.leak_per_second).abs() < f64::EPSILON);
                assert!((held.rate.leak_per_second - f64::from(calls_per_second)).abs() < f64::EPSILON);
            }
        }
    }
}
