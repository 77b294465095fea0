//! The ids that Haravan has accepted. They are not suspected when a call is refused.

use std::hash::Hash;

use rustc_hash::FxHashSet;

use crate::domain::id::{LocationId, VariantId};
use crate::plan::refusal::Refusals;

/// Variants remembered. Source: ours, against a listing without end; some 2 MiB.
const MOST_VARIANTS: usize = 200_000;

/// Locations remembered.
const MOST_LOCATIONS: usize = 10_000;

/// Ids that were accepted once, until they are refused.
#[derive(Debug, Clone, Default)]
pub(in crate::loader) struct AcceptedIds {
    variants: FxHashSet<VariantId>,
    locations: FxHashSet<LocationId>,
}

impl AcceptedIds {
    /// Notes the ids of a call that was answered.
    pub(in crate::loader) fn accept<'a>(
        &mut self,
        variants: impl IntoIterator<Item = &'a VariantId>,
        locations: impl IntoIterator<Item = &'a LocationId>,
    ) {
        remember(&mut self.variants, variants, MOST_VARIANTS);
        remember(&mut self.locations, locations, MOST_LOCATIONS);
    }

    /// Forgets ids that are refused now.
    pub(in crate::loader) fn forget(&mut self, refusals: &Refusals) {
        self.variants.retain(|id| !refusals.variants.contains(id));
        self.locations.retain(|id| !refusals.locations.contains(id));
    }

    /// Whether a variant was accepted.
    pub(in crate::loader) fn holds_variant(&self, variant_id: VariantId) -> bool {
        self.variants.contains(&variant_id)
    }

    /// Whether a location was accepted.
    pub(in crate::loader) fn holds_location(&self, loc_id: LocationId) -> bool {
        self.locations.contains(&loc_id)
    }
}

/// Adds ids within the bound. Ids that do not fit are only suspected again.
fn remember<'a, I: Copy + Eq + Hash + 'a>(
    known: &mut FxHashSet<I>,
    ids: impl IntoIterator<Item = &'a I>,
    most: usize,
) {
    for id in ids {
        if most <= known.len() {
            return;
        }
        known.insert(*id);
    }
}

#[cfg(test)]
mod tests {
    use super::{AcceptedIds, MOST_VARIANTS};
    use crate::domain::id::{LocationId, VariantId};
    use crate::plan::refusal::Refusals;

    fn variant(id: u64) -> VariantId {
        VariantId::new(id).unwrap()
    }

    #[test]
    fn an_id_is_accepted_until_it_is_refused() {
        let mut accepted = AcceptedIds::default();
        accepted.accept(&[variant(1), variant(2)], &[LocationId::new(5).unwrap()]);
        assert!(accepted.holds_variant(variant(1)) && accepted.holds_location(LocationId::new(5).unwrap()));
        accepted.forget(&Refusals { variants: [variant(1)].into(), ..Refusals::default() });
        assert!(!accepted.holds_variant(variant(1)) && accepted.holds_variant(variant(2)));
    }

    #[test]
    fn the_memory_is_bounded() {
        let mut accepted = AcceptedIds::default();
        let most = u64::try_from(MOST_VARIANTS).unwrap();
        let variants: Vec<VariantId> = (1..=most + 10).map(variant).collect();
        accepted.accept(&variants, &[]);
        assert_eq!(accepted.variants.len(), MOST_VARIANTS);
    }
}
