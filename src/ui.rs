//! The page for people at `/`: shops, what is oversold, the stock of a variant; in Vietnamese and English.
//!
//! Rendered here, whole, for browsers with scripts or without; nothing comes from elsewhere, and the policy in
//! `policy` sees to it. `visit` knows who looks and in which language; `overview` and `variant` are the pages,
//! `error_page` and `sign_in` what is shown instead. All HTML is written in `maud` templates, which escape whatever is
//! not markup by its type.

mod address;
mod answer;
mod assets;
mod error_page;
mod i18n;
mod overview;
mod parts;
mod policy;
mod sign_in;
mod variant;
mod visit;

use actix_web::web::ServiceConfig;

use crate::http::routes::table::{open, open_form};

/// The routes of the page. They are open, since the page itself asks for a key or a session (`visit`).
#[rustfmt::skip]
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(open("/", overview::get_overview))
        .service(open("/page/variant", variant::get_variant))
        .service(open_form("/page/sign-in", sign_in::leave_form, sign_in::sign_in))
        .service(open_form("/page/sign-out", sign_in::leave_form, sign_in::sign_out))
        .service(open("/page/{file}", assets::get_asset));
}

#[cfg(test)]
mod tests;
