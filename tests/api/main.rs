//! What callers may rely on: a real gateway over a real socket, in front of the local Haravan.
//!
//! One module a promise. `gateway` and `process` start what is tested, `answer` reads what came back, `oracle` says
//! what should have, `collector` takes traces. No test sleeps or depends on another: time is told to pass, requests
//! are held, conditions are waited for.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, its helpers included"
)]

mod access;
mod answer;
mod availability;
mod bad_input;
mod batching;
mod bodies;
mod cache_directives;
mod cache_status;
mod call_limit;
mod codings;
mod collector;
mod compatible;
mod connections;
mod failures;
mod forms;
mod freshness;
mod fulfilment;
mod gateway;
mod hits;
mod joining;
mod last_word;
mod limits;
mod long_answers;
mod low_stock;
mod methods;
mod mismatch;
mod misspelled;
mod never_dearer;
mod odd_locations;
mod odd_numbers;
mod odd_rows;
mod operations;
mod oracle;
mod page;
mod parameters;
mod passthrough;
mod pasted;
mod paths;
mod problems;
mod process;
mod proxies;
mod purges;
mod questions;
mod reads_follow_writes;
mod refresh;
mod refusals;
mod scripted;
mod shutdown;
mod tls_server;
mod traces;
mod upstream;
mod validators;
mod views;
mod waiting;
mod wire;
