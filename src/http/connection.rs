//! Connections: heads that cannot be read, bodies that do not come, and how an answer ends on the wire.

pub mod body_deadline;
pub mod head_guard;
mod http10;
mod lingering_close;
pub mod request_id;
mod stall;
