//! A page's wire form.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::call::InventoryPage;
use super::error::CallError;
use super::row::parse_row;
use crate::coop::Pieces;

/// Most rows taken from one page; more than this is no answer to `limit=250`. Source: ours.
const MAX_ROWS: usize = 10_000;

/// Rows read at a stretch. Source: ours; some 150 µs of work.
const PIECE: usize = 64;

#[derive(Deserialize)]
struct WirePage<'a> {
    #[serde(borrow)]
    inventory_locations: Vec<&'a RawValue>,
}

/// Reads a page of rows.
///
/// # Errors
/// The body as a whole is not what was asked for.
pub(super) fn parse_page(body: &[u8]) -> Result<InventoryPage, CallError> {
    let unreadable = |problem| CallError::Unreadable { problem };
    let text = std::str::from_utf8(body).map_err(|_| unreadable("not UTF-8"))?;
    let wire: WirePage<'_> = serde_json::from_str(text).map_err(|error| {
        unreadable(match error.classify() {
            serde_json::error::Category::Eof => "JSON that ends too early",
            serde_json::error::Category::Data => "no array `inventory_locations`",
            _ => "not JSON",
        })
    })?;
    if MAX_ROWS < wire.inventory_locations.len() {
        return Err(unreadable("far more rows than were asked for"));
    }
    let mut page = InventoryPage { length: wire.inventory_locations.len(), ..InventoryPage::default() };
    let mut pieces = Pieces::of(PIECE);
    for raw in wire.inventory_locations {
        match parse_row(raw.get()) {
            Ok(row) => page.rows.push(row),
            Err(row) => page.unreadable.push(row),
        }
        pieces.done(1);
    }
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::parse_page;

    #[track_caller]
    fn check(body: &[u8], problem: &str) {
        let error = parse_page(body).unwrap_err().to_string();
        assert_eq!(error, format!("Haravan's answer cannot be read: {problem}"));
    }

    #[test]
    fn what_is_wrong_with_a_body_is_named() {
        check(b"", "JSON that ends too early");
        check(br#"{"inventory_locations":[{"id":1"#, "JSON that ends too early");
        check(b"{}", "no array `inventory_locations`");
        check(br#"{"inventory_locations":null}"#, "no array `inventory_locations`");
        check(b"<html>502 Bad Gateway</html>", "not JSON");
        check(b"{\"inventory_locations\":[\xff]}", "not UTF-8");
    }

    #[test]
    fn an_unreadable_row_is_reported_and_the_rest_is_kept() {
        let body = br#"{"inventory_locations":[{"id":1,"loc_id":2,"variant_id":3},{"id":4,"loc_id":2,"product_id":5,"variant_id":6,"qty_onhand":1,"qty_commited":0,"qty_incoming":0,"qty_available":1,"updated_at":"2021-07-08T01:47:17Z"}]}"#;
        let page = parse_page(body).unwrap();
        assert_eq!((page.length, page.rows.len(), page.unreadable.len()), (2, 1, 1));
        assert_eq!(page.unreadable[0].cell.unwrap().variant_id.get(), 3);
    }
}
