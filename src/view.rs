//! Views: from the cells of a grid to the answers that services ask for.
//!
//! A view is a pure function. It is shown every cell of the grid `variants x locations` that was asked for, each
//! exactly once, ordered by variant and then location, and reads them once. What is in an answer and what an
//! unknown cell does to it is decided here; how a question is parsed and how an answer travels is not.
//!
//! In reading order: [`envelope`] (what all answers share), `grid` (cells, a variant at a time), [`sent_quantity`] and
//! [`updated_at`] (what a row says, in its own words), [`tally`] (sums that know what they do not know),
//! `location_warnings` (what to know of the locations), `digest` (of cells, for tags), then the views: [`stock`],
//! [`availability`], [`alert`] with [`negative`] and [`low_stock`] (`transfer` says who could send what),
//! [`mismatch`], [`fulfilment`]. [`lines`] turns any answer into CSV or NDJSON.

pub mod alert;
pub mod availability;
mod digest;
pub mod envelope;
pub mod fulfilment;
pub mod grid;
pub mod lines;
mod location_warnings;
pub mod low_stock;
pub mod mismatch;
pub mod negative;
pub(crate) mod recurring;
pub mod sent_quantity;
pub mod stock;
pub mod tally;
mod transfer;
pub mod updated_at;

#[cfg(test)]
mod odd_numbers;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod unknown_classes;
