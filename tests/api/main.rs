//! What callers may rely on: a real gateway over a real socket, in front of the local Haravan.
//!
//! One module a promise. `gateway` starts what is tested, `answer` reads what came back, `oracle` says what should
//! have. No test sleeps or depends on another: time is told to pass, requests are held, conditions are waited for.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, its helpers included"
)]

mod answer;
mod gateway;
mod oracle;

//access
//bad_input
mod batching;
//bodies
mod compatible;
//csv_and_lines
//failures
//freshness
//isolation
mod joining;
//locations
//negative
//operations
//pages
mod parameters;
//passthrough
//purge
mod questions;
//rate
//refusals
//shutdown
//stock
//unauthorized
