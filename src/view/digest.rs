//! A digest of hundreds of thousands of cells, in about the time it takes to read them.

use std::hash::{Hash, Hasher};

use rustc_hash::FxHasher;

use crate::domain::cell::LentCell;
use crate::domain::row::{PlainRow, Row, RowIds};
use crate::domain::row_quantity::RowQuantity;
use crate::domain::timestamp::Timestamp;

/// What the numbers of a row are multiplied by, each by its own: rows are distinguished by sums of such products, of which
/// none waits for another. Source: the first outputs of `SplitMix64` from seed 0, made odd.
const FACTORS: [u64; 7] = [
    0xe220_a839_7b1d_cdaf,
    0x6e78_9e6a_a1b9_65f5,
    0x06c4_5d18_8009_454f,
    0xf88b_b8a8_724c_81ed,
    0x1b39_896a_51a8_749b,
    0x53cb_9f0c_747e_a2eb,
    0x2c82_9abe_1f45_32e1,
];

/// What stands for a cell without a row. Source: the next output of `SplitMix64`.
const NO_ROW: u64 = 0xc584_133a_c916_ab3c;

/// Digests cells in their order. It distinguishes versions of one thing, and withstands no attack.
#[derive(Debug, Default)]
pub(crate) struct Digest(u64);

impl Digest {
    /// Takes in a cell: all that it holds, but not when it was read. The caller takes in which cells there are.
    #[inline]
    pub(crate) fn add(&mut self, cell: LentCell<'_>) {
        let number = match cell {
            LentCell::Plain(row) => of_plain(&row),
            LentCell::Row(row) => of_row(row),
            LentCell::NoRow => NO_ROW,
            LentCell::Unknown(reason) => hashed(&reason),
        };
        self.0 = (self.0.rotate_left(29) ^ number).wrapping_mul(FACTORS[0]);
    }

    /// The digest of all that was taken in.
    pub(crate) fn finish(&self) -> u64 {
        hashed(&self.0)
    }
}

#[inline]
fn of_plain(row: &PlainRow) -> u64 {
    let PlainRow { ids: RowIds { id, product_id, .. }, quantities, updated_at } = *row;
    let quantities = quantities.map(|quantity| i64::from(quantity).cast_unsigned());
    of_numbers((id.get(), product_id.get()), quantities, updated_at)
}

#[inline]
fn of_row(row: &Row) -> u64 {
    let quantities = [row.qty_onhand, row.qty_commited, row.qty_incoming, row.qty_available].map(number);
    let sum = of_numbers((row.id.get(), row.product_id.get()), quantities, row.updated_at);
    // Odd rows are few, and say more than their numbers do.
    if row.as_sent.is_some() { sum ^ hashed(&row.as_sent) } else { sum }
}

#[inline]
fn of_numbers((id, product_id): (u64, u64), quantities: [u64; 4], updated_at: Timestamp) -> u64 {
    let [onhand, commited, incoming, available] = quantities;
    let updated_at = updated_at.nanoseconds().cast_unsigned();
    let numbers = [id, product_id, onhand, commited, incoming, available, updated_at];
    let products = numbers.into_iter().zip(FACTORS).map(|(number, factor)| number.wrapping_mul(factor));
    products.fold(0, u64::wrapping_add)
}

#[inline]
fn number(quantity: RowQuantity) -> u64 {
    match quantity.as_integer() {
        Some(integer) => integer.cast_unsigned(),
        None => hashed(&quantity),
    }
}

#[cold]
fn hashed(value: &impl Hash) -> u64 {
    let mut hasher = FxHasher::default();
    value.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Digest;
    use crate::domain::cell::{Cell, CellId, LentCell, MissingReason};
    use crate::view::sample::{no_row, row, unknown};

    fn digest(cells: &[(CellId, Cell)]) -> u64 {
        let mut digest = Digest::default();
        for (_, cell) in cells {
            digest.add(LentCell::from(cell));
        }
        digest.finish()
    }

    #[test]
    fn a_row_has_one_digest_whether_it_is_shown_as_a_plain_one_or_not() {
        for quantities in [["0"; 4], ["1", "-2", "3", "-4"], ["-2147483648", "2147483647", "7", "0"]] {
            let cells = [row(3, 4, quantities)];
            let Cell::Row(row) = &cells[0].1 else { panic!("a row") };
            let mut plain = Digest::default();
            plain.add(LentCell::Plain(row.plain().unwrap()));
            assert_eq!(plain.finish(), digest(&cells), "{quantities:?}");
        }
    }

    #[test]
    fn every_number_of_a_row_and_every_state_of_a_cell_has_a_digest_of_its_own() {
        let mut digests = BTreeSet::new();
        let mut count = 0;
        let mut is_new = |cell: (CellId, Cell)| {
            count += 1;
            digests.insert(digest(&[row(9, 9, ["1"; 4]), cell, row(9, 9, ["2"; 4])]));
            assert_eq!(digests.len(), count);
        };
        is_new(no_row(1, 1));
        is_new(unknown(1, 1, MissingReason::Timeout));
        is_new(unknown(1, 1, MissingReason::Failed));
        // Ids grow with the variant: another row, and another product.
        is_new(row(1, 1, ["0"; 4]));
        is_new(row(1, 2, ["0"; 4]));
        is_new(row(4, 1, ["0"; 4]));
        for place in 0..4 {
            for text in ["-3", "-1", "1", "3", "0.5", "1.5", "999999999999999"] {
                let mut quantities = ["0"; 4];
                quantities[place] = text;
                is_new(row(1, 1, quantities));
                // A piece here is not a piece less elsewhere.
                quantities[(place + 1) % 4] = "-2";
                is_new(row(1, 1, quantities));
            }
        }
    }

    #[test]
    fn the_order_of_cells_matters_and_what_was_sent_besides_the_numbers_too() {
        let cells = [row(1, 1, ["1"; 4]), row(1, 2, ["2"; 4]), no_row(1, 3)];
        let before = digest(&cells);
        assert_eq!(digest(&cells.clone()), before);
        for (one, other) in [(0, 1), (0, 2), (1, 2)] {
            let mut swapped = cells.clone();
            swapped.swap(one, other);
            assert_ne!(digest(&swapped), before, "{one} {other}");
        }
        let mut cells = cells;
        if let Cell::Row(row) = &mut cells[1].1 {
            row.as_sent = Some("{\"id\":10002,\"note\":1}".into());
        }
        assert_ne!(digest(&cells), before);
    }
}
