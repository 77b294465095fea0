//! What the repository promises about itself: its layers, its tidiness, and that what is generated is current.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, its helpers included")]

mod changelog;
mod chart;
mod dependencies;
mod dockerfile;
mod documents;
mod imports;
mod invalidation;
mod layers;
mod metrics;
mod openapi;
mod sizes;
mod source;
mod tidy;
mod words;
