//! Requests: what a caller asks for, and in which form.

pub mod accept;
pub mod ask;
pub mod cache_control;
pub mod parameters;
pub mod paths;
