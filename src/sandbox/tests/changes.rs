//! What changes stock.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Fixture, Read};
use crate::sandbox::settings::Scope;

const SET: &str = "/com/inventories/adjustorset.json";

impl Fixture {
    async fn change(&self, method: Method, path: &str, body: &Value) -> Read {
        let request = self.client.request(method, self.url(path)).bearer_auth("sandbox-2000");
        Read::to_end(request.body(body.to_string()).send().await.unwrap()).await
    }

    /// A variant of the generated shop with its product and its first location.
    async fn place(&self) -> (Value, Value, u64) {
        let product = self.get(2000, "/com/products.json?limit=1").await.list("products").remove(0);
        (product["id"].clone(), product["variants"][0]["id"].clone(), self.shop(2000).location_ids()[0])
    }

    fn quantities(&self, variant: &Value, loc_id: u64) -> (Value, Value) {
        let row = self.shop(2000).row(variant.as_u64().unwrap(), loc_id).unwrap();
        let row: Value = serde_json::from_str(&row.json).unwrap();
        (row["qty_onhand"].clone(), row["qty_available"].clone())
    }
}

#[tokio::test]
async fn quantities_on_hand_are_set_and_adjusted() {
    let fixture = Fixture::start();
    let (product, variant, loc_id) = fixture.place().await;
    let change = |kind: &str, quantity: i64| {
        let line = json!({"product_id": product, "product_variant_id": variant, "quantity": quantity});
        json!({"inventory": {"location_id": loc_id, "type": kind, "line_items": [line]}})
    };
    fixture.shop(2000).set_quantity(variant.as_u64().unwrap(), loc_id, 1).unwrap();
    for (kind, quantity, onhand) in [("set", 40, 40), ("adjust", -45, -5), ("adjust", 7, 2)] {
        assert_eq!(fixture.change(Method::POST, SET, &change(kind, quantity)).await.status.as_u16(), 200);
        assert_eq!(fixture.quantities(&variant, loc_id).0, onhand);
    }
    let mut untyped = change("set", 3);
    untyped["inventory"].as_object_mut().unwrap().remove("type");
    assert_eq!(fixture.change(Method::POST, SET, &untyped).await.status.as_u16(), 200);
    assert_eq!(fixture.quantities(&variant, loc_id).0, 5, "it adjusts where it does not say what it does");
}

#[tokio::test]
async fn a_change_with_one_bad_line_changes_nothing() {
    let fixture = Fixture::start();
    let (product, variant, loc_id) = fixture.place().await;
    fixture.shop(2000).set_quantity(variant.as_u64().unwrap(), loc_id, 1).unwrap();
    let before = fixture.quantities(&variant, loc_id);
    let good = json!({"product_id": product, "product_variant_id": variant, "quantity": 9});
    let bad = json!({"product_id": 1, "product_variant_id": variant, "quantity": 9});
    let inventory = |loc_id: u64, lines: Value| json!({"inventory": {"location_id": loc_id, "type": "set", "line_items": lines}});
    for (body, status) in [
        (inventory(loc_id, json!([good, bad])), 422),
        (inventory(1, json!([good])), 422),
        (inventory(loc_id, json!([])), 422),
        (inventory(loc_id, json!(vec![good.clone(); 201])), 422),
        (json!({"inventory": {"location_id": loc_id, "type": "double", "line_items": [good]}}), 400),
        (json!({"inventory": 5}), 400),
    ] {
        assert_eq!(fixture.change(Method::POST, SET, &body).await.status.as_u16(), status, "{body}");
    }
    assert_eq!(fixture.quantities(&variant, loc_id), before);
}

#[tokio::test]
async fn a_variant_is_changed_and_answered_as_it_is_now() {
    let fixture = Fixture::start();
    let (_, variant, _) = fixture.place().await;
    let path = format!("/com/variants/{variant}.json");
    let change = json!({"variant": {"sku": "NEW", "inventory_quantity": 12}});
    let answer = fixture.change(Method::PUT, &path, &change).await.json();
    assert_eq!(answer["variant"]["sku"], "NEW");
    assert_eq!(fixture.get(2000, &path).await.json(), answer);
    let changed =
        fixture.get(2000, "/com/products.json?updated_at_min=2026-01-01T00:00:00Z").await.list("products");
    assert!(changed.iter().any(|product| product["variants"][0]["id"] == variant));
    let unknown = fixture.change(Method::PUT, "/com/variants/1.json", &change).await;
    assert_eq!(unknown.status.as_u16(), 404);
}

#[tokio::test]
async fn a_variant_is_changed_below_its_product_too() {
    let fixture = Fixture::start();
    let (product, variant, loc_id) = fixture.place().await;
    let change = json!({"variant": {"inventory_quantity": 12}});
    for (path, status) in [
        (format!("/admin/products/{product}/variants/{variant}.json"), 200),
        (format!("/admin/products/{product}/variants/1.json"), 404),
        (format!("/admin/products/x/variants/{variant}.json"), 404),
    ] {
        assert_eq!(fixture.change(Method::PUT, &path, &change).await.status.as_u16(), status, "{path}");
    }
    assert_eq!(fixture.quantities(&variant, loc_id).0, 12);
}

#[tokio::test]
async fn a_token_that_may_only_read_changes_nothing() {
    let fixture = Fixture::start();
    fixture.shop(2000).set_scopes([Scope::ReadInventories, Scope::ReadProducts, Scope::ReadShop].into());
    let (_, variant, _) = fixture.place().await;
    let path = format!("/com/variants/{variant}.json");
    for (method, path) in [(Method::POST, SET), (Method::PUT, path.as_str())] {
        assert_eq!(fixture.change(method, path, &json!({})).await.status.as_u16(), 403);
    }
}
