//! Cells to test views with: the documentation's example, and random grids in all three states.

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};

use super::envelope::Context;
use super::sent_quantity::{SentFields, SentQuantity};
use crate::domain::cell::{Cell, CellId, MissingReason};
use crate::domain::id::{LocationId, OrgId, ProductId, RowId, VariantId};
use crate::domain::location::{Location, LocationBook, LocationClass};
use crate::domain::quantity::Quantity;
use crate::domain::row::Row;
use crate::domain::row_quantity::RowQuantity;
use crate::domain::timestamp::Timestamp;

/// A grid's cells in order, and the shop's locations.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    pub(super) cells: Vec<(CellId, Cell)>,
    pub(super) book: LocationBook,
}

/// A whole grid, and what can be seen of it.
#[derive(Debug, Clone)]
pub(super) struct Veiled {
    /// Every cell known.
    pub(super) whole: Sample,
    /// The same with some cells unknown; a refused one has no row in truth.
    pub(super) seen: Sample,
}

impl Sample {
    pub(super) fn cells(&self) -> impl Iterator<Item = (CellId, Cell)> {
        self.cells.iter().cloned()
    }

    pub(super) fn context(&self) -> Context<'_> {
        context(&self.book)
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = &Row> {
        self.cells.iter().filter_map(|(_, cell)| match cell {
            Cell::Row(row) => Some(row),
            Cell::NoRow | Cell::Unknown(_) => None,
        })
    }
}

pub(super) fn context(book: &LocationBook) -> Context<'_> {
    Context {
        shop: OrgId::new(1000).unwrap(),
        as_of: Some(Timestamp::parse("2026-08-01T03:20:15Z").unwrap()),
        book,
        warnings: Vec::new(),
    }
}

pub(super) fn variant(number: u64) -> VariantId {
    VariantId::new(number).unwrap()
}

pub(super) fn location(number: u64) -> LocationId {
    LocationId::new(number).unwrap()
}

/// On hand, commited, incoming, available.
pub(super) fn row(variant_id: u64, loc_id: u64, quantities: [&str; 4]) -> (CellId, Cell) {
    let [qty_onhand, qty_commited, qty_incoming, qty_available] =
        quantities.map(|text| RowQuantity::parse(text).unwrap());
    let mut row = Row {
        id: RowId::new(variant_id * 10_000 + loc_id).unwrap(),
        loc_id: location(loc_id),
        product_id: ProductId::new(variant_id.div_ceil(3) * 1000).unwrap(),
        variant_id: variant(variant_id),
        qty_onhand,
        qty_commited,
        qty_incoming,
        qty_available,
        updated_at: Timestamp::parse("2021-07-08T01:47:17.6Z").unwrap(),
        as_sent: None,
    };
    let [onhand, commited, incoming, available] = quantities;
    let sent = format!(
        r#"{{"id":{},"loc_id":{loc_id},"product_id":{},"variant_id":{variant_id},"qty_onhand":{onhand},"qty_commited":{commited},"qty_incoming":{incoming},"qty_available":{available},"updated_at":"2021-07-08T01:47:17.6Z"}}"#,
        row.id, row.product_id,
    );
    let mut canonical = Vec::new();
    row.write_json(&mut canonical);
    row.as_sent = (canonical != sent.as_bytes()).then(|| sent.into());
    (row.cell_id(), Cell::Row(row))
}

pub(super) fn unknown(variant_id: u64, loc_id: u64, reason: MissingReason) -> (CellId, Cell) {
    (CellId { variant_id: variant(variant_id), loc_id: location(loc_id) }, Cell::Unknown(reason))
}

pub(super) fn no_row(variant_id: u64, loc_id: u64) -> (CellId, Cell) {
    (CellId { variant_id: variant(variant_id), loc_id: location(loc_id) }, Cell::NoRow)
}

pub(super) fn place(loc_id: u64, name: &str, class: LocationClass) -> Location {
    Location { id: location(loc_id), name: Some(name.to_owned()), class, unreadable: Vec::new() }
}

/// The four rows of the documentation's example answer, as data; the locations' names are ours.
pub(super) fn documented_example() -> Sample {
    let cell = |id, loc_id, variant_id, quantities: [&str; 4], updated_at| {
        let (cell_id, cell) = row(variant_id, loc_id, quantities);
        let Cell::Row(mut row) = cell else { unreachable!() };
        row.id = RowId::new(id).unwrap();
        row.product_id = ProductId::new(1_028_183_686).unwrap();
        row.updated_at = Timestamp::parse(updated_at).unwrap();
        (cell_id, Cell::Row(row))
    };
    let cells = vec![
        cell(1_007_549_786, 963_414, 1_061_514_767, ["-3", "12", "0", "-15"], "2021-07-08T01:47:17.6Z"),
        cell(1_006_907_070, 1_007_284, 1_061_514_767, ["15", "0", "1", "15"], "2021-07-30T06:05:24.332Z"),
        cell(1_003_226_632, 963_414, 1_064_240_649, ["0", "7", "0", "-7"], "2021-07-08T01:47:17.612Z"),
        cell(1_003_098_484, 1_007_284, 1_064_240_649, ["0", "0", "0", "0"], "2021-08-04T08:32:02.01Z"),
    ];
    let book = LocationBook::new(
        [
            place(963_414, "Cửa hàng", LocationClass::Sellable),
            place(1_007_284, "Kho", LocationClass::Sellable),
        ],
        [],
    );
    Sample { cells, book }
}

/// A number that is written with at most two decimals.
pub(super) trait Written {
    fn written(&self) -> String;
}

impl Written for Quantity {
    fn written(&self) -> String {
        self.to_string()
    }
}

impl Written for SentQuantity {
    fn written(&self) -> String {
        self.to_string()
    }
}

impl Written for RowQuantity {
    fn written(&self) -> String {
        self.short().unwrap().to_string()
    }
}

impl<W: Written> Written for &W {
    fn written(&self) -> String {
        (*self).written()
    }
}

/// The four quantities of a row, as they are shown.
pub(super) fn shown(row: &Row) -> [SentQuantity; 4] {
    let SentFields { qty_onhand, qty_commited, qty_incoming, qty_available, .. } = SentFields::of(row);
    [qty_onhand, qty_commited, qty_incoming, qty_available]
}

/// A quantity in hundredths: exact sums without the code under test.
pub(super) fn hundredths(quantity: impl Written) -> i64 {
    let text = quantity.written();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let magnitude: i64 = format!("{}{fraction:0<2}", whole.trim_start_matches('-')).parse().unwrap();
    if text.starts_with('-') { -magnitude } else { magnitude }
}

fn quantity() -> impl Strategy<Value = RowQuantity> {
    prop_oneof![
        4 => (-20_i64..20).prop_map(RowQuantity::from),
        1 => (-2000_i64..2000).prop_map(|hundredths| {
            let sign = if hundredths < 0 { "-" } else { "" };
            let magnitude = hundredths.abs();
            RowQuantity::parse(&format!("{sign}{}.{:02}", magnitude / 100, magnitude % 100)).unwrap()
        }),
    ]
}

fn reason() -> impl Strategy<Value = MissingReason> {
    prop_oneof![
        Just(MissingReason::Timeout),
        Just(MissingReason::RateLimited),
        Just(MissingReason::Failed),
        Just(MissingReason::Unauthorized),
        Just(MissingReason::Refused),
    ]
}

fn book() -> impl Strategy<Value = LocationBook> {
    let class = prop_oneof![
        3 => Just(LocationClass::Sellable),
        1 => Just(LocationClass::Transit),
        1 => Just(LocationClass::Unavailable),
    ];
    prop_oneof![
        4 => vec(class, 6).prop_map(|classes| {
            let places = (1..).zip(classes).map(|(number, class)| place(number, "Kho", class));
            LocationBook::new(places, [location(6)])
        }),
        1 => Just(LocationBook::unreadable([location(2)])),
    ]
}

/// What a cell holds in truth, if anything, and whether it is unknown.
fn content() -> impl Strategy<Value = (Option<([RowQuantity; 4], i64)>, Option<MissingReason>)> {
    let quantities = [quantity(), quantity(), quantity(), quantity()];
    let held = proptest::option::weighted(0.7, (quantities, 0_i64..5_000_000_000));
    (held, proptest::option::weighted(0.15, reason()))
}

/// Random grids of up to 8 variants x 6 locations; neighbours share a product.
pub(super) fn veiled() -> impl Strategy<Value = Veiled> {
    (1_u64..=8, 1_u64..=6).prop_flat_map(|(variants, locations)| {
        let size = usize::try_from(variants * locations).unwrap();
        (vec(content(), size), book(), any::<bool>()).prop_map(move |(contents, book, lifted)| {
            let grid = (1..=variants).flat_map(|variant| (1..=locations).map(move |place| (variant, place)));
            let mut whole = Vec::new();
            let mut seen = Vec::new();
            for ((variant_id, loc_id), (held, veil)) in grid.zip(contents) {
                let veil = veil.filter(|_| !lifted);
                let held = held.filter(|_| veil != Some(MissingReason::Refused));
                let truth = held.map_or_else(
                    || no_row(variant_id, loc_id),
                    |(quantities, instant)| dated_row(variant_id, loc_id, quantities, instant),
                );
                seen.push(veil.map_or_else(|| truth.clone(), |reason| unknown(variant_id, loc_id, reason)));
                whole.push(truth);
            }
            Veiled { whole: Sample { cells: whole, book: book.clone() }, seen: Sample { cells: seen, book } }
        })
    })
}

fn dated_row(variant_id: u64, loc_id: u64, quantities: [RowQuantity; 4], instant: i64) -> (CellId, Cell) {
    let (id, cell) = row(variant_id, loc_id, ["0"; 4]);
    let Cell::Row(row) = cell else { unreachable!() };
    let [qty_onhand, qty_commited, qty_incoming, qty_available] = quantities;
    let updated_at = Timestamp::from_parts(instant, 9);
    (id, Cell::Row(Row { qty_onhand, qty_commited, qty_incoming, qty_available, updated_at, ..row }))
}
