//! A shop's locations, and which of them sell.

use std::collections::{BTreeMap, BTreeSet};

use super::id::LocationId;

/// Whether stock at a location can be sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LocationClass {
    /// An ordinary store or warehouse.
    Sellable,
    /// Goods on their way between locations (`location_type` is `ontheroad`; doc/live).
    Transit,
    /// Goods that are not for sale (`is_unavailable_quantity`, or excluded by configuration).
    Unavailable,
}

/// What the views need to know of a location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The location's id.
    pub id: LocationId,
    /// Its name, if Haravan gives one.
    pub name: Option<String>,
    /// Whether its stock sells.
    pub class: LocationClass,
}

/// The locations of a shop as far as they are known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LocationBook {
    locations: BTreeMap<LocationId, Location>,
    excluded: BTreeSet<LocationId>,
    readable: bool,
}

impl LocationBook {
    /// A book of the locations that Haravan listed; `excluded` ones count as unavailable.
    #[must_use]
    pub fn new(
        locations: impl IntoIterator<Item = Location>,
        excluded: impl IntoIterator<Item = LocationId>,
    ) -> Self {
        Self {
            locations: locations.into_iter().map(|location| (location.id, location)).collect(),
            excluded: excluded.into_iter().collect(),
            readable: true,
        }
    }

    /// The book of a shop whose `locations.json` cannot be read: no names, and everything sells but what
    /// configuration excludes.
    #[must_use]
    pub fn unreadable(excluded: impl IntoIterator<Item = LocationId>) -> Self {
        Self { locations: BTreeMap::new(), excluded: excluded.into_iter().collect(), readable: false }
    }

    /// Whether `locations.json` could be read.
    #[must_use]
    pub fn is_readable(&self) -> bool {
        self.readable
    }

    /// The ids, ascending.
    pub fn ids(&self) -> impl Iterator<Item = LocationId> + '_ {
        self.locations.keys().copied()
    }

    /// The name of a location, where there is one.
    #[must_use]
    pub fn name(&self, id: LocationId) -> Option<&str> {
        self.locations.get(&id).and_then(|location| location.name.as_deref())
    }

    /// The class of a location; one that Haravan does not list counts as sellable.
    #[must_use]
    pub fn class(&self, id: LocationId) -> LocationClass {
        if self.excluded.contains(&id) {
            return LocationClass::Unavailable;
        }
        self.locations.get(&id).map_or(LocationClass::Sellable, |location| location.class)
    }

    /// Whether stock at the location can be sold.
    #[must_use]
    pub fn is_sellable(&self, id: LocationId) -> bool {
        self.class(id) == LocationClass::Sellable
    }
}
