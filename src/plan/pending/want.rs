//! What waits for a call: wants, and what becomes of them.

use std::sync::Arc;

use super::lists::difference;
use super::priority::Priority;
use crate::domain::caller::CallerId;
use crate::domain::id::{LocationId, VariantId};
use crate::plan::Tile;

/// One waiter's wish for cells of one variant.
#[derive(Debug, Clone)]
pub struct Want<W> {
    /// The wait that the want belongs to.
    pub waiter: W,
    /// The locations it waits for, ascending.
    pub locations: Arc<[LocationId]>,
}

/// A chosen tile, and the wants that it satisfies.
#[derive(Debug)]
pub struct Chosen<W> {
    /// The tile.
    pub tile: Tile,
    /// The priority of its seed.
    pub priority: Priority,
    /// The wants that it satisfies, by variant.
    pub wants: Vec<(VariantId, Vec<Want<W>>)>,
}

/// The owner of wants: the wait of one question.
pub trait WantOwner: Clone {
    /// Whether the caller has left. Its wants need not be served.
    fn is_gone(&self) -> bool;

    /// Notes that a want was split in two. Each is answered on its own.
    fn want_was_split(&self);

    /// The caller. It takes turns with the others.
    fn caller(&self) -> CallerId {
        CallerId::NONE
    }
}

/// Splits wants into those at the locations and the rest.
pub(super) fn split<W: WantOwner>(
    wants: Vec<Want<W>>,
    locations: &[LocationId],
) -> (Vec<Want<W>>, Vec<Want<W>>) {
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
