//! The kinds of value a key can have: how each is written, what it must be, and how a refusal is put.
//!
//! A refusal quotes what was written only if the key holds no secret and the file, not a variable, wrote it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use rust_decimal::Decimal;
use secrecy::SecretString;

use super::tree::{Node, Scalar};
use crate::domain::id::{IdError, LocationId, OrgId};

/// The longest value that a message quotes, in characters.
const MAX_QUOTED: usize = 60;

/// How a key's value is read.
pub(crate) struct Kind<T> {
    /// For the reference: `duration`, `integer`.
    pub(crate) name: &'static str,
    expected: &'static str,
    secret: bool,
    parse: fn(&Node) -> Result<T, Refusal>,
}

/// Why a value is not of its kind.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// It is not written as one.
    Shape,
    /// It is, and will not do. The reason quotes nothing that may be secret.
    Because(String),
}

impl<T> Kind<T> {
    /// A kind called `name`, described in a mistake as `expected`.
    pub(crate) const fn new(
        name: &'static str,
        expected: &'static str,
        parse: fn(&Node) -> Result<T, Refusal>,
    ) -> Self {
        Self { name, expected, secret: false, parse }
    }

    /// The same, never quoted.
    pub(crate) const fn secret(self) -> Self {
        Self { name: self.name, expected: self.expected, secret: true, parse: self.parse }
    }

    /// The value of `node`, or what is wrong with it.
    pub(crate) fn read(&self, node: &Node) -> Result<T, String> {
        (self.parse)(node).map_err(|refusal| {
            let problem = match refusal {
                Refusal::Shape => format!("expected {}{}", self.expected, self.found(node)),
                Refusal::Because(reason) => reason,
            };
            match node {
                Node::Leaf(leaf) => match &leaf.variable {
                    Some(variable) => format!("{problem} (set by {variable})"),
                    None => problem,
                },
                Node::Table(_) | Node::Array(_) => problem,
            }
        })
    }

    fn found(&self, node: &Node) -> String {
        match node {
            Node::Table(_) => ", found a table".to_owned(),
            Node::Array(_) => ", found an array".to_owned(),
            Node::Leaf(leaf) => match &leaf.value {
                Scalar::Text(_) => String::new(),
                Scalar::Toml(value) if self.secret || leaf.variable.is_some() => {
                    format!(", found a value of type {}", value.type_str())
                }
                Scalar::Toml(value) => {
                    let quoted: String = value.to_string().chars().take(MAX_QUOTED).collect();
                    format!(", found {quoted}")
                }
            },
        }
    }
}

/// An integer.
pub(crate) const fn integer<T>(parse: fn(&Node) -> Result<T, Refusal>) -> Kind<T> {
    Kind::new("integer", "a whole number", parse)
}

/// A number that may have a fraction.
pub(crate) const fn number(parse: fn(&Node) -> Result<f64, Refusal>) -> Kind<f64> {
    Kind::new("number", "a number", parse)
}

/// A span of time.
pub(crate) const fn duration(parse: fn(&Node) -> Result<Duration, Refusal>) -> Kind<Duration> {
    Kind::new("duration", "a duration such as \"15s\", \"500ms\" or \"10m\"", parse)
}

/// A number of bytes.
pub(crate) const fn size(parse: fn(&Node) -> Result<u64, Refusal>) -> Kind<u64> {
    Kind::new("size", "a size such as \"256MiB\", \"4MB\" or a number of bytes", parse)
}

/// Text.
pub(crate) const fn string(parse: fn(&Node) -> Result<String, Refusal>) -> Kind<String> {
    Kind::new("string", "a string", parse)
}

/// Yes or no.
pub(crate) const FLAG: Kind<bool> = Kind::new("boolean", "true or false", |node| {
    node.scalar().and_then(|value| value.as_bool()).ok_or(Refusal::Shape)
});

/// An address and a port to listen on.
pub(crate) const ADDRESS: Kind<SocketAddr> =
    Kind::new("address", "an address and a port such as \"127.0.0.1:8080\"", |node| {
        node.text().and_then(|text| text.parse().ok()).ok_or(Refusal::Shape)
    });

/// A file's path, as it stands.
pub(crate) const FILE: Kind<PathBuf> =
    Kind::new("path", "a path", |node| filled(node).map(PathBuf::from)).secret();

/// A secret, as it stands.
pub(crate) const SECRET: Kind<SecretString> =
    Kind::new("string", "a string", |node| node.text().map(SecretString::from).ok_or(Refusal::Shape))
        .secret();

/// A shop's org id: a positive integer, which may be in quotes.
pub(crate) const ORG_ID: Kind<OrgId> = Kind::new("id", "an id: a positive whole number", id);

/// A list of the ids of locations.
pub(crate) const LOCATION_IDS: Kind<Vec<LocationId>> =
    Kind::new("ids", "a list of ids", |node| list(node, ORG_ID.expected, id));

/// An exact quantity, zero or more.
pub(crate) const QUANTITY: Kind<Decimal> = Kind::new("number", "a number", |node| {
    let exact = match node.scalar() {
        Some(toml::Value::Integer(whole)) => Some(Decimal::from(whole)),
        // The shortest text that means this float is the text that was written.
        Some(toml::Value::Float(fraction)) => fraction.to_string().parse().ok(),
        Some(_) | None => node.text().and_then(|text| text.trim().parse().ok()),
    };
    let exact = exact.ok_or(Refusal::Shape)?;
    if exact.is_sign_negative() && !exact.is_zero() {
        return Err(Refusal::Because("must not be negative".to_owned()));
    }
    Ok(exact)
});

/// An integer from `low` to `high`.
pub(crate) fn whole<T: TryFrom<i64>>(node: &Node, low: i64, high: i64) -> Result<T, Refusal> {
    let value = node.scalar().and_then(|value| value.as_integer()).ok_or(Refusal::Shape)?;
    let within = (low..=high).contains(&value).then_some(value).and_then(|value| T::try_from(value).ok());
    within.ok_or_else(|| Refusal::Because(format!("must be from {low} to {high}")))
}

/// A number above zero and at most `high`.
pub(crate) fn positive(node: &Node, high: f64) -> Result<f64, Refusal> {
    let value = float(node)?;
    let within = value.is_finite() && 0.0 < value && value <= high;
    within.then_some(value).ok_or_else(|| Refusal::Because(format!("must be above 0 and at most {high}")))
}

/// A number from zero to one.
pub(crate) fn share(node: &Node) -> Result<f64, Refusal> {
    let value = float(node)?;
    let within = (0.0..=1.0).contains(&value);
    within.then_some(value).ok_or_else(|| Refusal::Because("must be from 0 to 1".to_owned()))
}

fn float(node: &Node) -> Result<f64, Refusal> {
    match node.scalar() {
        Some(toml::Value::Float(fraction)) => Ok(fraction),
        // A whole number too large for this is too large for any limit.
        Some(toml::Value::Integer(whole)) => Ok(i32::try_from(whole).map_or(f64::INFINITY, f64::from)),
        Some(_) | None => Err(Refusal::Shape),
    }
}

/// A duration from `low` to `high`.
pub(crate) fn lasting(node: &Node, low: Duration, high: Duration) -> Result<Duration, Refusal> {
    let text = node.text().ok_or(Refusal::Shape)?;
    let value = humantime::parse_duration(text.trim()).map_err(|_| Refusal::Shape)?;
    let within = (low..=high).contains(&value);
    let bounds = (humantime::format_duration(low), humantime::format_duration(high));
    within
        .then_some(value)
        .ok_or_else(|| Refusal::Because(format!("must be from {} to {}", bounds.0, bounds.1)))
}

/// A number of bytes from `low` to `high`.
pub(crate) fn bytes(node: &Node, low: u64, high: u64) -> Result<u64, Refusal> {
    let value = match node.scalar() {
        Some(toml::Value::Integer(whole)) => u64::try_from(whole).unwrap_or(0),
        Some(_) | None => node.text().and_then(|text| with_unit(text.trim())).ok_or(Refusal::Shape)?,
    };
    let within = (low..=high).contains(&value);
    within.then_some(value).ok_or_else(|| Refusal::Because(format!("must be from {low} to {high} bytes")))
}

/// Text that is not blank.
pub(crate) fn filled(node: &Node) -> Result<String, Refusal> {
    let text = node.text().ok_or(Refusal::Shape)?;
    if text.trim().is_empty() { Err(Refusal::Because("must not be empty".to_owned())) } else { Ok(text) }
}

/// Each item of a list; every item that is refused is named by its place, counted from 0.
pub(crate) fn list<T>(
    node: &Node,
    expected: &str,
    parse: impl Fn(&Node) -> Result<T, Refusal>,
) -> Result<Vec<T>, Refusal> {
    let mut values = Vec::new();
    let mut problems = Vec::new();
    for (index, item) in node.items().ok_or(Refusal::Shape)?.iter().enumerate() {
        match parse(item) {
            Ok(value) => values.push(value),
            Err(Refusal::Shape) => problems.push(format!("item {index}: expected {expected}")),
            Err(Refusal::Because(reason)) => problems.push(format!("item {index}: {reason}")),
        }
    }
    if problems.is_empty() { Ok(values) } else { Err(Refusal::Because(problems.join("; "))) }
}

/// One of Haravan's ids: a positive integer, which may be in quotes.
pub(crate) fn id<T: FromStr<Err = IdError>>(node: &Node) -> Result<T, Refusal> {
    let digits = match node.scalar() {
        Some(toml::Value::Integer(whole)) => whole.to_string(),
        Some(_) | None => node.text().ok_or(Refusal::Shape)?,
    };
    digits.parse().map_err(|_| Refusal::Shape)
}

/// `256MiB`, `4 MB`, `100`.
fn with_unit(text: &str) -> Option<u64> {
    let unit_at = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at_checked(unit_at)?;
    let factor: u64 = match unit.trim_start().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(factor)
}
