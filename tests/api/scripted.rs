//! A Haravan that answers with the very bytes that a test gives it, and keeps what it was sent.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::timeout;
use tonkho::settings::base_url::BaseUrl;

use crate::gateway::Builder;

/// What is done with a request that came whole.
#[derive(Clone)]
pub(crate) enum Script {
    /// These bytes are sent; the connection stays open.
    Answer(Vec<u8>),
    /// These bytes are sent, and the connection is closed.
    AnswerAndClose(Vec<u8>),
    /// These bytes are sent, and then these others again and again, until nobody takes them.
    Endless(Vec<u8>, Vec<u8>),
    /// Nothing is ever sent.
    Silence,
}

/// The local Haravan.
pub(crate) struct Scripted {
    url: BaseUrl,
    requests: Arc<Mutex<Vec<String>>>,
    count: watch::Receiver<usize>,
}

impl Script {
    /// An answer of this status with this body.
    pub(crate) fn json(status: &str, body: &str) -> Self {
        let length = body.len();
        Self::Answer(
            format!(
                "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
            )
            .into_bytes(),
        )
    }
}

impl Scripted {
    /// Listens, and plays a script for each request.
    pub(crate) async fn start(script: impl Fn(&str) -> Script + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = BaseUrl::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (counted, count) = watch::channel(0);
        let (script, seen, counted) = (Arc::new(script), Arc::clone(&requests), Arc::new(counted));
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let (script, seen, counted) = (Arc::clone(&script), Arc::clone(&seen), Arc::clone(&counted));
                tokio::spawn(async move {
                    let mut connection = connection;
                    while let Some(request) = read_request(&mut connection).await {
                        let script = script(&request);
                        seen.lock().push(request);
                        counted.send_modify(|count| *count += 1);
                        if !play(&mut connection, script).await {
                            break;
                        }
                    }
                });
            }
        });
        Self { url, requests, count }
    }

    /// Makes a gateway ask this Haravan.
    pub(crate) fn before(&self, builder: Builder) -> Builder {
        let url = self.url.clone();
        builder.settings(|settings| settings.haravan.base_url = url)
    }

    /// The requests that came whole, as they came.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().clone()
    }

    /// Waits until this number of requests has come.
    pub(crate) async fn wait_for(&self, requests: usize) {
        let mut count = self.count.clone();
        timeout(Duration::from_secs(20), count.wait_for(|count| requests <= *count)).await.unwrap().unwrap();
    }
}

/// Reads one request with its body, as it comes; `None` if it does not come whole.
async fn read_request(connection: &mut TcpStream) -> Option<String> {
    let mut request = Vec::new();
    let mut part = vec![0; 64 << 10];
    loop {
        if let Some(end) = request.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&request[..end]).to_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let is_whole = match length {
                Some(length) => length.trim().parse::<usize>().unwrap() <= request.len() - end - 4,
                None if head.contains("transfer-encoding: chunked") => request.ends_with(b"0\r\n\r\n"),
                None => true,
            };
            if is_whole {
                return Some(String::from_utf8_lossy(&request).into_owned());
            }
        }
        match connection.read(&mut part).await {
            Ok(length) if 0 < length => request.extend_from_slice(&part[..length]),
            _ => return None,
        }
    }
}

/// Returns whether the connection stays open.
async fn play(connection: &mut TcpStream, script: Script) -> bool {
    match script {
        Script::Answer(bytes) => connection.write_all(&bytes).await.is_ok(),
        Script::AnswerAndClose(bytes) => {
            let _ = connection.write_all(&bytes).await;
            false
        }
        Script::Endless(head, part) => {
            let mut sent = connection.write_all(&head).await;
            while sent.is_ok() {
                sent = connection.write_all(&part).await;
            }
            false
        }
        Script::Silence => {
            // Until the other end gives up.
            let _ = connection.read(&mut [0; 1]).await;
            false
        }
    }
}
