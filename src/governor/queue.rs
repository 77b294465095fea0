//! The calls that wait for leave, and the leave that is given.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::breaker::Gate;
use super::bucket::Bucket;
use super::errand::{Errand, NotAdmitted, Urgency};
use super::resource::Resources;
use super::turns::{Offer, Turn, Turns};
use super::{Governor, Permit};
use crate::domain::caller::CallerId;
use crate::plan::pending::Priority;

/// Most calls that may wait to begin something; more are turned away. What goes on with something always waits: it
/// is bounded by what began.
const MOST_NEW: usize = 1_024;

/// Which of the waiting calls may start, and when: the bucket, the breakers, the calls that wait, and their turns.
#[derive(Debug)]
pub(super) struct Admission {
    pub(super) bucket: Bucket,
    pub(super) resources: Resources,
    pub(super) in_flight: usize,
    most_in_flight: usize,
    waiting: Vec<Waiting>,
    last_number: u64,
    /// The waiting call that wakes up when more can be decided, for all.
    keeper: Option<u64>,
    turns: Turns,
    /// Who waits for tiles, which are chosen when leave for one is given.
    tile_callers: (Priority, Arc<[CallerId]>),
}

#[derive(Debug)]
struct Waiting {
    number: u64,
    errand: Errand,
    leave: oneshot::Sender<Result<Permit, NotAdmitted>>,
}

/// An answer to be handed over once the state is unlocked.
pub(super) struct Decided {
    leave: oneshot::Sender<Result<Permit, NotAdmitted>>,
    answer: Result<(Errand, Turn), NotAdmitted>,
}

/// A wait for leave; its drop gives the wait up.
pub(super) struct Wait<'a> {
    governor: &'a Arc<Governor>,
    number: u64,
    leave: oneshot::Receiver<Result<Permit, NotAdmitted>>,
}

impl Admission {
    pub(super) fn new(bucket: Bucket, most_in_flight: usize) -> Self {
        Self {
            bucket,
            resources: Resources::default(),
            in_flight: 0,
            most_in_flight,
            waiting: Vec::new(),
            last_number: 0,
            keeper: None,
            turns: Turns::default(),
            tile_callers: (Priority::Interactive, Arc::from([])),
        }
    }

    /// Says who waits for tiles now.
    pub(super) fn tiles_wanted(&mut self, priority: Priority, callers: Arc<[CallerId]>) {
        self.tile_callers = (priority, callers);
    }

    /// How many calls wait for leave.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Whether as many calls are in flight as may be.
    pub(super) fn is_full(&self) -> bool {
        self.most_in_flight <= self.in_flight
    }

    /// Decides what can be decided now.
    pub(super) fn decide(&mut self, now: Instant) -> Vec<Decided> {
        let mut decided = Vec::new();
        for at in (0..self.waiting.len()).rev() {
            let gate = self.waiting.get(at).map(|waiting| self.resources.gate(&waiting.errand.resource, now));
            if let Some(Gate::Closed(stop)) = gate {
                let Waiting { leave, .. } = self.waiting.remove(at);
                decided.push(Decided { leave, answer: Err(NotAdmitted::Stopped(stop)) });
            }
        }
        while !self.is_full() && self.bucket.wait(now).is_zero() {
            let Some((number, turn)) = self.next(now) else { break };
            let Some(at) = self.waiting.iter().position(|waiting| waiting.number == number) else { break };
            let Waiting { errand, leave, .. } = self.waiting.remove(at);
            if self.bucket.take(now).is_err() {
                break;
            }
            let resource = self.resources.of(&errand.resource);
            if resource.breaker.gate(now) == Gate::Probe {
                resource.breaker.probe_started(now);
            }
            self.in_flight += 1;
            decided.push(Decided { leave, answer: Ok((errand, turn)) });
        }
        decided
    }

    /// How long until more can be decided, if nothing happens until then.
    pub(super) fn next_chance(&self, now: Instant) -> Option<Duration> {
        let gates = self.waiting.iter().filter_map(|waiting| {
            match self.resources.gate(&waiting.errand.resource, now) {
                Gate::Wait(wait) => Some(wait),
                Gate::Open | Gate::Probe | Gate::Closed(_) => None,
            }
        });
        let leak = self.bucket.wait(now);
        let room = !self.is_full() && !leak.is_zero();
        // The clock counts in milliseconds.
        gates.chain(room.then_some(leak)).min().map(|wait| wait.max(Duration::from_millis(1)))
    }

    fn next(&mut self, now: Instant) -> Option<(u64, Turn)> {
        let resources = &self.resources;
        let may_pass = |waiting: &&Waiting| {
            matches!(resources.gate(&waiting.errand.resource, now), Gate::Open | Gate::Probe)
        };
        let offer = |waiting| offer_of(waiting, &self.tile_callers);
        let offers: Vec<Offer<'_>> = self.waiting.iter().filter(may_pass).map(offer).collect();
        self.turns.next(&offers)
    }
}

fn offer_of<'a>(waiting: &'a Waiting, tiles: &'a (Priority, Arc<[CallerId]>)) -> Offer<'a> {
    let Waiting { number, errand, .. } = waiting;
    let (priority, callers) =
        if errand.is_tile { (tiles.0, &*tiles.1) } else { (errand.priority, &*errand.callers) };
    Offer { number: *number, errand, callers, priority }
}

impl Decided {
    /// Hands the answer over; a caller that left meanwhile takes nothing.
    pub(super) fn tell(self, governor: &Arc<Governor>) {
        let answer = self.answer.map(|(errand, turn)| Permit::new(governor, errand.resource, turn));
        if let Err(Ok(permit)) = self.leave.send(answer) {
            permit.unused();
        }
    }
}

impl<'a> Wait<'a> {
    /// Begins to wait.
    pub(super) fn begin(governor: &'a Arc<Governor>, errand: Errand) -> Result<Self, NotAdmitted> {
        let (sender, leave) = oneshot::channel();
        let mut state = governor.state.lock();
        if errand.urgency == Urgency::New && MOST_NEW <= state.waiting.len() {
            return Err(NotAdmitted::Crowded);
        }
        state.last_number += 1;
        let number = state.last_number;
        state.waiting.push(Waiting { number, errand, leave: sender });
        drop(state);
        // It may have a chance before those who wait already.
        governor.changed.notify_one();
        Ok(Self { governor, number, leave })
    }

    /// Waits for leave. One of those who wait keeps the time for all.
    pub(super) async fn leave(mut self) -> Result<Permit, NotAdmitted> {
        let governor = Arc::clone(self.governor);
        loop {
            governor.decide();
            let chance = self.keeps_time().then(|| governor.state.lock().next_chance(Instant::now()));
            let again = async {
                match chance {
                    None => governor.keeper_left.notified().await,
                    Some(None) => governor.changed.notified().await,
                    Some(Some(chance)) => {
                        // Either way there is something to decide.
                        let _ = tokio::time::timeout(chance, governor.changed.notified()).await;
                    }
                }
            };
            tokio::select! {
                biased;
                // Who decides always tells.
                told = &mut self.leave => return told.unwrap_or(Err(NotAdmitted::Crowded)),
                () = again => {}
            }
        }
    }

    fn keeps_time(&self) -> bool {
        let mut state = self.governor.state.lock();
        *state.keeper.get_or_insert(self.number) == self.number
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        let mut state = self.governor.state.lock();
        state.waiting.retain(|waiting| waiting.number != self.number);
        let kept_time = state.keeper == Some(self.number);
        if kept_time {
            state.keeper = None;
        }
        drop(state);
        if kept_time {
            self.governor.keeper_left.notify_one();
        }
        // Leave that came too late to be heard.
        if let Ok(Ok(permit)) = self.leave.try_recv() {
            permit.unused();
        }
    }
}
