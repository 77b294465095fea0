//! Everything else of Haravan's API: it goes on and comes back as it is, through the shop's governor.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;
use tonkho::sandbox::faults::{Failure, Faults};

use crate::gateway::{EXAMPLE, TK_ALL, TK_HARAVAN, TK_READER, TestApp};
use crate::scripted::{Script, Scripted};

const PRODUCTS: &str = "/shops/1000/com/products.json";
const VARIANT: &str = "/shops/1000/com/variants/1061514767.json";
const CHANGE: &str = r#"{"variant":{"sku":"NEW"}}"#;

/// A gateway before a Haravan that plays this script.
async fn scripted(script: impl Fn(&str) -> Script + Send + Sync + 'static) -> (TestApp, Scripted) {
    let haravan = Scripted::start(script).await;
    let app = haravan
        .before(TestApp::builder())
        .settings(|settings| settings.haravan.request_timeout = Duration::from_millis(700))
        .settings(|settings| settings.haravan.connect_timeout = Duration::from_millis(700))
        .settings(|settings| settings.passthrough.max_body = 1 << 20)
        .spawn()
        .await;
    (app, haravan)
}

fn write(app: &TestApp, method: Method, path: &str) -> crate::gateway::Ask {
    app.ask(method, path).key(TK_ALL).header("content-type", "application/json")
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_and_writes_need_scopes_of_their_own() {
    let app = TestApp::spawn().await;
    for method in [Method::GET, Method::HEAD] {
        assert_eq!(app.ask(method, PRODUCTS).key(TK_HARAVAN).await.status, 200);
    }
    for method in [Method::POST, Method::PUT, Method::DELETE] {
        let refused = app.ask(method, VARIANT).key(TK_HARAVAN).body(CHANGE).await;
        assert!(refused.detail(403, "forbidden").contains("haravan-write"));
    }
    app.ask(Method::GET, PRODUCTS).key(TK_READER).await.problem(403, "forbidden");
    app.ask(Method::GET, PRODUCTS).await.problem(401, "unauthenticated");
    assert_eq!(write(&app, Method::PUT, VARIANT).body(CHANGE).await.ok()["variant"]["sku"], "NEW");
    let refused = app.ask(Method::PATCH, VARIANT).key(TK_ALL).body(CHANGE).await;
    refused.problem(405, "method-not-allowed");
    assert_eq!(refused.header("allow"), Some("GET, HEAD, POST, PUT, DELETE, OPTIONS"));
}

#[tokio::test(flavor = "multi_thread")]
async fn patterns_narrow_what_is_read_and_what_is_written() {
    let app = TestApp::builder()
        .settings(|settings| {
            settings.passthrough.allow = vec!["products/*".parse().unwrap(), "shop.json".parse().unwrap()];
            settings.passthrough.write = vec!["inventories/*".parse().unwrap()];
        })
        .spawn()
        .await;
    assert_eq!(app.get("/shops/1000/com/shop.json").await.status, 200);
    assert_eq!(app.get("/shops/1000/com/products/count.json").await.status, 200);
    for path in [PRODUCTS, "/shops/1000/com/Shop.json", "/shops/1000/com/orders.json?x=products/"] {
        assert!(app.get(path).await.detail(403, "forbidden").contains("passthrough.allow"), "{path}");
    }
    let refused = write(&app, Method::PUT, VARIANT).body(CHANGE).await;
    assert!(refused.detail(403, "forbidden").contains("passthrough.write"));
    assert_eq!(app.shop(EXAMPLE).requests().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn path_query_body_and_a_few_headers_go_on_byte_for_byte() {
    let (app, haravan) = scripted(|_| Script::json("201 Created", "{}")).await;
    let body = r#"{"a":"tồn kho"}"#;
    let answer = app
        .ask(Method::POST, "/shops/1000/com/a//b%20c%2Cd.json/?x=1&x=%2F..%2f&empty=&+y")
        .key(TK_ALL)
        .header("content-type", "application/json; charset=utf-8")
        .header("accept", "application/vnd.x+json")
        .header("accept-language", "vi")
        .header("cookie", "session=1")
        .header("x-forwarded-for", "10.0.0.1")
        .header("te", "trailers")
        .header("proxy-authorization", "Basic x")
        .body(body)
        .await;
    assert_eq!(answer.status, 201);
    let request = haravan.requests().pop().unwrap();
    let (head, sent) = request.split_once("\r\n\r\n").unwrap();
    assert_eq!(sent, body);
    let lines: Vec<String> = head.lines().map(str::to_owned).collect();
    assert_eq!(lines[0], "POST /com/a//b%20c%2Cd.json/?x=1&x=%2F..%2f&empty=&+y HTTP/1.1");
    let mut names: Vec<_> =
        lines[1..].iter().map(|line| line.split(':').next().unwrap().to_lowercase()).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "accept",
            "accept-language",
            "authorization",
            "content-length",
            "content-type",
            "host",
            "user-agent"
        ]
    );
    assert!(head.to_lowercase().contains("authorization: bearer sandbox-1000\r\n"));
    assert!(!request.contains(TK_ALL));
    assert!(lines.contains(&"content-type: application/json; charset=utf-8".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_libraries_would_rewrite_goes_on_byte_for_byte() {
    let (app, haravan) = scripted(|_| Script::json("200 OK", "{}")).await;
    for target in
        ["/com/a'b/[c];d.json?name='ao'%27&ids[]=1|2&q={%22a%22}^`", "/com/A//..b/~c?", "/com/a?b?c=/../d"]
    {
        let request = format!(
            "GET /shops/1000{target} HTTP/1.1\r\nhost: a\r\nx-api-key: {TK_ALL}\r\nconnection: close\r\n\r\n"
        );
        let answer = app.raw_bytes(request.as_bytes()).await;
        assert!(answer.starts_with(b"HTTP/1.1 200 "), "{target}");
        let sent = haravan.requests().pop().unwrap();
        assert_eq!(sent.lines().next().unwrap(), format!("GET {target} HTTP/1.1"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_comes_as_haravan_sent_it_and_nothing_is_followed() {
    let (app, haravan) = scripted(|_| {
        Script::Answer(
            b"HTTP/1.1 302 Found\r\nlocation: https://elsewhere/x\r\ncontent-type: text/plain; charset=x\r\n\
              content-encoding: odd\r\nretry-after: 2.0\r\nx-haravan-api-call-limit: 3/80\r\nset-cookie: a=b\r\n\
              server: kestrel\r\nx-powered-by: x\r\nkeep-alive: timeout=5\r\nupgrade: h2c\r\n\
              content-length: 4\r\n\r\n\x00\xff\r\n"
                .to_vec(),
        )
    })
    .await;
    let request = format!(
        "GET {PRODUCTS} HTTP/1.1\r\nhost: a\r\nx-api-key: {TK_ALL}\r\naccept-encoding: br\r\nconnection: close\r\n\r\n"
    );
    let answer = app.raw_bytes(request.as_bytes()).await;
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let (head, body) = (String::from_utf8(answer[..end].to_vec()).unwrap(), &answer[end + 4..]);
    assert!(head.starts_with("HTTP/1.1 302 "), "{head}");
    assert_eq!(body, b"\x00\xff\r\n");
    for line in [
        "location: https://elsewhere/x",
        "content-type: text/plain; charset=x",
        "content-encoding: odd",
        "retry-after: 2.0",
        "x-haravan-api-call-limit: 3/80",
        "content-length: 4",
        "cache-status: tonkho; fwd=bypass",
    ] {
        assert!(head.lines().any(|other| other.eq_ignore_ascii_case(line)), "{line}: {head}");
    }
    for name in ["set-cookie", "server", "x-powered-by", "keep-alive", "upgrade"] {
        assert!(!head.to_lowercase().contains(&format!("\r\n{name}:")), "{name}: {head}");
    }
    assert!(haravan.requests()[0].contains("\r\naccept-encoding: br\r\n"));
    assert_eq!(haravan.requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_status_comes_as_it_is_again_and_again() {
    for (status, body) in [
        ("401 Unauthorized", r#"{"errors":"no"}"#),
        ("403 Forbidden", r#"{"errors":"scope"}"#),
        ("404 Not Found", ""),
        ("422 Unprocessable Entity", r#"{"errors":{"sku":["taken"]}}"#),
        ("500 Internal Server Error", "<html>"),
        ("503 Service Unavailable", "later"),
    ] {
        let (app, haravan) = scripted(move |_| Script::json(status, body)).await;
        for times in 1..=7 {
            let answer = app.get(PRODUCTS).await;
            assert_eq!((answer.status.to_string(), answer.text()), (status[..3].to_owned(), body.to_owned()));
            assert_eq!(haravan.requests().len(), times, "a read of {status} is not asked again");
        }
        let answer = write(&app, Method::PUT, VARIANT).body(CHANGE).await;
        assert_eq!((answer.status.to_string(), answer.text()), (status[..3].to_owned(), body.to_owned()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_is_asked_as_a_head_and_keeps_its_length() {
    let (app, haravan) = scripted(|_| {
        Script::Answer(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/csv\r\ncontent-length: 12345678901\r\n\r\n".to_vec(),
        )
    })
    .await;
    let answer = app
        .raw(
            format!(
                "HEAD {PRODUCTS} HTTP/1.1\r\nhost: a\r\nx-api-key: {TK_ALL}\r\nconnection: close\r\n\r\n"
            )
            .as_bytes(),
        )
        .await;
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.contains("content-length: 12345678901\r\n"),
        "{answer}"
    );
    assert!(answer.ends_with("\r\n\r\n"), "{answer}");
    assert!(haravan.requests()[0].starts_with("HEAD /com/products.json "));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_throttled_read_is_waited_out() {
    let app = TestApp::spawn().await;
    app.shop(EXAMPLE).set_faults(Faults {
        throttle_next: 3,
        retry_after: Some("0.3".to_owned()),
        ..Faults::default()
    });
    let asked = Instant::now();
    assert_eq!(app.get(PRODUCTS).await.status, 200);
    assert!(Duration::from_millis(900) <= asked.elapsed(), "{:?}", asked.elapsed());
    assert_eq!(app.shop(EXAMPLE).requests().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_that_stays_throttled_ends_with_the_429_as_it_came() {
    for retry_after in ["0.4", "30.5"] {
        let app = TestApp::spawn().await;
        app.shop(EXAMPLE).set_faults(Faults {
            throttle_next: 1_000,
            retry_after: Some(retry_after.to_owned()),
            ..Faults::default()
        });
        let asked = Instant::now();
        let answer = app.get(PRODUCTS).header("prefer", "wait=1").await;
        assert_eq!((answer.status, answer.header("retry-after")), (429, Some(retry_after)));
        assert_ne!(answer.header("content-type"), Some("application/problem+json"));
        assert!(asked.elapsed() < Duration::from_secs(3), "{:?}", asked.elapsed());
        // The header shows an empty bucket: inventory goes on.
        app.shop(EXAMPLE).set_faults(Faults::default());
        assert_eq!(app.example().await.rows().len(), 4);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_that_waited_for_its_turn_most_of_the_time_is_rate_limited() {
    let app = TestApp::builder().bucket(1, 1.25).spawn().await;
    assert_eq!(app.get(PRODUCTS).await.status, 200);
    app.shop(EXAMPLE).set_faults(Faults { latency_ms: 2_000, ..Faults::default() });
    let answer = app.get(PRODUCTS).header("prefer", "wait=1").await;
    answer.problem(429, "rate-limited");
    assert!(answer.header("retry-after").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_throttled_write_is_not_sent_again() {
    let app = TestApp::spawn().await;
    app.shop(EXAMPLE).set_faults(Faults {
        throttle_next: 1,
        retry_after: Some("0.1".to_owned()),
        ..Faults::default()
    });
    let answer = write(&app, Method::PUT, VARIANT).body(CHANGE).await;
    assert_eq!((answer.status, answer.header("retry-after")), (429, Some("0.1")));
    assert_eq!(app.shop(EXAMPLE).requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_whose_answer_is_lost_or_late_may_have_been_carried_out() {
    let (app, haravan) = scripted(|_| Script::AnswerAndClose(Vec::new())).await;
    let detail = write(&app, Method::PUT, VARIANT).body(CHANGE).await.detail(502, "upstream-failed");
    assert!(detail.contains("may have been carried out"), "{detail}");
    assert_eq!(haravan.requests().len(), 1);
    let (app, haravan) = scripted(|_| Script::Silence).await;
    let detail = write(&app, Method::DELETE, VARIANT).await.detail(504, "upstream-timeout");
    assert!(detail.contains("may have been carried out"), "{detail}");
    assert_eq!(haravan.requests().len(), 1);
    // A read is asked again, on a new connection, and changes nothing.
    let detail = app.get(PRODUCTS).header("prefer", "wait=1").await.detail(504, "upstream-timeout");
    assert!(!detail.contains("carried out"), "{detail}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_reached_nobody_was_not_carried_out() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = tonkho::settings::base_url::BaseUrl::parse(&format!("http://{closed}")).unwrap();
    let app = TestApp::builder().settings(|settings| settings.haravan.base_url = url).spawn().await;
    let detail = write(&app, Method::PUT, VARIANT).body(CHANGE).await.detail(502, "upstream-failed");
    assert!(!detail.contains("carried out"), "{detail}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_could_lead_elsewhere_is_refused_and_nothing_asked() {
    let (app, haravan) = scripted(|_| Script::json("200 OK", "{}")).await;
    for path in [
        "/shops/1000/com/../com/products.json",
        "/shops/1000/com/a/%2e%2E/products.json",
        "/shops/1000/com/a%2Fproducts.json",
        "/shops/1000/com/a%5c..%5cproducts.json",
        "/shops/1000/com/a%0d%0aX-Evil:1",
        "/shops/1000/com/..;/products.json",
    ] {
        let answer = app
            .raw(
                format!("GET {path} HTTP/1.1\r\nhost: a\r\nx-api-key: {TK_ALL}\r\nconnection: close\r\n\r\n")
                    .as_bytes(),
            )
            .await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{path}: {answer}");
        assert!(answer.contains("the path cannot be passed through"), "{path}: {answer}");
    }
    // A target with a host of its own goes to Haravan all the same.
    let absolute = format!(
        "GET http://elsewhere/shops/1000/com/products.json?next=http://x HTTP/1.1\r\nhost: a\r\nx-api-key: {TK_ALL}\r\n\
         connection: close\r\n\r\n"
    );
    assert!(app.raw(absolute.as_bytes()).await.starts_with("HTTP/1.1 200"));
    assert_eq!(haravan.requests().len(), 1);
    assert!(haravan.requests()[0].starts_with("GET /com/products.json?next=http://x HTTP/1.1\r\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_may_be_long_but_not_longer_than_allowed() {
    let (app, haravan) = scripted(|_| Script::json("200 OK", "{}")).await;
    let body = "x".repeat(1 << 20);
    assert_eq!(write(&app, Method::POST, PRODUCTS_X).body(body.clone()).await.status, 200);
    assert!(haravan.requests()[0].ends_with(&body));
    assert!(haravan.requests()[0].to_lowercase().contains("\r\ncontent-length: 1048576\r\n"));
    let long = write(&app, Method::POST, PRODUCTS_X).body(format!("{body}x")).await;
    assert!(long.detail(413, "body-too-large").contains("passthrough.max_body"));
    // In chunks, its length is not known before.
    let mut connection = app.connect().await;
    let head = format!(
        "POST {PRODUCTS_X} HTTP/1.1\r\nhost: a\r\nx-api-key: {TK_ALL}\r\ntransfer-encoding: chunked\r\n\
         connection: close\r\n\r\n"
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    let chunk = format!("{:x}\r\n{}\r\n", 200_000, "y".repeat(200_000));
    for _ in 0..6 {
        if connection.write_all(chunk.as_bytes()).await.is_err() {
            break;
        }
    }
    let mut answer = Vec::new();
    // The rest may be cut off.
    let _ = connection.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert_eq!(haravan.requests().len(), 1, "Haravan got no whole request of it");
}

const PRODUCTS_X: &str = "/shops/1000/com/files.json";

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_breaks_off_never_looks_whole() {
    for length in [100, 300_000] {
        let (app, haravan) = scripted(|_| Script::json("200 OK", "{}")).await;
        let mut connection = app.connect().await;
        let head = format!(
            "POST {PRODUCTS_X} HTTP/1.1\r\nhost: a\r\nx-api-key: {TK_ALL}\r\ntransfer-encoding: chunked\r\n\r\n{length:x}\r\n"
        );
        connection.write_all(head.as_bytes()).await.unwrap();
        connection.write_all("z".repeat(length).as_bytes()).await.unwrap();
        connection.write_all(b"\r\n").await.unwrap();
        drop(connection);
        assert_eq!(app.get(PRODUCTS).await.status, 200);
        assert_eq!(haravan.requests().len(), 1, "only the read came whole");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_too_long_breaks_off_or_is_refused() {
    let (app, _haravan) =
        scripted(|_| Script::Answer(b"HTTP/1.1 200 OK\r\ncontent-length: 1048577\r\n\r\n".to_vec())).await;
    assert!(app.get(PRODUCTS).await.detail(502, "upstream-failed").contains("passthrough.max_body"));
    let (app, _haravan) = scripted(|_| {
        let part = format!("{:x}\r\n{}\r\n", 10_000, "x".repeat(10_000));
        Script::Endless(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec(), part.into_bytes())
    })
    .await;
    let answer = app
        .raw_bytes(format!("GET {PRODUCTS} HTTP/1.1\r\nhost: a\r\nx-api-key: {TK_ALL}\r\n\r\n").as_bytes())
        .await;
    assert!(answer.starts_with(b"HTTP/1.1 200") && !answer.ends_with(b"0\r\n\r\n"));
    assert!(answer.len() < 1_200_000, "{}", answer.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_falls_silent_breaks_off() {
    let (app, _haravan) =
        scripted(|_| Script::Answer(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc".to_vec())).await;
    let answer = app
        .raw_bytes(format!("GET {PRODUCTS} HTTP/1.1\r\nhost: a\r\nx-api-key: {TK_ALL}\r\n\r\n").as_bytes())
        .await;
    assert!(answer.ends_with(b"\r\n\r\nabc"), "the connection is closed, not held");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_under_way_holds_no_place_among_the_calls_in_flight() {
    let heads = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&heads);
    let (app, haravan) = scripted(move |request| {
        counted.fetch_add(1, Ordering::SeqCst);
        if request.starts_with("GET /com/slow") {
            Script::Answer(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc".to_vec())
        } else {
            Script::json("200 OK", "{}")
        }
    })
    .await;
    let mut open = Vec::new();
    for _ in 0..12 {
        let mut connection = app.connect().await;
        let slow =
            format!("GET /shops/1000/com/slow.json HTTP/1.1\r\nhost: a\r\nx-api-key: {TK_ALL}\r\n\r\n");
        connection.write_all(slow.as_bytes()).await.unwrap();
        let mut first = [0; 12];
        connection.read_exact(&mut first).await.unwrap();
        open.push(connection);
    }
    assert_eq!(app.get(PRODUCTS).await.status, 200);
    haravan.wait_for(13).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_leaves_does_not_end_a_write() {
    let app = TestApp::spawn().await;
    let shop = app.shop(EXAMPLE);
    shop.set_faults(Faults { latency_ms: 300, ..Faults::default() });
    let mut connection = app.connect().await;
    let request = format!(
        "PUT {VARIANT} HTTP/1.1\r\nhost: a\r\nx-api-key: {TK_ALL}\r\ncontent-length: {}\r\n\r\n{CHANGE}",
        CHANGE.len()
    );
    connection.write_all(request.as_bytes()).await.unwrap();
    while shop.requests().is_empty() {
        tokio::task::yield_now().await;
    }
    drop(connection);
    let sku = || async { app.get(VARIANT).await.ok()["variant"]["sku"].clone() };
    while sku().await != json!("NEW") {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_resource_takes_no_turn_from_another() {
    let app = TestApp::spawn().await;
    let faults = Faults {
        fail_only: Some(tonkho::sandbox::request::Resource::Products),
        ..Faults::failing(1_000, Failure::Status500)
    };
    app.shop(EXAMPLE).set_faults(faults);
    for _ in 0..20 {
        assert_eq!(app.get(PRODUCTS).await.status, 500);
    }
    assert_eq!(app.example().await.rows().len(), 4);
}
