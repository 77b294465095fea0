//! The OpenAPI document and the types that describe bodies, parameters and answers in it.

pub(crate) mod answers;
pub mod bodies;
pub mod document;
pub mod parameters;
pub mod questions;
pub(crate) mod shop_list;
pub mod texts;
mod yaml;
