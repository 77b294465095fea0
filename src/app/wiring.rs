//! Settings into devices: what each part of the gateway is given of them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::AppError;
use super::gauges::Gauges;
use crate::cache::freshness::FreshnessPolicy;
use crate::clock::Clock;
use crate::domain::id::OrgId;
use crate::domain::quantity::Quantity;
use crate::governor::GovernorPolicy;
use crate::governor::bucket::BucketShape;
use crate::haravan::{Haravan, HaravanPolicy, ProxyPolicy};
use crate::http::access::keys::{Key, KeyRing};
use crate::http::access::session::Seal;
use crate::http::offload::Offload;
use crate::http::state::shop_registry::{ShopRegistry, ShopToServe};
use crate::http::state::{HttpLimits, HttpState, Passthrough};
use crate::metrics::Metrics;
use crate::settings::Settings;
use crate::settings::keys::KeySettings;
use crate::settings::proxy::HaravanProxy;
use crate::settings::shops::ShopSettings;
use crate::stock::shop::{Shop, ShopParts};
use crate::tasks::Tasks;

/// The devices that all shops share.
pub(super) struct Devices {
    haravan: Haravan,
    clock: Clock,
    metrics: Metrics,
    /// Where calls to Haravan run.
    tasks: Tasks,
    request_timeout: Duration,
    max_pending_cells: usize,
    page_seal: Seal,
}

impl Devices {
    pub(super) fn new(
        settings: &Settings,
        clock: Clock,
        metrics: Metrics,
        tasks: Tasks,
    ) -> Result<Self, AppError> {
        let max_pending_cells = settings.limits.max_pending_cells;
        let page_seal = Seal::new(settings.shops.iter().map(|shop| &shop.token), getrandom::fill)?;
        let settings = &settings.haravan;
        let haravan = Haravan::new(&HaravanPolicy {
            base_url: settings.base_url.as_str().to_owned(),
            connect_timeout: settings.connect_timeout,
            request_timeout: settings.request_timeout,
            proxy: match &settings.proxy {
                _ if settings.base_url.is_loopback() => ProxyPolicy::Never,
                HaravanProxy::FromEnvironment => ProxyPolicy::FromEnvironment,
                HaravanProxy::Never => ProxyPolicy::Never,
                HaravanProxy::At(proxy) => ProxyPolicy::At(proxy.to_secret()),
            },
        })?;
        Ok(Self {
            haravan,
            clock,
            metrics,
            tasks,
            request_timeout: settings.request_timeout,
            max_pending_cells,
            page_seal,
        })
    }

    /// The shops of the settings, each with a client, a governor and a cache of its own.
    pub(super) fn shops(&self, settings: &[ShopSettings]) -> Result<BTreeMap<OrgId, ShopToServe>, AppError> {
        settings.iter().map(|settings| Ok((settings.org_id, self.shop(settings)?))).collect()
    }

    fn shop(&self, settings: &ShopSettings) -> Result<ShopToServe, AppError> {
        let ShopSettings { rate, cache, .. } = settings;
        let shop = Shop::start(ShopParts {
            org_id: settings.org_id,
            name: settings.name.clone(),
            client: self.haravan.shop(&settings.token)?,
            governor: GovernorPolicy {
                bucket: BucketShape {
                    size: f64::from(rate.bucket),
                    leak_per_second: rate.leak_per_second,
                    headroom: f64::from(rate.headroom),
                },
                max_in_flight: usize::try_from(rate.max_in_flight).unwrap_or(usize::MAX),
            },
            freshness: FreshnessPolicy {
                fresh: cache.fresh,
                stale_while_revalidate: cache.stale_while_revalidate,
                stale_if_error: cache.stale_if_error,
            },
            cache_bytes: cache.max_bytes,
            text_bytes: cache.ready_bytes / 2,
            request_timeout: self.request_timeout,
            max_pending_cells: self.max_pending_cells,
            exclude_locations: settings.exclude_locations.iter().copied().collect(),
            low_stock_threshold: Quantity::from(settings.low_stock_threshold),
            clock: self.clock.clone(),
            tasks: self.tasks.clone(),
            metrics: self.metrics.shop(settings.org_id),
        });
        Ok(ShopToServe { shop, ready_bytes: cache.ready_bytes / 2, hosts: settings.hosts.clone() })
    }

    /// What the handlers share.
    pub(super) fn edge(
        &self,
        settings: &Settings,
        shops: BTreeMap<OrgId, ShopToServe>,
        draining: Arc<AtomicBool>,
    ) -> HttpState {
        let Settings { auth, keys, limits, passthrough, .. } = settings;
        let shops = Arc::new(ShopRegistry::new(shops.into_values()));
        let gauges = Gauges::new(self.metrics.clone(), Arc::clone(&shops), self.tasks.clone());
        HttpState {
            shops,
            keys: Arc::new(if auth.disabled { KeyRing::open() } else { KeyRing::new(keys) }),
            page_seal: self.page_seal.clone(),
            clock: self.clock.clone(),
            offload: Offload::new(self.tasks.runtime().clone()),
            limits: HttpLimits {
                max_cells: limits.max_cells,
                max_body: limits.max_body,
                default_wait: limits.default_wait,
                max_wait: limits.max_wait,
            },
            passthrough: Passthrough {
                allow: passthrough.allow.clone(),
                write: passthrough.write.clone(),
                max_body: passthrough.max_body,
            },
            draining,
            registry: self.metrics.registry().clone(),
            refresh_gauges: Arc::new(move || gauges.refresh()),
        }
    }
}

impl From<&KeySettings> for Key {
    fn from(settings: &KeySettings) -> Self {
        Self {
            name: settings.name.clone(),
            digest: settings.sha256,
            shops: settings.shops.clone(),
            scopes: settings.scopes.clone(),
            requests_per_second: settings.requests_per_second,
            max_age: settings.max_age,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    use prometheus::TextEncoder;
    use secrecy::SecretString;
    use tokio::runtime::Handle;
    use tokio::task::yield_now;

    use super::Devices;
    use crate::clock::Clock;
    use crate::domain::id::OrgId;
    use crate::http::state::HttpState;
    use crate::metrics::Metrics;
    use crate::settings::Settings;
    use crate::settings::shops::ShopSettings;
    use crate::tasks::Tasks;

    fn shop(settings: &Settings, org_id: u64) -> ShopSettings {
        ShopSettings {
            org_id: OrgId::new(org_id).unwrap(),
            name: None,
            token: SecretString::from("token"),
            hosts: Vec::new(),
            rate: settings.rate,
            cache: settings.cache,
            low_stock_threshold: 5_u32.into(),
            exclude_locations: Vec::new(),
        }
    }

    /// The shops that have gauges in the answer to a scrape.
    fn scraped(edge: &HttpState) -> BTreeSet<u64> {
        (edge.refresh_gauges)();
        let text = TextEncoder::new().encode_to_string(&edge.registry.gather()).unwrap();
        let gauges = text.lines().filter_map(|line| line.strip_prefix("tonkho_bucket_usable{shop=\""));
        gauges.map(|rest| rest.split('"').next().unwrap().parse().unwrap()).collect()
    }

    #[tokio::test]
    async fn a_task_that_panics_is_counted_once() {
        let (settings, tasks) = (Settings::default(), Tasks::new(Handle::current()));
        let devices =
            Devices::new(&settings, Clock::start(), Metrics::new().unwrap(), tasks.clone()).unwrap();
        let edge = devices.edge(&settings, devices.shops(&[]).unwrap(), Arc::new(AtomicBool::new(false)));
        tasks.spawn("doomed", async { panic!("as it should") });
        while tasks.panics() == 0 {
            yield_now().await;
        }
        for _ in 0..2 {
            (edge.refresh_gauges)();
            let text = TextEncoder::new().encode_to_string(&edge.registry.gather()).unwrap();
            assert!(text.contains("\ntonkho_task_panics_total 1\n"), "{text}");
        }
    }

    #[tokio::test]
    async fn the_gauges_follow_the_shops_that_are_served() {
        let mut settings = Settings::default();
        settings.shops = [1000, 1001].map(|org_id| shop(&settings, org_id)).into();
        let tasks = Tasks::new(Handle::current());
        let devices = Devices::new(&settings, Clock::start(), Metrics::new().unwrap(), tasks).unwrap();
        let wired = devices.shops(&settings.shops).unwrap();
        let edge = devices.edge(&settings, wired, Arc::new(AtomicBool::new(false)));
        assert_eq!(scraped(&edge), BTreeSet::from([1000, 1001]));
        for (exchanged, expected) in [([1001, 1002], [1001, 1002]), ([1000, 1002], [1000, 1002])] {
            let others = exchanged.map(|org_id| shop(&settings, org_id));
            let wired = devices.shops(&others).unwrap();
            edge.shops.replace(wired.into_values());
            assert_eq!(scraped(&edge), BTreeSet::from(expected));
        }
    }
}
