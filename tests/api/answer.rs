//! An answer, read whole, and what tests ask of it.

use reqwest::Response;
use reqwest::header::HeaderMap;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// The compatible route's body; rows as the very text that was sent.
#[derive(Deserialize)]
struct Rows {
    inventory_locations: Vec<Box<RawValue>>,
}

/// What an answer says is missing.
#[derive(Deserialize)]
struct Lacking {
    #[serde(default)]
    missing: Vec<Value>,
}

impl Answer {
    pub(crate) async fn read(response: Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, body: response.bytes().await.unwrap().to_vec() }
    }

    /// A header's text, if there is one.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    /// The body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        match serde_json::from_slice(&self.body) {
            Ok(json) => json,
            Err(error) => panic!("{error}: {}", self.shown()),
        }
    }

    /// The rows of a 200, as they were sent.
    #[track_caller]
    pub(crate) fn rows(&self) -> Vec<String> {
        assert_eq!(self.status, 200, "{}", self.shown());
        match serde_json::from_slice::<Rows>(&self.body) {
            Ok(rows) => rows.inventory_locations.iter().map(|row| row.get().to_owned()).collect(),
            Err(error) => panic!("{error}: {}", self.shown()),
        }
    }

    /// The ids of the rows of a 200.
    #[track_caller]
    pub(crate) fn row_ids(&self) -> Vec<u64> {
        let id = |row: &String| serde_json::from_str::<Value>(row).unwrap()["id"].as_u64().unwrap();
        self.rows().iter().map(id).collect()
    }

    /// The body of a 200.
    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.shown());
        self.json()
    }

    /// What the answer says is missing: (variant, location, reason).
    #[track_caller]
    pub(crate) fn missing(&self) -> Vec<(u64, u64, String)> {
        assert_eq!(self.status, 200, "{}", self.shown());
        // Rows may hold numbers that no float does.
        let missing = match serde_json::from_slice::<Lacking>(&self.body) {
            Ok(lacking) => lacking.missing,
            Err(error) => panic!("{error}: {}", self.shown()),
        };
        let number = |cell: &Value, name: &str| cell[name].as_u64().unwrap();
        let reason = |cell: &Value| cell["reason"].as_str().unwrap().to_owned();
        missing
            .iter()
            .map(|cell| (number(cell, "variant_id"), number(cell, "loc_id"), reason(cell)))
            .collect()
    }

    /// The body of a problem, which must be one in every respect.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, slug: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.shown());
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{}", self.shown());
        assert_eq!(self.header("cache-control"), Some("no-store"), "{}", self.shown());
        let body = self.json();
        assert_eq!(body["type"], format!("urn:tonkho:problem:{slug}"), "{body}");
        assert_eq!(body["status"], status, "{body}");
        for member in ["title", "detail", "instance", "request_id"] {
            assert!(body[member].as_str().is_some_and(|text| !text.is_empty()), "{member}: {body}");
        }
        assert_eq!(self.header("x-request-id"), body["request_id"].as_str(), "{body}");
        let instance = body["instance"].as_str().unwrap();
        if instance.contains("/com/") || instance.contains("/admin/") {
            assert_eq!((&body["errors"], &body["message"]), (&body["detail"], &body["detail"]), "{body}");
        } else {
            assert_eq!((body.get("errors"), body.get("message")), (None, None), "{body}");
        }
        body
    }

    /// The problem's detail.
    #[track_caller]
    pub(crate) fn detail(&self, status: u16, slug: &str) -> String {
        self.problem(status, slug)["detail"].as_str().unwrap().to_owned()
    }

    /// A number in the detail of `Cache-Status`, such as `calls`.
    #[track_caller]
    pub(crate) fn cache_detail(&self, name: &str) -> u64 {
        let status = self.header("cache-status").unwrap_or_default();
        let numbers = status.split(['"', ' ']);
        let number = numbers.filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name);
        match number {
            Some((_, number)) => number.parse().unwrap(),
            None => panic!("no {name} in {status:?}"),
        }
    }

    /// `Age`, in seconds.
    #[track_caller]
    pub(crate) fn age(&self) -> u64 {
        self.header("age").unwrap().parse().unwrap()
    }

    /// Whether all of it came from the cache, fresh.
    pub(crate) fn is_hit(&self) -> bool {
        self.header("cache-status").is_some_and(|status| status.starts_with("tonkho; hit"))
    }

    /// The answer in a failed test's message.
    pub(crate) fn shown(&self) -> String {
        let body = String::from_utf8_lossy(&self.body);
        let start: String = body.chars().take(2_000).collect();
        format!("{} {:?}\n{start}", self.status, self.headers)
    }
}
