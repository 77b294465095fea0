//! The stream against the answer that is made at once.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use proptest::prelude::any;
use proptest::{prop_assert_eq, proptest};

use super::StockStream;
use crate::domain::cell::{Cell, CellId, LentCell, MissingReason};
use crate::domain::id::{LocationId, VariantId};
use crate::domain::location::{LocationBook, LocationClass};
use crate::view::envelope::Answer;
use crate::view::grid::CellsByVariant;
use crate::view::lines::{Chunks, Tabular, json_at_once};
use crate::view::sample::{Sample, documented_example, place, unknown, veiled};
use crate::view::stock::{GroupBy, StockParameters, stock};

/// A sample's cells, by variant.
struct Kept {
    variants: Vec<VariantId>,
    locations: Vec<LocationId>,
    cells: Vec<(CellId, Cell)>,
}

impl Kept {
    fn of(sample: &Sample) -> Self {
        let mut variants: Vec<_> = sample.cells.iter().map(|(id, _)| id.variant_id).collect();
        let mut locations: Vec<_> = sample.cells.iter().map(|(id, _)| id.loc_id).collect();
        variants.dedup();
        locations.sort_unstable();
        locations.dedup();
        Self { variants, locations, cells: sample.cells.clone() }
    }
}

impl CellsByVariant for Kept {
    fn variant_ids(&self) -> &[VariantId] {
        &self.variants
    }

    fn location_ids(&self) -> &[LocationId] {
        &self.locations
    }

    fn each_of(&self, place: usize, mut show: impl FnMut(CellId, LentCell<'_>)) {
        let Some(variant_id) = self.variants.get(place) else { return };
        for (id, cell) in self.cells.iter().filter(|(id, _)| id.variant_id == *variant_id) {
            let plain = if let Cell::Row(row) = cell { row.plain() } else { None };
            show(*id, plain.map_or(LentCell::from(cell), LentCell::Plain));
        }
    }
}

fn stream(sample: &Sample, breakdown: bool) -> StockStream<Kept> {
    StockStream::new(Kept::of(sample), sample.context(), breakdown)
}

fn read(chunks: Chunks) -> String {
    String::from_utf8(chunks.flat_map(Result::unwrap).collect()).unwrap()
}

fn hash(sample: &Sample, breakdown: bool) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(stream(sample, breakdown))
}

proptest! {
    #[test]
    fn a_stream_is_to_the_byte_what_is_made_at_once(veiled in veiled(), breakdown in any::<bool>()) {
        let sample = &veiled.seen;
        let parameters = StockParameters { group_by: GroupBy::Variant, breakdown };
        let at_once = || stock(sample.cells(), sample.context(), parameters);
        let json = stream(sample, breakdown).into_json().unwrap();
        prop_assert_eq!(read(json), read(json_at_once(&at_once()).unwrap()));
        prop_assert_eq!(read(stream(sample, breakdown).into_csv()), read(at_once().into_csv()));
        prop_assert_eq!(read(stream(sample, breakdown).into_ndjson()), read(at_once().into_ndjson()));
    }
}

#[test]
fn a_streams_hash_changes_with_whatever_the_answer_says() {
    let sample = documented_example();
    let before = hash(&sample, false);
    assert_eq!(hash(&sample, false), before);
    assert_ne!(hash(&sample, true), before);
    for at in 0..sample.cells.len() {
        let mut other = sample.clone();
        let id = other.cells[at].0;
        let Cell::Row(row) = &mut other.cells[at].1 else { unreachable!() };
        row.qty_available = (row.qty_available.as_integer().unwrap() - 1).into();
        assert_ne!(hash(&other, false), before, "{id:?}");
        other.cells[at].1 = Cell::NoRow;
        let without = hash(&other, false);
        assert_ne!(without, before, "{id:?}");
        other.cells[at] = unknown(id.variant_id.get(), id.loc_id.get(), MissingReason::Timeout);
        assert!(![before, without].contains(&hash(&other, false)), "{id:?}");
    }
    let places = [LocationClass::Sellable, LocationClass::Transit]
        .map(|class| [place(963_414, "Cửa hàng", class), place(1_007_284, "Kho", LocationClass::Sellable)]);
    let hashes =
        places.map(|places| hash(&Sample { book: LocationBook::new(places, []), ..sample.clone() }, false));
    assert_eq!(hashes[0], before);
    assert_ne!(hashes[1], before);
}

#[test]
fn a_stream_makes_no_item_before_it_is_asked_for() {
    let mut items = stream(&documented_example(), false).items;
    assert_eq!((items.next, items.totals.finish(super::Membership::Certain).rows), (0, 0));
    assert!(items.next().is_some());
    assert_eq!((items.next, items.totals.finish(super::Membership::Certain).rows), (1, 2));
    assert_eq!(items.by_ref().count(), 1);
    assert!(items.next().is_none());
    assert_eq!(items.totals.finish(super::Membership::Certain).rows, 4);
}
