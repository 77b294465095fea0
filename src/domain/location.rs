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
    /// The member with the class cannot be read.
    Unknown,
}

/// A member of a location, besides its id, that is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LocationMember {
    /// Its name.
    Name,
    /// Whether it is a warehouse, or goods on their way.
    LocationType,
    /// Whether its goods are not for sale.
    IsUnavailableQuantity,
}

/// What the views need to know of a location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The location's id.
    pub id: LocationId,
    /// Its name, if Haravan gives one that can be read.
    pub name: Option<String>,
    /// Whether its stock sells.
    pub class: LocationClass,
    /// The members that could not be read.
    pub unreadable: Vec<LocationMember>,
}

/// What is known of a shop's list of locations as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// It was read.
    Listed,
    /// It was read once, and cannot be read any more: what it said then stays in force.
    Outdated,
    /// The shop's token may not read it.
    Forbidden,
    /// It could not be read yet.
    Unread,
}

/// The locations of a shop as far as they are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocationBook {
    locations: BTreeMap<LocationId, Location>,
    excluded: BTreeSet<LocationId>,
    standing: Standing,
    /// Entries of the list whose id cannot be read.
    unlisted: u64,
    /// Whether the question is about all locations, those with an unreadable id included.
    asks_all: bool,
}

impl LocationMember {
    /// Haravan's name of it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::LocationType => "location_type",
            Self::IsUnavailableQuantity => "is_unavailable_quantity",
        }
    }

    /// Whether it says something about the location's class.
    #[must_use]
    pub fn concerns_class(self) -> bool {
        match self {
            Self::Name => false,
            Self::LocationType | Self::IsUnavailableQuantity => true,
        }
    }
}

impl LocationBook {
    /// A book of the locations that Haravan listed; `excluded` ones count as unavailable.
    ///
    /// Of two locations of one id the first counts, but if their classes differ, the class is unknown.
    #[must_use]
    pub fn new(
        locations: impl IntoIterator<Item = Location>,
        excluded: impl IntoIterator<Item = LocationId>,
    ) -> Self {
        let mut book = Self::without_list(excluded, Standing::Listed);
        for location in locations {
            let class = location.class;
            let listed = book.locations.entry(location.id).or_insert(location);
            if listed.class != class {
                listed.class = LocationClass::Unknown;
            }
        }
        book
    }

    /// The book of a shop whose token may not read `locations.json`: no names, and everything sells but what
    /// configuration excludes.
    #[must_use]
    pub fn unreadable(excluded: impl IntoIterator<Item = LocationId>) -> Self {
        Self::without_list(excluded, Standing::Forbidden)
    }

    /// The book of a shop whose `locations.json` could not be read yet: no names, and which locations sell is not
    /// known.
    #[must_use]
    pub fn unread(excluded: impl IntoIterator<Item = LocationId>) -> Self {
        Self::without_list(excluded, Standing::Unread)
    }

    fn without_list(excluded: impl IntoIterator<Item = LocationId>, standing: Standing) -> Self {
        let excluded = excluded.into_iter().collect();
        Self { locations: BTreeMap::new(), excluded, standing, unlisted: 0, asks_all: false }
    }

    /// The book of a list with this number of further entries whose id cannot be read.
    #[must_use]
    pub fn with_unlisted(self, unlisted: u64) -> Self {
        Self { unlisted, ..self }
    }

    /// The book of a list that cannot be read any more.
    #[must_use]
    pub fn outdated(&self) -> Self {
        Self { standing: Standing::Outdated, ..self.clone() }
    }

    /// The book for a question about all locations.
    #[must_use]
    pub fn of_all(&self) -> Self {
        Self { asks_all: true, ..self.clone() }
    }

    /// What is known of the list as a whole.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.standing
    }

    /// Whether there is a list.
    #[must_use]
    pub fn is_readable(&self) -> bool {
        matches!(self.standing, Standing::Listed | Standing::Outdated)
    }

    /// Entries of the list whose id cannot be read.
    #[must_use]
    pub fn unlisted(&self) -> u64 {
        self.unlisted
    }

    /// The number of cells of each variant that the question is about and that no call can ask for: those at locations whose id
    /// cannot be read.
    #[must_use]
    pub fn untold_cells(&self) -> u64 {
        if self.asks_all { self.unlisted } else { 0 }
    }

    /// The ids, ascending.
    pub fn ids(&self) -> impl Iterator<Item = LocationId> + '_ {
        self.locations.keys().copied()
    }

    /// The locations of which some member could not be read, ascending.
    pub fn odd(&self) -> impl Iterator<Item = &Location> + '_ {
        self.locations.values().filter(|location| !location.unreadable.is_empty())
    }

    /// The name of a location, where there is one.
    #[must_use]
    pub fn name(&self, id: LocationId) -> Option<&str> {
        self.locations.get(&id).and_then(|location| location.name.as_deref())
    }

    /// The class of a location; one that Haravan does not list counts as sellable, unless it may be one whose entry
    /// could not be read.
    #[must_use]
    pub fn class(&self, id: LocationId) -> LocationClass {
        if self.excluded.contains(&id) {
            return LocationClass::Unavailable;
        }
        match self.locations.get(&id) {
            Some(location) => location.class,
            None if self.standing == Standing::Unread || 0 < self.unlisted => LocationClass::Unknown,
            None => LocationClass::Sellable,
        }
    }

    /// Whether stock at the location can be sold.
    #[must_use]
    pub fn is_sellable(&self, id: LocationId) -> bool {
        self.class(id) == LocationClass::Sellable
    }

    /// Whether stock at the location can be sold as far as is known.
    #[must_use]
    pub fn may_be_sellable(&self, id: LocationId) -> bool {
        matches!(self.class(id), LocationClass::Sellable | LocationClass::Unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::{Location, LocationBook, LocationClass, LocationId};

    fn id(number: u64) -> LocationId {
        LocationId::new(number).unwrap()
    }

    fn place(number: u64, class: LocationClass) -> Location {
        Location { id: id(number), name: None, class, unreadable: Vec::new() }
    }

    #[test]
    fn a_location_that_may_be_one_whose_entry_cannot_be_read_is_of_no_known_class() {
        let book = LocationBook::new([place(1, LocationClass::Transit)], [id(3)]);
        assert_eq!(book.class(id(2)), LocationClass::Sellable);
        let book = book.with_unlisted(1);
        let classes = [1, 2, 3].map(|number| book.class(id(number)));
        assert_eq!(classes, [LocationClass::Transit, LocationClass::Unknown, LocationClass::Unavailable]);
        assert!(!book.is_sellable(id(2)) && book.may_be_sellable(id(2)));
        assert_eq!((book.untold_cells(), book.of_all().untold_cells()), (0, 1));
    }

    #[test]
    fn without_a_list_classes_are_unknown_unless_the_token_may_not_read_it() {
        assert_eq!(LocationBook::unread([]).class(id(1)), LocationClass::Unknown);
        assert_eq!(LocationBook::unread([id(1)]).class(id(1)), LocationClass::Unavailable);
        assert_eq!(LocationBook::unreadable([]).class(id(1)), LocationClass::Sellable);
        assert!(
            !LocationBook::unread([]).is_readable() && LocationBook::new([], []).outdated().is_readable()
        );
    }

    #[test]
    fn of_two_entries_of_one_id_nobody_can_tell_which_class_counts() {
        let twice = |class| LocationBook::new([place(1, LocationClass::Sellable), place(1, class)], []);
        assert_eq!(twice(LocationClass::Sellable).class(id(1)), LocationClass::Sellable);
        assert_eq!(twice(LocationClass::Transit).class(id(1)), LocationClass::Unknown);
    }
}
