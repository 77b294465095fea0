//! What calls and traces go through, and why connections fail.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use parking_lot::Mutex;
use tonkho::settings::base_url::BaseUrl;

use crate::gateway::{EXAMPLE_QUERY, TestApp};
use crate::process::Process;
use crate::tls_server::{AUTHORITY, TlsServer, read_head};

/// What calls are made for: the shop's stock, and what is passed through.
const PATHS: [&str; 2] = [
    "/shops/1000/com/inventory_locations.json?variant_ids=1&location_ids=1",
    "/shops/1000/com/products/count.json",
];
/// `user:password`, as a proxy is told it.
const LOGIN: &str = "proxy-authorization: basic dxnlcjpwyxnzd29yza==";

/// A proxy that never answers, and counts its connections.
struct Proxy {
    url: String,
    heard: Arc<AtomicUsize>,
}

impl Proxy {
    fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let heard = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&heard);
        thread::spawn(move || {
            for mut connection in listener.incoming().map_while(Result::ok) {
                counted.fetch_add(1, Ordering::SeqCst);
                let _ = connection.read(&mut [0; 1_024]);
            }
        });
        Self { url, heard }
    }

    fn heard(&self) -> usize {
        self.heard.load(Ordering::SeqCst)
    }
}

/// A proxy that makes tunnels for those who have its password, all to one server; the heads of what it was asked.
fn tunnelling(to: u16) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let heads = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&heads);
    thread::spawn(move || {
        for mut caller in listener.incoming().map_while(Result::ok) {
            let Some(head) = read_head(&mut caller) else { continue };
            let may = head.to_lowercase().lines().any(|line| line == LOGIN);
            seen.lock().push(head);
            if !may {
                let _ = caller.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
                continue;
            }
            caller.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").unwrap();
            let server = TcpStream::connect(("127.0.0.1", to)).unwrap();
            let (mut from_caller, mut to_server) = (caller.try_clone().unwrap(), server.try_clone().unwrap());
            thread::spawn(move || std::io::copy(&mut from_caller, &mut to_server));
            let (mut from_server, mut to_caller) = (server, caller);
            thread::spawn(move || std::io::copy(&mut from_server, &mut to_caller));
        }
    });
    (port, heads)
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_to_loopback_go_through_no_proxy_of_the_environment() {
    let proxy = Proxy::listen();
    let names = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    let variables = names.map(|name| (name, proxy.url.as_str()));
    let process = Process::start("telemetry.log_format = \"json\"", &variables).await;
    let path = format!("/shops/1000/com/inventory_locations.json?{EXAMPLE_QUERY}");
    assert_eq!(process.get(&path, &[]).await.rows().len(), 4);
    assert_eq!(proxy.heard(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn traces_go_through_the_proxy_that_is_named_and_no_other() {
    for (named, expected) in [(false, false), (true, true)] {
        let proxy = Proxy::listen();
        // No such collector: what is heard of its traces is heard by the proxy.
        let endpoint = "otlp_endpoint = \"http://collector.invalid:4318\"";
        let through = if named { format!(", otlp_proxy = \"{}\"", proxy.url) } else { String::new() };
        let telemetry = format!("telemetry = {{ log_format = \"json\", {endpoint}{through} }}");
        let mut process =
            Process::start(&telemetry, &[("HTTP_PROXY", &proxy.url), ("http_proxy", &proxy.url)]).await;
        let path = format!("/shops/1000/com/inventory_locations.json?{EXAMPLE_QUERY}");
        assert_eq!(process.get(&path, &[]).await.rows().len(), 4);
        process.stop().await;
        assert_eq!(0 < proxy.heard(), expected, "named: {named}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_over_https_go_through_the_proxy_of_the_environment_unless_told_otherwise() {
    for (setting, expected) in [("", true), ("haravan.proxy = \"none\"", false)] {
        for path in PATHS {
            let proxy = Proxy::listen();
            let variables = [
                ("HTTPS_PROXY", proxy.url.as_str()),
                ("TONKHO__HARAVAN__BASE_URL", "https://haravan.invalid"),
            ];
            let process =
                Process::start(&format!("telemetry.log_format = \"json\"\n{setting}"), &variables).await;
            process.get(path, &[]).await.problem(502, "upstream-failed");
            assert_eq!(0 < proxy.heard(), expected, "{setting} {path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_goes_encrypted_through_a_tunnel_to_whom_the_machine_trusts() {
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("authority.pem");
    std::fs::write(&authority, AUTHORITY).unwrap();
    let haravan = TlsServer::start(r#"{"inventory_locations":[]}"#);
    let (port, asked) = tunnelling(haravan.port);
    let with_password = format!("http://user:password@127.0.0.1:{port}");
    for (proxy, is_served) in [(with_password, true), (format!("http://127.0.0.1:{port}"), false)] {
        let named = format!("haravan.proxy = \"{proxy}\"");
        for (setting, variable) in [(named.as_str(), ""), ("", proxy.as_str())] {
            let variables = [
                ("HTTPS_PROXY", variable),
                ("SSL_CERT_FILE", authority.to_str().unwrap()),
                ("TONKHO__HARAVAN__BASE_URL", "https://haravan.invalid"),
            ];
            let settings = format!("telemetry.log_format = \"json\"\n{setting}");
            let process = Process::start(&settings, &variables).await;
            for path in PATHS {
                let answer = process.get(path, &[]).await;
                if is_served {
                    assert_eq!(answer.status, 200, "{path}");
                } else {
                    answer.problem(502, "upstream-failed");
                }
            }
        }
    }
    assert!(asked.lock().iter().all(|head| head.starts_with("CONNECT haravan.invalid:443 HTTP/1.1\r\n")));
    let heads = haravan.heads();
    assert_eq!(heads.len(), 4);
    assert!(
        heads.iter().all(|head| head.contains("sandbox-1000") && !head.to_lowercase().contains("proxy-"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_are_told_why_a_connection_failed() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let distrusted = TlsServer::start("{}").port;
    for (base_url, error, message) in [
        (format!("http://127.0.0.1:{closed}"), "connection_refused", "refused"),
        ("https://no-such-name.invalid".to_owned(), "dns", "dns"),
        (format!("https://localhost:{distrusted}"), "untrusted_issuer", "tls: untrusted issuer"),
    ] {
        for path in PATHS {
            let base_url = BaseUrl::parse(&base_url).unwrap();
            let app = TestApp::builder()
                .settings(|settings| {
                    settings.haravan.base_url = base_url;
                    settings.haravan.proxy = tonkho::settings::proxy::HaravanProxy::Never;
                })
                .spawn()
                .await;
            app.get(path).await.problem(502, "upstream-failed");
            let shops = app.get("/shops").await.ok();
            let expected = format!("the connection to Haravan failed: {message}");
            assert_eq!(shops["shops"][0]["last_error"]["message"], expected);
            let series = format!(r#"tonkho_upstream_errors_total{{error="{error}",shop="1000"}}"#);
            assert!(1.0 <= app.metric(&series).await, "{series}");
        }
    }
}
