//! A gateway's life over a real socket: built, ready, draining, stopped. No test sleeps.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::{App, AppError, Traffic};
use crate::settings::Settings;

/// A gateway that runs, and what ends it.
struct Running {
    url: String,
    stop: Option<oneshot::Sender<()>>,
    ended: JoinHandle<Result<(), AppError>>,
    traffic: std::sync::Arc<Traffic>,
    http: reqwest::Client,
}

impl Running {
    fn start(settings: Settings) -> Self {
        let app = App::build(settings).unwrap();
        let (stop, stopped) = oneshot::channel();
        let url = format!("http://{}", app.addr());
        let traffic = std::sync::Arc::clone(&app.traffic);
        let ended = tokio::spawn(app.run_until(async {
            let _ = stopped.await;
        }));
        Self { url, stop: Some(stop), ended, traffic, http: reqwest::Client::new() }
    }

    async fn get(&self, path: &str) -> reqwest::Response {
        self.http.get(format!("{}{path}", self.url)).send().await.unwrap()
    }

    async fn status(&self, path: &str) -> u16 {
        self.get(path).await.status().as_u16()
    }

    async fn metrics(&self) -> String {
        self.get("/metrics").await.text().await.unwrap()
    }

    fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }
}

/// Settings on a port that the system chooses.
fn settings() -> Settings {
    let mut settings = Settings::default();
    settings.server.listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    settings.server.workers = Some(1);
    settings
}

#[tokio::test]
async fn a_port_in_use_is_an_error_that_names_the_address() {
    let first = App::build(settings()).unwrap();
    let mut taken = settings();
    taken.server.listen = first.addr();
    let error = App::build(taken).unwrap_err();
    assert!(error.to_string().starts_with(&format!("cannot listen on {}: ", first.addr())), "{error}");
}

#[test]
fn a_gateway_outside_a_runtime_is_an_error() {
    assert!(matches!(App::build(settings()), Err(AppError::NoRuntime)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_is_ready_until_it_is_shutdown_signal() {
    let mut gateway = Running::start(settings());
    assert_eq!(gateway.status("/health/ready").await, 200);
    gateway.stop();
    gateway.ended.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_request_is_in_flight_a_stopping_gateway_says_that_it_is_not_ready() {
    let mut gateway = Running::start(settings());
    assert_eq!(gateway.status("/health/ready").await, 200);
    let in_flight = gateway.traffic.worker().enter();
    gateway.stop();
    // Draining is a matter of moments, which is what is waited for; not of time.
    let mut last = gateway.get("/health/ready").await;
    while last.status().as_u16() != 503 {
        last = gateway.get("/health/ready").await;
    }
    assert_eq!(last.headers().get("connection").map(|value| value.as_bytes()), Some(&b"close"[..]));
    drop(in_flight);
    gateway.ended.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_finish_is_cut_off_when_the_grace_is_over() {
    let mut settings = settings();
    settings.server.shutdown_grace = Duration::from_millis(20);
    let mut gateway = Running::start(settings);
    let _never_ends = gateway.traffic.worker().enter();
    gateway.stop();
    gateway.ended.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_counted_under_the_pattern_of_their_route() {
    let gateway = Running::start(settings());
    assert_eq!(gateway.status("/health/live?once=1").await, 200);
    assert_eq!(gateway.status("/health/live?once=2").await, 200);
    let metrics = gateway.metrics().await;
    let line = "tonkho_http_requests_total{method=\"GET\",route=\"/health/live\",status=\"200\"} 2";
    assert!(metrics.contains(line), "{metrics}");
    assert!(metrics.contains("tonkho_http_request_duration_seconds_count{route=\"/health/live\"} 2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_that_nobody_serves_share_one_series() {
    let gateway = Running::start(settings());
    for path in ["/.env", "/wp-login.php", "/admin"] {
        assert_eq!(gateway.status(path).await, 404);
    }
    let metrics = gateway.metrics().await;
    let line = "tonkho_http_requests_total{method=\"GET\",route=\"unmatched\",status=\"404\"} 3";
    assert!(metrics.contains(line), "{metrics}");
    assert!(!metrics.contains("wp-login"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_compressed_only_for_a_caller_that_asks() {
    let gateway = Running::start(settings());
    let plain = gateway.http.get(format!("{}/metrics", gateway.url)).header("accept-encoding", "identity");
    assert!(plain.send().await.unwrap().headers().get("content-encoding").is_none());
    let packed = gateway.http.get(format!("{}/metrics", gateway.url)).header("accept-encoding", "br");
    assert_eq!(packed.send().await.unwrap().headers().get("content-encoding").unwrap(), "br");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clock_of_a_gateway_is_there_to_be_advanced() {
    let app = App::build(settings()).unwrap();
    let before = app.clock().now();
    app.clock().advance(Duration::from_secs(60));
    assert!(Duration::from_secs(60) <= app.clock().now().since(before));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operators_listener_serves_the_metrics_and_the_probes_and_nothing_else() {
    let mut settings = settings();
    settings.server.admin_listen = Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
    let app = App::build(settings).unwrap();
    let (callers, operators) = (app.addr(), app.admin_addr().unwrap());
    let (stop, stopped) = oneshot::channel();
    let ended = tokio::spawn(app.run_until(async {
        let _ = stopped.await;
    }));
    let http = reqwest::Client::new();
    for (path, of_callers, of_operators) in [
        ("/metrics", 200, 200),
        ("/health/live", 200, 200),
        ("/health/ready", 200, 200),
        ("/openapi.json", 200, 404),
        ("/shops", 401, 404),
        ("/com/locations.json", 401, 404),
    ] {
        for (addr, expected) in [(callers, of_callers), (operators, of_operators)] {
            let answer = http.get(format!("http://{addr}{path}")).send().await.unwrap();
            assert_eq!(answer.status().as_u16(), expected, "{addr}{path}");
        }
    }
    stop.send(()).unwrap();
    ended.await.unwrap().unwrap();
    assert!(http.get(format!("http://{operators}/health/live")).send().await.is_err(), "it still listens");
}

#[tokio::test]
async fn an_operators_port_in_use_is_an_error_that_names_the_address() {
    let first = App::build(settings()).unwrap();
    let mut taken = settings();
    taken.server.admin_listen = Some(first.addr());
    let error = App::build(taken).unwrap_err();
    assert!(error.to_string().starts_with(&format!("cannot listen on {}: ", first.addr())), "{error}");
}

#[tokio::test]
async fn without_an_address_for_operators_there_is_one_listener() {
    assert_eq!(App::build(settings()).unwrap().admin_addr(), None);
}
