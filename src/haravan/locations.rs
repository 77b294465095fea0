//! The wire form of `locations.json`.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::call::CallAnswer;
use super::error::CallError;
use super::row::without_white_space;
use super::wire::{Member, members};
use crate::domain::id::LocationId;
use crate::domain::location::{Location, LocationClass, LocationMember};

/// An entry of the list as it was sent, and what the service needs to know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentLocation {
    /// What is known of it; `None` if its id cannot be read.
    pub location: Option<Location>,
    /// Its JSON as it was sent, less insignificant white space.
    pub as_sent: Box<str>,
}

/// One page of `locations.json`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LocationPage {
    /// The entries, in the order they came.
    pub locations: Vec<SentLocation>,
    /// How many there are.
    pub length: usize,
}

impl CallAnswer for LocationPage {
    fn status(&self) -> u16 {
        200
    }

    fn rows(&self) -> Option<usize> {
        Some(self.length)
    }
}

#[derive(Deserialize)]
struct WirePage<'a> {
    #[serde(borrow)]
    locations: Vec<&'a RawValue>,
}

/// Every field that is looked at.
const FIELDS: [&str; 4] = ["id", "name", "location_type", "is_unavailable_quantity"];

/// Reads a page of locations.
///
/// # Errors
/// The body as a whole is not what was asked for.
pub(super) fn parse_locations(body: &[u8]) -> Result<LocationPage, CallError> {
    let wire: WirePage<'_> = serde_json::from_slice(body)
        .map_err(|_| CallError::Unreadable { problem: "not a JSON object with an array `locations`" })?;
    let locations = wire.locations.iter().map(|raw| SentLocation {
        location: parse_location(raw.get()),
        as_sent: without_white_space(raw.get()).into_boxed_str(),
    });
    Ok(LocationPage { locations: locations.collect(), length: wire.locations.len() })
}

/// Reads an entry: only its id is needed.
fn parse_location(text: &str) -> Option<Location> {
    let [id, name, location_type, is_unavailable] = members(text, &FIELDS)?;
    let id = id.number().and_then(|number| LocationId::new(number).ok())?;
    let mut unreadable = Vec::new();
    let mut read = |odd: bool, member| unreadable.extend(odd.then_some(member));
    let text_of = |member: Member<'_>| member.text().map(std::borrow::Cow::into_owned);
    let is_odd_text = |member: Member<'_>| !member.is_absent() && member.text().is_none();
    let truth = is_unavailable.once().and_then(|raw| raw.get().parse::<bool>().ok());
    read(is_odd_text(name), LocationMember::Name);
    read(is_odd_text(location_type), LocationMember::LocationType);
    read(!is_unavailable.is_absent() && truth.is_none(), LocationMember::IsUnavailableQuantity);
    // `default` is a normal warehouse, `ontheroad` a transit one (doc/live).
    let class = if location_type.text().as_deref() == Some("ontheroad") {
        LocationClass::Transit
    } else if unreadable.iter().any(|member| member.concerns_class()) {
        LocationClass::Unknown
    } else if truth == Some(true) {
        LocationClass::Unavailable
    } else {
        LocationClass::Sellable
    };
    Some(Location { id, name: text_of(name), class, unreadable })
}

#[cfg(test)]
mod tests {
    use super::parse_locations;
    use crate::domain::location::{LocationClass, LocationMember};

    #[test]
    fn classes_come_from_type_and_availability() {
        let body = r#"{"locations":[{"id":1,"name":"Kho Hà Nội","location_type":"default","is_unavailable_quantity":false},
            {"id":2,"name":null,"location_type":"ontheroad"},{"id":3,"is_unavailable_quantity":true,"location_type":null},{"name":"no id"}]}"#;
        let page = parse_locations(body.as_bytes()).unwrap();
        let classes: Vec<_> =
            page.locations.iter().map(|sent| sent.location.as_ref().map(|known| known.class)).collect();
        let known = [LocationClass::Sellable, LocationClass::Transit, LocationClass::Unavailable];
        assert_eq!(classes, [Some(known[0]), Some(known[1]), Some(known[2]), None]);
        assert_eq!((page.length, &*page.locations[3].as_sent), (4, r#"{"name":"no id"}"#));
        let name = page.locations[0].location.as_ref().unwrap().name.as_deref();
        assert_eq!(name, Some("Kho Hà Nội"));
    }

    #[track_caller]
    fn check(entry: &str, class: LocationClass, name: Option<&str>, unreadable: &[LocationMember]) {
        let page = parse_locations(format!("{{\"locations\":[{entry}]}}").as_bytes()).unwrap();
        let location = page.locations[0].location.as_ref().expect(entry);
        assert_eq!((location.class, location.name.as_deref()), (class, name), "{entry}");
        assert_eq!((location.id.get(), &*location.unreadable), (11, unreadable), "{entry}");
        assert_eq!(&*page.locations[0].as_sent, entry);
    }

    #[test]
    fn only_the_id_is_needed_and_an_odd_member_is_null() {
        use LocationClass::{Sellable, Transit, Unknown};
        use LocationMember::{IsUnavailableQuantity, LocationType, Name};
        check(r#"{"id":11}"#, Sellable, None, &[]);
        check(r#"{"id":"11","name":"Kho"}"#, Sellable, Some("Kho"), &[]);
        check(r#"{"id":11.0,"name":"Kho \ud83d"}"#, Sellable, None, &[Name]);
        check(r#"{"id":1.1e1,"name":5}"#, Sellable, None, &[Name]);
        check(r#"{"id":11,"name":"Kho","name":"Kho"}"#, Sellable, None, &[Name]);
        for odd in ["\"false\"", "0", "1", "[]", "{}", "\"\\ud83d\""] {
            let entry = format!("{{\"id\":11,\"name\":\"Kho\",\"is_unavailable_quantity\":{odd}}}");
            check(&entry, Unknown, Some("Kho"), &[IsUnavailableQuantity]);
        }
        check(r#"{"id":11,"location_type":7}"#, Unknown, None, &[LocationType]);
        check(
            r#"{"id":11,"location_type":7,"is_unavailable_quantity":true}"#,
            Unknown,
            None,
            &[LocationType],
        );
        let in_transit = r#"{"id":11,"location_type":"ontheroad","is_unavailable_quantity":"x"}"#;
        check(in_transit, Transit, None, &[IsUnavailableQuantity]);
        check(r#"{"id":11,"is_unavailable_quantity":null,"location_type":null}"#, Sellable, None, &[]);
    }

    #[test]
    fn an_entry_whose_id_cannot_be_read_is_kept_as_it_was_sent() {
        for entry in
            ["null", "5", "{}", r#"{"id":null}"#, r#"{"id":1,"id":1}"#, r#"{"id":-1}"#, r#"{"id":1.5}"#]
        {
            let page = parse_locations(format!("{{\"locations\":[{entry}]}}").as_bytes()).unwrap();
            assert_eq!((&page.locations[0].location, &*page.locations[0].as_sent), (&None, entry));
        }
    }
}
