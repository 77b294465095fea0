//! The spans of a trace: which steps of a request's way have one, what each is called, and what it says.
//!
//! They are `tracing` spans under a [`TARGET`] of their own, which no log line shows and only the exporter in
//! `telemetry` listens to; without a listener, every function here ends at a static check. A request that was not
//! sampled has no span, and what is done for it has none either: a span is made below another or not at all.
//!
//! No span holds a path or a query as it was sent, an id of a variant or a location, a key or a token.

pub mod context;

use tracing::field::Empty;
use tracing::{Level, Span};

use crate::domain::id::OrgId;

/// What every span of a trace is made under.
pub const TARGET: &str = "tonkho::trace";

/// Where the cells of a question came from, as its span shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CellCounts {
    /// Asked for.
    pub asked: usize,
    /// Served fresh from the cache.
    pub hit: usize,
    /// Served stale from the cache.
    pub stale: usize,
    /// Asked of Haravan for this question.
    pub fetched: usize,
    /// Asked of Haravan already for another question, and waited for.
    pub joined: usize,
    /// Not answered.
    pub missing: usize,
    /// Calls made for what was fetched or joined.
    pub calls: usize,
}

/// One call to Haravan, before it is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    /// The path's pattern, such as `/com/locations.json`.
    pub template: &'static str,
    /// Which page is asked for, from 1; `None` if the resource has no pages.
    pub page: Option<usize>,
    /// How often this very call was made before.
    pub resends: u32,
}

/// How a call to Haravan ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallEnd {
    /// It was answered with this status and, if rows were asked for, this number of rows.
    Answered {
        /// The status.
        status: u16,
        /// Rows, or locations, in the page.
        rows: Option<usize>,
    },
    /// It was not.
    Failed {
        /// The status, where there was one.
        status: Option<u16>,
        /// What kind of failure it was.
        error: &'static str,
    },
}

/// Whether spans of traces are exported.
#[must_use]
pub fn is_enabled() -> bool {
    tracing::span_enabled!(target: TARGET, Level::INFO)
}

/// Whether what is done now is part of a trace.
#[must_use]
pub fn is_active() -> bool {
    is_enabled() && !Span::current().is_none()
}

/// The root span of a request. `method` is `None` if it is not a known one.
#[must_use]
pub fn request(method: Option<&'static str>, route: Option<&str>, request_id: Option<&str>) -> Span {
    let named = method.unwrap_or("HTTP");
    let name = route.map(|route| format!("{named} {route}"));
    tracing::info_span!(
        target: TARGET,
        parent: None,
        "request",
        otel.name = name.as_deref().unwrap_or(named),
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = method.unwrap_or("_OTHER"),
        http.route = route,
        http.response.status_code = Empty,
        url.scheme = "http",
        error.type = Empty,
        tonkho.request_id = request_id,
        tonkho.shop = Empty,
        tonkho.cache = Empty,
        tonkho.cells.asked = Empty,
        tonkho.cells.hit = Empty,
        tonkho.cells.stale = Empty,
        tonkho.cells.fetched = Empty,
        tonkho.cells.joined = Empty,
        tonkho.cells.missing = Empty,
        tonkho.calls = Empty,
    )
}

/// Notes the shop that the current request is about.
pub fn shop(org_id: OrgId) {
    if is_active() {
        Span::current().record("tonkho.shop", org_id.to_string());
    }
}

/// Notes where the cells of the current request came from.
pub fn cells(counts: impl FnOnce() -> CellCounts) {
    if !is_active() {
        return;
    }
    let span = Span::current();
    let CellCounts { asked, hit, stale, fetched, joined, missing, calls } = counts();
    for (name, count) in [
        ("tonkho.cells.asked", asked),
        ("tonkho.cells.hit", hit),
        ("tonkho.cells.stale", stale),
        ("tonkho.cells.fetched", fetched),
        ("tonkho.cells.joined", joined),
        ("tonkho.cells.missing", missing),
        ("tonkho.calls", calls),
    ] {
        span.record(name, number(count));
    }
}

/// Notes how a request was answered; `cache` is `hit`, `stale` or `miss`.
pub fn answered(request: &Span, status: u16, cache: Option<&'static str>) {
    request.record("http.response.status_code", i64::from(status));
    request.record("tonkho.cache", cache);
    if 500 <= status {
        fail(request, &status.to_string());
    }
}

/// A wait for cells, on the current request.
#[must_use]
pub fn load(priority: &'static str, cells: usize) -> Span {
    if !is_active() {
        return Span::none();
    }
    tracing::info_span!(
        target: TARGET,
        "load",
        tonkho.priority = priority,
        tonkho.cells.asked = number(cells),
        tonkho.cells.joined = Empty,
        tonkho.cells.missing = Empty,
        tonkho.calls = Empty,
    )
}

/// Notes what came of a wait for cells.
pub fn loaded(load: &Span, joined: usize, missing: usize, calls: usize) {
    load.record("tonkho.cells.joined", number(joined));
    load.record("tonkho.cells.missing", number(missing));
    load.record("tonkho.calls", number(calls));
}

/// The time from asking a governor for leave until it is given, on the current work.
#[must_use]
pub fn governor_wait() -> Span {
    if is_active() { tracing::info_span!(target: TARGET, "governor wait") } else { Span::none() }
}

/// The time that cells of a load wait until the governor permits the call for them.
#[must_use]
pub fn governor_wait_of(load: &Span) -> Span {
    tracing::info_span!(target: TARGET, parent: load, "governor wait")
}

/// A tile in flight, below a load.
#[must_use]
pub fn tile(load: &Span, priority: &'static str, variants: usize, locations: usize) -> Span {
    tracing::info_span!(
        target: TARGET,
        parent: load,
        "tile",
        tonkho.priority = priority,
        tonkho.tile.variants = number(variants),
        tonkho.tile.locations = number(locations),
    )
}

/// A load's wait for cells in the tile of another trace. It links to the tile, if that is traced.
#[must_use]
pub fn join(load: &Span, tile: Option<&Span>, cells: usize) -> Span {
    let join = tracing::info_span!(target: TARGET, parent: load, "join", tonkho.cells.joined = number(cells));
    if let Some(tile) = tile {
        join.follows_from(tile);
    }
    join
}

/// The time that a page is in doubt: it may have been cut, and other calls may show whether it was.
#[must_use]
pub fn doubt() -> Span {
    if is_active() { tracing::info_span!(target: TARGET, "doubt") } else { Span::none() }
}

/// A reading of all the shop's locations, page after page.
#[must_use]
pub fn locations() -> Span {
    if is_active() { tracing::info_span!(target: TARGET, "locations") } else { Span::none() }
}

/// One call to Haravan, on the current work.
#[must_use]
pub fn call(call: Call) -> Span {
    if !is_active() {
        return Span::none();
    }
    let Call { template, page, resends } = call;
    tracing::info_span!(
        target: TARGET,
        "call",
        otel.name = format!("GET {template}"),
        otel.kind = "client",
        otel.status_code = Empty,
        http.request.method = "GET",
        http.request.resend_count = (0 < resends).then_some(i64::from(resends)),
        http.response.status_code = Empty,
        url.template = template,
        error.type = Empty,
        tonkho.page.number = page.map(number),
        tonkho.page.rows = Empty,
    )
}

/// Notes how a call ended.
pub fn called(call: &Span, end: CallEnd) {
    match end {
        CallEnd::Answered { status, rows } => {
            call.record("http.response.status_code", i64::from(status));
            call.record("tonkho.page.rows", rows.map(number));
        }
        CallEnd::Failed { status, error } => {
            call.record("http.response.status_code", status.map(i64::from));
            match status {
                Some(status) => fail(call, &status.to_string()),
                None => fail(call, error),
            }
        }
    }
}

fn fail(span: &Span, error: &str) {
    span.record("error.type", error);
    span.record("otel.status_code", "error");
}

/// Integers of traces are signed.
fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
