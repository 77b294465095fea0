//! Every way in which the sandbox misbehaves when a switch asks for it.

use std::collections::BTreeSet;

use serde_json::json;

use super::{EXAMPLE, Fixture, wide_query};
use crate::sandbox::faults::{Failure, Faults};
use crate::sandbox::request::Resource;

#[tokio::test]
async fn failures_with_a_status_hit_as_many_requests_as_told() {
    let fixture = Fixture::start();
    let cases = [
        (Failure::Status500, 500, "Internal"),
        (Failure::Status502, 502, "errors"),
        (Failure::Status503, 503, "errors"),
        (Failure::Html502, 502, "<html>"),
        (Failure::Unauthorized, 401, "errors"),
        (Failure::Forbidden, 403, "errors"),
        (Failure::Redirect, 302, ""),
        (Failure::EmptyObject, 200, "{}"),
        (Failure::EmptyBody, 200, ""),
    ];
    for (failure, status, body) in cases {
        fixture.shop(1000).set_faults(Faults::failing(1, failure));
        let failed = fixture.inventory(1000, EXAMPLE).await;
        assert_eq!(failed.status, status, "{failure:?}");
        assert!(failed.body.contains(body), "{failure:?}: {}", failed.body);
        assert_eq!(fixture.inventory(1000, EXAMPLE).await.rows().len(), 4, "{failure:?}");
    }
    assert_eq!(fixture.shop(1000).counters().failed, 9);
}

#[tokio::test]
async fn a_ratio_of_one_fails_every_request() {
    let fixture = Fixture::start();
    fixture.shop(1000).update_faults(|faults| faults.fail_ratio = 1.0);
    for _ in 0..3 {
        assert_eq!(fixture.inventory(1000, EXAMPLE).await.status, 500);
    }
}

#[tokio::test]
async fn faults_may_spare_other_resources() {
    let fixture = Fixture::start();
    let shop = fixture.shop(1000);
    shop.set_faults(Faults {
        fail_only: Some(Resource::Locations),
        throttle_next: 1,
        ..Faults::failing(1, Failure::Status500)
    });
    let mut statuses = Vec::new();
    for path in ["/com/shop.json", "/com/locations.json", "/com/locations.json", "/com/locations.json"] {
        statuses.push(fixture.get(1000, path).await.status.as_u16());
    }
    assert_eq!(statuses, [200, 429, 500, 200]);
}

#[tokio::test]
async fn cut_and_reset_connections_are_errors_to_the_client() {
    let fixture = Fixture::start();
    let path = format!("/com/inventory_locations.json?{EXAMPLE}");
    fixture.shop(1000).set_faults(Faults::failing(1, Failure::Reset));
    assert!(fixture.send(1000, &path).await.is_err());
    for failure in [Failure::CutBody, Failure::CutChunked] {
        fixture.shop(1000).set_faults(Faults::failing(1, failure));
        let mut response = fixture.send(1000, &path).await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.content_length().is_some(), failure == Failure::CutBody);
        assert!(!response.chunk().await.unwrap().unwrap().is_empty(), "{failure:?}");
        assert!(response.bytes().await.is_err(), "{failure:?}");
    }
}

#[tokio::test]
async fn garbled_bodies_arrive_whole_and_cannot_be_read() {
    let fixture = Fixture::start();
    let path = format!("/com/inventory_locations.json?{EXAMPLE}");
    fixture.shop(1000).set_faults(Faults::failing(1, Failure::GarbledJson));
    let garbled = fixture.get(1000, &path).await;
    assert!(serde_json::from_str::<serde_json::Value>(&garbled.body).is_err());
    fixture.shop(1000).set_faults(Faults::failing(1, Failure::GarbledUtf8));
    let bytes = fixture.send(1000, &path).await.unwrap().bytes().await.unwrap();
    assert!(std::str::from_utf8(&bytes).is_err());
    fixture.shop(1000).set_faults(Faults::failing(1, Failure::WrongContentType));
    let disguised = fixture.get(1000, &path).await;
    assert_eq!(disguised.content_type, "text/html");
    assert_eq!(disguised.rows().len(), 4);
}

#[tokio::test]
async fn a_huge_body_goes_on_and_a_slow_one_drips() {
    let fixture = Fixture::start();
    let path = format!("/com/inventory_locations.json?{EXAMPLE}");
    fixture.shop(1000).set_faults(Faults::failing(1, Failure::HugeBody));
    let mut endless = fixture.send(1000, &path).await.unwrap();
    let mut received = 0;
    while received < 4_000_000 {
        received += endless.chunk().await.unwrap().unwrap().len();
    }
    fixture.shop(1000).set_faults(Faults::failing(1, Failure::SlowDrip));
    let mut slow = fixture.send(1000, &path).await.unwrap();
    assert!(slow.chunk().await.unwrap().unwrap().len() <= 16);
}

#[tokio::test]
async fn a_request_that_is_never_answered_stays_in_flight() {
    let fixture = Fixture::start();
    let shop = fixture.shop(1000);
    shop.set_faults(Faults::failing(1, Failure::Timeout));
    let path = format!("/com/inventory_locations.json?{EXAMPLE}");
    tokio::select! {
        _ = fixture.send(1000, &path) => panic!("answered"),
        () = shop.wait_for_requests(1) => {}
    }
    assert_eq!(shop.requests()[0].status, None);
}

#[tokio::test]
async fn one_poisoned_id_refuses_the_whole_batch() {
    let fixture = Fixture::start();
    let shop = fixture.shop(1000);
    shop.update_faults(|faults| faults.poisoned_variants = BTreeSet::from([1064240649]));
    assert_eq!(fixture.inventory(1000, EXAMPLE).await.status, 422);
    assert_eq!(fixture.inventory(1000, "location_ids=963414&variant_ids=1061514767").await.rows().len(), 1);
    shop.set_faults(Faults { poisoned_locations: BTreeSet::from([963414]), ..Faults::default() });
    assert_eq!(fixture.inventory(1000, EXAMPLE).await.status, 422);
    assert_eq!(shop.counters().refused, 2);
}

#[tokio::test]
async fn unknown_ids_are_refused_only_when_switched_on() {
    let fixture = Fixture::start();
    let query = "location_ids=963414&variant_ids=1061514767,5";
    assert_eq!(fixture.inventory(1000, query).await.rows().len(), 1);
    fixture.shop(1000).update_faults(|faults| faults.refuse_unknown_ids = true);
    assert_eq!(fixture.inventory(1000, query).await.status, 422);
    assert_eq!(fixture.inventory(1000, EXAMPLE).await.status, 200);
}

#[tokio::test]
async fn a_clamp_appears_silently_after_some_pages() {
    let fixture = Fixture::start();
    let shop = fixture.shop(2000);
    shop.update_faults(|faults| (faults.page_clamp, faults.page_clamp_after) = (Some(50), 1));
    let wide = format!("{}&limit=200", wide_query(&shop));
    assert_eq!(fixture.inventory(2000, &wide).await.rows().len(), 200);
    assert_eq!(fixture.inventory(2000, &wide).await.rows().len(), 50);
}

#[tokio::test]
async fn rows_may_be_too_many_twice_short_of_fields_or_long() {
    let fixture = Fixture::start();
    let shop = fixture.shop(1000);
    let one = "location_ids=963414&variant_ids=1061514767";
    shop.set_faults(Faults { extra_rows: 2, duplicate_rows: 1, ..Faults::default() });
    let rows = fixture.inventory(1000, one).await.rows();
    assert_eq!(rows.len(), 4);
    assert_eq!(rows[0], rows[1]);
    assert_ne!((&rows[2]["loc_id"], &rows[2]["variant_id"]), (&rows[0]["loc_id"], &rows[0]["variant_id"]));
    shop.set_faults(Faults {
        drop_fields: BTreeSet::from(["qty_onhand".to_owned()]),
        set_fields: [("bin".to_owned(), json!("A")), ("qty_incoming".to_owned(), json!("1"))].into(),
        odd_row_every: 2,
        ..Faults::default()
    });
    let rows = fixture.inventory(1000, EXAMPLE).await.rows();
    let odd: Vec<bool> =
        rows.iter().map(|row| row.get("qty_onhand").is_none() && row["bin"] == "A").collect();
    assert_eq!(odd, [true, false, true, false]);
    assert_eq!(rows[0]["qty_incoming"], "1");
}

#[tokio::test]
async fn order_and_since_id_may_be_ignored() {
    let fixture = Fixture::start();
    fixture.shop(1000).set_faults(Faults { ignore_order: true, ignore_since_id: true, ..Faults::default() });
    let answer = fixture.inventory(1000, &format!("{EXAMPLE}&order=id&since_id=1007549786")).await;
    assert_eq!(answer.row_ids(), [1003098484, 1006907070, 1003226632, 1007549786]);
}

#[tokio::test]
async fn rows_may_change_between_pages() {
    let fixture = Fixture::start();
    let shop = fixture.shop(1000);
    let before = shop.rows();
    shop.update_faults(|faults| faults.changes_between_pages = 2);
    fixture.inventory(1000, EXAMPLE).await;
    let changed =
        shop.rows().iter().zip(&before).filter(|(now, then)| now.updated_at != then.updated_at).count();
    assert_eq!(changed, 2);
}
