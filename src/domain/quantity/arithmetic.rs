//! Adding quantities up, and taking them from each other.

use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};

use super::{Amount, Quantity, aligned, shortest};
use crate::domain::number::{Value, short};

impl Quantity {
    #[cold]
    fn add_other(&mut self, other: &Self) {
        let sum =
            aligned(&self.0, &other.0).and_then(|(one, other, scale)| short(one + other, -i64::from(scale)));
        *self = match sum {
            Some(Value::Short { mantissa, scale }) => Self::of_parts(mantissa, scale),
            _ => shortest(self.big() + other.big()),
        };
    }
}

impl AddAssign<&Self> for Quantity {
    /// In place where both have as many decimals: sums over many cells spend much of their time here.
    #[inline]
    fn add_assign(&mut self, other: &Self) {
        if let (Amount::Short { mantissa, scale }, Amount::Short { mantissa: more, scale: others_scale }) =
            (&mut self.0, &other.0)
            && scale == others_scale
            && let Some(sum) = mantissa.checked_add(*more)
        {
            *mantissa = sum;
        } else {
            self.add_other(other);
        }
    }
}

impl AddAssign for Quantity {
    #[inline]
    fn add_assign(&mut self, other: Self) {
        *self += &other;
    }
}

impl SubAssign<&Self> for Quantity {
    #[inline]
    fn sub_assign(&mut self, other: &Self) {
        *self += &-other;
    }
}

impl Add for Quantity {
    type Output = Self;

    fn add(mut self, other: Self) -> Self {
        self += &other;
        self
    }
}

impl Sub for Quantity {
    type Output = Self;

    fn sub(mut self, other: Self) -> Self {
        self -= &other;
        self
    }
}

impl Sub for &Quantity {
    type Output = Quantity;

    fn sub(self, other: Self) -> Quantity {
        let mut difference = self.clone();
        difference -= other;
        difference
    }
}

impl Neg for Quantity {
    type Output = Self;

    #[inline]
    fn neg(self) -> Self {
        -&self
    }
}

impl Neg for &Quantity {
    type Output = Quantity;

    #[inline]
    fn neg(self) -> Quantity {
        match &self.0 {
            Amount::Short { mantissa, scale } if let Some(negative) = mantissa.checked_neg() => {
                Quantity::of_parts(negative, *scale)
            }
            _ => shortest(-self.big()),
        }
    }
}

impl std::iter::Sum for Quantity {
    fn sum<I: Iterator<Item = Self>>(quantities: I) -> Self {
        quantities.fold(Self::ZERO, Add::add)
    }
}

impl<'a> std::iter::Sum<&'a Self> for Quantity {
    fn sum<I: Iterator<Item = &'a Self>>(quantities: I) -> Self {
        let mut sum = Self::ZERO;
        for quantity in quantities {
            sum += quantity;
        }
        sum
    }
}
