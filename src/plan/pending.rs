//! The cells that wait for a call, and the choice of the next tile among them.
//!
//! Cells wait by variant, with the locations still wanted and the wants of all who wait for it. Callers take turns
//! within a priority, and within a caller its questions. So a small question waits neither behind a huge one nor behind
//! another caller's many. The question whose turn it is seeds the tile, and the other callers' cells fill it up.
//!
//! Cost: every cell is added once and taken once. Choosing a tile looks at a bounded number of rows
//! ([`LOOKAHEAD`](candidates::LOOKAHEAD)), so draining any number of cells is linear.

mod candidates;
mod lists;
mod outline;
mod priority;
mod rows;
mod turns;
mod want;

use std::collections::VecDeque;

use self::candidates::{candidates, whole};
use self::lists::first_chunk;
use self::outline::{outline, wide_locations};
use self::rows::Rows;
use self::turns::{PendingQuestion, TurnQueue};
use super::density::Density;
use super::{MAX_IDS, Tile};
use crate::domain::caller::CallerId;
use crate::domain::id::{LocationId, VariantId};

pub(crate) use self::lists::difference;
pub use self::priority::Priority;
pub use self::want::{Chosen, Want, WantOwner};

/// Cells that wait for a call.
#[derive(Debug)]
pub struct Pending<W> {
    rows: Rows<W>,
    turns: TurnQueue,
}

impl<W: WantOwner> Default for Pending<W> {
    fn default() -> Self {
        Self { rows: Rows::default(), turns: TurnQueue::default() }
    }
}

impl<W: WantOwner> Pending<W> {
    /// How many cells wait, of all priorities.
    #[must_use]
    pub fn cells(&self) -> usize {
        Priority::ALL.into_iter().map(|priority| self.cells_of(priority)).sum()
    }

    /// How many cells wait with this priority.
    #[must_use]
    pub fn cells_of(&self, priority: Priority) -> usize {
        self.rows.cells_of(priority)
    }

    /// How many variants wait.
    #[must_use]
    pub fn variants(&self) -> usize {
        self.rows.len()
    }

    /// Whether the set is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.len() == 0
    }

    /// Whether a cell waits already.
    #[must_use]
    pub fn holds(&self, variant_id: VariantId, loc_id: LocationId) -> bool {
        self.rows.holds(variant_id, loc_id)
    }

    /// Returns the callers that wait with the most urgent priority of all, and that priority.
    #[must_use]
    pub fn callers(&self) -> (Priority, Vec<CallerId>) {
        self.turns.callers()
    }

    /// Adds one question's wants, or several callers'. Returns how many of the cells were waiting already.
    pub fn add(
        &mut self,
        priority: Priority,
        wants: impl IntoIterator<Item = (VariantId, Want<W>)>,
    ) -> usize {
        let wants = wants.into_iter();
        let wanted = wants.size_hint().0;
        self.rows.reserve(wanted);
        let mut questions: Vec<(CallerId, PendingQuestion)> = Vec::with_capacity(1);
        let mut joined = 0;
        for (variant_id, want) in wants {
            let caller = want.waiter.caller();
            match questions.iter_mut().find(|(asks, _)| *asks == caller) {
                Some((_, question)) => question.push_back(variant_id),
                None => {
                    let mut question = VecDeque::with_capacity(wanted);
                    question.push_back(variant_id);
                    questions.push((caller, question));
                }
            }
            joined += self.rows.add(priority, variant_id, want);
        }
        self.turns.add(priority, questions);
        joined
    }

    /// Takes the best next tile. `None` if nothing waits.
    pub fn choose(&mut self, density: &Density) -> Option<Chosen<W>> {
        self.choose_for(None, density, |_| true)
    }

    /// Takes the best next tile, for this caller first if it waits with a priority that is due. A variant that `shares`
    /// denies shares no tile with other callers' variants.
    pub fn choose_for(
        &mut self,
        caller: Option<CallerId>,
        density: &Density,
        shares: impl Fn(VariantId) -> bool,
    ) -> Option<Chosen<W>> {
        let (priority, seed) = self.turns.seed(caller, &mut self.rows)?;
        if let Some(tile) = whole(&mut self.rows, density, &shares) {
            return Some(self.take(tile, priority));
        }
        let locations = first_chunk(&seed.1);
        let candidates = candidates(&mut self.turns, &mut self.rows, (priority, seed), &shares);
        let waiting = self.turns.waiting_of_seed(priority);
        let narrow = outline(&candidates, &locations, waiting, density);
        let outline = match wide_locations(&candidates) {
            Some(wide) if *wide != *locations => {
                let wide = outline(&candidates, &wide, waiting, density);
                if narrow.cells_a_call < wide.cells_a_call { wide } else { narrow }
            }
            _ => narrow,
        };
        Some(self.take(outline.tile, priority))
    }

    /// Whether what waits fills a call as well as any amount would.
    #[must_use]
    pub fn fills_a_call(&self, density: &Density) -> bool {
        MAX_IDS <= self.rows.len() || density.fills_a_page(self.cells())
    }

    /// Removes everything that waits. Returns the wants.
    pub fn drain(&mut self) -> Vec<(VariantId, Vec<Want<W>>)> {
        self.turns.clear();
        self.rows.drain()
    }

    fn take(&mut self, tile: Tile, priority: Priority) -> Chosen<W> {
        let wants = self.rows.take(&tile);
        self.turns.tile_chosen(priority, &self.rows);
        Chosen { tile, priority, wants }
    }
}

#[cfg(test)]
mod tests;
