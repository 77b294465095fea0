//! What a loader has learnt of its shop.

pub(super) mod accepted;
pub(super) mod page_history;
pub(super) mod refused;
pub(super) mod short_pages;
