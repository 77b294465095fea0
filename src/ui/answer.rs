//! How the page's answers travel: HTML with a policy that lets in nothing from elsewhere and nothing inline.

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, SET_COOKIE, VARY};
use maud::Markup;

use super::parts::layout::{Page, frame};
use super::policy::GUARDS;
use super::visit::Visit;
use super::{error_page, sign_in};
use crate::http::problem::Problem;

/// Who looks, and in which language, decides what is shown.
const VARIES: &str =
    "Accept-Language, Accept-Encoding, Authorization, Cookie, X-API-Key, X-Haravan-Access-Token";

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
