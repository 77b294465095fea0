//! What callers ask of a loader.

pub(super) mod forecast;
pub(super) mod window;
