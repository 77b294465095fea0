//! Supply: what each location could send of an order, and who could send what of each variant.

use std::collections::{BTreeMap, HashMap};

use crate::domain::id::{LocationId, VariantId};
use crate::domain::location::LocationBook;
use crate::domain::quantity::Quantity;
use crate::view::grid::VariantCells;
use crate::view::transfer::spare;

/// Who could send what of an order.
#[derive(Debug, Default)]
pub(super) struct Supply {
    /// The variants ordered, by id. Elsewhere a variant is its index here.
    pub(super) variants: Vec<Ordered>,
    /// The locations that could send something, in the order of preference. Elsewhere a location is its index here,
    /// its place.
    pub(super) sources: Vec<Source>,
}

/// A variant that is ordered.
#[derive(Debug)]
pub(super) struct Ordered {
    pub(super) variant_id: VariantId,
    pub(super) quantity: Quantity,
    /// What each place could send of it; the most first, then by place.
    pub(super) suppliers: Vec<(Quantity, usize)>,
}

/// A location that could send something.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) loc_id: LocationId,
    /// What it could send of each variant, by variant: above zero, and no more than is ordered.
    pub(super) serves: Vec<(usize, Quantity)>,
}

/// A supply in the making.
#[derive(Debug)]
pub(super) struct SupplyBuilder {
    preference: HashMap<LocationId, usize>,
    variants: Vec<Ordered>,
    /// What each location could send, by its rank: those preferred as they were named, then the others by id.
    sources: BTreeMap<(usize, LocationId), Vec<(usize, Quantity)>>,
}

impl Supply {
    /// A supply without any variant; these locations are preferred, the first of them most.
    pub(super) fn preferring(prefer: &[LocationId]) -> SupplyBuilder {
        // The first mention of a location counts: the last one collected wins.
        let preference = prefer.iter().enumerate().rev().map(|(rank, loc_id)| (*loc_id, rank)).collect();
        SupplyBuilder { preference, variants: Vec::new(), sources: BTreeMap::new() }
    }

    /// What is ordered of each variant.
    pub(super) fn demand(&self) -> Vec<Quantity> {
        self.variants.iter().map(|variant| variant.quantity.clone()).collect()
    }

    /// Takes from a location all that it could send of what is left, and returns it.
    pub(super) fn take(&self, source: &Source, left: &mut [Quantity]) -> Vec<(usize, Quantity)> {
        let mut taken = Vec::with_capacity(source.serves.len());
        for (variant, most) in &source.serves {
            let Some(left) = left.get_mut(*variant) else { continue };
            let quantity = Quantity::min(left.clone(), most.clone());
            if !quantity.is_zero() {
                *left -= &quantity;
                taken.push((*variant, quantity));
            }
        }
        taken
    }
}

impl SupplyBuilder {
    /// Adds what the locations that sell are known to have of a variant.
    pub(super) fn add(&mut self, variant: &VariantCells, book: &LocationBook, ordered: &Quantity) {
        let index = self.variants.len();
        for row in variant.rows() {
            let Some(available) = spare(row, book) else { continue };
            let rank = self.preference.get(&row.loc_id).copied().unwrap_or(usize::MAX);
            let serves = self.sources.entry((rank, row.loc_id)).or_default();
            serves.push((index, available.min(ordered.clone())));
        }
        let variant_id = variant.variant_id;
        self.variants.push(Ordered { variant_id, quantity: ordered.clone(), suppliers: Vec::new() });
    }

    /// The supply.
    pub(super) fn finish(self) -> Supply {
        let mut variants = self.variants;
        let sources = self.sources.into_iter().map(|((_, loc_id), serves)| Source { loc_id, serves });
        let sources: Vec<Source> = sources.collect();
        for (place, source) in sources.iter().enumerate() {
            for (variant, quantity) in &source.serves {
                if let Some(variant) = variants.get_mut(*variant) {
                    variant.suppliers.push((quantity.clone(), place));
                }
            }
        }
        for variant in &mut variants {
            variant.suppliers.sort_unstable_by(|(one, place), (other, others_place)| {
                other.cmp(one).then_with(|| place.cmp(others_place))
            });
        }
        Supply { variants, sources }
    }
}
