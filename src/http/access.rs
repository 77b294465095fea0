//! Access: who makes a request, what they may do, and how often.

pub mod keys;
mod rate_limit;
pub mod session;
