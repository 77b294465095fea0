//! Stock by variant, summed while it is sent: what a question for thousands of variants is answered with.
//!
//! The same answer as [`super::stock()`] gives, to the byte; but a reader gets the first sum before the last is made.

use std::hash::{Hash, Hasher};
use std::io;

use serde::Serialize;

use super::item::{Place, StockItem, StockRow, VariantStock};
use super::{Group, Tally};
use crate::domain::cell::{Cell, LentCell};
use crate::domain::row::Row;
use crate::view::digest::Digest;
use crate::view::envelope::{Answer, Context, Envelope, EnvelopeBuilder};
use crate::view::grid::CellsByVariant;
use crate::view::lines::{Chunks, Tabular, csv_chunks, json_chunks_and, ndjson_chunks};
use crate::view::tally::{Membership, PlainSums, StockSums};

/// Stock by variant whose items are yet to be made.
///
/// Everything that comes before them is known: the envelope, and a digest of the cells for the tag. It hashes alike
/// for cells that are alike, whenever they were read.
#[derive(Debug)]
pub struct StockStream<C> {
    envelope: Envelope,
    digest: u64,
    items: VariantItems<C>,
}

/// The items by variant, each made when it is asked for, and the totals of those that were.
#[derive(Debug)]
struct VariantItems<C> {
    cells: C,
    /// One for each location.
    places: Vec<Place>,
    /// Cells of each variant whose location is not known.
    untold: u64,
    breakdown: bool,
    /// The place of the next variant.
    next: usize,
    totals: Tally,
}

impl<C: CellsByVariant> StockStream<C> {
    /// Looks through the cells once, for what is missing and for the tag.
    #[must_use]
    pub fn new(cells: C, context: Context<'_>, breakdown: bool) -> Self {
        let mut envelope = EnvelopeBuilder::new();
        let mut digest = Digest::default();
        for place in 0..cells.variant_ids().len() {
            cells.each_of(place, |id, cell| {
                envelope.see_lent(id, cell);
                digest.add(cell);
            });
        }
        let places = cells.location_ids().iter().map(|loc_id| Place::new(*loc_id, context.book)).collect();
        let untold = context.book.untold_cells();
        let items = VariantItems { cells, places, untold, breakdown, next: 0, totals: Tally::default() };
        Self { envelope: envelope.finish(context), digest: digest.finish(), items }
    }
}

impl<C: CellsByVariant + Send + 'static> Answer for StockStream<C> {
    fn envelope_mut(&mut self) -> &mut Envelope {
        &mut self.envelope
    }

    fn items(&self) -> usize {
        self.items.cells.variant_ids().len()
    }

    fn into_json(self) -> io::Result<Chunks> {
        #[derive(Serialize)]
        struct Frame {
            #[serde(flatten)]
            envelope: Envelope,
            stock: [StockItem; 0],
        }
        #[derive(Serialize)]
        struct Last {
            totals: StockSums,
        }
        let frame = Frame { envelope: self.envelope, stock: [] };
        json_chunks_and("stock", self.items, &frame, |items| Last {
            totals: items.totals.finish(Membership::Certain),
        })
    }
}

impl<C: CellsByVariant> Hash for StockStream<C> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.envelope.hash(state);
        self.digest.hash(state);
        self.items.cells.variant_ids().hash(state);
        self.items.cells.location_ids().hash(state);
        self.items.places.hash(state);
        self.items.breakdown.hash(state);
    }
}

impl<C: CellsByVariant> Tabular for StockStream<C> {
    fn into_csv(mut self) -> Chunks {
        // CSV is flat: rows would be gathered in vain.
        self.items.breakdown = false;
        csv_chunks(self.items.map(StockItem::Variant), &self.envelope)
    }

    fn into_ndjson(self) -> Chunks {
        ndjson_chunks(self.items, self.envelope)
    }
}

impl<C: CellsByVariant> Iterator for VariantItems<C> {
    type Item = VariantStock;

    fn next(&mut self) -> Option<VariantStock> {
        let variant_id = *self.cells.variant_ids().get(self.next)?;
        let (mut group, mut plain) = (Group::default(), PlainSums::default());
        let mut places = self.places.iter();
        self.cells.each_of(self.next, |_, cell| {
            let Some(place) = places.next() else { return };
            match cell {
                LentCell::Plain(row) => {
                    plain.add(&row, place.class);
                    group.product_id = group.product_id.or(Some(row.ids.product_id));
                }
                LentCell::Row(row) => group.add_row(row, place),
                LentCell::NoRow => plain.no_rows += 1,
                LentCell::Unknown(reason) => group.add(&Cell::Unknown(reason), place),
            }
            match cell {
                LentCell::Plain(row) if self.breakdown => {
                    group.rows.push(StockRow::new(&Row::from(row), place));
                }
                LentCell::Row(row) if self.breakdown => group.rows.push(StockRow::new(row, place)),
                _ => {}
            }
        });
        group.tally.add_plain(&plain);
        group.add_untold(self.untold);
        self.next += 1;
        self.totals.merge(&group.tally);
        Some(group.of_variant(variant_id, self.breakdown))
    }
}

#[cfg(test)]
mod tests;
