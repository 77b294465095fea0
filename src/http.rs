//! The edge: HTTP in. The only modules, with the page in `ui`, that know actix, statuses and problems.
//!
//! The way of a request: [`connection`] → [`fast_path`] → [`middleware`] → [`routes::table`] → [`access`] →
//! [`request`] → `question` → the shop → [`response`]. Whatever goes wrong on it becomes a [`problem`].
//!
//! The rooms, from the bottom up; a file may use those of its own floor and below, never one above (`tests/repo`
//! holds this table against the code). The floor of the longest name counts:
//!
//! | floor | what it is | rooms |
//! |---|---|---|
//! | 0 | what an error or a log line says of a request; they use nothing of `http` | [`connection::request_id`] `connection::head_error` [`request::parameters::error`] [`request::paths`] |
//! | 1 | the only map from errors to statuses | [`problem`] |
//! | 2 | heads, bodies and closes of connections | [`connection`] |
//! | 3 | who asks, what they may do, how often | [`access`] |
//! | 4 | what is asked for, and in which form | [`request`] |
//! | 5 | what is answered: bodies, headers, tags, answers kept | [`response`] |
//! | 6 | long work, on another runtime | [`offload`] |
//! | 7 | what all handlers share | [`state`] |
//! | 8 | from a request to the shop's cells and their answer | `question` |
//! | 9 | the types that describe bodies and parameters | [`openapi`] |
//! | 10 | the handlers: one file for each resource | [`routes`] |
//! | 11 | the document, made of the handlers; the table of routes | [`openapi::document`] [`routes::table`] |
//! | 12 | what comes before the routes | [`middleware`] [`fast_path`] |

pub mod access;
pub mod connection;
pub mod fast_path;
pub mod middleware;
pub mod offload;
pub mod openapi;
pub mod problem;
mod question;
pub mod request;
pub mod response;
pub mod routes;
pub mod state;
