//! The trace of a request: continued where the caller began one, begun where it is to be sampled.
//!
//! It is on the way of every request. Of one that is not traced it looks at one header; of those that are, the
//! exporter in `telemetry` hears.

use actix_web::HttpMessage;
use actix_web::dev::ServiceRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use tracing::Span;

use crate::http::connection::request_id::RequestId;
use crate::http::response::headers::CACHE_STATUS;
use crate::http::routes::health::is_probe;
use crate::metrics::MethodLabel;
use crate::settings::sections::TelemetrySettings;
use crate::telemetry::otlp;
use crate::trace;
use crate::trace::context::{self, TraceContext, TraceId};

const TRACEPARENT: HeaderName = HeaderName::from_static(context::TRACEPARENT);
const TRACESTATE: HeaderName = HeaderName::from_static(context::TRACESTATE);

/// Which requests are traced.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sampling {
    /// The share of those whose caller has not decided; `None` if no traces are exported.
    sample_ratio: Option<f64>,
}

/// A request's place in a trace.
#[derive(Debug)]
pub(super) struct RequestTrace {
    /// The caller's, if it sent one.
    caller: Option<TraceContext>,
    /// `None` without a trace of the request.
    span: Span,
}

/// What was decided of a request before it was routed, in its extensions: whether it is traced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Decided(bool);

impl Decided {
    /// Whether the request is traced.
    pub(super) fn is_traced(self) -> bool {
        self.0
    }
}

impl Sampling {
    /// Whether a request with these headers is to be traced; `None` if no request is. The caller's decision counts.
    pub(super) fn decide(self, headers: &HeaderMap) -> Option<Decided> {
        let ratio = self.sample_ratio?;
        let callers = caller_of(headers).map(|caller| caller.is_sampled());
        Some(Decided(callers.unwrap_or_else(|| fastrand::f64() < ratio)))
    }

    pub(super) fn new(settings: &TelemetrySettings) -> Self {
        Self { sample_ratio: settings.otlp_endpoint.as_ref().map(|_| settings.otlp_sample_ratio) }
    }

    /// The trace of a request that has just come.
    pub(super) fn begin(self, request: &ServiceRequest) -> RequestTrace {
        let caller = caller_of(request.headers());
        let decided = request.extensions().get::<Decided>().copied();
        let is_traced = decided.or_else(|| self.decide(request.headers())).is_some_and(Decided::is_traced);
        // Probes come by the clock, and are traced only for a caller that traces them.
        let is_wanted = caller.is_some() || !is_probe(request.path());
        let span = if is_traced && is_wanted { begin(caller.as_ref(), request) } else { Span::none() };
        RequestTrace { caller, span }
    }
}

/// The caller's place in its trace, as the headers of its request say.
pub(super) fn caller_of(headers: &HeaderMap) -> Option<TraceContext> {
    let parents = headers.get_all(TRACEPARENT).map(HeaderValue::as_bytes);
    TraceContext::from_headers(parents, headers.get_all(TRACESTATE).map(HeaderValue::as_bytes))
}

impl RequestTrace {
    /// The span that everything done for the request belongs to; `None` if it is not traced.
    pub(super) fn span(&self) -> Span {
        self.span.clone()
    }

    /// The trace's id, whether it is recorded here or by the caller alone.
    pub(super) fn id(&self) -> Option<TraceId> {
        let callers = self.caller.as_ref().map(|caller| caller.trace_id);
        callers.or_else(|| otlp::trace_id(&self.span))
    }

    /// Notes how the request was answered.
    pub(super) fn answered(&self, status: StatusCode, headers: &HeaderMap) {
        if !self.span.is_none() {
            trace::answered(&self.span, status.as_u16(), cache(headers));
        }
    }
}

/// The span of a request.
fn begin(caller: Option<&TraceContext>, request: &ServiceRequest) -> Span {
    let method = MethodLabel::of(request.method().as_str()).known();
    let route = request.match_pattern();
    let extensions = request.extensions();
    let request_id = extensions.get::<RequestId>().map(RequestId::as_str);
    let span = trace::request(method, route.as_deref(), request_id);
    if let Some(caller) = caller {
        otlp::continue_trace(&span, caller);
    }
    span
}

/// What `Cache-Status` says, in one word.
fn cache(headers: &HeaderMap) -> Option<&'static str> {
    let status = headers.get(CACHE_STATUS)?.to_str().ok()?;
    let said = |what: &str| status.split(';').any(|part| part.trim() == what);
    match () {
        () if said("hit") => Some("hit"),
        () if said("fwd=stale") => Some("stale"),
        () if said("fwd=bypass") => None,
        () => Some("miss"),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderMap, HeaderValue};
    use actix_web::test::TestRequest;

    use super::{Sampling, cache};
    use crate::http::response::headers::CACHE_STATUS;
    use crate::settings::sections::TelemetrySettings;

    #[track_caller]
    fn check_cache(status: &'static str, expected: Option<&str>) {
        let mut headers = HeaderMap::new();
        headers.insert(CACHE_STATUS, HeaderValue::from_static(status));
        assert_eq!(cache(&headers), expected, "{status}");
    }

    #[test]
    fn cache_status_becomes_one_word() {
        check_cache("tonkho; hit; ttl=12", Some("hit"));
        check_cache("tonkho; fwd=stale; detail=\"cells=4\"", Some("stale"));
        check_cache("tonkho; fwd=uri-miss; collapsed; detail=\"cells=4\"", Some("miss"));
        check_cache("tonkho; fwd=partial; detail=\"cells=4\"", Some("miss"));
        check_cache("tonkho; fwd=bypass", None);
        assert_eq!(cache(&HeaderMap::new()), None);
    }

    #[test]
    fn without_an_exporter_a_request_is_not_traced_but_the_callers_id_is_known() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        let parent = format!("00-{trace}-00f067aa0ba902b7-01");
        let request = TestRequest::get().insert_header(("traceparent", parent)).to_srv_request();
        let begun = Sampling::new(&TelemetrySettings::default()).begin(&request);
        assert!(begun.span().is_none());
        assert_eq!(begun.id().map(|id| id.to_string()).as_deref(), Some(trace));
    }
}
