//! The ids of Haravan's things, as types that cannot be mixed up.

pub mod host;

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

/// Why a text is not an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a positive integer")]
pub struct IdError;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(NonZeroU64);

        impl $name {
            /// The id with this number.
            ///
            /// # Errors
            /// Zero is no id.
            pub fn new(number: u64) -> Result<Self, IdError> {
                NonZeroU64::new(number).map(Self).ok_or(IdError)
            }

            /// The id as a number, at least 1.
            #[must_use]
            pub fn get(self) -> u64 {
                self.0.get()
            }
        }

        impl TryFrom<u64> for $name {
            type Error = IdError;

            fn try_from(number: u64) -> Result<Self, IdError> {
                Self::new(number)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            /// Digits only: no sign, no blanks, no separators.
            fn from_str(text: &str) -> Result<Self, IdError> {
                if text.bytes().all(|byte| byte.is_ascii_digit()) {
                    text.parse().map_err(|_| IdError).and_then(Self::new)
                } else {
                    Err(IdError)
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(formatter)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_u64(self.get())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let number = <u64 as serde::Deserialize>::deserialize(deserializer)?;
                Self::new(number).map_err(serde::de::Error::custom)
            }
        }
    };
}

id! {
    /// A shop: Haravan's org id.
    OrgId
}
id! {
    /// A product variant.
    VariantId
}
id! {
    /// A location: a shop's store or warehouse. Rows call it `loc_id`.
    LocationId
}
id! {
    /// A product.
    ProductId
}
id! {
    /// A row: the balance of one (location, variant) pair.
    RowId
}

#[cfg(test)]
mod tests {
    use super::{IdError, VariantId};

    #[track_caller]
    fn check(text: &str, expected: Result<u64, IdError>) {
        assert_eq!(text.parse::<VariantId>().map(VariantId::get), expected, "{text:?}");
    }

    #[test]
    fn only_positive_integers_are_ids() {
        check("1064240649", Ok(1_064_240_649));
        check("007", Ok(7));
        check("18446744073709551615", Ok(u64::MAX));
        for text in ["", "0", "-1", "+1", "1.0", "1e3", " 1", "abc", "18446744073709551616", "١"] {
            check(text, Err(IdError));
        }
    }
}
