//! Traces, exported to a collector by OTLP over HTTP; and where OpenTelemetry's types meet `tracing`'s.
//!
//! Spans that end wait in a bounded queue for a thread of their own, which exports them in batches. Where the
//! collector is slow, down or refusing, spans are lost and nothing else is: no request waits for an export.

mod client;
mod outage;

use std::str::FromStr;
use std::time::Duration;

use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState, TracerProvider,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider, Tracer};
use tokio::time::Instant;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use client::CollectorClient;
use outage::Watched;

use crate::settings::collector_url::CollectorUrl;
use crate::settings::proxy::ProxyUrl;
use crate::trace::context as trace_context;

/// The longest that an export may take, its retries included.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long spans wait to be exported together.
const EXPORT_EVERY: Duration = Duration::from_secs(1);
/// Queue bound. Spans that end while it is full are dropped. About 2 MiB.
const MOST_WAITING: usize = 2048;
/// The most spans that are exported at once.
const BATCH: usize = 512;
/// The longest that the end waits for the last export: a collector that is down delays no restart.
const LAST_EXPORT: Duration = Duration::from_secs(2);

/// What exports traces.
#[derive(Debug)]
pub(super) struct Exporter {
    provider: SdkTracerProvider,
}

/// Why there are no traces.
#[derive(Debug, thiserror::Error)]
pub enum OtlpError {
    /// The exporter's settings, those of the environment included, contradict each other.
    #[error(transparent)]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
    /// There is no client to export with.
    #[error("the HTTP client cannot be built: {0}")]
    Client(#[from] reqwest::Error),
    /// There is no runtime to export from.
    #[error("traces are exported from inside a tokio runtime")]
    NoRuntime,
}

impl Exporter {
    /// Starts to export to a collector. To be called inside the runtime that exports are to run on.
    pub(super) fn start(collector: &CollectorUrl, proxy: Option<&ProxyUrl>) -> Result<Self, OtlpError> {
        // A collector on this machine needs none.
        let proxy = proxy.filter(|_| !collector.is_loopback());
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(CollectorClient::new(EXPORT_TIMEOUT, proxy)?)
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(collector.traces())
            .with_timeout(EXPORT_TIMEOUT)
            .build()?;
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(MOST_WAITING)
            .with_max_export_batch_size(BATCH)
            .with_scheduled_delay(EXPORT_EVERY)
            .build();
        let processor =
            BatchSpanProcessor::builder(Watched::new(exporter)).with_batch_config(batches).build();
        let provider = SdkTracerProvider::builder()
            .with_span_processor(processor)
            .with_resource(resource())
            // What is not to be sampled gets no span in the first place.
            .with_sampler(Sampler::AlwaysOn)
            .build();
        Ok(Self { provider })
    }

    /// What makes spans.
    pub(super) fn tracer(&self) -> Tracer {
        self.provider.tracer(env!("CARGO_PKG_NAME"))
    }

    /// Exports what is left, until `deadline` at most and not for long.
    pub(super) async fn stop(self, deadline: Instant) {
        let left = deadline.saturating_duration_since(Instant::now()).min(LAST_EXPORT);
        let last = tokio::task::spawn_blocking(move || self.provider.shutdown_with_timeout(left));
        if !matches!(last.await, Ok(Ok(()))) {
            tracing::warn!("the last traces could not be exported");
        }
    }
}

/// Puts a span that has not begun into the caller's trace.
pub(crate) fn continue_trace(span: &Span, caller: &trace_context::TraceContext) {
    let state = caller.state.as_deref().and_then(|state| TraceState::from_str(state).ok());
    let parent = SpanContext::new(
        TraceId::from(caller.trace_id.0),
        SpanId::from(caller.parent_id),
        TraceFlags::new(caller.flags),
        true,
        state.unwrap_or_default(),
    );
    // Fails where nothing is exported, which is as good.
    let _unheard = span.set_parent(Context::new().with_remote_span_context(parent));
}

/// The trace that a span is part of, if it is exported.
pub(crate) fn trace_id(span: &Span) -> Option<trace_context::TraceId> {
    if span.is_none() {
        return None;
    }
    let context = span.context();
    let trace_id = context.span().span_context().trace_id();
    (trace_id != TraceId::INVALID).then(|| trace_context::TraceId(u128::from_be_bytes(trace_id.to_bytes())))
}

/// Who exports. Several of these may run at once, and one after the other under one name: each has an id of its own.
fn resource() -> Resource {
    let instance = format!("{:032x}", fastrand::u128(..));
    Resource::builder()
        .with_service_name(env!("CARGO_PKG_NAME"))
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .with_attribute(KeyValue::new("service.instance.id", instance))
        .build()
}
