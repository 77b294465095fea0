//! The use case: what a shop's stock is, from what is cached and what Haravan says.
//!
//! [`shop::Shop::read`] is the read path in order; this module alone knows all the devices.

mod fresh_read;
mod locations;
mod lookup;
mod pages;
mod read;
mod read_error;
mod reading;
mod reports;
pub mod shop;
mod status;
mod validity;

use std::time::Duration;

use crate::cache::freshness::FreshnessWish;
use crate::clock::Moment;
use crate::domain::caller::CallerId;

pub use fresh_read::Glimpse;
pub use locations::LocationList;
pub use read::Explanation;
pub use read_error::ReadError;
pub use reading::{ReadTally, Snapshot};
pub use reports::{Census, Oversold};
pub use validity::Basis;

/// On what terms a caller asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReadTerms {
    /// How fresh the answer should be.
    pub freshness: FreshnessWish,
    /// When the question was asked; when its reading began, if that is not told. What Haravan was asked for later is
    /// fresh, whatever is wished for.
    pub asked_at: Option<Moment>,
    /// Who asks.
    pub caller: CallerId,
    /// How long the caller waits at most.
    pub wait: Duration,
    /// What to do when not every cell can be had in that time.
    pub incomplete: Incomplete,
}

/// What to do when not every cell can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Incomplete {
    /// Fail.
    #[default]
    Refuse,
    /// Answer with what there is, and say what is missing.
    Answer,
}
