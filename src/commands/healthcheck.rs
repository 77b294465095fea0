//! `healthcheck`: one question to a running gateway, for images that have no other HTTP client.
//!
//! A plain socket is enough for it: no TLS, no redirects, and nothing of the answer but its first line.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use tonkho::settings::Settings;
use tonkho::settings::environment::Environment;

use super::{Failure, reachable, say};

/// How long each step may take. A gateway that takes longer is not well.
const PATIENCE: Duration = Duration::from_secs(3);
/// How much of an answer is read: its first line is all that matters.
const HEAD_BYTES: u64 = 1024;

/// Why a gateway does not count as ready.
#[derive(Debug, thiserror::Error)]
enum Unwell {
    #[error("expected a URL such as http://127.0.0.1:8080/health/ready")]
    Url,
    #[error("no answer: {0}")]
    Silent(#[from] io::Error),
    #[error("what answers there does not speak HTTP")]
    NotHttp,
    #[error("answered {0}")]
    Status(u16),
}

/// Where to ask, and what.
#[derive(Debug, PartialEq, Eq)]
struct Target<'a> {
    /// As the header `Host` has it.
    authority: &'a str,
    /// Host and port.
    address: String,
    path: String,
}

pub(crate) fn run(url: Option<&str>) -> Result<(), Failure> {
    let url = url.map_or_else(|| readiness_of_the_environment(&Environment::of_the_process()), str::to_owned);
    match ask(&url) {
        Ok(()) => say("ready\n"),
        Err(unwell) => Err(Failure::failed(format!("{url}: {unwell}"))),
    }
}

/// The readiness of the gateway that these variables, and `tonkho.toml`, are for.
fn readiness_of_the_environment(environment: &Environment) -> String {
    format!("http://{}/health/ready", reachable(Settings::listen_address(environment)))
}

fn ask(url: &str) -> Result<(), Unwell> {
    let target = Target::parse(url).ok_or(Unwell::Url)?;
    let mut stream = connect(&target.address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let Target { authority, path, .. } = target;
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: tonkho-healthcheck\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes())?;
    let mut head = Vec::new();
    stream.take(HEAD_BYTES).read_to_end(&mut head)?;
    match status(&head).ok_or(Unwell::NotHttp)? {
        200 => Ok(()),
        other => Err(Unwell::Status(other)),
    }
}

/// The first address of the host that takes a connection.
fn connect(address: &str) -> io::Result<TcpStream> {
    let mut refused = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in address.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(stream) => return Ok(stream),
            Err(error) => refused = error,
        }
    }
    Err(refused)
}

/// The status in the first line of an answer.
fn status(head: &[u8]) -> Option<u16> {
    let line = head.split(|byte| *byte == b'\r').next()?;
    let (version, rest) = std::str::from_utf8(line).ok()?.split_once(' ')?;
    version.starts_with("HTTP/").then_some(rest)?.get(..3)?.parse().ok()
}

impl<'a> Target<'a> {
    fn parse(url: &'a str) -> Option<Self> {
        let rest = url.strip_prefix("http://")?;
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
        if authority.is_empty() || authority.contains('@') || !plain(rest) {
            return None;
        }
        let after_host = authority.rsplit_once(']').map_or(authority, |(_, port)| port);
        let address = if after_host.contains(':') { authority.to_owned() } else { format!("{authority}:80") };
        Some(Self { authority, address, path: format!("/{path}") })
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread;

    use super::{Target, ask, readiness_of_the_environment, status};

    /// The URL of a server that answers one request with `answer`.
    fn answering(answer: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/health/ready", listener.local_addr().unwrap());
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 512];
            let _ = stream.read(&mut request).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
        });
        url
    }

    #[track_caller]
    fn check_target(url: &str, expect: Option<(&str, &str)>) {
        let found = Target::parse(url);
        let found = found.as_ref().map(|target| (target.address.as_str(), target.path.as_str()));
        assert_eq!(found, expect, "{url}");
    }

    #[test]
    fn a_url_has_a_host_and_maybe_a_port_and_a_path() {
        check_target("http://127.0.0.1:8080/health/ready", Some(("127.0.0.1:8080", "/health/ready")));
        check_target("http://tonkho", Some(("tonkho:80", "/")));
        check_target("http://[::1]/x?y=1", Some(("[::1]:80", "/x?y=1")));
        check_target("http://[::1]:1/", Some(("[::1]:1", "/")));
        for none in ["", "https://tonkho/", "http://", "http:///x", "http://u:p@h/", "http://h/a b", "h:1"] {
            check_target(none, None);
        }
    }

    #[test]
    fn the_gateway_of_the_environment_is_asked_where_it_can_be_reached() {
        let url = |listen: &str| {
            readiness_of_the_environment(&[("TONKHO__SERVER__LISTEN", listen)].into_iter().collect())
        };
        assert_eq!(url("0.0.0.0:9000"), "http://127.0.0.1:9000/health/ready");
        assert_eq!(url("[::]:80"), "http://[::1]:80/health/ready");
        assert_eq!(url("192.0.2.1:80"), "http://192.0.2.1:80/health/ready");
    }

    #[test]
    fn only_200_is_ready() {
        assert!(ask(&answering("HTTP/1.1 200 OK\r\n\r\n{}")).is_ok());
        let unwell = ask(&answering("HTTP/1.1 503 Service Unavailable\r\n\r\n")).unwrap_err();
        assert_eq!(unwell.to_string(), "answered 503");
        let unwell = ask(&answering("220 mail ready\r\n")).unwrap_err();
        assert_eq!(unwell.to_string(), "what answers there does not speak HTTP");
    }

    #[test]
    fn nobody_there_is_not_ready() {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        assert!(ask(&format!("http://{free}/")).unwrap_err().to_string().starts_with("no answer: "));
    }

    #[test]
    fn a_status_is_three_digits_after_a_version() {
        assert_eq!(status(b"HTTP/1.1 200\r\n"), Some(200));
        for none in [&b""[..], b"HTTP/1.1 20\r\n", b"HTTP/1.1\r\n", b"\xff\xff 200\r\n"] {
            assert_eq!(status(none), None);
        }
    }
}
