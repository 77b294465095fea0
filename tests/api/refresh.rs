//! A refresh: one call asks what has changed, and what does not come is known to be unchanged.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tokio::runtime::Handle;
use tokio::time::Instant;
use tonkho::cache::Cache;
use tonkho::clock::{Clock, Moment};
use tonkho::domain::caller::CallerId;
use tonkho::domain::id::{LocationId, OrgId, VariantId};
use tonkho::domain::row_quantity::RowQuantity;
use tonkho::governor::bucket::BucketShape;
use tonkho::governor::{Governor, GovernorPolicy};
use tonkho::haravan::{
    Haravan, HaravanPolicy, InventoryCall, Oddities, ProxyPolicy, Upstream, UpstreamParts,
};
use tonkho::loader::{Lack, Loader, LoaderParts, Reuse, WindowEnd, WindowLoad, WindowLoaded};
use tonkho::metrics::Metrics;
use tonkho::plan::Tile;
use tonkho::sandbox::Sandbox;
use tonkho::sandbox::faults::{Failure, Faults};
use tonkho::sandbox::handle::ShopHandle;
use tonkho::sandbox::settings::SandboxSettings;
use tonkho::tasks::Tasks;

use crate::gateway::EXAMPLE;

const VARIANTS: [u64; 2] = [1_061_514_767, 1_064_240_649];
const LOCATIONS: [u64; 2] = [963_414, 1_007_284];

/// A loader with a real client, in front of the local Haravan.
struct Loading {
    sandbox: Sandbox,
    loader: Loader,
    cache: Arc<Cache>,
    clock: Clock,
}

/// A held cell: its variant and location, when it was confirmed, and its available quantity if it has a row.
type Held = ((u64, u64), Moment, Option<RowQuantity>);

impl Loading {
    /// A loader that has just read every cell.
    async fn of_all_cells() -> Self {
        let settings = SandboxSettings {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            workers: 1,
            ..SandboxSettings::default()
        };
        let token = settings.shops.iter().find(|shop| shop.org_id == EXAMPLE).unwrap().token.clone();
        let sandbox = Sandbox::start(settings).unwrap();
        let haravan = Haravan::new(&HaravanPolicy {
            base_url: sandbox.base_url(),
            connect_timeout: Duration::from_secs(3),
            request_timeout: Duration::from_secs(8),
            proxy: ProxyPolicy::Never,
        });
        let client = haravan.unwrap().shop(&SecretString::from(token)).unwrap();
        let (org_id, clock, call_timeout) =
            (OrgId::new(EXAMPLE).unwrap(), Clock::start(), Duration::from_secs(9));
        let metrics = Metrics::new().unwrap().shop(org_id);
        let bucket = BucketShape { size: 80.0, leak_per_second: 4.0, headroom: 0.0 };
        let cache = Arc::new(Cache::new(1 << 20, 0));
        let loader = Loader::new(LoaderParts {
            source: Arc::new(client),
            upstream: Upstream::new(UpstreamParts {
                governor: Governor::new(GovernorPolicy { bucket, max_in_flight: 8 }),
                clock: clock.clone(),
                call_timeout,
                metrics: metrics.clone(),
            }),
            cache: Arc::clone(&cache),
            clock: clock.clone(),
            tasks: Tasks::new(Handle::current()),
            call_timeout,
            max_pending_cells: 1_000,
            oddities: Arc::new(Oddities::new(org_id, clock.clone(), metrics.clone())),
            metrics,
        });
        let loading = Self { sandbox, loader, cache, clock };
        let Tile { variants, locations } = tile();
        let lacks: Vec<Lack> = variants.iter().map(|id| (*id, Arc::clone(&locations))).collect();
        let loaded = loading.loader.load(lacks).unwrap().finish(in_time()).await;
        assert_eq!((loaded.missing, loading.held().len()), (Vec::new(), 4));
        // What is asked from now on is younger than what was read.
        loading.clock.advance(Duration::from_secs(60));
        loading.shop().clear_log();
        loading
    }

    fn shop(&self) -> ShopHandle {
        self.sandbox.shop(EXAMPLE).unwrap()
    }

    /// The cells in the cache, ascending.
    fn held(&self) -> Vec<Held> {
        let mut held = Vec::new();
        for variant in VARIANTS {
            let Some(entry) = self.cache.get(VariantId::new(variant).unwrap()) else { continue };
            for cell in entry.cells() {
                let available = entry.lent(cell).to_cell().into_row().map(|row| row.qty_available);
                held.push(((variant, cell.loc_id().get()), cell.observed_at(), available));
            }
        }
        held
    }

    /// When the oldest of the held cells was confirmed.
    fn oldest(&self) -> Moment {
        self.held().iter().map(|(_, confirmed_at, _)| *confirmed_at).min().unwrap()
    }

    async fn refresh_from(&self, observed_from: Moment) -> WindowLoaded {
        finished(self.loader.refresh(CallerId::NONE, Arc::new(tile()), observed_from)).await
    }
}

async fn finished<E: std::fmt::Debug>(asked: Result<WindowLoad, E>) -> WindowLoaded {
    asked.unwrap().finish(in_time()).await
}

fn in_time() -> Instant {
    Instant::now() + Duration::from_secs(30)
}

fn tile() -> Tile {
    Tile {
        variants: VARIANTS.map(|id| VariantId::new(id).unwrap()).to_vec(),
        locations: LOCATIONS.map(|id| LocationId::new(id).unwrap()).into(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_call_confirms_what_has_not_changed_and_brings_what_has() {
    let loading = Loading::of_all_cells().await;
    let before = loading.held();
    loading.shop().set_quantity(VARIANTS[0], LOCATIONS[0], 77).unwrap();
    let (asked_from, began) = (loading.oldest(), loading.clock.now());
    let refreshed = loading.refresh_from(asked_from).await;
    assert!(matches!(&refreshed.end, WindowEnd::Came(window) if window.rows.len() == 1), "{refreshed:?}");
    let requests = loading.shop().inventory_requests();
    assert!(requests.iter().all(|request| request.updated_at_min.is_some()), "{requests:?}");
    assert_eq!(requests[0].rows, 1, "the other rows have not changed");
    for ((cell, confirmed_at, available), (_, _, known)) in loading.held().into_iter().zip(before) {
        assert!(began <= confirmed_at, "{cell:?} was not confirmed");
        let is_changed = cell == (VARIANTS[0], LOCATIONS[0]);
        assert_eq!(available, if is_changed { Some(RowQuantity::from(77)) } else { known }, "{cell:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_has_changed_one_empty_page_confirms_every_cell() {
    let loading = Loading::of_all_cells().await;
    let began = loading.clock.now();
    let refreshed = loading.refresh_from(loading.oldest()).await;
    assert_eq!((refreshed.calls, loading.shop().counters().inventory), (1, 1));
    assert!(began <= loading.oldest());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_observed_before_is_not_confirmed() {
    let loading = Loading::of_all_cells().await;
    let before = loading.held();
    loading.refresh_from(loading.oldest().plus(Duration::from_secs(30))).await;
    assert_eq!(loading.held(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_that_fails_confirms_nothing() {
    let loading = Loading::of_all_cells().await;
    let before = loading.held();
    loading.shop().set_faults(Faults::failing(10, Failure::Status500));
    let refreshed = loading.refresh_from(loading.oldest()).await;
    assert!(matches!(refreshed.end, WindowEnd::Missing(_)), "{refreshed:?}");
    assert_eq!(loading.held(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callers_own_updated_at_min_confirms_nothing() {
    let loading = Loading::of_all_cells().await;
    let before = loading.held();
    let updated_at_min = Some(loading.clock.wall(loading.oldest()));
    let call = InventoryCall { updated_at_min, ..InventoryCall::after(Arc::new(tile()), 0) };
    let window = finished(loading.loader.window(CallerId::NONE, call, Reuse::default())).await;
    assert!(matches!(&window.end, WindowEnd::Came(window) if window.rows.is_empty()), "{window:?}");
    assert_eq!(loading.held(), before);
}
