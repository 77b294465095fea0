//! What the gateway reports of its work: log lines, and traces if a collector wants them.
//!
//! Lines go to standard error; standard output is for answers. Traces are in [`otlp`].

pub mod otlp;

use std::io::{IsTerminal, stderr};

use tokio::time::Instant;
use tracing::{Level, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{EnvFilter, Layer, fmt, registry};

use otlp::{Exporter, OtlpError};

use crate::settings::sections::{LogFormat, TelemetrySettings};
use crate::trace;

/// Said before what the settings say, which goes over it: broken connections and starting workers are no news, and
/// spans of traces are for the collector.
const QUIET: &str = "actix_http=error,actix_server=warn,tonkho::trace=off";

/// Why there are no logs.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter cannot be read.
    #[error("telemetry.log: not a log filter such as \"info\" or \"info,tonkho=debug\": {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// Traces cannot be exported.
    #[error("telemetry.otlp_endpoint: {0}")]
    Traces(#[from] OtlpError),
    /// Something else in this process writes logs already.
    #[error("logging was started twice")]
    Twice(#[from] TryInitError),
}

/// Log and traces, as long as they are written.
#[derive(Debug)]
#[must_use = "what is not stopped loses its last traces"]
pub struct Telemetry {
    exporter: Option<Exporter>,
}

/// Starts to tell, for the whole process; once. Traces are exported from the runtime that this is called in.
///
/// # Errors
/// See [`TelemetryError`].
pub fn start(settings: &TelemetrySettings) -> Result<Telemetry, TelemetryError> {
    let filter = filter(&settings.log)?;
    let Some(collector) = &settings.otlp_endpoint else {
        registry().with(lines(settings.log_format)).with(filter).try_init()?;
        return Ok(Telemetry { exporter: None });
    };
    let exporter = Exporter::start(collector, settings.otlp_proxy.as_ref())?;
    let spans = tracing_opentelemetry::layer()
        .with_tracer(exporter.tracer())
        .with_context_activation(false)
        .with_tracked_inactivity(false)
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_filter(Targets::new().with_target(trace::TARGET, Level::INFO));
    registry().with(spans).with(lines(settings.log_format).with_filter(filter)).try_init()?;
    Ok(Telemetry { exporter: Some(exporter) })
}

impl Telemetry {
    /// Exports what is left, until `deadline` at most.
    pub async fn stop(self, deadline: Instant) {
        if let Some(exporter) = self.exporter {
            exporter.stop(deadline).await;
        }
    }
}

/// Writes lines in this form.
fn lines<S>(format: LogFormat) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let lines = fmt::layer().with_writer(stderr);
    match format {
        LogFormat::Text => lines.with_ansi(stderr().is_terminal()).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    }
}

fn filter(log: &str) -> Result<EnvFilter, TelemetryError> {
    // Read alone first, so that a mistake is quoted as it was written.
    EnvFilter::try_new(log)?;
    Ok(EnvFilter::try_new(format!("{QUIET},{log}"))?)
}

#[cfg(test)]
mod tests {
    use super::filter;

    #[test]
    fn a_filter_that_cannot_be_read_names_its_key() {
        let error = filter("tonkho=loud").unwrap_err();
        assert!(error.to_string().starts_with("telemetry.log: not a log filter"), "{error}");
    }

    #[test]
    fn what_is_quiet_can_be_made_loud() {
        assert!(filter("info").unwrap().to_string().contains("actix_http=error"));
        let loud = filter("info,actix_http=trace").unwrap().to_string();
        assert!(loud.contains("actix_http=trace") && !loud.contains("actix_http=error"), "{loud}");
    }
}
