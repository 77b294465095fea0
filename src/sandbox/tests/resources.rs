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
    let unknown = fixture.get(1000, "/com/gift_cards.json").await;
    assert_eq!((unknown.status.as_u16(), unknown.errors().as_str()), (404, "Not Found"));
}

#[tokio::test]
async fn a_product_a_variant_and_a_location_can_be_read_by_id() {
    let fixture = Fixture::start();
    let listed = fixture.get(2000, "/com/products.json?limit=1").await.list("products").remove(0);
    let read = fixture.get(2000, &format!("/com/products/{}.json", listed["id"])).await.json();
    assert_eq!(read["product"], listed);
    let listed = &listed["variants"][0];
    let read = fixture.get(2000, &format!("/com/variants/{}.json", listed["id"])).await.json();
    assert_eq!(&read["variant"], listed);
    assert_eq!(fixture.get(1000, "/com/locations/963414.json").await.json()["location"]["is_primary"], true);
    for path in ["products/1", "variants/1", "locations/1", "variants/x"] {
        assert_eq!(fixture.get(1000, &format!("/com/{path}.json")).await.status.as_u16(), 404, "{path}");
    }
}

#[tokio::test]
async fn a_variant_carries_the_sums_of_its_rows() {
    let fixture = Fixture::start();
    let (shop, id) = (fixture.shop(2000), fixture.shop(2000).variant_ids()[0]);
    for loc_id in shop.location_ids() {
        shop.set_quantity(id, loc_id, 3).unwrap();
    }
    let variant = fixture.get(2000, &format!("/com/variants/{id}.json")).await.json()["variant"].clone();
    assert_eq!(variant["inventory_quantity"], 30);
    assert_eq!(variant["inventory_advance"]["qty_available"], 30);
}

#[tokio::test]
async fn what_the_shop_has_none_of_is_an_empty_list() {
    let fixture = Fixture::start();
    for name in ["orders", "customers", "collects", "custom_collections", "smart_collections"] {
        assert!(fixture.get(1000, &format!("/com/{name}.json")).await.list(name).is_empty());
    }
}

#[tokio::test]
async fn admin_is_a_second_base_with_a_header_of_its_own_for_the_token() {
    let fixture = Fixture::start();
    assert_eq!(fixture.get(1000, "/admin/shop.json").await.json()["shop"]["id"], 1000);
    for (path, status) in [("/admin/shop.json", 200), ("/com/shop.json", 401), ("/other/shop.json", 401)] {
        let request = fixture.client.get(fixture.url(path)).header("X-Haravan-Access-Token", "sandbox-1000");
        assert_eq!(request.send().await.unwrap().status().as_u16(), status, "{path}");
    }
}
