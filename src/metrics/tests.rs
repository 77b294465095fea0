//! What is gathered, as Prometheus reads it.

use std::time::Duration;

use prometheus::TextEncoder;

use super::{CALL_CAUSES, MethodLabel, Metrics, STOP_REASONS, ShopReading, UNMATCHED, UPSTREAM_OUTCOMES};
use crate::domain::id::OrgId;
use crate::governor::{CallOutcome, Stop};
use crate::haravan::CallCause;

/// Of a shop where nothing much happens.
const READING: ShopReading<'_> = ShopReading {
    resident_cells: 7,
    cache_bytes: 8,
    bucket_level: 2.5,
    bucket_usable: 76.0,
    stopped: None,
    queue_cells: &[("interactive", 3)],
};

fn text(metrics: &Metrics) -> String {
    TextEncoder::new().encode_to_string(&metrics.registry().gather()).unwrap()
}

fn shop(metrics: &Metrics) -> super::ShopMetrics {
    metrics.shop(OrgId::new(1000).unwrap())
}

#[track_caller]
fn check_line(metrics: &Metrics, line: &str) {
    let text = text(metrics);
    assert!(text.lines().any(|found| found == line), "{line}\nis not in\n{text}");
}

#[test]
fn the_build_is_told_from_the_start() {
    let version = env!("CARGO_PKG_VERSION");
    let line = format!("tonkho_build_info{{revision=\"unknown\",version=\"{version}\"}} 1");
    if option_env!("TONKHO_REVISION").is_none() {
        check_line(&Metrics::new().unwrap(), &line);
    }
}

#[test]
fn every_family_has_a_help_text_and_a_type() {
    let metrics = Metrics::new().unwrap();
    shop(&metrics).show(READING);
    metrics.route("/shops").answered(MethodLabel::of("GET"), 200, Duration::from_millis(3));
    let text = text(&metrics);
    for family in [
        "http_requests_total counter",
        "http_request_duration_seconds histogram",
        "cells_total counter",
        "resident_cells gauge",
        "cache_bytes gauge",
        "upstream_requests_total counter",
        "upstream_calls_total counter",
        "upstream_request_duration_seconds histogram",
        "upstream_batch_cells histogram",
        "bucket_level gauge",
        "bucket_usable gauge",
        "shop_stopped gauge",
        "queue_cells gauge",
        "negative_available_rows gauge",
        "build_info gauge",
    ] {
        let (name, _) = family.split_once(' ').unwrap();
        assert!(text.contains(&format!("# TYPE tonkho_{family}\n")), "{family} in\n{text}");
        assert!(text.contains(&format!("# HELP tonkho_{name} ")), "{name} in\n{text}");
    }
}

#[test]
fn a_shop_counts_from_zero_before_anything_happens() {
    let metrics = Metrics::new().unwrap();
    let _shop = shop(&metrics);
    check_line(&metrics, "tonkho_cells_total{result=\"joined\",shop=\"1000\"} 0");
    for outcome in UPSTREAM_OUTCOMES {
        let line = format!("tonkho_upstream_requests_total{{outcome=\"{outcome}\",shop=\"1000\"}} 0");
        check_line(&metrics, &line);
    }
}

#[test]
fn a_call_counts_under_its_outcome_and_in_the_durations() {
    let metrics = Metrics::new().unwrap();
    let shop = shop(&metrics);
    shop.upstream_request(CallOutcome::Answered.as_str(), Duration::from_millis(300));
    shop.upstream_batch(250);
    check_line(&metrics, "tonkho_upstream_requests_total{outcome=\"answered\",shop=\"1000\"} 1");
    check_line(&metrics, "tonkho_upstream_request_duration_seconds_sum{shop=\"1000\"} 0.3");
    check_line(&metrics, "tonkho_upstream_batch_cells_sum{shop=\"1000\"} 250");
}

#[test]
fn the_outcomes_are_those_that_the_governor_knows() {
    let throttled = CallOutcome::Throttled { retry_after: Duration::ZERO, whole_shop: false };
    let outcomes = [
        CallOutcome::Answered,
        CallOutcome::Refused,
        throttled,
        CallOutcome::Unauthorized,
        CallOutcome::Failed,
    ];
    assert_eq!(outcomes.map(CallOutcome::as_str), UPSTREAM_OUTCOMES);
}

#[test]
fn what_calls_are_made_for_is_what_the_client_tells() {
    assert_eq!(CallCause::ALL.map(CallCause::as_str), CALL_CAUSES);
    let metrics = Metrics::new().unwrap();
    shop(&metrics).upstream_call(CallCause::Proof.as_str());
    check_line(&metrics, "tonkho_upstream_calls_total{cause=\"proof\",shop=\"1000\"} 1");
    check_line(&metrics, "tonkho_upstream_calls_total{cause=\"bisect\",shop=\"1000\"} 0");
}

#[test]
fn a_shop_is_stopped_for_one_reason_until_it_is_not() {
    let metrics = Metrics::new().unwrap();
    let shop = shop(&metrics);
    let told = |reason: &str, stopped: u8| {
        let line = format!("tonkho_shop_stopped{{reason=\"{reason}\",shop=\"1000\"}} {stopped}");
        check_line(&metrics, &line);
    };
    for (stopped, [failing, unauthorized]) in
        [(None, [0, 0]), (Some("failing"), [1, 0]), (Some("unauthorized"), [0, 1]), (None, [0, 0])]
    {
        shop.show(ShopReading { stopped, ..READING });
        told("failing", failing);
        told("unauthorized", unauthorized);
    }
}

#[test]
fn the_reasons_to_stop_are_those_that_the_governor_has() {
    assert_eq!([Stop::Failing, Stop::Unauthorized].map(Stop::as_str), STOP_REASONS);
}

#[test]
fn two_threads_count_one_route_together() {
    let metrics = Metrics::new().unwrap();
    for mut route in [metrics.route(UNMATCHED), metrics.route(UNMATCHED)] {
        route.answered(MethodLabel::of("GET"), 404, Duration::ZERO);
        route.answered(MethodLabel::of("GET"), 404, Duration::ZERO);
    }
    check_line(&metrics, "tonkho_http_requests_total{method=\"GET\",route=\"unmatched\",status=\"404\"} 4");
}

#[test]
fn made_up_methods_share_a_label() {
    assert_eq!(MethodLabel::of("DELETE").as_str(), "DELETE");
    assert_eq!(MethodLabel::of("BREW").as_str(), "OTHER");
    assert_eq!(MethodLabel::of("get").as_str(), "OTHER");
}
