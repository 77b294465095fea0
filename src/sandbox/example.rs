//! The shop of Haravan's documentation: its example answer, row by row.
//!
//! Source: Haravan doc for the rows; the names are made up.

use super::catalog::{Catalog, Location, Product, Variant};
use super::store::{Placing, Row, RowError, Store};

/// The document's rows, in its order (which is no order) and with its number and time texts.
pub(super) const ROWS: [&str; 4] = [
    r#"{"id":1003098484,"loc_id":1007284,"product_id":1028183686,"variant_id":1064240649,"qty_onhand":0,"qty_commited":0,"qty_incoming":0,"qty_available":0,"updated_at":"2021-08-04T08:32:02.01Z"}"#,
    r#"{"id":1006907070,"loc_id":1007284,"product_id":1028183686,"variant_id":1061514767,"qty_onhand":15,"qty_commited":0,"qty_incoming":1,"qty_available":15,"updated_at":"2021-07-30T06:05:24.332Z"}"#,
    r#"{"id":1003226632,"loc_id":963414,"product_id":1028183686,"variant_id":1064240649,"qty_onhand":0,"qty_commited":7,"qty_incoming":0,"qty_available":-7,"updated_at":"2021-07-08T01:47:17.612Z"}"#,
    r#"{"id":1007549786,"loc_id":963414,"product_id":1028183686,"variant_id":1061514767,"qty_onhand":-3,"qty_commited":12,"qty_incoming":0,"qty_available":-15,"updated_at":"2021-07-08T01:47:17.6Z"}"#,
];

/// The example shop.
pub(super) fn shop() -> Result<(Store, Catalog), RowError> {
    let mut store = Store::new(Placing::AsGiven);
    for json in ROWS {
        store.put(Row::parse(json)?);
    }
    let mut catalog = Catalog::new("Cửa hàng mẫu");
    let primary = Location::warehouse(963_414, "Địa điểm mặc định");
    catalog.put_location(Location { is_primary: true, ..primary });
    catalog.put_location(Location::warehouse(1_007_284, "Kho Tân Bình"));
    catalog.add_product(Product {
        id: 1_028_183_686,
        title: "Áo thun cổ tròn".to_owned(),
        updated_at: "2021-08-04T08:32:02.01Z".to_owned(),
        variants: vec![
            variant(1_061_514_767, "AT-DEN-M", "Đen / M"),
            variant(1_064_240_649, "AT-TRANG-L", "Trắng / L"),
        ],
    });
    Ok((store, catalog))
}

fn variant(id: u64, sku: &str, title: &str) -> Variant {
    Variant { id, sku: sku.to_owned(), title: title.to_owned(), price: 199_000 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_reads_as_four_rows_in_four_cells() {
        let (store, catalog) = shop().unwrap();
        assert_eq!(store.len(), 4);
        for row in store.snapshots() {
            assert!(catalog.has_location(row.loc_id) && catalog.has_variant(row.variant_id));
            assert!(ROWS.contains(&row.json.as_str()));
        }
    }
}
