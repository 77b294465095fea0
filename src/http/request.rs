//! Requests: what a caller asks for, and in which form.

pub mod accept;
pub mod ask;
pub mod cache_control;
pub(crate) mod host;
pub mod parameters;
pub mod paths;
