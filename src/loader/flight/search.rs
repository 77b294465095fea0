//! What a flight does when its ids are refused: it finds the refused ones, and asks for all others.
//!
//! Flights share what they learn at once. So a refused variant is searched for once, however many tiles hold it.

use super::Flight;
use super::answer::{Rest, TileAnswer};
use super::charge::Purpose;
use super::pages::{Company, TileEnd};
use crate::domain::cell::MissingReason;
use crate::plan::Tile;
use crate::plan::refusal::Refusals;
use crate::plan::refusal::search::Search;

impl Flight {
    /// Finds the refused ids of a tile and the answers to all others.
    pub(super) async fn search(&mut self, tile: Tile) {
        self.purpose = Purpose::Search;
        let mut search = {
            let mut state = self.shared.state.lock();
            state.learnt.saw_refusal(self.shared.parts.clock.now());
            let (_, accepted) = state.learnt.known_ids();
            Search::new(&tile, |id| accepted.holds_variant(id), |id| accepted.holds_location(id))
        };
        let mut published = Refusals::default();
        loop {
            self.exchange(&tile, &mut search, &mut published);
            let Some(part) = search.next_tile() else { break };
            match self.ask(&part, None, Company::None).await {
                TileEnd::Answered(answer) => {
                    self.note(&part, answer, Rest::NoRow);
                    search.accepted();
                }
                TileEnd::Refused => search.refused(),
                TileEnd::Unpageable => {
                    self.note(&part, TileAnswer::default(), Rest::Unknown(MissingReason::Failed));
                    search.given_up();
                }
                TileEnd::Failed(answer, reason) => {
                    self.note(&part, answer, Rest::Unknown(reason));
                    search.given_up();
                }
                TileEnd::Denied => break,
            }
        }
        self.exchange(&tile, &mut search, &mut published);
        self.refusals.extend(published);
        self.purpose = Purpose::Answer;
    }

    /// Publishes what was found since the last time, and learns what other flights found.
    fn exchange(&self, tile: &Tile, search: &mut Search, published: &mut Refusals) {
        let now = self.shared.parts.clock.now();
        let found = search.refusals();
        let mut state = self.shared.state.lock();
        if found != *published {
            state.learnt.note_refused(&found.without(published), self.start.started);
        }
        let (refused, accepted) = state.learnt.known_ids();
        let refused = refused.among(tile, now);
        search.learn(&refused, |id| accepted.holds_variant(id), |id| accepted.holds_location(id));
        *published = search.refusals();
    }
}
