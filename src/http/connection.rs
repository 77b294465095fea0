//! Connections: heads that cannot be read, bodies that do not come, and how an answer ends on the wire.

pub mod body_deadline;
pub mod body_window;
pub(crate) mod head_error;
pub mod head_guard;
pub(crate) mod http10;
mod lingering_close;
pub mod request_id;
mod stall;
