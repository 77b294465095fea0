//! On the wire: old clients, odd clients, broken ones and hostile ones, each over a connection of its own.

use crate::gateway::{EXAMPLE_QUERY, TestApp};

const POST: &str = "POST /shops/1000/com/inventory_locations.json HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\
                    authorization: Bearer tk_all\r\ncontent-type: application/json\r\n";
const BODY: &str = r#"{"location_ids":[963414,1007284],"variant_ids":[1061514767,1064240649]}"#;

/// The status of the answer, and the whole of what came.
async fn ask(app: &TestApp, request: &str) -> (u16, String) {
    let answer = app.raw(request.as_bytes()).await;
    let last = answer.strip_prefix("HTTP/1.1 100 Continue\r\n\r\n").unwrap_or(&answer);
    let status = last.split(' ').nth(1).and_then(|status| status.parse().ok());
    (status.unwrap_or_else(|| panic!("no answer to {request:?}: {answer:?}")), answer)
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\nx-api-key: tk_all\r\n\r\n")
}

#[track_caller]
fn is_problem(answer: &str, slug: &str) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let head = head.to_ascii_lowercase();
    assert!(head.contains("content-type: application/problem+json"), "{answer}");
    assert!(head.contains("cache-control: no-store"), "{answer}");
    assert!(head.contains("x-request-id: "), "{answer}");
    assert!(body.contains(&format!("\"type\":\"urn:tonkho:problem:{slug}\"")), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn http_1_0_is_answered_and_the_connection_closed() {
    let app = TestApp::spawn().await;
    let path = format!("/shops/1000/com/inventory_locations.json?{EXAMPLE_QUERY}");
    let (status, answer) = ask(&app, &format!("GET {path} HTTP/1.0\r\nx-api-key: tk_all\r\n\r\n")).await;
    assert_eq!(status, 200, "{answer}");
    assert!(answer.ends_with("]}") && answer.contains("\r\ncontent-length: "), "{answer}");
    // What is streamed has no length, and HTTP/1.0 knows no chunks: the end of the connection is its end.
    let stock = format!(
        "GET /shops/1000/stock?{EXAMPLE_QUERY} HTTP/1.0\r\nx-api-key: tk_all\r\naccept: text/csv\r\n\r\n"
    );
    let (status, answer) = ask(&app, &stock).await;
    assert_eq!(status, 200, "{answer}");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(!head.to_ascii_lowercase().contains("transfer-encoding"), "{answer}");
    assert!(body.starts_with("variant_id,") && body.trim_end().lines().count() == 3, "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_asks_before_it_sends_is_told_to_go_on() {
    let app = TestApp::spawn().await;
    let request = format!("{POST}content-length: {}\r\nexpect: 100-continue\r\n\r\n{BODY}", BODY.len());
    let (status, answer) = ask(&app, &request).await;
    assert!(answer.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"), "{answer}");
    assert_eq!(status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_in_chunks_is_put_together() {
    let app = TestApp::spawn().await;
    let (first, second) = BODY.split_at(30);
    let chunks =
        format!("{:x}\r\n{first}\r\n{:X};note=1\r\n{second}\r\n0\r\n\r\n", first.len(), second.len());
    let (status, answer) = ask(&app, &format!("{POST}transfer-encoding: chunked\r\n\r\n{chunks}")).await;
    assert_eq!(status, 200, "{answer}");
    assert!(answer.contains("\"id\":1007549786"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_whose_end_is_in_doubt_is_refused() {
    let app = TestApp::spawn().await;
    for heads in [
        "content-length: 5\r\ntransfer-encoding: chunked\r\n",
        "content-length: 5\r\ncontent-length: 6\r\n",
        "content-length: -1\r\n",
        "content-length: 5x\r\n",
        "transfer-encoding: chunked, identity\r\n",
    ] {
        let (status, answer) = ask(&app, &format!("{POST}{heads}\r\n0\r\n\r\n")).await;
        assert_eq!(status, 400, "{heads:?}: {answer}");
        is_problem(&answer, "invalid-parameter");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_shops_in_the_path_are_like_shops_that_are_not_there() {
    let app = TestApp::spawn().await;
    for org_id in [
        "0",
        "-1",
        "+1000",
        "1000.0",
        "1e3",
        "01000x",
        "abc",
        "%FF",
        "%00",
        "%zz",
        "%",
        "1000%20",
        "99999999999999999999999999",
        "%2e%2e",
        "1000%2Fstock",
        "null",
        "*",
    ] {
        let (status, answer) = ask(&app, &get(&format!("/shops/{org_id}/stock?variant_ids=1"))).await;
        assert_eq!(status, 403, "{org_id}: {answer}");
        is_problem(&answer, "forbidden");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_variants_in_the_path_are_named() {
    let app = TestApp::spawn().await;
    for variant_id in ["0", "-1", "abc", "1.5", "%FF", "%zz", "%", "99999999999999999999999999"] {
        let (status, answer) = ask(&app, &get(&format!("/shops/1000/stock/{variant_id}"))).await;
        assert_eq!(status, 400, "{variant_id}: {answer}");
        is_problem(&answer, "invalid-parameter");
    }
    let (status, answer) = ask(&app, &get("/shops/1000/stock/10615%3147%36%37")).await;
    assert_eq!(status, 200, "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_that_are_nobodys_are_problems_however_they_are_spelled() {
    let app = TestApp::spawn().await;
    for path in [
        "/shops/1000/",
        "//nowhere//",
        "/SHOPS",
        "/%",
        "/%zz",
        "/%FF%FE",
        "/shops/1000/../1000/stock",
        "/shops%2F1000%2Fstock",
        "/docs/../shops",
        "/docs/%2e%2e/x",
        "/.git/config",
        "/com",
        "/a%00b",
    ] {
        let (status, answer) = ask(&app, &get(path)).await;
        assert_eq!(status, 404, "{path}: {answer}");
        is_problem(&answer, "not-found");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_whose_encoding_is_broken_are_named() {
    let app = TestApp::spawn().await;
    for (query, named) in [
        ("variant_ids=%", "variant_ids"),
        ("variant_ids=1%2", "variant_ids"),
        ("variant_ids=%zz", "variant_ids"),
        ("variant_ids=1&location_ids=%ff", "location_ids"),
        ("variant_ids=1&location_ids=1&limit=%C0%B1", "limit"),
    ] {
        let (status, answer) = ask(&app, &get(&format!("/shops/1000/stock?{query}"))).await;
        assert_eq!(status, 400, "{query}: {answer}");
        is_problem(&answer, "invalid-parameter");
        assert!(answer.contains(&format!("\"detail\":\"{named}: ")), "{query}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_no_http_are_problems() {
    let app = TestApp::spawn().await;
    for request in [
        "GET / HTTP/1.1\r\nhost: a\r\nx y: 1\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "\u{1}\u{2}\u{3}\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: a\r\nx: a\u{0}b\r\n\r\n",
    ] {
        let (status, answer) = ask(&app, request).await;
        assert_eq!(status, 400, "{request:?}: {answer}");
        is_problem(&answer, "invalid-parameter");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_that_is_no_text_is_as_good_as_none() {
    let app = TestApp::spawn().await;
    let path = format!("/shops/1000/stock?{EXAMPLE_QUERY}");
    for header in [
        "accept",
        "cache-control",
        "prefer",
        "if-none-match",
        "x-request-id",
        "accept-encoding",
        "traceparent",
    ] {
        let head =
            format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\nx-api-key: tk_all\r\n{header}: ");
        let answer = app.raw_bytes(&[head.as_bytes(), b"\xff\xfe\r\n\r\n"].concat()).await;
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with("HTTP/1.1 200 "), "{header}: {answer}");
    }
    let head = format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n");
    for key in [
        "x-api-key: \u{ff}",
        "x-haravan-access-token: \u{ff}",
        "authorization: Bearer \u{ff}",
        "authorization: Bearer",
    ] {
        let (status, answer) = ask(&app, &format!("{head}{key}\r\n\r\n")).await;
        assert_eq!(status, 401, "{key}: {answer}");
        is_problem(&answer, "unauthenticated");
    }
}
