//! What every answer about stock says of itself in headers, and the `304` that spares its body.

use std::borrow::Cow;
use std::convert::Infallible;
use std::sync::LazyLock;
use std::time::Duration;

use actix_web::body::SizedStream;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    AGE, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, VARY,
};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use futures_util::stream::{self, Stream};

use super::coding::Coding;
use super::etag::EntityTag;
use super::seconds::Spelled;
use crate::domain::cell::MissingReason;
use crate::http::problem::Problem;
use crate::http::request::cache_control::PREFERENCE_APPLIED;
use crate::stock::Reading;

/// How many cells are missing from the answer.
pub const X_TONKHO_MISSING: HeaderName = HeaderName::from_static("x-tonkho-missing");
/// Where the answer came from (RFC 9211).
pub const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");

/// What the answer depends on besides the URL.
const VARIES: &str = "Accept, Accept-Encoding, Authorization, X-API-Key, X-Haravan-Access-Token";

/// Bytes of a body that are handed to a connection at once. Source: ours; some 50 µs of copying.
const AT_ONCE: usize = 256 << 10;

/// `Age`, in seconds.
static AGE_SECONDS: LazyLock<Spelled> = LazyLock::new(|| Spelled::by(|seconds| seconds.to_string()));
/// `Cache-Status` of a hit, by the seconds that it stays fresh.
static HIT: LazyLock<Spelled> = LazyLock::new(|| Spelled::by(|ttl| format!("tonkho; hit; ttl={ttl}")));

/// In the extensions of a response: its coding is settled, whatever it is.
#[derive(Debug, Clone, Copy)]
pub struct Coded;

/// An answer whose body is made, in the coding that it is sent in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedBody {
    /// The body.
    pub body: Bytes,
    /// How it is coded.
    pub coding: Coding,
    /// Its tag.
    pub etag: EntityTag,
    /// What it is.
    pub content_type: &'static str,
}

impl EncodedBody {
    /// A body whose tag without a coding is this, in this coding if that is worth it.
    ///
    /// # Errors
    /// The coder fails.
    pub fn new(
        body: Bytes,
        etag: EntityTag,
        coding: Coding,
        content_type: &'static str,
    ) -> Result<Self, Problem> {
        let coding = coding.worth_it(body.len());
        let body = coding.encode(body).map_err(|_| Problem::Internal)?;
        Ok(Self { body, coding, etag: etag.coded(coding), content_type })
    }

    /// Writes the headers that go with the body.
    pub fn write(&self, headers: &mut HeaderMap) {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        if self.coding != Coding::Identity {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(self.coding.as_str()));
        }
    }
}

/// What an answer says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CacheHeaders {
    /// The age of its oldest cell; `None` without a cell.
    pub age: Option<Duration>,
    /// The value of `Cache-Status`.
    pub cache_status: Cow<'static, str>,
    /// How many cells are missing.
    pub missing: usize,
    /// The wait that was granted, if the caller asked for one.
    pub wait: Option<Duration>,
}

impl CacheHeaders {
    /// Of an answer made of a reading's cells, the oldest of which is of this age.
    #[must_use]
    pub fn of(reading: &Reading, age: Option<Duration>) -> Self {
        Self { age, cache_status: cache_status(reading), missing: reading.unknown().len(), ..Self::default() }
    }

    /// Of an answer whose cells are all fresh in the cache, for this many more seconds.
    #[must_use]
    pub fn of_hit(age: Duration, ttl: u64) -> Self {
        Self { age: Some(age), cache_status: HIT.of(ttl), ..Self::default() }
    }

    /// Writes the headers of an answer with this tag.
    pub fn write(&self, headers: &mut HeaderMap, etag: EntityTag) {
        // Private: what one key may read, another may not. No-cache: a cache that keeps it asks again, and gets a 304.
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
        headers.insert(VARY, HeaderValue::from_static(VARIES));
        headers.insert(ETAG, etag.into());
        if let Some(cache_status) = header_value(self.cache_status.clone()) {
            headers.insert(CACHE_STATUS, cache_status);
        }
        if let Some(age) = self.age.and_then(|age| header_value(AGE_SECONDS.of(age.as_secs()))) {
            headers.insert(AGE, age);
        }
        if 0 < self.missing {
            headers.insert(X_TONKHO_MISSING, self.missing.into());
        }
        if let Some(wait) = self.wait
            && let Ok(applied) = HeaderValue::try_from(format!("wait={}", wait.as_secs()))
        {
            headers.insert(PREFERENCE_APPLIED, applied);
        }
    }

    /// A whole answer, unless the caller has it already.
    #[must_use]
    pub fn respond_encoded(&self, request: &HttpRequest, encoded: &EncodedBody) -> HttpResponse {
        let mut response = self.respond(request, encoded.etag.clone(), |response| {
            if encoded.body.len() <= AT_ONCE {
                return response.body(encoded.body.clone());
            }
            let length = u64::try_from(encoded.body.len()).unwrap_or(u64::MAX);
            response.body(SizedStream::new(length, in_turns(encoded.body.clone())))
        });
        if response.status() == StatusCode::OK {
            encoded.write(response.headers_mut());
        }
        response.extensions_mut().insert(Coded);
        response
    }

    /// The answer with this tag: its headers, and its body unless the caller has it already.
    #[must_use]
    pub fn respond(
        &self,
        request: &HttpRequest,
        etag: EntityTag,
        body: impl FnOnce(&mut HttpResponseBuilder) -> HttpResponse,
    ) -> HttpResponse {
        let known = etag.is_known(request.headers());
        let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
        let mut response = if known { response.finish() } else { body(&mut response) };
        self.write(response.headers_mut(), etag);
        response
    }
}

/// A body in pieces; between two of them the other requests of this thread get a turn.
fn in_turns(body: Bytes) -> impl Stream<Item = Result<Bytes, Infallible>> {
    stream::unfold((body, true), async |(mut body, is_first)| {
        if !is_first {
            tokio::task::yield_now().await;
        }
        let piece = body.split_to(AT_ONCE.min(body.len()));
        (!piece.is_empty()).then_some((Ok(piece), (body, false)))
    })
}

/// A text as a header's value; `None` if it holds characters that no header may have.
fn header_value(text: Cow<'static, str>) -> Option<HeaderValue> {
    match text {
        Cow::Borrowed(text) => Some(HeaderValue::from_static(text)),
        Cow::Owned(text) => HeaderValue::try_from(text).ok(),
    }
}

/// `Cache-Status` of a reading: a hit if nothing was asked of Haravan for it, and nothing is stale.
fn cache_status(reading: &Reading) -> Cow<'static, str> {
    let tally = reading.tally();
    let asked = tally.fetched.saturating_add(tally.joined);
    let held = tally.hit.saturating_add(tally.stale);
    let unanswered = reading.unknown().iter().any(|(_, reason)| *reason != MissingReason::Refused);
    if asked == 0 && tally.stale == 0 && !unanswered {
        return tally.ttl_seconds.map_or(Cow::Borrowed("tonkho; hit"), |ttl| HIT.of(ttl));
    }
    let forward = match (asked == 0 && !unanswered, held) {
        (true, _) => "stale",
        (false, 0) => "uri-miss",
        (false, _) => "partial",
    };
    // All of it was asked for another question already (RFC 9211, 2.7).
    let collapsed = if tally.fetched == 0 && 0 < tally.joined { "; collapsed" } else { "" };
    let forwarded = format!(
        "tonkho; fwd={forward}{collapsed}; detail=\"cells={} fetched={} stale={} joined={} calls={}\"",
        reading.grid().cells(),
        tally.fetched,
        tally.stale,
        tally.joined,
        tally.calls
    );
    Cow::Owned(forwarded)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use actix_web::test::TestRequest;

    use super::{CacheHeaders, EntityTag, cache_status};
    use crate::domain::cell::{CellId, MissingReason};
    use crate::domain::id::{LocationId, VariantId};
    use crate::query::{Grid, IdList};
    use crate::stock::{ReadTally, Reading};

    fn reading(tally: ReadTally, reasons: &[MissingReason]) -> Reading {
        let list = IdList::parse("variant_ids", "1,2,3,4").unwrap();
        let grid = Grid::new(list, IdList::parse("location_ids", "7").unwrap(), 10).unwrap();
        let loc_id = LocationId::new(7).unwrap();
        let cell = |number| CellId { variant_id: VariantId::new(number).unwrap(), loc_id };
        let unknown = reasons.iter().zip(1..).map(|(reason, number)| (cell(number), *reason)).collect();
        Reading::new(grid, vec![None; 4], unknown, tally)
    }

    #[track_caller]
    fn check(tally: ReadTally, reasons: &[MissingReason], expected: &str) {
        assert_eq!(cache_status(&reading(tally, reasons)), expected);
    }

    #[test]
    fn cache_status_tells_hits_from_what_was_fetched_joined_or_stale() {
        let none = ReadTally::default();
        check(ReadTally { hit: 4, ttl_seconds: Some(12), ..none }, &[], "tonkho; hit; ttl=12");
        check(ReadTally { hit: 4, ..none }, &[], "tonkho; hit");
        let detail = "detail=\"cells=4 fetched=4 stale=0 joined=0 calls=0\"";
        check(ReadTally { fetched: 4, ..none }, &[], &format!("tonkho; fwd=uri-miss; {detail}"));
        let detail = "detail=\"cells=4 fetched=1 stale=0 joined=0 calls=0\"";
        check(ReadTally { hit: 3, fetched: 1, ..none }, &[], &format!("tonkho; fwd=partial; {detail}"));
        let detail = "detail=\"cells=4 fetched=0 stale=2 joined=0 calls=0\"";
        check(ReadTally { hit: 2, stale: 2, ..none }, &[], &format!("tonkho; fwd=stale; {detail}"));
        let detail = "detail=\"cells=4 fetched=0 stale=0 joined=4 calls=0\"";
        check(ReadTally { joined: 4, ..none }, &[], &format!("tonkho; fwd=uri-miss; collapsed; {detail}"));
    }

    #[test]
    fn a_refused_id_is_known_and_an_unanswered_one_is_not() {
        let tally = ReadTally { hit: 3, ..ReadTally::default() };
        check(tally, &[MissingReason::Refused], "tonkho; hit");
        let detail = "detail=\"cells=4 fetched=0 stale=0 joined=0 calls=0\"";
        check(tally, &[MissingReason::Timeout], &format!("tonkho; fwd=partial; {detail}"));
    }

    #[test]
    fn a_version_that_the_caller_has_is_not_sent_again_but_its_headers_are() {
        let cache_headers =
            CacheHeaders { age: Some(Duration::from_millis(2900)), missing: 3, ..CacheHeaders::default() };
        let body = |response: &mut actix_web::HttpResponseBuilder| response.body("body");
        let etag = EntityTag::strong(b"body");
        let request = TestRequest::default().to_http_request();
        assert_eq!(cache_headers.respond(&request, etag.clone(), body).status(), 200);
        let request =
            TestRequest::default().insert_header(("If-None-Match", etag.as_str())).to_http_request();
        let response = cache_headers.respond(&request, etag.clone(), body);
        assert_eq!(response.status(), 304);
        let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap());
        assert_eq!((header("etag"), header("age")), (Some(etag.as_str()), Some("2")));
        assert_eq!(header("x-tonkho-missing"), Some("3"));
        assert_eq!(header("cache-control"), Some("private, no-cache"));
    }
}
