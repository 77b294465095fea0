//! A collector of traces: takes what is exported by OTLP over HTTP, or does not, and tells what came.

use std::collections::BTreeMap;
use std::future::pending;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::web::{Bytes, Data, PayloadConfig, post};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1 as proto;
use prost::Message;
use tokio::sync::watch;
use tokio::time::timeout;

/// How long a test waits for what must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A collector that listens.
pub(crate) struct Collector {
    addr: SocketAddr,
    received: Arc<watch::Sender<Received>>,
    server: ServerHandle,
}

/// What a collector does with what it is sent.
#[derive(Clone, Copy)]
pub(crate) enum Manner {
    Takes,
    Refuses,
    NeverAnswers,
}

/// What came so far.
#[derive(Default)]
pub(crate) struct Received {
    pub(crate) spans: Vec<Span>,
    /// The attributes of the resource that sent the last of them.
    pub(crate) resource: BTreeMap<String, String>,
    /// Everything as it came, of every export.
    pub(crate) bytes: Vec<u8>,
    /// `Authorization` of the last export.
    pub(crate) authorization: Option<String>,
    /// Exports, taken or not.
    pub(crate) exports: usize,
}

/// A span that came. Ids are in hex.
#[derive(Debug, Clone)]
pub(crate) struct Span {
    pub(crate) name: String,
    pub(crate) kind: proto::span::SpanKind,
    pub(crate) trace_id: String,
    pub(crate) id: String,
    /// Empty if it has none.
    pub(crate) parent_id: String,
    pub(crate) state: String,
    pub(crate) attributes: BTreeMap<String, String>,
    /// The spans that it links to: (trace, span).
    pub(crate) links: Vec<(String, String)>,
    pub(crate) is_error: bool,
    /// In nanoseconds.
    pub(crate) started: u64,
    pub(crate) ended: u64,
}

impl Collector {
    pub(crate) fn start(manner: Manner) -> Self {
        let received = Arc::new(watch::Sender::new(Received::default()));
        let shared = Data::from(Arc::clone(&received));
        let routes = move || {
            App::new()
                .app_data(shared.clone())
                .app_data(Data::new(manner))
                .app_data(PayloadConfig::new(16 << 20))
                .route("/v1/traces", post().to(take))
        };
        let server = HttpServer::new(routes).workers(1).shutdown_timeout(0).disable_signals();
        let server = server.bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let addr = server.addrs()[0];
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { addr, received, server: handle }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Waits until what came is enough.
    pub(crate) async fn wait_for(&self, what: &str, enough: impl FnMut(&Received) -> bool) {
        let mut received = self.received.subscribe();
        let done = timeout(PATIENCE, received.wait_for(enough)).await.map(|came| came.map(drop));
        assert!(matches!(done, Ok(Ok(()))), "{what}: only {:?}", self.spans());
    }

    /// What came so far.
    pub(crate) fn received(&self) -> watch::Ref<'_, Received> {
        self.received.borrow()
    }

    /// The spans that came so far.
    pub(crate) fn spans(&self) -> Vec<Span> {
        self.received().spans.clone()
    }

    /// The spans of one trace that came so far, in the order they began.
    pub(crate) fn trace(&self, trace_id: &str) -> Trace {
        let mut spans = self.spans();
        spans.retain(|span| span.trace_id == trace_id);
        spans.sort_by_key(|span| span.started);
        Trace(spans)
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        // The command is sent by the call.
        drop(self.server.stop(false));
    }
}

/// The spans of one trace.
#[derive(Debug)]
pub(crate) struct Trace(pub(crate) Vec<Span>);

impl Trace {
    /// The only span of this name.
    #[track_caller]
    pub(crate) fn only(&self, name: &str) -> &Span {
        match self.0.iter().filter(|span| span.name == name).collect::<Vec<_>>().as_slice() {
            [only] => only,
            found => panic!("{} spans called {name} in {:#?}", found.len(), self.0),
        }
    }

    /// The spans below another that have this name.
    pub(crate) fn below(&self, parent: &Span, name: &str) -> Vec<&Span> {
        self.0.iter().filter(|span| span.parent_id == parent.id && span.name == name).collect()
    }
}

impl Span {
    /// An attribute as text; nothing if there is none.
    pub(crate) fn says(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }
}

async fn take(
    manner: Data<Manner>,
    received: Data<watch::Sender<Received>>,
    request: HttpRequest,
    body: Bytes,
) -> HttpResponse {
    received.send_modify(|received| received.exports += 1);
    match **manner {
        Manner::Takes => {}
        Manner::Refuses => return HttpResponse::ServiceUnavailable().finish(),
        Manner::NeverAnswers => return pending().await,
    }
    assert_eq!(request.headers().get("content-type").unwrap(), "application/x-protobuf");
    let export = ExportTraceServiceRequest::decode(&*body).unwrap();
    received.send_modify(|received| {
        received.bytes.extend_from_slice(&body);
        let authorization = request.headers().get("authorization");
        received.authorization = authorization.map(|value| value.to_str().unwrap().to_owned());
        for from in export.resource_spans {
            received.resource = attributes(from.resource.unwrap().attributes);
            let spans = from.scope_spans.into_iter().flat_map(|scope| scope.spans);
            received.spans.extend(spans.map(Span::from));
        }
    });
    HttpResponse::Ok().content_type("application/x-protobuf").finish()
}

impl From<proto::Span> for Span {
    fn from(span: proto::Span) -> Self {
        let linked = |link: proto::span::Link| (hex(&link.trace_id), hex(&link.span_id));
        Self {
            kind: span.kind(),
            trace_id: hex(&span.trace_id),
            id: hex(&span.span_id),
            parent_id: hex(&span.parent_span_id),
            state: span.trace_state,
            attributes: attributes(span.attributes),
            links: span.links.into_iter().map(linked).collect(),
            is_error: span.status.is_some_and(|status| status.code() == proto::status::StatusCode::Error),
            started: span.start_time_unix_nano,
            ended: span.end_time_unix_nano,
            name: span.name,
        }
    }
}

/// By name; each is there once.
fn attributes(sent: Vec<KeyValue>) -> BTreeMap<String, String> {
    let count = sent.len();
    let named = sent.into_iter().map(|pair| (pair.key, text(pair.value)));
    let attributes: BTreeMap<_, _> = named.collect();
    assert_eq!(attributes.len(), count, "an attribute was sent twice: {attributes:?}");
    attributes
}

fn text(value: Option<AnyValue>) -> String {
    match value.and_then(|any| any.value) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        other => panic!("an attribute that is neither text nor a whole number: {other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
