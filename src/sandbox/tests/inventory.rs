//! What the inventory endpoint answers and refuses.

use super::{EXAMPLE, Fixture, csv, wide_query};

#[tokio::test]
async fn the_example_comes_in_the_documents_order_and_spelling() {
    let fixture = Fixture::start();
    let answer = fixture.inventory(1000, EXAMPLE).await;
    let rows = crate::sandbox::example::ROWS.join(",");
    assert_eq!(answer.body, format!(r#"{{"inventory_locations":[{rows}]}}"#));
    assert_eq!(answer.content_type, "application/json; charset=utf-8");
}

#[tokio::test]
async fn fifty_one_variants_are_refused_in_vietnamese() {
    let fixture = Fixture::start();
    let ids: Vec<u64> = (1..=51).collect();
    let answer = fixture.inventory(1000, &format!("location_ids=963414&variant_ids={}", csv(&ids))).await;
    assert_eq!(answer.status, 422);
    assert_eq!(answer.errors(), "Tối đa chỉ được 50 biến thể");
    let answer = fixture.inventory(1000, &format!("variant_ids=1061514767&location_ids={}", csv(&ids))).await;
    assert_eq!(answer.status, 422);
    assert_eq!(answer.errors(), "Tối đa chỉ được 50 kho");
    let answer =
        fixture.inventory(1000, &format!("location_ids=963414&variant_ids={}", csv(&ids[..50]))).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn both_lists_are_required_under_their_right_names() {
    let fixture = Fixture::start();
    let cases = [
        ("", 422),
        ("location_ids=963414", 422),
        ("location_ids=963414&variant_ids=", 422),
        ("location_ids=963414&vatiant_ids=1061514767", 422),
        ("variant_ids=1061514767", 422),
        ("location_ids=963414&variant_ids=abc", 400),
        ("location_ids=963414,&variant_ids=1061514767", 400),
        ("location_ids=963414&variant_ids=1061514767&since_id=x", 400),
        ("location_ids=963414&variant_ids=1061514767&updated_at_min=yesterday", 400),
        ("location_ids=963414&variant_ids=1061514767&limit=x&order=x&direction=x", 200),
    ];
    for (query, status) in cases {
        assert_eq!(fixture.inventory(1000, query).await.status, status, "{query}");
    }
}

#[tokio::test]
async fn a_token_is_needed_and_its_scope() {
    let fixture = Fixture::start();
    let path = format!("/com/inventory_locations.json?{EXAMPLE}");
    assert_eq!(fixture.client.get(fixture.url(&path)).send().await.unwrap().status(), 401);
    assert_eq!(fixture.get(3000, &path).await.status, 401);
    assert_eq!(fixture.sandbox.unauthorized(), 2);
    fixture.shop(1000).set_scopes([crate::sandbox::settings::Scope::ReadShop].into());
    assert_eq!(fixture.get(1000, &path).await.status, 403);
    assert_eq!(fixture.get(1000, "/com/locations.json").await.status, 200);
    fixture.shop(1000).set_token("another".to_owned());
    assert_eq!(fixture.get(1000, &path).await.status, 401);
}

#[tokio::test]
async fn shops_see_their_own_rows_only() {
    let fixture = Fixture::start();
    assert!(fixture.inventory(2000, EXAMPLE).await.rows().is_empty());
}

#[tokio::test]
async fn a_page_has_at_most_two_hundred_and_fifty_rows_whatever_limit_says() {
    let fixture = Fixture::start();
    let wide = wide_query(&fixture.shop(2000));
    for (limit, rows) in [("", 250), ("&limit=1000", 250), ("&limit=7", 7), ("&limit=0", 250)] {
        let answer = fixture.inventory(2000, &format!("{wide}{limit}")).await;
        assert_eq!(answer.rows().len(), rows, "{limit}");
    }
}

#[tokio::test]
async fn ordered_pages_give_every_row_and_unordered_ones_lose_some() {
    let fixture = Fixture::start();
    let shop = fixture.shop(2000);
    let wide = wide_query(&shop);
    let mut counts = Vec::new();
    for order in ["&order=id&direction=asc", ""] {
        let (mut since, mut seen) = (0, Vec::new());
        loop {
            let page =
                fixture.inventory(2000, &format!("{wide}{order}&limit=100&since_id={since}")).await.row_ids();
            let Some(last) = page.last() else { break };
            since = *last;
            seen.extend(page);
        }
        counts.push(seen.len());
    }
    let variants = &shop.variant_ids()[..50];
    let all = shop.rows().iter().filter(|row| variants.contains(&row.variant_id)).count();
    assert_eq!(counts[0], all);
    assert!(counts[1] < all, "{counts:?}");
}

#[tokio::test]
async fn rows_are_ordered_by_id_or_time_when_asked() {
    let fixture = Fixture::start();
    let cases = [
        ("order=id", [1003098484, 1003226632, 1006907070, 1007549786]),
        ("order=id&direction=desc", [1007549786, 1006907070, 1003226632, 1003098484]),
        ("order=updated_at", [1007549786, 1003226632, 1006907070, 1003098484]),
        ("order=updated_at&direction=desc", [1003098484, 1006907070, 1003226632, 1007549786]),
    ];
    for (order, ids) in cases {
        assert_eq!(fixture.inventory(1000, &format!("{EXAMPLE}&{order}")).await.row_ids(), ids, "{order}");
    }
}

#[tokio::test]
async fn updated_at_min_compares_instants() {
    let fixture = Fixture::start();
    let cases = [
        ("2021-07-08T01:47:17.612Z", 3),
        ("2021-07-08T08:47:17.6%2B07:00", 4),
        ("2021-07-08T01:47:17.600Z", 4),
        ("2021-08-04T08:32:02.0100001Z", 0),
    ];
    for (min, rows) in cases {
        let answer = fixture.inventory(1000, &format!("{EXAMPLE}&updated_at_min={min}")).await;
        assert_eq!(answer.rows().len(), rows, "{min}");
    }
}

#[tokio::test]
async fn rows_put_set_and_deleted_show_in_answers() {
    let fixture = Fixture::start();
    let shop = fixture.shop(1000);
    let json = r#"{"id": 9,"loc_id":963414,"variant_id":1061514767,"qty_available":5.50,"bin":"A"}"#;
    shop.put_row(json).unwrap();
    let before = shop.row(1064240649, 963414).unwrap();
    let after = shop.set_quantity(1064240649, 963414, 40).unwrap();
    assert_ne!(before.updated_at, after.updated_at);
    shop.delete_row(1064240649, 1007284).unwrap();
    let answer = fixture.inventory(1000, EXAMPLE).await;
    assert!(answer.body.contains(json));
    assert_eq!(answer.row_ids(), [1006907070, 1003226632, 9]);
    assert_eq!(answer.rows()[1]["qty_onhand"], 47);
    shop.set_quantity(1064240649, 1007284, 3).unwrap();
    assert_eq!(fixture.inventory(1000, EXAMPLE).await.rows().len(), 4);
    assert!(shop.set_quantity(1, 1007284, 3).is_none());
}
