//! Who may read what.

use reqwest::Method;

use crate::gateway::{EXAMPLE_QUERY, TK_ALL, TK_HARAVAN, TK_ONE, TK_READER, TestApp};

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
        .settings(|settings| settings.passthrough.allow = vec!["products/count.json".to_owned()])
        .spawn()
        .await;
    let count = "/shops/1000/com/products/count.json";
    assert_eq!(app.ask(Method::GET, count).key(TK_HARAVAN).await.ok()["count"], 1);
    app.ask(Method::GET, count).key(TK_READER).await.problem(403, "forbidden");
    app.get("/shops/1000/com/orders.json").await.problem(404, "not-found");
}
