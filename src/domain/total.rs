//! A sum of quantities in the making. Whole numbers, which is what nearly all quantities are, are added as such;
//! decimals are added exactly beside them.

use std::iter::Sum;
use std::ops::{AddAssign, Neg};

use super::quantity::Quantity;

/// A sum of quantities in the making; neither the order of the summands nor how they are split matters.
#[derive(Debug, Clone, Copy, Default)]
pub struct Total {
    whole: i128,
    decimals: Quantity,
}

impl Total {
    /// The sum, without trailing zeros: integers stay integers.
    #[must_use]
    pub fn sum(self) -> Quantity {
        (Quantity::from_whole(self.whole) + self.decimals).normalized()
    }
}

impl AddAssign<Quantity> for Total {
    fn add_assign(&mut self, quantity: Quantity) {
        match quantity.as_integer() {
            // Far from 2^127: see `quantity::MAX_SUMMANDS`.
            Some(whole) => self.whole = self.whole.saturating_add(i128::from(whole)),
            None => self.decimals += quantity,
        }
    }
}

impl AddAssign for Total {
    fn add_assign(&mut self, other: Self) {
        self.whole = self.whole.saturating_add(other.whole);
        self.decimals += other.decimals;
    }
}

impl Neg for Total {
    type Output = Self;

    fn neg(self) -> Self {
        Self { whole: self.whole.saturating_neg(), decimals: -self.decimals }
    }
}

impl Sum<Quantity> for Total {
    fn sum<I: Iterator<Item = Quantity>>(quantities: I) -> Self {
        let mut total = Self::default();
        for quantity in quantities {
            total += quantity;
        }
        total
    }
}

#[cfg(test)]
mod tests {
    use super::Total;
    use crate::domain::quantity::Quantity;

    #[track_caller]
    fn check(summands: &[&str], expected: &str) {
        let quantities = summands.iter().map(|text| Quantity::parse(text).unwrap());
        let total: Total = quantities.sum();
        assert_eq!(serde_json::to_string(&total.sum()).unwrap(), expected, "{summands:?}");
    }

    #[test]
    fn whole_numbers_and_decimals_add_up_exactly_in_any_mixture() {
        check(&[], "0");
        check(&["5", "-15", "3"], "-7");
        check(&["0.1", "0.2", "0.7"], "1");
        check(&["5.50", "1", "-0.25"], "6.25");
        check(&["5.0", "-5"], "0");
        check(&["-0", "0.000001"], "0.000001");
    }

    #[test]
    fn sums_of_the_largest_quantities_are_exact() {
        check(&["999999999999999"; 10_000], "9999999999999990000");
        check(&["-999999999999999.999999"; 1_000], "-999999999999999999.999");
    }
}
