//! Logs that traces cannot be exported, and that they can again: once each, however many exports fail.

use std::time::Duration;

use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use parking_lot::Mutex;
use tokio::time::Instant;

/// The least time between two log lines about a collector that comes and goes.
const SAID_EVERY: Duration = Duration::from_secs(60);

/// An exporter whose failures are logged.
#[derive(Debug)]
pub(super) struct Watched<E> {
    exporter: E,
    outage: Mutex<Outage>,
}

/// What is known of a collector that fails.
#[derive(Debug, Default)]
struct Outage {
    /// Spans lost since it was last said that all is well.
    lost: usize,
    is_told: bool,
    last_told: Option<Instant>,
}

/// What is worth a line.
#[derive(Debug, PartialEq, Eq)]
enum News {
    Failing,
    Over { lost: usize },
}

impl<E> Watched<E> {
    pub(super) fn new(exporter: E) -> Self {
        Self { exporter, outage: Mutex::default() }
    }
}

impl<E: SpanExporter> SpanExporter for Watched<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        let done = self.exporter.export(batch).await;
        let lost = if done.is_ok() { 0 } else { spans };
        let news = self.outage.lock().hear(lost, Instant::now());
        match (news, &done) {
            (Some(News::Failing), Err(error)) => {
                tracing::warn!(%error, "traces cannot be exported: they are lost until they can");
            }
            (Some(News::Over { lost }), _) => {
                tracing::info!(trace.lost_spans = lost, "traces are exported again");
            }
            (Some(News::Failing) | None, _) => {}
        }
        done
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

impl Outage {
    /// Notes an export that lost spans.
    fn hear(&mut self, lost: usize, now: Instant) -> Option<News> {
        self.lost += lost;
        if lost == 0 {
            let over = std::mem::take(&mut self.is_told);
            let lost = std::mem::take(&mut self.lost);
            return over.then_some(News::Over { lost });
        }
        let is_due = self.last_told.is_none_or(|told| SAID_EVERY <= now.duration_since(told));
        if self.is_told || !is_due {
            return None;
        }
        self.is_told = true;
        self.last_told = Some(now);
        Some(News::Failing)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{News, Outage};

    #[test]
    fn an_outage_is_told_when_it_begins_and_when_it_is_over() {
        let (mut outage, now) = (Outage::default(), Instant::now());
        assert_eq!(outage.hear(0, now), None);
        assert_eq!(outage.hear(3, now), Some(News::Failing));
        for _ in 0..1_000 {
            assert_eq!(outage.hear(2, now), None);
        }
        assert_eq!(outage.hear(0, now), Some(News::Over { lost: 2_003 }));
        assert_eq!(outage.hear(0, now), None);
    }

    #[test]
    fn a_collector_that_comes_and_goes_is_told_of_once_a_minute() {
        let (mut outage, now) = (Outage::default(), Instant::now());
        assert_eq!(outage.hear(1, now), Some(News::Failing));
        assert_eq!(outage.hear(0, now), Some(News::Over { lost: 1 }));
        let soon = now + Duration::from_secs(59);
        assert_eq!((outage.hear(1, soon), outage.hear(0, soon)), (None, None));
        let later = now + Duration::from_secs(60);
        assert_eq!(outage.hear(1, later), Some(News::Failing));
    }
}
