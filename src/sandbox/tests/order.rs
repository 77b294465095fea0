//! The means by which tests arrange what happens first.

use tokio::join;

use super::{EXAMPLE, Fixture};

#[tokio::test]
async fn held_requests_are_counted_and_read_only_when_released() {
    let fixture = Fixture::start();
    let shop = fixture.shop(1000);
    let hold = shop.hold();
    let change = async {
        shop.wait_for_requests(2).await;
        assert_eq!(shop.counters().in_flight, 2);
        assert_eq!(shop.requests()[0].status, None);
        shop.set_quantity(1061514767, 963414, 77).unwrap();
        hold.release();
    };
    let (one, two, ()) = join!(fixture.inventory(1000, EXAMPLE), fixture.inventory(1000, EXAMPLE), change);
    assert!(one.body.contains("\"qty_available\":77"));
    assert_eq!(one.body, two.body);
    assert_eq!((shop.max_in_flight(), shop.counters().in_flight), (2, 0));
}

#[tokio::test]
async fn held_answers_arrive_out_of_date() {
    let fixture = Fixture::start();
    let shop = fixture.shop(1000);
    let hold = shop.hold_answers();
    let change = async {
        shop.wait_for_answers(1).await;
        shop.set_quantity(1061514767, 963414, 77).unwrap();
        drop(hold);
    };
    let (answer, ()) = join!(fixture.inventory(1000, EXAMPLE), change);
    assert!(!answer.body.contains("\"qty_available\":77"));
}

#[tokio::test]
async fn the_log_tells_what_was_asked_and_answered() {
    let fixture = Fixture::start();
    let shop = fixture.shop(1000);
    fixture.inventory(1000, &format!("{EXAMPLE}&limit=3&since_id=5&order=id")).await;
    fixture.get(1000, "/com/locations.json").await;
    let records = shop.requests();
    let record = &records[0];
    assert_eq!(record.variant_ids, [1061514767, 1064240649]);
    assert_eq!((record.variant_count, record.location_count), (2, 2));
    assert_eq!((record.limit.as_deref(), record.order.as_deref()), (Some("3"), Some("id")));
    assert_eq!((record.since_id, record.status, record.rows), (Some(5), Some(200), 3));
    assert_eq!((records.len(), shop.inventory_requests().len()), (2, 1));
    shop.clear_log();
    assert!(shop.requests().is_empty());
    assert_eq!(shop.counters().requests, 0);
}

#[tokio::test]
async fn a_stopped_sandbox_no_longer_listens() {
    let fixture = Fixture::start();
    let url = fixture.url("/com/shop.json");
    assert!(fixture.client.get(&url).send().await.is_ok());
    fixture.sandbox.stop().await;
    assert!(fixture.client.get(&url).send().await.is_err());
}
