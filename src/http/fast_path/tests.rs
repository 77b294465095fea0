//! What the fast path does with a question that it does not answer.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use actix_web::test::TestRequest;
use actix_web::web::Data;
use secrecy::SecretString;
use tokio::runtime::Handle;
use tokio::time::Instant;

use super::FastPath;
use crate::cache::freshness::FreshnessPolicy;
use crate::clock::Clock;
use crate::domain::id::OrgId;
use crate::domain::quantity::Quantity;
use crate::governor::GovernorPolicy;
use crate::governor::bucket::BucketShape;
use crate::haravan::{Haravan, HaravanPolicy, ProxyPolicy};
use crate::http::access::keys::KeyRing;
use crate::http::access::session::Seal;
use crate::http::offload::Offload;
use crate::http::request::parameters::table::{INVENTORY, STOCK};
use crate::http::state::shop_registry::{ShopRegistry, ShopToServe};
use crate::http::state::{HttpLimits, HttpState, Passthrough};
use crate::metrics::Metrics;
use crate::stock::shop::{Shop, ShopParts};
use crate::tasks::Tasks;

const SECOND: Duration = Duration::from_secs(1);

/// A shop whose cache is empty.
fn shop(clock: &Clock) -> Arc<Shop> {
    let org_id = OrgId::new(1000).unwrap();
    let policy = HaravanPolicy {
        base_url: "http://127.0.0.1:1".to_owned(),
        connect_timeout: SECOND,
        request_timeout: SECOND,
        proxy: ProxyPolicy::Never,
    };
    Shop::start(ShopParts {
        org_id,
        name: None,
        client: Haravan::new(&policy).unwrap().shop(&SecretString::from("token")).unwrap(),
        governor: GovernorPolicy {
            bucket: BucketShape { size: 40.0, leak_per_second: 4.0, headroom: 0.0 },
            max_in_flight: 1,
        },
        freshness: FreshnessPolicy { fresh: SECOND, stale_while_revalidate: SECOND, stale_if_error: SECOND },
        cache_bytes: 1 << 20,
        text_bytes: 1 << 20,
        request_timeout: SECOND,
        max_pending_cells: 1_000,
        exclude_locations: BTreeSet::new(),
        low_stock_threshold: Quantity::ZERO,
        clock: clock.clone(),
        tasks: Tasks::new(Handle::current()),
        metrics: Metrics::new().unwrap().shop(org_id),
    })
}

fn fast_path() -> FastPath {
    let clock = Clock::start();
    FastPath::new(Data::new(HttpState {
        shops: Arc::new(ShopRegistry::new([ShopToServe {
            shop: shop(&clock),
            ready_bytes: 1 << 20,
            hosts: Vec::new(),
        }])),
        keys: Arc::new(KeyRing::open()),
        page_seal: Seal::new([], |_| Ok::<(), Infallible>(())).unwrap(),
        clock,
        offload: Offload::new(Handle::current()),
        limits: HttpLimits { max_cells: 1_000, max_body: 1_024, default_wait: SECOND, max_wait: SECOND },
        passthrough: Passthrough { allow: Vec::new(), write: Vec::new(), max_body: 0 },
        draining: Arc::new(AtomicBool::new(false)),
        registry: prometheus::Registry::new(),
        refresh_gauges: Arc::new(|| {}),
    }))
}

#[actix_web::test]
async fn what_is_read_of_a_question_that_is_no_hit_is_handed_on() {
    let fast_path = fast_path();
    for path in ["/shops/1000/com/inventory_locations.json", "/com/inventory_locations.json"] {
        let uri = format!("{path}?variant_ids=8,7&location_ids=1&limit=5");
        let request = TestRequest::get().uri(&uri).to_request();
        let ask = fast_path.answer(request.head(), Instant::now()).unwrap_err();
        assert!(ask.caller.is_some());
        let parameters = ask.parameters.unwrap();
        let variants = parameters.variants().unwrap().unwrap();
        assert_eq!(variants.ids().iter().map(|id| id.get()).collect::<Vec<_>>(), [7, 8]);
        assert!(parameters.are_of(&INVENTORY) && !parameters.are_of(&STOCK));
    }
}

#[actix_web::test]
async fn of_other_paths_it_hands_on_no_parameters() {
    let fast_path = fast_path();
    for path in [
        "/shops/1000/stock",
        "/shops/2000/com/inventory_locations.json",
        "/shops/1000",
        "/com/locations.json",
    ] {
        let request = TestRequest::get().uri(&format!("{path}?variant_ids=7")).to_request();
        assert!(fast_path.answer(request.head(), Instant::now()).unwrap_err().parameters.is_none(), "{path}");
    }
}
