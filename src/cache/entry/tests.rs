//! The merge rule, and what packing keeps.

use proptest::prelude::{Just, ProptestConfig, Strategy, prop_assert, prop_assert_eq, prop_oneof, proptest};

use super::{Finding, Observation, VariantCells};
use crate::clock::Moment;
use crate::domain::id::{LocationId, VariantId};
use crate::domain::line::Line;
use crate::domain::row::Row;
use crate::haravan::parse_row;

fn row(location: u64, second: u64, available: &str) -> Row {
    let text = format!(
        r#"{{"id":{},"loc_id":{location},"product_id":9,"variant_id":7,"qty_onhand":{available},"qty_commited":0,"qty_incoming":0,"qty_available":{available},"updated_at":"2021-07-08T01:00:{second:02}Z"}}"#,
        1000 + location
    );
    parse_row(&text).unwrap()
}

fn seen(location: u64, at: u64, finding: Finding) -> Observation {
    let observed_at = Moment::from_millis(at);
    Observation { loc_id: LocationId::new(location).unwrap(), finding, observed_at }
}

fn found(location: u64, at: u64, second: u64, available: &str) -> Observation {
    seen(location, at, Finding::Row(Box::new(row(location, second, available))))
}

fn empty() -> VariantCells {
    VariantCells::empty(VariantId::new(7).unwrap())
}

/// The row at location 1.
fn first(entry: &VariantCells) -> Option<Row> {
    entry.row(entry.cell(LocationId::new(1).unwrap()).unwrap())
}

#[test]
fn rows_come_out_as_they_went_in_packed_or_not() {
    for available in ["5", "-15", "2147483647", "2147483648", "5.50", "5.0", "-0", "1e2"] {
        let entry = empty().merged(vec![found(1, 1, 1, available), found(2, 1, 1, "3")]);
        assert_eq!(first(&entry), Some(row(1, 1, available)), "{available}");
    }
}

#[test]
fn a_packed_row_is_written_as_it_was_sent() {
    for available in ["5", "-15", "0", "2147483647", "-2147483648", "2147483648", "5.50", "-0", "1e2"] {
        let entry = empty().merged(vec![found(1, 1, 59, available)]);
        let (mut packed, mut whole) = (Vec::new(), Vec::new());
        let mut line = Line::new();
        line.text(b"what was here before");
        entry.write_row(&entry.cells()[0], &mut line, &mut packed);
        first(&entry).unwrap().write_json(&mut whole);
        assert_eq!(String::from_utf8(packed).unwrap(), String::from_utf8(whole).unwrap());
    }
}

#[test]
fn a_cell_without_a_row_writes_nothing() {
    let entry = empty().merged(vec![seen(1, 1, Finding::NoRow)]);
    let mut out = Vec::new();
    entry.write_row(&entry.cells()[0], &mut Line::new(), &mut out);
    assert_eq!(out, b"");
}

#[test]
fn odd_rows_cost_what_they_weigh() {
    let plain = empty().merged(vec![found(1, 1, 1, "5")]);
    let odd = empty().merged(vec![found(1, 1, 1, "5.50")]);
    assert!(plain.weight() + 100 < odd.weight());
}

#[test]
fn a_newer_row_wins_whenever_it_was_observed() {
    let entry = empty().merged(vec![found(1, 100, 5, "5")]);
    assert_eq!(first(&entry.merged(vec![found(1, 50, 6, "6")])), Some(row(1, 6, "6")));
    assert_eq!(first(&entry.merged(vec![found(1, 200, 4, "4")])), Some(row(1, 5, "5")));
    assert_eq!(first(&entry.merged(vec![found(1, 200, 5, "55")])), Some(row(1, 5, "55")));
    assert_eq!(first(&entry.merged(vec![found(1, 99, 5, "55")])), Some(row(1, 5, "5")));
}

#[test]
fn an_absence_counts_by_when_it_was_observed() {
    let entry = empty().merged(vec![found(1, 100, 5, "5")]);
    assert_eq!(first(&entry.merged(vec![seen(1, 99, Finding::NoRow)])), Some(row(1, 5, "5")));
    let absent = entry.merged(vec![seen(1, 101, Finding::NoRow)]);
    assert_eq!(first(&absent), None);
    assert_eq!(first(&absent.merged(vec![found(1, 100, 5, "5")])), None);
    assert_eq!(first(&absent.merged(vec![found(1, 102, 5, "5")])), Some(row(1, 5, "5")));
    assert_eq!(first(&absent.merged(vec![found(1, 102, 4, "4")])), None, "older than what was known");
}

#[test]
fn a_purged_cell_is_served_again_only_after_it_was_observed_again() {
    let entry = empty().merged(vec![found(1, 100, 5, "5"), found(2, 100, 5, "5")]);
    let place = LocationId::new(1).unwrap();
    let purged = entry.purged(Some(&[place]));
    assert!(purged.cell(place).unwrap().is_purged());
    assert!(!purged.cell(LocationId::new(2).unwrap()).unwrap().is_purged());
    assert!(!purged.merged(vec![found(1, 101, 5, "5")]).cell(place).unwrap().is_purged());
}

fn observation() -> impl Strategy<Value = Observation> {
    let finding = prop_oneof![
        4 => (1_u64..6, proptest::sample::select(vec!["1", "2.50", "-3"])).prop_map(Some),
        1 => Just(None),
    ];
    (1_u64..4, 0_u64..20, finding).prop_map(|(location, at, finding)| match finding {
        Some((second, available)) => found(location, at, second, available),
        None => seen(location, at, Finding::NoRow),
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn a_reader_never_sees_a_cell_go_back_in_time(observations in proptest::collection::vec(observation(), 1..40)) {
        let mut entry = empty();
        let mut newest = [i64::MIN; 4];
        for observation in observations {
            entry = entry.merged(vec![observation]);
            prop_assert!(entry.cells().is_sorted_by_key(|cell| cell.loc_id()));
            for cell in entry.cells() {
                let place = usize::try_from(cell.loc_id().get()).unwrap();
                if let Some(row) = entry.row(cell) {
                    let now = row.updated_at.nanoseconds();
                    prop_assert!(newest[place] <= now);
                    newest[place] = now;
                }
            }
        }
    }

    #[test]
    fn merging_at_once_is_merging_one_by_one(observations in proptest::collection::vec(observation(), 1..40)) {
        let at_once = empty().merged(observations.clone());
        let mut one_by_one = empty();
        for observation in observations {
            one_by_one = one_by_one.merged(vec![observation]);
        }
        let rows = |entry: &VariantCells| -> Vec<_> {
            entry.cells().iter().map(|cell| (cell.loc_id(), cell.observed_at(), entry.row(cell))).collect()
        };
        prop_assert_eq!(rows(&at_once), rows(&one_by_one));
    }
}
