//! The table of routes, and what needs no shop: keys, methods, documents, health.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use actix_web::App;
use actix_web::http::header::HeaderMap;
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::web::Data;
use serde_json::Value;
use tokio::runtime::Handle;

use crate::clock::Clock;
use crate::domain::access::{KeyDigest, PathPattern, Scope, ShopAccess};
use crate::domain::id::OrgId;
use crate::http::access::keys::{Key, KeyRing};
use crate::http::access::session::Seal;
use crate::http::offload::Offload;
use crate::http::state::shop_registry::ShopRegistry;
use crate::http::state::{HttpLimits, HttpState, Passthrough};

fn key(text: &str, shops: ShopAccess, scopes: &[Scope]) -> Key {
    let scopes = BTreeSet::from_iter(scopes.iter().copied());
    Key {
        name: text.to_owned(),
        digest: KeyDigest::of_key(text),
        shops,
        scopes,
        requests_per_second: None,
        max_age: None,
    }
}

/// A gateway without shops, that admits these keys.
fn state(keys: KeyRing) -> Data<HttpState> {
    Data::new(HttpState {
        shops: Arc::new(ShopRegistry::default()),
        keys: Arc::new(keys),
        page_seal: Seal::new([], |_| Ok::<(), Infallible>(())).unwrap(),
        clock: Clock::start(),
        offload: Offload::new(Handle::current()),
        limits: HttpLimits {
            max_cells: 250_000,
            max_body: 1024,
            default_wait: Duration::from_secs(10),
            max_wait: Duration::from_secs(60),
        },
        passthrough: Passthrough {
            allow: vec![PathPattern::all()],
            write: vec![PathPattern::all()],
            max_body: 1 << 20,
        },
        draining: Arc::new(AtomicBool::new(false)),
        registry: prometheus::Registry::new(),
        refresh_gauges: Arc::new(|| {}),
    })
}

fn ring() -> KeyRing {
    let one = ShopAccess::Only(BTreeSet::from([OrgId::new(1000).unwrap()]));
    let two = ShopAccess::Only(BTreeSet::from([OrgId::new(1000).unwrap(), OrgId::new(2000).unwrap()]));
    KeyRing::new([
        key("tk_read", one, &[Scope::Read]),
        key("tk_two", two, &[Scope::Read]),
        key("tk_haravan", ShopAccess::All, &[Scope::Haravan]),
        key("tk_admin", ShopAccess::All, &[Scope::Admin]),
    ])
}

struct Told {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

impl Told {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    fn slug(&self) -> &str {
        self.body["type"].as_str().unwrap().trim_start_matches("urn:tonkho:problem:")
    }
}

async fn raw(state: &Data<HttpState>, request: TestRequest) -> (StatusCode, HeaderMap, String) {
    let app = App::new()
        .app_data(state.clone())
        .configure(super::routes)
        .wrap(from_fn(crate::http::middleware::tag));
    let response = call_service(&init_service(app).await, request.to_request()).await;
    let (status, headers) = (response.status(), response.headers().clone());
    (status, headers, String::from_utf8_lossy(&read_body(response).await).into_owned())
}

async fn ask(state: &Data<HttpState>, request: TestRequest) -> Told {
    let (status, headers, body) = raw(state, request).await;
    Told { status, headers, body: serde_json::from_str(&body).unwrap_or_default() }
}

async fn get(key: &str, path: &str) -> Told {
    ask(&state(ring()), TestRequest::get().uri(path).insert_header(("X-API-Key", key))).await
}

const ROUTES: [&str; 8] = [
    "/shops/1000/com/inventory_locations.json",
    "/shops/1000/com/locations.json",
    "/shops/1000/com/products.json",
    "/shops/1000/stock",
    "/shops/1000/stock/7",
    "/shops/1000/alerts/negative",
    "/shops",
    "/com/inventory_locations.json",
];

#[actix_web::test]
async fn whoever_sends_no_key_that_is_admitted_is_told_how() {
    for path in ROUTES {
        let told = get("tk_unknown", path).await;
        assert_eq!((told.status.as_u16(), told.slug()), (401, "unauthenticated"), "{path}");
        assert_eq!(told.header("www-authenticate"), Some("Bearer"));
        assert_eq!(told.header("x-request-id"), told.body["request_id"].as_str());
        assert_eq!(told.body["instance"], path);
        assert!(!told.body.to_string().contains("tk_unknown"));
    }
}

#[actix_web::test]
async fn a_shop_that_is_closed_and_a_shop_that_is_none_are_told_apart_by_nothing() {
    let mut bodies = BTreeSet::new();
    for org_id in ["1000", "2000", "3000", "0", "-1", "abc", "%zz", "%ff", "99999999999999999999"] {
        let told = get("tk_read", &format!("/shops/{org_id}/stock?variant_ids=1")).await;
        assert_eq!((told.status.as_u16(), told.slug()), (403, "forbidden"), "{org_id}");
        bodies.insert(told.body["detail"].to_string() + &told.body["title"].to_string());
    }
    assert_eq!(bodies.len(), 1);
}

#[actix_web::test]
async fn a_key_does_only_what_its_scopes_allow() {
    for (key, path, scope) in [
        ("tk_admin", "/shops/1000/stock", "read"),
        ("tk_haravan", "/shops/1000/com/inventory_locations.json", "read"),
        ("tk_admin", "/shops/1000/com/locations.json", "read"),
        ("tk_read", "/shops/1000/com/products.json", "haravan"),
        ("tk_read", "/shops", "admin"),
    ] {
        let told = get(key, path).await;
        assert_eq!((told.status.as_u16(), told.slug()), (403, "forbidden"), "{key} {path}");
        assert_eq!(told.body["detail"], format!("this key lacks the scope {scope}"));
    }
    assert_eq!(get("tk_admin", "/shops").await.body, serde_json::json!({"shops": []}));
}

#[actix_web::test]
async fn a_key_of_several_shops_must_name_one() {
    let told = get("tk_two", "/com/inventory_locations.json?variant_ids=1").await;
    assert_eq!((told.status.as_u16(), told.slug()), (403, "forbidden"));
    assert!(told.body["detail"].as_str().unwrap().contains("not bound to exactly one shop"));
    assert_eq!(told.body["errors"], told.body["detail"]);
}

#[actix_web::test]
async fn paths_that_are_not_there_are_problems() {
    for path in ["/nowhere", "/page/nowhere.css", "/shops/1000", "/shops/1000/com", "/docs/nowhere.js"] {
        let told = get("tk_haravan", path).await;
        assert_eq!((told.status.as_u16(), told.slug()), (404, "not-found"), "{path}");
        assert_eq!(told.header("content-type"), Some("application/problem+json"), "{path}");
    }
}

#[actix_web::test]
async fn other_methods_are_told_which_there_are() {
    let state = state(ring());
    for (path, allow) in [
        ("/shops/1000/stock", "GET, HEAD, POST, OPTIONS"),
        ("/shops/1000/com/locations.json", "GET, HEAD, OPTIONS"),
        ("/shops/1000/fulfilment", "POST, OPTIONS"),
        ("/shops/1000/cache", "DELETE, OPTIONS"),
        ("/health/live", "GET, HEAD, OPTIONS"),
    ] {
        let told = ask(&state, TestRequest::default().method(Method::PUT).uri(path)).await;
        assert_eq!((told.status.as_u16(), told.slug()), (405, "method-not-allowed"), "{path}");
        assert_eq!(told.header("allow"), Some(allow), "{path}");
        let told = ask(&state, TestRequest::default().method(Method::OPTIONS).uri(path)).await;
        assert_eq!((told.status.as_u16(), told.header("allow")), (204, Some(allow)), "{path}");
    }
}

#[actix_web::test]
async fn head_is_get() {
    let state = state(ring());
    for path in ["/health/live", "/openapi.json", "/docs/"] {
        assert_eq!(
            ask(&state, TestRequest::default().method(Method::HEAD).uri(path)).await.status,
            200,
            "{path}"
        );
    }
}

#[actix_web::test]
async fn a_process_on_its_way_out_is_alive_but_not_ready() {
    let state = state(ring());
    assert_eq!(ask(&state, TestRequest::get().uri("/health/live")).await.body["status"], "live");
    let told = ask(&state, TestRequest::get().uri("/health/ready")).await;
    let shops = serde_json::json!({"ok": 0, "failing": 0, "unauthorized": 0});
    assert_eq!(
        (told.status.as_u16(), &told.body["status"], &told.body["shops"]),
        (200, &"ready".into(), &shops)
    );
    state.draining.store(true, Ordering::Release);
    let told = ask(&state, TestRequest::get().uri("/health/ready")).await;
    assert_eq!((told.status.as_u16(), &told.body["status"]), (503, &"draining".into()));
    assert_eq!(ask(&state, TestRequest::get().uri("/health/live")).await.status, 200);
}

#[actix_web::test]
async fn metrics_are_refreshed_and_shown_without_a_key() {
    let refreshed = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&refreshed);
    let state = state(ring()).into_inner();
    let mut state = Arc::into_inner(state).unwrap();
    state.refresh_gauges = Arc::new(move || {
        counted.fetch_add(1, Ordering::Relaxed);
    });
    let counter = prometheus::IntCounter::new("tonkho_test_total", "A counter.").unwrap();
    state.registry.register(Box::new(counter)).unwrap();
    let (_, headers, text) = raw(&Data::new(state), TestRequest::get().uri("/metrics")).await;
    let content_type = headers.get("content-type").unwrap().to_str().unwrap();
    assert!(content_type.starts_with("text/plain"), "{content_type}");
    assert!(text.contains("tonkho_test_total 0"), "{text}");
    assert_eq!(refreshed.load(Ordering::Relaxed), 1);
}

#[actix_web::test]
async fn the_documents_need_no_key_and_nothing_from_elsewhere() {
    let state = state(ring());
    assert_eq!(ask(&state, TestRequest::get().uri("/openapi.json")).await.body["openapi"], "3.1.0");
    assert_eq!(ask(&state, TestRequest::get().uri("/openapi.yaml")).await.status, 200);
    let told = ask(&state, TestRequest::get().uri("/docs")).await;
    assert_eq!((told.status.as_u16(), told.header("location")), (308, Some("docs/")));
    for (file, needle) in [
        ("/docs/", "swagger-ui"),
        ("/docs/swagger-initializer.js", "\"../openapi.json\""),
        ("/docs/swagger-initializer.js", "\"tryItOutEnabled\": true"),
        ("/docs/swagger-initializer.js", "\"persistAuthorization\": true"),
        ("/docs/swagger-initializer.js", "\"validatorUrl\": \"none\""),
    ] {
        let (_, _, text) = raw(&state, TestRequest::get().uri(file)).await;
        assert!(text.contains(needle), "{file} lacks {needle}: {text}");
        assert!(!text.contains("http://") && !text.contains("https://"), "{file}: {text}");
    }
}
