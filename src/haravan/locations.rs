//! The wire form of `locations.json`.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::CallError;
use super::row::without_white_space;
use crate::domain::id::LocationId;
use crate::domain::location::{Location, LocationClass};

/// A location as it was sent, and what the service needs to know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentLocation {
    /// What is known of it.
    pub location: Location,
    /// Its JSON as it was sent, less insignificant white space.
    pub as_sent: Box<str>,
}

/// One page of `locations.json`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LocationPage {
    /// The locations, in the order they came. One without a usable id is left out: nothing could refer to it.
    pub locations: Vec<SentLocation>,
    /// Locations in the page, usable or not.
    pub length: usize,
}

#[derive(Deserialize)]
struct WirePage<'a> {
    #[serde(borrow)]
    locations: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct WireLocation {
    id: u64,
    #[serde(default)]
    name: Option<String>,
    /// `default` is a normal warehouse, `ontheroad` a transit one (doc/live).
    #[serde(default)]
    location_type: Option<String>,
    #[serde(default)]
    is_unavailable_quantity: Option<bool>,
}

/// Reads a page of locations.
///
/// # Errors
/// The body as a whole is not what was asked for.
pub(super) fn parse_locations(body: &[u8]) -> Result<LocationPage, CallError> {
    let wire: WirePage<'_> = serde_json::from_slice(body)
        .map_err(|_| CallError::Unreadable { problem: "not a JSON object with an array `locations`" })?;
    let locations = wire.locations.iter().filter_map(|raw| parse_location(raw.get())).collect();
    Ok(LocationPage { locations, length: wire.locations.len() })
}

fn parse_location(text: &str) -> Option<SentLocation> {
    let wire: WireLocation = serde_json::from_str(text).ok()?;
    let class = if wire.location_type.as_deref() == Some("ontheroad") {
        LocationClass::Transit
    } else if wire.is_unavailable_quantity == Some(true) {
        LocationClass::Unavailable
    } else {
        LocationClass::Sellable
    };
    let location = Location { id: LocationId::new(wire.id).ok()?, name: wire.name, class };
    Some(SentLocation { location, as_sent: without_white_space(text).into_boxed_str() })
}

#[cfg(test)]
mod tests {
    use super::parse_locations;
    use crate::domain::location::LocationClass;

    #[test]
    fn classes_come_from_type_and_availability() {
        let body = r#"{"locations":[{"id":1,"name":"Kho Hà Nội","location_type":"default","is_unavailable_quantity":false},
            {"id":2,"name":null,"location_type":"ontheroad"},{"id":3,"is_unavailable_quantity":true,"location_type":null},{"name":"no id"}]}"#;
        let page = parse_locations(body.as_bytes()).unwrap();
        let classes: Vec<_> = page.locations.iter().map(|sent| sent.location.class).collect();
        assert_eq!(classes, [LocationClass::Sellable, LocationClass::Transit, LocationClass::Unavailable]);
        assert_eq!(page.length, 4);
        assert_eq!(page.locations[0].location.name.as_deref(), Some("Kho Hà Nội"));
    }
}
