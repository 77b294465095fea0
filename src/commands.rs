//! The commands, and what they share: how they speak, and how they fail.

pub(crate) mod check_config;
pub(crate) mod demo;
pub(crate) mod healthcheck;
pub(crate) mod keygen;
pub(crate) mod openapi;
pub(crate) mod sandbox;
pub(crate) mod serve;
mod signals;

use std::fmt::Display;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;

/// What a command ends with when it was asked for something that cannot be, as `sysexits.h` has it.
const EX_USAGE: u8 = 64;

/// Why a command did not do what it was asked to.
#[derive(Debug)]
pub(crate) struct Failure {
    /// For people, on standard error.
    message: String,
    code: u8,
}

impl Failure {
    /// The command could not be carried out.
    pub(crate) fn failed(cause: impl Display) -> Self {
        Self { message: cause.to_string(), code: 1 }
    }

    /// The command makes no sense with what it was given.
    pub(crate) fn usage(cause: impl Display) -> Self {
        Self { message: cause.to_string(), code: EX_USAGE }
    }

    /// Says it, each line after the program's name, and turns into what the process ends with.
    pub(crate) fn report(self) -> ExitCode {
        let mut out = io::stderr().lock();
        for line in self.message.lines() {
            // No reader is left.
            let _unheard = writeln!(out, "tonkho: {line}");
        }
        ExitCode::from(self.code)
    }
}

/// Writes `text` to standard output.
fn say(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let said = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    match said {
        // The reader has read enough: `tonkho openapi | head`.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(|error| Failure::failed(format!("cannot write: {error}"))),
    }
}

/// `3 shops`, `1 shop`.
fn counted(number: usize, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

/// The address to call from this machine.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        named => named,
    };
    SocketAddr::new(ip, listen.port())
}

#[cfg(test)]
mod tests {
    use super::reachable;

    #[test]
    fn an_address_that_means_all_is_called_on_loopback() {
        assert_eq!(reachable("[::]:1".parse().unwrap()).to_string(), "[::1]:1");
        assert_eq!(reachable("192.0.2.1:1".parse().unwrap()).to_string(), "192.0.2.1:1");
    }
}
