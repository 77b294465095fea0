//! The `curl` lines of the documents: each is answered, when pasted beside a demo, with a 200.

use std::fs;
use std::path::Path;

use reqwest::Method;

use crate::gateway::{TK_ALL, TestApp};

/// Documents that have such lines; `tests/repo` holds the Vietnamese page to the lines of the English one.
const DOCUMENTS: [&str; 3] = ["README.md", "docs/views.md", "docs/observability.md"];

/// Where the demo listens, and the key it admits.
const DEMO: &str = "http://127.0.0.1:8080";
const TK_DEMO: &str = "tk_demo";

/// A request as `curl` is asked to send it.
#[derive(Debug)]
struct Pasted {
    path: String,
    headers: Vec<(String, String)>,
    body: Option<String>,
}

impl Pasted {
    /// Reads a line whose arguments stand in single quotes.
    fn read(line: &str) -> Self {
        let mut pasted = Self { path: String::new(), headers: Vec::new(), body: None };
        let mut parts = line.split('\'');
        while let (Some(option), Some(value)) = (parts.next(), parts.next()) {
            match option.trim().rsplit(' ').next() {
                Some("-H") => {
                    let (name, value) = value.split_once(": ").unwrap();
                    pasted.headers.push((name.to_owned(), value.to_owned()));
                }
                Some("-d") => pasted.body = Some(value.to_owned()),
                _ => pasted.path = value.strip_prefix(DEMO).unwrap().to_owned(),
            }
        }
        pasted
    }
}

fn pasted_lines() -> Vec<Pasted> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let texts = DOCUMENTS.map(|path| fs::read_to_string(root.join(path)).unwrap());
    let lines = texts.iter().flat_map(|text| text.lines().filter(|line| line.starts_with("curl ")));
    lines.map(Pasted::read).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_line_of_the_documents_is_answered_when_pasted() {
    let app = TestApp::spawn().await;
    let lines = pasted_lines();
    assert!(8 <= lines.len(), "{lines:#?}");
    for Pasted { path, headers, body } in lines {
        let method = if body.is_some() { Method::POST } else { Method::GET };
        let mut ask = app.ask(method, &path);
        for (name, value) in headers {
            let name: &'static str = match name.to_ascii_lowercase().as_str() {
                "authorization" => "authorization",
                "accept" => "accept",
                "content-type" => "content-type",
                other => panic!("{path}: no test sends {other}"),
            };
            ask = ask.header(name, &value.replace(TK_DEMO, TK_ALL));
        }
        if let Some(body) = body {
            ask = ask.body(body);
        }
        let answer = ask.await;
        let text = answer.text();
        assert_eq!(answer.status, 200, "{path}: {text}");
        if path.contains("/shops/") && text.starts_with('{') && !path.contains("explain") {
            assert_eq!(answer.json()["missing_total"].as_u64().unwrap_or_default(), 0, "{path}");
        }
    }
}
