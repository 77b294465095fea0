//! The caller's place in a trace: `traceparent` and `tracestate`, as W3C Trace Context has them.
//!
//! Read, never written: answers carry `X-Request-Id`, and calls to Haravan carry no trace of the caller, because
//! Haravan is somebody else's.

use std::fmt;

/// The header that says where the caller is in its trace.
pub const TRACEPARENT: &str = "traceparent";
/// The header in which tracing systems along the way write to each other.
pub const TRACESTATE: &str = "tracestate";

/// The length of a `traceparent` of the version known here, 00: `00-`, 32 digits, `-`, 16 digits, `-`, 2 digits.
const LENGTH: usize = 55;
/// The longest `tracestate` that is carried on, in bytes. Source: the standard asks for 512 at least.
const MAX_STATE: usize = 512;
/// The flag of a trace that is being recorded.
const SAMPLED: u8 = 0x01;

/// The id of a trace; shown as 32 hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceId(pub u128);

/// The caller's place in a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceContext {
    /// The trace.
    pub trace_id: TraceId,
    /// The caller's span in it.
    pub parent_id: u64,
    /// Its flags, as sent.
    pub flags: u8,
    /// The `tracestate`, if there is one of a sane length. Not looked into.
    pub state: Option<String>,
}

impl TraceContext {
    /// Reads the values of a request's [`TRACEPARENT`] and [`TRACESTATE`] headers, in their order.
    /// `None` if there is no `traceparent`, more than one, or a malformed one.
    #[must_use]
    pub fn from_headers<'a>(
        mut parents: impl Iterator<Item = &'a [u8]>,
        states: impl Iterator<Item = &'a [u8]>,
    ) -> Option<Self> {
        let (only, None) = (parents.next()?, parents.next()) else { return None };
        let context = Self::parse(text(only)?)?;
        Some(Self { state: state(states), ..context })
    }

    /// Whether the caller records the trace, and so asks everybody on the way to.
    #[must_use]
    pub fn is_sampled(&self) -> bool {
        self.flags & SAMPLED != 0
    }

    /// Versions to come may add to what is known, at the end.
    fn parse(traceparent: &str) -> Option<Self> {
        let (known, more) = traceparent.split_at_checked(LENGTH)?;
        let [version, trace_id, parent_id, flags] = split(known)?;
        let version = u8::try_from(hex(version, 2)?).ok()?;
        let is_whole = match version {
            0 => more.is_empty(),
            u8::MAX => false,
            _ => more.is_empty() || more.starts_with('-'),
        };
        let context = Self {
            trace_id: TraceId(hex(trace_id, 32)?),
            parent_id: u64::try_from(hex(parent_id, 16)?).ok()?,
            flags: u8::try_from(hex(flags, 2)?).ok()?,
            state: None,
        };
        (is_whole && context.trace_id.0 != 0 && context.parent_id != 0).then_some(context)
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:032x}", self.0)
    }
}

/// The four parts of a `traceparent`.
fn split(known: &str) -> Option<[&str; 4]> {
    let mut parts = known.split('-');
    let four = [parts.next()?, parts.next()?, parts.next()?, parts.next()?];
    parts.next().is_none().then_some(four)
}

/// A number of this many hex digits, lower case as the standard has them.
fn hex(digits: &str, length: usize) -> Option<u128> {
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    if plain && digits.len() == length { u128::from_str_radix(digits, 16).ok() } else { None }
}

/// A header's value, if it is ASCII without control characters.
fn text(value: &[u8]) -> Option<&str> {
    let is_plain = value.iter().all(|byte| matches!(byte, b'\t' | b' '..=b'~'));
    if is_plain { std::str::from_utf8(value).ok() } else { None }
}

/// All of `tracestate`: it may come in several headers, which make one list.
fn state<'a>(states: impl Iterator<Item = &'a [u8]>) -> Option<String> {
    let mut state = String::new();
    for part in states {
        let part = text(part)?;
        if MAX_STATE < state.len() + 1 + part.len() {
            return None;
        }
        if !state.is_empty() {
            state.push(',');
        }
        state.push_str(part);
    }
    (!state.is_empty()).then_some(state)
}

#[cfg(test)]
mod tests {
    use super::{TraceContext, TraceId};

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const PARENT: &str = "00f067aa0ba902b7";

    fn read(parents: &[&str], states: &[&str]) -> Option<TraceContext> {
        let bytes = |texts: &[&str]| texts.iter().map(|text| text.as_bytes().to_vec()).collect::<Vec<_>>();
        let (parents, states) = (bytes(parents), bytes(states));
        TraceContext::from_headers(parents.iter().map(Vec::as_slice), states.iter().map(Vec::as_slice))
    }

    #[track_caller]
    fn check_ignored(traceparent: &str) {
        assert_eq!(read(&[traceparent], &[]), None, "{traceparent}");
    }

    #[test]
    fn the_example_of_the_standard_is_read_and_shown_as_it_came() {
        let context = read(&[&format!("00-{TRACE}-{PARENT}-01")], &[]).unwrap();
        assert_eq!(context.trace_id.to_string(), TRACE);
        assert_eq!(format!("{:016x}", context.parent_id), PARENT);
        assert!(context.is_sampled());
        assert_eq!(TraceId(1).to_string(), format!("{:032}", 1));
    }

    #[test]
    fn only_the_lowest_flag_says_that_a_trace_is_recorded() {
        for (flags, sampled) in [("00", false), ("01", true), ("02", false), ("03", true), ("ff", true)] {
            let context = read(&[&format!("00-{TRACE}-{PARENT}-{flags}")], &[]);
            assert_eq!(context.unwrap().is_sampled(), sampled, "{flags}");
        }
    }

    #[test]
    fn what_is_malformed_is_ignored() {
        let none = "0".repeat(32);
        for wrong in [
            String::new(),
            format!("00-{TRACE}-{PARENT}"),
            format!("00-{TRACE}-{PARENT}-1"),
            format!("00-{TRACE}-{PARENT}-01-"),
            format!("00-{TRACE}-{PARENT}-01 "),
            format!("00-{TRACE}-{PARENT}-01-more"),
            format!("00-{TRACE}-{PARENT}-zz"),
            format!("ff-{TRACE}-{PARENT}-01"),
            format!("00-{}-{PARENT}-01", TRACE.to_uppercase()),
            format!("00-{none}-{PARENT}-01"),
            format!("00-{TRACE}-{}-01", &none[..16]),
            format!("00-{}-{PARENT}0-01", &TRACE[..31]),
            format!("00-{TRACE}_{PARENT}-01"),
            format!("00-+{}-{PARENT}-01", &TRACE[..31]),
        ] {
            check_ignored(&wrong);
        }
        let good = format!("00-{TRACE}-{PARENT}-01");
        assert_eq!(read(&[&good, &good], &[]), None, "sent twice");
        assert_eq!(TraceContext::from_headers([&[0xE9; 55][..]].into_iter(), [].into_iter()), None);
    }

    #[test]
    fn a_version_to_come_is_read_as_far_as_it_is_known() {
        let longer = format!("01-{TRACE}-{PARENT}-01-more");
        assert!(read(&[&longer], &[]).is_some());
        check_ignored(&format!("01-{TRACE}-{PARENT}-01more"));
    }

    #[test]
    fn the_state_comes_along_as_one_list_unless_it_is_too_long() {
        let parent = format!("00-{TRACE}-{PARENT}-01");
        let state = |states: &[&str]| read(&[&parent], states).unwrap().state;
        assert_eq!(state(&[]), None);
        assert_eq!(state(&["a=1", "b=2"]).as_deref(), Some("a=1,b=2"));
        assert_eq!(state(&[&"a".repeat(600)]), None);
    }
}
