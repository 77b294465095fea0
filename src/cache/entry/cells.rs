//! The cells of one variant. A single one, as in a shop with one location, needs no allocation of its own.

use super::PackedCell;

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
