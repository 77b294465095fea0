//! The page for people at `/`: shops, what is oversold, the stock of a variant; in Vietnamese and English.
//!
//! Rendered here, whole, for browsers with scripts or without; nothing comes from elsewhere, and the policy in
//! `answer` sees to it. `visit` knows who looks and in which language; `overview` and `variant` are the pages,
//! `trouble` and `sign_in` what is shown instead. All HTML is written in `maud` templates, which escape whatever is
//! not markup by its type.

mod address;
mod answer;
mod assets;
mod board;
mod chart;
mod figures;
mod frame;
mod language;
mod overview;
mod search;
pub mod session;
mod shop_card;
mod sign_in;
mod trouble;
mod variant;
mod visit;
mod words;

pub(super) use assets::get_asset;
pub(super) use overview::get_overview;
pub(super) use sign_in::{leave_form, sign_in, sign_out};
pub(super) use variant::get_variant;

#[cfg(test)]
mod tests;
