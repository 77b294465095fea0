//! What to know of a shop's locations before trusting an answer.

use crate::domain::location::{Location, LocationBook, Standing};

/// The most locations that are named. Source: ours.
const MOST_NAMED: usize = 20;

/// Said when the token may not read `locations.json`.
pub(super) const LOCATIONS_FORBIDDEN: &str = "locations.json cannot be read: location names are null, and every location \
                                              that configuration does not exclude counts as sellable";

/// Said when it could not be read yet.
const LOCATIONS_UNREAD: &str = "locations.json cannot be read: location names are null, and which locations sell is not \
                                known";

/// Said when it cannot be read any more.
const LOCATIONS_OUTDATED: &str =
    "locations.json cannot be read now: location names and classes are those read last";

/// The warnings that a book of locations calls for.
pub(super) fn location_warnings(book: &LocationBook) -> Vec<String> {
    let standing = match book.standing() {
        Standing::Listed => None,
        Standing::Outdated => Some(LOCATIONS_OUTDATED),
        Standing::Forbidden => Some(LOCATIONS_FORBIDDEN),
        Standing::Unread => Some(LOCATIONS_UNREAD),
    };
    let mut warnings: Vec<String> = standing.map(str::to_owned).into_iter().collect();
    warnings.extend(book.odd().take(MOST_NAMED).map(about));
    let unnamed = book.odd().skip(MOST_NAMED).count();
    if 0 < unnamed {
        warnings.push(format!("more locations of which members cannot be read: {unnamed}"));
    }
    if 0 < book.unlisted() {
        let all = if 0 < book.untold_cells() { ": not all locations are in this answer" } else { "" };
        warnings.push(format!("locations whose id cannot be read: {}{all}", book.unlisted()));
    }
    warnings
}

fn about(location: &Location) -> String {
    let members: Vec<&str> = location.unreadable.iter().map(|member| member.as_str()).collect();
    let concerns_class = location.unreadable.iter().any(|member| member.concerns_class());
    let class = if concerns_class { ", so whether it sells is not known" } else { "" };
    format!("location {}: cannot be read: {}{class}", location.id, members.join(", "))
}
