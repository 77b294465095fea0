//! The routes: one file for each resource, and the table of all of them.

pub(crate) mod alerts;
pub(crate) mod availability;
pub(crate) mod compatible;
pub(crate) mod docs;
pub(crate) mod fulfilment;
pub(crate) mod health;
pub(crate) mod passthrough;
pub(crate) mod shops;
pub(crate) mod stock;
pub mod table;
