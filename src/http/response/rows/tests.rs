//! Bodies against what one unlimited call to Haravan would have said.

use std::sync::Arc;

use super::{RowsBody, inventory_body, locations_body};
use crate::cache::entry::{Finding, Observation, VariantCells};
use crate::cache::order::CallTimes;
use crate::clock::Moment;
use crate::domain::cell::{CellId, MissingReason};
use crate::domain::id::{LocationId, VariantId};
use crate::domain::location::{Location, LocationClass};
use crate::haravan::{SentLocation, parse_row};
use crate::http::request::parameters::Parameters;
use crate::http::request::parameters::table::INVENTORY;
use crate::query::{Direction, Grid, IdList, Selection, Slice};
use crate::stock::{ReadTally, Reading};

fn row(id: u64, variant: u64, location: u64, updated_at: &str) -> String {
    let ids = format!(r#""id":{id},"loc_id":{location},"product_id":9,"variant_id":{variant}"#);
    let quantities = r#""qty_onhand":-3,"qty_commited":12,"qty_incoming":0,"qty_available":-15.50"#;
    format!(r#"{{{ids},{quantities},"updated_at":"{updated_at}"}}"#)
}

fn rows() -> Vec<String> {
    vec![
        row(30, 1, 7, "2021-07-08T01:47:17.6Z"),
        row(10, 1, 8, "2021-07-08T01:47:17.612Z"),
        row(20, 2, 8, "2021-07-08T01:47:17.600Z").replace("}", ",\"bin\":\"A\"}"),
    ]
}

/// Variants 1 and 2 at locations 7 and 8; there is no row of (2, 7).
fn reading(missing: &[(u64, u64)]) -> Reading {
    let variants = IdList::parse("variant_ids", "1,2").unwrap();
    let grid = Grid::new(variants, IdList::parse("location_ids", "7,8").unwrap(), 10).unwrap();
    let call = CallTimes::at(Moment::from_millis(5));
    let entry = |variant: u64| {
        let rows = rows();
        let rows =
            rows.iter().map(|text| parse_row(text).unwrap()).filter(|row| row.variant_id.get() == variant);
        let mut observations: Vec<Observation> = rows
            .map(|row| Observation { loc_id: row.loc_id, finding: Finding::Row(Box::new(row)), call })
            .collect();
        if variant == 2 {
            let loc_id = LocationId::new(7).unwrap();
            observations.push(Observation { loc_id, finding: Finding::NoRow, call });
        }
        Some(Arc::new(VariantCells::empty(VariantId::new(variant).unwrap()).merged(observations)))
    };
    let cell = |(variant, location): &(u64, u64)| CellId {
        variant_id: VariantId::new(*variant).unwrap(),
        loc_id: LocationId::new(*location).unwrap(),
    };
    let unknown = missing.iter().map(|id| (cell(id), MissingReason::RateLimited)).collect();
    Reading::new(grid, vec![entry(1), entry(2)], unknown, ReadTally::default())
}

fn text(body: RowsBody) -> String {
    String::from_utf8(body.into_tagged().0.to_vec()).unwrap()
}

#[track_caller]
fn check(query: &str, ids: &[u64]) {
    let selection = Parameters::from_query(&INVENTORY, query).unwrap().selection().unwrap();
    let body = inventory_body(&reading(&[]), &selection, 0);
    let expected: Vec<String> = ids
        .iter()
        .map(|id| rows().into_iter().find(|row| row.starts_with(&format!("{{\"id\":{id},"))).unwrap())
        .collect();
    let expected = format!("{{\"inventory_locations\":[{}]}}", expected.join(","));
    assert_eq!(text(body), expected, "{query}");
}

#[test]
fn rows_come_as_they_were_sent_ordered_filtered_and_cut() {
    check("", &[10, 20, 30]);
    check("direction=desc", &[30, 20, 10]);
    check("since_id=10", &[20, 30]);
    check("since_id=10&direction=desc&limit=1", &[30]);
    check("limit=2", &[10, 20]);
    check("limit=2&page=2", &[30]);
    check("limit=2&page=3", &[]);
    check("page=18446744073709551615&limit=18446744073709551615", &[]);
    check("order=updated_at", &[20, 30, 10]);
    check("order=updated_at&direction=desc&since_id=10", &[20, 30]);
    check("updated_at_min=2021-07-08T01:47:17.612Z", &[10]);
}

#[test]
fn missing_cells_are_named_after_the_rows() {
    let body = inventory_body(&reading(&[(1, 7), (2, 8)]), &Selection::default(), 0);
    let missing = concat!(
        r#"],"missing":[{"variant_id":1,"loc_id":7,"reason":"rate-limited"},"#,
        r#"{"variant_id":2,"loc_id":8,"reason":"rate-limited"}],"missing_total":2}"#
    );
    let body = text(body);
    assert!(body.starts_with(r#"{"inventory_locations":[{"id":10,"#) && body.ends_with(missing), "{body}");
}

#[test]
fn a_tag_tells_rows_their_order_and_what_is_missing() {
    let tag = |missing: &[(u64, u64)], selection: Selection| {
        inventory_body(&reading(missing), &selection, 0).into_tagged().1
    };
    let descending = || Selection { direction: Direction::Descending, ..Selection::default() };
    let all = tag(&[], Selection::default());
    assert_eq!(all, tag(&[], Selection::default()));
    let others = [tag(&[], descending()), tag(&[(1, 7)], Selection::default()), tag(&[(2, 7)], descending())];
    assert!(others.iter().all(|other| *other != all), "{all:?} {others:?}");
    assert_ne!(tag(&[(1, 7)], descending()), tag(&[(1, 8)], descending()));
}

#[test]
fn locations_come_as_they_were_sent() {
    let sent = |number: u64| SentLocation {
        location: Some(Location {
            id: LocationId::new(number).unwrap(),
            name: None,
            class: LocationClass::Sellable,
            unreadable: Vec::new(),
        }),
        as_sent: format!("{{\"id\":{number}}}").into(),
    };
    let locations = [sent(3), sent(1), sent(2)];
    let body = |slice| String::from_utf8(locations_body(&locations, slice)).unwrap();
    assert_eq!(body(None), r#"{"locations":[{"id":3},{"id":1},{"id":2}]}"#);
    assert_eq!(body(Some(Slice { skip: 1, take: 1 })), r#"{"locations":[{"id":1}]}"#);
    assert_eq!(body(Some(Slice { skip: 9, take: 1 })), r#"{"locations":[]}"#);
}
