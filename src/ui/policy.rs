//! What the page lets in: nothing from elsewhere, and nothing inline.

use actix_web::HttpResponseBuilder;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};

/// Style, script, pictures and what the script fetches come from here alone, and nothing else comes at all.
pub(super) const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
                                 connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What every answer of the page's says for its safety.
pub(super) const GUARDS: [(HeaderName, &str); 3] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // Not `no-referrer`: browsers would then hide the origin of the page's own forms from the page.
    (REFERRER_POLICY, "same-origin"),
];

/// Says for an answer's safety what every answer of the page's says.
pub(super) fn guard(response: &mut HttpResponseBuilder) {
    for header in GUARDS {
        response.insert_header(header);
    }
}
