//! Which of a grid's rows are wanted, and in what order: `since_id`, `updated_at_min`, `order`, `limit`, `page`.

use std::cmp::Reverse;

use super::error::{MAX_QUOTED, QueryError, quoted};
use crate::domain::row::Row;
use crate::domain::timestamp::Timestamp;

/// Rows a page when `page` is given without `limit`. Source: doc (Haravan's default `limit`).
const DEFAULT_LIMIT: u64 = 250;

/// The column rows are ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Order {
    /// The row's id.
    #[default]
    Id,
    /// When the row changed; ties by id.
    UpdatedAt,
}

/// Which way rows are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Direction {
    /// Smallest first.
    #[default]
    Ascending,
    /// Largest first.
    Descending,
}

/// Which rows, counted in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slice {
    /// How many to leave out first.
    pub skip: u64,
    /// How many to give at most.
    pub take: u64,
}

/// A choice among the rows of a grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Selection {
    /// Only rows with a greater id, whatever the order. Zero leaves nothing out.
    pub since_id: u64,
    /// Only rows updated at or after this instant.
    pub updated_at_min: Option<Timestamp>,
    /// The column to order by.
    pub order: Order,
    /// The way to order.
    pub direction: Direction,
    /// Which of the ordered rows; all if none.
    pub slice: Option<Slice>,
}

impl Selection {
    /// Reads the parameters as texts.
    ///
    /// # Errors
    /// A value that Haravan's documentation does not allow, the empty one included, named with its parameter.
    pub fn parse<'a>(value_of: impl Fn(&'static str) -> Option<&'a str>) -> Result<Self, QueryError> {
        let given = |name| value_of(name).map(str::trim);
        let since_id = match given("since_id") {
            None => 0,
            Some(text) => whole_number("since_id", text, 0, "an integer of at least 0")?,
        };
        let updated_at_min = given("updated_at_min")
            .map(|text| {
                Timestamp::parse(text).map_err(|_| {
                    bad_value("updated_at_min", text, "a date and time such as 2018-11-16T10:36:20.691Z")
                })
            })
            .transpose()?;
        let order = match given("order") {
            None => Order::Id,
            Some(text) if text.eq_ignore_ascii_case("id") => Order::Id,
            Some(text) if text.eq_ignore_ascii_case("updated_at") => Order::UpdatedAt,
            Some(text) => return Err(bad_value("order", text, "id or updated_at")),
        };
        let direction = match given("direction") {
            None => Direction::Ascending,
            Some(text) if text.eq_ignore_ascii_case("asc") => Direction::Ascending,
            Some(text) if text.eq_ignore_ascii_case("desc") => Direction::Descending,
            Some(text) => return Err(bad_value("direction", text, "asc or desc")),
        };
        let slice = Slice::parse(given("limit"), given("page"))?;
        Ok(Self { since_id, updated_at_min, order, direction, slice })
    }

    /// Whether a row is wanted at all, before ordering and slicing.
    #[must_use]
    pub fn admits(&self, row: &Row) -> bool {
        row.id.get() > self.since_id && self.updated_at_min.is_none_or(|min| min <= row.updated_at)
    }

    /// Leaves the wanted rows, ordered and sliced. Ties under `updated_at` go by ascending id either way.
    pub fn apply(&self, rows: &mut Vec<Row>) {
        rows.retain(|row| self.admits(row));
        match (self.order, self.direction) {
            (Order::Id, Direction::Ascending) => rows.sort_unstable_by_key(|row| row.id),
            (Order::Id, Direction::Descending) => rows.sort_unstable_by_key(|row| Reverse(row.id)),
            (Order::UpdatedAt, Direction::Ascending) => {
                rows.sort_unstable_by_key(|row| (row.updated_at, row.id));
            }
            (Order::UpdatedAt, Direction::Descending) => {
                rows.sort_unstable_by_key(|row| (Reverse(row.updated_at), row.id));
            }
        }
        if let Some(slice) = self.slice {
            let skip = usize::try_from(slice.skip).unwrap_or(usize::MAX).min(rows.len());
            rows.drain(..skip);
            rows.truncate(usize::try_from(slice.take).unwrap_or(usize::MAX));
        }
    }
}

impl Slice {
    /// Reads `limit` and `page`: neither: all rows; `limit`: the first n; `page`: the p-th block of n.
    ///
    /// # Errors
    /// One of them is no integer of at least 1.
    pub fn parse(limit: Option<&str>, page: Option<&str>) -> Result<Option<Self>, QueryError> {
        const EXPECTED: &str = "an integer of at least 1";
        let limit = limit.map(|text| whole_number("limit", text, 1, EXPECTED)).transpose()?;
        let page = page.map(|text| whole_number("page", text, 1, EXPECTED)).transpose()?;
        Ok(match (limit, page) {
            (None, None) => None,
            (limit, page) => {
                let take = limit.unwrap_or(DEFAULT_LIMIT);
                Some(Self { skip: (page.unwrap_or(1) - 1).saturating_mul(take), take })
            }
        })
    }
}

fn whole_number(
    parameter: &'static str,
    text: &str,
    least: u64,
    expected: &'static str,
) -> Result<u64, QueryError> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse()
        .ok()
        .filter(|number| digits && *number >= least)
        .ok_or_else(|| bad_value(parameter, text, expected))
}

fn bad_value(parameter: &'static str, value: &str, expected: &'static str) -> QueryError {
    QueryError::BadValue { parameter, value: quoted(value, MAX_QUOTED), expected }
}

#[cfg(test)]
mod tests {
    use super::{Direction, Order, Selection, Slice};

    #[track_caller]
    fn check(parameters: &[(&str, &str)], expected: Result<Selection, &str>) {
        let read = Selection::parse(|name| {
            parameters.iter().find(|(given, _)| *given == name).map(|(_, value)| *value)
        });
        let read = read.map_err(|error| error.to_string());
        assert_eq!(read.as_ref().map_err(String::as_str), expected.as_ref().map_err(|message| *message));
    }

    #[test]
    fn limit_and_page_make_a_slice() {
        let slice = |skip, take| Selection { slice: Some(Slice { skip, take }), ..Selection::default() };
        check(&[], Ok(Selection::default()));
        check(&[("limit", "1000")], Ok(slice(0, 1000)));
        check(&[("limit", "10"), ("page", "3")], Ok(slice(20, 10)));
        check(&[("page", "2")], Ok(slice(250, 250)));
        check(
            &[("page", "18446744073709551615"), ("limit", "18446744073709551615")],
            Ok(slice(u64::MAX, u64::MAX)),
        );
    }

    #[test]
    fn order_and_direction_are_read() {
        let expected =
            Selection { order: Order::UpdatedAt, direction: Direction::Descending, ..Selection::default() };
        check(&[("order", "updated_at"), ("direction", "desc")], Ok(expected));
        check(&[("order", "Updated_At"), ("direction", "DESC")], Ok(expected));
        check(&[("order", "ID"), ("direction", "Asc")], Ok(Selection::default()));
    }

    #[test]
    fn a_wrong_value_is_named_never_replaced_by_a_default() {
        check(&[("limit", "")], Err("limit: \"\" is not an integer of at least 1"));
        check(&[("limit", "0")], Err("limit: \"0\" is not an integer of at least 1"));
        check(&[("limit", "-1")], Err("limit: \"-1\" is not an integer of at least 1"));
        check(&[("limit", "abc")], Err("limit: \"abc\" is not an integer of at least 1"));
        check(&[("limit", "+5")], Err("limit: \"+5\" is not an integer of at least 1"));
        check(&[("page", "0")], Err("page: \"0\" is not an integer of at least 1"));
        check(&[("order", "name")], Err("order: \"name\" is not id or updated_at"));
        check(&[("direction", "up")], Err("direction: \"up\" is not asc or desc"));
        check(&[("since_id", "x")], Err("since_id: \"x\" is not an integer of at least 0"));
        check(
            &[("updated_at_min", "yesterday")],
            Err("updated_at_min: \"yesterday\" is not a date and time such as 2018-11-16T10:36:20.691Z"),
        );
    }
}
