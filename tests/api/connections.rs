//! Connections: no caller holds one for nothing, and the probes are answered however many there are.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::collector::PATIENCE;
use crate::gateway::{Builder, TestApp};
use crate::process::{Bounds, Process};

/// Longer than a test waits for anything.
const AN_HOUR: Duration = Duration::from_secs(3600);

/// A gateway where bodies have this long to come.
fn with_body_timeout(body_timeout: Duration) -> Builder {
    TestApp::builder().settings(|settings| settings.server.body_timeout = body_timeout)
}

/// The first byte of a form that is to have many.
const FORM: &str = "POST /page/sign-in HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\
                    content-type: application/x-www-form-urlencoded\r\n\r\nk";
/// The same of JSON.
const JSON: &str = "POST /shops/1000/stock HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\
                    authorization: Bearer tk_all\r\ncontent-type: application/json\r\n\r\n{";
/// The same of JSON in chunks.
const CHUNKS: &str = "POST /shops/1000/stock HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\
                      authorization: Bearer tk_all\r\ncontent-type: application/json\r\n\r\n1\r\n{\r\n";
/// The same for a path where nothing is.
const NOWHERE: &str = "POST /nowhere HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{\r\n";

/// Sends this, and leaves the connection open.
async fn send(app: &TestApp, request: &str) -> TcpStream {
    let mut connection = app.connect().await;
    connection.write_all(request.as_bytes()).await.unwrap();
    connection
}

/// All that comes until the gateway closes the connection.
async fn rest_of(connection: &mut TcpStream) -> String {
    let mut answer = String::new();
    let read = timeout(PATIENCE, connection.read_to_string(&mut answer)).await;
    // A connection that is reset is closed, too.
    assert!(read.is_ok(), "the gateway should have closed the connection: {answer}");
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_does_not_come_in_time_is_a_408_and_ends_the_connection() {
    let app = with_body_timeout(Duration::from_millis(100)).spawn().await;
    for request in [FORM, JSON, CHUNKS] {
        let answer = rest_of(&mut send(&app, request).await).await;
        assert!(answer.starts_with("HTTP/1.1 408 "), "{request}: {answer}");
        assert!(answer.to_ascii_lowercase().contains("\r\nconnection: close\r\n"), "{request}: {answer}");
    }
    let answer = rest_of(&mut send(&app, JSON).await).await;
    assert!(answer.contains("urn:tonkho:problem:invalid-parameter"), "{answer}");
    assert!(answer.contains("server.body_timeout"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_nobody_reads_ends_the_connection() {
    let app = with_body_timeout(AN_HOUR).spawn().await;
    let answer = rest_of(&mut send(&app, NOWHERE).await).await;
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_body_does_not_hold_up_a_stop() {
    let grace = |settings: &mut tonkho::settings::Settings| settings.server.shutdown_grace = AN_HOUR;
    let mut app = with_body_timeout(AN_HOUR).settings(grace).spawn().await;
    let mut slow = [send(&app, FORM).await, send(&app, JSON).await, send(&app, NOWHERE).await];
    // Its head is not whole.
    let mut head = send(&app, "GET /health/live HTTP/1.1\r\nhost").await;
    app.stop();
    timeout(PATIENCE, app.ended()).await.expect("the gateway should have stopped");
    for connection in slow.iter_mut().chain([&mut head]) {
        rest_of(connection).await;
    }
}

/// A probe, and a question, that are the last of their connections.
const PROBE: &str = "GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n";
const QUESTION: &str = "GET /shops HTTP/1.1\r\nhost: a\r\nauthorization: Bearer tk_all\r\n\r\n";

/// A gateway where this many connections are served at once, and all of them are open.
async fn full(max_connections: usize) -> (TestApp, Vec<TcpStream>) {
    let app = TestApp::builder().settings(|settings| settings.server.max_connections = max_connections);
    let app = app.spawn().await;
    let mut open = Vec::new();
    for _ in 0..max_connections {
        open.push(served(&app).await);
    }
    (app, open)
}

/// A connection that was served, and stays open.
async fn served(app: &TestApp) -> TcpStream {
    let mut connection = send(app, QUESTION).await;
    let mut start = [0; 15];
    connection.read_exact(&mut start).await.unwrap();
    assert_eq!(&start, b"HTTP/1.1 200 OK");
    connection
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_the_most_connections_the_probes_are_answered_and_nothing_else_is() {
    let (app, mut open) = full(3).await;
    for path in ["/health/live", "/health/ready", "/metrics"] {
        let probe = PROBE.replace("/health/live", path);
        let answer = rest_of(&mut send(&app, &probe).await).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{path}: {answer}");
        assert!(answer.to_ascii_lowercase().contains("\r\nconnection: close\r\n"), "{path}: {answer}");
    }
    let answer = rest_of(&mut send(&app, QUESTION).await).await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(answer.contains("urn:tonkho:problem:too-many-requests"), "{answer}");
    assert!(answer.contains("retry-after: 1\r\n"), "{answer}");
    let metrics = rest_of(&mut send(&app, &PROBE.replace("/health/live", "/metrics")).await).await;
    assert!(metrics.contains("\ntonkho_http_connections 4\n"), "{metrics}");
    assert!(metrics.contains("\ntonkho_http_connections_beyond_total 5\n"), "{metrics}");
    // One of those that were served hangs up: there is room for another.
    open.pop();
    let room = async {
        while rest_of(&mut send(&app, &closing(QUESTION)).await).await.starts_with("HTTP/1.1 503 ") {}
    };
    timeout(PATIENCE, room).await.expect("a place should have become free");
}

/// The same request, as the last one of its connection.
fn closing(request: &str) -> String {
    request.replacen("\r\n", "\r\nconnection: close\r\n", 1)
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_connections_keep_no_probe_from_being_answered() {
    let (app, _open) = full(2).await;
    let mut silent = Vec::new();
    for _ in 0..100 {
        silent.push(app.connect().await);
        let answer = rest_of(&mut send(&app, PROBE).await).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "after {}: {answer}", silent.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn more_connections_than_there_are_descriptors_stop_no_probe() {
    let bounds = Bounds { descriptors: Some(200), ..Bounds::default() };
    let gateway = Process::start_within(bounds, "telemetry = { log_format = \"json\" }\n", &[]).await;
    let mut open = Vec::new();
    for _ in 0..260 {
        let mut connection = TcpStream::connect(gateway.addr()).await.unwrap();
        // One that is beyond the most is closed while it is written to, perhaps.
        let _ = connection.write_all(QUESTION.as_bytes()).await;
        open.push(connection);
    }
    for path in ["/health/live", "/health/ready", "/metrics"] {
        assert_eq!(timeout(PATIENCE, gateway.get(path, &[])).await.unwrap().status, 200, "{path}");
    }
    let served = gateway.line("listening").await["max_connections"].as_u64().unwrap();
    assert!((50..200).contains(&served), "{served}");
}
