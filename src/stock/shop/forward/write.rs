//! A write to Haravan: once it is done, what was read before is out of date.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::cache::{Purge, PurgedVariants};
use crate::haravan::ChangedStock;

/// The most bytes that are kept of a body to see what it names. Source: ours; 200 lines of stock are 20 KB.
const MOST_KEPT: usize = 512 << 10;

/// What is known of a body that is passed through: the whole of it, once it has come, or nothing. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct BodyCopy(Arc<Mutex<Copy>>);

#[derive(Debug, Default)]
struct Copy {
    bytes: Vec<u8>,
    is_whole: bool,
    /// Nothing is kept: the body is too long, or its path says that it does not matter.
    is_left_out: bool,
}

/// A write that was asked for. Clones are of the same write.
#[derive(Debug, Clone)]
pub(super) struct Write {
    path: Arc<str>,
    body: BodyCopy,
}

impl BodyCopy {
    /// A copy of a body that is to come, if a write to this path may change stock.
    #[must_use]
    pub fn to_come(path: &str) -> Self {
        let copy = Self::default();
        copy.0.lock().is_left_out = ChangedStock::by_write(path, None) == ChangedStock::Nothing;
        copy
    }

    /// A copy of a body that is here.
    #[must_use]
    pub fn of(body: &[u8]) -> Self {
        let copy = Self::default();
        copy.add(body);
        copy.end();
        copy
    }

    /// Takes in a part.
    pub fn add(&self, part: &[u8]) {
        let mut copy = self.0.lock();
        copy.is_left_out |= MOST_KEPT < copy.bytes.len() + part.len();
        if copy.is_left_out {
            copy.bytes = Vec::new();
        } else {
            copy.bytes.extend_from_slice(part);
        }
    }

    /// The body is whole.
    pub fn end(&self) {
        self.0.lock().is_whole = true;
    }

    /// What a write of this body to this path changes.
    fn changed_stock(&self, path: &str) -> ChangedStock {
        let copy = self.0.lock();
        let is_known = copy.is_whole && !copy.is_left_out;
        ChangedStock::by_write(path, is_known.then_some(copy.bytes.as_slice()))
    }
}

impl Write {
    pub(super) fn new(path: &Arc<str>, body: BodyCopy) -> Self {
        Self { path: Arc::clone(path), body }
    }

    /// What is to be read again once it is done.
    pub(super) fn purges(&self) -> Vec<Purge> {
        purges_of(self.body.changed_stock(&self.path))
    }
}

/// What is to be read again after a change.
fn purges_of(changed: ChangedStock) -> Vec<Purge> {
    let cells = match changed {
        ChangedStock::Nothing => return Vec::new(),
        ChangedStock::Everything => return vec![Purge::default()],
        ChangedStock::Cells(cells) => cells,
    };
    let products = cells.products.into_iter().map(PurgedVariants::OfProduct);
    let mut purges: Vec<Purge> = products.map(|variants| Purge { variants, locations: None }).collect();
    if !cells.variants.is_empty() {
        let variants = PurgedVariants::These(cells.variants.into_iter().collect());
        purges.push(Purge { variants, locations: cells.locations.map(|ids| ids.into_iter().collect()) });
    }
    purges
}
