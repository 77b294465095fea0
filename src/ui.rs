//! The page for people at `/`: shops, what is oversold, the stock of a variant; in Vietnamese and English.
//!
//! Rendered here, whole, for browsers with scripts or without; nothing comes from elsewhere, and the policy in
//! `answer` sees to it. `visit` knows who looks and in which language; `overview` and `variant` are the pages,
//! `trouble` and `sign_in` what is shown instead. All HTML is written in `maud` templates, which escape whatever is
//! not markup by its type.

mod address;
mod answer;
mod assets;
mod error_page;
mod i18n;
mod layout;
mod overview;
mod parts;
mod sign_in;
mod variant;
mod visit;

use actix_web::web::ServiceConfig;

use crate::http::routes::{asked, read};

/// The routes of the page.
#[rustfmt::skip]
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(read("/", overview::get_overview))
        .service(read("/page/variant", variant::get_variant))
        .service(asked("/page/sign-in", sign_in::leave_form, sign_in::sign_in))
        .service(asked("/page/sign-out", sign_in::leave_form, sign_in::sign_out))
        .service(read("/page/{file}", assets::get_asset));
}

#[cfg(test)]
mod tests;
