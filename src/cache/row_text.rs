//! Rows as text in front of the cells: made of what is hit, and copied instead of written.

mod entry;
mod store;

pub use entry::RowTexts;
pub use store::LocationListId;
pub(super) use store::{ReadTexts, Texts};
