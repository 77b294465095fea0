//! A caching, batching gateway in front of Haravan's inventory endpoint.
//!
//! One sentence rules the design: **a call to Haravan is the scarce thing; spend each one fully, and never
//! spend it twice.**
//!
//! The modules, in reading order; a module may use those of its own layer's number and below, never one above
//! (`tests/repo` holds this table against the code):
//!
//! | layer | what it is | modules |
//! |---|---|---|
//! | 0 | facts; depends on nothing of ours | [`domain`] [`spelling`] |
//! | 1 | decisions; pure, the time is an argument | [`clock`] [`coop`] [`query`] [`plan`] [`view`] |
//! | 2 | devices; each owns one resource | [`governor`] [`cache`] [`haravan`] [`loader`] [`metrics`] [`tasks`] [`trace`] |
//! | 3 | the use case | [`stock`] |
//! | 4 | the edge: the only modules that know actix and status codes | [`http`] |
//! | 5 | the page for people, an application of its own | [`ui`] |
//! | 6 | composition | [`settings`] [`telemetry`] [`app`] |
//! | – | a local Haravan, which shares nothing with the rest | [`sandbox`] |

pub mod app;
pub mod cache;
pub mod clock;
pub mod coop;
pub mod domain;
pub mod governor;
pub mod haravan;
pub mod http;
pub mod loader;
pub mod metrics;
pub mod plan;
pub mod query;
pub mod sandbox;
pub mod settings;
pub mod spelling;
pub mod stock;
pub mod tasks;
pub mod telemetry;
pub mod trace;
pub mod ui;
pub mod view;
