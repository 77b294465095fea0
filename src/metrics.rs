//! Every metric the gateway keeps, declared once: its name, its labels, and its documentation as help text.
//!
//! Label values are bounded: shops come from the settings, routes are patterns of the route table, methods,
//! outcomes and priorities are closed sets. Children that are used often are looked up once, when a shop or a
//! route is first met, so that counting is an addition. What is measured is decided by those who measure.

mod unreadable;

use std::time::Duration;

use prometheus::core::Collector;
use prometheus::{
    Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge,
    IntGaugeVec, Opts, Registry,
};

use crate::domain::id::OrgId;
use crate::plan::pending::Priority;

pub use unreadable::UnreadableKind;

/// The label of every request that no route matches: paths as sent would make a series each.
pub const UNMATCHED: &str = "unmatched";

/// The outcomes of a call to Haravan, so that each counts from zero before it first happens.
pub const UPSTREAM_OUTCOMES: [&str; 5] = ["answered", "refused", "throttled", "unauthorized", "failed"];

/// What calls to Haravan are made for, so that each counts from zero before it first happens.
pub const CALL_CAUSES: [&str; 8] =
    ["question", "page", "proof", "retry", "bisect", "refresh", "locations", "passthrough"];

/// What may be wrong with a call to Haravan that brings no answer, so that each counts from zero too.
pub const CALL_ERRORS: [&str; 16] = [
    "throttled",
    "unauthorized",
    "blocked",
    "ids_refused",
    "rejected",
    "server_error",
    "unexpected_status",
    "timeout",
    "dns",
    "connection_refused",
    "untrusted_issuer",
    "tls",
    "connect_timeout",
    "reset",
    "connection",
    "unreadable",
];

/// The reasons for which a shop's calls are stopped, so that each is shown as 0 while it does not hold.
pub const STOP_REASONS: [&str; 2] = ["failing", "unauthorized"];

/// The methods that have a label of their own; any other is [`OTHER_METHOD`].
const METHODS: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"];
/// The label of every other method: callers can make them up.
const OTHER_METHOD: &str = "OTHER";

/// From an answer out of memory to the longest wait that can be asked for, in seconds.
const ANSWER_SECONDS: &[f64] =
    &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];
/// From a fast call to Haravan to one that runs out of time, in seconds.
const CALL_SECONDS: &[f64] = &[0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0];
/// From a single cell to the largest tile, in cells.
const BATCH_CELLS: &[f64] = &[1.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0, 2500.0];

/// Declares the families: a field and its documentation, the name and the labels, buckets if it has any.
macro_rules! families {
    ($(
        #[doc = $help:literal]
        $field:ident: $family:ty = $name:literal, $labels:expr $(, $buckets:expr)?;
    )+) => {
        /// Every family there is.
        #[derive(Debug, Clone)]
        struct Families {
            $(#[doc = $help] $field: $family,)+
        }

        impl Families {
            fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
                let families = Self {
                    $($field: <$family>::declared($name, $help.trim(), &$labels, &[$($buckets)?])?,)+
                };
                $(registry.register(Box::new(families.$field.clone()))?;)+
                Ok(families)
            }
        }
    };
}

families! {
    /// Requests answered, by route pattern, method and status.
    http_requests: IntCounterVec = "tonkho_http_requests_total", ["route", "method", "status"];
    /// Time from a request's head to its answer's head, by route pattern.
    http_seconds: HistogramVec = "tonkho_http_request_duration_seconds", ["route"], ANSWER_SECONDS;
    /// Cells served: hit (fresh in the cache), stale, fetched (by a call for this request) or joined (a call for another).
    cells: IntCounterVec = "tonkho_cells_total", ["shop", "result"];
    /// Cells held in the cache.
    resident_cells: IntGaugeVec = "tonkho_resident_cells", ["shop"];
    /// Bytes that the cells held take up.
    cache_bytes: IntGaugeVec = "tonkho_cache_bytes", ["shop"];
    /// Calls made to Haravan, by how they ended.
    upstream_requests: IntCounterVec = "tonkho_upstream_requests_total", ["shop", "outcome"];
    /// Calls made to Haravan, by what they were made for.
    upstream_calls: IntCounterVec = "tonkho_upstream_calls_total", ["shop", "cause"];
    /// Calls to Haravan that brought no answer, by what was wrong.
    upstream_errors: IntCounterVec = "tonkho_upstream_errors_total", ["shop", "error"];
    /// Time that a call to Haravan took, however it ended.
    upstream_seconds: HistogramVec = "tonkho_upstream_request_duration_seconds", ["shop"], CALL_SECONDS;
    /// Cells that one inventory call to Haravan asked for.
    batch_cells: HistogramVec = "tonkho_upstream_batch_cells", ["shop"], BATCH_CELLS;
    /// Places taken in the leaky bucket that Haravan keeps for the shop, as far as is known.
    bucket_level: GaugeVec = "tonkho_bucket_level", ["shop"];
    /// Places of that bucket that may be taken here: its size less the headroom left to other programs.
    bucket_usable: GaugeVec = "tonkho_bucket_usable", ["shop"];
    /// Whether calls for the shop are stopped, by reason: failing (Haravan fails) or unauthorized (it refuses the token).
    shop_stopped: IntGaugeVec = "tonkho_shop_stopped", ["shop", "reason"];
    /// Cells that wait for a call to Haravan, by priority.
    queue_cells: IntGaugeVec = "tonkho_queue_cells", ["shop", "priority"];
    /// Rows with a negative available quantity among the cells held.
    negative_rows: IntGaugeVec = "tonkho_negative_available_rows", ["shop"];
    /// Rows that went back in time by `updated_at` and were believed once a second reading agreed: a shop was restored, or a clock put right.
    rows_went_back: IntCounterVec = "tonkho_rows_went_back_total", ["shop"];
    /// Rows and locations that Haravan sent and that could not be taken as they are, by kind.
    unreadable: IntCounterVec = "tonkho_unreadable_total", ["shop", "kind"];
    /// Connections of callers that are open.
    connections: IntGaugeVec = "tonkho_http_connections", [];
    /// Connections that came when the most were open already: over them only the probes were answered.
    connections_beyond: IntCounterVec = "tonkho_http_connections_beyond_total", [];
    /// Background tasks that ended in a panic. Each is a mistake in the program.
    task_panics: IntCounterVec = "tonkho_task_panics_total", [];
    /// Always 1; the labels say which build is running.
    build_info: IntGaugeVec = "tonkho_build_info", ["version", "revision"];
}

/// All metrics of a process; clones share them.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Registry,
    families: Families,
}

/// What is counted of one route, by one thread.
#[derive(Debug)]
pub struct RouteMetrics {
    route: String,
    seconds: Histogram,
    requests: IntCounterVec,
    /// One for each method and status met so far: a handful.
    answers: Vec<(MethodLabel, u16, IntCounter)>,
}

/// A method as a label: one of a closed set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MethodLabel(&'static str);

/// What is counted of one shop. Clones count together.
#[derive(Debug, Clone)]
pub struct ShopMetrics {
    /// Cells served fresh from the cache.
    pub cells_hit: IntCounter,
    /// Cells served stale.
    pub cells_stale: IntCounter,
    /// Cells that a call brought for the request that asked first.
    pub cells_fetched: IntCounter,
    /// Cells that a call brought for requests that joined it.
    pub cells_joined: IntCounter,
    /// Rows with a negative available quantity among the cells held.
    pub negative_rows: IntGauge,
    shop: String,
    resident_cells: IntGauge,
    cache_bytes: IntGauge,
    bucket_level: Gauge,
    bucket_usable: Gauge,
    shop_stopped: IntGaugeVec,
    queue_cells: IntGaugeVec,
    upstream_requests: IntCounterVec,
    upstream_calls: IntCounterVec,
    upstream_errors: IntCounterVec,
    upstream_seconds: Histogram,
    batch_cells: Histogram,
    rows_went_back: IntCounter,
    unreadable: IntCounterVec,
}

/// What is counted of connections. Clones count together.
#[derive(Debug, Clone)]
pub struct ConnectionMetrics {
    /// Those that are open.
    pub open: IntGauge,
    /// Those that came when the most were open already.
    pub beyond: IntCounter,
}

/// What is not counted as it happens, but read when metrics are asked for.
#[derive(Debug, Clone, Copy)]
pub struct ShopReading<'a> {
    /// Cells held in the cache.
    pub resident_cells: u64,
    /// Their bytes.
    pub cache_bytes: u64,
    /// Places taken in the bucket.
    pub bucket_level: f64,
    /// Places of the bucket that may be taken.
    pub bucket_usable: f64,
    /// Why calls are stopped, one of [`STOP_REASONS`], if they are.
    pub stopped: Option<&'static str>,
    /// Cells waiting for a call, by priority; every priority is listed.
    pub queue_cells: &'a [(&'static str, usize)],
}

/// A kind of family: how it is made from its declaration.
trait Family: Collector + Sized {
    fn declared(
        name: &str,
        help: &str,
        labels: &[&str],
        buckets: &[&[f64]],
    ) -> Result<Self, prometheus::Error>;
}

impl Metrics {
    /// All metrics, with nothing counted.
    ///
    /// # Errors
    /// Two of them have the same name, or one has a name that may not be.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let families = Families::register(&registry)?;
        let revision = option_env!("TONKHO_REVISION").unwrap_or("unknown");
        families.build_info.with_label_values(&[env!("CARGO_PKG_VERSION"), revision]).set(1);
        Ok(Self { registry, families })
    }

    /// Where they are gathered from.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The metrics of the route with this pattern, or of [`UNMATCHED`].
    #[must_use]
    pub fn route(&self, pattern: &str) -> RouteMetrics {
        RouteMetrics {
            route: pattern.to_owned(),
            seconds: self.families.http_seconds.with_label_values(&[pattern]),
            requests: self.families.http_requests.clone(),
            answers: Vec::new(),
        }
    }

    /// The metrics of connections.
    #[must_use]
    pub fn connections(&self) -> ConnectionMetrics {
        ConnectionMetrics {
            open: self.families.connections.with_label_values::<&str>(&[]),
            beyond: self.families.connections_beyond.with_label_values::<&str>(&[]),
        }
    }

    /// Shows how many background tasks have panicked so far. Calls must not overlap.
    pub fn show_task_panics(&self, panics: u64) {
        let shown = self.families.task_panics.with_label_values::<&str>(&[]);
        shown.inc_by(panics.saturating_sub(shown.get()));
    }

    /// Removes the gauges of a shop that is no longer served. Its counters stay: they count what has happened.
    pub fn remove_gauges(&self, org_id: OrgId) {
        let families = &self.families;
        let shop = org_id.to_string();
        // A series that does not exist is removed already.
        for gauges in [&families.resident_cells, &families.cache_bytes, &families.negative_rows] {
            let _ = gauges.remove_label_values(&[shop.as_str()]);
        }
        for gauges in [&families.bucket_level, &families.bucket_usable] {
            let _ = gauges.remove_label_values(&[shop.as_str()]);
        }
        for reason in STOP_REASONS {
            let _ = families.shop_stopped.remove_label_values(&[shop.as_str(), reason]);
        }
        for priority in Priority::ALL {
            let _ = families.queue_cells.remove_label_values(&[shop.as_str(), priority.as_str()]);
        }
    }

    /// The metrics of a shop, each of them zero until something happens.
    #[must_use]
    pub fn shop(&self, org_id: OrgId) -> ShopMetrics {
        let families = &self.families;
        let shop = org_id.to_string();
        let of_shop = [shop.as_str()];
        let cells = |result| families.cells.with_label_values(&[shop.as_str(), result]);
        for outcome in UPSTREAM_OUTCOMES {
            families.upstream_requests.with_label_values(&[shop.as_str(), outcome]);
        }
        for kind in UnreadableKind::ALL {
            families.unreadable.with_label_values(&[shop.as_str(), kind.as_str()]);
        }
        for cause in CALL_CAUSES {
            families.upstream_calls.with_label_values(&[shop.as_str(), cause]);
        }
        for error in CALL_ERRORS {
            families.upstream_errors.with_label_values(&[shop.as_str(), error]);
        }
        ShopMetrics {
            cells_hit: cells("hit"),
            cells_stale: cells("stale"),
            cells_fetched: cells("fetched"),
            cells_joined: cells("joined"),
            negative_rows: families.negative_rows.with_label_values(&of_shop),
            resident_cells: families.resident_cells.with_label_values(&of_shop),
            cache_bytes: families.cache_bytes.with_label_values(&of_shop),
            bucket_level: families.bucket_level.with_label_values(&of_shop),
            bucket_usable: families.bucket_usable.with_label_values(&of_shop),
            shop_stopped: families.shop_stopped.clone(),
            queue_cells: families.queue_cells.clone(),
            upstream_requests: families.upstream_requests.clone(),
            upstream_calls: families.upstream_calls.clone(),
            upstream_errors: families.upstream_errors.clone(),
            upstream_seconds: families.upstream_seconds.with_label_values(&of_shop),
            batch_cells: families.batch_cells.with_label_values(&of_shop),
            rows_went_back: families.rows_went_back.with_label_values(&of_shop),
            unreadable: families.unreadable.clone(),
            shop,
        }
    }
}

impl RouteMetrics {
    /// Counts a request that was answered.
    pub fn answered(&mut self, method: MethodLabel, status: u16, took: Duration) {
        self.seconds.observe(took.as_secs_f64());
        let known = self.answers.iter().find(|(label, code, _)| *label == method && *code == status);
        match known {
            Some((_, _, answers)) => answers.inc(),
            None => {
                let labels = [self.route.as_str(), method.0, &status.to_string()];
                let answers = self.requests.with_label_values(&labels);
                answers.inc();
                self.answers.push((method, status, answers));
            }
        }
    }
}

impl MethodLabel {
    /// The label of a method as sent.
    #[must_use]
    pub fn of(method: &str) -> Self {
        Self(METHODS.into_iter().find(|known| *known == method).unwrap_or(OTHER_METHOD))
    }

    /// Its text.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.0
    }

    /// The method, unless it is one that callers made up.
    #[must_use]
    pub fn known(self) -> Option<&'static str> {
        (self.0 != OTHER_METHOD).then_some(self.0)
    }
}

impl ShopMetrics {
    /// Counts a call to Haravan that ended so, one of [`UPSTREAM_OUTCOMES`].
    pub fn upstream_request(&self, outcome: &'static str, took: Duration) {
        self.upstream_requests.with_label_values(&[self.shop.as_str(), outcome]).inc();
        self.upstream_seconds.observe(took.as_secs_f64());
    }

    /// Counts a call to Haravan that is about to be made, for one of [`CALL_CAUSES`].
    pub fn upstream_call(&self, cause: &'static str) {
        self.upstream_calls.with_label_values(&[self.shop.as_str(), cause]).inc();
    }

    /// Counts a call to Haravan that brought no answer, for one of [`CALL_ERRORS`].
    pub fn upstream_error(&self, error: &'static str) {
        self.upstream_errors.with_label_values(&[self.shop.as_str(), error]).inc();
    }

    /// The shop, as labels name it.
    #[must_use]
    pub fn shop(&self) -> &str {
        &self.shop
    }

    /// Counts the cells that one inventory call asks for.
    pub fn upstream_batch(&self, cells: usize) {
        self.batch_cells.observe(f64::from(u32::try_from(cells).unwrap_or(u32::MAX)));
    }

    /// Counts rows that went back in time.
    pub fn rows_went_back(&self, rows: usize) {
        self.rows_went_back.inc_by(u64::try_from(rows).unwrap_or(u64::MAX));
    }

    /// Counts a row or a location that could not be taken as it is.
    pub fn unreadable(&self, kind: UnreadableKind) {
        self.unreadable.with_label_values(&[self.shop.as_str(), kind.as_str()]).inc();
    }

    /// Shows what was read.
    pub fn show(&self, reading: ShopReading<'_>) {
        self.resident_cells.set(i64::try_from(reading.resident_cells).unwrap_or(i64::MAX));
        self.cache_bytes.set(i64::try_from(reading.cache_bytes).unwrap_or(i64::MAX));
        self.bucket_level.set(reading.bucket_level);
        self.bucket_usable.set(reading.bucket_usable);
        for reason in STOP_REASONS {
            let stopped = self.shop_stopped.with_label_values(&[self.shop.as_str(), reason]);
            stopped.set(i64::from(reading.stopped == Some(reason)));
        }
        for (priority, cells) in reading.queue_cells {
            let waiting = self.queue_cells.with_label_values(&[self.shop.as_str(), *priority]);
            waiting.set(i64::try_from(*cells).unwrap_or(i64::MAX));
        }
    }
}

impl Family for IntCounterVec {
    fn declared(name: &str, help: &str, labels: &[&str], _: &[&[f64]]) -> Result<Self, prometheus::Error> {
        Self::new(Opts::new(name, help), labels)
    }
}

impl Family for IntGaugeVec {
    fn declared(name: &str, help: &str, labels: &[&str], _: &[&[f64]]) -> Result<Self, prometheus::Error> {
        Self::new(Opts::new(name, help), labels)
    }
}

impl Family for GaugeVec {
    fn declared(name: &str, help: &str, labels: &[&str], _: &[&[f64]]) -> Result<Self, prometheus::Error> {
        Self::new(Opts::new(name, help), labels)
    }
}

impl Family for HistogramVec {
    fn declared(
        name: &str,
        help: &str,
        labels: &[&str],
        buckets: &[&[f64]],
    ) -> Result<Self, prometheus::Error> {
        Self::new(HistogramOpts::new(name, help).buckets(buckets.concat()), labels)
    }
}

#[cfg(test)]
mod tests;
