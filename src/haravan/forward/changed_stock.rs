//! What a write changes of the stock, as its path and its body say it.
//!
//! The shapes are those that public programs send (live). Haravan may understand others: where something cannot be
//! read for certain, all of the shop's stock may have changed.

mod tree;

use std::collections::BTreeSet;
use std::str::FromStr;

use percent_encoding::percent_decode_str;

use self::tree::Tree;
use crate::domain::id::{LocationId, ProductId, VariantId};

/// The most products of one write that are looked at one by one. Source: ours; programs write one.
const MOST_PRODUCTS: usize = 16;

/// What a write changes of the stock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangedStock {
    /// Nothing.
    Nothing,
    /// Some cells.
    Cells(ChangedCells),
    /// Perhaps everything: what it changes cannot be read.
    Everything,
}

/// Cells that a write changes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChangedCells {
    /// The variants.
    pub variants: BTreeSet<VariantId>,
    /// The locations at which those variants change; `None` means all of them.
    pub locations: Option<BTreeSet<LocationId>>,
    /// Products of which all variants change, at all locations.
    pub products: BTreeSet<ProductId>,
}

/// What a body names.
#[derive(Debug, Default)]
struct Named {
    variants: BTreeSet<VariantId>,
    locations: BTreeSet<LocationId>,
    products: BTreeSet<ProductId>,
    /// A variant is named without a location.
    is_anywhere: bool,
    is_unreadable: bool,
}

/// What an object is called by what holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Variant,
    Product,
    /// An item of a list.
    Item,
    Other,
}

impl ChangedStock {
    /// What a write to this path changes, with this body; `None` if the body is not known as a whole.
    #[must_use]
    pub fn by_write(path: &str, body: Option<&[u8]>) -> Self {
        let Some(segments) = segments(path) else { return Self::Everything };
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let mut named = Named::default();
        match segments.as_slice() {
            [] => return Self::Nothing,
            ["variants", id, ..] => {
                named.is_anywhere = true;
                named.name(id, |named| &mut named.variants);
            }
            ["products", id, rest @ ..] => {
                named.is_anywhere = true;
                named.name(id, |named| &mut named.products);
                if let ["variants", id, ..] = rest {
                    named.name(id, |named| &mut named.variants);
                }
            }
            [first, ..] if *first == "inventories" || *first == "inventory" => {}
            [first, ..] if first.starts_with("inventory_") => {}
            [..] => return Self::Nothing,
        }
        match body {
            None => return Self::Everything,
            Some([]) => {}
            Some(body) => match serde_json::from_slice::<Tree>(body) {
                Ok(tree) => named.take(&tree, Role::Other, &BTreeSet::new()),
                Err(_) => return Self::Everything,
            },
        }
        named.changed()
    }
}

/// The segments of a path, decoded, in lower case, the last one without `.json`: as Haravan may read them. `None` if one
/// is no text.
fn segments(path: &str) -> Option<Vec<String>> {
    let decoded = |segment: &str| {
        let text = percent_decode_str(segment).decode_utf8().ok()?.trim().to_lowercase();
        Some(text.strip_suffix(".json").map(str::to_owned).unwrap_or(text))
    };
    path.split('/').filter(|segment| !segment.is_empty()).map(decoded).collect()
}

impl Named {
    fn changed(self) -> ChangedStock {
        let Self { variants, locations, products, is_anywhere, is_unreadable } = self;
        let names_nothing = variants.is_empty() && products.is_empty();
        if is_unreadable || names_nothing || MOST_PRODUCTS < products.len() {
            return ChangedStock::Everything;
        }
        let locations = (!is_anywhere).then_some(locations);
        ChangedStock::Cells(ChangedCells { variants, locations, products })
    }

    /// Takes in what an object or a list names. `locations` are those of what holds it.
    fn take(&mut self, tree: &Tree, role: Role, locations: &BTreeSet<LocationId>) {
        match tree {
            Tree::List(items) => {
                let role = if role == Role::Other { Role::Item } else { role };
                items.iter().for_each(|item| self.take(item, role, locations));
            }
            Tree::Object(members) => self.take_object(members, role, locations),
            Tree::Null | Tree::Text(_) | Tree::Number(_) | Tree::Other => {}
        }
    }

    fn take_object(&mut self, members: &[(String, Tree)], role: Role, outer: &BTreeSet<LocationId>) {
        let mut variants: BTreeSet<VariantId> = BTreeSet::new();
        let mut products: BTreeSet<ProductId> = BTreeSet::new();
        let mut locations: BTreeSet<LocationId> = BTreeSet::new();
        for (name, value) in members {
            let is_readable = match (name.as_str(), role) {
                ("variant_id" | "product_variant_id" | "variant_ids" | "product_variant_ids", _)
                | ("id", Role::Variant) => ids(value, &mut variants),
                ("product_id" | "product_ids", _) | ("id", Role::Product) => ids(value, &mut products),
                (name, _) if is_of_location(name) => ids(value, &mut locations),
                _ => true,
            };
            self.is_unreadable |= !is_readable;
        }
        let inner = if locations.is_empty() { outer } else { &locations };
        let has_quantity = members.iter().any(|(name, _)| name.contains("quantity") || name.contains("qty"));
        if !variants.is_empty() {
            self.is_anywhere |= inner.is_empty();
            self.locations.extend(inner);
        } else if !products.is_empty() {
            self.products.extend(products);
        } else if role == Role::Item && has_quantity {
            // A line that names its variant in another way, by its sku perhaps.
            self.is_unreadable = true;
        }
        self.variants.extend(variants);
        for (name, value) in members {
            let role = match name.as_str() {
                "variant" | "variants" => Role::Variant,
                "product" | "products" => Role::Product,
                _ => Role::Other,
            };
            self.take(value, role, inner);
        }
    }

    /// Takes in an id of the path.
    fn name<I: FromStr + Ord>(&mut self, id: &str, list: impl Fn(&mut Self) -> &mut BTreeSet<I>) {
        match id.parse() {
            Ok(id) => {
                list(self).insert(id);
            }
            Err(_) => self.is_unreadable = true,
        }
    }
}

fn is_of_location(name: &str) -> bool {
    ["location_id", "location_ids", "loc_id", "loc_ids"].iter().any(|end| name.ends_with(end))
}

/// Adds the ids of a value: one, or a list, each a number or a text. Returns whether all can be read.
fn ids<I: FromStr + Ord>(value: &Tree, ids: &mut BTreeSet<I>) -> bool {
    let mut add = |text: &str| text.trim().parse().map(|id| ids.insert(id)).is_ok();
    match value {
        Tree::Null => true,
        Tree::Number(number) => add(&number.to_string()),
        Tree::Text(text) => text.split(',').all(add),
        Tree::List(items) => items.iter().all(|item| match item {
            Tree::Number(number) => add(&number.to_string()),
            Tree::Text(text) => add(text),
            Tree::Null | Tree::Other | Tree::List(_) | Tree::Object(_) => false,
        }),
        Tree::Other | Tree::Object(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::{option, prop_oneof};
    use serde_json::{Value, json};

    use super::{ChangedCells, ChangedStock};

    fn cells(variants: &[u64], locations: Option<&[u64]>, products: &[u64]) -> ChangedStock {
        ChangedStock::Cells(ChangedCells {
            variants: variants.iter().map(|id| (*id).try_into().unwrap()).collect(),
            locations: locations.map(|ids| ids.iter().map(|id| (*id).try_into().unwrap()).collect()),
            products: products.iter().map(|id| (*id).try_into().unwrap()).collect(),
        })
    }

    #[track_caller]
    fn check(path: &str, body: &str, expected: &ChangedStock) {
        assert_eq!(&ChangedStock::by_write(path, Some(body.as_bytes())), expected, "{path} {body}");
    }

    #[test]
    fn the_body_of_a_stock_change_names_its_cells() {
        let lines = r#""line_items":[{"product_id":5,"product_variant_id":7,"quantity":1},{"product_id":5,"product_variant_id":"8","quantity":2}]"#;
        let at_one = cells(&[7, 8], Some(&[3]), &[]);
        for path in
            ["inventories/adjustorset.json", "Inventories//adjustOrSet.json", "inventory_levels/set.json"]
        {
            check(path, &format!(r#"{{"inventory":{{"location_id":3,"type":"set",{lines}}}}}"#), &at_one);
            check(path, &format!(r#"{{"Inventory":{{{lines},"Location_Id":"3"}}}}"#), &at_one);
            check(path, &format!(r#"{{"inventory":{{{lines}}}}}"#), &cells(&[7, 8], None, &[]));
        }
        check(
            "inventories/adjustorset.json",
            r#"{"lines":[{"variant_id":7,"loc_id":3},{"variant_id":8}]}"#,
            &cells(&[7, 8], None, &[]),
        );
        check(
            "inventories/adjustorset.json",
            r#"{"lines":[{"variant_id":7,"from_location_id":3,"to_location_id":4}]}"#,
            &cells(&[7], Some(&[3, 4]), &[]),
        );
        check("inventories/x.json", r#"{"product_id":5}"#, &cells(&[], Some(&[]), &[5]));
    }

    #[test]
    fn the_path_names_a_variant_or_a_product() {
        check("variants/7.json", r#"{"variant":{"title":"x"}}"#, &cells(&[7], None, &[]));
        check("variants/7.json", "", &cells(&[7], None, &[]));
        check("v%61riants/7", r#"{"variant":{"id":8}}"#, &cells(&[7, 8], None, &[]));
        check("products/5.json", r#"{"product":{"id":5,"variants":[{"id":7}]}}"#, &cells(&[7], None, &[5]));
        check("products/5/variants/7.json", "", &cells(&[7], None, &[5]));
        for path in ["orders.json", "products.json", "customers/7.json", "", "variants.json"] {
            check(path, "{}", &ChangedStock::Nothing);
        }
    }

    #[test]
    fn what_cannot_be_read_may_be_everything() {
        let everything = ChangedStock::Everything;
        for body in [
            "",
            "{",
            "[]",
            "a=b",
            r#"{"inventory":{"location_id":3}}"#,
            r#"{"line_items":[{"product_variant_id":7.5,"quantity":1}]}"#,
            r#"{"line_items":[{"product_variant_id":0,"quantity":1}]}"#,
            r#"{"line_items":[{"product_variant_id":7},{"sku":"A","quantity":1}]}"#,
            r#"{"location_id":{"a":1},"line_items":[{"product_variant_id":7}]}"#,
            r#"{"location_id":"3a","line_items":[{"product_variant_id":7}]}"#,
        ] {
            check("inventories/adjustorset.json", body, &everything);
        }
        check("variants/7a.json", "{}", &everything);
        check("variants/%ff.json", "{}", &everything);
        check("products/count.json", "{}", &everything);
        check("variants/7.json", "no json", &everything);
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        check("variants/7.json", &deep, &everything);
        assert_eq!(ChangedStock::by_write("variants/7.json", None), everything, "the body is not known");
    }

    /// JSON that names variants somewhere, and which ones.
    fn naming() -> impl Strategy<Value = (Value, Vec<u64>)> {
        let name = prop_oneof![Just("variant_id"), Just("product_variant_id"), Just("Variant_Id")];
        let line =
            (name, 1_u64..50, any::<bool>(), option::of(1_u64..9)).prop_map(|(name, id, quoted, loc)| {
                let shown = if quoted { json!(id.to_string()) } else { json!(id) };
                let mut line = json!({name: shown, "quantity": 1});
                if let Some(loc) = loc {
                    line["location_id"] = json!(loc);
                }
                (line, vec![id])
            });
        line.prop_recursive(4, 24, 4, |inner| {
            vec(inner, 1..4).prop_flat_map(|items| {
                let named: Vec<u64> = items.iter().flat_map(|(_, ids)| ids.clone()).collect();
                let items: Vec<Value> = items.into_iter().map(|(item, _)| item).collect();
                any::<bool>().prop_map(move |is_list| {
                    let holder = if is_list {
                        json!(items.clone())
                    } else {
                        let members =
                            items.iter().enumerate().map(|(at, item)| (format!("m{at}"), item.clone()));
                        Value::Object(members.collect())
                    };
                    (json!({"inventory": holder, "location_id": 3}), named.clone())
                })
            })
        })
    }

    proptest! {
        #[test]
        fn every_variant_that_a_body_names_somewhere_is_changed((body, named) in naming()) {
            let body = body.to_string();
            let ChangedStock::Cells(cells) =
                ChangedStock::by_write("inventories/adjustorset.json", Some(body.as_bytes()))
            else {
                return Err(TestCaseError::fail("it names variants alone"));
            };
            let changed: Vec<u64> = cells.variants.iter().map(|id| id.get()).collect();
            let expected: BTreeSet<u64> = named.into_iter().collect();
            prop_assert_eq!(changed, expected.into_iter().collect::<Vec<_>>());
        }

        #[test]
        fn a_body_cut_anywhere_may_change_everything((body, _) in naming(), at in any::<prop::sample::Index>()) {
            let body = body.to_string();
            let end = 1 + at.index(body.len() - 1);
            let changed = ChangedStock::by_write("inventories/x.json", Some(&body.as_bytes()[..end]));
            prop_assert_eq!(changed, ChangedStock::Everything);
        }
    }

    #[test]
    fn a_member_that_is_there_twice_counts_twice() {
        check(
            "inventories/adjustorset.json",
            r#"{"location_id":3,"location_id":4,"line_items":[{"product_variant_id":7}],"line_items":[{"product_variant_id":8}]}"#,
            &cells(&[7, 8], Some(&[3, 4]), &[]),
        );
    }
}
