//! The switches under `/_sandbox`.

use reqwest::Method;

use super::{EXAMPLE, Fixture, Read};

impl Fixture {
    async fn switch(&self, method: Method, path: &str, body: &'static str) -> Read {
        let request = self.client.request(method, self.url(&format!("/_sandbox/shops{path}"))).body(body);
        Read::to_end(request.send().await.unwrap()).await
    }
}

#[tokio::test]
async fn put_replaces_all_faults_and_patch_those_it_names() {
    let fixture = Fixture::start();
    let body = r#"{"page_clamp":2,"fail_next":1,"fail_as":["status_503"]}"#;
    assert_eq!(fixture.switch(Method::PUT, "/1000/faults", body).await.status, 200);
    assert_eq!(fixture.inventory(1000, EXAMPLE).await.status, 503);
    assert_eq!(fixture.inventory(1000, EXAMPLE).await.rows().len(), 2);
    let patched = fixture.switch(Method::PATCH, "/1000/faults", r#"{"page_clamp":3}"#).await.json();
    assert_eq!((&patched["page_clamp"], &patched["fail_next"]), (&3.into(), &0.into()));
    fixture.switch(Method::PUT, "/1000/faults", "{}").await;
    assert_eq!(fixture.inventory(1000, EXAMPLE).await.rows().len(), 4);
}

#[tokio::test]
async fn bad_bodies_are_told_what_is_wrong_with_them() {
    let fixture = Fixture::start();
    let cases = [
        ("/1000/faults", r#"{"fail_nxt":1}"#, "fail_nxt"),
        ("/1000/faults", "", "EOF"),
        ("/1000/rows", r#"{"id":1}"#, "loc_id"),
        ("/1000/bucket", r#"{"size":-1}"#, "size"),
        ("/1000/bucket", r#"{"size":1}"#, "leak_per_second"),
    ];
    for (path, body, wrong) in cases {
        let answer = fixture.switch(Method::PUT, path, body).await;
        assert_eq!(answer.status, 400, "{path} {body}");
        if wrong != "size" {
            assert!(answer.errors().contains(wrong), "{}", answer.body);
        }
    }
    assert_eq!(fixture.switch(Method::PATCH, "/1000/faults", r#"{"latency_ms":"x"}"#).await.status, 400);
    assert_eq!(fixture.switch(Method::GET, "/7/faults", "").await.status, 404);
    assert_eq!(fixture.switch(Method::DELETE, "/1000/rows?loc_id=1", "").await.status, 400);
}

#[tokio::test]
async fn switches_are_neither_limited_nor_counted() {
    let fixture = Fixture::start();
    assert_eq!(
        fixture.switch(Method::PUT, "/1000/bucket", r#"{"size":1,"leak_per_second":0}"#).await.status,
        200
    );
    fixture.inventory(1000, EXAMPLE).await;
    for _ in 0..3 {
        let counters = fixture.switch(Method::GET, "/1000/counters", "").await.json();
        assert_eq!((&counters["requests"], &counters["throttled"]), (&1.into(), &0.into()));
    }
    let shops = fixture.switch(Method::GET, "", "").await.list("shops");
    assert_eq!((&shops[0]["org_id"], &shops[0]["rows"]), (&1000.into(), &4.into()));
}

#[tokio::test]
async fn rows_are_listed_put_and_deleted() {
    let fixture = Fixture::start();
    let row = r#"{"id":3,"loc_id":963414,"variant_id":1061514767,"qty_available":1.0}"#;
    assert_eq!(fixture.switch(Method::PUT, "/1000/rows", row).await.json()["rows"], 1);
    let cell = "/1000/rows?variant_id=1061514767&loc_id=963414";
    assert_eq!(fixture.switch(Method::GET, cell, "").await.body, format!(r#"{{"rows":[{row}]}}"#));
    assert_eq!(fixture.switch(Method::DELETE, cell, "").await.status, 204);
    assert_eq!(fixture.switch(Method::DELETE, cell, "").await.status, 404);
    let two = r#"[{"id":3,"loc_id":5,"variant_id":6},{"id":4,"loc_id":5,"variant_id":7}]"#;
    assert_eq!(fixture.switch(Method::PUT, "/1000/rows", two).await.json()["rows"], 2);
    assert_eq!(fixture.switch(Method::GET, "/1000/rows", "").await.list("rows").len(), 5);
    assert!(fixture.shop(1000).location_ids().contains(&5));
}

#[tokio::test]
async fn the_log_is_listed_and_cleared() {
    let fixture = Fixture::start();
    fixture.inventory(1000, EXAMPLE).await;
    let log = fixture.switch(Method::GET, "/1000/requests", "").await.list("requests");
    assert_eq!(
        (&log[0]["resource"], &log[0]["status"], &log[0]["rows"]),
        (&"inventory".into(), &200.into(), &4.into())
    );
    assert_eq!(fixture.switch(Method::DELETE, "/1000/requests", "").await.status, 204);
    assert!(fixture.shop(1000).requests().is_empty());
}
