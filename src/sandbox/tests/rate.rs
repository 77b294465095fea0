//! The rate limit over HTTP; its arithmetic is tested beside it.

use super::{EXAMPLE, Fixture};

#[tokio::test]
async fn every_answer_tells_the_level_of_its_own_shop() {
    let fixture = Fixture::start();
    fixture.shop(1000).set_bucket(80, 0.0);
    assert_eq!(fixture.inventory(1000, EXAMPLE).await.call_limit.unwrap(), "1/80");
    assert_eq!(fixture.inventory(1000, "").await.call_limit.unwrap(), "2/80");
    assert_eq!(fixture.get(1000, "/com/nothing.json").await.call_limit.unwrap(), "3/80");
    assert_eq!(fixture.get(2000, "/com/shop.json").await.call_limit.unwrap(), "1/10000");
}

#[tokio::test]
async fn a_request_over_the_limit_is_told_to_wait_and_so_are_all_before_the_wait_is_over() {
    let fixture = Fixture::start();
    let shop = fixture.shop(1000);
    shop.set_bucket(2, 4.0);
    for _ in 0..2 {
        assert_eq!(fixture.inventory(1000, EXAMPLE).await.status, 200);
    }
    let refused = fixture.inventory(1000, EXAMPLE).await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.retry_after.as_deref(), Some("2.0"));
    assert!(!refused.errors().is_empty());
    let again = fixture.get(1000, "/com/shop.json").await;
    assert_eq!(again.status, 429);
    let left: f64 = again.retry_after.unwrap().parse().unwrap();
    assert!(left <= 2.0, "{left}");
    assert_eq!(shop.counters().throttled, 2);
    shop.reset_bucket();
    assert_eq!(fixture.inventory(1000, EXAMPLE).await.status, 200);
}

#[tokio::test]
async fn a_429_may_come_while_the_header_looks_empty() {
    let fixture = Fixture::start();
    for text in ["0.35", "abc", "-1", ""] {
        fixture.shop(1000).update_faults(|faults| {
            faults.throttle_next = 1;
            faults.retry_after = Some(text.to_owned());
        });
        let refused = fixture.inventory(1000, EXAMPLE).await;
        assert_eq!(refused.status, 429);
        assert_eq!(refused.call_limit.unwrap().split('/').next(), Some("0"), "{text}");
        assert_eq!(refused.retry_after.unwrap_or_default(), text);
        fixture.shop(1000).reset_bucket();
    }
    assert_eq!(fixture.inventory(1000, EXAMPLE).await.status, 200);
}

#[tokio::test]
async fn the_call_limit_header_may_lie() {
    let fixture = Fixture::start();
    for text in ["79/80", "abc", ""] {
        fixture.shop(1000).update_faults(|faults| faults.call_limit_header = Some(text.to_owned()));
        let answer = fixture.inventory(1000, EXAMPLE).await;
        assert_eq!(answer.call_limit.unwrap_or_default(), text);
    }
}
