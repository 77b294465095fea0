//! The search for the refused ids of one tile: a state machine without I/O.
//!
//! Ask [`Search::next_tile`] for a tile, call, and say how it went. Ids that were accepted once are no suspects. As
//! long as no id at all is accepted, ever smaller tiles are asked until one is. From then on the kinds are told apart
//! on their own: variants with accepted locations, then locations with accepted variants. That takes about V + L
//! calls at most, not V x L. In the end the accepted ids that have not been asked together are.

use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::Refusals;
use super::axis::Axis;
use crate::domain::cell::CellId;
use crate::domain::id::{LocationId, VariantId};
use crate::plan::Tile;

/// How often a search may begin again because a tile of accepted ids was refused. Source: ours.
const MOST_RESTARTS: u32 = 2;

/// The search for the refused ids of one tile.
#[derive(Debug)]
pub struct Search {
    variants: Axis<VariantId>,
    locations: Axis<LocationId>,
    first_find: FirstFind,
    /// What others have found of its ids.
    learnt: Refusals,
    /// Cells that need not be asked: they were answered, or the call for them failed.
    settled: FxHashSet<CellId>,
    /// Cells that were refused alone.
    refused_cells: BTreeSet<CellId>,
    asked: Option<Asked>,
    restarts: u32,
    /// Some ids were left out of the search.
    has_gaps: bool,
    is_over: bool,
}

/// What was asked, and what for.
#[derive(Debug)]
enum Asked {
    /// To find any accepted id.
    First(Tile),
    /// To tell these variants apart.
    Variants(Vec<VariantId>, Tile),
    /// To tell these locations apart.
    Locations(Vec<LocationId>, Tile),
    /// For the answer: all ids are accepted.
    Rest(Tile),
}

/// The search for a first accepted id of each kind.
#[derive(Debug, Default)]
struct FirstFind {
    /// How often the tile was halved.
    halvings: u32,
    /// Where the next tile begins, in each kind.
    next: usize,
    /// Single cells that were chosen so far.
    singles: usize,
}

impl Search {
    /// Starts with a tile that was just refused. Ids that Haravan accepted before are no suspects, unless all of them
    /// were accepted: then something has changed, and none is trusted.
    #[must_use]
    pub fn new(
        refused: &Tile,
        is_accepted_variant: impl Fn(VariantId) -> bool,
        is_accepted_location: impl Fn(LocationId) -> bool,
    ) -> Self {
        let mut variants = Axis::new(&refused.variants, is_accepted_variant);
        let mut locations = Axis::new(&refused.locations, is_accepted_location);
        match (variants.has_suspects(), locations.has_suspects()) {
            (true, false) => variants.bind(),
            (false, true) => locations.bind(),
            (true, true) => {}
            (false, false) => {
                variants = Axis::new(&refused.variants, |_| false);
                locations = Axis::new(&refused.locations, |_| false);
            }
        }
        Self {
            variants,
            locations,
            learnt: Refusals::default(),
            first_find: FirstFind::default(),
            settled: FxHashSet::default(),
            refused_cells: if refused.cells() == 1 { cells_of(refused).collect() } else { BTreeSet::new() },
            asked: None,
            restarts: 0,
            has_gaps: false,
            is_over: false,
        }
    }

    /// Takes over what others have learnt since.
    pub fn learn(
        &mut self,
        refusals: &Refusals,
        is_accepted_variant: impl Fn(VariantId) -> bool,
        is_accepted_location: impl Fn(LocationId) -> bool,
    ) {
        self.learnt.extend(refusals.clone());
        self.variants.learn_refused(refusals.variants.iter().copied());
        self.locations.learn_refused(refusals.locations.iter().copied());
        if self.restarts == 0 {
            self.variants.learn_accepted(is_accepted_variant);
            self.locations.learn_accepted(is_accepted_location);
        }
    }

    /// The next tile to ask; `None` when all is found that can be.
    pub fn next_tile(&mut self) -> Option<Tile> {
        let asked = loop {
            if self.is_over {
                return None;
            }
            if let Some(asked) = self.choose() {
                break asked;
            }
            if self.refusals().concerns_all(self.variants.refused(), self.locations.refused()) {
                return None;
            }
            // What was concluded rests on ids that were accepted before, and not by this search.
            self.restart();
        };
        let tile = asked.tile().clone();
        self.asked = Some(asked);
        Some(tile)
    }

    /// The tile was answered.
    pub fn accepted(&mut self) {
        let Some(asked) = self.asked.take() else { return };
        let tile = asked.tile();
        self.variants.see(&tile.variants);
        self.locations.see(&tile.locations);
        self.settled.extend(cells_of(tile));
    }

    /// The tile was refused.
    pub fn refused(&mut self) {
        match self.asked.take() {
            Some(Asked::First(tile)) if tile.cells() == 1 => self.refused_cells.extend(cells_of(&tile)),
            Some(Asked::Variants(group, _)) => self.variants.refuse_group(group),
            Some(Asked::Locations(group, _)) => self.locations.refuse_group(group),
            Some(Asked::Rest(tile)) if tile.cells() == 1 => {
                self.refused_cells.extend(cells_of(&tile));
                self.settled.extend(cells_of(&tile));
            }
            // Accepted ids were refused together: one of them is not the shop's any more.
            Some(Asked::Rest(_)) => self.restart(),
            Some(Asked::First(_)) | None => {}
        }
    }

    /// The tile was neither answered nor refused, and will not be asked again.
    pub fn given_up(&mut self) {
        let Some(asked) = self.asked.take() else { return };
        self.has_gaps = true;
        self.settled.extend(cells_of(asked.tile()));
        match asked {
            Asked::Variants(group, _) => self.variants.set_aside(&group),
            Asked::Locations(group, _) => self.locations.set_aside(&group),
            Asked::First(_) => self.is_over = true,
            Asked::Rest(_) => {}
        }
    }

    /// The accepted ids that are known now.
    #[must_use]
    pub fn accepted_ids(&self) -> (&BTreeSet<VariantId>, &BTreeSet<LocationId>) {
        (self.variants.accepted(), self.locations.accepted())
    }

    /// The refused ids that are known for certain now: an id counts if all that it was asked with has been seen
    /// accepted.
    #[must_use]
    pub fn refusals(&self) -> Refusals {
        let mut refusals = self.learnt.clone();
        if self.locations.has_seen_accepted() {
            refusals.variants.extend(self.variants.refused());
        }
        if self.variants.has_seen_accepted() {
            refusals.locations.extend(self.locations.refused());
        }
        // Of a cell that was refused alone, what was learnt since may clear one of the ids.
        for cell in &self.refused_cells {
            let variant_is_good = self.variants.has_seen(cell.variant_id);
            let location_is_good = self.locations.has_seen(cell.loc_id);
            match (variant_is_good, location_is_good) {
                (true, false) => drop(refusals.locations.insert(cell.loc_id)),
                (false, true) => drop(refusals.variants.insert(cell.variant_id)),
                _ if refusals.concern(*cell) => {}
                _ => drop(refusals.cells.insert(*cell)),
            }
        }
        refusals
    }

    fn choose(&mut self) -> Option<Asked> {
        if self.variants.accepted().is_empty() && self.locations.accepted().is_empty() {
            let tile = self.first_find.next_tile(
                self.variants.suspects(),
                self.locations.suspects(),
                &self.refused_cells,
            )?;
            return Some(Asked::First(tile));
        }
        if !self.locations.accepted().is_empty()
            && let Some(group) = self.variants.next_group()
        {
            let variants = self.with_unsettled_variants(&group);
            let locations = self.locations.accepted().iter().copied().collect();
            return Some(Asked::Variants(group, Tile { variants, locations }));
        }
        if self.only_locations_can_be_the_cause() {
            self.locations.bind();
        }
        if !self.variants.accepted().is_empty()
            && let Some(group) = self.locations.next_group()
        {
            let mut locations: Vec<LocationId> = group.clone();
            locations.sort_unstable();
            let variants = self.variants.accepted().iter().copied().collect();
            let tile = Tile { variants, locations: Arc::from(locations) };
            return Some(Asked::Locations(group, tile));
        }
        self.rest().map(Asked::Rest)
    }

    /// Whether nothing but a location that is not told apart yet can be why the tile was refused.
    fn only_locations_can_be_the_cause(&self) -> bool {
        let variants_are_good = self.variants.refused().is_empty() && !self.variants.has_suspects();
        variants_are_good && self.locations.refused().is_empty() && !self.has_gaps && self.restarts == 0
    }

    /// A group with the accepted variants that still lack an answer: they make no difference to the outcome.
    fn with_unsettled_variants(&self, group: &[VariantId]) -> Vec<VariantId> {
        let lacks_an_answer = |variant_id: &VariantId| {
            let is_open = |loc_id: &LocationId| !self.is_settled(*variant_id, *loc_id);
            self.locations.accepted().iter().any(is_open)
        };
        let accepted = self.variants.accepted().iter().copied().filter(lacks_an_answer);
        let mut variants: Vec<VariantId> = group.iter().copied().chain(accepted).collect();
        variants.sort_unstable();
        variants
    }

    /// The accepted ids that were not asked together yet.
    fn rest(&self) -> Option<Tile> {
        let locations = self.locations.accepted();
        let is_open = |variant_id: VariantId, loc_id: LocationId| !self.is_settled(variant_id, loc_id);
        let variants: Vec<VariantId> = self
            .variants
            .accepted()
            .iter()
            .copied()
            .filter(|variant_id| locations.iter().any(|loc_id| is_open(*variant_id, *loc_id)))
            .collect();
        let locations: Arc<[LocationId]> = locations
            .iter()
            .copied()
            .filter(|loc_id| variants.iter().any(|variant_id| is_open(*variant_id, *loc_id)))
            .collect();
        let tile = Tile { variants, locations };
        (0 < tile.cells()).then_some(tile)
    }

    fn is_settled(&self, variant_id: VariantId, loc_id: LocationId) -> bool {
        self.settled.contains(&CellId { variant_id, loc_id })
    }

    /// Begins again, and trusts only the ids that this search has seen accepted.
    fn restart(&mut self) {
        self.restarts += 1;
        if MOST_RESTARTS < self.restarts {
            self.is_over = true;
        }
        // Seen ids that were refused together since are not trusted either.
        let trusts = self.restarts < MOST_RESTARTS;
        self.variants.restart(trusts, self.learnt.variants.iter().copied());
        self.locations.restart(trusts, self.learnt.locations.iter().copied());
        self.first_find = FirstFind::default();
    }
}

impl FirstFind {
    /// The next tile that may be accepted as a whole; `None` when every single cell was refused.
    ///
    /// Each is half as wide and half as high as the one before, and of other ids: those next to refused ones are more
    /// likely to be refused. From single cells on, no id is asked a second time before all were.
    fn next_tile(
        &mut self,
        variants: &[VariantId],
        locations: &[LocationId],
        refused: &BTreeSet<CellId>,
    ) -> Option<Tile> {
        if variants.is_empty() || locations.is_empty() {
            return None;
        }
        self.halvings += 1;
        let share = |ids: usize| (ids >> self.halvings.min(usize::BITS - 1)).max(1);
        let (width, height) = (share(variants.len()), share(locations.len()));
        if 1 < width * height {
            let start = self.next;
            self.next += width.max(height);
            let variants = cycled(variants, start, width);
            return Some(Tile { variants, locations: Arc::from(cycled(locations, start, height)) });
        }
        while self.singles < variants.len() * locations.len() {
            let (row, shift) = (self.singles % variants.len(), self.singles / variants.len());
            self.singles += 1;
            let variant_id = *variants.get((row + self.next) % variants.len())?;
            let loc_id = *locations.get((row + shift + self.next) % locations.len())?;
            if !refused.contains(&CellId { variant_id, loc_id }) {
                return Some(Tile { variants: vec![variant_id], locations: Arc::from([loc_id]) });
            }
        }
        None
    }
}

impl Asked {
    fn tile(&self) -> &Tile {
        match self {
            Self::First(tile) | Self::Variants(_, tile) | Self::Locations(_, tile) | Self::Rest(tile) => tile,
        }
    }
}

/// Some ids from a place on, beginning again at the end, ascending.
fn cycled<I: Copy + Ord>(ids: &[I], start: usize, count: usize) -> Vec<I> {
    let mut chosen: Vec<I> =
        ids.iter().cycle().skip(start % ids.len().max(1)).take(count.min(ids.len())).copied().collect();
    chosen.sort_unstable();
    chosen
}

fn cells_of(tile: &Tile) -> impl Iterator<Item = CellId> + '_ {
    tile.variants.iter().flat_map(|variant_id| {
        tile.locations.iter().map(|loc_id| CellId { variant_id: *variant_id, loc_id: *loc_id })
    })
}

#[cfg(test)]
mod tests;
