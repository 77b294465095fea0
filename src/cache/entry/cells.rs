//! The cells of one variant. A single one, as in a shop with one location, needs no allocation of its own.

use std::mem::size_of_val;

use super::packed_cell::PackedCell;

/// What an allocation costs beside its bytes. Source: measured, see `benches/engine.rs`.
const ALLOCATION: usize = 24;

/// Cells, ascending by location.
#[derive(Debug, Clone)]
pub(super) enum Cells {
    /// One cell.
    One([PackedCell; 1]),
    /// Any number of them.
    Many(Box<[PackedCell]>),
}

impl Cells {
    /// The cells.
    #[inline]
    pub(super) fn as_slice(&self) -> &[PackedCell] {
        match self {
            Self::One(cell) => cell,
            Self::Many(cells) => cells,
        }
    }

    /// The bytes of the allocation that the cells have of their own, with what the allocator needs for it.
    pub(super) fn allocated(&self) -> usize {
        match self {
            Self::One(_) => 0,
            Self::Many(cells) => size_of_val(&**cells) + ALLOCATION,
        }
    }

    /// The cells, to be changed.
    pub(super) fn as_mut_slice(&mut self) -> &mut [PackedCell] {
        match self {
            Self::One(cell) => cell,
            Self::Many(cells) => cells,
        }
    }
}

impl Default for Cells {
    fn default() -> Self {
        Self::Many(Box::default())
    }
}

impl From<Vec<PackedCell>> for Cells {
    fn from(cells: Vec<PackedCell>) -> Self {
        match cells.as_slice() {
            [cell] => Self::One([*cell]),
            _ => Self::Many(cells.into()),
        }
    }
}
