//! A caching, batching gateway in front of Haravan's inventory endpoint.
//!
//! One sentence rules the design: **a call to Haravan is the scarce thing; spend each one fully, and never
//! spend it twice.**
//!
//! The modules, in reading order; a module may use those above it and in its own layer's list, never one below
//! (`tests/repo` holds the table against the code):
//!
//! 0. facts: [`domain`]
//! 1. decisions, pure: [`view`]

pub mod cache;
pub mod clock;
pub mod domain;
pub mod governor;
pub mod haravan;
pub mod plan;
pub mod query;
pub mod settings;
pub mod view;
//! placeholder

pub mod sandbox;
