//! What calls and traces go through, and why connections fail.

use std::io::Read;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection};
use tonkho::settings::base_url::BaseUrl;

use crate::gateway::{EXAMPLE, EXAMPLE_QUERY, TestApp};
use crate::process::Process;

/// A certificate for `localhost` of an authority that is not trusted, and its key, as hexadecimal DER.
const CERTIFICATE: &str = "3082019d30820144a0030201020214344ba60239c533554daf11e935085ecf336b65dd300a06082a8648ce3d04030230 \
     1d311b301906035504030c126e6f626f64792074727573747320746869733020170d3236313132363232323031365a18 \
     0f32313236313130323232323031365a30143112301006035504030c096c6f63616c686f73743059301306072a8648ce \
     3d020106082a8648ce3d03010703420004d388e535437c1945ff06fbddb41ccab709808fb904ef1f9871251ec476197f \
     4bffd4363569685562ada918c257b8b80b4d8aa4fc495a448bb28586d6fc2c1b78a3693067301a0603551d1104133011 \
     82096c6f63616c686f737487047f00000130090603551d1304023000301d0603551d0e04160414f63be00a90559e11a2 \
     a32b1d4957fdead7c163df301f0603551d230418301680147ed558f03ed5d3ef17ba9bcb7ef0a53aa6eb7891300a0608 \
     2a8648ce3d04030203470030440220014b37ff643e6767758be800016e80a7881f2af51449097e5e07c41a816a700e02 \
     2042fa80d7431871e5690e1a56f1bd930009596c609e5e1544ab5c162b46adfe22";
const KEY: &str = "308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420fe295f2a7cc20b53b902ddaf \
     bc890015d60c32cbc5751030008a6258255b51a8a14403420004d388e535437c1945ff06fbddb41ccab709808fb904ef \
     1f9871251ec476197f4bffd4363569685562ada918c257b8b80b4d8aa4fc495a448bb28586d6fc2c1b78";

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

fn bytes(hexadecimal: &str) -> Vec<u8> {
    let digits: Vec<u8> = hexadecimal.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

/// Serves TLS with a certificate that is not trusted; gives back its port.
fn distrusted() -> u16 {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(bytes(KEY)));
    let certificates = vec![CertificateDer::from(bytes(CERTIFICATE))];
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(certificates, key).unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for mut connection in listener.incoming().map_while(Result::ok) {
            let mut tls = ServerConnection::new(Arc::clone(&config)).unwrap();
            // Ends with the caller's alert.
            let _ = tls.complete_io(&mut connection);
        }
    });
    port
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
        let proxy = Proxy::listen();
        let variables =
            [("HTTPS_PROXY", proxy.url.as_str()), ("TONKHO__HARAVAN__BASE_URL", "https://haravan.invalid")];
        let process =
            Process::start(&format!("telemetry.log_format = \"json\"\n{setting}"), &variables).await;
        let path = format!("/shops/1000/com/inventory_locations.json?{EXAMPLE_QUERY}");
        process.get(&path, &[]).await.problem(502, "upstream-failed");
        assert_eq!(0 < proxy.heard(), expected, "{setting}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_are_told_why_a_connection_failed() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let distrusted = distrusted();
    for (base_url, error, message) in [
        (format!("http://127.0.0.1:{closed}"), "connection_refused", "refused"),
        ("https://no-such-name.invalid".to_owned(), "dns", "dns"),
        (format!("https://localhost:{distrusted}"), "untrusted_issuer", "tls: untrusted issuer"),
    ] {
        let base_url = BaseUrl::parse(&base_url).unwrap();
        let app = TestApp::builder()
            .settings(|settings| {
                settings.haravan.base_url = base_url;
                settings.haravan.proxy = tonkho::settings::proxy::HaravanProxy::Never;
            })
            .spawn()
            .await;
        app.inventory(EXAMPLE, EXAMPLE_QUERY).await.problem(502, "upstream-failed");
        let shops = app.get("/shops").await.ok();
        let expected = format!("the connection to Haravan failed: {message}");
        assert_eq!(shops["shops"][0]["last_error"]["message"], expected);
        let series = format!(r#"tonkho_upstream_errors_total{{error="{error}",shop="1000"}}"#);
        assert!(1.0 <= app.metric(&series).await, "{series}");
    }
}
