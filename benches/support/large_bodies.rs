//! A Haravan whose answers, and whose requests, are large.
#![expect(clippy::unwrap_used, reason = "a benchmark may stop at the first surprise")]

use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::web::{self, Bytes, Payload};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use futures_util::StreamExt;
use reqwest::Client;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::one_gateway::KEY;

/// The bytes of a large body.
pub(crate) const BODY: usize = 50 << 20;
const PART: usize = 1 << 16;
/// How long a reader stops after the head: long enough for all that fits to be read ahead.
const PAUSE: Duration = Duration::from_millis(500);

/// A running server; it ends with the process.
pub(crate) struct LargeBodies {
    pub(crate) url: String,
    _server: ServerHandle,
}

impl LargeBodies {
    pub(crate) fn start() -> Self {
        let server = HttpServer::new(|| App::new().default_service(web::to(answer)));
        let server = server.workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", server.addrs().first().unwrap());
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { url, _server: handle }
    }
}

/// Takes any body, slowly at first, and answers with a large one where the path says so.
async fn answer(request: HttpRequest, mut body: Payload) -> HttpResponse {
    let mut taken = 0;
    while let Some(part) = body.next().await {
        if taken == 0 && PART < part.as_ref().unwrap().len() {
            tokio::time::sleep(PAUSE).await;
        }
        taken += part.unwrap().len();
    }
    let length = if request.path().ends_with("large.json") { BODY } else { PART };
    HttpResponse::Ok().content_type("application/json").streaming(parts(length))
}

/// This many bytes, in parts.
fn parts(length: usize) -> impl futures_util::Stream<Item = Result<Bytes, std::io::Error>> + Send + 'static {
    let part = Bytes::from(vec![b' '; PART]);
    let count = length / PART;
    let last = part.slice(..length % PART);
    futures_util::stream::iter((0..count).map(move |_| Ok(part.clone())).chain([Ok(last)]))
}

/// Reads an answer after a pause; its length.
pub(crate) async fn read(client: &Client, url: &str) -> usize {
    let mut answer = client.get(url).bearer_auth(KEY).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    tokio::time::sleep(PAUSE).await;
    let mut length = 0;
    while let Some(part) = answer.chunk().await.unwrap() {
        length += part.len();
    }
    length
}

/// Sends a body of this length, in parts, to a path of the server at this address.
pub(crate) async fn write(base: &str, path: &str, length: usize) {
    let (host, shop) = base.trim_start_matches("http://").split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).await.unwrap();
    let head = format!(
        "POST /{shop}{path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {KEY}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let part = vec![b' '; PART];
    for start in (0..length).step_by(PART) {
        stream.write_all(part.get(..PART.min(length - start)).unwrap()).await.unwrap();
    }
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
}
