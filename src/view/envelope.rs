//! The envelope: what every answer says of itself, its shop, its age and what it lacks.

use std::hash::Hash;
use std::io;

use serde::Serialize;
use utoipa::ToSchema;

use super::lines::{Chunks, Tabular};
use super::location_warnings::location_warnings;
use crate::domain::cell::{Cell, CellId, LentCell, MissingReason};
use crate::domain::id::{LocationId, OrgId, VariantId};
use crate::domain::location::LocationBook;
use crate::domain::number::{MAX_DIGITS, MAX_PLACES};
use crate::domain::row::Row;
use crate::domain::timestamp::Timestamp;

/// The most missing cells an answer names; `missing_total` counts all. Source: ours.
pub const MAX_MISSING: usize = 100;

/// The most rows an answer warns of because their quantities cannot be summed. Source: ours.
const MAX_BEYOND: u64 = 20;

/// What a view takes besides the cells.
#[derive(Debug, Clone)]
pub struct Context<'a> {
    /// The shop.
    pub shop: OrgId,
    /// When the oldest cell was read from Haravan; none when no cell was.
    pub as_of: Option<Timestamp>,
    /// The shop's locations.
    pub book: &'a LocationBook,
    /// What the reader of the answer should know besides; the view appends its own.
    pub warnings: Vec<String>,
}

/// The members that all views share.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, ToSchema)]
pub struct Envelope {
    /// The shop: its Haravan org id.
    #[schema(value_type = u64, minimum = 1, example = 1000)]
    pub shop: OrgId,
    /// When the oldest cell used was read from Haravan; null when no cell is known.
    #[schema(required, value_type = Option<String>, format = DateTime, example = "2026-08-01T03:20:15Z")]
    pub as_of: Option<Timestamp>,
    /// Whether every cell asked for is known, and every quantity can be summed.
    #[schema(example = true)]
    pub complete: bool,
    /// The unknown cells, by variant and then location: the first 100.
    #[schema(max_items = 100)]
    pub missing: Vec<Missing>,
    /// How many cells are unknown.
    #[schema(example = 0)]
    pub missing_total: u64,
    /// What to know before trusting the answer, in English.
    #[schema(example = json!([]))]
    pub warnings: Vec<String>,
}

/// A cell that is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema)]
pub struct Missing {
    /// The variant.
    #[schema(value_type = u64, minimum = 1, example = 1061514767)]
    pub variant_id: VariantId,
    /// The location; null where its id cannot be read.
    #[schema(required, value_type = Option<u64>, minimum = 1, example = 963414)]
    pub loc_id: Option<LocationId>,
    /// Why the cell is not known.
    #[schema(example = "timeout")]
    pub reason: MissingReason,
}

/// An answer of a view's.
pub trait Answer: Hash + Tabular + Send + 'static {
    /// Whether it chooses among sets of locations, which is more work than putting each cell into it.
    const CHOOSES_LOCATIONS: bool = false;

    /// What it says of itself.
    fn envelope_mut(&mut self) -> &mut Envelope;

    /// How many items it has.
    fn items(&self) -> usize;

    /// The answer as one JSON object.
    ///
    /// # Errors
    /// It cannot be written.
    fn into_json(self) -> io::Result<Chunks>;
}

/// Makes a type an [`Answer`]: its envelope is in a field of this name, and its items are in the one named here. Without
/// such a field it is one item.
macro_rules! answer {
    ($answer:ty: $items:ident) => {
        impl $crate::view::envelope::Answer for $answer {
            fn envelope_mut(&mut self) -> &mut $crate::view::envelope::Envelope {
                &mut self.envelope
            }

            fn items(&self) -> usize {
                self.$items.len()
            }

            fn into_json(mut self) -> std::io::Result<$crate::view::lines::Chunks> {
                let items = std::mem::take(&mut self.$items);
                $crate::view::lines::json_chunks(stringify!($items), items, &self)
            }
        }
    };
    ($answer:ty $(, $chooses:ident)?) => {
        impl $crate::view::envelope::Answer for $answer {
            $(const $chooses: bool = true;)?

            fn envelope_mut(&mut self) -> &mut $crate::view::envelope::Envelope {
                &mut self.envelope
            }

            fn items(&self) -> usize {
                1
            }

            fn into_json(self) -> std::io::Result<$crate::view::lines::Chunks> {
                $crate::view::lines::json_at_once(&self)
            }
        }
    };
}
pub(crate) use answer;

/// Collects an envelope while the cells stream by.
#[derive(Debug, Default)]
pub struct EnvelopeBuilder {
    missing: Vec<Missing>,
    missing_total: u64,
    /// Rows whose quantities cannot be summed.
    beyond: u64,
    beyond_warnings: Vec<String>,
    warnings: Vec<String>,
    /// How many variants were seen, and the first of them: each has as many cells that no call can ask for.
    variants: u64,
    first_variants: Vec<VariantId>,
    last_variant: Option<VariantId>,
}

impl EnvelopeBuilder {
    /// An envelope that has seen no cell yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes note of a cell; call it in cell order.
    pub fn see(&mut self, id: CellId, cell: &Cell) {
        self.see_lent(id, LentCell::from(cell));
    }

    /// The same.
    #[inline]
    pub(crate) fn see_lent(&mut self, id: CellId, cell: LentCell<'_>) {
        if self.last_variant != Some(id.variant_id) {
            self.see_variant(id.variant_id);
        }
        match cell {
            LentCell::Plain(_) | LentCell::NoRow => {}
            LentCell::Row(row) if row.is_exact() => {}
            LentCell::Row(row) => self.see_beyond(row),
            LentCell::Unknown(reason) => self.see_missing(id, reason),
        }
    }

    fn see_variant(&mut self, variant_id: VariantId) {
        self.last_variant = Some(variant_id);
        self.variants += 1;
        if self.first_variants.len() < MAX_MISSING {
            self.first_variants.push(variant_id);
        }
    }

    fn see_missing(&mut self, CellId { variant_id, loc_id }: CellId, reason: MissingReason) {
        self.missing_total += 1;
        if self.missing.len() < MAX_MISSING {
            self.missing.push(Missing { variant_id, loc_id: Some(loc_id), reason });
        }
    }

    /// Takes note of a row with a quantity that cannot be summed.
    #[cold]
    fn see_beyond(&mut self, row: &Row) {
        self.beyond += 1;
        if MAX_BEYOND < self.beyond {
            return;
        }
        let quantities = [
            ("qty_onhand", row.qty_onhand),
            ("qty_commited", row.qty_commited),
            ("qty_incoming", row.qty_incoming),
            ("qty_available", row.qty_available),
        ];
        let beyond: Vec<&str> =
            quantities.iter().filter(|(_, quantity)| !quantity.is_exact()).map(|(name, _)| *name).collect();
        self.beyond_warnings.push(format!(
            "variant {} at location {}: {} has more than {MAX_DIGITS} significant digits, or stands further than \
             {MAX_PLACES} places from the decimal point, so sums with it are null",
            row.variant_id,
            row.loc_id,
            beyond.join(", "),
        ));
    }

    /// How many variants were seen.
    #[must_use]
    pub fn variants(&self) -> u64 {
        self.variants
    }

    /// Adds a warning of the view's own.
    pub fn warn(&mut self, warning: String) {
        self.warnings.push(warning);
    }

    /// The envelope. Warnings come in this order: the caller's, those about the locations, those about rows that cannot
    /// be summed, the view's.
    #[must_use]
    pub fn finish(mut self, context: Context<'_>) -> Envelope {
        self.see_untold(context.book.untold_cells());
        let mut warnings = context.warnings;
        warnings.extend(location_warnings(context.book));
        warnings.extend(self.beyond_warnings);
        if let Some(others @ 1..) = self.beyond.checked_sub(MAX_BEYOND) {
            warnings.push(format!("further rows with quantities that cannot be summed: {others}"));
        }
        warnings.extend(self.warnings);
        Envelope {
            shop: context.shop,
            as_of: context.as_of,
            complete: self.missing_total == 0 && self.beyond == 0,
            missing: self.missing,
            missing_total: self.missing_total,
            warnings,
        }
    }
}

impl EnvelopeBuilder {
    /// Notes a number of cells of each variant, at locations whose ids cannot be read.
    fn see_untold(&mut self, cells: u64) {
        if cells == 0 {
            return;
        }
        self.missing_total += cells * self.variants;
        name_untold(&mut self.missing, &self.first_variants, cells);
    }
}

/// Adds a number of cells of each variant, at locations whose ids cannot be read, to the missing cells that are named.
pub fn name_untold(missing: &mut Vec<Missing>, variants: &[VariantId], cells: u64) {
    for variant_id in variants.iter().take(MAX_MISSING) {
        let untold = Missing { variant_id: *variant_id, loc_id: None, reason: MissingReason::Failed };
        missing.extend((0..cells).map(|_| untold).take(MAX_MISSING));
    }
    missing.sort_by_key(|missing| (missing.variant_id, missing.loc_id.is_none(), missing.loc_id));
    missing.truncate(MAX_MISSING);
}

#[cfg(test)]
mod tests {
    use super::{Context, EnvelopeBuilder, MAX_MISSING};
    use crate::domain::cell::{Cell, CellId, MissingReason};
    use crate::domain::id::{LocationId, OrgId, VariantId};
    use crate::domain::location::LocationBook;
    use crate::view::location_warnings::LOCATIONS_FORBIDDEN;

    fn context(book: &LocationBook) -> Context<'_> {
        Context { shop: OrgId::new(1000).unwrap(), as_of: None, book, warnings: vec!["first".to_owned()] }
    }

    #[test]
    fn an_answer_names_the_first_hundred_missing_cells_and_counts_all() {
        let mut envelope = EnvelopeBuilder::new();
        for number in 1..=250 {
            let id =
                CellId { variant_id: VariantId::new(number).unwrap(), loc_id: LocationId::new(7).unwrap() };
            envelope.see(id, &Cell::Unknown(MissingReason::Failed));
            envelope.see(id, &Cell::NoRow);
        }
        let envelope = envelope.finish(context(&LocationBook::new([], [])));
        assert_eq!(envelope.missing.len(), MAX_MISSING);
        assert_eq!(envelope.missing.last().unwrap().variant_id.get(), 100);
        assert_eq!((envelope.missing_total, envelope.complete), (250, false));
    }

    #[test]
    fn an_answer_without_unknown_cells_is_complete() {
        let envelope = EnvelopeBuilder::new().finish(context(&LocationBook::new([], [])));
        assert_eq!(
            serde_json::to_string(&envelope).unwrap(),
            r#"{"shop":1000,"as_of":null,"complete":true,"missing":[],"missing_total":0,"warnings":["first"]}"#
        );
    }

    #[test]
    fn warnings_come_from_the_caller_then_the_locations_then_the_view() {
        let mut envelope = EnvelopeBuilder::new();
        envelope.warn("last".to_owned());
        let envelope = envelope.finish(context(&LocationBook::unreadable([])));
        assert_eq!(envelope.warnings, ["first", LOCATIONS_FORBIDDEN, "last"]);
    }

    #[test]
    fn a_location_whose_id_cannot_be_read_is_an_unknown_cell_of_each_variant() {
        let mut envelope = EnvelopeBuilder::new();
        for number in [1, 2] {
            let variant_id = VariantId::new(number).unwrap();
            for loc_id in [7, 8].map(|number| LocationId::new(number).unwrap()) {
                let cell = if number == 2 { Cell::Unknown(MissingReason::Timeout) } else { Cell::NoRow };
                envelope.see(CellId { variant_id, loc_id }, &cell);
            }
        }
        let envelope = envelope.finish(context(&LocationBook::new([], []).with_unlisted(1).of_all()));
        let missing: Vec<_> = envelope
            .missing
            .iter()
            .map(|missing| (missing.variant_id.get(), missing.loc_id.map(LocationId::get)))
            .collect();
        assert_eq!(missing, [(1, None), (2, Some(7)), (2, Some(8)), (2, None)]);
        assert_eq!((envelope.missing_total, envelope.complete, envelope.warnings.len()), (4, false, 2));
    }

    #[test]
    fn a_reason_is_spelled_alike_in_answers_metrics_and_logs() {
        for reason in [
            MissingReason::Timeout,
            MissingReason::RateLimited,
            MissingReason::Failed,
            MissingReason::Unauthorized,
            MissingReason::Refused,
        ] {
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.as_str());
        }
    }
}
