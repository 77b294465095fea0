//! Locations, products and the shop.

use super::Fixture;

#[tokio::test]
async fn locations_have_their_fields_and_pages() {
    let fixture = Fixture::start();
    let locations = fixture.get(1000, "/com/locations.json").await.list("locations");
    let ids: Vec<_> = locations.iter().map(|location| location["id"].as_u64().unwrap()).collect();
    assert_eq!(ids, [963414, 1007284]);
    assert_eq!(locations[0]["is_primary"], true);
    assert_eq!(locations[1]["location_type"], "default");
    let second = fixture.get(2000, "/com/locations.json?limit=4&page=3").await.list("locations");
    assert_eq!(second.len(), 2);
    assert!(fixture.get(2000, "/com/locations.json?limit=4&page=4").await.list("locations").is_empty());
}

#[tokio::test]
async fn products_come_newest_first_fifty_a_page_with_the_fields_asked_for() {
    let fixture = Fixture::start();
    let (mut ids, mut variants) = (Vec::new(), 0);
    for (page, count) in [(1, 50), (2, 10), (3, 0)] {
        let path = format!("/com/products.json?limit=250&page={page}&fields=id,variants");
        let products = fixture.get(2000, &path).await.list("products");
        assert_eq!(products.len(), count);
        for product in &products {
            assert_eq!(product.as_object().unwrap().len(), 2);
            ids.push(product["id"].as_u64().unwrap());
            variants += product["variants"].as_array().unwrap().len();
        }
    }
    assert!(ids.is_sorted_by(|left, right| right < left));
    assert_eq!(variants, 120);
    assert_eq!(fixture.get(2000, "/com/products/count.json").await.json()["count"], 60);
}

#[tokio::test]
async fn products_are_filtered_by_time_and_arbitrarily_by_an_empty_sku() {
    let fixture = Fixture::start();
    let late = fixture.get(1000, "/com/products.json?updated_at_min=2021-09-01T00:00:00Z").await;
    assert!(late.list("products").is_empty());
    let early = fixture.get(1000, "/com/products.json?updated_at_min=2021-08-01T00:00:00Z").await;
    assert_eq!(early.list("products").len(), 1);
    assert!(early.body.contains(r#""price":199000.0000"#));
    let known = fixture.get(1000, "/com/products.json?sku=AT-DEN-M").await;
    assert_eq!(known.list("products").len(), 1);
    let empty = fixture.get(2000, "/com/products.json?sku=").await;
    assert!((1..50).contains(&empty.list("products").len()));
}

#[tokio::test]
async fn the_shop_names_itself_and_other_paths_are_not_found() {
    let fixture = Fixture::start();
    assert_eq!(fixture.get(1000, "/com/shop.json").await.json()["shop"]["id"], 1000);
    let unknown = fixture.get(1000, "/com/orders.json").await;
    assert_eq!((unknown.status.as_u16(), unknown.errors().as_str()), (404, "Not Found"));
}
