//! The use case: answers what a shop's stock is, from the cache and from Haravan.
//!
//! [`shop::Shop::read`] is the read path in order. This module alone knows all the devices.

mod fresh_read;
mod locations;
mod read;
mod read_error;
mod reading;
mod reports;
pub mod shop;
mod terms;
mod validity;

pub use fresh_read::FreshRead;
pub use locations::{LocationList, ShopLocations};
pub use read::Explanation;
pub use read_error::ReadError;
pub use reading::{ReadTally, Reading};
pub use reports::{FreshnessStats, Oversold, Reports};
pub use terms::{Incomplete, ReadTerms};
pub use validity::Validity;
