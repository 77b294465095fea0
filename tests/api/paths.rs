//! Paths: slashes too many mean nothing, and a gateway below a path prefix finds its own documents.

use reqwest::Method;
use serde_json::{Value, json};

use crate::gateway::{EXAMPLE, EXAMPLE_QUERY, TK_ALL, TK_ONE, TestApp};
use crate::scripted::{Script, Scripted};

#[tokio::test(flavor = "multi_thread")]
async fn a_slash_at_the_end_and_doubled_slashes_mean_nothing() {
    let app = TestApp::spawn().await;
    let expected = app.example().await.rows();
    for path in [
        "/shops/1000/com/inventory_locations.json/",
        "//shops/1000/com/inventory_locations.json",
        "/shops//1000/com//inventory_locations.json//",
    ] {
        for _ in 0..5 {
            let answer = app.get(&format!("{path}?{EXAMPLE_QUERY}")).await;
            assert!(answer.is_hit(), "{path}: {}", answer.shown());
            assert_eq!(answer.rows(), expected, "{path}");
        }
    }
    let own = app.ask(Method::GET, &format!("//com/inventory_locations.json/?{EXAMPLE_QUERY}")).key(TK_ONE);
    assert_eq!(own.await.rows(), expected);
    let stock = app.get(&format!("/shops/1000/stock?{EXAMPLE_QUERY}")).await.ok();
    for path in ["/shops/1000/stock/", "//shops/1000//stock", "/shops/1000/stock//"] {
        assert_eq!(app.get(&format!("{path}?{EXAMPLE_QUERY}")).await.ok()["stock"], stock["stock"], "{path}");
    }
    for path in ["//shops", "/shops/", "/health/live/", "//metrics", "/openapi.json/", "//docs//", "/docs/"] {
        assert_eq!(app.get(path).await.status, 200, "{path}");
    }
    let route = r#"route="/shops/{org_id}/com/inventory_locations.json""#;
    let answered = format!(r#"tonkho_http_requests_total{{method="GET",{route},status="200"}}"#);
    assert_eq!(app.metric(&answered).await, 16.0);
    assert_eq!(app.upstream_calls(EXAMPLE), 1);
    let purge = app.ask(Method::DELETE, "//shops/1000/cache/").key(TK_ALL).await;
    assert_eq!(purge.status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn haravans_other_base_means_the_same() {
    let app = TestApp::builder()
        .settings(|settings| settings.passthrough.allow = vec!["products/count.json".parse().unwrap()])
        .spawn()
        .await;
    let expected = app.example().await;
    for path in
        ["/shops/1000/admin/inventory_locations.json", "//shops//1000//admin//inventory_locations.json/"]
    {
        for _ in 0..5 {
            let answer = app.get(&format!("{path}?{EXAMPLE_QUERY}")).await;
            assert!(answer.is_hit(), "{path}: {}", answer.shown());
            assert_eq!(
                (&answer.body, answer.header("etag")),
                (&expected.body, expected.header("etag")),
                "{path}"
            );
        }
    }
    let own = app.ask(Method::GET, &format!("/admin/inventory_locations.json?{EXAMPLE_QUERY}")).key(TK_ONE);
    assert_eq!(own.await.rows(), expected.rows());
    let ids = json!({ "variant_ids": [1_061_514_767], "location_ids": [963_414] });
    assert_eq!(app.post("/shops/1000/admin/inventory_locations.json", &ids).await.rows().len(), 1);
    let locations = app.get("/shops/1000/com/locations.json").await.ok();
    assert_eq!(app.get("/shops/1000/admin/locations.json").await.ok(), locations);
    assert_eq!(app.ask(Method::GET, "/admin/locations.json").key(TK_ONE).await.ok(), locations);
    assert_eq!(app.get("/shops/1000/admin/products/count.json").await.ok()["count"], 1);
    let route = r#"route="/shops/{org_id}/com/inventory_locations.json""#;
    let answered = format!(r#"tonkho_http_requests_total{{method="GET",{route},status="200"}}"#);
    assert_eq!(app.metric(&answered).await, 11.0);
    assert_eq!(app.upstream_calls(EXAMPLE), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_follows_haravans_other_base_goes_on_byte_for_byte() {
    let haravan = Scripted::start(|_| Script::json("200 OK", "{}")).await;
    let app = haravan.before(TestApp::builder().host(EXAMPLE, "hrv.internal")).spawn().await;
    for (path, host) in
        [("/shops/1000/admin", "elsewhere.example"), ("//admin", "hrv.internal"), ("/com", "HRV.internal:80")]
    {
        let answer = app.get(&format!("{path}//b%20c%2Cd.json/?x=%2Fadmin%2F&+y")).header("host", host).await;
        assert_eq!(answer.status, 200, "{}", answer.shown());
        let request = haravan.requests().pop().unwrap();
        assert!(request.starts_with("GET /com//b%20c%2Cd.json/?x=%2Fadmin%2F&+y HTTP/1.1\r\n"), "{request}");
        assert!(!request.contains(host) && !request.contains(TK_ALL), "{request}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_problem_names_the_path_that_was_asked_for() {
    let app = TestApp::spawn().await;
    for (path, status, slug) in [
        ("/shops/1000/admin/inventory_locations.json", 422, "ids-required"),
        ("//shops/1000//admin/inventory_locations.json/", 422, "ids-required"),
        ("/shops/77/admin/locations.json", 403, "forbidden"),
        ("/shops/1000/stock/", 422, "ids-required"),
        ("/admin/", 404, "not-found"),
        ("/nowhere//", 404, "not-found"),
    ] {
        assert_eq!(app.get(path).await.problem(status, slug)["instance"], path);
    }
    let closed = app.ask(Method::GET, "/admin/inventory_locations.json?variant_ids=x").await;
    assert_eq!(closed.problem(401, "unauthenticated")["instance"], "/admin/inventory_locations.json");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slash_in_a_query_is_left_alone() {
    let app = TestApp::spawn().await;
    let answer = app.get("/shops/1000/stock/?variant_ids=1//2/").await;
    assert_eq!(answer.detail(400, "invalid-parameter"), "variant_ids: \"1//2/\" is not a positive integer");
}

#[tokio::test(flavor = "multi_thread")]
async fn below_a_path_prefix_the_documents_find_each_other_and_the_routes() {
    let app = TestApp::spawn().await;
    // A proxy leaves the prefix out before the gateway sees a path; only what is relative still fits.
    let initializer = app.get("/docs/swagger-initializer.js").await.text();
    assert!(initializer.contains("\"../openapi.json\"") && !initializer.contains("\"/"), "{initializer}");
    let document: Value = app.get("/openapi.json").await.json();
    assert_eq!(document["servers"][0]["url"], ".");
    let redirect = app.raw(b"GET /docs HTTP/1.1\r\nHost: tonkho\r\nConnection: close\r\n\r\n").await;
    assert!(redirect.starts_with("HTTP/1.1 308 ") && redirect.contains("location: docs/\r\n"), "{redirect}");
    let page = app.get("/docs/").await.text();
    assert!(!page.contains("src=\"/") && !page.contains("href=\"/"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_yaml_document_holds_no_date_that_an_old_reader_would_take_for_one() {
    let app = TestApp::spawn().await;
    let yaml = app.get("/openapi.yaml").await.text();
    let dates: Vec<&str> =
        yaml.lines().filter(|line| line.contains("example: ") && line.contains("Z")).collect();
    let dates: Vec<&str> =
        dates.into_iter().filter(|line| line.contains(":00Z") || line.contains("T0")).collect();
    assert!(5 <= dates.len(), "{dates:?}");
    for line in dates {
        assert!(line.ends_with("Z'"), "{line}");
    }
}
