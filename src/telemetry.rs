//! Log lines: which are written and how. They go to standard error; standard output is for answers.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::Subscriber;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

use crate::settings::sections::{LogFormat, TelemetrySettings};

/// Said before what the settings say, which goes over it: broken connections and starting workers are no news.
const QUIET: &str = "actix_http=error,actix_server=warn";

/// Why there are no logs.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter cannot be read.
    #[error("telemetry.log: not a log filter such as \"info\" or \"info,tonkho=debug\": {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// Something else in this process writes logs already.
    #[error("logging was started twice")]
    Twice(#[from] TryInitError),
}

/// Starts logging for the whole process; once.
///
/// # Errors
/// See [`TelemetryError`].
pub fn start(settings: &TelemetrySettings) -> Result<(), TelemetryError> {
    let lines = Subscriber::builder().with_env_filter(filter(&settings.log)?).with_writer(stderr);
    match settings.log_format {
        LogFormat::Text => lines.with_ansi(stderr().is_terminal()).finish().try_init()?,
        LogFormat::Json => lines.json().flatten_event(true).finish().try_init()?,
    }
    Ok(())
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
