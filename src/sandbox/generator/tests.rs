//! What a generated shop promises: counts, shares, and the same shop for the same seed.

use rust_decimal::Decimal;
use serde_json::value::RawValue;

use super::*;
use crate::sandbox::store::RowSnapshot;

#[derive(serde::Deserialize)]
struct Read {
    qty_onhand: Box<RawValue>,
    qty_commited: Box<RawValue>,
    qty_available: Box<RawValue>,
}

fn number(text: &RawValue) -> Decimal {
    text.get().parse().unwrap()
}

fn rows() -> Vec<RowSnapshot> {
    shop(&GeneratedSettings::default()).0.snapshots()
}

/// How many rows in ten thousand are like this.
fn share(rows: &[RowSnapshot], like: impl Fn(&Read) -> bool) -> usize {
    let count = rows.iter().filter(|row| like(&serde_json::from_str(&row.json).unwrap())).count();
    count * 10_000 / rows.len()
}

#[test]
fn the_default_shop_has_the_counts_asked_for() {
    let (store, catalog) = shop(&GeneratedSettings::default());
    assert_eq!(catalog.locations().len(), 24);
    assert_eq!(catalog.products().len(), 1_800);
    let variants: Vec<_> = catalog.products().iter().flat_map(|product| &product.variants).collect();
    assert_eq!(variants.len(), 5_000);
    assert!(catalog.products().iter().all(|product| !product.variants.is_empty()));
    assert!(variants.iter().all(|variant| variant.id.to_string().len() == 10));
    let cells = 24 * 5_000;
    assert!((39..=41).contains(&(store.len() * 100 / cells)), "{}", store.len());
}

#[test]
fn one_location_is_in_transit_and_one_must_not_be_sold() {
    let (_, catalog) = shop(&GeneratedSettings::default());
    let count = |like: fn(&Location) -> bool| catalog.locations().iter().filter(|place| like(place)).count();
    assert_eq!(count(|place| place.location_type.as_deref() == Some("ontheroad")), 1);
    assert_eq!(count(|place| place.is_unavailable_quantity), 1);
    assert_eq!(count(|place| place.is_primary), 1);
}

#[test]
fn the_same_seed_gives_the_same_shop_and_another_seed_another() {
    let small = GeneratedSettings { products: 20, variants: 50, ..GeneratedSettings::default() };
    let of = |settings: &GeneratedSettings| shop(settings).0.snapshots();
    assert_eq!(of(&small), of(&small));
    assert_ne!(of(&small), of(&GeneratedSettings { seed: 7, ..small.clone() }));
}

#[test]
fn odd_rows_have_their_shares() {
    let rows = rows();
    let zero = Decimal::ZERO;
    let negative = share(&rows, |row| number(&row.qty_available) < zero);
    let off =
        share(&rows, |row| number(&row.qty_onhand) - number(&row.qty_commited) != number(&row.qty_available));
    let decimal = share(&rows, |row| row.qty_onhand.get().contains('.'));
    assert!((170..=230).contains(&negative), "{negative}");
    assert!((35..=65).contains(&off), "{off}");
    assert!((35..=65).contains(&decimal), "{decimal}");
}

#[test]
fn ids_are_unique_and_do_not_follow_the_variants() {
    let rows = rows();
    let ids: FxHashSet<u64> = rows.iter().map(|row| row.id).collect();
    assert_eq!(ids.len(), rows.len());
    let rising = rows.windows(2).filter(|pair| pair[0].variant_id < pair[1].variant_id).count();
    assert!((45..=55).contains(&(rising * 100 / rows.len())), "{rising}");
}

#[test]
fn times_have_one_to_seven_fraction_digits() {
    let mut seen = FxHashSet::default();
    for row in rows() {
        let (_, fraction) = row.updated_at.trim_end_matches('Z').split_once('.').unwrap();
        seen.insert(fraction.len());
    }
    assert_eq!(seen, (1..=7).collect());
}

#[test]
fn what_is_known_of_a_row_is_what_its_text_says() {
    let (store, _) = shop(&GeneratedSettings { variants: 50, products: 20, ..GeneratedSettings::default() });
    for snapshot in store.snapshots() {
        let row = store.get(snapshot.variant_id, snapshot.loc_id).unwrap();
        let read = Row::parse(&row.json).unwrap();
        let keys = |row: &Row| (row.id, row.loc_id, row.variant_id, row.product_id, row.updated_at);
        assert_eq!(keys(&read), keys(row));
    }
}
