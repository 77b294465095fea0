//! Between a connection and actix: makes problems of the answers that actix gives to heads it cannot read.
//!
//! A request whose head cannot be parsed, or whose URL is longer than actix takes, never gets to a handler or a
//! middleware: actix writes a status line without a body and closes. A caller that put ten thousand ids into a URL
//! would learn nothing from it. So a connection is read and written through a [`HeadGuard`], which follows the
//! length of request lines on the way in and, on the way out, puts a problem in the place of such an answer.
//! Everything else passes as it is. A body is read only as far as its [`BodyWindow`] is open.
//!
//! actix has a deadline for the first head of a connection, and none for those that follow, nor for a caller that takes
//! nothing of its answer. Those are here, and armed only while a caller keeps us waiting.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::http::StatusCode;
use memchr::memchr;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::body_window::BodyWindow;
use super::head_error::{HeadError, MAX_URL};
use super::lingering_close::LingeringClose;
use super::stall::Stall;

/// How long a caller may take to send the head of a request.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a caller may take nothing of its answer. Source: nginx, `send_timeout`.
const SEND_TIMEOUT: Duration = Duration::from_secs(60);
/// What no head may hold: it makes one that does not come to its end one that cannot be read, so that it is answered.
const END_OF_PATIENCE: &[u8] = b"\0";

/// What a request line with the longest URL has around it, at least.
const AROUND_URL: usize = b"GET  HTTP/1.1\r\n".len();
/// The last line of an answer that actix makes by itself, `date: Sun, 06 Nov 1994 08:49:37 GMT`.
const DATE_LINE: usize = 35;
/// What may stand before that line.
const CONNECTION_LINES: [&[u8]; 2] = [b"connection: close\r\n", b"connection: keep-alive\r\n"];
/// What such an answer starts with. Source: actix-http, `h1::dispatcher`.
const BARE_STARTS: [(StatusCode, &[u8]); 3] = [
    (StatusCode::BAD_REQUEST, b" 400 Bad Request\r\n"),
    (StatusCode::REQUEST_TIMEOUT, b" 408 Request Timeout\r\n"),
    (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, b" 431 Request Header Fields Too Large\r\n"),
];
const VERSIONS: [&[u8]; 2] = [b"HTTP/1.1", b"HTTP/1.0"];

/// A connection whose unreadable requests are answered with problems.
#[derive(Debug)]
pub struct HeadGuard<T> {
    io: T,
    lines: RequestLines,
    window: BodyWindow,
    /// The wait for the rest of a head.
    head: Stall,
    /// The wait for the caller to take more of an answer.
    sending: Stall,
    /// The last answer of the connection, once it is under way.
    farewell: Option<Box<LingeringClose>>,
}

/// How long the request lines are, as they are read.
///
/// Where a request ends is not known here. A request line is taken to be one that starts with a capital letter, at
/// the start of the connection, after a blank line or after an answer; a body of JSON does not look like that.
#[derive(Debug, Default)]
struct RequestLines {
    line: Line,
    /// Bytes of the line so far.
    length: usize,
    /// Whether a head has begun, and not ended.
    in_head: bool,
    /// Whether one was too long.
    too_long: bool,
    /// Whether a head did not come to its end in time.
    late: bool,
}

/// What the line being read is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Line {
    /// Its first byte will tell.
    #[default]
    Unknown,
    /// A request line.
    Request,
    /// A header, or part of a body.
    Other,
}

/// An answer that actix made by itself, at the end of what it writes.
#[derive(Debug, PartialEq, Eq)]
struct Bare<'a> {
    /// Earlier answers.
    before: &'a [u8],
    status: StatusCode,
    /// The `Date` line, without its end.
    date: &'a [u8],
}

impl<T> HeadGuard<T> {
    /// Guards a connection that was just accepted.
    #[must_use]
    pub fn new(io: T) -> Self {
        let (head, sending) = (Stall::default(), Stall::default());
        let (lines, window) = (RequestLines::default(), BodyWindow::default());
        Self { io, lines, window, head, sending, farewell: None }
    }

    /// How far the bodies that come on it are read.
    #[must_use]
    pub fn window(&self) -> BodyWindow {
        self.window.clone()
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for HeadGuard<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { io, lines, window, head, .. } = self.get_mut();
        ready!(window.poll(context));
        let before = buffer.filled().len();
        match Pin::new(io).poll_read(context, buffer)? {
            Poll::Ready(()) => {
                let bytes = buffer.filled().get(before..).unwrap_or_default();
                window.read(bytes.len());
                lines.read(bytes);
                if !lines.in_head {
                    head.clear();
                }
                Poll::Ready(Ok(()))
            }
            Poll::Pending if lines.in_head && !lines.late => {
                ready!(head.poll(context, HEAD_TIMEOUT));
                lines.late = true;
                buffer.put_slice(END_OF_PATIENCE);
                Poll::Ready(Ok(()))
            }
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for HeadGuard<T> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let Self { io, lines, sending, farewell, .. } = self.get_mut();
        let bare = if farewell.is_none() { Bare::at_end_of(bytes) } else { None };
        let last = match (farewell, bare) {
            (None, None) => {
                let Poll::Ready(written) = Pin::new(io).poll_write(context, bytes)? else {
                    return sending.poll(context, SEND_TIMEOUT).map(|()| Err(io::ErrorKind::TimedOut.into()));
                };
                sending.clear();
                lines.answered();
                return Poll::Ready(Ok(written));
            }
            // What is left is asked to be written again, and is the bare answer alone then.
            (None, Some(bare)) if !bare.before.is_empty() => {
                return Pin::new(io).poll_write(context, bare.before);
            }
            (none @ None, Some(bare)) => {
                let error = lines.error(bare.status);
                none.insert(Box::new(LingeringClose::new(error, bare.date)))
            }
            // Nothing is said after it.
            (Some(last), _) => last,
        };
        ready!(last.poll(context, Pin::new(io)))?;
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_shutdown(context)
    }
}

impl RequestLines {
    fn read(&mut self, mut bytes: &[u8]) {
        while let Some((line, rest)) = memchr(b'\n', bytes).and_then(|end| bytes.split_at_checked(end + 1)) {
            self.extend(line);
            let blank = self.length <= b"\r\n".len();
            self.in_head &= !blank;
            self.start(if blank { Line::Unknown } else { Line::Other });
            bytes = rest;
        }
        self.extend(bytes);
    }

    /// An answer went out: what is read next may be a request, although the body before it ended in no line break.
    fn answered(&mut self) {
        if self.line != Line::Request {
            self.start(Line::Unknown);
        }
    }

    fn error(&self, status: StatusCode) -> HeadError {
        match status {
            _ if self.too_long => HeadError::UrlTooLong,
            _ if self.late => HeadError::Late,
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => HeadError::TooLong,
            StatusCode::REQUEST_TIMEOUT => HeadError::Late,
            _ => HeadError::Malformed,
        }
    }

    fn start(&mut self, line: Line) {
        self.line = line;
        self.length = 0;
    }

    fn extend(&mut self, bytes: &[u8]) {
        if self.line == Line::Unknown
            && let Some(first) = bytes.first()
        {
            self.line = if first.is_ascii_uppercase() { Line::Request } else { Line::Other };
            self.in_head |= self.line == Line::Request;
        }
        self.length = self.length.saturating_add(bytes.len());
        self.too_long |= self.line == Line::Request && MAX_URL + AROUND_URL < self.length;
    }
}

impl<'a> Bare<'a> {
    /// The bare answer at the end of these bytes. Answers of ours are never bare: each has an `X-Request-Id`.
    fn at_end_of(bytes: &'a [u8]) -> Option<Self> {
        let head = bytes.strip_suffix(b"\r\n\r\n")?;
        let (head, date) = head.split_at_checked(head.len().checked_sub(DATE_LINE)?)?;
        if !date.starts_with(b"date: ") {
            return None;
        }
        let connection = CONNECTION_LINES.into_iter().find_map(|line| head.strip_suffix(line));
        let head = connection.unwrap_or(head).strip_suffix(b"content-length: 0\r\n")?;
        let (status, head) = BARE_STARTS
            .into_iter()
            .find_map(|(status, start)| head.strip_suffix(start).map(|head| (status, head)))?;
        let before = VERSIONS.into_iter().find_map(|version| head.strip_suffix(version))?;
        Some(Self { before, status, date })
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::StatusCode;

    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
    use tokio::time::{Instant, sleep, timeout};

    use super::{
        AROUND_URL, Bare, END_OF_PATIENCE, HEAD_TIMEOUT, HeadError, HeadGuard, MAX_URL, RequestLines,
        SEND_TIMEOUT,
    };

    const DATE: &str = "date: Sun, 06 Nov 1994 08:49:37 GMT";

    /// What is said of a request that cannot be read, after these pieces were read.
    #[track_caller]
    fn check(pieces: &[&str], error: HeadError) {
        let mut lines = RequestLines::default();
        for piece in pieces {
            lines.read(piece.as_bytes());
        }
        assert_eq!(lines.error(StatusCode::BAD_REQUEST), error);
    }

    fn get(url: usize) -> String {
        format!("GET {} HTTP/1.1\r\n", "a".repeat(url))
    }

    #[test]
    fn a_request_line_is_too_long_if_its_url_is() {
        check(&[&get(MAX_URL)], HeadError::Malformed);
        check(&[&get(MAX_URL + 1)], HeadError::UrlTooLong);
        check(&["GET ", &"a".repeat(40_000), &"a".repeat(40_000)], HeadError::UrlTooLong);
        check(&["GET / HTTP/1.1\r\nHost: a\r\n\r", "\n", &get(MAX_URL + 1)], HeadError::UrlTooLong);
        assert_eq!(get(1).len(), AROUND_URL + 1);
    }

    #[test]
    fn a_long_header_or_body_is_no_request_line() {
        let long = "a".repeat(70_000);
        check(&["GET / HTTP/1.1\r\n", "Cookie: ", &long], HeadError::Malformed);
        check(&["POST / HTTP/1.1\r\nContent-Length: 70002\r\n\r\n", "{\"", &long], HeadError::Malformed);
    }

    #[test]
    fn the_length_starts_anew_after_a_body_that_was_answered() {
        let mut lines = RequestLines::default();
        lines.read(b"POST / HTTP/1.1\r\nContent-Length: 60000\r\n\r\n");
        lines.read(&[b'{'; 60_000]);
        lines.answered();
        lines.read(get(10_000).as_bytes());
        assert_eq!(lines.error(StatusCode::BAD_REQUEST), HeadError::Malformed);
        lines.read(b"Host: a\r\n\r\nGET ");
        lines.read(&[b'a'; 60_000]);
        // The answer to the request before: the line being read goes on.
        lines.answered();
        lines.read(&[b'a'; 10_000]);
        assert_eq!(lines.error(StatusCode::BAD_REQUEST), HeadError::UrlTooLong);
    }

    /// Reads what the guard hands on, to the end of what has come.
    async fn read(guard: &mut HeadGuard<DuplexStream>) -> Vec<u8> {
        let mut read = vec![0; 100];
        let length = guard.read(&mut read).await.unwrap();
        read.truncate(length);
        read
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_does_not_come_to_its_end_becomes_one_that_cannot_be_read() {
        let (mut caller, connection) = duplex(100);
        let mut guard = HeadGuard::new(connection);
        caller.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /again HTTP/1.1\r\nHo").await.unwrap();
        assert!(read(&mut guard).await.ends_with(b"Ho"));
        let began = Instant::now();
        assert_eq!(read(&mut guard).await, END_OF_PATIENCE);
        assert_eq!(began.elapsed(), HEAD_TIMEOUT);
        assert_eq!(guard.lines.error(StatusCode::BAD_REQUEST), HeadError::Late);
    }

    #[tokio::test(start_paused = true)]
    async fn between_two_requests_a_caller_may_take_its_time() {
        let (mut caller, connection) = duplex(100);
        let mut guard = HeadGuard::new(connection);
        let begun = b"GET / HTTP/1.1\r\nHo";
        caller.write_all(begun).await.unwrap();
        assert_eq!(read(&mut guard).await, begun);
        sleep(HEAD_TIMEOUT / 2).await;
        caller.write_all(b"st: a\r\n\r\n").await.unwrap();
        assert_eq!(read(&mut guard).await, b"st: a\r\n\r\n");
        assert!(timeout(HEAD_TIMEOUT * 10, read(&mut guard)).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_that_takes_nothing_of_its_answer_is_given_up() {
        let (mut caller, connection) = duplex(10);
        let mut guard = HeadGuard::new(connection);
        guard.write_all(b"0123456789").await.unwrap();
        let began = Instant::now();
        let (sent, ()) = tokio::join!(guard.write_all(b"0123456789012"), async {
            // Each byte that is taken is headway.
            for _ in 0..3 {
                sleep(SEND_TIMEOUT / 2).await;
                caller.read_u8().await.unwrap();
            }
        });
        assert_eq!(sent.unwrap_err().kind(), std::io::ErrorKind::TimedOut);
        assert_eq!(began.elapsed(), SEND_TIMEOUT / 2 * 3 + SEND_TIMEOUT);
    }

    #[test]
    fn only_the_bare_answer_of_actix_is_one() {
        let bare = |before: &str, start: &str, more: &str| {
            let text = format!("{before}HTTP/1.1 {start}\r\ncontent-length: 0\r\n{more}{DATE}\r\n\r\n");
            let found = Bare::at_end_of(text.as_bytes());
            found.map(|bare| {
                assert_eq!((bare.before, bare.date), (before.as_bytes(), DATE.as_bytes()));
                bare.status.as_u16()
            })
        };
        assert_eq!(bare("", "400 Bad Request", ""), Some(400));
        assert_eq!(bare("", "400 Bad Request", "connection: close\r\n"), Some(400));
        assert_eq!(bare("", "408 Request Timeout", "connection: keep-alive\r\n"), Some(408));
        assert_eq!(bare("an answer before", "431 Request Header Fields Too Large", ""), Some(431));
        assert_eq!(bare("", "400 Bad Request", "x-request-id: 7\r\n"), None);
        assert_eq!(bare("", "404 Not Found", ""), None);
        assert_eq!(Bare::at_end_of(b"\r\n\r\n"), None);
    }
}
