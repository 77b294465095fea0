//! Ascending lists of locations, as sets.

use std::sync::Arc;

use crate::domain::id::LocationId;
use crate::plan::MAX_IDS;

/// The first of the near-equal chunks that a list of locations is asked in.
pub(super) fn first_chunk(locations: &Arc<[LocationId]>) -> Arc<[LocationId]> {
    let chunks = locations.len().div_ceil(MAX_IDS).max(1);
    let length = locations.len().div_ceil(chunks);
    match locations.get(..length) {
        Some(chunk) if 1 < chunks => chunk.into(),
        _ => Arc::clone(locations),
    }
}

/// The ascending union of two ascending lists; shares the first if it holds the second.
pub(crate) fn union(left: &Arc<[LocationId]>, right: &Arc<[LocationId]>) -> Arc<[LocationId]> {
    if Arc::ptr_eq(left, right) || left == right {
        return Arc::clone(left);
    }
    let extra = difference(right, left);
    if extra.is_empty() {
        return Arc::clone(left);
    }
    let mut all: Vec<LocationId> = left.iter().chain(extra.iter()).copied().collect();
    all.sort_unstable();
    all.into()
}

/// What the first ascending list holds and the second does not.
pub(crate) fn difference(left: &Arc<[LocationId]>, right: &[LocationId]) -> Arc<[LocationId]> {
    if **left == *right {
        return Arc::from([]);
    }
    let mut right = right.iter().peekable();
    let kept: Vec<LocationId> = left
        .iter()
        .filter(|location| {
            while right.next_if(|other| other < location).is_some() {}
            right.peek() != Some(location)
        })
        .copied()
        .collect();
    if kept.len() == left.len() { Arc::clone(left) } else { kept.into() }
}

/// How many locations two ascending lists share.
pub(super) fn shared(left: &Arc<[LocationId]>, right: &Arc<[LocationId]>) -> usize {
    if Arc::ptr_eq(left, right) { left.len() } else { left.len() - difference(left, right).len() }
}
