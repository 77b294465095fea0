//! The entries of a list of locations, gathered page by page.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashSet;

use crate::domain::id::LocationId;
use crate::domain::location::{Location, LocationBook};
use crate::haravan::{LocationPage, Oddities, SentLocation};
use crate::metrics::UnreadableKind;

/// Entries gathered so far, each once.
#[derive(Debug, Default)]
pub(super) struct Entries {
    list: Vec<SentLocation>,
    texts: FxHashSet<Box<str>>,
    /// How many entries each location has: more than one if their texts differ.
    known: BTreeMap<LocationId, usize>,
}

impl Entries {
    /// Adds a page's entries. Returns whether it brought anything new. An entry that comes again word for word is the
    /// same one: pages overlap where something was inserted meanwhile.
    pub(super) fn add(&mut self, page: LocationPage) -> bool {
        let mut is_new = false;
        for sent in page.locations {
            if !self.texts.insert(sent.as_sent.clone()) {
                continue;
            }
            match &sent.location {
                Some(location) => {
                    let entries = self.known.entry(location.id).or_default();
                    is_new |= *entries == 0;
                    *entries += 1;
                }
                None => is_new = true,
            }
            self.list.push(sent);
        }
        is_new
    }

    /// The ids gathered so far.
    pub(super) fn ids(&self) -> BTreeSet<LocationId> {
        self.known.keys().copied().collect()
    }

    /// Whether all of these have come.
    pub(super) fn hold(&self, ids: &BTreeSet<LocationId>) -> bool {
        ids.iter().all(|id| self.known.contains_key(id))
    }

    /// Logs for operators what is odd.
    pub(super) fn tell(&self, oddities: &Oddities) {
        for sent in &self.list {
            match &sent.location {
                None => oddities.note(UnreadableKind::LocationId, None),
                Some(Location { id, unreadable, .. }) if !unreadable.is_empty() => {
                    oddities.note(UnreadableKind::LocationMember, Some(id.get()));
                }
                Some(_) => {}
            }
        }
        for (id, _) in self.known.iter().filter(|(_, entries)| 1 < **entries) {
            oddities.note(UnreadableKind::LocationRepeated, Some(id.get()));
        }
    }

    /// Names and classes.
    pub(super) fn book(&self, excluded: &BTreeSet<LocationId>) -> LocationBook {
        let described = self.list.iter().filter_map(|sent| sent.location.clone());
        let unlisted = self.list.iter().filter(|sent| sent.location.is_none()).count();
        LocationBook::new(described, excluded.iter().copied())
            .with_unlisted(u64::try_from(unlisted).unwrap_or(u64::MAX))
    }

    /// The entries, in Haravan's order.
    pub(super) fn into_list(self) -> Vec<SentLocation> {
        self.list
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Entries;
    use crate::domain::id::LocationId;
    use crate::domain::location::{Location, LocationClass};
    use crate::haravan::{LocationPage, SentLocation};

    fn page(entries: &[(Option<u64>, &str)]) -> LocationPage {
        let sent = |(id, text): &(Option<u64>, &str)| SentLocation {
            location: id.map(|id| Location {
                id: LocationId::new(id).unwrap(),
                name: None,
                class: LocationClass::Sellable,
                unreadable: Vec::new(),
            }),
            as_sent: (*text).into(),
        };
        LocationPage { locations: entries.iter().map(sent).collect(), length: entries.len() }
    }

    #[test]
    fn a_page_that_brings_nothing_new_ends_the_list() {
        let mut entries = Entries::default();
        assert!(entries.add(page(&[(Some(1), "a"), (None, "{}")])));
        assert!(entries.add(page(&[(None, "{}"), (Some(2), "b")])));
        assert!(!entries.add(page(&[(Some(2), "b"), (None, "{}")])));
        // The same location in other words is kept, but brings no other page.
        assert!(!entries.add(page(&[(Some(2), "c")])));
        let book = entries.book(&BTreeSet::new());
        assert_eq!((book.ids().count(), book.unlisted()), (2, 1));
        let texts: Vec<_> = entries.into_list().into_iter().map(|sent| sent.as_sent).collect();
        assert_eq!(texts.iter().map(|text| &**text).collect::<Vec<_>>(), ["a", "{}", "b", "c"]);
    }
}
