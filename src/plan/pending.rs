//! The cells that wait for a call, and the choice of the next tile among them.
//!
//! Cells wait by variant: a row of the pending set is a variant with the locations still wanted, and the wants of
//! all who wait for it. Callers take turns within a priority, and within a caller its questions, so a small question
//! waits neither behind a huge one nor behind another caller's many; the question whose turn it is seeds the tile,
//! and everybody else's cells fill it up.
//!
//! Cost: every cell is added once and taken once; choosing a tile looks at a bounded number of rows
//! ([`LOOKAHEAD`]), so draining any number of cells is linear.

mod candidates;
mod lists;
mod outline;

use std::collections::VecDeque;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use lists::first_chunk;
use outline::{outline, wide_locations};

use super::density::Density;
use super::{MAX_IDS, Tile};
use crate::domain::caller::CallerId;
use crate::domain::id::{LocationId, VariantId};

pub(crate) use lists::{difference, union};

/// How often each lower priority is served while higher ones wait: one tile in so many.
const LOWER_PRIORITY_TURN: u64 = 16;

/// How urgently cells are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// A caller waits for the answer.
    Interactive,
    /// A stale answer was served; the cells should become fresh.
    Refresh,
    /// Nobody asked yet: the shop is filled with what budget is left over.
    Mirror,
}

impl Priority {
    /// All of them, most urgent first.
    pub const ALL: [Self; 3] = [Self::Interactive, Self::Refresh, Self::Mirror];

    /// The priority's name in metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Interactive => "interactive",
            Self::Refresh => "refresh",
            Self::Mirror => "mirror",
        }
    }
}

/// One thing for each priority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct ByPriority<T> {
    interactive: T,
    refresh: T,
    mirror: T,
}

impl<T> ByPriority<T> {
    fn of(&self, priority: Priority) -> &T {
        match priority {
            Priority::Interactive => &self.interactive,
            Priority::Refresh => &self.refresh,
            Priority::Mirror => &self.mirror,
        }
    }

    fn of_mut(&mut self, priority: Priority) -> &mut T {
        match priority {
            Priority::Interactive => &mut self.interactive,
            Priority::Refresh => &mut self.refresh,
            Priority::Mirror => &mut self.mirror,
        }
    }
}

/// The variants that a question wants, in the order it is served; those served already are skipped.
type Question = VecDeque<VariantId>;

/// A caller's questions, in the order of their turns.
#[derive(Debug)]
struct CallerTurns {
    caller: CallerId,
    questions: VecDeque<Question>,
}

/// One waiter's wish for cells of one variant.
#[derive(Debug, Clone)]
pub struct Want<W> {
    /// Who waits.
    pub waiter: W,
    /// The locations it waits for, ascending.
    pub locations: Arc<[LocationId]>,
}

/// A chosen tile and what was wanted of it.
#[derive(Debug)]
pub struct Chosen<W> {
    /// The tile.
    pub tile: Tile,
    /// How urgently its seed was wanted.
    pub priority: Priority,
    /// The wants it will satisfy, by variant.
    pub wants: Vec<(VariantId, Vec<Want<W>>)>,
}

/// Who waits for cells.
pub trait Waiter: Clone {
    /// Whether nobody listens any more: its wants need not be served.
    fn is_gone(&self) -> bool;

    /// Told when a want was split in two, each to be answered on its own.
    fn want_was_split(&self);

    /// Who asks: it takes turns with the others.
    fn caller(&self) -> CallerId {
        CallerId::NOBODY
    }
}

/// Cells that wait for a call.
#[derive(Debug)]
pub struct Pending<W> {
    rows: FxHashMap<VariantId, Row<W>>,
    turns: ByPriority<VecDeque<CallerTurns>>,
    cells: ByPriority<usize>,
    tiles_chosen: u64,
}

#[derive(Debug)]
struct Row<W> {
    priority: Priority,
    /// The union of what is wanted, ascending.
    locations: Arc<[LocationId]>,
    wants: Vec<Want<W>>,
}

impl<W> Default for Pending<W> {
    fn default() -> Self {
        let (turns, cells) = (ByPriority::default(), ByPriority::default());
        Self { rows: FxHashMap::default(), turns, cells, tiles_chosen: 0 }
    }
}

impl<W: Waiter> Pending<W> {
    /// How many cells wait, of all priorities.
    #[must_use]
    pub fn cells(&self) -> usize {
        Priority::ALL.into_iter().map(|priority| self.cells_of(priority)).sum()
    }

    /// How many cells wait with this priority.
    #[must_use]
    pub fn cells_of(&self, priority: Priority) -> usize {
        *self.cells.of(priority)
    }

    /// How many variants wait.
    #[must_use]
    pub fn variants(&self) -> usize {
        self.rows.len()
    }

    /// Whether the set is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether a cell waits already.
    #[must_use]
    pub fn holds(&self, variant_id: VariantId, loc_id: LocationId) -> bool {
        self.rows.get(&variant_id).is_some_and(|row| row.locations.binary_search(&loc_id).is_ok())
    }

    /// Who waits with the most urgent priority that anybody waits with.
    #[must_use]
    pub fn callers(&self) -> (Priority, Vec<CallerId>) {
        let waiting = |priority: &Priority| !self.turns.of(*priority).is_empty();
        let priority = Priority::ALL.into_iter().find(waiting).unwrap_or(Priority::Mirror);
        (priority, self.turns.of(priority).iter().map(|turns| turns.caller).collect())
    }

    /// Adds one question's wants, or several callers'. Gives back how many of the cells were waiting already.
    pub fn add(
        &mut self,
        priority: Priority,
        wants: impl IntoIterator<Item = (VariantId, Want<W>)>,
    ) -> usize {
        let wants = wants.into_iter();
        let wanted = wants.size_hint().0;
        self.rows.reserve(wanted);
        let mut questions: Vec<(CallerId, Question)> = Vec::with_capacity(1);
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
            match self.rows.entry(variant_id) {
                Entry::Vacant(vacant) => {
                    *self.cells.of_mut(priority) += want.locations.len();
                    let locations = Arc::clone(&want.locations);
                    vacant.insert(Row { priority, locations, wants: vec![want] });
                }
                Entry::Occupied(mut occupied) => {
                    let row = occupied.get_mut();
                    let before = row.locations.len();
                    let locations = union(&row.locations, &want.locations);
                    joined += before + want.locations.len() - locations.len();
                    *self.cells.of_mut(row.priority) -= before;
                    row.priority = row.priority.min(priority);
                    *self.cells.of_mut(row.priority) += locations.len();
                    row.locations = locations;
                    row.wants.push(want);
                }
            }
        }
        let turns = self.turns.of_mut(priority);
        for (caller, question) in questions {
            match turns.iter_mut().find(|turns| turns.caller == caller) {
                Some(turns) => turns.questions.push_back(question),
                None => turns.push_back(CallerTurns { caller, questions: VecDeque::from([question]) }),
            }
        }
        joined
    }

    /// Takes the best next tile out of what waits; none if nothing does.
    pub fn choose(&mut self, density: &Density) -> Option<Chosen<W>> {
        self.choose_for(None, density, |_| true)
    }

    /// The same, for this caller first if it waits with a priority that is due. A variant that `shares` denies shares
    /// no tile with other callers' variants.
    pub fn choose_for(
        &mut self,
        caller: Option<CallerId>,
        density: &Density,
        shares: impl Fn(VariantId) -> bool,
    ) -> Option<Chosen<W>> {
        let (priority, seed) = self.seed(caller)?;
        if let Some(tile) = self.whole(density, &shares) {
            return Some(self.take_chosen(tile, priority));
        }
        let locations = first_chunk(&seed.1);
        let candidates = self.candidates(priority, seed, &shares);
        let waiting = self.waiting_of_seed(priority);
        let narrow = outline(&candidates, &locations, waiting, density);
        let outline = match wide_locations(&candidates) {
            Some(wide) if *wide != *locations => {
                let wide = outline(&candidates, &wide, waiting, density);
                if narrow.cells_a_call < wide.cells_a_call { wide } else { narrow }
            }
            _ => narrow,
        };
        Some(self.take_chosen(outline.tile, priority))
    }

    /// Whether what waits fills a call as well as any amount would.
    #[must_use]
    pub fn fills_a_call(&self, density: &Density) -> bool {
        MAX_IDS <= self.rows.len() || density.fills_a_page(self.cells())
    }

    /// Drops everything that waits and gives back the wants.
    pub fn drain(&mut self) -> Vec<(VariantId, Vec<Want<W>>)> {
        self.turns = ByPriority::default();
        self.cells = ByPriority::default();
        self.rows.drain().map(|(variant_id, row)| (variant_id, row.wants)).collect()
    }

    /// The next variant to serve: of the caller whose turn it is, in the most urgent priority that waits. Every
    /// so often a lower priority goes first, the lower ones in turns, so that none ever starves.
    fn seed(&mut self, caller: Option<CallerId>) -> Option<(Priority, Candidate)> {
        let mut order = Priority::ALL;
        if self.tiles_chosen % LOWER_PRIORITY_TURN == LOWER_PRIORITY_TURN - 1 {
            let lowest_first = (self.tiles_chosen / LOWER_PRIORITY_TURN).is_multiple_of(2);
            order.reverse();
            if !lowest_first {
                order.swap(0, 1);
            }
        }
        order.into_iter().find_map(|priority| {
            let turns = self.turns.of_mut(priority);
            if let Some(at) = turns.iter().position(|turns| Some(turns.caller) == caller)
                && let Some(turns_of_caller) = turns.remove(at)
            {
                turns.push_front(turns_of_caller);
            }
            while let Some(mut turns) = self.turns.of_mut(priority).pop_front() {
                if let Some(candidate) = self.next_of(&mut turns) {
                    self.turns.of_mut(priority).push_back(turns);
                    return Some((priority, candidate));
                }
            }
            None
        })
    }

    /// The next variant of a caller's: of the question whose turn it is, which is then the last.
    fn next_of(&mut self, turns: &mut CallerTurns) -> Option<Candidate> {
        while let Some(mut question) = turns.questions.pop_front() {
            while let Some(variant_id) = question.front().copied() {
                if let Some(locations) = self.wanted(variant_id) {
                    turns.questions.push_back(question);
                    return Some((variant_id, locations));
                }
                question.pop_front();
            }
        }
        None
    }

    /// How many variants the question that gave the seed still waits for, at most.
    fn waiting_of_seed(&self, priority: Priority) -> usize {
        self.turns.of(priority).back().and_then(|turns| turns.questions.back()).map_or(0, VecDeque::len)
    }

    /// Forgets what was served of the question that gave the seed, and its caller if that was all.
    fn forget_served(&mut self, priority: Priority) {
        let turns = self.turns.of_mut(priority);
        let Some(CallerTurns { questions, .. }) = turns.back_mut() else { return };
        if let Some(question) = questions.back_mut() {
            while question.front().is_some_and(|variant_id| !self.rows.contains_key(variant_id)) {
                question.pop_front();
            }
            if question.is_empty() {
                questions.pop_back();
            }
        }
        if questions.is_empty() {
            turns.pop_back();
        }
    }

    /// What is still waited for of a variant; forgets the wants of those who left.
    fn wanted(&mut self, variant_id: VariantId) -> Option<Arc<[LocationId]>> {
        let row = self.rows.get_mut(&variant_id)?;
        if row.wants.iter().any(|want| want.waiter.is_gone()) {
            row.wants.retain(|want| !want.waiter.is_gone());
            let before = row.locations.len();
            row.locations = row.wants.iter().fold(Arc::from([]), |all, want| union(&all, &want.locations));
            *self.cells.of_mut(row.priority) -= before - row.locations.len();
        }
        if row.wants.is_empty() {
            self.rows.remove(&variant_id);
            return None;
        }
        Some(Arc::clone(&row.locations))
    }

    fn take_chosen(&mut self, tile: Tile, priority: Priority) -> Chosen<W> {
        self.tiles_chosen += 1;
        let chosen = self.take(tile, priority);
        self.forget_served(priority);
        chosen
    }

    /// Takes a tile's cells, and the wants for them, out of what waits.
    fn take(&mut self, tile: Tile, priority: Priority) -> Chosen<W> {
        let mut taken = Vec::with_capacity(tile.variants.len());
        for variant_id in &tile.variants {
            let Entry::Occupied(mut occupied) = self.rows.entry(*variant_id) else { continue };
            let row = occupied.get_mut();
            let rest = difference(&row.locations, &tile.locations);
            *self.cells.of_mut(row.priority) -= row.locations.len() - rest.len();
            let wants = if rest.is_empty() {
                occupied.remove().wants
            } else {
                row.locations = rest;
                let (wants, rest) = split(std::mem::take(&mut row.wants), &tile.locations);
                row.wants = rest;
                wants
            };
            taken.push((*variant_id, wants));
        }
        Chosen { tile, priority, wants: taken }
    }
}

/// A variant that might go into a tile, and the locations wanted of it.
type Candidate = (VariantId, Arc<[LocationId]>);

/// Splits wants into what lies at the locations and what does not.
fn split<W: Waiter>(wants: Vec<Want<W>>, locations: &[LocationId]) -> (Vec<Want<W>>, Vec<Want<W>>) {
    let (mut inside, mut outside) = (Vec::new(), Vec::new());
    for want in wants {
        let rest = difference(&want.locations, locations);
        if rest.is_empty() {
            inside.push(want);
        } else if rest.len() == want.locations.len() {
            outside.push(want);
        } else {
            want.waiter.want_was_split();
            inside.push(Want { waiter: want.waiter.clone(), locations: difference(&want.locations, &rest) });
            outside.push(Want { waiter: want.waiter, locations: rest });
        }
    }
    (inside, outside)
}

#[cfg(test)]
mod tests;
