//! A row: Haravan's record of one (location, variant) balance.

use std::borrow::Cow;

use twox_hash::XxHash3_64;

use super::cell::CellId;
use super::id::{LocationId, ProductId, RowId, VariantId};
use super::line::Line;
use super::quantity::Quantity;
use super::row_quantity::RowQuantity;
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
    pub qty_onhand: RowQuantity,
    /// Pieces promised to orders. Haravan's spelling.
    pub qty_commited: RowQuantity,
    /// Pieces on their way.
    pub qty_incoming: RowQuantity,
    /// Pieces for sale. Not always `qty_onhand - qty_commited` (doc).
    pub qty_available: RowQuantity,
    /// When the balance last changed.
    pub updated_at: Timestamp,
    /// The row's JSON as it was sent, less insignificant white space, where [`Row::write_canonical`] would not
    /// reproduce it: unknown fields, another order, other spellings of numbers or dates, long numbers.
    pub as_sent: Option<Box<str>>,
}

/// What a row's own text says, where it has one: its quantities and `updated_at`, to the digit.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
pub struct SentTexts<'a> {
    /// Pieces on hand.
    #[serde(borrow, deserialize_with = "number")]
    pub qty_onhand: &'a str,
    /// Pieces promised to orders.
    #[serde(borrow, deserialize_with = "number")]
    pub qty_commited: &'a str,
    /// Pieces on their way.
    #[serde(borrow, deserialize_with = "number")]
    pub qty_incoming: &'a str,
    /// Pieces for sale.
    #[serde(borrow, deserialize_with = "number")]
    pub qty_available: &'a str,
    /// When the balance last changed.
    #[serde(borrow)]
    pub updated_at: Cow<'a, str>,
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

/// A row whose quantities are whole numbers of 32 bits, and which is written as we would write it: nearly all rows are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlainRow {
    /// Its ids.
    pub ids: RowIds,
    /// On hand, commited, incoming, available.
    pub quantities: [i32; 4],
    /// When the balance last changed.
    pub updated_at: Timestamp,
}

/// How far below zero a row is; the last is the worst.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shortage {
    /// By this number of pieces.
    Exactly(Quantity),
    /// By a number that is not computed with.
    Beyond,
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
        let quantities = [self.qty_onhand, self.qty_commited, self.qty_incoming, self.qty_available];
        self.ids().write_canonical(line, quantities, write_quantity, self.updated_at);
    }

    /// The row as a plain one, if it is one.
    #[must_use]
    pub fn plain(&self) -> Option<PlainRow> {
        if self.as_sent.is_some() {
            return None;
        }
        let small = |quantity: RowQuantity| i32::try_from(quantity.as_integer()?).ok();
        let quantities = [
            small(self.qty_onhand)?,
            small(self.qty_commited)?,
            small(self.qty_incoming)?,
            small(self.qty_available)?,
        ];
        Some(PlainRow { ids: self.ids(), quantities, updated_at: self.updated_at })
    }

    fn ids(&self) -> RowIds {
        let Self { id, loc_id, product_id, variant_id, .. } = *self;
        RowIds { id, loc_id, product_id, variant_id }
    }

    /// Pieces on hand; `None` if the number is not one that is computed with.
    #[must_use]
    #[inline]
    pub fn onhand(&self) -> Option<Quantity> {
        self.qty_onhand.short().or_else(|| self.long(self.qty_onhand, |texts| texts.qty_onhand))
    }

    /// Pieces promised to orders; `None` if the number is not one that is computed with.
    #[must_use]
    #[inline]
    pub fn commited(&self) -> Option<Quantity> {
        self.qty_commited.short().or_else(|| self.long(self.qty_commited, |texts| texts.qty_commited))
    }

    /// Pieces on their way; `None` if the number is not one that is computed with.
    #[must_use]
    #[inline]
    pub fn incoming(&self) -> Option<Quantity> {
        self.qty_incoming.short().or_else(|| self.long(self.qty_incoming, |texts| texts.qty_incoming))
    }

    /// Pieces for sale; `None` if the number is not one that is computed with.
    #[must_use]
    #[inline]
    pub fn available(&self) -> Option<Quantity> {
        self.qty_available.short().or_else(|| self.long(self.qty_available, |texts| texts.qty_available))
    }

    /// Whether each of the quantities is one that is computed with.
    #[must_use]
    #[inline]
    pub fn is_exact(&self) -> bool {
        // A long number stands in the text.
        self.as_sent.is_none()
            || [self.qty_onhand, self.qty_commited, self.qty_incoming, self.qty_available]
                .into_iter()
                .all(RowQuantity::is_exact)
    }

    /// How far `qty_available` is below zero, if it is.
    #[must_use]
    #[inline]
    pub fn shortage(&self) -> Option<Shortage> {
        self.qty_available
            .is_negative()
            .then(|| self.available().map_or(Shortage::Beyond, |available| Shortage::Exactly(-available)))
    }

    /// The quantities and `updated_at` as they were sent, where the row has a text of its own.
    #[must_use]
    pub fn sent_texts(&self) -> Option<SentTexts<'_>> {
        serde_json::from_str(self.as_sent.as_deref()?).ok()
    }

    /// `updated_at` as it was sent.
    #[must_use]
    pub fn updated_at_text(&self) -> Cow<'_, str> {
        match self.sent_texts() {
            Some(texts) => texts.updated_at,
            None => Cow::Owned(self.updated_at.to_string()),
        }
    }

    /// A quantity that does not stand in the row itself.
    #[cold]
    fn long(&self, held: RowQuantity, text: for<'a> fn(&SentTexts<'a>) -> &'a str) -> Option<Quantity> {
        if !held.is_exact() {
            return None;
        }
        Quantity::parse(text(&self.sent_texts()?)).ok()
    }
}

impl PlainRow {
    /// How far the available pieces are below zero, if they are.
    #[must_use]
    #[inline]
    pub fn shortage(&self) -> Option<Shortage> {
        let [.., available] = self.quantities;
        (available < 0).then(|| Shortage::Exactly(-Quantity::from(available)))
    }
}

impl From<PlainRow> for Row {
    #[inline]
    fn from(plain: PlainRow) -> Self {
        let PlainRow { ids: RowIds { id, loc_id, product_id, variant_id }, quantities, updated_at } = plain;
        let [qty_onhand, qty_commited, qty_incoming, qty_available] = quantities.map(RowQuantity::from);
        Self {
            id,
            loc_id,
            product_id,
            variant_id,
            qty_onhand,
            qty_commited,
            qty_incoming,
            qty_available,
            updated_at,
            as_sent: None,
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

/// Nothing for a number that only the row's text holds: such a row is written as it was sent.
fn write_quantity(line: &mut Line, quantity: RowQuantity) {
    match quantity.as_integer() {
        Some(integer) => line.signed(integer),
        None => line.text(quantity.short().map_or_else(String::new, |short| short.to_string()).as_bytes()),
    }
}

fn number<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<&'de str, D::Error> {
    let raw: &serde_json::value::RawValue = serde::Deserialize::deserialize(deserializer)?;
    Ok(raw.get())
}

/// The fingerprint of a row's text. Tags of answers are made of it, so that a text that is sent many times is
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
