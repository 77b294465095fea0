//! Signing in and out: a key is typed once, and a session takes its place.

use actix_web::error::UrlencodedError;
use actix_web::http::header::{CACHE_CONTROL, HOST, LOCATION, ORIGIN, SET_COOKIE};
use actix_web::web::{Data, Form};
use actix_web::{Error, HttpRequest, HttpResponse};
use maud::html;
use serde::Deserialize;

use super::address::Address;
use super::i18n::language::Tongue;
use super::parts::layout::{Page, Reload, language_field};
use super::policy;
use super::visit::{Asked, Visit};
use crate::domain::access::KeyDigest;
use crate::domain::id::OrgId;
use crate::http::access::session;
use crate::http::connection::body_deadline;
use crate::http::problem::Problem;
use crate::http::request::parameters::error::ParameterError;
use crate::http::state::HttpState;

/// Said to a form that is not this page's.
const NOT_OURS: Problem = Problem::Parameter(ParameterError::Request);

/// Why a key is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// There was none.
    None,
    /// There was one that is not admitted.
    Wrong,
    /// There was a session, and it has ended.
    Ended,
}

/// What the forms send. It holds a key: it has no `Debug`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Sent {
    key: String,
    lang: Option<String>,
    shop: Option<String>,
}

impl Reason {
    /// Why this visit is asked for a key.
    pub(super) fn of(visit: &Visit<'_>) -> Self {
        match session::carried(visit.request) {
            Some(_) => Self::Ended,
            None => Self::None,
        }
    }
}

/// Takes a key and gives a session for it.
pub(crate) async fn sign_in(
    edge: Data<HttpState>,
    request: HttpRequest,
    sent: Result<Form<Sent>, Error>,
) -> HttpResponse {
    let visit = Visit::of_nobody(&edge, &request);
    if is_from_elsewhere(&request) {
        return visit.answer(Err(NOT_OURS));
    }
    if is_late(&sent) {
        return visit.answer(Err(Problem::BodyLate));
    }
    let Sent { key, lang, shop } = sent.map(Form::into_inner).unwrap_or_default();
    let tongue = Tongue::of(lang.as_deref(), request.headers());
    let shop = shop.and_then(|text| text.parse::<OrgId>().ok());
    let asked = Asked { shop: shop.map(|org_id| org_id.to_string()), ..Asked::default() };
    let visit = Visit { tongue, asked, ..visit };
    let address = Address::shop(tongue, shop);
    if edge.keys.is_open() {
        return sent_on(address, None);
    }
    let digest = KeyDigest::of_key(key.trim());
    let Some(name) = edge.keys.name_of(&digest) else { return visit.sign_in_asked(Reason::Wrong) };
    let value = edge.page_seal.value(&name, &digest, edge.clock.wall(edge.clock.now()));
    sent_on(address, Some(session::given(&request, &value)))
}

/// Ends the session.
pub(crate) async fn sign_out(
    request: HttpRequest,
    edge: Data<HttpState>,
    sent: Result<Form<Sent>, Error>,
) -> HttpResponse {
    if is_from_elsewhere(&request) {
        return Visit::of_nobody(&edge, &request).answer(Err(NOT_OURS));
    }
    if is_late(&sent) {
        return Visit::of_nobody(&edge, &request).answer(Err(Problem::BodyLate));
    }
    let lang = sent.map(Form::into_inner).unwrap_or_default().lang;
    let tongue = Tongue::of(lang.as_deref(), request.headers());
    sent_on(Address::overview(tongue), Some(session::taken_back(&request)))
}

/// The forms' own addresses show nothing: a browser that loads one is sent to the page.
pub(crate) async fn leave_form(edge: Data<HttpState>, request: HttpRequest) -> HttpResponse {
    sent_on(Address::overview(Visit::of_nobody(&edge, &request).tongue), None)
}

/// The form that asks for a key.
pub(super) fn page(visit: &Visit<'_>, reason: Reason) -> Page {
    let words = visit.words();
    let complaint = match reason {
        Reason::None => None,
        Reason::Wrong => Some(words.key_wrong),
        Reason::Ended => Some(words.key_ended),
    };
    let invalid = (reason == Reason::Wrong).then_some("true");
    let shop = visit.asked.shop.as_deref().and_then(|text| text.parse::<OrgId>().ok());
    let main = html! {
        form.key method="post" action="/page/sign-in" {
            h1 { (words.key_title) }
            @if let Some(complaint) = complaint {
                p.complaint #key-complaint role="alert" { (complaint) }
            }
            (language_field(visit))
            @if let Some(shop) = shop {
                input type="hidden" name="shop" value=(shop);
            }
            label for="key" { (words.key_label) }
            input #key name="key" type="password" required autofocus autocomplete="off" autocapitalize="off"
                spellcheck="false" placeholder="tk_…" aria-invalid=[invalid] aria-describedby="key-hint";
            p.hint #key-hint { (words.key_hint) }
            button type="submit" { (words.key_submit) }
        }
    };
    Page { title: words.key_title.to_owned(), main, reload: Reload::None }
}

/// To one of the page's addresses, with a cookie or without.
fn sent_on(address: Address, cookie: Option<String>) -> HttpResponse {
    let mut response = HttpResponse::SeeOther();
    response.insert_header((LOCATION, address.to_string())).insert_header((CACHE_CONTROL, "no-store"));
    policy::guard(&mut response);
    if let Some(cookie) = cookie {
        response.insert_header((SET_COOKIE, cookie));
    }
    response.finish()
}

/// Whether a form did not come in time.
fn is_late(sent: &Result<Form<Sent>, Error>) -> bool {
    let error = sent.as_ref().err().and_then(|error| error.as_error());
    matches!(error, Some(UrlencodedError::Payload(cause)) if body_deadline::is_late(cause))
}

/// Whether a form of somebody else's page was sent here. Browsers say so where a connection is safe; on a plain one
/// they tell where the form is from, and that must be the host that was asked.
fn is_from_elsewhere(request: &HttpRequest) -> bool {
    let headers = request.headers();
    if let Some(site) = headers.get("Sec-Fetch-Site") {
        return site != "same-origin" && site != "none";
    }
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let mut origins = headers.get_all(ORIGIN);
    origins.any(|origin| !origin.to_str().is_ok_and(|origin| is_of(origin, host)))
}

/// Whether an origin (RFC 6454) is that of a host. Which scheme the host is asked by is not known here.
fn is_of(origin: &str, host: &str) -> bool {
    let Some((scheme, authority)) = origin.split_once("://") else { return false };
    let default_port = if scheme.eq_ignore_ascii_case("https") { ":443" } else { ":80" };
    let named =
        |authority: &str| authority.strip_suffix(default_port).unwrap_or(authority).to_ascii_lowercase();
    !authority.is_empty() && named(authority) == named(host)
}
