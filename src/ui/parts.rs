//! Parts of pages: what more than one page shows.

pub(in crate::ui) mod board;
pub(in crate::ui) mod chart;
pub(in crate::ui) mod layout;
pub(in crate::ui) mod search;
pub(in crate::ui) mod shop_card;
