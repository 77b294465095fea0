//! A row: Haravan's record of one (location, variant) balance.

use std::borrow::Cow;

use super::cell::CellId;
use super::id::{LocationId, ProductId, RowId, VariantId};
use super::quantity::Quantity;
use super::timestamp::Timestamp;

/// One row, under Haravan's own field names. Source of the fields: doc.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The balance's own id.
    pub id: RowId,
    /// The location.
    pub loc_id: LocationId,
    /// The product the variant belongs to.
    pub product_id: ProductId,
    /// The variant.
    pub variant_id: VariantId,
    /// Pieces on hand; may be negative (doc's example: -3).
    pub qty_onhand: Quantity,
    /// Pieces promised to orders. Haravan's spelling.
    pub qty_commited: Quantity,
    /// Pieces on their way.
    pub qty_incoming: Quantity,
    /// Pieces for sale. Not always `qty_onhand - qty_commited` (doc).
    pub qty_available: Quantity,
    /// When the balance last changed.
    pub updated_at: Timestamp,
    /// The row's JSON as it was sent, less insignificant white space, where [`Row::write_canonical`] would not
    /// reproduce it: unknown fields, another order, other spellings of numbers or dates.
    pub as_sent: Option<Box<str>>,
}

impl Row {
    /// The cell this row fills.
    #[must_use]
    pub fn cell_id(&self) -> CellId {
        CellId { variant_id: self.variant_id, loc_id: self.loc_id }
    }

    /// Appends the row's JSON as Haravan sent it.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        match &self.as_sent {
            Some(text) => out.extend_from_slice(text.as_bytes()),
            None => self.write_canonical(out),
        }
    }

    /// Appends the JSON that Haravan writes for a row with just the documented fields.
    pub fn write_canonical(&self, out: &mut Vec<u8>) {
        let mut integers = itoa::Buffer::new();
        let mut integer = |out: &mut Vec<u8>, name: &[u8], number: u64| {
            out.extend_from_slice(name);
            out.extend_from_slice(integers.format(number).as_bytes());
        };
        integer(out, b"{\"id\":", self.id.get());
        integer(out, b",\"loc_id\":", self.loc_id.get());
        integer(out, b",\"product_id\":", self.product_id.get());
        integer(out, b",\"variant_id\":", self.variant_id.get());
        write_quantity(out, b",\"qty_onhand\":", self.qty_onhand);
        write_quantity(out, b",\"qty_commited\":", self.qty_commited);
        write_quantity(out, b",\"qty_incoming\":", self.qty_incoming);
        write_quantity(out, b",\"qty_available\":", self.qty_available);
        out.extend_from_slice(b",\"updated_at\":\"");
        self.updated_at.write(out);
        out.extend_from_slice(b"\"}");
    }

    /// `updated_at` as it was sent.
    #[must_use]
    pub fn updated_at_text(&self) -> Cow<'_, str> {
        #[derive(serde::Deserialize)]
        struct Dated<'a> {
            #[serde(borrow)]
            updated_at: Cow<'a, str>,
        }
        let sent = self.as_sent.as_deref().and_then(|text| serde_json::from_str::<Dated<'_>>(text).ok());
        match sent {
            Some(dated) => dated.updated_at,
            None => Cow::Owned(self.updated_at.to_string()),
        }
    }
}

fn write_quantity(out: &mut Vec<u8>, name: &[u8], quantity: Quantity) {
    out.extend_from_slice(name);
    match quantity.as_integer() {
        Some(integer) => out.extend_from_slice(itoa::Buffer::new().format(integer).as_bytes()),
        None => out.extend_from_slice(quantity.to_string().as_bytes()),
    }
}
