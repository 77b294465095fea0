//! Bodies: whatever JSON a caller's library writes is understood, and whatever is none is refused by name.

use reqwest::Method;

use crate::gateway::{Ask, EXAMPLE, TK_ALL, TestApp};

const PATH: &str = "/shops/1000/com/inventory_locations.json";
/// The document's question.
const BODY: &str = r#"{"location_ids":[963414,1007284],"variant_ids":[1061514767,1064240649]}"#;
/// How deep a body is nested that is meant to overflow a stack.
const DEEP: usize = 100_000;

fn post(app: &TestApp, body: impl Into<reqwest::Body>) -> Ask {
    app.ask(Method::POST, PATH).key(TK_ALL).header("content-type", "application/json").body(body)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_to_say_json_is_understood() {
    let app = TestApp::spawn().await;
    let expected = app.example().await.rows();
    for content_type in [
        "application/json",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        "Application/JSON ; charset=\"utf-8\"",
        "application/vnd.api+json",
    ] {
        let ask = app.ask(Method::POST, PATH).key(TK_ALL).header("content-type", content_type).body(BODY);
        assert_eq!(ask.await.rows(), expected, "{content_type}");
    }
    for content_type in [
        "text/plain",
        "text/json",
        "application/xml",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "json",
        "application/",
        "*/*",
    ] {
        let ask = app.ask(Method::POST, PATH).key(TK_ALL).header("content-type", content_type).body(BODY);
        ask.await.problem(415, "unsupported-media-type");
    }
    post(&app, BODY).header("content-encoding", "gzip").await.problem(415, "unsupported-media-type");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_byte_order_mark_and_blanks_around_are_no_matter() {
    let app = TestApp::spawn().await;
    let expected = app.example().await.rows();
    for body in [format!("\u{feff}{BODY}"), format!(" \r\n\t{BODY}\n \n"), format!("\u{feff}\n{BODY}")] {
        assert_eq!(post(&app, body.clone()).await.rows(), expected, "{body:?}");
    }
    post(&app, "\u{feff}").await.problem(400, "invalid-parameter");
    post(&app, format!("\u{feff}\u{feff}{BODY}")).await.problem(400, "invalid-parameter");
}

#[tokio::test(flavor = "multi_thread")]
async fn depth_overflows_nothing() {
    let app = TestApp::spawn().await;
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        let (open, close) = (open.repeat(DEEP), close.repeat(DEEP));
        for body in [
            open.clone(),
            format!("[{open}1{close}]"),
            format!(r#"{{"variant_ids":{open}1{close},"location_ids":[963414]}}"#),
            format!(r#"{{"variant_ids":[{open}1{close}],"location_ids":[963414]}}"#),
            format!(r#"{{"limit":{open}1{close},"variant_ids":[1],"location_ids":[963414]}}"#),
        ] {
            post(&app, body).await.problem(400, "invalid-parameter");
        }
        // Nobody asks for it, so nobody minds.
        let ignored = format!(r#"{{"x":{open}1{close},{}"#, &BODY[1..]);
        assert_eq!(post(&app, ignored).await.rows().len(), 4);
    }
    assert_eq!(app.upstream_calls(EXAMPLE), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_number_is_one_however_it_is_written() {
    let app = TestApp::spawn().await;
    for body in [
        r#"{"variant_ids":[1061514767.0,7],"location_ids":963414.00,"limit":250.0,"since_id":0.0}"#,
        r#"{"variant_ids":[1.061514767e9],"location_ids":[9.63414E+5],"limit":2.5e2}"#,
    ] {
        assert_eq!(post(&app, body).await.row_ids(), [1_007_549_786], "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_member_given_twice_the_last_one_counts() {
    let app = TestApp::spawn().await;
    let one = r#"{"variant_ids":[7],"location_ids":[963414,1007284],"variant_ids":[1061514767]}"#;
    let escaped = r#"{"variant_ids":[7],"location_ids":[963414,1007284],"variant\u005fids":"1061514767"}"#;
    for body in [one, escaped] {
        assert_eq!(post(&app, body).await.row_ids(), [1_006_907_070, 1_007_549_786], "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_json_text_is_told_where_it_stops_being_one() {
    let app = TestApp::spawn().await;
    for (body, told) in [
        (&b"{\"variant_ids\":[1],}"[..], "line 1, column 20"),
        (b"{\"variant_ids\":\n[1", "line 2"),
        (b"{'variant_ids':[1]}", "line 1, column 2"),
        (b"{\"variant_ids\":[1]} x", "line 1"),
        (b"{\"variant_ids\":\"\xff\"}", "line 1"),
        (b"{\"variant_ids\":[NaN]}", "line 1"),
        (b"\x1f\x8b\x08\x00", "line 1, column 1"),
        (b"variant_ids=1", "line 1, column 1"),
        (b"null", "not a JSON object"),
        (b"\"variant_ids\"", "not a JSON object"),
    ] {
        let detail = post(&app, body).await.detail(400, "invalid-parameter");
        assert!(detail.contains(told), "{}: {detail}", String::from_utf8_lossy(body));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_of_another_type_is_named() {
    let app = TestApp::spawn().await;
    for (member, named) in [
        (r#""variant_ids":[null]"#, "variant_ids"),
        (r#""variant_ids":true"#, "variant_ids"),
        (r#""variant_ids":{"id":1}"#, "variant_ids"),
        (r#""variant_ids":[[1]]"#, "variant_ids"),
        (r#""variant_ids":[]"#, "variant_ids"),
        (r#""variant_ids":[""]"#, "variant_ids"),
        (r#""variant_ids":[-1]"#, "variant_ids"),
        (r#""variant_ids":[1.5]"#, "variant_ids"),
        (r#""variant_ids":[0.0]"#, "variant_ids"),
        (r#""variant_ids":["616.0"]"#, "variant_ids"),
        (r#""variant_ids":[1e300]"#, "variant_ids"),
        (r#""variant_ids":[18446744073709551616]"#, "variant_ids"),
        (r#""variant_ids":[1],"limit":[1]"#, "limit"),
        (r#""variant_ids":[1],"limit":1.5"#, "limit"),
        (r#""variant_ids":[1],"limit":{}"#, "limit"),
        (r#""variant_ids":[1],"partial":"perhaps""#, "partial"),
    ] {
        let body = format!(r#"{{"location_ids":[963414],{member}}}"#);
        let detail = post(&app, body).await.detail(400, "invalid-parameter");
        assert!(detail.starts_with(named), "{member}: {detail}");
    }
    let twice = app.ask(Method::POST, &format!("{PATH}?variant_ids=1")).key(TK_ALL).body(BODY).await;
    assert!(twice.detail(400, "invalid-parameter").contains("both in the query string and in the body"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_too_long_is_refused_whether_it_says_so_or_not() {
    let app = TestApp::builder().settings(|settings| settings.limits.max_body = 2_000).spawn().await;
    let long = format!(r#"{{"variant_ids":"{}"}}"#, "1,".repeat(100_000));
    let detail = post(&app, long.clone()).await.detail(413, "body-too-large");
    assert!(detail.contains("2000 bytes"), "{detail}");
    // One that does not say so: in chunks.
    let (head, chunk) = (
        format!("POST {PATH} HTTP/1.1\r\nhost: a\r\nconnection: close\r\nx-api-key: {TK_ALL}\r\n"),
        format!("bb8\r\n{}\r\n0\r\n\r\n", &long[..3_000]),
    );
    let answer = app.raw(format!("{head}transfer-encoding: chunked\r\n\r\n{chunk}").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains("urn:tonkho:problem:body-too-large"), "{answer}");
    let fits = format!("{BODY}{}", " ".repeat(2_000 - BODY.len()));
    assert_eq!(post(&app, fits).await.rows().len(), 4);
}
