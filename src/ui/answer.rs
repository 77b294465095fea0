//! How the page's answers travel: HTML with a policy that lets in nothing from elsewhere and nothing inline.

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, REFERRER_POLICY,
    SET_COOKIE, VARY, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::{HttpResponse, HttpResponseBuilder};
use maud::Markup;

use super::layout::{Page, frame};
use super::visit::Visit;
use super::{error_page, sign_in};
use crate::http::problem::Problem;

/// Style, script, pictures and what the script fetches come from here alone, and nothing else comes at all.
pub(super) const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
                                 connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What every answer of the page's says for its safety.
const GUARDS: [(HeaderName, &str); 3] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // Not `no-referrer`: browsers would then hide the origin of the page's own forms from the page.
    (REFERRER_POLICY, "same-origin"),
];

/// Who looks, and in which language, decides what is shown.
const VARIES: &str = "Accept-Language, Accept-Encoding, Authorization, Cookie, X-API-Key";

impl Visit<'_> {
    /// The answer to this visit: the page, or what is shown instead.
    pub(super) fn answer(&self, outcome: Result<Page, Problem>) -> HttpResponse {
        match outcome {
            Ok(page) => self.shown(HttpResponse::Ok().finish(), &frame(self, page)),
            Err(Problem::Unauthenticated) => self.sign_in_asked(sign_in::Reason::of(self)),
            Err(problem) => {
                self.shown(problem.respond(self.request), &frame(self, error_page::page(self, &problem)))
            }
        }
    }

    /// Asks for a key.
    pub(super) fn sign_in_asked(&self, reason: sign_in::Reason) -> HttpResponse {
        let form = frame(self, sign_in::page(self, reason));
        self.shown(Problem::Unauthenticated.respond(self.request), &form)
    }

    /// Shows HTML in place of the answer's body; its status, and what else it says, stay.
    fn shown(&self, answer: HttpResponse, html: &Markup) -> HttpResponse {
        let mut answer = answer.set_body(html.0.clone()).map_into_boxed_body();
        let headers = answer.headers_mut();
        for (name, value) in GUARDS {
            headers.insert(name, HeaderValue::from_static(value));
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
        headers.insert(VARY, HeaderValue::from_static(VARIES));
        let renewal = self.visitor.as_ref().ok().and_then(|visitor| visitor.renewal.as_deref());
        if let Some(cookie) = renewal.and_then(|cookie| HeaderValue::from_str(cookie).ok()) {
            headers.insert(SET_COOKIE, cookie);
        }
        answer
    }
}

/// Says for an answer's safety what every answer of the page's says.
pub(super) fn guard(response: &mut HttpResponseBuilder) {
    for header in GUARDS {
        response.insert_header(header);
    }
}
