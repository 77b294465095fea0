//! Answers: their bodies, headers and tags, and those that are kept to be given again.

pub mod cache;
pub mod call_limit;
pub mod coding;
pub mod etag;
pub mod headers;
pub(crate) mod rows;
mod seconds;
