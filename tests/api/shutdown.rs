//! How the gateway stops: what it waits for, what it does not, and what it says of the rest.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonkho::sandbox::handle::ShopHandle;

use crate::gateway::{GENERATED, TK_ALL};
use crate::process::{Bounds, Process};

/// A log that can be read line by line, and a bucket that is in nobody's way.
const MORE: &str = "telemetry = { log_format = \"json\" }\n\
                    rate = { bucket = 10000, leak_per_second = 10000.0, headroom = 0 }\n";

/// Little time to stop.
const SHORT: Bounds = Bounds { grace: Duration::from_secs(1), descriptors: None };

/// What is said of requests that did not finish in time.
const CUT_OFF: &str = "out of time: requests were cut off";

/// A question for all the rows of a shop: some ten million bytes, more than the kernel keeps for who does not read.
fn whole_shop(shop: &ShopHandle) -> String {
    let body = json!({"variant_ids": shop.variant_ids(), "location_ids": shop.location_ids()}).to_string();
    format!(
        "POST /shops/{GENERATED}/com/inventory_locations.json HTTP/1.1\r\nhost: a\r\n\
         authorization: Bearer {TK_ALL}\r\nprefer: wait=60\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_still_being_sent_is_counted_among_what_was_cut_off() {
    let mut gateway = Process::start_within(SHORT, MORE, &[]).await;
    let question = whole_shop(&gateway.sandbox().shop(GENERATED).unwrap());
    let mut caller = TcpStream::connect(gateway.addr()).await.unwrap();
    caller.write_all(question.as_bytes()).await.unwrap();
    // The answer has begun; nobody reads the rest of it.
    assert_eq!(caller.read_u8().await.unwrap(), b'H');
    assert!(gateway.stop().await.success());
    assert_eq!(gateway.line(CUT_OFF).await["requests"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_without_a_request_is_not_among_what_was_cut_off() {
    let mut gateway = Process::start_within(SHORT, MORE, &[]).await;
    // The client keeps the connection open.
    assert_eq!(gateway.get("/health/live", &[]).await.status, 200);
    let _silent = TcpStream::connect(gateway.addr()).await.unwrap();
    assert!(gateway.stop().await.success());
    assert!(gateway.lines().iter().all(|line| line["message"] != CUT_OFF), "{:#?}", gateway.lines());
}
