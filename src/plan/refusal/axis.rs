//! The search for the refused ids of one kind, asked together with accepted ids of the other kind.
//!
//! This is group testing with a group size that follows the share of refused ids seen so far (generalized binary
//! splitting). A few refused ids among many cost about six calls each; where most are refused, each id is asked
//! alone. So the search takes about as many calls as there are ids, at most.

use std::collections::BTreeSet;

/// What is known of the ids of one kind in a tile.
#[derive(Debug)]
pub(super) struct Axis<I> {
    /// All of them.
    ids: Vec<I>,
    /// Ids of which nothing is known.
    suspects: Vec<I>,
    /// Ids of which at least one is refused. They are not among the suspects.
    bound: Vec<I>,
    accepted: BTreeSet<I>,
    refused: BTreeSet<I>,
    /// The ids that this search has seen accepted. Those accepted before may have been deleted since.
    seen: BTreeSet<I>,
    /// Ids that this search has told apart so far.
    told_apart: usize,
}

impl<I: Copy + Ord> Axis<I> {
    /// The ids, and those of them that were accepted before.
    pub(super) fn new(ids: &[I], is_accepted: impl Fn(I) -> bool) -> Self {
        let (accepted, suspects): (Vec<I>, Vec<I>) = ids.iter().partition(|id| is_accepted(**id));
        Self {
            ids: ids.to_vec(),
            suspects,
            bound: Vec::new(),
            accepted: accepted.into_iter().collect(),
            refused: BTreeSet::new(),
            seen: BTreeSet::new(),
            told_apart: 0,
        }
    }

    /// Begins again, with ids that are known to be refused. Of the others, those that this search has seen accepted are
    /// trusted if `trusts_seen`.
    pub(super) fn restart(&mut self, trusts_seen: bool, refused: impl IntoIterator<Item = I>) {
        let seen = std::mem::take(&mut self.seen);
        *self = Self { seen: seen.clone(), ..Self::new(&self.ids, |id| trusts_seen && seen.contains(&id)) };
        self.learn_refused(refused);
    }

    /// At least one of the suspects is refused: nothing else can be the cause.
    pub(super) fn bind(&mut self) {
        if self.bound.is_empty() {
            self.bound = std::mem::take(&mut self.suspects);
        }
    }

    /// The next ids to ask together; `None` when all are told apart.
    pub(super) fn next_group(&mut self) -> Option<Vec<I>> {
        if let [refused] = self.bound[..] {
            self.bound.clear();
            self.note_refused(refused);
        }
        let (from, size) = if self.bound.is_empty() {
            (&self.suspects, self.group_size())
        } else {
            (&self.bound, self.bound.len() / 2)
        };
        let group: Vec<I> = from.iter().copied().take(size).collect();
        (!group.is_empty()).then_some(group)
    }

    /// A call brought these ids.
    pub(super) fn see(&mut self, ids: &[I]) {
        self.accept(ids.iter().copied());
        self.seen.extend(ids);
    }

    /// Whether this search has seen an id accepted.
    pub(super) fn has_seen(&self, id: I) -> bool {
        self.seen.contains(&id)
    }

    /// Whether this search has seen every accepted id accepted.
    pub(super) fn has_seen_accepted(&self) -> bool {
        self.accepted.is_subset(&self.seen)
    }

    /// Some suspects may have been accepted, as others have found out.
    pub(super) fn learn_accepted(&mut self, is_accepted: impl Fn(I) -> bool) {
        let accepted: Vec<I> = self.suspects.iter().copied().filter(|id| is_accepted(*id)).collect();
        self.accept(accepted);
    }

    /// These ids were accepted.
    fn accept(&mut self, ids: impl IntoIterator<Item = I>) {
        for id in ids {
            if self.is_open(id) {
                self.told_apart += 1;
                self.accepted.insert(id);
            }
        }
        self.suspects.retain(|id| !self.accepted.contains(id));
        self.bound.retain(|id| !self.accepted.contains(id));
    }

    /// A group was refused: one of its ids is the cause.
    pub(super) fn refuse_group(&mut self, group: Vec<I>) {
        let is_apart = |id: &I| !group.contains(id);
        self.suspects.retain(is_apart);
        // Nothing is known any more of the other half.
        self.suspects.extend(self.bound.drain(..).filter(is_apart));
        self.bound = group;
    }

    /// These ids are refused, as others have found out.
    pub(super) fn learn_refused(&mut self, ids: impl IntoIterator<Item = I>) {
        for id in ids {
            if !self.is_open(id) {
                continue;
            }
            self.note_refused(id);
            self.suspects.retain(|suspect| *suspect != id);
            if self.bound.contains(&id) {
                // It explains the refusal: the others may all be good.
                self.suspects.extend(self.bound.drain(..).filter(|bound| *bound != id));
            }
        }
    }

    /// Leaves ids out of the search: it cannot be found out whether they are refused.
    pub(super) fn set_aside(&mut self, ids: &[I]) {
        self.suspects.retain(|id| !ids.contains(id));
        self.suspects.extend(self.bound.drain(..).filter(|id| !ids.contains(id)));
    }

    /// Whether ids are left to be told apart.
    pub(super) fn has_suspects(&self) -> bool {
        !self.suspects.is_empty() || !self.bound.is_empty()
    }

    /// The ids that are not told apart.
    pub(super) fn suspects(&self) -> &[I] {
        &self.suspects
    }

    /// The accepted ids, ascending.
    pub(super) fn accepted(&self) -> &BTreeSet<I> {
        &self.accepted
    }

    /// The refused ids, ascending.
    pub(super) fn refused(&self) -> &BTreeSet<I> {
        &self.refused
    }

    fn is_open(&self, id: I) -> bool {
        self.suspects.contains(&id) || self.bound.contains(&id)
    }

    fn note_refused(&mut self, id: I) {
        self.told_apart += 1;
        self.refused.insert(id);
    }

    /// How many ids to ask together: about half of such groups should be accepted. Before the first refused id is
    /// found, all of them.
    fn group_size(&self) -> usize {
        match self.refused.len() {
            0 => self.suspects.len(),
            refused => (self.told_apart * 7 / (refused * 10)).max(1),
        }
    }
}
