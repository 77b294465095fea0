//! A row: Haravan's record of one (location, variant) balance.

use std::borrow::Cow;

use twox_hash::XxHash3_64;

use super::cell::CellId;
use super::id::{LocationId, ProductId, RowId, VariantId};
use super::line::Line;
use super::quantity::Quantity;
use super::timestamp::Timestamp;

/// One row, under Haravan's own field names. Source of the fields: doc.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
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

/// The ids of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowIds {
    /// The balance's own id.
    pub id: RowId,
    /// The location.
    pub loc_id: LocationId,
    /// The product.
    pub product_id: ProductId,
    /// The variant.
    pub variant_id: VariantId,
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
            None => {
                let mut line = Line::new();
                self.write_canonical(&mut line);
                out.extend_from_slice(line.as_bytes());
            }
        }
    }

    /// Adds the JSON that Haravan writes for a row with just the documented fields.
    pub fn write_canonical(&self, line: &mut Line) {
        let ids = RowIds {
            id: self.id,
            loc_id: self.loc_id,
            product_id: self.product_id,
            variant_id: self.variant_id,
        };
        let quantities = [self.qty_onhand, self.qty_commited, self.qty_incoming, self.qty_available];
        ids.write_canonical(line, quantities, write_quantity, self.updated_at);
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

impl RowIds {
    /// Adds the JSON that Haravan writes for a row with these ids and just the documented fields: on hand, commited,
    /// incoming and available as `write_quantity` writes each.
    #[inline]
    pub fn write_canonical<Q>(
        &self,
        line: &mut Line,
        quantities: [Q; 4],
        write_quantity: impl Fn(&mut Line, Q),
        updated_at: Timestamp,
    ) {
        let [onhand, commited, incoming, available] = quantities;
        line.piece(b"{\"id\":");
        line.number(self.id.get());
        line.piece(b",\"loc_id\":");
        line.number(self.loc_id.get());
        line.piece(b",\"product_id\":");
        line.number(self.product_id.get());
        line.piece(b",\"variant_id\":");
        line.number(self.variant_id.get());
        line.piece(b",\"qty_onhand\":");
        write_quantity(line, onhand);
        line.piece(b",\"qty_commited\":");
        write_quantity(line, commited);
        line.piece(b",\"qty_incoming\":");
        write_quantity(line, incoming);
        line.piece(b",\"qty_available\":");
        write_quantity(line, available);
        line.piece(b",\"updated_at\":\"");
        updated_at.write(line);
        line.piece(b"\"}");
    }
}

fn write_quantity(line: &mut Line, quantity: Quantity) {
    match quantity.as_integer() {
        Some(integer) => line.signed(integer),
        None => line.text(quantity.to_string().as_bytes()),
    }
}
/// Tells rows' texts apart: what a row is told by in the tags of answers, so that a text that is sent many times is
/// hashed once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint(u64);

impl Fingerprint {
    /// Of a row's JSON.
    #[must_use]
    pub fn of(text: &[u8]) -> Self {
        Self(XxHash3_64::oneshot(text))
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0
    }
}
