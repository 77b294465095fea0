//! What calls are about: trouble with one resource is no trouble with another.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

use super::breaker::{Breaker, Gate, Stop};

/// Most resources told apart; all further ones share a state. Source: ours; a handful of paths are passed through.
const MOST_RESOURCES: usize = 32;

/// A resource of Haravan's, by the first part of its path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Resource(Cow<'static, str>);

/// How a resource is doing.
#[derive(Debug, Clone, Default)]
pub(super) struct ResourceState {
    pub(super) breaker: Breaker,
    /// A 429 forbids calls before this instant.
    paused_until: Option<Instant>,
}

/// How each resource is doing that was ever asked for.
#[derive(Debug, Default)]
pub(super) struct Resources {
    states: BTreeMap<Resource, ResourceState>,
    /// All that came when there were too many to tell apart.
    others: ResourceState,
}

/// What an operator sees of a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceStatus {
    /// The resource.
    pub resource: Resource,
    /// Why no call for it is made, if so.
    pub stopped: Option<Stop>,
    /// How long a 429 forbids calls for it; zero if none does.
    pub paused_for: Duration,
}

impl Resource {
    /// `inventory_locations.json`.
    pub const INVENTORY: Self = Self(Cow::Borrowed("inventory_locations"));
    /// `locations.json`.
    pub const LOCATIONS: Self = Self(Cow::Borrowed("locations"));

    /// The resource of a path below `/com/`, such as `products/count.json`.
    #[must_use]
    pub fn of_path(path: &str) -> Self {
        let first = path.split('/').find(|segment| !segment.is_empty()).unwrap_or_default();
        Self(Cow::Owned(first.strip_suffix(".json").unwrap_or(first).to_ascii_lowercase()))
    }

    /// Whether the service asks for it by itself: it never shares a state with others.
    fn is_own(&self) -> bool {
        [Self::INVENTORY, Self::LOCATIONS].contains(self)
    }

    /// Its name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl ResourceState {
    /// Whether a call may pass now, as far as this resource goes.
    pub(super) fn gate(&self, now: Instant) -> Gate {
        match (self.breaker.gate(now), self.paused_for(now)) {
            (Gate::Open | Gate::Probe, pause) if !pause.is_zero() => Gate::Wait(pause),
            (gate, _) => gate,
        }
    }

    /// Whether nothing is known of it that matters.
    fn is_quiet(&self) -> bool {
        self.paused_until.is_none() && self.breaker.is_quiet()
    }

    /// How long a 429 forbids calls.
    pub(super) fn paused_for(&self, now: Instant) -> Duration {
        self.paused_until.map_or(Duration::ZERO, |until| until.saturating_duration_since(now))
    }

    /// Learns from a 429.
    pub(super) fn throttled(&mut self, until: Instant) {
        self.paused_until = Some(self.paused_until.map_or(until, |earlier| earlier.max(until)));
    }

    /// Why calls are or were last stopped, until one succeeds.
    fn stopped(&self, now: Instant) -> Option<Stop> {
        match self.breaker.gate(now) {
            Gate::Open => None,
            Gate::Probe | Gate::Wait(_) => self.breaker.cause(),
            Gate::Closed(stop) => Some(stop),
        }
    }
}

impl Resources {
    /// How a resource is doing, to be changed.
    pub(super) fn of(&mut self, resource: &Resource) -> &mut ResourceState {
        let has_room = resource.is_own() || self.states.contains_key(resource);
        if !has_room && MOST_RESOURCES <= self.states.len() {
            self.states.retain(|resource, state| resource.is_own() || !state.is_quiet());
        }
        if has_room || self.states.len() < MOST_RESOURCES {
            self.states.entry(resource.clone()).or_default()
        } else {
            &mut self.others
        }
    }

    /// Whether a call for a resource may pass now.
    pub(super) fn gate(&self, resource: &Resource, now: Instant) -> Gate {
        self.get(resource).map_or(Gate::Open, |state| state.gate(now))
    }

    /// How long a 429 forbids calls for a resource.
    pub(super) fn paused_for(&self, resource: &Resource, now: Instant) -> Duration {
        self.get(resource).map_or(Duration::ZERO, |state| state.paused_for(now))
    }

    /// Why calls for a resource are or were last stopped, until one succeeds.
    pub(super) fn stopped(&self, resource: &Resource, now: Instant) -> Option<Stop> {
        self.get(resource).and_then(|state| state.stopped(now))
    }

    /// What an operator sees of each.
    pub(super) fn status(&self, now: Instant) -> Vec<ResourceStatus> {
        let status = |(resource, state): (&Resource, &ResourceState)| ResourceStatus {
            resource: resource.clone(),
            stopped: state.stopped(now),
            paused_for: state.paused_for(now),
        };
        self.states.iter().map(status).collect()
    }

    fn get(&self, resource: &Resource) -> Option<&ResourceState> {
        let is_full = MOST_RESOURCES <= self.states.len();
        self.states.get(resource).or_else(|| (is_full && !resource.is_own()).then_some(&self.others))
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::{MOST_RESOURCES, Resource, Resources};
    use crate::governor::breaker::Gate;

    #[test]
    fn a_resource_is_the_first_part_of_its_path() {
        for (path, name) in [
            ("inventory_locations.json", "inventory_locations"),
            ("products/count.json", "products"),
            ("products.json", "products"),
            ("shop.json", "shop"),
            ("//Shop.json", "shop"),
            ("", ""),
        ] {
            assert_eq!(Resource::of_path(path).as_str(), name, "{path}");
        }
        assert_eq!(Resource::of_path("locations.json"), Resource::LOCATIONS);
    }

    #[test]
    fn trouble_with_one_resource_is_no_trouble_with_another() {
        let now = Instant::now();
        let mut resources = Resources::default();
        resources.of(&Resource::of_path("products.json")).breaker.unauthorized(now);
        assert!(matches!(resources.gate(&Resource::of_path("products/count.json"), now), Gate::Closed(_)));
        assert_eq!(resources.gate(&Resource::INVENTORY, now), Gate::Open);
    }

    #[test]
    fn resources_without_end_share_a_state() {
        let now = Instant::now();
        let mut resources = Resources::default();
        for number in 0..1_000 {
            resources.of(&Resource::of_path(&format!("resource-{number}.json"))).throttled(now);
        }
        assert_eq!(resources.states.len(), MOST_RESOURCES);
        resources.of(&Resource::of_path("yet-another.json")).breaker.unauthorized(now);
        assert!(matches!(resources.gate(&Resource::of_path("resource-999.json"), now), Gate::Closed(_)));
        assert_eq!(resources.gate(&Resource::of_path("resource-0.json"), now), Gate::Open);
        assert_eq!(resources.gate(&Resource::INVENTORY, now), Gate::Open, "it is never one of many");
    }

    #[test]
    fn a_resource_without_trouble_makes_room_for_another() {
        let now = Instant::now();
        let mut resources = Resources::default();
        resources.of(&Resource::of_path("orders.json")).breaker.unauthorized(now);
        for number in 0..1_000 {
            resources.of(&Resource::of_path(&format!("resource-{number}.json")));
        }
        resources.of(&Resource::of_path("products.json")).breaker.unauthorized(now);
        assert!(matches!(resources.gate(&Resource::of_path("orders.json"), now), Gate::Closed(_)));
        assert_eq!(resources.gate(&Resource::of_path("resource-7.json"), now), Gate::Open);
    }
}
