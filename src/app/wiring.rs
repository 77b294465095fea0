//! Settings into devices: what each part of the gateway is given of them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tokio::runtime::Handle;

use super::AppError;
use crate::cache::freshness::FreshnessPolicy;
use crate::clock::Clock;
use crate::domain::id::OrgId;
use crate::domain::quantity::Quantity;
use crate::governor::GovernorPolicy;
use crate::governor::bucket::BucketShape;
use crate::haravan::{Haravan, HaravanPolicy, ProxyPolicy};
use crate::http::access::keys::{self, Key, KeyRing};
use crate::http::access::session::Seal;
use crate::http::offload::Aside;
use crate::http::state::shop_registry::ShopDirectory;
use crate::http::state::{Edge, EdgeLimits};
use crate::metrics::{Metrics, ShopMetrics, ShopReading};
use crate::settings::Settings;
use crate::settings::keys::{KeySettings, Scope, ShopAccess};
use crate::settings::proxy::HaravanProxy;
use crate::settings::shops::ShopSettings;
use crate::stock::shop::{Shop, ShopParts};

/// The devices that all shops share.
pub(super) struct Devices {
    haravan: Haravan,
    clock: Clock,
    metrics: Metrics,
    /// Where calls to Haravan run.
    runtime: Handle,
    request_timeout: Duration,
    max_pending_cells: usize,
    page_seal: Seal,
}

/// A shop, and what is counted of it.
pub(super) struct Counted {
    shop: Arc<Shop>,
    /// Room for its answers that stand ready.
    ready_bytes: u64,
    metrics: ShopMetrics,
}

impl Devices {
    pub(super) fn new(
        settings: &Settings,
        clock: Clock,
        metrics: Metrics,
        runtime: Handle,
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
            runtime,
            request_timeout: settings.request_timeout,
            max_pending_cells,
            page_seal,
        })
    }

    /// The shops of the settings, each with a client, a governor and a cache of its own.
    pub(super) fn shops(&self, settings: &[ShopSettings]) -> Result<BTreeMap<OrgId, Counted>, AppError> {
        settings.iter().map(|settings| Ok((settings.org_id, self.shop(settings)?))).collect()
    }

    fn shop(&self, settings: &ShopSettings) -> Result<Counted, AppError> {
        let metrics = self.metrics.shop(settings.org_id);
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
            runtime: self.runtime.clone(),
            metrics: metrics.clone(),
        });
        Ok(Counted { shop, ready_bytes: cache.ready_bytes / 2, metrics })
    }

    /// What the handlers share.
    pub(super) fn edge(
        &self,
        settings: &Settings,
        shops: BTreeMap<OrgId, Counted>,
        draining: Arc<AtomicBool>,
    ) -> Edge {
        let Settings { auth, keys, limits, passthrough, .. } = settings;
        let directory = shops.values().map(|counted| (Arc::clone(&counted.shop), counted.ready_bytes));
        Edge {
            shops: Arc::new(ShopDirectory::new(directory)),
            keys: Arc::new(if auth.disabled { KeyRing::open() } else { KeyRing::new(keys) }),
            page_seal: self.page_seal.clone(),
            clock: self.clock.clone(),
            aside: Aside::new(self.runtime.clone()),
            limits: EdgeLimits {
                max_cells: limits.max_cells,
                max_body: limits.max_body,
                default_wait: limits.default_wait,
                max_wait: limits.max_wait,
            },
            passthrough: passthrough.allow.clone(),
            draining,
            registry: self.metrics.registry().clone(),
            refresh_gauges: Arc::new(move || shops.values().for_each(Counted::show)),
        }
    }
}

impl Counted {
    /// Brings the gauges up to date that are read, not counted.
    fn show(&self) {
        let status = self.shop.status();
        self.metrics.negative_rows.set(i64::try_from(status.negative_rows).unwrap_or(i64::MAX));
        self.metrics.show(ShopReading {
            resident_cells: status.resident_cells,
            cache_bytes: status.cache_bytes,
            bucket_level: status.bucket_level,
            bucket_usable: status.bucket_usable,
            stopped: status.stopped,
            queue_cells: &status.queue,
        });
    }
}

impl From<&KeySettings> for Key {
    fn from(settings: &KeySettings) -> Self {
        Self {
            name: settings.name.clone(),
            digest: *settings.sha256.as_bytes(),
            shops: match &settings.shops {
                ShopAccess::All => keys::ShopAccess::All,
                ShopAccess::Only(shops) => keys::ShopAccess::Only(shops.clone()),
            },
            scopes: settings.scopes.iter().copied().map(keys::Scope::from).collect(),
            requests_per_second: settings.requests_per_second,
        }
    }
}

impl From<Scope> for keys::Scope {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::Read => Self::Read,
            Scope::Haravan => Self::Haravan,
            Scope::Admin => Self::Admin,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::domain::id::OrgId;
    use crate::http::access::keys::{self, Key};
    use crate::settings::digest::digest_of;
    use crate::settings::keys::{KeySettings, Scope, ShopAccess};

    #[test]
    fn a_key_is_admitted_to_what_the_settings_say_and_no_more() {
        let shops = BTreeSet::from([OrgId::new(1000).unwrap()]);
        let settings = KeySettings {
            name: "erp".to_owned(),
            sha256: digest_of("tk_demo"),
            shops: ShopAccess::Only(shops.clone()),
            scopes: BTreeSet::from([Scope::Read]),
            requests_per_second: Some(2.0),
        };
        let key = Key::from(&settings);
        assert_eq!(key.digest, *settings.sha256.as_bytes());
        assert_eq!(key.shops, keys::ShopAccess::Only(shops));
        assert_eq!(key.scopes, BTreeSet::from([keys::Scope::Read]));
        assert_eq!((key.name.as_str(), key.requests_per_second), ("erp", Some(2.0)));
    }
}
