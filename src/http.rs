//! The edge: HTTP in. The only modules that know actix, statuses and problems.
//!
//! The way of a request: [`connection`] → [`routes`] → [`access`] → [`request`] → `question` → the shop →
//! [`response`]. Whatever goes wrong on it becomes a [`problem`].

pub mod access;
pub mod connection;
pub mod fast_path;
pub mod offload;
pub mod openapi;
pub mod problem;
mod question;
pub mod request;
pub mod response;
pub mod routes;
pub mod state;
