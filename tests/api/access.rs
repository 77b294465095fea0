//! Who may read what.

use reqwest::Method;
use serde_json::json;

use crate::gateway::{EXAMPLE, EXAMPLE_QUERY, GENERATED, TK_ALL, TK_HARAVAN, TK_ONE, TK_READER, TestApp};

#[tokio::test(flavor = "multi_thread")]
async fn no_key_and_an_unknown_key_are_asked_for_one() {
    let app = TestApp::spawn().await;
    let path = format!("/shops/1000/com/inventory_locations.json?{EXAMPLE_QUERY}");
    for answer in [app.ask(Method::GET, &path).await, app.ask(Method::GET, &path).key("tk_wrong").await] {
        answer.problem(401, "unauthenticated");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        assert!(!answer.text().contains("tk_wrong"));
    }
    assert_eq!(app.ask(Method::GET, &path).header("x-api-key", TK_ONE).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn haravans_own_header_carries_a_key_and_must_not_contradict_another() {
    let app = TestApp::spawn().await;
    let rows = format!("/shops/1000/com/inventory_locations.json?{EXAMPLE_QUERY}");
    let view = format!("/shops/1000/stock?{EXAMPLE_QUERY}");
    let ask = |path: &str, key: &str| app.ask(Method::GET, path).header("x-haravan-access-token", key);
    for path in [&rows, &view] {
        // The last ones are hits, which go another way.
        for _ in 0..4 {
            assert_eq!(ask(path, TK_ONE).await.status, 200);
            assert_eq!(ask(path, TK_ONE).key(TK_ONE).header("x-api-key", TK_ONE).await.status, 200);
            for other in [TK_ALL, "tk_wrong", ""] {
                let contradicted = ask(path, TK_ONE).key(other).await;
                contradicted.problem(401, "unauthenticated");
                assert!(!contradicted.text().contains("tk_wrong"));
            }
        }
    }
    ask("/shops/2000/stock?variant_ids=1", TK_ONE).await.problem(403, "forbidden");
    assert!(ask(&rows, TK_ONE).await.is_hit());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_shop_and_one_that_does_not_exist_look_the_same() {
    let app = TestApp::spawn().await;
    let body = |shop: &str| {
        let path = format!("/shops/{shop}/stock?{EXAMPLE_QUERY}");
        let ask = app.ask(Method::GET, &path).key(TK_ONE);
        async move {
            let mut body = ask.await.problem(403, "forbidden");
            for own in ["request_id", "instance"] {
                body.as_object_mut().unwrap().remove(own);
            }
            body
        }
    };
    assert_eq!(body("2000").await, body("9999").await);
    assert_eq!(body("2000").await, body("abc").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn scopes_are_held_apart() {
    let app = TestApp::spawn().await;
    app.ask(Method::GET, "/shops").key(TK_READER).await.problem(403, "forbidden");
    let stock = format!("/shops/1000/stock?{EXAMPLE_QUERY}");
    app.ask(Method::GET, &stock).key(TK_HARAVAN).await.problem(403, "forbidden");
    assert_eq!(app.ask(Method::GET, &stock).key(TK_READER).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_one_shop_may_leave_the_shop_out() {
    let app = TestApp::spawn().await;
    let path = format!("/com/inventory_locations.json?{EXAMPLE_QUERY}");
    assert_eq!(app.ask(Method::GET, &path).key(TK_ONE).await.rows().len(), 4);
    app.ask(Method::GET, &path).key(TK_ALL).await.problem(403, "forbidden");
}

/// A gateway where each shop has a host.
async fn with_hosts() -> TestApp {
    let app = TestApp::builder().host(EXAMPLE, "hrv-1000.internal").host(GENERATED, "hrv-2000.internal");
    app.spawn().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_means_a_shop_where_the_path_names_none() {
    let app = with_hosts().await;
    let expected = app.example().await;
    let ask = |path: &str, host: &str| app.get(path).header("host", host);
    for path in ["/com/inventory_locations.json", "/admin/inventory_locations.json"] {
        let path = format!("{path}?{EXAMPLE_QUERY}");
        for host in ["hrv-1000.internal", "HRV-1000.Internal:8080", "hrv-1000.internal."] {
            // The last ones stand ready.
            for _ in 0..3 {
                let answer = ask(&path, host).await;
                assert!(answer.is_hit(), "{}", answer.shown());
                assert_eq!(answer.body, expected.body, "{path} {host}");
            }
        }
        assert!(ask(&path, "hrv-2000.internal").await.rows().is_empty(), "another shop has no such rows");
        for host in ["internal", "hrv-3000.internal", "[::1]:80"] {
            ask(&path, host).await.problem(403, "forbidden");
        }
    }
    let locations = app.get("/shops/2000/com/locations.json").await.ok();
    assert_eq!(ask("/com/locations.json", "hrv-2000.internal").await.ok(), locations);
    let ids = json!({ "variant_ids": [1_061_514_767], "location_ids": [963_414] });
    let posted = app.post("/com/inventory_locations.json", &ids).header("host", "hrv-1000.internal").await;
    assert_eq!(posted.rows().len(), 1);
    // The path counts before the host.
    let named =
        ask(&format!("/shops/1000/com/inventory_locations.json?{EXAMPLE_QUERY}"), "hrv-2000.internal").await;
    assert_eq!(named.body, expected.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_counts_before_the_key_and_opens_no_shop_to_it() {
    let app = with_hosts().await;
    let path = format!("/com/inventory_locations.json?{EXAMPLE_QUERY}");
    let ask = |host: &str| app.ask(Method::GET, &path).key(TK_ONE).header("host", host);
    for _ in 0..3 {
        assert_eq!(ask("hrv-1000.internal").await.rows().len(), 4);
        assert_eq!(ask("unknown.internal").await.rows().len(), 4, "the key is bound to one shop");
        let closed = ask("hrv-2000.internal").await.detail(403, "forbidden");
        assert_eq!(closed, "this key may not read this shop, or there is no such shop");
    }
    let calls = app.upstream_calls(GENERATED);
    assert_eq!(calls, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_names_two_hosts_means_neither() {
    let app = with_hosts().await;
    let ask = async |hosts: &str| {
        let request = format!(
            "GET /com/inventory_locations.json?{EXAMPLE_QUERY} HTTP/1.1\r\n{hosts}Connection: close\r\nX-API-Key: {TK_ALL}\r\n\r\n"
        );
        app.raw(request.as_bytes()).await[.."HTTP/1.1 200".len()].to_owned()
    };
    assert_eq!(ask("Host: hrv-1000.internal\r\n").await, "HTTP/1.1 200");
    assert_ne!(ask("Host: hrv-1000.internal\r\nHost: hrv-2000.internal\r\n").await, "HTTP/1.1 200");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_asks_too_often_is_told_to_wait() {
    let app = TestApp::builder().limited_key("tk_slow", 1.0).spawn().await;
    let path = format!("/shops/1000/stock?{EXAMPLE_QUERY}");
    assert_eq!(app.ask(Method::GET, &path).key("tk_slow").await.status, 200);
    let refused = app.ask(Method::GET, &path).key("tk_slow").await;
    refused.problem(429, "too-many-requests");
    assert_eq!(refused.header("retry-after"), Some("1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_but_what_is_allowed_is_passed_through() {
    let app = TestApp::builder()
        .settings(|settings| settings.passthrough.allow = vec!["products/*".parse().unwrap()])
        .spawn()
        .await;
    let count = "/shops/1000/com/products/count.json";
    assert_eq!(app.ask(Method::GET, count).key(TK_HARAVAN).await.ok()["count"], 1);
    app.ask(Method::GET, count).key(TK_READER).await.problem(403, "forbidden");
    let refused = app.get("/shops/1000/com/orders.json").await;
    assert!(refused.detail(403, "forbidden").contains("passthrough.allow"));
}
