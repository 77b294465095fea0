//! What a shop has: its rows, and the catalog that they belong to.

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::catalog::Catalog;
use super::settings::ShopData;
use super::store::{Placing, Row, RowError, Store};
use super::{example, generator};

/// What the shop has.
#[derive(Debug)]
pub(super) struct Stock {
    pub(super) store: Store,
    pub(super) catalog: Catalog,
}

impl Stock {
    pub(super) fn new(stock: ShopData, org_id: u64) -> Result<Self, RowError> {
        let name = format!("Cửa hàng {org_id}");
        let (store, catalog) = match stock {
            ShopData::Example => example::shop()?,
            ShopData::Generated(settings) => generator::shop(&settings),
            ShopData::Empty => (Store::new(Placing::Scrambled), Catalog::new(&name)),
            ShopData::Rows(texts) => {
                let mut stock = Self { store: Store::new(Placing::Scrambled), catalog: Catalog::new(&name) };
                for text in texts {
                    stock.put(Row::parse(&text)?);
                }
                return Ok(stock);
            }
        };
        Ok(Self { store, catalog })
    }

    /// The sums of a variant's quantities over all locations: on hand, commited, incoming, available.
    pub(super) fn sums(&self, variant_id: u64) -> [Decimal; 4] {
        let locations = self.catalog.locations().iter();
        let rows = locations.filter_map(|location| self.store.get(variant_id, location.id));
        let quantities =
            |row: &Row| row.quantities(["qty_onhand", "qty_commited", "qty_incoming", "qty_available"]);
        rows.map(quantities).fold(
            [Decimal::ZERO; 4],
            |[one, two, three, four], [first, second, third, fourth]| {
                [
                    one.saturating_add(first),
                    two.saturating_add(second),
                    three.saturating_add(third),
                    four.saturating_add(fourth),
                ]
            },
        )
    }

    /// Gives a cell another available quantity, with the one on hand in step. A cell without a row gets one. Nothing
    /// happens when the shop has no such variant or location.
    pub(super) fn set_available(&mut self, variant_id: u64, loc_id: u64, available: Decimal) -> Option<()> {
        let row = match self.store.get(variant_id, loc_id) {
            Some(row) => row.with_available(available, Timestamp::now()).ok()?,
            None => {
                let product_id = self.catalog.product_of(variant_id)?;
                if !self.catalog.has_location(loc_id) {
                    return None;
                }
                let id = self.store.newest_id().saturating_add(1);
                Row::new((id, loc_id, variant_id, product_id), available).ok()?
            }
        };
        self.put(row);
        Some(())
    }

    /// Puts a row into its cell, which becomes known to the shop.
    pub(super) fn put(&mut self, row: Row) {
        self.catalog.ensure(row.loc_id, row.product_id, row.variant_id);
        self.store.put(row);
    }
}
