//! What the service talks about: ids, quantities, instants, rows, cells, locations.
//!
//! Nothing here knows where a value came from or where it goes: no HTTP, no cache, no clock.

pub mod access;
pub mod caller;
pub mod cell;
pub mod hex;
pub mod id;
pub mod line;
pub mod location;
pub mod number;
pub mod quantity;
pub mod row;
pub mod row_quantity;
pub mod timestamp;
